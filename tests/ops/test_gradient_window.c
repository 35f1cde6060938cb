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

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(convolution),
  };
  return cmocka_run_group_tests_name("ops/gradient_window", tests, NULL, NULL);
}
