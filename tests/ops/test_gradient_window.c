/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of operators that slide windows.
 */
#include "gradient_case.h"

#define X(...) RANDOM(SHAPE(__VA_ARGS__))

static void convolution(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Conv", "pads=1,1,1,1", 1e-6, X(1, 4, 7, 7), X(6, 4, 3, 3));
  gradient_check(ctx, "Conv", "", 1e-6, X(2, 16, 5, 6), X(32, 16, 1, 1), X(32));
  gradient_check(ctx, "Conv", "strides=2,2;pads=1,0,2,1", 1e-6, X(2, 3, 11, 9), X(16, 3, 3, 3), X(16));
  /* one item: channels of the result are shared out */
  gradient_check_large(ctx, "Conv", "pads=1,1,1,1", 1e-6, X(1, 16, 12, 11), X(128, 16, 3, 3));
  gradient_check(ctx, "Conv", "group=2;dilations=2,1;pads=2,1,2,1", 1e-6, X(2, 6, 8, 7), X(4, 3, 3, 2));
}

static void convolution_at_the_edges(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Conv", "", 1e-6, X(1, 1, 1, 1), X(1, 1, 1, 1), X(1));
  gradient_check(ctx, "Conv", "pads=2,2,2,2", 1e-6, X(2, 3, 2, 1), X(5, 3, 5, 4));       /* larger kernel */
  gradient_check(ctx, "Conv", "strides=4,3", 1e-6, X(2, 3, 11, 9), X(5, 3, 2, 1), X(5)); /* unseen inputs */
  gradient_check(ctx, "Conv", "strides=3,2", 1e-6, X(2, 16, 9, 9), X(16, 16, 1, 1), X(16)); /* pointwise */
  gradient_check(ctx, "Conv", "group=5;pads=1,1,1,1", 1e-6, X(2, 5, 6, 7), X(5, 1, 3, 3),
                 X(5)); /* depthwise */
  gradient_check(ctx, "Conv", "group=16;strides=2,2;pads=2,2,2,2", 1e-6, X(3, 16, 11, 10), X(16, 1, 5, 5));
  gradient_check(ctx, "Conv", "group=3;pads=1,1,0,1", 1e-6, X(2, 3, 6, 7), X(6, 1, 3, 3),
                 X(6)); /* two each */
  gradient_check(ctx, "Conv", "group=4;auto_pad=SAME_UPPER;strides=2,2", 1e-6, X(1, 4, 8, 8), X(4, 1, 3, 3));
  gradient_check(ctx, "Conv", "auto_pad=SAME_LOWER;strides=2,1", 1e-6, X(1, 4, 7, 8), X(4, 4, 4, 2), X(4));
  gradient_check(ctx, "Conv", "auto_pad=VALID", 1e-6, X(1, 4, 7, 8), X(4, 4, 3, 2), X(4));
  gradient_check(ctx, "Conv", "pads=1,1", 1e-6, X(0, 4, 7), X(3, 4, 3), X(3)); /* empty batch */
  gradient_check(ctx, "Conv", "pads=1,2;dilations=2;strides=2", 1e-6, X(3, 4, 13), X(6, 4, 3), X(6));
  gradient_check(ctx, "Conv", "pads=1,0,1,0,1,1;strides=1,2,1", 1e-6, X(2, 2, 4, 5, 3), X(4, 2, 3, 2, 3),
                 X(4));
  gradient_check(ctx, "Conv", "group=2;pads=1,1,1,1,1,1", 1e-6, X(1, 4, 4, 5, 3), X(2, 2, 3, 3, 3));
}

static void transposed_convolution(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "ConvTranspose", "", 1e-6, X(1, 1, 1, 1), X(1, 1, 1, 1), X(1));
  gradient_check(ctx, "ConvTranspose", "strides=2,2;pads=1,1,1,1", 1e-6, X(2, 16, 5, 4), X(16, 16, 3, 3),
                 X(16));
  gradient_check(ctx, "ConvTranspose", "strides=3,2;output_padding=2,1;pads=1,0,2,1", 1e-6, X(2, 3, 5, 4),
                 X(3, 5, 3, 3), X(5));
  gradient_check(ctx, "ConvTranspose", "strides=2,2;output_padding=3,2", 1e-6, X(1, 3, 3, 4), X(3, 2, 2, 3));
  gradient_check(ctx, "ConvTranspose", "group=3;dilations=2,1;strides=2,1", 1e-6, X(2, 3, 4, 5),
                 X(3, 2, 3, 3), X(6));
  gradient_check(ctx, "ConvTranspose", "group=4;pads=1,1,1,1", 1e-6, X(2, 4, 4, 5), X(4, 1, 3, 3));
  gradient_check(ctx, "ConvTranspose", "output_shape=9,8;strides=2,2", 1e-6, X(1, 2, 4, 4), X(2, 2, 3, 3));
  gradient_check(ctx, "ConvTranspose", "auto_pad=SAME_UPPER;strides=3,2", 1e-6, X(1, 2, 4, 4), X(2, 2, 4, 3));
  gradient_check(ctx, "ConvTranspose", "strides=2", 1e-6, X(2, 3, 6), X(3, 4, 3), X(4));
  gradient_check(ctx, "ConvTranspose", "strides=2,1,2", 1e-6, X(1, 3, 3, 2, 3), X(3, 2, 2, 3, 2), X(2));
  gradient_check(ctx, "ConvTranspose", "strides=2", 1e-6, X(0, 3, 6), X(3, 4, 3), X(4));
}

/* Fast against plain, whatever comes: kernels of 1 to 5, strides, dilations, paddings, groups; 1-D to 3-D. */
static void convolutions_of_any_kind(void **state)
{
  enum { CASES = 60, SETTINGS = 24 };
  vt_ctx *ctx = *state;
  const char *cases = getenv("VITRAIL_GRADIENT_CASES");
  for (uint64_t c = 0, count = cases ? strtoull(cases, NULL, 10) : CASES; c < count; c++) {
    int axes = (int)kernel_random(1, c, 1, 3);
    bool transposed = kernel_random(2, c, 0, 2) == 0;
    int64_t group = kernel_random(3, c, 0, 1) ? 1 : kernel_random(4, c, 1, 17);
    int64_t inside = kernel_random(5, c, 1, group > 4 ? 2 : 20), outside = kernel_random(6, c, 1, 18);
    if (kernel_random(7, c, 0, 2) == 0) inside = outside = 1;
    op_shape x = {axes + 2, {kernel_random(8, c, 1, 3), group * inside}};
    op_shape w = {axes + 2, {group * (transposed ? inside : outside), transposed ? outside : inside}};
    char attributes[256], strides[SETTINGS] = "", dilations[SETTINGS] = "", begins[SETTINGS] = "",
                          ends[SETTINGS] = "";
    for (int i = 0; i < axes; i++) {
      uint64_t k = c * 4 + (uint64_t)i;
      int64_t kernel = kernel_random(9, k, 1, 5), dilation = kernel_random(10, k, 0, 3) ? 1 : 2;
      int64_t begin = kernel_random(11, k, 0, 2), end = kernel_random(12, k, 0, 2),
              reach = (kernel - 1) * dilation + 1;
      int64_t least = transposed ? 1 + (begin + end) : reach - begin - end;
      x.dims[2 + i] =
          kernel_random(13, k, least > 1 ? least : 1, (least > 1 ? least : 1) + (axes == 3 ? 4 : 14));
      w.dims[2 + i] = kernel;
      const char *comma = i ? "," : "";
      snprintf(strides + strlen(strides), 6, "%s%d", comma, (int)kernel_random(14, k, 1, 3));
      snprintf(dilations + strlen(dilations), 6, "%s%d", comma, (int)dilation);
      snprintf(begins + strlen(begins), 6, "%s%d", comma, (int)begin);
      snprintf(ends + strlen(ends), 6, "%s%d", comma, (int)end);
    }
    snprintf(attributes, sizeof attributes, "group=%d;strides=%s;dilations=%s;pads=%s,%s", (int)group,
             strides, dilations, begins, ends);
    size_t mark = vt_tensor_mark(ctx);
    vt_tensor *inputs[] = {RANDOM(x), RANDOM(w), RANDOM(SHAPE(group * outside))};
    gradient_fast_against_plain(ctx, transposed ? "ConvTranspose" : "Conv", attributes, 1, inputs, 3, 2e-6,
                                (int)c);
    vt_tensor_release(ctx, mark);
  }
}

/* Large enough for the ways of their own: products cut by columns and by rows, depthwise planes. */
static void convolutions_of_special_kinds(void **state)
{
  vt_ctx *ctx = *state;
  const struct {
    const char *name, *attributes;
    op_shape x, w;
  } cases[] = {
      {"Conv", "", SHAPE(2, 24, 50, 50), SHAPE(144, 24, 1, 1)},
      {"Conv", "", SHAPE(3, 100, 11, 10), SHAPE(130, 100, 1, 1)},
      {"Conv", "", SHAPE(1, 7, 103), SHAPE(5, 7, 1)},
      {"Conv", "", SHAPE(2, 40, 3, 6, 7), SHAPE(200, 40, 1, 1, 1)},
      {"ConvTranspose", "", SHAPE(2, 144, 41, 43), SHAPE(144, 24, 1, 1)},
      {"Conv", "group=20;pads=2,2,2,2", SHAPE(3, 20, 9, 7), SHAPE(20, 1, 5, 5)},
      {"Conv", "group=3;pads=2,1,2,3;strides=2,3", SHAPE(2, 3, 29, 31), SHAPE(3, 1, 5, 4)},
      {"Conv", "group=3;pads=4,6,4,6;dilations=2,3;strides=2,2", SHAPE(1, 3, 15, 16), SHAPE(3, 1, 5, 5)},
      {"Conv", "group=2;pads=9,9,9,9", SHAPE(1, 2, 3, 2), SHAPE(2, 1, 7, 7)},
      {"Conv", "group=4;pads=20,20", SHAPE(2, 4, 30), SHAPE(4, 1, 13)},
      {"ConvTranspose", "group=6;pads=2,2,2,2;strides=2,2", SHAPE(2, 6, 9, 8), SHAPE(6, 1, 5, 5)},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    vt_tensor *inputs[] = {RANDOM(cases[i].x), RANDOM(cases[i].w)};
    gradient_fast_against_plain(ctx, cases[i].name, cases[i].attributes, 1, inputs, 2, 2e-6, (int)i);
  }
}

static void unpool(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *outputs[2] = {NULL};
  op_run_all(ctx, "MaxPool", "kernel_shape=2,2;strides=2,2", outputs, 2, X(2, 3, 8, 6));
  gradient_check(ctx, "MaxUnpool", "kernel_shape=2,2;strides=2,2", 1e-6, X(2, 3, 4, 3), outputs[1]);
  gradient_check(ctx, "MaxUnpool", "kernel_shape=2,2;strides=2,2", 1e-6, X(2, 3, 4, 3), outputs[1],
                 op_i64(ctx, SHAPE(4), 2, 3, 9, 7));
  gradient_check(ctx, "MaxUnpool", "kernel_shape=2;strides=2", 1e-6, X(1, 1, 3),
                 op_i64(ctx, SHAPE(1, 1, 3), 4, 1, 4)); /* the last one written is seen */
}

static void equal_values_go_to_the_first(void **state)
{
  vt_ctx *ctx = *state;
  const char *const names[] = {"MaxPool", "GlobalMaxPool"};
  for (size_t i = 0; i < VT_COUNT(names); i++)
    for (int wide = 0; wide < 2; wide++) {
      gradient_run run;
      vt_tensor *x = op_tensor(ctx, wide ? VT_F64 : VT_F32, SHAPE(1, 1, 5), 3, 7, 7, 2, 7);
      gradient_forward_backward(ctx, names[i], i ? "" : "kernel_shape=5", 1, &x, 1, __LINE__, &run);
      op_expect(run.gradients[0], x->type, SHAPE(1, 1, 5), 1e-7, 0, gradient_weight(0, 0), 0, 0, 0);
    }
}

static void lp_pool(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "LpPool", "kernel_shape=3,3;pads=1,1,1,1;strides=2,2", 1e-6, X(2, 3, 7, 8));
  gradient_check(ctx, "LpPool", "kernel_shape=2,3;p=1;dilations=2,1", 1e-6, X(2, 3, 7, 8));
  gradient_check(ctx, "LpPool", "kernel_shape=2,3,2;p=3;ceil_mode=1;strides=2,2,2", 1e-6, X(1, 2, 5, 4, 5));
  gradient_run run;
  vt_tensor *zero = op_f32(ctx, SHAPE(1, 1, 2), 0);
  gradient_forward_backward(ctx, "LpPool", "kernel_shape=2", 1, &zero, 1, __LINE__, &run);
  op_expect(run.gradients[0], VT_F32, SHAPE(1, 1, 2), 0, 0);
}

static void average_pool(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "AveragePool", "kernel_shape=3,3;pads=1,1,1,1;strides=2,2", 1e-6, X(2, 3, 7, 8));
  gradient_check(ctx, "AveragePool", "kernel_shape=3,2;pads=1,0,2,1;count_include_pad=1", 1e-6,
                 X(1, 2, 6, 5));
  gradient_check(ctx, "AveragePool", "kernel_shape=3;strides=3;ceil_mode=1;count_include_pad=1;pads=1,1",
                 1e-6, X(2, 2, 9));
  gradient_check(ctx, "AveragePool", "kernel_shape=2,2,2;auto_pad=SAME_UPPER;dilations=1,2,1", 1e-6,
                 X(1, 2, 3, 4, 5));
  gradient_check(ctx, "AveragePool", "kernel_shape=5,5;pads=3,3,3,3", 1e-6, X(1, 1, 2, 2));
  gradient_check(ctx, "AveragePool", "kernel_shape=1,1;strides=3,2", 1e-6, X(1, 2, 7, 7));
  gradient_check(ctx, "AveragePool", "kernel_shape=2,2", 1e-6, X(0, 2, 7, 7));
}

static void max_pool(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "MaxPool", "kernel_shape=3,3;pads=1,1,1,1;strides=2,2", 1e-6, X(2, 3, 7, 8));
  gradient_check(ctx, "MaxPool", "kernel_shape=2,2;strides=3,3;ceil_mode=1", 1e-6, X(2, 2, 8, 7));
  gradient_check(ctx, "MaxPool", "kernel_shape=3,2;dilations=2,3;pads=1,0,2,1", 1e-6, X(1, 3, 9, 8));
  gradient_check(ctx, "MaxPool", "kernel_shape=2,3,2;auto_pad=SAME_LOWER", 1e-6, X(1, 2, 3, 4, 5));
  gradient_check_outputs(ctx, "MaxPool", "kernel_shape=3;strides=2;storage_order=1", 2, 1e-6, X(2, 2, 9));
  gradient_check(ctx, "MaxPool", "kernel_shape=2,2", 1e-6, X(0, 2, 7, 7));
}

static void global_pools(void **state)
{
  vt_ctx *ctx = *state;
  const char *const names[] = {"GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"};
  for (size_t i = 0; i < VT_COUNT(names); i++) {
    gradient_check(ctx, names[i], "", 1e-6, X(2, 3, 7, 5));
    gradient_check(ctx, names[i], "", 1e-6, X(3, 20, 1, 1));
    gradient_check(ctx, names[i], "", 1e-6, X(1, 2, 3, 4, 5));
    gradient_check(ctx, names[i], "", 1e-6, X(0, 2, 3));
  }
  gradient_check(ctx, "GlobalLpPool", "p=1", 1e-6, X(2, 3, 7));
  gradient_check(ctx, "GlobalLpPool", "p=3", 1e-6, X(2, 3, 7));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(convolution),
      op_test(convolution_at_the_edges),
      op_test(transposed_convolution),
      op_test(convolutions_of_any_kind),
      op_test(convolutions_of_special_kinds),
      op_test(lp_pool),
      op_test(unpool),
      op_test(equal_values_go_to_the_first),
      op_test(average_pool),
      op_test(max_pool),
      op_test(global_pools),
  };
  return cmocka_run_group_tests_name("ops/gradient_window", tests, NULL, NULL);
}
