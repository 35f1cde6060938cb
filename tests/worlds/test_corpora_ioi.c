/* SPDX-License-Identifier: Apache-2.0 */
#include "text_case.h"

static void test_common(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "corpora/ioi", NULL);
  same_bytes_on_any_threads(ctx, world);
  texts_come_back(ctx, world, VT_TRAIN, 300, offsetof(vt_ioi_record, document));
  splits_share_few_texts(ctx, world, 300, 0);
  const vt_corpus *corpus = vt_world_corpus(world);
  for (int i = VT_TOKEN_SPECIALS + 1; i < corpus->word_count; i++)
    assert_true(strcmp(corpus->words[i - 1], corpus->words[i]) < 0);
  assert_true(corpus->word_count > 200 && corpus->word_count < 400);
  vt_world_close(world);
}

/* Of the two names the one that is said once receives; the answer is the token after its position. */
static void test_answers(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "corpora/ioi", NULL);
  const vt_corpus *corpus = vt_world_corpus(world);
  vt_dataset *set;
  assert_ok(ctx, vt_world_dataset(ctx, world, VT_TEST, 400, &set));
  int64_t indices[400];
  for (int i = 0; i < 400; i++)
    indices[i] = i;
  vt_batch batch;
  assert_ok(ctx, vt_batch_make(ctx, set, indices, 400, 0, NULL, &batch));
  const int64_t *tokens = vt_batch_get(ctx, &batch, "tokens")->data;
  const int64_t *targets = vt_batch_get(ctx, &batch, "targets")->data;
  const int64_t *lengths = vt_batch_get(ctx, &batch, "length")->data;
  const int64_t *positions = vt_batch_get(ctx, &batch, "answer_position")->data;
  const int64_t *correct = vt_batch_get(ctx, &batch, "correct")->data;
  const int64_t *distractor = vt_batch_get(ctx, &batch, "distractor")->data;
  int length = (int)vt_batch_get(ctx, &batch, "tokens")->dims[1], first = 0;
  for (int i = 0; i < 400; i++, tokens += length, targets += length) {
    int64_t at = positions[i], before_correct = 0, before_distractor = 0;
    assert_string_equal(corpus->words[tokens[at]], "to");
    assert_int_equal(tokens[at + 1], correct[i]);
    assert_int_equal(targets[at], correct[i]);
    bool correct_first = false;
    for (int64_t j = 0; j <= at; j++) {
      if (tokens[j] == correct[i] && before_distractor == 0) correct_first = true;
      before_correct += tokens[j] == correct[i];
      before_distractor += tokens[j] == distractor[i];
    }
    assert_int_equal(before_correct, 1);
    assert_int_equal(before_distractor, 2);
    first += correct_first;
    assert_int_equal(tokens[0], VT_TOKEN_BOS);
    assert_int_equal(tokens[lengths[i] - 1], VT_TOKEN_EOS);
    for (int64_t j = 0; j + 1 < length; j++)
      assert_int_equal(targets[j], j + 1 < lengths[i] ? tokens[j + 1] : -1);
  }
  /* half of the prompts in each order: 400 draws, 4 standard deviations */
  assert_near(first, 200, 40);
  vt_dataset_free(set);
  vt_world_close(world);
}

static void collect_names(const vt_corpus *corpus, const vt_document *document, int *names, int *count)
{
  int list = vt_corpus_list(corpus, "name");
  *count = 0;
  for (int i = 0; i < document->count; i++) {
    const vt_pattern *pattern = &corpus->patterns[document->said[i].pattern];
    for (int slot = 0; slot < pattern->slot_count; slot++)
      if (pattern->lists[slot] == list) names[(*count)++] = document->said[i].values[slot];
  }
}

/* A pair of names that a test prompt has never stands in one training document; kinds have their shares. */
static void test_held_out_pairs(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "corpora/ioi", NULL);
  const vt_corpus *corpus = vt_world_corpus(world);
  int kinds[3] = {0}, names[VT_CORPUS_SENTENCES * VT_CORPUS_SLOTS], count;
  for (int i = 0; i < 3000; i++) {
    vt_ioi_record *record = make_record(ctx, world, VT_TRAIN, i);
    kinds[record->kind]++;
    collect_names(corpus, &record->document, names, &count);
    for (int a = 0; a < count; a++)
      for (int b = 0; b < a; b++)
        assert_false(names[a] != names[b] && vt_ioi_held_out(names[a], names[b]));
    free(record);
    record = make_record(ctx, world, VT_TEST, i);
    assert_int_equal(record->kind, VT_IOI_PROMPT);
    collect_names(corpus, &record->document, names, &count);
    assert_true(vt_ioi_held_out(names[0], names[1]));
    free(record);
  }
  /* .35, and .1 of the rest; 4 standard deviations */
  assert_near(kinds[VT_IOI_NEUTRAL] / 3000., .35, .035);
  assert_near(kinds[VT_IOI_THREE] / 3000., .065, .018);
  int held_out = 0;
  for (int a = 0; a < 60; a++)
    for (int b = 0; b < a; b++)
      held_out += vt_ioi_held_out(a, b);
  assert_near(held_out / 1770., .1, .03);
  vt_world_close(world);
}

static void test_references(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "corpora/ioi", NULL);
  const vt_corpus *corpus = vt_world_corpus(world);
  int list = vt_corpus_list(corpus, "name");
  for (int i = 0; i < 200; i++) {
    vt_ioi_record *record = make_record(ctx, world, VT_VALIDATION, i), reference, again;
    vt_ioi_reference(world, record, 7, &reference);
    vt_ioi_reference(world, record, 7, &again);
    assert_memory_equal(&reference, &again, sizeof again);
    vt_words words, other;
    assert_ok(ctx, vt_corpus_speak(ctx, corpus, &record->document, &words));
    assert_ok(ctx, vt_corpus_speak(ctx, corpus, &reference.document, &other));
    assert_int_equal(words.count, other.count);
    const vt_pattern *pattern = &corpus->patterns[record->document.said[0].pattern];
    for (int at = 0; at < words.count; at++) {
      assert_int_equal(words.slots[at], other.slots[at]);
      assert_int_equal(words.tokens[at] == other.tokens[at], words.slots[at] < 0);
    }
    int names[3], count = 0;
    for (int slot = 0; slot < pattern->slot_count; slot++)
      if (pattern->lists[slot] == list) names[count++] = reference.document.said[0].values[slot];
    assert_int_equal(count, 3);
    assert_true(names[0] != names[1] && names[0] != names[2] && names[1] != names[2]);
    free(record);
  }
  vt_world_close(world);
}

static void test_options(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "corpora/ioi", "template=4");
  vt_ioi_record *record = make_record(ctx, world, VT_TEST, 0);
  assert_int_equal(record->document.said[0].pattern / 2, 4);
  free(record);
  vt_world_close(world);
  world = open_preset(ctx, "corpora/ioi", "order=baba");
  for (int i = 0; i < 20; i++) {
    record = make_record(ctx, world, VT_TEST, i);
    assert_int_equal(record->document.said[0].pattern % 2, 1);
    free(record);
  }
  vt_world_close(world);
}

/* What the grammar does not say is refused, and unknown words are told. */
static void test_parser_refuses(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "corpora/ioi", NULL);
  const vt_corpus *corpus = vt_world_corpus(world);
  vt_document document;
  uint16_t tokens[VT_CORPUS_TOKENS];
  int count = vt_corpus_tokens(corpus, "Ada was tired, so Ada slept all night.", tokens, VT_CORPUS_TOKENS);
  assert_int_equal(count, 10);
  assert_true(vt_corpus_parse(corpus, tokens, count, &document));
  assert_string_equal(vt_corpus_value(corpus, &document.said[0], "A"), "Ada");
  count = vt_corpus_tokens(corpus, "Ada was tired, so Paul slept all night.", tokens, VT_CORPUS_TOKENS);
  assert_false(vt_corpus_parse(corpus, tokens, count, &document)); /* two names under one label */
  count = vt_corpus_tokens(corpus, "Ada was gloomy.", tokens, VT_CORPUS_TOKENS);
  assert_int_equal(tokens[2], VT_TOKEN_UNK);
  assert_false(vt_corpus_parse(corpus, tokens, count, &document));
  vt_world_close(world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_common, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_answers, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_held_out_pairs, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_references, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_options, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_parser_refuses, new_context, free_context),
  };
  return cmocka_run_group_tests_name("worlds/corpora_ioi", tests, NULL, NULL);
}
