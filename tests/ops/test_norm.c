/* SPDX-License-Identifier: Apache-2.0
 *
 * Normalisation operators.
 */
#include "kernel_case.h"

static void batch_by_hand(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2, 2, 1), 1, 2, 3, 6), *all[3];
  vt_tensor *scale = op_f32(ctx, SHAPE(2), 2, 1), *bias = op_f32(ctx, SHAPE(2), 0, 10);
  vt_tensor *mean = op_f32(ctx, SHAPE(2), 1, 2), *variance = op_f32(ctx, SHAPE(2), 3, 15);
  op_expect(op_run(ctx, "BatchNormalization", "epsilon=1", x, scale, bias, mean, variance), VT_F32,
            SHAPE(2, 2, 1), 1e-7, 0, 10, 2, 11);
  /* batch means 2 and 4, variances 1 and 4 */
  op_run_all(ctx, "BatchNormalization", "epsilon=0;training_mode=1;momentum=0.75", all, 3, x, scale, bias,
             mean, variance);
  op_expect(all[0], VT_F32, SHAPE(2, 2, 1), 1e-7, -2, 9, 2, 11);
  op_expect(all[1], VT_F32, SHAPE(2), 1e-7, 0.75 + 0.25 * 2, 1.5 + 1);
  op_expect(all[2], VT_F32, SHAPE(2), 1e-7, 0.75 * 3 + 0.25, 0.75 * 15 + 1);
  op_expect(op_run(ctx, "BatchNormalization", "epsilon=0", op_f64(ctx, SHAPE(2), 5, 9),
                   op_f64(ctx, SHAPE(1), 3), op_f64(ctx, SHAPE(1), 1), op_f64(ctx, SHAPE(1), 5),
                   op_f64(ctx, SHAPE(1), 4)),
            VT_F64, SHAPE(2), 1e-15, 1, 7);
}

static void others_by_hand(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(1, 2, 2), 1, 3, 10, 30), *all[3];
  vt_tensor *scale = op_f32(ctx, SHAPE(2), 1, 2), *bias = op_f32(ctx, SHAPE(2), 0, 5);
  op_expect(op_run(ctx, "InstanceNormalization", "epsilon=0", x, scale, bias), VT_F32, SHAPE(1, 2, 2), 1e-6,
            -1, 1, 3, 7);
  op_expect(op_run(ctx, "GroupNormalization", "epsilon=0;num_groups=2", x, scale, bias), VT_F32,
            SHAPE(1, 2, 2), 1e-6, -1, 1, 3, 7);
  /* one group: mean 11, variance 131.5 */
  op_expect(op_run(ctx, "GroupNormalization", "epsilon=0;num_groups=1", x, scale, bias), VT_F32,
            SHAPE(1, 2, 2), 1e-6, -10 / sqrt(131.5), -8 / sqrt(131.5), 5 - 2 / sqrt(131.5),
            5 + 38 / sqrt(131.5));
  op_run_all(ctx, "LayerNormalization", "epsilon=0", all, 3, x, scale, bias);
  op_expect(all[0], VT_F32, SHAPE(1, 2, 2), 1e-6, -1, 7, -1, 7);
  op_expect(all[1], VT_F32, SHAPE(1, 2, 1), 1e-6, 2, 20);
  op_expect(all[2], VT_F32, SHAPE(1, 2, 1), 1e-6, 1, 0.1);
  /* a scale for each row of several: broadcast from the left */
  op_expect(op_run(ctx, "LayerNormalization", "epsilon=0", x, op_f32(ctx, SHAPE(2, 1), 1, 100)), VT_F32,
            SHAPE(1, 2, 2), 1e-6, -1, 1, -100, 100);
  op_expect(op_run(ctx, "RMSNormalization", "epsilon=0", op_f32(ctx, SHAPE(1, 2), 1, 7), scale), VT_F32,
            SHAPE(1, 2), 1e-6, 0.2, 2.8);
  op_expect(op_run(ctx, "LpNormalization", "", op_f32(ctx, SHAPE(2, 2), 3, -4, 0, 0)), VT_F32, SHAPE(2, 2),
            1e-7, 0.6, -0.8, 0, 0);
  op_expect(op_run(ctx, "LpNormalization", "axis=0;p=1", op_f32(ctx, SHAPE(2, 2), 3, -4, 1, 0)), VT_F32,
            SHAPE(2, 2), 1e-7, 0.75, -1, 0.25, 0);
  op_expect(op_run(ctx, "MeanVarianceNormalization", "axes=0", op_f32(ctx, SHAPE(2, 2), 1, 10, 3, 30)),
            VT_F32, SHAPE(2, 2), 1e-6, -1, -1, 1, 1);
  op_expect(op_run(ctx, "MeanVarianceNormalization", "", op_f64(ctx, SHAPE(2, 1, 1, 2), 1, 3, 1, 3)), VT_F64,
            SHAPE(2, 1, 1, 2), 2e-9, -1, 1, -1, 1);
  /* windows of two channels reach one channel ahead */
  op_expect(op_run(ctx, "LRN", "size=2;alpha=2;beta=1;bias=0", op_f32(ctx, SHAPE(1, 3, 1), 1, 2, 4)), VT_F32,
            SHAPE(1, 3, 1), 1e-6, 1. / 5, 2. / 20, 4. / 16);
}

static void agrees_with_plain(void **state)
{
  vt_ctx *ctx = *state;
  for (uint64_t seed = 0; seed < 60; seed++) {
    size_t mark = vt_tensor_mark(ctx);
    int64_t channels = kernel_random(seed, 0, 1, 12), height = kernel_random(seed, 1, 1, 20);
    int64_t width = kernel_random(seed, 2, 2, 90), batch = kernel_random(seed, 3, 1, 4);
    char attributes[64];
    vt_tensor *x = op_uniform(ctx, VT_F32, SHAPE(batch, channels, height, width), -1, 3, seed);
    vt_tensor *scale = op_uniform(ctx, VT_F32, SHAPE(channels), -1, 1, seed + 1);
    vt_tensor *bias = op_uniform(ctx, VT_F32, SHAPE(channels), -1, 1, seed + 2);
    vt_tensor *mean = op_uniform(ctx, VT_F32, SHAPE(channels), -1, 1, seed + 3);
    vt_tensor *variance = op_uniform(ctx, VT_F32, SHAPE(channels), 0.1, 2, seed + 4);
    /* statistics are f64 in both; what is left are five f32 roundings of an element */
    kernel_agrees(ctx, "BatchNormalization", "", 1, 1e-6, x, scale, bias, mean, variance);
    kernel_agrees(ctx, "BatchNormalization", "training_mode=1", 3, 1e-6, x, scale, bias, mean, variance);
    kernel_agrees(ctx, "InstanceNormalization", "", 1, 1e-6, x, scale, bias);
    int64_t groups = kernel_random(seed, 4, 1, channels);
    while (channels % groups)
      groups--;
    snprintf(attributes, sizeof attributes, "num_groups=%d", (int)groups);
    kernel_agrees(ctx, "GroupNormalization", attributes, 1, 1e-6, x, scale, bias);
    vt_tensor *row = op_uniform(ctx, VT_F32, SHAPE(width), -1, 1, seed + 5);
    kernel_agrees(ctx, "LayerNormalization", "", 3, 1e-6, x, row,
                  op_uniform(ctx, VT_F32, SHAPE(width), -1, 1, seed + 6));
    kernel_agrees(ctx, "LayerNormalization", "axis=-2", 3, 1e-6, x,
                  op_uniform(ctx, VT_F32, SHAPE(1, height, width), -1, 1, seed + 7));
    kernel_agrees(ctx, "LayerNormalization", "axis=1", 1, 1e-6, x, row, NULL);
    kernel_agrees(ctx, "RMSNormalization", "", 1, 1e-6, x, row);
    kernel_agrees(ctx, "LRN", "size=5;alpha=0.5", 1, 1e-6, x);
    kernel_agrees(ctx, "LRN", "size=4;alpha=0.5;beta=0.3;bias=2", 1, 1e-6, x);
    vt_tensor_release(ctx, mark);
  }
}

/* Large mean, small spread: what a one-pass variance in f32 gets wrong altogether. */
static void survives_a_large_mean(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(1, 1, 4), 10000, 10001, 10002, 10003), *one = op_f32(ctx, SHAPE(1), 1);
  double d = sqrt(1.25);
  vt_tensor *zero = op_f32(ctx, SHAPE(1), 0);
  op_expect(op_run(ctx, "InstanceNormalization", "epsilon=0", x, one, zero), VT_F32, SHAPE(1, 1, 4), 1e-6,
            -1.5 / d, -0.5 / d, 0.5 / d, 1.5 / d);
  op_expect(op_run(ctx, "BatchNormalization", "epsilon=0;training_mode=1", x, one, zero, zero, one), VT_F32,
            SHAPE(1, 1, 4), 1e-6, -1.5 / d, -0.5 / d, 0.5 / d, 1.5 / d);
}

static void refuses(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(1, 4, 2), 1), *four = op_f32(ctx, SHAPE(4), 1),
            *two = op_f32(ctx, SHAPE(2), 1);
  vt_tensor *all[3];
  assert_fails(ctx, op_try(ctx, "BatchNormalization", "", x, four, four, two, four), VT_ERROR_INVALID_MODEL,
               "input 3 is f32[2]; [4], one number a channel, is needed");
  assert_fails(ctx, op_call(ctx, "BatchNormalization", "", NULL, all, 3, OP_LIST(x, four, four, four, four)),
               VT_ERROR_INVALID_MODEL, "training_mode");
  assert_fails(ctx,
               op_try(ctx, "BatchNormalization", "training_mode=1", op_f32(ctx, SHAPE(0, 4), NO_VALUES), four,
                      four, four, four),
               VT_ERROR_INVALID_MODEL, "no elements");
  assert_fails(ctx, op_try(ctx, "GroupNormalization", "num_groups=3", x, four, four), VT_ERROR_INVALID_MODEL,
               "4 channels cannot be divided into 3 groups");
  assert_fails(ctx, op_try(ctx, "InstanceNormalization", "", x, two, two), VT_ERROR_INVALID_MODEL,
               "input 1 is f32[2]");
  assert_fails(ctx, op_try(ctx, "LayerNormalization", "", x, op_f32(ctx, SHAPE(3), 1)),
               VT_ERROR_INVALID_MODEL, "input 1 is f32[3], which does not broadcast to f32[1,4,2]");
  assert_fails(ctx, op_try(ctx, "LayerNormalization", "axis=3", x, two), VT_ERROR_INVALID_ARGUMENT, "axis");
  assert_fails(ctx, op_try(ctx, "LayerNormalization", "stash_type=10", x, two), VT_ERROR_UNSUPPORTED,
               "stash_type 10");
  assert_fails(ctx, op_try(ctx, "LRN", "size=0", x), VT_ERROR_INVALID_ARGUMENT, "size");
  assert_fails(ctx, op_try(ctx, "LRN", "size=3", two), VT_ERROR_INVALID_MODEL, "[batch, channels, …]");
  assert_fails(ctx, op_try(ctx, "MeanVarianceNormalization", "", x), VT_ERROR_INVALID_ARGUMENT, "axes");
  op_expect(op_run(ctx, "LRN", "size=2147483647;beta=0", x), VT_F32, SHAPE(1, 4, 2), 0, 1);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(batch_by_hand),         op_test(others_by_hand), op_test(agrees_with_plain),
      op_test(survives_a_large_mean), op_test(refuses),
  };
  return cmocka_run_group_tests_name("ops/norm", tests, NULL, NULL);
}
