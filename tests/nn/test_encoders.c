/* SPDX-License-Identifier: Apache-2.0
 *
 * BERT-like encoder, recommender, towers, adapters.
 */
#include "model_case.h"
#include "nn/bert.h"
#include "nn/layers.h"
#include "nn/lora.h"
#include "nn/sasrec.h"
#include "nn/towers.h"

enum { WIDTH = 16, WORDS = 12, LENGTH = 6, LIMIT = 8, LAYERS = 2 };

static int64_t block_numbers(void)
{
  return 4 * (WIDTH * WIDTH + WIDTH) + 8 * WIDTH * WIDTH + 5 * WIDTH + 4 * WIDTH;
}

/* Ids 1 … WORDS − 1, and zeros behind: the first item is full, the others are shorter. */
static vt_tensor *texts(vt_ctx *ctx, int64_t batch, uint64_t salt)
{
  vt_tensor *ids = random_ids(ctx, salt, batch, LENGTH, 1, WORDS);
  for (int64_t b = 0; b < batch; b++)
    for (int64_t t = LENGTH - b; t < LENGTH; t++)
      ((int64_t *)ids->data)[b * LENGTH + t] = 0;
  return ids;
}

/* ---- BERT ---- */

static const vt_bert_settings bert = {.vocabulary = WORDS,
                                      .width = WIDTH,
                                      .layers = LAYERS,
                                      .limit = LIMIT,
                                      .types = 2,
                                      .block = {.heads = 2, .post_norm = true, .epsilon = 1e-12}};

static vt_tensor *bert_pooled(vt_scope s, vt_tensor *ids)
{
  vt_bert_outputs out;
  vt_bert(s, &bert, ids, NULL, ids, &out); /* id 0 is padding */
  return out.pooled;
}

static void test_bert(void **state)
{
  static const char *const names[] = {"embed", "blocks.1.resid_post", "final_norm", "pooled"};
  int64_t numbers =
      (WORDS + LIMIT + 2) * WIDTH + 2 * WIDTH + LAYERS * block_numbers() + WIDTH * WIDTH + WIDTH;
  check_model(*state, bert_pooled, texts, numbers, VT_COUNT(names), names, 3e-3);
}

/* What stands at padded places changes nothing before them, nor the mean. */
static void test_padding(void **state)
{
  vt_ctx *ctx = *state;
  vt_parameters *parameters;
  assert_ok(ctx, vt_parameters_new(ctx, 3, &parameters));
  vt_run run = {.ctx = ctx, .parameters = parameters};
  vt_tensor *ids = texts(ctx, 3, 4), *valid = vt_cast(ctx, ids, VT_F32);
  vt_bert_outputs a, b;
  vt_bert(vt_root(&run), &bert, ids, NULL, valid, &a);
  vt_tensor *mean_a = vt_mean_over(ctx, a.hidden, valid);
  assert_ok(ctx, vt_ctx_status(ctx));
  /* item 2 has 4 real tokens */
  const float *before = a.hidden->data;
  double sum = 0;
  for (int64_t t = 0; t < 4; t++)
    sum += before[(2 * LENGTH + t) * WIDTH + 5];
  assert_near(((float *)mean_a->data)[2 * WIDTH + 5], sum / 4, 1e-6);
  vt_tensor *changed = vt_maximum(ctx, ids, vt_integers(ctx, VT_DIMS(1))); /* 1 in place of padding */
  vt_bert(vt_root(&run), &bert, changed, NULL, valid, &b);
  vt_tensor *mean_b = vt_mean_over(ctx, b.hidden, valid);
  assert_ok(ctx, vt_ctx_status(ctx));
  assert_memory_equal(mean_a->data, mean_b->data, vt_bytes(mean_a));
  assert_memory_not_equal(a.hidden->data, b.hidden->data, vt_bytes(a.hidden));
  vt_parameters_free(parameters);
}

/* ---- recommender ---- */

static const vt_sasrec_settings sasrec = {
    .items = WORDS - 1, .width = WIDTH, .layers = LAYERS, .limit = LIMIT, .block = {.heads = 1}};

static vt_tensor *sasrec_logits(vt_scope s, vt_tensor *ids)
{
  vt_sasrec_outputs out;
  vt_sasrec(s, &sasrec, ids, &out);
  return vt_slice(s.run->ctx, out.logits, 1, 1, WORDS); /* without padding's −1e9 */
}

static void test_sasrec(void **state)
{
  static const char *const names[] = {"embed", "user", "logits"};
  int64_t numbers = (WORDS + LIMIT) * WIDTH + LAYERS * block_numbers() + 2 * WIDTH;
  check_model(*state, sasrec_logits, texts, numbers, VT_COUNT(names), names, 3e-3);
}

/* A history means the same with its padding behind, before, and with more of it; an empty one is finite. */
static void test_history(void **state)
{
  vt_ctx *ctx = *state;
  vt_parameters *parameters;
  assert_ok(ctx, vt_parameters_new(ctx, 3, &parameters));
  vt_run run = {.ctx = ctx, .parameters = parameters};
  static const int64_t histories[4][7] = {
      {4, 9, 2, 0, 0, 0, 0}, {0, 0, 0, 0, 4, 9, 2}, {0, 0, 4, 9, 2, 0, 0}, {0, 0, 0, 0, 0, 0, 0}};
  vt_tensor *ids = vt_reshape(ctx, vt_integers(ctx, 28, histories[0]), VT_DIMS(4, 7));
  vt_sasrec_outputs out;
  vt_sasrec(vt_root(&run), &sasrec, ids, &out);
  assert_ok(ctx, vt_ctx_status(ctx));
  assert_ok(ctx, vt_check_finite(ctx, out.logits, "logits"));
  const float *logits = out.logits->data;
  for (int w = 0; w < WORDS; w++) {
    assert_near(logits[w], logits[WORDS + w], 1e-6);
    assert_near(logits[w], logits[2 * WORDS + w], 1e-6);
  }
  vt_sasrec(vt_root(&run), &sasrec, random_ids(ctx, 1, 1, 9, 1, WORDS), &out);
  assert_fails(ctx, vt_ctx_status(ctx), VT_ERROR_INVALID_ARGUMENT, "9 items, and there are 8 places");
  vt_parameters_free(parameters);
}

/* ---- towers ---- */

static const vt_towers_settings towers = {
    .image = {.width = WIDTH,
              .layers = 1,
              .stem = {8, WIDTH},
              .rows = 2,
              .columns = 2,
              .pool = VT_POOL_QUERY,
              .block = {.heads = 2}},
    .text = {.vocabulary = WORDS,
             .width = WIDTH,
             .layers = 2,
             .limit = LIMIT,
             .no_embed_norm = true,
             .block = {.heads = 2}},
    .width = 8,
};

static vt_tensor *pictures(vt_ctx *ctx, int64_t batch, uint64_t salt)
{
  return random_tensor(ctx, salt, VT_DIMS(batch, 3, 8, 8));
}

static vt_tensor *image_tower(vt_scope s, vt_tensor *x)
{
  return vt_towers_image(s, &towers, x, NULL);
}

static vt_tensor *text_tower(vt_scope s, vt_tensor *ids)
{
  return vt_towers_text(s, &towers, ids, ids);
}

static void test_towers(void **state)
{
  static const char *const image_names[] = {"image.embed", "image.blocks.0.attn.q", "image.embedding"};
  static const char *const text_names[] = {"text.blocks.1.resid_post", "text.embedding"};
  int64_t stem = 8 * 27 + 16 + WIDTH * 8 * 9 + 2 * WIDTH;
  int64_t pool = WIDTH + 4 * (WIDTH * WIDTH + WIDTH);
  check_model(*state, image_tower, pictures,
              stem + 4 * WIDTH + block_numbers() + 2 * WIDTH + pool + 8 * WIDTH, VT_COUNT(image_names),
              image_names, 3e-3);
  check_model(*state, text_tower, texts,
              (WORDS + LIMIT) * WIDTH + 2 * block_numbers() + 2 * WIDTH + 8 * WIDTH, VT_COUNT(text_names),
              text_names, 3e-3);
}

/* Unit rows, logits within ± the temperature's factor, which stops at 100. */
static void test_temperature(void **state)
{
  vt_ctx *ctx = *state;
  vt_parameters *parameters;
  assert_ok(ctx, vt_parameters_new(ctx, 3, &parameters));
  vt_run run = {.ctx = ctx, .parameters = parameters};
  vt_tensor *images = image_tower(vt_root(&run), pictures(ctx, 3, 1));
  vt_tensor *map = random_tensor(ctx, 3, VT_DIMS(2, 6, 4, 4));
  vt_tensor *other = vt_towers_features(vt_sub(vt_root(&run), "cnn"), &towers, map);
  for (int b = 0; b < 3; b++) {
    double sums[2] = {0};
    for (int k = 0; k < 8; k++) {
      sums[0] += pow(((float *)images->data)[b * 8 + k], 2);
      if (b < 2) sums[1] += pow(((float *)other->data)[b * 8 + k], 2);
    }
    assert_near(sums[0], 1, 1e-5);
    if (b < 2) assert_near(sums[1], 1, 1e-5);
  }
  vt_tensor *logits = vt_towers_logits(vt_root(&run), images, images);
  assert_near(((float *)logits->data)[0], 1 / .07, 1e-3);
  *(float *)vt_parameters_find(parameters, "logit_scale")->value->data = 6;
  logits = vt_towers_logits(vt_root(&run), images, images);
  assert_ok(ctx, vt_ctx_status(ctx));
  assert_near(((float *)logits->data)[4], 100, 1e-2);
  vt_parameters_free(parameters);
}

/* ---- adapters ---- */

static vt_tensor *adapted(vt_parameters *parameters, vt_ctx *ctx, const vt_adapter *adapters, int count)
{
  vt_lora lora = {adapters, count};
  vt_run run = {.ctx = ctx, .parameters = parameters, .lora = count ? &lora : NULL};
  vt_tensor *y = bert_pooled(vt_root(&run), texts(ctx, 2, 1));
  assert_ok(ctx, vt_ctx_status(ctx));
  return y;
}

static void test_lora(void **state)
{
  vt_ctx *ctx = *state;
  vt_parameters *parameters;
  assert_ok(ctx, vt_parameters_new(ctx, 3, &parameters));
  vt_adapter both[] = {{.name = "one", .targets = "blocks.*.attn.[qv]_proj", .rank = 4, .alpha = 2},
                       {.name = "two", .targets = "blocks.1.mlp.fc?", .rank = 3}};
  vt_tensor *base = adapted(parameters, ctx, NULL, 0);
  int64_t numbers = vt_parameters_numbers(parameters, true);
  /* new ones change nothing, bit for bit */
  vt_tensor *fresh = adapted(parameters, ctx, both, 2);
  assert_memory_equal(base->data, fresh->data, vt_bytes(base));
  assert_int_equal(vt_parameters_numbers(parameters, true) - numbers,
                   2 * 2 * 4 * 2 * WIDTH + 2 * 3 * (WIDTH + 4 * WIDTH));
  assert_ok(ctx, vt_parameters_train_only(ctx, parameters, (const char *[]){"*.lora_?.one.weight"}, 1));
  assert_int_equal(vt_parameters_numbers(parameters, true), 2 * 2 * 4 * 2 * WIDTH);
  shake(parameters, .2);
  base = adapted(parameters, ctx, NULL, 0);
  vt_tensor *on = adapted(parameters, ctx, both, 2);
  assert_memory_not_equal(base->data, on->data, vt_bytes(base));
  both[0].off = both[1].off = true;
  vt_tensor *off = adapted(parameters, ctx, both, 2);
  assert_memory_equal(base->data, off->data, vt_bytes(base));
  /* merged into the weights: the same answers without them, to rounding */
  assert_ok(ctx, vt_lora_merge(ctx, parameters, &both[0]));
  assert_ok(ctx, vt_lora_merge(ctx, parameters, &both[1]));
  vt_tensor *merged = adapted(parameters, ctx, NULL, 0);
  for (int64_t i = 0; i < vt_count(on); i++)
    assert_near(((float *)merged->data)[i], ((float *)on->data)[i], 1e-5);
  vt_parameters_free(parameters);
}

/* One linear layer by hand: W x + b + alpha/rank · B (A x). */
static void test_lora_formula(void **state)
{
  vt_ctx *ctx = *state;
  vt_parameters *parameters;
  assert_ok(ctx, vt_parameters_new(ctx, 3, &parameters));
  vt_adapter adapter = {.name = "a", .targets = "lin", .rank = 2, .alpha = 6};
  vt_lora lora = {&adapter, 1};
  vt_run run = {.ctx = ctx, .parameters = parameters, .lora = &lora};
  vt_tensor *x = random_tensor(ctx, 1, VT_DIMS(1, 3));
  vt_linear(vt_sub(vt_root(&run), "lin"), x, 2, VT_BIAS);
  shake(parameters, 1);
  vt_tensor *y = vt_linear(vt_sub(vt_root(&run), "lin"), x, 2, VT_BIAS);
  assert_ok(ctx, vt_ctx_status(ctx));
  const float *w = vt_parameters_find(parameters, "lin.weight")->value->data;
  const float *c = vt_parameters_find(parameters, "lin.bias")->value->data;
  const float *a = vt_parameters_find(parameters, "lin.lora_A.a.weight")->value->data;
  const float *b = vt_parameters_find(parameters, "lin.lora_B.a.weight")->value->data;
  for (int o = 0; o < 2; o++) {
    double sum = c[o];
    for (int i = 0; i < 3; i++) {
      double weight = w[o * 3 + i];
      for (int r = 0; r < 2; r++)
        weight += 3 * (double)b[o * 2 + r] * a[r * 3 + i];
      sum += weight * ((float *)x->data)[i];
    }
    assert_near(((float *)y->data)[o], sum, 1e-5);
  }
  vt_parameters_free(parameters);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_bert, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_padding, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_sasrec, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_history, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_towers, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_temperature, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_lora, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_lora_formula, new_context, free_context),
  };
  return cmocka_run_group_tests_name("nn/encoders", tests, NULL, NULL);
}
