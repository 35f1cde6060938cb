/* SPDX-License-Identifier: Apache-2.0
 *
 * Conv.
 */
#include "kernel_case.h"

static void sums_windows(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(1, 1, 3, 3), 1, 2, 3, 4, 5, 6, 7, 8, 9);
  vt_tensor *w = op_f32(ctx, SHAPE(1, 1, 2, 2), 1, 0, 0, -1);
  op_expect(op_run(ctx, "Conv", "", x, w), VT_F32, SHAPE(1, 1, 2, 2), 0, 1 - 5, 2 - 6, 4 - 8, 5 - 9);
  op_expect(op_run(ctx, "Conv", "strides=2,1;pads=1,0,0,1", x, w, op_f32(ctx, SHAPE(1), 10)), VT_F32,
            SHAPE(1, 1, 2, 3), 0, 10 - 2, 10 - 3, 10, 10 + 4 - 8, 10 + 5 - 9, 10 + 6);
  op_expect(op_run(ctx, "Conv", "dilations=2,2", x, w), VT_F32, SHAPE(1, 1, 1, 1), 0, 1 - 9);
  op_expect(op_run(ctx, "Conv", "dilations=2,2", op_f64(ctx, SHAPE(1, 1, 3, 3), 1, 2, 3, 4, 5, 6, 7, 8, 9.5),
                   op_f64(ctx, SHAPE(1, 1, 2, 2), 1, 0, 0, -1)),
            VT_F64, SHAPE(1, 1, 1, 1), 0, -8.5);
}

/* Half types are computed in f32 and rounded once: 1.0009765625 + 2 is 3.0009765625, between two f16. */
static void rounds_halves_once(void **state)
{
  vt_ctx *ctx = *state;
  for (int plain = 0; plain < 2; plain++) {
    vt_op_force_plain(plain);
    op_expect(op_run(ctx, "Conv", "", op_tensor(ctx, VT_F16, SHAPE(1, 1, 3), 1.0009765625, 2, 8),
                     op_tensor(ctx, VT_F16, SHAPE(1, 1, 2), 1, 1)),
              VT_F16, SHAPE(1, 1, 2), 0, 3, 10);
    op_expect(op_run(ctx, "MatMul", "", op_tensor(ctx, VT_BF16, SHAPE(1, 2), 3, 0.5),
                     op_tensor(ctx, VT_BF16, SHAPE(2), 2, 4)),
              VT_BF16, SHAPE(1), 0, 8);
    op_expect(op_run(ctx, "MaxPool", "kernel_shape=2", op_tensor(ctx, VT_F16, SHAPE(1, 1, 3), -1, -2, -3)),
              VT_F16, SHAPE(1, 1, 2), 0, -1, -2);
    vt_tensor *all[3], *one = op_tensor(ctx, VT_F16, SHAPE(1), 1);
    op_run_all(ctx, "BatchNormalization", "epsilon=0;training_mode=1;momentum=0.5", all, 3,
               op_tensor(ctx, VT_F16, SHAPE(2, 1), 1, 5), one, one, one, one);
    op_expect(all[0], VT_F16, SHAPE(2, 1), 0, 0, 2);
    op_expect(all[1], VT_F16, SHAPE(1), 0, 2);
    op_expect(all[2], VT_F16, SHAPE(1), 0, 2.5);
  }
  vt_op_force_plain(false);
}

static void pads_by_rule(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(1, 1, 4), 1, 2, 3, 4), *w = op_f32(ctx, SHAPE(1, 1, 2), 1, 10);
  op_expect(op_run(ctx, "Conv", "auto_pad=SAME_UPPER", x, w), VT_F32, SHAPE(1, 1, 4), 0, 21, 32, 43, 4);
  op_expect(op_run(ctx, "Conv", "auto_pad=SAME_LOWER", x, w), VT_F32, SHAPE(1, 1, 4), 0, 10, 21, 32, 43);
  op_expect(op_run(ctx, "Conv", "auto_pad=VALID", x, w), VT_F32, SHAPE(1, 1, 3), 0, 21, 32, 43);
  op_expect(op_run(ctx, "Conv", "auto_pad=SAME_UPPER;strides=3", x, w), VT_F32, SHAPE(1, 1, 2), 0, 21, 4);
}

static void keeps_groups_apart(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(1, 2, 2), 1, 2, 3, 4);
  op_expect(op_run(ctx, "Conv", "group=2", x, op_f32(ctx, SHAPE(4, 1, 1), 1, 10, 100, 1000)), VT_F32,
            SHAPE(1, 4, 2), 0, 1, 2, 10, 20, 300, 400, 3000, 4000);
}

static void goes_without_elements(void **state)
{
  vt_ctx *ctx = *state;
  op_expect(op_run(ctx, "Conv", "", op_f32(ctx, SHAPE(0, 1, 3), NO_VALUES), op_f32(ctx, SHAPE(2, 1, 2), 1)),
            VT_F32, SHAPE(0, 2, 2), 0, NO_VALUES);
  /* no input channels: the bias is all there is */
  op_expect(op_run(ctx, "Conv", "", op_f32(ctx, SHAPE(1, 0, 2), NO_VALUES),
                   op_f32(ctx, SHAPE(1, 0, 1), NO_VALUES), op_f32(ctx, SHAPE(1), 3)),
            VT_F32, SHAPE(1, 1, 2), 0, 3, 3);
}

/* Shapes by lot: 1-D to 3-D, groups up to depthwise, odd sizes, strides, dilations, uneven padding up to
 * beyond the kernel. */
static void agrees_with_plain(void **state)
{
  vt_ctx *ctx = *state;
  for (uint64_t seed = 0; seed < 150; seed++) {
    size_t mark = vt_tensor_mark(ctx);
    int axes = (int)kernel_random(seed, 0, 1, 3);
    int64_t group = kernel_random(seed, 1, 0, 2) ? 1 : kernel_random(seed, 2, 1, 20);
    int64_t inside = kernel_random(seed, 3, 0, 1) ? kernel_random(seed, 4, 1, 20) : 1;
    int64_t outputs = group * (kernel_random(seed, 5, 0, 1) ? kernel_random(seed, 6, 1, 19) : 1);
    op_shape x = {axes + 2, {kernel_random(seed, 7, 1, 3), group * inside}};
    op_shape w = {axes + 2, {outputs, inside}};
    char strides[64] = "", dilations[64] = "", before[64] = "", after[64] = "", attributes[400];
    int64_t taps = 1;
    for (int axis = 0; axis < axes; axis++) {
      const char *comma = axis ? "," : "";
      uint64_t at = 10 + 10 * (uint64_t)axis;
      int64_t kernel = kernel_random(seed, at, 1, axes == 3 ? 3 : 5),
              dilation = kernel_random(seed, at + 1, 1, 2);
      x.dims[2 + axis] = (kernel - 1) * dilation + 1 + kernel_random(seed, at + 2, 0, axes == 3 ? 5 : 14);
      w.dims[2 + axis] = kernel;
      taps *= kernel;
      snprintf(strides + strlen(strides), 16, "%s%d", comma, (int)kernel_random(seed, at + 3, 1, 3));
      snprintf(dilations + strlen(dilations), 16, "%s%d", comma, (int)dilation);
      snprintf(before + strlen(before), 16, "%s%d", comma, (int)kernel_random(seed, at + 4, 0, kernel));
      snprintf(after + strlen(after), 16, "%s%d", comma, (int)kernel_random(seed, at + 5, 0, kernel));
    }
    snprintf(attributes, sizeof attributes, "group=%d;strides=%s;dilations=%s;pads=%s,%s", (int)group,
             strides, dilations, before, after);
    vt_tensor *bias =
        kernel_random(seed, 8, 0, 1) ? op_uniform(ctx, VT_F32, SHAPE(outputs), -1, 1, seed + 1000) : NULL;
    kernel_agrees(ctx, "Conv", attributes, 1, kernel_tolerance(inside * taps),
                  op_uniform(ctx, VT_F32, x, -1, 1, seed), op_uniform(ctx, VT_F32, w, -1, 1, seed + 500),
                  bias);
    vt_tensor_release(ctx, mark);
  }
}

/* Layers of real networks, and sizes around the vector lengths. */
static void agrees_on_known_layers(void **state)
{
  static const struct {
    op_shape x, w;
    const char *attributes;
  } cases[] = {
      {{4, {2, 3, 33, 47}}, {4, {32, 3, 3, 3}}, "strides=2,2;pads=1,1,1,1"},
      {{4, {1, 3, 65, 65}}, {4, {64, 3, 7, 7}}, "strides=2,2;pads=3,3,3,3"},
      {{4, {1, 96, 15, 15}}, {4, {96, 1, 5, 5}}, "group=96;pads=2,2,2,2"},
      {{4, {3, 48, 9, 9}}, {4, {48, 1, 3, 3}}, "group=48;strides=2,2;auto_pad=SAME_UPPER"},
      {{4, {2, 17, 13, 11}}, {4, {31, 17, 1, 1}}, ""},
      {{4, {2, 160, 7, 7}}, {4, {320, 160, 1, 1}}, ""},
      {{4, {1, 64, 7, 7}}, {4, {64, 16, 3, 3}}, "group=4;pads=1,1,1,1"},
      {{4, {1, 16, 20, 20}}, {4, {16, 16, 3, 3}}, "dilations=4,4;pads=4,4,4,4"},
      {{4, {1, 1, 28, 28}}, {4, {8, 1, 28, 28}}, ""},
      {{4, {1, 1024, 3, 3}}, {4, {8, 1024, 3, 3}}, ""},
      {{3, {2, 40, 101}}, {3, {24, 40, 9}}, "pads=4,4"},
      {{5, {1, 8, 9, 10, 11}}, {5, {16, 8, 3, 3, 3}}, "pads=1,1,1,1,1,1"},
      {{5, {1, 12, 5, 6, 7}}, {5, {12, 1, 3, 3, 3}}, "group=12;pads=1,1,1,1,1,1"},
  };
  vt_ctx *ctx = *state;
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    size_t mark = vt_tensor_mark(ctx);
    vt_tensor *w = op_uniform(ctx, VT_F32, cases[i].w, -1, 1, i + 50);
    kernel_agrees(ctx, "Conv", cases[i].attributes, 1, kernel_tolerance(vt_span(w, 1, w->rank)),
                  op_uniform(ctx, VT_F32, cases[i].x, -1, 1, i), w,
                  op_uniform(ctx, VT_F32, SHAPE(cases[i].w.dims[0]), -1, 1, i + 100));
    vt_tensor_release(ctx, mark);
  }
}

static void refuses(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(1, 4, 5, 5), 1), *w = op_f32(ctx, SHAPE(6, 2, 3, 3), 1);
  assert_fails(
      ctx, op_try(ctx, "Conv", "", x, w), VT_ERROR_INVALID_MODEL,
      "node 'under test' (Conv): input 0 f32[1,4,5,5] and weights f32[6,2,3,3] do not fit in 1 groups");
  assert_fails(ctx, op_try(ctx, "Conv", "group=4", x, op_f32(ctx, SHAPE(6, 1, 3, 3), 1)),
               VT_ERROR_INVALID_MODEL, "do not fit in 4 groups");
  assert_fails(ctx, op_try(ctx, "Conv", "group=2;dilations=3,1", x, w), VT_ERROR_INVALID_MODEL,
               "window of 3 with dilation 3 is larger than the input of 5 with padding 0 + 0");
  assert_fails(ctx, op_try(ctx, "Conv", "group=2;auto_pad=VALID;dilations=3,1;pads=9,9,9,9", x, w),
               VT_ERROR_INVALID_MODEL, "is larger than the input");
  assert_fails(ctx, op_try(ctx, "Conv", "group=2;strides=0,1", x, w), VT_ERROR_INVALID_MODEL,
               "strides[0] is 0");
  assert_fails(ctx, op_try(ctx, "Conv", "group=2;strides=1", x, w), VT_ERROR_INVALID_MODEL,
               "strides has 1 entries");
  assert_fails(ctx, op_try(ctx, "Conv", "group=2;pads=1,1", x, w), VT_ERROR_INVALID_MODEL, "4 are needed");
  assert_fails(ctx, op_try(ctx, "Conv", "group=2;pads=-1,0,0,0", x, w), VT_ERROR_INVALID_MODEL, "is -1");
  assert_fails(ctx, op_try(ctx, "Conv", "group=2;kernel_shape=3,2", x, w), VT_ERROR_INVALID_MODEL,
               "kernel_shape says 2");
  assert_fails(ctx, op_try(ctx, "Conv", "group=2", x, w, op_f32(ctx, SHAPE(5), 1)), VT_ERROR_INVALID_MODEL,
               "bias is f32[5]; [6] is needed");
  assert_fails(ctx, op_try(ctx, "Conv", "", op_f32(ctx, SHAPE(4, 5), 1), w), VT_ERROR_INVALID_MODEL,
               "1 to 3 spatial");
  assert_fails(ctx, op_try(ctx, "Conv", "", op_f32(ctx, SHAPE(1, 2, 5), 1), w), VT_ERROR_INVALID_MODEL,
               "the number of axes differs");
  assert_fails(ctx, op_try(ctx, "Conv", "group=2;pads=2147483647,2147483647,2147483647,2147483647", x, w),
               VT_ERROR_OUT_OF_MEMORY, "too large");
  assert_fails(ctx, op_try(ctx, "Conv", "group=2;pads=9223372036854775807,0,0,0", x, w),
               VT_ERROR_INVALID_MODEL, "pads (before)[0]");
  assert_fails(ctx, op_try(ctx, "Conv", "", x, op_f64(ctx, SHAPE(1, 4, 1, 1), 1)), VT_ERROR_INVALID_MODEL,
               "element type");
}

/* Long strides and dilations on small inputs: right, whoever computes it. */
static void takes_extreme_settings(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(1, 1, 3), 1, 2, 3), *w = op_f32(ctx, SHAPE(1, 1, 2), 1, 10);
  op_expect(op_run(ctx, "Conv", "strides=2147483647", x, w), VT_F32, SHAPE(1, 1, 1), 0, 21);
  op_expect(op_run(ctx, "Conv", "dilations=2147483647;pads=0,2147483646", x, w), VT_F32, SHAPE(1, 1, 2), 0, 1,
            2);
  op_expect(op_run(ctx, "Conv", "strides=40000;pads=40000,39999", x, w), VT_F32, SHAPE(1, 1, 3), 0, 0, 21, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(sums_windows),           op_test(rounds_halves_once),
      op_test(pads_by_rule),           op_test(keeps_groups_apart),
      op_test(goes_without_elements),  op_test(agrees_with_plain),
      op_test(agrees_on_known_layers), op_test(refuses),
      op_test(takes_extreme_settings),
  };
  return cmocka_run_group_tests_name("ops/conv", tests, NULL, NULL);
}
