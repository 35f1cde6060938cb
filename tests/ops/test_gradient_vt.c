/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of the operators of the domain vt. Those that are not the derivative of the value (straight
 * through, scaled, estimates of thresholds) are compared with their formulas instead of differences.
 */
#include "gradient_case.h"

#define ROUNDED 1e-6
#define ADDED   1e-5

/* One of the pseudo-gradients against what `expect` computes, in f64 and in f32 with one and two threads. */
typedef double (*expected_fn)(vt_tensor *const *inputs, int input, int64_t index);

static void pseudo_check(vt_ctx *ctx, const char *name, const char *attributes, expected_fn expect,
                         vt_tensor *const *inputs, int count)
{
  double worst[2] = {0};
  for (int type = 0; type < 2; type++) {
    vt_tensor *own[GRADIENT_INPUTS] = {NULL};
    for (int i = 0; i < count; i++) {
      own[i] = vt_tensor_new(ctx, type ? VT_F32 : VT_F64, inputs[i]->rank, inputs[i]->dims);
      for (int64_t k = 0; k < vt_count(own[i]); k++)
        op_put(own[i], k, vt_get_f64(inputs[i], k));
    }
    gradient_run run, again;
    vt_ctx_set_threads(ctx, 2);
    gradient_forward_backward(ctx, name, attributes, 1, own, count, __LINE__, &run);
    vt_ctx_set_threads(ctx, 1);
    gradient_forward_backward(ctx, name, attributes, 1, own, count, __LINE__, &again);
    for (int i = 0; i < count; i++) {
      double difference = 0, norm = 0;
      if (run.gradients[i])
        assert_memory_equal(run.gradients[i]->data, again.gradients[i]->data, vt_bytes(run.gradients[i]));
      for (int64_t k = 0; k < vt_count(own[i]); k++) {
        double wanted = expect(own, i, k), found = run.gradients[i] ? vt_get_f64(run.gradients[i], k) : 0;
        difference += (found - wanted) * (found - wanted);
        norm += wanted * wanted;
      }
      double error = difference == 0 ? 0 : sqrt(difference / norm);
      if (!(error <= (type ? 1e-6 : 1e-14)))
        fail_msg("%s %s: gradient of input %d is %.3g away", name, attributes, i, error);
      if (error > worst[type]) worst[type] = error;
    }
  }
  gradient_note(name, attributes, inputs, count, worst[0], worst[1]);
}

static double weight(vt_tensor *const *inputs, int64_t index)
{
  return inputs[0]->type == VT_F32 ? (double)(float)gradient_weight(0, index) : gradient_weight(0, index);
}

static double to_the_soft_one(vt_tensor *const *inputs, int input, int64_t index)
{
  return input == 1 ? weight(inputs, index) : 0;
}

static double nowhere(vt_tensor *const *inputs, int input, int64_t index)
{
  VT_UNUSED(inputs), VT_UNUSED(input), VT_UNUSED(index);
  return 0;
}

static double reversed_and_halved(vt_tensor *const *inputs, int input, int64_t index)
{
  VT_UNUSED(input);
  return -0.5 * weight(inputs, index);
}

static void what_passes_is_told_where(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x[] = {RANDOM(SHAPE(3, 5)), RANDOM(SHAPE(3, 5))};
  pseudo_check(ctx, "vt.StraightThrough", "", to_the_soft_one, x, 2);
  pseudo_check(ctx, "vt.StopGradient", "", nowhere, x, 1);
  pseudo_check(ctx, "vt.GradientScale", "scale=-0.5", reversed_and_halved, x, 1);
  gradient_check(ctx, "vt.GradientScale", "", ROUNDED, RANDOM(SHAPE(2, 0, 3)));
}

/* Sums over the rows of x [rows, columns] with a threshold for each column; bandwidth 0.5. */
static double near_threshold(vt_tensor *const *inputs, int64_t column, bool jump)
{
  double sum = 0, threshold = vt_get_f64(inputs[1], column);
  for (int64_t row = 0; row < inputs[0]->dims[0]; row++) {
    int64_t at = row * inputs[0]->dims[1] + column;
    if (fabs(vt_get_f64(inputs[0], at) - threshold) < 0.25)
      sum -= (jump ? threshold : 1) / 0.5 * weight(inputs, at);
  }
  return sum;
}

static double jump_expected(vt_tensor *const *inputs, int input, int64_t index)
{
  if (input == 1) return near_threshold(inputs, index, true);
  return vt_get_f64(inputs[0], index) > vt_get_f64(inputs[1], index % inputs[0]->dims[1])
             ? weight(inputs, index)
             : 0;
}

static double step_expected(vt_tensor *const *inputs, int input, int64_t index)
{
  return input == 1 ? near_threshold(inputs, index, false) : 0;
}

static void thresholds_are_estimated(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x[] = {BETWEEN(-1, 1, SHAPE(40, 7)), BETWEEN(0, 0.4, SHAPE(7))};
  int near = 0;
  for (int64_t i = 0; i < 280; i++)
    near += fabs(vt_get_f64(x[0], i) - vt_get_f64(x[1], i % 7)) < 0.25;
  assert_in_range(near, 20, 260); /* both sides of the kernel are met */
  pseudo_check(ctx, "vt.JumpReLU", "bandwidth=0.5", jump_expected, x, 2);
  pseudo_check(ctx, "vt.Step", "bandwidth=0.5", step_expected, x, 2);
  /* where no threshold is near, it is the derivative */
  gradient_check(ctx, "vt.JumpReLU", "bandwidth=0.01", ROUNDED, BETWEEN(0.3, 2, SHAPE(3, 4)),
                 BETWEEN(0, 0.2, SHAPE(1)));
}

static void gamma_functions_follow_each_other(void **state)
{
  vt_ctx *ctx = *state;
  const double ranges[][2] = {{0.1, 3}, {5, 30}, {-0.9, -0.1}, {-3.9, -3.1}};
  for (size_t i = 0; i < VT_COUNT(ranges); i++) {
    gradient_check(ctx, "vt.Lgamma", "", ROUNDED, BETWEEN(ranges[i][0], ranges[i][1], SHAPE(3, 7)));
    gradient_check(ctx, "vt.Digamma", "", ROUNDED, BETWEEN(ranges[i][0], ranges[i][1], SHAPE(3, 7)));
  }
}

static void bins_share_their_gradient(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "vt.AdaptiveAveragePool", "output_size=3", ROUNDED, RANDOM(SHAPE(2, 2, 5)));
  gradient_check(ctx, "vt.AdaptiveAveragePool", "output_size=3,2", ROUNDED, RANDOM(SHAPE(1, 3, 7, 5)));
  gradient_check(ctx, "vt.AdaptiveAveragePool", "output_size=4,1", ROUNDED, RANDOM(SHAPE(1, 2, 3, 2)));
  gradient_check(ctx, "vt.AdaptiveAveragePool", "output_size=2,1,3", ROUNDED, RANDOM(SHAPE(1, 1, 3, 2, 4)));
  gradient_check(ctx, "vt.AdaptiveAveragePool", "output_size=2", ROUNDED, RANDOM(SHAPE(0, 2, 3)));
}

static void segments_return_to_their_rows(void **state)
{
  vt_ctx *ctx = *state;
  static const char *const modes[] = {"count=4;mode=sum", "count=4;mode=mean", "count=4;mode=max"};
  for (size_t i = 0; i < VT_COUNT(modes); i++) {
    gradient_check(ctx, "vt.SegmentReduce", modes[i], ADDED, RANDOM(SHAPE(6, 3)),
                   op_i64(ctx, SHAPE(6), 3, 0, -1, 3, 3, 0));
    gradient_check(ctx, "vt.SegmentReduce", modes[i], ADDED, RANDOM(SHAPE(2, 4, 2, 2)),
                   op_i64(ctx, SHAPE(2, 4), 0, 1, 1, 0, -1, -1, 3, -1));
    gradient_check(ctx, "vt.SegmentReduce", modes[i], ADDED, RANDOM(SHAPE(0, 3)),
                   op_i64(ctx, SHAPE(0), NO_VALUES));
  }
  /* of equal maxima the first */
  vt_tensor *inputs[] = {op_f64(ctx, SHAPE(4), 1, 5, 5, 2), op_i64(ctx, SHAPE(4), 0)};
  gradient_run run;
  gradient_forward_backward(ctx, "vt.SegmentReduce", "count=1;mode=max", 1, inputs, 2, __LINE__, &run);
  op_expect(run.gradients[0], VT_F64, SHAPE(4), 0, 0, gradient_weight(0, 0), 0, 0);
}

static void distances_pull_both_sides(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "vt.SquaredDistance", "", ADDED, RANDOM(SHAPE(3, 5)), RANDOM(SHAPE(4, 5)));
  gradient_check(ctx, "vt.SquaredDistance", "", ADDED, RANDOM(SHAPE(2, 3, 2)), RANDOM(SHAPE(1, 2)));
  gradient_check(ctx, "vt.SquaredDistance", "", ADDED, RANDOM(SHAPE(5)), RANDOM(SHAPE(2, 5)));
  gradient_check(ctx, "vt.SquaredDistance", "", ADDED, RANDOM(SHAPE(0, 5)), RANDOM(SHAPE(2, 5)));
  gradient_check_large(ctx, "vt.SquaredDistance", "", ADDED, RANDOM(SHAPE(2, 600, 33)),
                       RANDOM(SHAPE(21, 33)));
}

static void scans_run_back(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "vt.SelectiveScan", "", ADDED, RANDOM(SHAPE(2, 5, 3)), BETWEEN(0.1, 1, SHAPE(2, 5, 3)),
                 BETWEEN(-2, -0.2, SHAPE(3, 4)), RANDOM(SHAPE(2, 5, 4)), RANDOM(SHAPE(2, 5, 4)),
                 RANDOM(SHAPE(3)));
  gradient_check(ctx, "vt.SelectiveScan", "", ADDED, RANDOM(SHAPE(1, 11, 2)),
                 BETWEEN(0.1, 1, SHAPE(1, 11, 2)), BETWEEN(-2, -0.2, SHAPE(2, 8)), RANDOM(SHAPE(1, 11, 8)),
                 RANDOM(SHAPE(1, 11, 8)));
  gradient_check(ctx, "vt.SelectiveScan", "", ADDED, RANDOM(SHAPE(1, 1, 1)), BETWEEN(0.1, 1, SHAPE(1, 1, 1)),
                 BETWEEN(-2, -0.2, SHAPE(1, 1)), RANDOM(SHAPE(1, 1, 1)), RANDOM(SHAPE(1, 1, 1)),
                 RANDOM(SHAPE(1)));
  gradient_check(ctx, "vt.SelectiveScan", "", ADDED, RANDOM(SHAPE(1, 0, 2)), RANDOM(SHAPE(1, 0, 2)),
                 RANDOM(SHAPE(2, 3)), RANDOM(SHAPE(1, 0, 3)), RANDOM(SHAPE(1, 0, 3)), RANDOM(SHAPE(2)));
  /* three groups of channels, stretches that do not divide the steps */
  gradient_check_large(ctx, "vt.SelectiveScan", "", ADDED, RANDOM(SHAPE(3, 70, 37)),
                       BETWEEN(0.01, 0.5, SHAPE(3, 70, 37)), BETWEEN(-8, -0.5, SHAPE(37, 8)),
                       RANDOM(SHAPE(3, 70, 8)), RANDOM(SHAPE(3, 70, 8)), RANDOM(SHAPE(37)));
}

static void cross_entropy_pulls_scores(void **state)
{
  vt_ctx *ctx = *state;
  static const char *const forms[] = {"", "reduction=none", "reduction=sum;label_smoothing=0.2",
                                      "label_smoothing=0.1;ignore_index=3", "ignore_index=0;reduction=none"};
  for (size_t i = 0; i < VT_COUNT(forms); i++) {
    gradient_check(ctx, "vt.CrossEntropy", forms[i], ROUNDED, RANDOM(SHAPE(2, 3, 5)),
                   op_i64(ctx, SHAPE(2, 3), 0, 4, 3, 3, 2, 0));
    gradient_check(ctx, "vt.CrossEntropy", forms[i], ROUNDED, RANDOM(SHAPE(3, 19)),
                   op_i32(ctx, SHAPE(3), 18, 0, 7));
  }
  gradient_check(ctx, "vt.CrossEntropy", "ignore_index=2", ROUNDED, RANDOM(SHAPE(3, 4)),
                 op_i64(ctx, SHAPE(3), 2));
  gradient_check_large(ctx, "vt.CrossEntropy", "label_smoothing=0.1", ROUNDED, RANDOM(SHAPE(300, 131)),
                       op_i64(ctx, SHAPE(300), 7));
}

/* A row with weights: (p − [k = t]) · (1 − ε) · w[t] + ε / K · (p · Σ w − w), divided by w[t]. */
static void cross_entropy_weighs(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *inputs[] = {op_f64(ctx, SHAPE(1, 2), 0, log(3.0)), op_i64(ctx, SHAPE(1), 1),
                         op_f64(ctx, SHAPE(2), 2, 5)};
  gradient_run run;
  double g = gradient_weight(0, 0);
  gradient_forward_backward(ctx, "vt.CrossEntropy", "label_smoothing=0.2", 1, inputs, 3, __LINE__, &run);
  op_expect(run.gradients[0], VT_F64, SHAPE(1, 2), 1e-14, g * (0.25 * 0.8 * 5 + 0.1 * (0.25 * 7 - 2)) / 5,
            g * (-0.25 * 0.8 * 5 + 0.1 * (0.75 * 7 - 5)) / 5);
  assert_null(run.gradients[2]);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(what_passes_is_told_where),
      op_test(thresholds_are_estimated),
      op_test(gamma_functions_follow_each_other),
      op_test(bins_share_their_gradient),
      op_test(segments_return_to_their_rows),
      op_test(distances_pull_both_sides),
      op_test(scans_run_back),
      op_test(cross_entropy_pulls_scores),
      op_test(cross_entropy_weighs),
  };
  return cmocka_run_group_tests_name("ops/gradient_vt", tests, NULL, NULL);
}
