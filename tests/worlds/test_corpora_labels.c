/* SPDX-License-Identifier: Apache-2.0
 *
 * corpora/grade, /contrast and /topics: labels follow from what is said.
 */
#include "text_case.h"

static const char *const presets[] = {"corpora/grade", "corpora/contrast", "corpora/topics"};

static void test_common(void **state)
{
  vt_ctx *ctx = *state;
  for (size_t i = 0; i < VT_COUNT(presets); i++) {
    vt_world *world = open_preset(ctx, presets[i], NULL);
    same_bytes_on_any_threads(ctx, world);
    texts_come_back(ctx, world, VT_TRAIN, 300, offsetof(vt_text_record, document));
    /* short judgements may be said twice */
    splits_share_few_texts(ctx, world, 300, i == 1 ? .1 : .01);
    /* nothing is cut: the frame holds the longest text */
    vt_dataset *set;
    assert_ok(ctx, vt_world_dataset(ctx, world, VT_TRAIN, 2000, &set));
    int64_t indices[2000];
    for (int item = 0; item < 2000; item++)
      indices[item] = item;
    vt_batch batch;
    assert_ok(ctx, vt_batch_make(ctx, set, indices, 2000, 0, NULL, &batch));
    const int64_t *tokens = vt_batch_get(ctx, &batch, "tokens")->data;
    const int64_t *lengths = vt_batch_get(ctx, &batch, "length")->data;
    const int64_t *labels = vt_batch_get(ctx, &batch, "label")->data;
    int64_t width = vt_batch_get(ctx, &batch, "tokens")->dims[1];
    int counts[4] = {0};
    for (int item = 0; item < 2000; item++) {
      assert_int_equal(tokens[item * width + lengths[item] - 1], VT_TOKEN_EOS);
      assert_true(labels[item] >= 0 && labels[item] < set->class_count);
      counts[labels[item]]++;
    }
    for (int label = 0; label < set->class_count; label++) /* uniform; 4 standard deviations of the widest */
      assert_near(counts[label] / 2000., 1. / set->class_count, .045);
    vt_dataset_free(set);
    vt_world_close(world);
  }
}

/* A reader of reports that knows the language alone: the grade of the sentence that states it. */
static int read_grade(const vt_corpus *corpus, const vt_document *document, bool *denied)
{
  int grade = -1;
  *denied = false;
  for (int i = 0; i < document->count; i++) {
    const char *level = vt_corpus_value(corpus, &document->said[i], "G");
    const char *wrong = vt_corpus_value(corpus, &document->said[i], "N");
    if (wrong) *denied = true;
    if (!level) continue;
    int found = strcmp(level, "three") == 0 ? 0 : strcmp(level, "four") == 0 ? 1 : 2;
    assert_true(grade < 0 || grade == found); /* said again, it is the same */
    grade = found;
  }
  return grade;
}

static void test_grade(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "corpora/grade", NULL);
  const vt_corpus *corpus = vt_world_corpus(world);
  int again = 0, denied_count = 0, decoys = 0;
  for (int index = 0; index < 1000; index++) {
    vt_text_record *record = make_record(ctx, world, VT_TEST, index);
    vt_words words;
    vt_document parsed;
    assert_ok(ctx, vt_corpus_speak(ctx, corpus, &record->document, &words));
    assert_true(vt_corpus_parse(corpus, words.tokens, words.count, &parsed));
    bool denied;
    assert_int_equal(read_grade(corpus, &parsed, &denied), record->label);
    assert_int_equal(denied, record->mismatch);
    int evidence = 0;
    for (int i = 0; i < words.count; i++) {
      if (words.slots[i] < 0) continue;
      vt_grade_role role = vt_grade_role_of(words.marks[i]);
      const char *word = corpus->words[words.tokens[i]];
      bool is_label = strcmp(word, record->label == 0 ? "three" : record->label == 1 ? "four" : "five") == 0;
      if (role == VT_GRADE_EVIDENCE) assert_true(is_label), evidence++;
      if (role == VT_GRADE_DENIED) assert_false(is_label);
      decoys += role == VT_GRADE_DECOY;
    }
    assert_true(evidence == 1 || evidence == 2);
    again += evidence == 2;
    denied_count += denied;
    free(record);
  }
  assert_near(again / 1000., .3, .06);
  assert_near(denied_count / 1000., .4, .065);
  assert_true(decoys >= 2000); /* the secondary grade and one or two others */
  vt_world_close(world);
}

static void test_grade_references(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "corpora/grade", "layout=3");
  const vt_corpus *corpus = vt_world_corpus(world);
  vt_words first = {0};
  for (int index = 0; index < 50; index++) {
    vt_text_record *record = make_record(ctx, world, VT_TEST, index), reference;
    vt_words words, other;
    assert_ok(ctx, vt_corpus_speak(ctx, corpus, &record->document, &words));
    vt_grade_reference(world, record, 1, &reference);
    assert_ok(ctx, vt_corpus_speak(ctx, corpus, &reference.document, &other));
    bool denied;
    assert_int_equal(read_grade(corpus, &reference.document, &denied), reference.label);
    assert_int_not_equal(reference.label, record->label);
    if (index == 0) first = words;
    int changed = 0, values = 0;
    /* one layout: the same sentences in the same order, so that words stand aligned in all items */
    assert_int_equal(words.count, first.count);
    assert_int_equal(other.count, first.count);
    for (int i = 0; i < words.count; i++) {
      assert_int_equal(words.slots[i], first.slots[i]);
      if (words.slots[i] < 0) assert_int_equal(words.tokens[i], other.tokens[i]);
      changed += words.tokens[i] != other.tokens[i];
      values += words.slots[i] >= 0;
    }
    assert_true(changed >= values - 1); /* a denied grade may stay */
    free(record);
  }
  vt_world_close(world);
}

static bool among(const char *word, const char *list)
{
  char text[64];
  snprintf(text, sizeof text, " %s ", word);
  return strstr(list, text) != NULL;
}

/* Polarity of words by a list written here; "not" and "never" turn it. */
static int polarity_of(const vt_corpus *corpus, const vt_words *words, const vt_phrase *phrase)
{
  static const char positive[] = " superb lively great good bright charming clever delightful fresh graceful "
                                 "warm wonderful fine splendid rich sweet loved enjoyed admired treasured ";
  static const char negative[] = " dull slow weak poor bad boring clumsy dreadful stale messy noisy tiresome "
                                 "sad shabby cheap bitter hated disliked regretted feared ";
  int found = 0;
  for (int i = phrase->first; i < phrase->first + phrase->count; i++) {
    const char *word = corpus->words[words->tokens[i]];
    if (among(word, positive)) found = 1;
    if (among(word, negative)) found = -1;
  }
  bool turned = strcmp(corpus->words[words->tokens[phrase->first]], "not") == 0 ||
                (phrase->first > 0 && strcmp(corpus->words[words->tokens[phrase->first - 1]], "never") == 0);
  return turned ? -found : found;
}

static void test_contrast(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "corpora/contrast", NULL);
  const vt_corpus *corpus = vt_world_corpus(world);
  int opposite = 0, negated = 0;
  for (int index = 0; index < 2000; index++) {
    vt_text_record *record = make_record(ctx, world, VT_TRAIN, index);
    vt_words words;
    assert_ok(ctx, vt_corpus_speak(ctx, corpus, &record->document, &words));
    vt_phrase phrases[VT_CORPUS_SPANS];
    int count = vt_corpus_phrases(&words, phrases), mains = 0, signs = 0;
    assert_true(count >= 1);
    for (int i = 0; i < count; i++) {
      bool main;
      int polarity = vt_contrast_polarity(world, record, &phrases[i], &main);
      assert_int_equal(polarity, polarity_of(corpus, &words, &phrases[i]));
      if (main) assert_int_equal(polarity, record->label ? 1 : -1);
      mains += main;
      signs |= polarity > 0 ? 1 : 2;
      negated += phrases[i].mark == 'n' || phrases[i].mark == 'N';
    }
    assert_int_equal(mains, 1);
    assert_int_equal(signs == 3, record->mismatch);
    opposite += record->mismatch;
    free(record);
  }
  assert_near(opposite / 2000., .5, .045);
  assert_true(negated > 200);
  vt_world_close(world);
}

static void test_topics(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_preset(ctx, "corpora/topics", NULL);
  const vt_corpus *corpus = vt_world_corpus(world);
  int mixed = 0;
  int seen[1000] = {0}; /* topic + 1 of each word of the vocabulary */
  for (int index = 0; index < 2000; index++) {
    vt_text_record *record = make_record(ctx, world, VT_TRAIN, index);
    vt_words words;
    int8_t topics[VT_CORPUS_TOKENS];
    assert_ok(ctx, vt_corpus_speak(ctx, corpus, &record->document, &words));
    vt_topics_of_words(world, record, &words, topics);
    int counts[4] = {0};
    for (int i = 0; i < words.count; i++) {
      if (words.marks[i] == 'm' && topics[i] >= 0) assert_int_equal(topics[i], record->label);
      if (words.marks[i] == 'c' && topics[i] >= 0) assert_int_equal(topics[i], record->other);
      if (!words.marks[i]) assert_int_equal(topics[i], -1);
      if (topics[i] < 0) continue;
      counts[topics[i]]++;
      assert_true(seen[words.tokens[i]] == 0 || seen[words.tokens[i]] == topics[i] + 1);
      seen[words.tokens[i]] = topics[i] + 1;
    }
    for (int topic = 0; topic < 4; topic++) {
      if (topic != record->label)
        assert_true(counts[topic] < counts[record->label]); /* the label is the majority */
      if (topic != record->label && topic != record->other) assert_int_equal(counts[topic], 0);
    }
    mixed += record->other >= 0;
    free(record);
  }
  assert_near(mixed / 2000., .7, .04);
  vt_world_close(world);
}

/* The code word tells the label as often as asked in training, and never in the other splits. */
static void test_spurious(void **state)
{
  vt_ctx *ctx = *state;
  static const double classes[] = {3, 2, 4};
  for (size_t i = 0; i < VT_COUNT(presets); i++) {
    vt_world *world = open_preset(ctx, presets[i], "spurious=0.8");
    double train = 0, test = 0;
    for (int index = 0; index < 1000; index++) {
      vt_text_record *record = make_record(ctx, world, VT_TRAIN, index);
      train += record->code == record->label;
      free(record);
      record = make_record(ctx, world, VT_TEST, index);
      test += record->code == record->label;
      free(record);
    }
    assert_near(train / 1000, .8 + .2 / classes[i], .05);
    assert_near(test / 1000, 1 / classes[i], .065);
    vt_world_close(world);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_common, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_grade, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_grade_references, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_contrast, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_topics, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_spurious, new_context, free_context),
  };
  return cmocka_run_group_tests_name("worlds/corpora_labels", tests, NULL, NULL);
}
