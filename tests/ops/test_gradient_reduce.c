/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of reductions, running sums and losses.
 */
#include "gradient_case.h"

#include <math.h>

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
  gradient_check_large(ctx, name, "keepdims=0", FAST, BETWEEN(low, high, SHAPE(40, 7, 130)), AXES(1));
  gradient_check_large(ctx, name, "keepdims=0", FAST, BETWEEN(low, high, SHAPE(300, 130)), AXES(1));
}

static void sums_and_means(void **state)
{
  check_reduction(*state, "ReduceSum", -2, 2);
  check_reduction(*state, "ReduceMean", -2, 2);
}

static void norms_and_logarithms(void **state)
{
  check_reduction(*state, "ReduceL1", -2, 2);
  check_reduction(*state, "ReduceL2", -2, 2);
  check_reduction(*state, "ReduceSumSquare", -2, 2);
  check_reduction(*state, "ReduceLogSum", 0.5, 2);
  check_reduction(*state, "ReduceLogSumExp", -2, 2);
}

static void extremes_and_products(void **state)
{
  check_reduction(*state, "ReduceMax", -2, 2);
  check_reduction(*state, "ReduceMin", -2, 2);
  check_reduction(*state, "ReduceProd", 0.8, 1.25);
}

/* The weight of output i in gradient_forward_backward(). */
#define DY(i) gradient_weight(0, i)

static void equal_extremes_share_alike(void **state)
{
  vt_ctx *ctx = *state;
  gradient_run run;
  gradient_forward_backward(
      ctx, "ReduceMax", "", 1,
      OP_LIST(op_f64(ctx, SHAPE(3, 4), 1, 5, 5, 2, 7, 7, 7, 7, -1, -2, -3, -4), AXES(1)), __LINE__, &run);
  op_expect(run.gradients[0], VT_F64, SHAPE(3, 4), 1e-15, 0, DY(0) / 2, DY(0) / 2, 0, DY(1) / 4, DY(1) / 4,
            DY(1) / 4, DY(1) / 4, DY(2), 0, 0, 0);
  gradient_forward_backward(ctx, "ReduceMin", "", 1,
                            OP_LIST(op_f32(ctx, SHAPE(2, 3), 1, 1, 2, 0, -1, 0), AXES(1)), __LINE__, &run);
  op_expect(run.gradients[0], VT_F32, SHAPE(2, 3), 1e-7, DY(0) / 2, DY(0) / 2, 0, 0, DY(1), 0);
}

static void products_with_zeros(void **state)
{
  vt_ctx *ctx = *state;
  gradient_run run;
  gradient_forward_backward(
      ctx, "ReduceProd", "", 1,
      OP_LIST(op_f64(ctx, SHAPE(3, 3), 2, 0, 5, 0, 3, 0, 1e200, 1e200, 1e-200), AXES(1)), __LINE__, &run);
  op_expect(run.gradients[0], VT_F64, SHAPE(3, 3), 1e-14, 0, 10 * DY(0), 0, 0, 0, 0, DY(2), DY(2),
            DY(2) * 1e200 * 1e200);
}

static void norms_at_their_kink_have_gradient_0(void **state)
{
  vt_ctx *ctx = *state;
  gradient_run run;
  static const char *const names[] = {"ReduceL1", "ReduceL2", "ReduceSumSquare"};
  for (int i = 0; i < 3; i++) {
    gradient_forward_backward(ctx, names[i], "", 1, OP_LIST(op_f32(ctx, SHAPE(2, 3), 0), AXES(1)), __LINE__,
                              &run);
    op_expect(run.gradients[0], VT_F32, SHAPE(2, 3), 0, 0);
  }
}

static void log_sum_exp_of_infinities(void **state)
{
  vt_ctx *ctx = *state;
  gradient_run run;
  gradient_forward_backward(ctx, "ReduceLogSumExp", "", 1,
                            OP_LIST(op_f64(ctx, SHAPE(2, 2), -INFINITY, 1, -INFINITY, -INFINITY), AXES(1)),
                            __LINE__, &run);
  op_expect(run.gradients[0], VT_F64, SHAPE(2, 2), 1e-15, 0, DY(0), 0, 0);
}

static void running_sums(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "CumSum", "", FAST, RANDOM(SHAPE(3, 5)), AXES(1));
  gradient_check(ctx, "CumSum", "exclusive=1", FAST, RANDOM(SHAPE(3, 5)), AXES(0));
  gradient_check(ctx, "CumSum", "reverse=1", FAST, RANDOM(SHAPE(2, 3, 4)), AXES(-2));
  gradient_check(ctx, "CumSum", "exclusive=1;reverse=1", FAST, RANDOM(SHAPE(7)), AXES(0));
  gradient_check(ctx, "CumSum", "", FAST, RANDOM(SHAPE(0, 3)), AXES(0));
  gradient_check_large(ctx, "CumSum", "", FAST, RANDOM(SHAPE(3, 60, 200)), AXES(1));
}

#define TARGETS(shape, ...) op_tensor(ctx, VT_I64, shape, __VA_ARGS__)

static void losses_in_all_reductions(void **state)
{
  vt_ctx *ctx = *state;
  static const char *const names[] = {"NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"};
  static const char *const settings[] = {"",
                                         "reduction=none",
                                         "reduction=sum",
                                         "ignore_index=1",
                                         "ignore_index=1;reduction=none",
                                         "ignore_index=1;reduction=sum"};
  for (int i = 0; i < 2; i++)
    for (size_t k = 0; k < VT_COUNT(settings); k++) {
      gradient_check(ctx, names[i], settings[k], FAST, RANDOM(SHAPE(4, 3)), TARGETS(SHAPE(4), 0, 2, 1, 2));
      gradient_check(ctx, names[i], settings[k], FAST, RANDOM(SHAPE(4, 3)), TARGETS(SHAPE(4), 0, 2, 1, 2),
                     BETWEEN(0.5, 2, SHAPE(3)));
      gradient_check(ctx, names[i], settings[k], FAST, RANDOM(SHAPE(2, 3, 1, 2)),
                     TARGETS(SHAPE(2, 1, 2), 1, 2, 0, 2), BETWEEN(0.5, 2, SHAPE(3)));
    }
}

static void entropy_with_its_log_probabilities(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check_outputs(ctx, "SoftmaxCrossEntropyLoss", "", 2, FAST, RANDOM(SHAPE(4, 3)),
                         TARGETS(SHAPE(4), 0, 2, 1, 2));
  gradient_check_outputs(ctx, "SoftmaxCrossEntropyLoss", "reduction=none;ignore_index=2", 2, FAST,
                         RANDOM(SHAPE(2, 5, 3)), TARGETS(SHAPE(2, 3), 0, 2, 1, 2, 4, 3),
                         BETWEEN(0.5, 2, SHAPE(5)));
  gradient_check_outputs(ctx, "SoftmaxCrossEntropyLoss", "reduction=sum", 2, FAST, RANDOM(SHAPE(3, 1000)),
                         TARGETS(SHAPE(3), 0, 999, 17));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(sums_and_means),
      op_test(norms_and_logarithms),
      op_test(extremes_and_products),
      op_test(equal_extremes_share_alike),
      op_test(products_with_zeros),
      op_test(norms_at_their_kink_have_gradient_0),
      op_test(log_sum_exp_of_infinities),
      op_test(running_sums),
      op_test(losses_in_all_reductions),
      op_test(entropy_with_its_log_probabilities),
  };
  return cmocka_run_group_tests_name("ops/gradient_reduce", tests, NULL, NULL);
}
