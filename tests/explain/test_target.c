/* SPDX-License-Identifier: Apache-2.0
 *
 * Targets: values by hand, gradients by central differences, for logits and probabilities, one output and
 * several.
 */
#include "test.h"

#include <math.h>

#include "explain/target.h"

enum { COUNT = 5 };

static const double outputs[COUNT] = {1.2, -0.7, 2.5, 0.3, -1.9};
static const double shares[COUNT] = {0.3, 0.05, 0.4, 0.15, 0.1};
static const float direction[COUNT] = {0.5f, -1, 2, 0.25f, 3};

static vt_target target_of(vt_score_kind score, int index, int contrast)
{
  return (vt_target){
      .score = score, .index = index, .contrast = contrast, .direction = direction, .direction_count = COUNT};
}

/* A similarity against a second direction with a factor; a mean of some values. */
static const float against[COUNT] = {1, 0.5f, -0.25f, 0, 1.5f};
static const float shares_of_mean[COUNT] = {0, 2, 1, 0, 1};

static vt_target contrast_of_directions(void)
{
  vt_target target = target_of(VT_SCORE_SIMILARITY, 0, -1);
  target.against = against;
  target.factor = 2.5;
  return target;
}

static vt_target weighted(void)
{
  vt_target target = target_of(VT_SCORE_MEAN, 0, -1);
  target.weights = shares_of_mean;
  target.weight_count = COUNT;
  return target;
}

/* The error of central differences is h²/6 times a third derivative of order one here: 1e-10; their rounding
 * 1e-16/h. */
static void check_gradient(const vt_target *target, bool logits, const double *values, size_t count)
{
  double gradient[COUNT], moved[COUNT], h = 1e-5;
  vt_target_evaluate(target, logits, values, count, gradient);
  for (size_t i = 0; i < count; i++) {
    memcpy(moved, values, count * sizeof *moved);
    moved[i] = values[i] + h;
    double up = vt_target_evaluate(target, logits, moved, count, NULL);
    moved[i] = values[i] - h;
    double down = vt_target_evaluate(target, logits, moved, count, NULL);
    double slope = (up - down) / (2 * h);
    if (!(fabs(slope - gradient[i]) <= 1e-7 * fmax(1, fabs(slope))))
      fail_msg("%s of %s, output %zu of %zu: %.9g, by differences %.9g", vt_score_name(target->score),
               logits ? "logits" : "probabilities", i, count, gradient[i], slope);
  }
}

static void test_gradients(void **unused)
{
  (void)unused;
  for (int score = 0; score < VT_SCORE_DETECTION; score++)
    for (int index = 0; index < COUNT; index++)
      for (int contrast = -1; contrast < COUNT; contrast++) {
        if (contrast == index || (contrast >= 0 && score != VT_SCORE_MARGIN)) continue;
        vt_target target = target_of((vt_score_kind)score, index, contrast);
        check_gradient(&target, true, outputs, COUNT);
        check_gradient(&target, false, shares, COUNT);
      }
}

static void test_one_output(void **unused)
{
  (void)unused;
  for (int score = 0; score < VT_SCORE_DETECTION; score++) {
    if (score == VT_SCORE_SIMILARITY) continue; /* the cosine of two numbers is their sign */
    vt_target target = target_of((vt_score_kind)score, 0, -1);
    for (double value = -3; value <= 3; value += 0.75)
      check_gradient(&target, true, &value, 1);
    for (double value = 0.1; value < 1; value += 0.2)
      check_gradient(&target, false, &value, 1);
  }
}

static void test_values(void **unused)
{
  (void)unused;
  double sum = 0, dot = 0, square = 0, given = 0, mean = 0;
  for (int i = 0; i < COUNT; i++) {
    sum += exp(outputs[i]);
    dot += outputs[i] * (double)direction[i];
    square += outputs[i] * outputs[i];
    given += (double)direction[i] * (double)direction[i];
    mean += outputs[i] / COUNT;
  }
  vt_target probability = target_of(VT_SCORE_PROBABILITY, 0, -1), logit = target_of(VT_SCORE_LOGIT, 3, -1),
            logarithm = target_of(VT_SCORE_LOG_PROBABILITY, 4, -1), best = target_of(VT_SCORE_MARGIN, 2, -1),
            other = target_of(VT_SCORE_MARGIN, 0, -1), named = target_of(VT_SCORE_MARGIN, 0, 3),
            similarity = target_of(VT_SCORE_SIMILARITY, 0, -1), average = target_of(VT_SCORE_MEAN, 0, -1);
  assert_near(vt_target_evaluate(&probability, true, outputs, COUNT, NULL), exp(1.2) / sum, 1e-15);
  assert_near(vt_target_evaluate(&probability, false, shares, COUNT, NULL), 0.3, 0);
  assert_near(vt_target_evaluate(&logit, true, outputs, COUNT, NULL), 0.3, 0);
  assert_near(vt_target_evaluate(&logarithm, true, outputs, COUNT, NULL), -1.9 - log(sum), 1e-14);
  assert_near(vt_target_evaluate(&logarithm, false, shares, COUNT, NULL), log(0.1), 1e-15);
  assert_near(vt_target_evaluate(&best, true, outputs, COUNT, NULL), 2.5 - 1.2, 1e-15);
  assert_near(vt_target_evaluate(&other, true, outputs, COUNT, NULL), 1.2 - 2.5, 1e-15);
  assert_near(vt_target_evaluate(&named, true, outputs, COUNT, NULL), 1.2 - 0.3, 1e-15);
  assert_near(vt_target_evaluate(&named, false, shares, COUNT, NULL), log(0.3 / 0.15), 1e-15);
  assert_near(vt_target_evaluate(&similarity, true, outputs, COUNT, NULL), dot / sqrt(square * given), 1e-15);
  assert_near(vt_target_evaluate(&average, true, outputs, COUNT, NULL), mean, 1e-15);
}

static double cosine(const float *with)
{
  double dot = 0, square = 0, given = 0;
  for (int i = 0; i < COUNT; i++) {
    dot += outputs[i] * (double)with[i];
    square += outputs[i] * outputs[i];
    given += (double)with[i] * (double)with[i];
  }
  return dot / sqrt(square * given);
}

static void test_more_than_one(void **unused)
{
  (void)unused;
  vt_target set_against = contrast_of_directions(), mean = weighted();
  assert_near(vt_target_evaluate(&set_against, true, outputs, COUNT, NULL),
              2.5 * (cosine(direction) - cosine(against)), 1e-14);
  assert_near(vt_target_evaluate(&mean, true, outputs, COUNT, NULL), (2 * -0.7 + 2.5 - 1.9) / 4, 1e-15);
  check_gradient(&set_against, true, outputs, COUNT);
  check_gradient(&mean, true, outputs, COUNT);
}

/* Large logits overflow nothing. */
static void test_large(void **unused)
{
  (void)unused;
  const double large[3] = {1000, -1000, 998};
  double gradient[3];
  vt_target first = target_of(VT_SCORE_PROBABILITY, 0, -1),
            second = target_of(VT_SCORE_LOG_PROBABILITY, 1, -1);
  assert_near(vt_target_evaluate(&first, true, large, 3, gradient), 1 / (1 + exp(-2)), 1e-12);
  assert_near(gradient[0] + gradient[1] + gradient[2], 0, 1e-12); /* an ulp of 1000 */
  assert_near(vt_target_evaluate(&second, true, large, 3, gradient), -2000 - log1p(exp(-2)), 1e-9);
  const double one[] = {-800, 800};
  vt_target logarithm = target_of(VT_SCORE_LOG_PROBABILITY, 0, -1);
  assert_near(vt_target_evaluate(&logarithm, true, &one[0], 1, gradient), -800, 1e-9);
  assert_near(vt_target_evaluate(&logarithm, true, &one[1], 1, gradient), 0, 1e-12);
}

/* Averaged between two outputs, the gradient explains the difference. A margin's strongest other class is
 * held fixed, so that kind is exact only where it does not change: here it does not. */
static void test_average(void **unused)
{
  (void)unused;
  double from[COUNT] = {0.2, 0.1, 1.5, -0.4, 0.9}, scratch[2 * COUNT], weights[COUNT];
  for (int score = 0; score < VT_SCORE_DETECTION; score++) {
    vt_target target = target_of((vt_score_kind)score, 0, -1);
    double sum = 0, difference = vt_target_evaluate(&target, true, outputs, COUNT, NULL) -
                                 vt_target_evaluate(&target, true, from, COUNT, NULL);
    vt_target_average_gradient(&target, true, from, outputs, COUNT, scratch, weights);
    for (int i = 0; i < COUNT; i++)
      sum += weights[i] * (outputs[i] - from[i]);
    assert_near(sum, difference, 1e-3 * fabs(difference)); /* midpoint rule of 64 parts */
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_gradients), cmocka_unit_test(test_one_output),
      cmocka_unit_test(test_values),    cmocka_unit_test(test_large),
      cmocka_unit_test(test_average),   cmocka_unit_test(test_more_than_one),
  };
  return cmocka_run_group_tests_name("explain/target", tests, NULL, NULL);
}
