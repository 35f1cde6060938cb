/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/vit.h"

#include "model_case.h"

enum { WIDTH = 16, CLASSES = 5, PATCH = 4, SIDE = 16, LAYERS = 2 };

static const vt_vit_settings plain = {
    .width = WIDTH,
    .layers = LAYERS,
    .patch = PATCH,
    .rows = 4,
    .columns = 4,
    .classes = CLASSES,
    .block = {.heads = 2},
};

static vt_tensor *images(vt_ctx *ctx, int64_t batch, uint64_t salt)
{
  return random_tensor(ctx, salt, VT_DIMS(batch, 3, SIDE, SIDE));
}

static vt_tensor *logits_of(vt_scope s, const vt_vit_settings *settings, vt_tensor *x)
{
  vt_vit_outputs out;
  vt_vit(s, settings, x, NULL, &out);
  return out.logits;
}

/* Numbers in a block of this width with an MLP of four times it: four square matrices and their biases, the
 * MLP, two norms. */
static int64_t block_numbers(int64_t width)
{
  return 4 * (width * width + width) + 8 * width * width + 5 * width + 4 * width;
}

static int64_t trunk_numbers(void)
{
  return PATCH * PATCH * 3 * WIDTH + WIDTH + LAYERS * block_numbers(WIDTH) + 2 * WIDTH;
}

static vt_tensor *plain_vit(vt_scope s, vt_tensor *x)
{
  return logits_of(s, &plain, x);
}

static void test_plain(void **state)
{
  static const char *const names[] = {
      "embed",
      "blocks.0.resid_pre",
      "blocks.0.norm1",
      "blocks.0.attn.q",
      "blocks.0.attn.k",
      "blocks.0.attn.v",
      "blocks.0.attn.scores",
      "blocks.0.attn.pattern",
      "blocks.0.attn.z",
      "blocks.0.attn.out",
      "blocks.0.resid_mid",
      "blocks.0.norm2",
      "blocks.0.mlp.pre",
      "blocks.0.mlp.post",
      "blocks.0.mlp.out",
      "blocks.0.resid_post",
      "blocks.1.resid_post",
      "final_norm",
      "logits",
  };
  int64_t numbers = trunk_numbers() + WIDTH + 16 * WIDTH + WIDTH * CLASSES + CLASSES;
  check_model(*state, plain_vit, images, numbers, VT_COUNT(names), names, 2e-3);
}

static vt_tensor *sinusoid_vit(vt_scope s, vt_tensor *x)
{
  vt_vit_settings settings = plain;
  settings.positions = VT_POSITIONS_SINUSOID;
  settings.span = 8;
  settings.pool = VT_POOL_MEAN;
  settings.block.post_norm = true;
  return logits_of(s, &settings, x);
}

/* Without tables: no positions, no CLS; post-norm has no last norm. */
static void test_sinusoid(void **state)
{
  int64_t numbers = trunk_numbers() - 2 * WIDTH + WIDTH * CLASSES + CLASSES;
  check_model(*state, sinusoid_vit, images, numbers, 0, NULL, 2e-3);
}

static vt_tensor *rotary_vit(vt_scope s, vt_tensor *x)
{
  vt_vit_settings settings = plain;
  settings.positions = VT_POSITIONS_ROTARY;
  settings.pool = VT_POOL_QUERY;
  settings.stem[0] = 8;
  settings.stem[1] = WIDTH;
  settings.block.norm = VT_NORM_RMS;
  settings.block.gated = true;
  settings.block.activation = VT_SILU;
  settings.block.key_heads = 1;
  return logits_of(s, &settings, x);
}

static void test_rotary_stem(void **state)
{
  int64_t stem = 8 * 27 + 2 * 8 + WIDTH * 8 * 9 + 2 * WIDTH;
  /* q and out are square, k and v half as high; fc1, gate and fc2; two norms of one vector */
  int64_t block = 2 * (WIDTH * WIDTH + WIDTH) + 2 * (WIDTH * WIDTH / 2 + WIDTH / 2) + 3 * 4 * WIDTH * WIDTH +
                  2 * 4 * WIDTH + WIDTH + 2 * WIDTH;
  int64_t pool = WIDTH + 4 * (WIDTH * WIDTH + WIDTH);
  int64_t numbers = stem + LAYERS * block + WIDTH + pool + WIDTH * CLASSES + CLASSES;
  static const char *const names[] = {"pool.pattern", "blocks.1.mlp.pre"};
  check_model(*state, rotary_vit, images, numbers, VT_COUNT(names), names, 2e-3);
}

static vt_tensor *prompt_vit(vt_scope s, vt_tensor *x)
{
  vt_vit_settings settings = plain;
  settings.cls = true;
  settings.pool = VT_POOL_PROMPTS;
  settings.prompts = CLASSES;
  settings.prompts_deep = true;
  return logits_of(s, &settings, x);
}

static void test_prompts(void **state)
{
  int64_t numbers = trunk_numbers() + WIDTH + 16 * WIDTH + LAYERS * CLASSES * WIDTH + WIDTH + 1;
  vt_ctx *ctx = *state;
  vt_parameters *parameters;
  assert_ok(ctx, vt_parameters_new(ctx, 3, &parameters));
  vt_run run = {.ctx = ctx, .parameters = parameters};
  vt_tensor *logits = prompt_vit(vt_root(&run), images(ctx, 2, 1));
  assert_ok(ctx, vt_ctx_status(ctx));
  assert_int_equal(vt_dim(logits, 1), CLASSES);
  assert_int_equal(vt_parameters_numbers(parameters, true), numbers);
  check_recording(ctx, parameters, prompt_vit, images);
  vt_parameters_free(parameters);
}

/* Shapes of what comes out, another grid, a tensor added before the first block, prompts that enter late. */
static void test_outputs(void **state)
{
  vt_ctx *ctx = *state;
  vt_parameters *parameters;
  assert_ok(ctx, vt_parameters_new(ctx, 3, &parameters));
  vt_run run = {.ctx = ctx, .parameters = parameters};
  vt_vit_settings settings = plain;
  settings.prompts = 3;
  settings.prompts_from = 1;
  vt_vit_outputs out, again;
  vt_tensor *x = random_tensor(ctx, 2, VT_DIMS(2, 3, 24, 16));
  vt_vit(vt_root(&run), &settings, x, NULL, &out);
  assert_ok(ctx, vt_ctx_status(ctx));
  assert_int_equal(out.height, 6);
  assert_int_equal(out.across, 4);
  assert_int_equal(out.fronts[0], 1);
  assert_int_equal(out.front, 4);
  assert_int_equal(vt_dim(out.tokens, 1), 4 + 24);
  vt_tensor *map = vt_tokens_to_map(ctx, out.hidden[1], out.fronts[1], out.height, out.across);
  const int64_t shape[] = {2, WIDTH, 6, 4};
  assert_memory_equal(map->dims, shape, sizeof shape);
  /* channel 3 of cell (2, 1) of item 1 is number 3 of token 4 + 2·4 + 1 */
  assert_true(((float *)map->data)[((1 * WIDTH + 3) * 6 + 2) * 4 + 1] ==
              ((float *)out.hidden[1]->data)[(1 * 28 + 13) * WIDTH + 3]);
  vt_tensor *zero = vt_filled(ctx, VT_DIMS(1, 24, WIDTH), 0);
  vt_vit(vt_root(&run), &settings, x, zero, &again);
  assert_memory_equal(again.logits->data, out.logits->data, vt_bytes(out.logits));
  vt_vit(vt_root(&run), &settings, x, vt_plus(ctx, zero, 1), &again);
  assert_memory_not_equal(again.logits->data, out.logits->data, vt_bytes(out.logits));
  vt_vit(vt_root(&run), &settings, random_tensor(ctx, 2, VT_DIMS(2, 3, 25, 16)), NULL, &out);
  assert_fails(ctx, vt_ctx_status(ctx), VT_ERROR_INVALID_ARGUMENT, "patches of 4 pixels");
  vt_parameters_free(parameters);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_plain, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_sinusoid, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_rotary_stem, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_prompts, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_outputs, new_context, free_context),
  };
  return cmocka_run_group_tests_name("nn/vit", tests, NULL, NULL);
}
