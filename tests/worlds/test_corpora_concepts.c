/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "text_case.h"
#include "worlds/ngram.h"

enum { CONCEPTS = 27 };

static void test_common(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "corpora/concepts", NULL);
  same_bytes_on_any_threads(ctx, world);
  texts_come_back(ctx, world, VT_TRAIN, 200, offsetof(vt_concepts_record, document));
  splits_share_few_texts(ctx, world, 300, 0);
  const vt_corpus *corpus = vt_world_corpus(world);
  assert_true(corpus->word_count > 450 && corpus->word_count < 600);
  int words[CONCEPTS] = {0};
  for (int token = 0; token < corpus->word_count; token++)
    if (vt_concept_of_token(world, token) >= 0) words[vt_concept_of_token(world, token)]++;
  for (int concept = 0; concept < CONCEPTS; concept ++)
    assert_int_equal(words[concept], 12); /* no word belongs to two */
  static const int supers[CONCEPTS] = {0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2,
                                       3, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5};
  for (int concept = 0; concept < CONCEPTS; concept ++)
    assert_int_equal(vt_concept_super(concept), supers[concept]);
  vt_world_close(world);
}

/* A sentence speaks of one sub-concept or of none, and the text of those of its record. */
static void test_concepts_of_words(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "corpora/concepts", NULL);
  const vt_corpus *corpus = vt_world_corpus(world);
  double sentences = 0, neutral = 0, turned = 0, words_total = 0;
  int counts[CONCEPTS] = {0};
  for (int index = 0; index < 2000; index++) {
    vt_concepts_record *record = make_record(ctx, world, VT_TRAIN, index);
    vt_words words;
    assert_ok(ctx, vt_corpus_speak(ctx, corpus, &record->document, &words));
    words_total += words.count;
    int own[VT_CORPUS_SENTENCES] = {0};
    for (int i = 0; i < words.count; i++) {
      int concept = vt_concept_of_token(world, words.tokens[i]);
      int tag = record->document.said[words.sentences[i]].tag;
      if (concept < 0) continue;
      assert_int_equal(concept, tag);
      assert_true(words.slots[i] >= 0); /* no template holds a concept's word */
      own[words.sentences[i]]++;
      counts[concept]++;
    }
    for (int i = 0; i < record->document.count; i++) {
      int tag = record->document.said[i].tag;
      sentences++;
      neutral += tag < 0;
      if (tag >= 0) assert_true(own[i] >= 2 && (tag == record->concepts[0] || tag == record->concepts[1]));
    }
    turned += record->concepts[0] != record->concepts[1];
    free(record);
  }
  assert_near(neutral / sentences, .3, .03);
  assert_near(turned / 2000, .5, .045);
  assert_true(words_total / 2000 > 50);                 /* 60 000 items: more than three million tokens */
  for (int concept = 0; concept < CONCEPTS; concept ++) /* 2.4 words a sentence, 5.4 sentences a text … */
    assert_true(counts[concept] > 350);
  vt_world_close(world);
}

static int read_text(const vt_corpus *corpus, const char *text, uint16_t *tokens)
{
  return vt_corpus_tokens(corpus, text, tokens, VT_CORPUS_TOKENS);
}

static void test_scores(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "corpora/concepts", NULL);
  const vt_corpus *corpus = vt_world_corpus(world);
  uint16_t tokens[VT_CORPUS_TOKENS];
  int count = read_text(corpus, "in winter the bear sleeps with warm cubs.", tokens), found;
  int mammals = vt_concept_of_token(world, vt_corpus_word(corpus, "bear"));
  assert_string_equal(vt_concept_name(mammals), "mammals");
  assert_near(vt_concept_score(world, tokens, count, mammals, &found), 2. / 9, 1e-12);
  assert_int_equal(found, 2);
  assert_near(vt_concept_score(world, tokens, 0, mammals, &found), 0, 0);
  assert_near(vt_corpus_valid_share(corpus, tokens, count), 1, 0);
  count =
      read_text(corpus,
                "in winter the bear sleeps with warm cubs. bear cubs the the. is it red? the dye is blue. "
                "in winter the",
                tokens);
  assert_near(vt_corpus_valid_share(corpus, tokens, count), 2. / 3, 1e-12);
  assert_true(isnan(vt_corpus_valid_share(corpus, tokens, 3)));
  vt_world_close(world);
}

/* Probabilities of a context sum to one; fluent text is near to what the counts promise, shuffled text
 * far. */
static void test_ngram(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "corpora/concepts", NULL);
  const vt_corpus *corpus = vt_world_corpus(world);
  vt_ngram *ngram;
  assert_ok(ctx, vt_ngram_count(ctx, world, VT_VALIDATION, 2000, &ngram));
  int the = vt_corpus_word(corpus, "the");
  const int contexts[][2] = {{-1, VT_TOKEN_BOS}, {VT_TOKEN_BOS, the}, {the, the}};
  for (size_t i = 0; i < VT_COUNT(contexts); i++) {
    double sum = 0;
    for (int token = 0; token < corpus->word_count; token++)
      sum += vt_ngram_probability(ngram, contexts[i][0], contexts[i][1], token);
    assert_near(sum, 1, 1e-9);
  }
  double fluent = 0, shuffled = 0;
  for (int index = 0; index < 50; index++) {
    vt_concepts_record *record = make_record(ctx, world, VT_TEST, index);
    vt_words words;
    assert_ok(ctx, vt_corpus_speak(ctx, corpus, &record->document, &words));
    fluent += log(vt_ngram_perplexity(ngram, words.tokens, words.count, 0)) / 50;
    for (int i = 0; i < words.count / 2; i++) {
      uint16_t kept = words.tokens[i];
      words.tokens[i] = words.tokens[words.count - 1 - i];
      words.tokens[words.count - 1 - i] = kept;
    }
    shuffled += log(vt_ngram_perplexity(ngram, words.tokens, words.count, 0)) / 50;
    free(record);
  }
  print_message("# perplexity: fluent %.1f, backwards %.1f\n", exp(fluent), exp(shuffled));
  assert_true(exp(fluent) < 25 && exp(shuffled) > 10 * exp(fluent));
  assert_true(isnan(vt_ngram_perplexity(ngram, NULL, 0, 0)));
  vt_ngram_free(ngram);
  vt_world_close(world);
  world = open_preset(ctx, "tree", NULL);
  assert_fails(ctx, vt_ngram_count(ctx, world, VT_TRAIN, 10, &ngram), VT_ERROR_UNSUPPORTED, "no tokens");
  vt_world_close(world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_common, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_concepts_of_words, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_scores, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_ngram, new_context, free_context),
  };
  return cmocka_run_group_tests_name("worlds/corpora_concepts", tests, NULL, NULL);
}
