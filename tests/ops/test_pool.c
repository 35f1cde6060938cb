/* SPDX-License-Identifier: Apache-2.0
 *
 * MaxPool, AveragePool, LpPool, the global pools, MaxUnpool.
 */
#include "kernel_case.h"

static vt_tensor *ramp(vt_ctx *ctx)
{
  return op_f32(ctx, SHAPE(1, 1, 3, 4), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
}

static void takes_the_largest(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *both[2];
  op_expect(op_run(ctx, "MaxPool", "kernel_shape=2,2", ramp(ctx)), VT_F32, SHAPE(1, 1, 2, 3), 0, 6, 7, 8, 10,
            11, 12);
  op_expect(op_run(ctx, "MaxPool", "kernel_shape=2,2;strides=2,2", ramp(ctx)), VT_F32, SHAPE(1, 1, 1, 2), 0,
            6, 8);
  op_expect(op_run(ctx, "MaxPool", "kernel_shape=2,2;strides=2,2;ceil_mode=1", ramp(ctx)), VT_F32,
            SHAPE(1, 1, 2, 2), 0, 6, 8, 10, 12);
  op_expect(op_run(ctx, "MaxPool", "kernel_shape=2,2;dilations=2,3", ramp(ctx)), VT_F32, SHAPE(1, 1, 1, 1), 0,
            12);
  /* padding never wins */
  op_expect(op_run(ctx, "MaxPool", "kernel_shape=2;pads=1,1", op_f32(ctx, SHAPE(1, 1, 2), -3, -5)), VT_F32,
            SHAPE(1, 1, 3), 0, -3, -3, -5);
  op_expect(
      op_run(ctx, "MaxPool", "kernel_shape=2;pads=1,1", op_tensor(ctx, VT_I8, SHAPE(1, 1, 2), -3, -128)),
      VT_I8, SHAPE(1, 1, 3), 0, -3, -3, -128);
  op_expect(op_run(ctx, "MaxPool", "kernel_shape=2", op_u8(ctx, SHAPE(1, 1, 3), 255, 7, 9)), VT_U8,
            SHAPE(1, 1, 2), 0, 255, 9);
  op_expect(op_run(ctx, "MaxPool", "kernel_shape=2", op_f64(ctx, SHAPE(1, 1, 3), 0.5, 7, 9)), VT_F64,
            SHAPE(1, 1, 2), 0, 7, 9);
  op_run_all(ctx, "MaxPool", "kernel_shape=2,2;strides=1,2", both, 2,
             op_f32(ctx, SHAPE(1, 2, 2, 4), 1, 1, 0, 5, 0, 1, 5, 5, 7, 6, 5, 4, 3, 2, 1, 0));
  op_expect(both[0], VT_F32, SHAPE(1, 2, 1, 2), 0, 1, 5, 7, 5);
  op_expect(both[1], VT_I64, SHAPE(1, 2, 1, 2), 0, 0, 3, 8, 10);
  op_run_all(ctx, "MaxPool", "kernel_shape=2,2;strides=2,2;storage_order=1", both, 2, ramp(ctx));
  op_expect(both[1], VT_I64, SHAPE(1, 1, 1, 2), 0, 1 + 3 * 1, 1 + 3 * 3);
  op_run_all(ctx, "MaxPool", "kernel_shape=2", both, 2, op_f32(ctx, SHAPE(1, 1, 3), 1, NAN, 2));
  op_expect(both[0], VT_F32, SHAPE(1, 1, 2), 0, NAN, NAN);
}

static void takes_the_mean(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(1, 1, 3), 3, 6, 12);
  op_expect(op_run(ctx, "AveragePool", "kernel_shape=2", x), VT_F32, SHAPE(1, 1, 2), 0, 4.5, 9);
  op_expect(op_run(ctx, "AveragePool", "kernel_shape=2;pads=1,1", x), VT_F32, SHAPE(1, 1, 4), 0, 3, 4.5, 9,
            12);
  op_expect(op_run(ctx, "AveragePool", "kernel_shape=2;pads=1,1;count_include_pad=1", x), VT_F32,
            SHAPE(1, 1, 4), 0, 1.5, 4.5, 9, 6);
  /* the window that ceil_mode adds reaches beyond the padding: those taps count for nothing */
  op_expect(op_run(ctx, "AveragePool", "kernel_shape=3;strides=2;pads=1,0;ceil_mode=1;count_include_pad=1",
                   op_f32(ctx, SHAPE(1, 1, 3), 3, 6, 12)),
            VT_F32, SHAPE(1, 1, 2), 1e-7, 3, 9);
  /* a window that would begin in the padding behind is not added */
  op_expect(op_run(ctx, "AveragePool", "kernel_shape=1;strides=3;ceil_mode=1", x), VT_F32, SHAPE(1, 1, 1), 0,
            3);
  op_expect(op_run(ctx, "AveragePool", "kernel_shape=2;dilations=2", x), VT_F32, SHAPE(1, 1, 1), 0, 7.5);
  op_expect(op_run(ctx, "AveragePool", "kernel_shape=2;auto_pad=SAME_UPPER", x), VT_F32, SHAPE(1, 1, 3), 0,
            4.5, 9, 12);
  op_expect(op_run(ctx, "LpPool", "kernel_shape=2", op_f32(ctx, SHAPE(1, 1, 3), 3, -4, 0)), VT_F32,
            SHAPE(1, 1, 2), 1e-7, 5, 4);
  op_expect(op_run(ctx, "LpPool", "kernel_shape=2;p=1", op_f64(ctx, SHAPE(1, 1, 3), 3, -4, 0)), VT_F64,
            SHAPE(1, 1, 2), 1e-15, 7, 4);
}

static void pools_globally(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(1, 2, 1, 2), 3, -4, 1, 2);
  op_expect(op_run(ctx, "GlobalAveragePool", "", x), VT_F32, SHAPE(1, 2, 1, 1), 0, -0.5, 1.5);
  op_expect(op_run(ctx, "GlobalMaxPool", "", x), VT_F32, SHAPE(1, 2, 1, 1), 0, 3, 2);
  op_expect(op_run(ctx, "GlobalLpPool", "", x), VT_F32, SHAPE(1, 2, 1, 1), 1e-7, 5, sqrt(5));
  op_expect(op_run(ctx, "GlobalLpPool", "p=1", x), VT_F32, SHAPE(1, 2, 1, 1), 0, 7, 3);
  op_expect(op_run(ctx, "GlobalMaxPool", "", op_f32(ctx, SHAPE(1, 1, 3), 1, NAN, 2)), VT_F32, SHAPE(1, 1, 1),
            0, NAN);
  for (int64_t size = 1; size < 70; size += 3) {
    vt_tensor *y = op_uniform(ctx, VT_F32, SHAPE(2, 3, size, 7), -1, 1, (uint64_t)size);
    kernel_agrees(ctx, "GlobalAveragePool", "", 1, 1e-7, y);
    kernel_agrees(ctx, "GlobalMaxPool", "", 1, 0, y);
  }
}

static void agrees_with_plain(void **state)
{
  static const char *const rules[] = {"", ";auto_pad=SAME_UPPER", ";auto_pad=SAME_LOWER", ";auto_pad=VALID"};
  vt_ctx *ctx = *state;
  for (uint64_t seed = 0; seed < 150; seed++) {
    size_t mark = vt_tensor_mark(ctx);
    int axes = (int)kernel_random(seed, 0, 1, 3);
    op_shape x = {axes + 2, {kernel_random(seed, 1, 1, 3), kernel_random(seed, 2, 1, 35)}};
    char kernels[64] = "", strides[64] = "", before[64] = "", after[64] = "", attributes[400];
    bool ceil_mode = kernel_random(seed, 3, 0, 1), gaps = kernel_random(seed, 4, 0, 5) == 0;
    const char *rule = rules[kernel_random(seed, 5, 0, 4) % 4];
    for (int axis = 0; axis < axes; axis++) {
      const char *comma = axis ? "," : "";
      uint64_t at = 10 + 10 * (uint64_t)axis;
      int64_t kernel = kernel_random(seed, at, 1, axes == 3 ? 3 : 5);
      x.dims[2 + axis] =
          (kernel - 1) * (gaps ? 2 : 1) + 1 + kernel_random(seed, at + 1, 0, axes == 3 ? 5 : 14);
      snprintf(kernels + strlen(kernels), 16, "%s%d", comma, (int)kernel);
      snprintf(strides + strlen(strides), 16, "%s%d", comma, (int)kernel_random(seed, at + 2, 1, 4));
      snprintf(before + strlen(before), 16, "%s%d", comma, (int)kernel_random(seed, at + 3, 0, kernel - 1));
      snprintf(after + strlen(after), 16, "%s%d", comma, (int)kernel_random(seed, at + 4, 0, kernel - 1));
    }
    snprintf(attributes, sizeof attributes, "kernel_shape=%s;strides=%s;pads=%s,%s;ceil_mode=%d%s%s", kernels,
             strides, before, after, ceil_mode, rule,
             gaps ? axes == 1   ? ";dilations=2"
                    : axes == 2 ? ";dilations=2,2"
                                : ";dilations=2,2,2"
                  : "");
    vt_tensor *input = op_uniform(ctx, VT_F32, x, -1, 1, seed);
    kernel_agrees(ctx, "MaxPool", attributes, 1, 0, input);
    kernel_agrees(ctx, "MaxPool", attributes, 2, 0, input);
    kernel_agrees(ctx, "LpPool", attributes, 1, 0, input);
    kernel_agrees(ctx, "AveragePool", attributes, 1, 1e-6, input);
    strcat(attributes, ";count_include_pad=1");
    kernel_agrees(ctx, "AveragePool", attributes, 1, 1e-6, input);
    vt_tensor_release(ctx, mark);
  }
}

static void undoes_pooling(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *both[2];
  op_run_all(ctx, "MaxPool", "kernel_shape=2,2;strides=2,2", both, 2,
             op_f32(ctx, SHAPE(1, 1, 2, 4), 1, 1, 0, 5, 0, 3, 4, 4));
  op_expect(op_run(ctx, "MaxUnpool", "kernel_shape=2,2;strides=2,2", both[0], both[1]), VT_F32,
            SHAPE(1, 1, 2, 4), 0, 0, 0, 0, 5, 0, 3, 0, 0);
  op_expect(op_run(ctx, "MaxUnpool", "kernel_shape=2,2;strides=2,2", both[0], both[1],
                   op_i64(ctx, SHAPE(4), 1, 1, 2, 5)),
            VT_F32, SHAPE(1, 1, 2, 5), 0, 0, 0, 0, 5, 0, 0, 3, 0, 0, 0);
  assert_fails(
      ctx,
      op_try(ctx, "MaxUnpool", "kernel_shape=2,2;strides=2,2", both[0], op_i64(ctx, SHAPE(1, 1, 1, 2), 0, 8)),
      VT_ERROR_INVALID_DATA, "index 8 at 1 points outside");
  assert_fails(
      ctx,
      op_try(ctx, "MaxUnpool", "kernel_shape=2,2;strides=2,2", both[0], op_i64(ctx, SHAPE(1, 1, 1, 2), -1)),
      VT_ERROR_INVALID_DATA, "index -1 at 0");
  assert_fails(ctx, op_try(ctx, "MaxUnpool", "kernel_shape=2,2", both[0], op_i64(ctx, SHAPE(1, 1, 2), 0)),
               VT_ERROR_INVALID_MODEL, "one index for each value");
  assert_fails(ctx,
               op_try(ctx, "MaxUnpool", "kernel_shape=2,2;strides=2,2", both[0], both[1],
                      op_i64(ctx, SHAPE(4), 1, 1, 1, 9)),
               VT_ERROR_INVALID_MODEL, "output_shape does not hold");
}

static void refuses(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = ramp(ctx);
  assert_fails(ctx, op_try(ctx, "MaxPool", "", x), VT_ERROR_INVALID_MODEL, "kernel_shape is missing");
  assert_fails(ctx, op_try(ctx, "MaxPool", "kernel_shape=4,4", x), VT_ERROR_INVALID_MODEL, "window of 4");
  assert_fails(ctx, op_try(ctx, "MaxPool", "kernel_shape=0,4", x), VT_ERROR_INVALID_MODEL,
               "kernel_shape[0] is 0");
  assert_fails(ctx, op_try(ctx, "AveragePool", "kernel_shape=2,2;pads=2,0,0,0", x), VT_ERROR_INVALID_MODEL,
               "not smaller than the window");
  assert_fails(ctx, op_try(ctx, "LpPool", "kernel_shape=2,2;p=0", x), VT_ERROR_INVALID_ARGUMENT, "p");
  assert_fails(ctx, op_try(ctx, "GlobalMaxPool", "", op_f32(ctx, SHAPE(1, 1, 0), NO_VALUES)),
               VT_ERROR_INVALID_MODEL, "sizes of 1 or more");
  /* a window of 2^62 taps over three numbers ends at once */
  op_expect(
      op_run(ctx, "AveragePool", "kernel_shape=2147483647,2147483647;auto_pad=SAME_UPPER;strides=3,4", x),
      VT_F32, SHAPE(1, 1, 1, 1), 1e-7, 6.5);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(takes_the_largest), op_test(takes_the_mean), op_test(pools_globally),
      op_test(agrees_with_plain), op_test(undoes_pooling), op_test(refuses),
  };
  return cmocka_run_group_tests_name("ops/pool", tests, NULL, NULL);
}
