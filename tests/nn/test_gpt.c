/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/gpt.h"

#include "model_case.h"

enum { VOCABULARY = 11, WIDTH = 16, LAYERS = 2, LENGTH = 7, LIMIT = 12 };

static const vt_gpt_settings plain = {
    .vocabulary = VOCABULARY,
    .width = WIDTH,
    .layers = LAYERS,
    .limit = LIMIT,
    .block = {.heads = 2},
};

static vt_tensor *texts(vt_ctx *ctx, int64_t batch, uint64_t salt)
{
  return random_ids(ctx, salt, batch, LENGTH, 0, VOCABULARY);
}

static vt_tensor *plain_gpt(vt_scope s, vt_tensor *ids)
{
  return vt_gpt(s, &plain, &(vt_gpt_inputs){.ids = ids});
}

static void test_plain(void **state)
{
  int64_t block = 4 * (WIDTH * WIDTH + WIDTH) + 8 * WIDTH * WIDTH + 5 * WIDTH + 4 * WIDTH;
  static const char *const names[] = {"embed", "blocks.1.attn.pattern", "final_norm", "logits"};
  check_model(*state, plain_gpt, texts, (VOCABULARY + LIMIT) * WIDTH + LAYERS * block + 2 * WIDTH,
              VT_COUNT(names), names, 3e-3);
}

static vt_tensor *modern_gpt(vt_scope s, vt_tensor *ids)
{
  vt_gpt_settings settings = plain;
  settings.rotary = settings.untied = true;
  settings.window = 3;
  settings.block = (vt_block_settings){.heads = 4,
                                       .key_heads = 2,
                                       .hidden = 24,
                                       .norm = VT_NORM_RMS,
                                       .activation = VT_SILU,
                                       .gated = true,
                                       .no_bias = true};
  return vt_gpt(s, &settings, &(vt_gpt_inputs){.ids = ids});
}

static void test_modern(void **state)
{
  int64_t block = 3 * WIDTH * WIDTH + 3 * 24 * WIDTH + 2 * WIDTH;
  check_model(*state, modern_gpt, texts, 2 * VOCABULARY * WIDTH + LAYERS * block + WIDTH, 0, NULL, 3e-3);
}

/* A change of token 4 changes nothing before it; with a window of 3 in 2 layers, nothing behind 4 + 2·2. */
static void test_causal(void **state)
{
  vt_ctx *ctx = *state;
  vt_parameters *parameters;
  assert_ok(ctx, vt_parameters_new(ctx, 3, &parameters));
  vt_run run = {.ctx = ctx, .parameters = parameters};
  model_fn models[] = {plain_gpt, modern_gpt};
  for (int m = 0; m < 2; m++) {
    vt_scope s = vt_sub(vt_root(&run), "model%d", m);
    int64_t length = m ? 12 : LENGTH;
    vt_tensor *ids = random_ids(ctx, 4, 1, length, 0, VOCABULARY);
    vt_tensor *before = models[m](s, ids);
    ((int64_t *)ids->data)[4] = (((int64_t *)ids->data)[4] + 1) % VOCABULARY;
    vt_tensor *after = models[m](s, ids);
    assert_ok(ctx, vt_ctx_status(ctx));
    for (int64_t t = 0; t < length; t++) {
      bool same = memcmp((float *)before->data + t * VOCABULARY, (float *)after->data + t * VOCABULARY,
                         VOCABULARY * sizeof(float)) == 0;
      assert_int_equal(same, t < 4 || (m && t > 8));
    }
  }
  vt_parameters_free(parameters);
}

/* Rows put in place of a placeholder, and the error where they do not fit. */
static void test_inject(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *rows = vt_filled(ctx, VT_DIMS(2, 3, 2), 1), *given = vt_filled(ctx, VT_DIMS(3, 2), 0);
  vt_tensor *ids = vt_reshape(ctx, vt_integers(ctx, VT_DIMS(9, 4, 9, 5, 9, 6)), VT_DIMS(2, 3));
  for (int i = 0; i < 6; i++)
    ((float *)given->data)[i] = (float)(10 + i);
  vt_tensor *out = vt_inject_rows(ctx, rows, ids, 9, given);
  assert_ok(ctx, vt_ctx_status(ctx));
  const float expected[] = {10, 11, 1, 1, 12, 13, 1, 1, 14, 15, 1, 1};
  assert_memory_equal(out->data, expected, sizeof expected);
  vt_inject_rows(ctx, rows, ids, 4, given);
  assert_fails(ctx, vt_ctx_status(ctx), VT_ERROR_INVALID_ARGUMENT, "1 places with id 4");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_plain, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_modern, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_causal, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_inject, new_context, free_context),
  };
  return cmocka_run_group_tests_name("nn/gpt", tests, NULL, NULL);
}
