/* SPDX-License-Identifier: Apache-2.0
 *
 * The core of text worlds, and what every preset of text and tables owes: options that matter, failures
 * that are told and leave nothing behind.
 */
#include "text_case.h"

static const char *const colours[] = {"red", "dark blue"};
static const char *const things[] = {"box", "ball", "coat"};
static const vt_word_list lists[] = {VT_WORD_LIST("colour", colours), VT_WORD_LIST("thing", things)};

static void opens(vt_ctx *ctx, const char *text, const char *part)
{
  const vt_template template = {0, text};
  const vt_grammar grammar = {lists, 2, &template, 1};
  vt_corpus *corpus;
  assert_fails(ctx, vt_corpus_open(ctx, &grammar, &corpus), VT_ERROR_INVALID_ARGUMENT, part);
  assert_null(corpus);
}

static void test_bad_grammars(void **state)
{
  vt_ctx *ctx = *state;
  opens(ctx, "a {smell} .", "no such list");
  opens(ctx, "a {thing .", "not {list}");
  opens(ctx, "a {A_label_that_is_long:thing} .", "too long a label");
  opens(ctx, "{a:thing} {b:thing} {c:thing} {d:thing} {e:thing} {f:thing} {g:thing} {h:thing} {i:thing}",
        "too many slots");
  opens(ctx, "a [x {thing} .", "not closed");
  opens(ctx, "a {thing} ] .", "spans");
  opens(ctx, "a [x [y {thing} ] ] .", "spans");
}

static void test_words(void **state)
{
  vt_ctx *ctx = *state;
  static const vt_template templates[] = {{0, "the [x {A:colour} {thing} ] [y glows ] ."},
                                          {1, "{A:colour} , always {A:colour} !"},
                                          {2, "the the the the the the the the the"}};
  static const vt_grammar grammar = {lists, 2, templates, 3};
  vt_corpus *corpus;
  assert_ok(ctx, vt_corpus_open(ctx, &grammar, &corpus));
  static const char *const sorted[] = {"<pad>", "<bos>", "<eos>", "<unk>", "!",    ",",     ".",   "always",
                                       "ball",  "blue",  "box",   "coat",  "dark", "glows", "red", "the"};
  assert_int_equal(corpus->word_count, VT_COUNT(sorted));
  for (size_t i = 0; i < VT_COUNT(sorted); i++) {
    assert_string_equal(corpus->words[i], sorted[i]);
    if (i >= VT_TOKEN_SPECIALS) assert_int_equal(vt_corpus_word(corpus, sorted[i]), i);
  }
  assert_int_equal(vt_corpus_word(corpus, "alway"), VT_TOKEN_UNK);
  assert_int_equal(vt_corpus_word(corpus, "alwayss"), VT_TOKEN_UNK);

  vt_document document = {.count = 2, .said = {{0, 7, {1, 2}}, {1, 0, {0}}}};
  vt_words words;
  assert_ok(ctx, vt_corpus_speak(ctx, corpus, &document, &words));
  char *text = vt_corpus_text(ctx, corpus, words.tokens, words.count);
  assert_string_equal(text, "the dark blue coat glows. red, always red!");
  vt_free(text);
  assert_int_equal(vt_corpus_said_length(corpus, &document.said[0]), 6);
  vt_phrase phrases[VT_CORPUS_SPANS];
  assert_int_equal(vt_corpus_phrases(&words, phrases), 2);
  assert_int_equal(phrases[0].first, 1);
  assert_int_equal(phrases[0].count, 3); /* spans side by side stay two */
  assert_int_equal(phrases[0].mark, 'x');
  assert_int_equal(phrases[1].first, 4);
  assert_int_equal(phrases[1].mark, 'y');

  /* frames: room to spare, and too little of it */
  int64_t tokens[16], targets[16];
  assert_int_equal(vt_corpus_frame(&words, 16, tokens, targets), 13);
  assert_int_equal(tokens[0], VT_TOKEN_BOS);
  assert_int_equal(tokens[12], VT_TOKEN_EOS);
  assert_int_equal(tokens[13], VT_TOKEN_PAD);
  assert_int_equal(targets[11], VT_TOKEN_EOS);
  assert_int_equal(targets[12], -1);
  assert_int_equal(vt_corpus_frame(&words, 4, tokens, targets), 4);
  assert_int_equal(tokens[3], words.tokens[2]);
  assert_int_equal(targets[2], words.tokens[2]);
  assert_int_equal(targets[3], -1);

  /* what is longer than a record may hold is refused, not cut */
  document.count = VT_CORPUS_SENTENCES;
  for (int i = 0; i < document.count; i++)
    document.said[i] = (vt_said){.pattern = 2};
  assert_fails(ctx, vt_corpus_speak(ctx, corpus, &document, &words), VT_ERROR_INVALID_ARGUMENT, "128 words");
  vt_corpus_close(corpus);
}

/* Aligned references: every value another, of the same number of words where there is one. */
static void test_references(void **state)
{
  vt_ctx *ctx = *state;
  static const vt_template templates[] = {{0, "{A:thing} {B:thing} {colour}"}};
  static const vt_grammar grammar = {lists, 2, templates, 1};
  vt_corpus *corpus;
  assert_ok(ctx, vt_corpus_open(ctx, &grammar, &corpus));
  vt_document document = {.count = 1, .said = {{0, 0, {0, 1, 1}}}}, reference;
  vt_draw draw = vt_draw_start(1, "reference");
  vt_corpus_reference(corpus, &draw, &document, &reference);
  assert_int_equal(reference.said[0].values[0], 2); /* the one thing that the sentence does not name */
  assert_int_equal(reference.said[0].values[2], 1); /* no other colour has two words */
  vt_corpus_close(corpus);
}

typedef struct changed_setting {
  const char *preset, *setting;
} changed_setting;

/* Each option moved off its default changes what is made (or, for spurious words, what they tell). */
static const changed_setting settings[] = {
    {"corpora/ioi", "neutral=0.9"},
    {"corpora/ioi", "three=0.9"},
    {"corpora/ioi", "order=abba"},
    {"corpora/ioi", "template=3"},
    {"corpora/grade", "spurious=1"},
    {"corpora/grade", "again=1"},
    {"corpora/grade", "denied=1"},
    {"corpora/grade", "layout=5"},
    {"corpora/contrast", "spurious=1"},
    {"corpora/contrast", "opposite=0"},
    {"corpora/topics", "spurious=1"},
    {"corpora/topics", "mixed=0"},
    {"corpora/concepts", "neutral=0"},
    {"corpora/concepts", "turn=0"},
    {"corpora/skills", "noise=0.4"},
    {"corpora/skills", "same_career=0"},
    {"corpora/blocks", "recall=0.9"},
    {"sequences", "second=1"},
    {"tree", "d=32"},
    {"tree", "parents=2"},
    {"tree", "children=2"},
    {"tree", "leaves=4"},
    {"tree", "parent_chance=0.1"},
    {"tree", "child_chance=0.1"},
    {"tree", "leaf_chance=0.01"},
    {"tree", "shape=(.5)(.2)"},
    {"tree", "independent=1"},
    {"tree", "correlation=0.2"},
    {"tree", "mean=2"},
    {"tree", "spread=0.1"},
    {"tree", "planes=1"},
    {"planted/game", "kind=pairs"},
    {"planted/game", "k=5"},
    {"planted/linear", "d=5"},
    {"planted/groups", "neurons=256"},
    {"planted/groups", "groups=5"},
    {"planted/groups", "size=4"},
    {"planted/groups", "shared=3"},
    {"planted/groups", "noise=0"},
    {"planted/peaks", "share=0.1"},
    {"planted/peaks", "invisible=0.5"},
    {"planted/peaks", "stable=0.2"},
    {"planted/heads", "positive_only=1"},
};

/* Hash of shapes and bytes of the first hundred training items. */
static void fingerprint(vt_ctx *ctx, const char *preset, const char *setting, char out[65])
{
  vt_world *world = open_preset(ctx, preset, setting);
  vt_dataset *set;
  assert_ok(ctx, vt_world_dataset(ctx, world, VT_TRAIN, 100, &set));
  int64_t indices[100];
  for (int i = 0; i < 100; i++)
    indices[i] = i;
  vt_batch batch;
  assert_ok(ctx, vt_batch_make(ctx, set, indices, 100, 0, NULL, &batch));
  char hashes[VT_DATASET_FIELDS * 65] = {0};
  for (int field = 0; field < set->field_count; field++)
    vt_sha256_hex(batch.tensors[field]->data, vt_bytes(batch.tensors[field]), hashes + (size_t)field * 65);
  vt_sha256_hex(hashes, sizeof hashes, out);
  vt_dataset_free(set);
  vt_world_close(world);
}

static void test_options_matter(void **state)
{
  vt_ctx *ctx = *state;
  for (size_t i = 0; i < VT_COUNT(settings); i++) {
    char plain[65], changed[65];
    fingerprint(ctx, settings[i].preset, NULL, plain);
    fingerprint(ctx, settings[i].preset, settings[i].setting, changed);
    if (strcmp(plain, changed) == 0)
      fail_msg("%s: %s changes nothing", settings[i].preset, settings[i].setting);
    vt_ctx_clear(ctx);
  }
}

/* The n-th allocation fails, for every n of opening a world, making an item and showing it. */
static void test_out_of_memory(void **state)
{
  vt_ctx *ctx = *state;
  static const char *const presets[] = {"corpora/contrast", "corpora/concepts", "sequences", "tree",
                                        "planted/groups",   "corpora/skills"};
  for (size_t i = 0; i < VT_COUNT(presets); i++) {
    bool done = false;
    long failures = 0;
    for (long n = 1; !done; n += n < 60 ? 1 : 97) { /* vocabularies are hundreds of equal allocations */
      vt_ctx_fail_allocation(ctx, n);
      vt_world *world = NULL;
      vt_status status = vt_world_open(ctx, presets[i], NULL, 0, 0, &world);
      if (status == VT_OK) {
        void *record = malloc(world->preset->record_size);
        vt_item item = {0};
        status = vt_world_record(ctx, world, VT_TRAIN, 0, record);
        if (status == VT_OK) status = vt_world_show(ctx, world, record, &item);
        if (status == VT_OK) vt_item_free(&item);
        free(record);
      }
      vt_world_close(world);
      vt_ctx_fail_allocation(ctx, 0);
      done = status == VT_OK;
      if (!done) assert_int_equal(status, VT_ERROR_OUT_OF_MEMORY), failures++;
      vt_ctx_clear(ctx);
    }
    assert_true(failures > 2);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_bad_grammars, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_words, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_references, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_options_matter, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_out_of_memory, new_context, free_context),
  };
  return cmocka_run_group_tests_name("worlds/corpus", tests, NULL, NULL);
}
