/* SPDX-License-Identifier: Apache-2.0
 *
 * ConvTranspose.
 */
#include "kernel_case.h"

static void spreads_values(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(1, 1, 2), 1, 10), *w = op_f32(ctx, SHAPE(1, 1, 3), 1, 2, 3);
  op_expect(op_run(ctx, "ConvTranspose", "", x, w), VT_F32, SHAPE(1, 1, 4), 0, 1, 12, 23, 30);
  op_expect(op_run(ctx, "ConvTranspose", "strides=2", x, w, op_f32(ctx, SHAPE(1), 100)), VT_F32,
            SHAPE(1, 1, 5), 0, 101, 102, 113, 120, 130);
  op_expect(op_run(ctx, "ConvTranspose", "dilations=2", x, w), VT_F32, SHAPE(1, 1, 6), 0, 1, 10, 2, 20, 3,
            30);
  op_expect(op_run(ctx, "ConvTranspose", "strides=2;pads=1,0", x, w), VT_F32, SHAPE(1, 1, 4), 0, 2, 13, 20,
            30);
  op_expect(op_run(ctx, "ConvTranspose", "strides=2;output_padding=1", x, w), VT_F32, SHAPE(1, 1, 6), 0, 1, 2,
            13, 20, 30, 0);
  op_expect(op_run(ctx, "ConvTranspose", "", op_f64(ctx, SHAPE(1, 1, 2), 1, 10),
                   op_f64(ctx, SHAPE(1, 1, 2), 1, 0.5)),
            VT_F64, SHAPE(1, 1, 3), 0, 1, 10.5, 5);
}

static void fits_the_output_asked_for(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(1, 1, 2), 1, 10), *w = op_f32(ctx, SHAPE(1, 1, 3), 1, 2, 3);
  /* of the whole 1 2 13 20 30 one is cut off: before, unless SAME_UPPER says behind */
  op_expect(op_run(ctx, "ConvTranspose", "strides=2;output_shape=4", x, w), VT_F32, SHAPE(1, 1, 4), 0, 2, 13,
            20, 30);
  op_expect(op_run(ctx, "ConvTranspose", "strides=2;output_shape=4;auto_pad=SAME_UPPER", x, w), VT_F32,
            SHAPE(1, 1, 4), 0, 1, 2, 13, 20);
  op_expect(op_run(ctx, "ConvTranspose", "strides=2;auto_pad=SAME_LOWER", x, w), VT_F32, SHAPE(1, 1, 4), 0, 2,
            13, 20, 30);
  op_expect(op_run(ctx, "ConvTranspose", "strides=2;output_shape=1,1,3", x, w), VT_F32, SHAPE(1, 1, 3), 0, 2,
            13, 20);
  op_expect(op_run(ctx, "ConvTranspose", "strides=2;output_shape=7", x, w), VT_F32, SHAPE(1, 1, 7), 0, 1, 2,
            13, 20, 30, 0, 0);
}

static void keeps_groups_apart(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(1, 2, 2), 1, 2, 3, 4);
  op_expect(op_run(ctx, "ConvTranspose", "group=2", x, op_f32(ctx, SHAPE(2, 2, 1), 1, 10, 100, 1000)), VT_F32,
            SHAPE(1, 4, 2), 0, 1, 2, 10, 20, 300, 400, 3000, 4000);
  op_expect(op_run(ctx, "ConvTranspose", "", x, op_f32(ctx, SHAPE(2, 2, 1), 1, 10, 100, 1000)), VT_F32,
            SHAPE(1, 2, 2), 0, 301, 402, 3010, 4020);
}

static void agrees_with_plain(void **state)
{
  vt_ctx *ctx = *state;
  for (uint64_t seed = 0; seed < 120; seed++) {
    size_t mark = vt_tensor_mark(ctx);
    int axes = (int)kernel_random(seed, 0, 1, 3);
    int64_t group = kernel_random(seed, 1, 0, 2) ? 1 : kernel_random(seed, 2, 1, 18);
    int64_t inside = kernel_random(seed, 3, 0, 1) ? kernel_random(seed, 4, 1, 20) : 1;
    int64_t outputs = kernel_random(seed, 5, 0, 1) ? kernel_random(seed, 6, 1, 19) : 1;
    op_shape x = {axes + 2, {kernel_random(seed, 7, 1, 3), group * inside}};
    op_shape w = {axes + 2, {group * inside, outputs}};
    char strides[64] = "", dilations[64] = "", before[64] = "", after[64] = "", extra[64] = "",
         attributes[400];
    int64_t taps = 1;
    for (int axis = 0; axis < axes; axis++) {
      const char *comma = axis ? "," : "";
      uint64_t at = 10 + 10 * (uint64_t)axis;
      int64_t kernel = kernel_random(seed, at, 1, axes == 3 ? 3 : 5),
              dilation = kernel_random(seed, at + 1, 1, 2);
      int64_t stride = kernel_random(seed, at + 3, 1, 3);
      x.dims[2 + axis] = kernel_random(seed, at + 2, 2, axes == 3 ? 5 : 12) + kernel;
      w.dims[2 + axis] = kernel;
      taps *= kernel;
      snprintf(strides + strlen(strides), 16, "%s%d", comma, (int)stride);
      snprintf(dilations + strlen(dilations), 16, "%s%d", comma, (int)dilation);
      snprintf(before + strlen(before), 16, "%s%d", comma, (int)kernel_random(seed, at + 4, 0, kernel));
      snprintf(after + strlen(after), 16, "%s%d", comma, (int)kernel_random(seed, at + 5, 0, kernel));
      snprintf(extra + strlen(extra), 16, "%s%d", comma, (int)kernel_random(seed, at + 6, 0, stride - 1));
    }
    snprintf(attributes, sizeof attributes, "group=%d;strides=%s;dilations=%s;pads=%s,%s;output_padding=%s",
             (int)group, strides, dilations, before, after, extra);
    vt_tensor *bias = kernel_random(seed, 8, 0, 1)
                          ? op_uniform(ctx, VT_F32, SHAPE(group * outputs), -1, 1, seed + 1000)
                          : NULL;
    kernel_agrees(ctx, "ConvTranspose", attributes, 1, kernel_tolerance(inside * taps),
                  op_uniform(ctx, VT_F32, x, -1, 1, seed), op_uniform(ctx, VT_F32, w, -1, 1, seed + 500),
                  bias);
    vt_tensor_release(ctx, mark);
  }
}

/* ⟨conv(x), y⟩ = ⟨x, convᵀ(y)⟩ for the same weights: what "transposed" means. */
static void is_the_transpose_of_conv(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_uniform(ctx, VT_F64, SHAPE(2, 6, 9, 8), -1, 1, 1),
            *w = op_uniform(ctx, VT_F64, SHAPE(4, 3, 3, 2), -1, 1, 2);
  vt_tensor *there = op_run(ctx, "Conv", "group=2;strides=2,3;pads=1,0,1,2;dilations=1,2", x, w);
  vt_tensor *y = op_uniform(ctx, VT_F64, (op_shape){4, {2, 4, there->dims[2], there->dims[3]}}, -1, 1, 3);
  vt_tensor *back =
      op_run(ctx, "ConvTranspose", "group=2;strides=2,3;pads=1,0,1,2;dilations=1,2;output_padding=0,1", y, w);
  assert_true(vt_same_shape(x, back));
  double left = 0, right = 0;
  for (int64_t i = 0; i < vt_count(y); i++)
    left += vt_get_f64(there, i) * vt_get_f64(y, i);
  for (int64_t i = 0; i < vt_count(x); i++)
    right += vt_get_f64(x, i) * vt_get_f64(back, i);
  assert_near(left, right, 1e-12);
}

static void refuses(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(1, 4, 5), 1), *w = op_f32(ctx, SHAPE(4, 2, 3), 1);
  assert_fails(ctx, op_try(ctx, "ConvTranspose", "group=3", x, w), VT_ERROR_INVALID_MODEL,
               "input 0 f32[1,4,5] and weights f32[4,2,3] do not fit in 3 groups");
  assert_fails(ctx, op_try(ctx, "ConvTranspose", "pads=4,4", x, w), VT_ERROR_INVALID_MODEL,
               "leave an output of -1");
  assert_fails(ctx, op_try(ctx, "ConvTranspose", "", x, w, op_f32(ctx, SHAPE(4), 1)), VT_ERROR_INVALID_MODEL,
               "bias is f32[4]; [2] is needed");
  assert_fails(ctx, op_try(ctx, "ConvTranspose", "output_padding=-1", x, w), VT_ERROR_INVALID_MODEL,
               "output_padding[0]");
  assert_fails(ctx, op_try(ctx, "ConvTranspose", "output_shape=0", x, w), VT_ERROR_INVALID_MODEL,
               "output_shape[0]");
  assert_fails(ctx, op_try(ctx, "ConvTranspose", "output_shape=1,2,3,4", x, w), VT_ERROR_INVALID_MODEL,
               "output_shape has 4 entries");
  assert_fails(ctx, op_try(ctx, "ConvTranspose", "", op_f32(ctx, SHAPE(1, 4, 0), NO_VALUES), w),
               VT_ERROR_INVALID_MODEL, "input 0, window 3");
  vt_ctx_set_max_memory(ctx, 1 << 20);
  assert_fails(ctx, op_try(ctx, "ConvTranspose", "strides=2147483647", x, w), VT_ERROR_OUT_OF_MEMORY,
               "limit");
  vt_ctx_set_max_memory(ctx, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(spreads_values),    op_test(fits_the_output_asked_for), op_test(keeps_groups_apart),
      op_test(agrees_with_plain), op_test(is_the_transpose_of_conv),  op_test(refuses),
  };
  return cmocka_run_group_tests_name("ops/conv_transpose", tests, NULL, NULL);
}
