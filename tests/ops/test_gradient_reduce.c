/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of reductions.
 */
#include "gradient_case.h"

#define FAST 2e-6

#define AXES(...) op_tensor(ctx, VT_I64, SHAPE(VT_COUNT(((int[]){__VA_ARGS__}))), __VA_ARGS__)

/* Each reduction over every kind of axis list; positive numbers where it needs them. */
static void check_reduction(vt_ctx *ctx, const char *name, double low, double high)
{
  gradient_check(ctx, name, "", FAST, BETWEEN(low, high, SHAPE(3, 4)));
  gradient_check(ctx, name, "keepdims=0", FAST, BETWEEN(low, high, SHAPE(2, 3, 2)));
  gradient_check(ctx, name, "", FAST, BETWEEN(low, high, SHAPE(3, 5)), AXES(1));
  gradient_check(ctx, name, "keepdims=0", FAST, BETWEEN(low, high, SHAPE(3, 5)), AXES(0));
  gradient_check(ctx, name, "keepdims=0", FAST, BETWEEN(low, high, SHAPE(2, 3, 4, 2)), AXES(-1, 1));
  gradient_check(ctx, name, "keepdims=1", FAST, BETWEEN(low, high, SHAPE(2, 3, 4, 2)), AXES(0, -2));
  gradient_check(ctx, name, "noop_with_empty_axes=1", FAST, BETWEEN(low, high, SHAPE(2, 3)));
  gradient_check(ctx, name, "noop_with_empty_axes=1;keepdims=0", FAST, BETWEEN(low, high, SHAPE(2, 3)),
                 AXES(1));
  gradient_check(ctx, name, "", FAST, BETWEEN(low, high, SHAPE(1, 1, 1)), AXES(1));
  gradient_check(ctx, name, "", FAST, BETWEEN(low, high, SCALAR));
  gradient_check(ctx, name, "", FAST, BETWEEN(low, high, SHAPE(3, 0, 2)), AXES(2));
  gradient_check(ctx, name, "keepdims=0", FAST, BETWEEN(low, high, SHAPE(40, 7, 130)), AXES(1));
  gradient_check(ctx, name, "keepdims=0", FAST, BETWEEN(low, high, SHAPE(300, 130)), AXES(1));
}

static void sums_and_means(void **state)
{
  check_reduction(*state, "ReduceSum", -2, 2);
  check_reduction(*state, "ReduceMean", -2, 2);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(sums_and_means),
  };
  return cmocka_run_group_tests_name("ops/gradient_reduce", tests, NULL, NULL);
}
