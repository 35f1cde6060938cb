/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/generate.h"

#include "model_case.h"

enum { VOCABULARY = 9, LIMIT = 16, LAYERS = 2 };

static const vt_gpt_settings learned = {
    .vocabulary = VOCABULARY, .width = 16, .layers = LAYERS, .limit = LIMIT, .block = {.heads = 2}};
static const vt_gpt_settings turned = {.vocabulary = VOCABULARY,
                                       .width = 16,
                                       .layers = LAYERS,
                                       .rotary = true,
                                       .window = 4,
                                       .block = {.heads = 4, .key_heads = 2, .norm = VT_NORM_RMS}};

/* Parameters far from their beginnings, so that answers differ. */
static vt_parameters *parameters_of(vt_ctx *ctx, const vt_gpt_settings *settings)
{
  vt_parameters *parameters;
  vt_ctx_set_threads(ctx, 1);
  assert_ok(ctx, vt_parameters_new(ctx, 3, &parameters));
  vt_run run = {.ctx = ctx, .parameters = parameters};
  vt_gpt(vt_root(&run), settings, &(vt_gpt_inputs){.ids = random_ids(ctx, 1, 1, 3, 0, VOCABULARY)});
  assert_ok(ctx, vt_ctx_status(ctx));
  shake(parameters, .5);
  return parameters;
}

/* Logits of a text read in pieces of 3, 1, 1 and 2 through a cache are those of the text read at once. */
static void test_cache(void **state)
{
  vt_ctx *ctx = *state;
  const vt_gpt_settings *models[] = {&learned, &turned};
  const int64_t pieces[] = {3, 1, 1, 2};
  for (int m = 0; m < 2; m++) {
    vt_parameters *parameters = parameters_of(ctx, models[m]);
    vt_run run = {.ctx = ctx, .parameters = parameters};
    vt_tensor *ids = random_ids(ctx, 5, 3, 7, 0, VOCABULARY);
    vt_tensor *whole = vt_gpt(vt_root(&run), models[m], &(vt_gpt_inputs){.ids = ids});
    vt_cache *cache;
    assert_ok(ctx, vt_cache_new(ctx, LAYERS, 7, &cache));
    int64_t first = 0;
    for (size_t p = 0; p < VT_COUNT(pieces); first += pieces[p++]) {
      vt_tensor *piece = vt_slice(ctx, ids, 1, first, first + pieces[p]);
      vt_tensor *part = vt_gpt(vt_root(&run), models[m], &(vt_gpt_inputs){.ids = piece, .cache = cache});
      vt_tensor *expected = vt_slice(ctx, whole, 1, first, first + pieces[p]);
      assert_ok(ctx, vt_ctx_status(ctx));
      assert_true(vt_same_shape(part, expected));
      for (int64_t i = 0; i < vt_count(part); i++)
        assert_near(vt_get_f64(part, i), vt_get_f64(expected, i), 1e-5);
    }
    /* full */
    vt_gpt(vt_root(&run), models[m],
           &(vt_gpt_inputs){.ids = random_ids(ctx, 5, 3, 1, 0, VOCABULARY), .cache = cache});
    assert_fails(ctx, vt_ctx_status(ctx), VT_ERROR_INVALID_ARGUMENT, "1 tokens more than the 7");
    vt_cache_free(cache);
    vt_parameters_free(parameters);
  }
}

static void test_greedy(void **state)
{
  vt_ctx *ctx = *state;
  vt_parameters *parameters = parameters_of(ctx, &learned);
  vt_run run = {.ctx = ctx, .parameters = parameters};
  vt_tensor *prompt = random_ids(ctx, 5, 4, 3, 0, VOCABULARY);
  vt_generate_settings settings = {
      .layers = LAYERS, .new_tokens = 10, .limit = LIMIT, .eos = -1, .pad = 7, .no_cache = true};
  vt_generated slow, fast, cut;
  assert_ok(ctx, vt_generate(vt_root(&run), vt_gpt_step, &learned, prompt, &settings, &slow));
  settings.no_cache = false;
  assert_ok(ctx, vt_generate(vt_root(&run), vt_gpt_step, &learned, prompt, &settings, &fast));
  assert_int_equal(fast.length, 10);
  assert_memory_equal(slow.ids, fast.ids, 40 * sizeof(int64_t));
  /* the probability of a text is that of its tokens, read at once */
  vt_tensor *text = vt_tensor_new(ctx, VT_I64, 2, (int64_t[]){1, 13});
  memcpy(text->data, prompt->data, 3 * sizeof(int64_t));
  memcpy((int64_t *)text->data + 3, fast.ids, 10 * sizeof(int64_t));
  vt_tensor *logits = vt_gpt(vt_root(&run), &learned, &(vt_gpt_inputs){.ids = text});
  double log_p = 0;
  for (int t = 0; t < 10; t++) {
    const float *row = (const float *)logits->data + (t + 2) * VOCABULARY;
    log_p += row[fast.ids[t]] - vt_log_total(row, VOCABULARY);
    for (int w = 0; w < VOCABULARY; w++)
      assert_true(row[w] <= row[fast.ids[t]]);
  }
  assert_near(log_p, fast.log_p[0], 1e-4);
  /* the third token of row 0 as end of text: each row stops where it meets it first */
  settings.eos = fast.ids[2];
  assert_ok(ctx, vt_generate(vt_root(&run), vt_gpt_step, &learned, prompt, &settings, &cut));
  for (int b = 0; b < 4; b++) {
    int64_t length = 0;
    while (length < 10 && fast.ids[b * 10 + length++] != settings.eos) {
    }
    assert_int_equal(cut.lengths[b], length);
    for (int64_t t = 0; t < cut.length; t++)
      assert_int_equal(cut.ids[b * cut.length + t], t < length ? fast.ids[b * 10 + t] : 7);
  }
  settings.new_tokens = 14;
  vt_generated none;
  assert_fails(ctx, vt_generate(vt_root(&run), vt_gpt_step, &learned, prompt, &settings, &none),
               VT_ERROR_INVALID_ARGUMENT, "takes 16 together");
  vt_generated_free(&slow);
  vt_generated_free(&fast);
  vt_generated_free(&cut);
  vt_parameters_free(parameters);
}

/* Hooks see each step: the names count up. */
static void test_hooks(void **state)
{
  vt_ctx *ctx = *state;
  vt_parameters *parameters = parameters_of(ctx, &learned);
  seen_names *seen = test_calloc(1, sizeof *seen);
  vt_run run = {.ctx = ctx, .parameters = parameters, .hook = note_name, .hook_user = seen};
  vt_generate_settings settings = {.layers = LAYERS, .new_tokens = 5, .eos = -1};
  vt_generated out;
  assert_ok(ctx, vt_generate(vt_root(&run), vt_gpt_step, &learned, random_ids(ctx, 5, 1, 3, 0, VOCABULARY),
                             &settings, &out));
  assert_int_equal(times_seen(seen, "blocks.1.attn.pattern"), 5);
  assert_int_equal(times_seen(seen, "logits"), 5);
  vt_generated_free(&out);
  vt_run_end(&run);
  test_free(seen);
  vt_parameters_free(parameters);
}

/* Draws against the probabilities they should have; what top-k and top-p leave out is never drawn. */
static void test_choose(void **state)
{
  vt_ctx *ctx = *state;
  const float logits[] = {(float)log(.1), (float)log(.4), (float)log(.3), (float)log(.2)};
  struct {
    vt_generate_settings settings;
    double expected[4];
  } cases[] = {
      {{.sample = true}, {.1, .4, .3, .2}},
      {{.sample = true, .top_k = 2}, {0, 4. / 7, 3. / 7, 0}},
      {{.sample = true, .top_p = .75}, {0, 4. / 9, 3. / 9, 2. / 9}}, /* .4 + .3 is not enough */
      {{.sample = true, .top_p = .65}, {0, 4. / 7, 3. / 7, 0}},
      {{.sample = true, .temperature = .5}, {.01 / .3, .16 / .3, .09 / .3, .04 / .3}},
      {{0}, {0, 1, 0, 0}},
  };
  enum { DRAWS = 20000 };
  for (size_t c = 0; c < VT_COUNT(cases); c++) {
    int counts[4] = {0};
    vt_status status;
    for (int i = 0; i < DRAWS; i++)
      counts[vt_choose(ctx, logits, 4, &cases[c].settings, vt_random_uniform(3, c, (uint64_t)i), &status)]++;
    for (int w = 0; w < 4; w++) {
      /* five deviations of a frequency */
      double p = cases[c].expected[w], allowed = 5 * sqrt(p * (1 - p) / DRAWS);
      assert_near(counts[w] / (double)DRAWS, p, allowed + 1e-12);
    }
  }
  const float ties[] = {1, 2, 2};
  vt_status status;
  assert_int_equal(vt_choose(ctx, ties, 3, &(vt_generate_settings){0}, 0, &status), 1);
}

/* Sampling: the row of a prompt is the same alone and in a batch, another seed gives another text. */
static void test_sampling(void **state)
{
  vt_ctx *ctx = *state;
  vt_parameters *parameters = parameters_of(ctx, &turned);
  vt_run run = {.ctx = ctx, .parameters = parameters};
  vt_tensor *prompt = random_ids(ctx, 5, 3, 3, 0, VOCABULARY);
  vt_generate_settings settings = {
      .layers = LAYERS, .new_tokens = 12, .eos = -1, .sample = true, .temperature = 3, .seed = 4};
  vt_generated all, first, other;
  assert_ok(ctx, vt_generate(vt_root(&run), vt_gpt_step, &turned, prompt, &settings, &all));
  vt_tensor *alone = vt_slice(ctx, prompt, 0, 0, 1);
  assert_ok(ctx, vt_generate(vt_root(&run), vt_gpt_step, &turned, alone, &settings, &first));
  settings.seed = 5;
  assert_ok(ctx, vt_generate(vt_root(&run), vt_gpt_step, &turned, alone, &settings, &other));
  assert_memory_equal(all.ids, first.ids, 12 * sizeof(int64_t));
  assert_memory_not_equal(other.ids, first.ids, 12 * sizeof(int64_t));
  vt_generated_free(&all);
  vt_generated_free(&first);
  vt_generated_free(&other);
  vt_parameters_free(parameters);
}

/* ---- beams ---- */

enum { WORDS = 3, STEPS = 4, EOS = 2 };

/* A language whose next word depends on the last two; `model` holds [3, 3, 3] logits. */
static vt_tensor *table_step(vt_scope s, const void *model, vt_tensor *ids, vt_cache *cache)
{
  const float *table = model;
  int64_t batch = vt_dim(ids, 0), length = vt_dim(ids, 1);
  assert_null(cache);
  vt_tensor *logits = vt_tensor_new(s.run->ctx, VT_F32, 2, (int64_t[]){batch, WORDS});
  for (int64_t b = 0; b < batch; b++) {
    const int64_t *row = (const int64_t *)ids->data + b * length;
    memcpy((float *)logits->data + b * WORDS, table + (row[length - 2] * WORDS + row[length - 1]) * WORDS,
           WORDS * sizeof(float));
  }
  return logits;
}

/* The best of all texts of up to STEPS words, by trying each. */
static void best_text(const float *table, double power, int64_t best[STEPS], int64_t *best_length,
                      double *best_worth)
{
  *best_worth = -INFINITY;
  for (int code = 0; code < 81; code++) {
    int64_t text[2 + STEPS] = {0, 1}, length = 0;
    double log_p = 0;
    for (int rest = code; length < STEPS && (length == 0 || text[1 + length] != EOS);
         length++, rest /= WORDS) {
      const float *row = table + (text[length] * WORDS + text[length + 1]) * WORDS;
      text[2 + length] = rest % WORDS;
      log_p += row[text[2 + length]] - vt_log_total(row, WORDS);
    }
    double worth = log_p / pow((double)length, power);
    if (worth <= *best_worth + 1e-12) continue;
    *best_worth = worth;
    *best_length = length;
    memcpy(best, text + 2, (size_t)length * sizeof *best);
  }
}

/* With as many beams as there are texts the search is exhaustive; greedy is not, for some of the tables. */
static void test_beam(void **state)
{
  vt_ctx *ctx = *state;
  vt_run run = {.ctx = ctx};
  vt_tensor *prompt = vt_reshape(ctx, vt_integers(ctx, VT_DIMS(0, 1)), VT_DIMS(1, 2));
  int greedy_differs = 0;
  for (uint64_t salt = 0; salt < 20; salt++) {
    vt_tensor *table = random_tensor(ctx, salt, VT_DIMS(WORDS, WORDS, WORDS));
    for (int rule = 0; rule < 3; rule++) {
      vt_generate_settings settings = {.layers = 1,
                                       .new_tokens = STEPS,
                                       .eos = EOS,
                                       .no_cache = true,
                                       .beams = 81,
                                       .length_power = rule * .7};
      vt_generated found, greedy;
      int64_t best[STEPS], length = 0;
      double worth;
      best_text(table->data, settings.length_power, best, &length, &worth);
      assert_ok(ctx, vt_generate(vt_root(&run), table_step, table->data, prompt, &settings, &found));
      assert_int_equal(found.lengths[0], length);
      assert_memory_equal(found.ids, best, (size_t)length * sizeof *best);
      assert_near(found.log_p[0] / pow((double)length, settings.length_power), worth, 1e-9);
      settings.beams = 1;
      assert_ok(ctx, vt_generate(vt_root(&run), table_step, table->data, prompt, &settings, &greedy));
      greedy_differs += greedy.lengths[0] != length || memcmp(greedy.ids, best, (size_t)length * 8) != 0;
      vt_generated_free(&found);
      vt_generated_free(&greedy);
    }
  }
  assert_true(greedy_differs > 5);
}

/* With a cache and without, the same beams. */
static void test_beam_cache(void **state)
{
  vt_ctx *ctx = *state;
  vt_parameters *parameters = parameters_of(ctx, &learned);
  vt_run run = {.ctx = ctx, .parameters = parameters};
  vt_tensor *prompt = random_ids(ctx, 5, 2, 3, 0, VOCABULARY);
  vt_generate_settings settings = {
      .layers = LAYERS, .new_tokens = 8, .eos = 0, .beams = 4, .length_power = 1};
  vt_generated fast, slow;
  assert_ok(ctx, vt_generate(vt_root(&run), vt_gpt_step, &learned, prompt, &settings, &fast));
  settings.no_cache = true;
  assert_ok(ctx, vt_generate(vt_root(&run), vt_gpt_step, &learned, prompt, &settings, &slow));
  assert_int_equal(fast.length, slow.length);
  assert_memory_equal(fast.ids, slow.ids, (size_t)(2 * fast.length) * sizeof(int64_t));
  assert_near(fast.log_p[1], slow.log_p[1], 1e-4);
  vt_generated_free(&fast);
  vt_generated_free(&slow);
  vt_parameters_free(parameters);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_cache, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_greedy, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_hooks, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_choose, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_sampling, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_beam, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_beam_cache, new_context, free_context),
  };
  return cmocka_run_group_tests_name("nn/generate", tests, NULL, NULL);
}
