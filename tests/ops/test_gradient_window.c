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
  gradient_check(ctx, "Conv", "group=2;dilations=2,1;pads=2,1,2,1", 1e-6, X(2, 6, 8, 7), X(4, 3, 3, 2));
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
      op_test(average_pool),
      op_test(max_pool),
      op_test(global_pools),
  };
  return cmocka_run_group_tests_name("ops/gradient_window", tests, NULL, NULL);
}
