/* SPDX-License-Identifier: Apache-2.0 */
#include "text_case.h"
#include "worlds/topic_words.h"

static void test_common(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "corpora/blocks", NULL);
  same_bytes_on_any_threads(ctx, world);
  texts_come_back(ctx, world, VT_TRAIN, 200, offsetof(vt_blocks_record, document));
  splits_share_few_texts(ctx, world, 300, 0);
  vt_world_close(world);
}

static bool is_of(const char *word, const char *const *words, int first, int count)
{
  for (int i = 0; i < count; i++)
    if (strcmp(words[first + i], word) == 0) return true;
  return false;
}

/* Topic of a word by the lists; −1: of none. */
static int topic_of(const char *word)
{
  for (int topic = 0; topic < VT_TOPICS; topic++)
    if (is_of(word, vt_topic_actors, topic * VT_TOPIC_ACTORS, VT_TOPIC_ACTORS) ||
        is_of(word, vt_topic_deeds, topic * VT_TOPIC_DEEDS, VT_TOPIC_DEEDS) ||
        is_of(word, vt_topic_things, topic * VT_TOPIC_THINGS, VT_TOPIC_THINGS) ||
        is_of(word, vt_topic_scenes, topic * VT_TOPIC_SCENES, VT_TOPIC_SCENES) ||
        is_of(word, vt_topic_qualities, topic * VT_TOPIC_QUALITIES, VT_TOPIC_QUALITIES))
      return topic;
  return -1;
}

/* Every topical word lies in the block of its topic; neighbours have different topics. */
static void test_blocks(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "corpora/blocks", NULL);
  const vt_corpus *corpus = vt_world_corpus(world);
  double words_total = 0, blocks_total = 0, copies = 0;
  for (int index = 0; index < 1000; index++) {
    vt_blocks_record *record = make_record(ctx, world, VT_TRAIN, index);
    vt_words words;
    assert_ok(ctx, vt_corpus_speak(ctx, corpus, &record->document, &words));
    assert_true(words.count <= 126); /* the frame holds it */
    int borders[VT_BLOCKS_MOST + 1], count = vt_block_borders(world, record, borders);
    assert_int_equal(count, record->blocks);
    assert_int_equal(borders[0], 1);
    borders[count] = words.count + 1;
    for (int block = 0; block < count; block++) {
      assert_true(borders[block + 1] - borders[block] >= 6);
      if (block > 0) assert_int_not_equal(record->topics[block], record->topics[block - 1]);
      for (int at = borders[block]; at < borders[block + 1]; at++) {
        int topic = topic_of(corpus->words[words.tokens[at - 1]]);
        if (topic >= 0) assert_int_equal(topic, record->topics[block]);
      }
    }
    words_total += words.count;
    blocks_total += count;
    /* a name behind the first block was said in the first one, beside the same office */
    int8_t antecedents[VT_CORPUS_TOKENS];
    vt_block_antecedents(world, record, &words, antecedents);
    for (int i = 0; i < words.count; i++) {
      if (antecedents[i] < 0) continue;
      copies++;
      assert_true(antecedents[i] + 1 < borders[1] && i + 1 >= borders[1]);
      assert_int_equal(words.tokens[i], words.tokens[antecedents[i]]);
      const vt_said *here = &record->document.said[words.sentences[i]];
      const vt_said *there = &record->document.said[words.sentences[antecedents[i]]];
      assert_string_equal(vt_corpus_value(corpus, here, "R"), vt_corpus_value(corpus, there, "R"));
    }
    free(record);
  }
  print_message("# %.1f words, %.2f blocks, %.2f copies a document\n", words_total / 1000,
                blocks_total / 1000, copies / 1000);
  assert_true(words_total / 1000 > 85); /* 36 000 documents: three million words */
  assert_true(copies / 1000 > 1);
  assert_near(blocks_total / 1000, 3.2, .15);
  vt_world_close(world);
}

static void test_fields(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "corpora/blocks", NULL);
  vt_dataset *set;
  assert_ok(ctx, vt_world_dataset(ctx, world, VT_TEST, 100, &set));
  int64_t indices[100];
  for (int i = 0; i < 100; i++)
    indices[i] = i;
  vt_batch batch;
  assert_ok(ctx, vt_batch_make(ctx, set, indices, 100, 0, NULL, &batch));
  const int64_t *tokens = vt_batch_get(ctx, &batch, "tokens")->data;
  const int64_t *blocks = vt_batch_get(ctx, &batch, "block")->data;
  const int64_t *sources = vt_batch_get(ctx, &batch, "antecedent")->data;
  for (int item = 0; item < 100; item++, tokens += 128, blocks += 128, sources += 128) {
    assert_int_equal(blocks[0], 0);
    for (int i = 1; i < 128; i++) {
      if (tokens[i] == VT_TOKEN_PAD)
        assert_int_equal(blocks[i], -1);
      else
        assert_true(blocks[i] == blocks[i - 1] || blocks[i] == blocks[i - 1] + 1);
      if (sources[i] >= 0) assert_true(tokens[sources[i]] == tokens[i] && blocks[sources[i]] < blocks[i]);
    }
  }
  vt_dataset_free(set);
  vt_world_close(world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_common, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_blocks, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_fields, new_context, free_context),
  };
  return cmocka_run_group_tests_name("worlds/corpora_blocks", tests, NULL, NULL);
}
