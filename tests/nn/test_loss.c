/* SPDX-License-Identifier: Apache-2.0
 *
 * Losses over classes, yes or no, and numbers.
 */
#include "loss_case.h"

/* ---- cross-entropy: [4, 3] with class weights, smoothing and one row ignored ---- */

static const int64_t targets4[] = {2, 0, 7, 1};
static const double class_weights[] = {1, 2, .5};

static vt_tensor *entropy_loss(vt_ctx *ctx, vt_tensor *x)
{
  vt_entropy_settings settings = {.smoothing = .1, .classes = numbers_of(ctx, VT_DIMS(3), class_weights)};
  return vt_cross_entropy(ctx, x, classes_of(ctx, VT_DIMS(4), targets4), 7, settings);
}

static double entropy_formula(const double *x)
{
  double sum = 0, weight = 0;
  for (int row = 0; row < 4; row++) {
    if (targets4[row] == 7) continue;
    for (int k = 0; k < 3; k++) {
      double share = (k == targets4[row] ? .9 : 0) + .1 / 3;
      sum -= share * class_weights[k] * log(softmax_at(x + 3 * row, 3, 1, k));
    }
    weight += class_weights[targets4[row]];
  }
  return sum / weight;
}

/* [2, 3, 2, 2]: classes in axis 1, and a mask that leaves out what holds NaN as weight or a wild target. */
static const int64_t map_targets[] = {0, 1, 2, 1, 2, 99, 0, 0};
static const double map_weights[] = {1, 2, 3, 1, .5, NAN, 1, 4};
static const double map_mask[] = {1, 1, 1, 1, 1, 0, 1, 1};

static vt_tensor *map_loss(vt_ctx *ctx, vt_tensor *x)
{
  vt_entropy_settings settings = {.axis = 1,
                                  .terms = {.mask = numbers_of(ctx, VT_DIMS(2, 2, 2), map_mask),
                                            .weights = numbers_of(ctx, VT_DIMS(2, 2, 2), map_weights)}};
  return vt_cross_entropy(ctx, x, classes_of(ctx, VT_DIMS(2, 2, 2), map_targets), -1, settings);
}

static double map_formula(const double *x)
{
  double sum = 0;
  for (int n = 0; n < 2; n++)
    for (int p = 0; p < 4; p++)
      if (map_mask[4 * n + p] > 0)
        sum -= map_weights[4 * n + p] * log(softmax_at(x + 12 * n + p, 3, 4, (int)map_targets[4 * n + p]));
  return sum / 7;
}

static void test_cross_entropy(void **state)
{
  VT_UNUSED(state);
  check_loss(entropy_loss, entropy_formula, VT_DIMS(4, 3), 2);
  check_loss(map_loss, map_formula, VT_DIMS(2, 3, 2, 2), 1);
}

/* [N, T, V] is [N·T, V]; nothing that counts gives 0; a class that is not there is an error. */
static void test_cross_entropy_forms(void **state)
{
  VT_UNUSED(state);
  vt_ctx *ctx = vt_ctx_new();
  double x[24];
  for (int i = 0; i < 24; i++)
    x[i] = some_number(i);
  int64_t targets[] = {0, 3, 1, 2, -1, 0};
  vt_tensor *three = numbers_of(ctx, VT_DIMS(2, 3, 4), x), *two = numbers_of(ctx, VT_DIMS(6, 4), x);
  vt_entropy_settings plain = {0};
  vt_tensor *a = vt_cross_entropy(ctx, three, classes_of(ctx, VT_DIMS(2, 3), targets), -1, plain);
  vt_tensor *b = vt_cross_entropy(ctx, two, classes_of(ctx, VT_DIMS(6), targets), -1, plain);
  assert_ok(ctx, vt_ctx_status(ctx));
  assert_true(*(float *)a->data == *(float *)b->data);
  plain.terms.reduction = VT_EACH;
  b = vt_cross_entropy(ctx, two, classes_of(ctx, VT_DIMS(6), targets), -1, plain);
  assert_int_equal(vt_count(b), 6);
  assert_true(((float *)b->data)[4] == 0);
  double sum = 0;
  for (int i = 0; i < 6; i++)
    sum += (double)((float *)b->data)[i];
  assert_near(sum / 5, (double)*(float *)a->data, 1e-6);
  plain.terms = (vt_terms){.mask = vt_filled(ctx, VT_DIMS(6), 0)};
  b = vt_cross_entropy(ctx, two, classes_of(ctx, VT_DIMS(6), targets), -1, plain);
  assert_true(*(float *)b->data == 0);
  targets[1] = 4;
  vt_cross_entropy(ctx, two, classes_of(ctx, VT_DIMS(6), targets), -1, (vt_entropy_settings){0});
  assert_fails(ctx, vt_ctx_status(ctx), VT_ERROR_INVALID_ARGUMENT, "target 4");
  vt_ctx_free(ctx);
}

/* ---- distributions: [3, 4], the middle row masked ---- */

static const double row_mask[] = {1, 0, 1};
static const double shares[] = {.5, .5, 0, 0, NAN, 0, 0, 0, .1, .2, .3, .4};

static vt_terms rows13(vt_ctx *ctx)
{
  return (vt_terms){.mask = numbers_of(ctx, VT_DIMS(3), row_mask)};
}

static vt_tensor *soft_loss(vt_ctx *ctx, vt_tensor *x)
{
  return vt_soft_cross_entropy(ctx, x, numbers_of(ctx, VT_DIMS(3, 4), shares), rows13(ctx));
}

static double soft_formula(const double *x)
{
  double sum = 0;
  for (int row = 0; row < 3; row += 2)
    for (int k = 0; k < 4; k++)
      sum -= shares[4 * row + k] * log(softmax_at(x + 4 * row, 4, 1, k));
  return sum / 2;
}

static vt_tensor *spread_loss(vt_ctx *ctx, vt_tensor *x)
{
  return vt_entropy(ctx, x, rows13(ctx));
}

static double spread_formula(const double *x)
{
  double sum = 0;
  for (int row = 0; row < 3; row += 2)
    for (int k = 0; k < 4; k++) {
      double p = softmax_at(x + 4 * row, 4, 1, k);
      sum -= p * log(p);
    }
  return sum / 2;
}

static const double other_scores[] = {1, -1, 0, .5, NAN, 2, 1, 0, .3, .2, -.7, 1.5};

/* x is p; then x is q; temperature 2 in both. */
static vt_tensor *kl_loss(vt_ctx *ctx, vt_tensor *x)
{
  vt_kl_settings settings = {.temperature = 2, .terms = rows13(ctx)};
  return vt_kl(ctx, x, numbers_of(ctx, VT_DIMS(3, 4), other_scores), settings);
}

static vt_tensor *kl_back_loss(vt_ctx *ctx, vt_tensor *x)
{
  vt_kl_settings settings = {.temperature = 2, .terms = rows13(ctx)};
  return vt_kl(ctx, numbers_of(ctx, VT_DIMS(3, 4), other_scores), x, settings);
}

static vt_tensor *kl_both_loss(vt_ctx *ctx, vt_tensor *x)
{
  vt_kl_settings settings = {.temperature = 2, .symmetric = true, .terms = rows13(ctx)};
  return vt_kl(ctx, x, numbers_of(ctx, VT_DIMS(3, 4), other_scores), settings);
}

static double divergence(const double *p, const double *q)
{
  double sum = 0, a[4], b[4];
  for (int row = 0; row < 3; row += 2) {
    for (int k = 0; k < 4; k++) {
      a[k] = p[4 * row + k] / 2;
      b[k] = (double)(float)q[4 * row + k] / 2;
    }
    for (int k = 0; k < 4; k++)
      sum += softmax_at(a, 4, 1, k) * log(softmax_at(a, 4, 1, k) / softmax_at(b, 4, 1, k));
  }
  return 4 * sum / 2;
}

static double divergence_exact(const double *p, const double *q)
{
  double sum = 0, a[4], b[4];
  for (int row = 0; row < 3; row += 2) {
    for (int k = 0; k < 4; k++) {
      a[k] = (double)(float)p[4 * row + k] / 2;
      b[k] = q[4 * row + k] / 2;
    }
    for (int k = 0; k < 4; k++)
      sum += softmax_at(a, 4, 1, k) * log(softmax_at(a, 4, 1, k) / softmax_at(b, 4, 1, k));
  }
  return 4 * sum / 2;
}

static double kl_formula(const double *x)
{
  return divergence(x, other_scores);
}

static double kl_back_formula(const double *x)
{
  return divergence_exact(other_scores, x);
}

static double kl_both_formula(const double *x)
{
  return kl_formula(x) + kl_back_formula(x);
}

static void test_distributions(void **state)
{
  VT_UNUSED(state);
  check_loss(soft_loss, soft_formula, VT_DIMS(3, 4), 1);
  check_loss(spread_loss, spread_formula, VT_DIMS(3, 4), 1);
  check_loss(kl_loss, kl_formula, VT_DIMS(3, 4), 1);
  check_loss(kl_back_loss, kl_back_formula, VT_DIMS(3, 4), 1);
  check_loss(kl_both_loss, kl_both_formula, VT_DIMS(3, 4), 1);
}

/* ---- yes or no: [2, 3] ---- */

static const double answers[] = {1, 0, .25, NAN, 1, 0};
static const double answer_mask[] = {1, 1, 1, 0, 1, 1};
static const double answer_weights[] = {1, .1, 1, 1, 1.6, 1};
static const double positive3[] = {1, 3, .5};

static vt_terms answers_terms(vt_ctx *ctx)
{
  return (vt_terms){.mask = numbers_of(ctx, VT_DIMS(2, 3), answer_mask),
                    .weights = numbers_of(ctx, VT_DIMS(2, 3), answer_weights)};
}

static vt_tensor *binary_loss(vt_ctx *ctx, vt_tensor *x)
{
  return vt_binary_cross_entropy(ctx, x, numbers_of(ctx, VT_DIMS(2, 3), answers),
                                 numbers_of(ctx, VT_DIMS(3), positive3), answers_terms(ctx));
}

static double binary_formula(const double *x)
{
  double sum = 0;
  for (int i = 0; i < 6; i++) {
    if (answer_mask[i] < 1) continue;
    double p = logistic(x[i]), t = answers[i];
    sum -= (double)(float)answer_weights[i] * (positive3[i % 3] * t * log(p) + (1 - t) * log(1 - p));
  }
  return sum / 5;
}

static vt_tensor *focal_loss(vt_ctx *ctx, vt_tensor *x)
{
  return vt_focal(ctx, x, numbers_of(ctx, VT_DIMS(2, 3), answers), .25, 2, answers_terms(ctx));
}

static vt_tensor *focal_other_loss(vt_ctx *ctx, vt_tensor *x)
{
  return vt_focal(ctx, x, numbers_of(ctx, VT_DIMS(2, 3), answers), -1, 1.5, answers_terms(ctx));
}

static double focal_of(const double *x, double alpha, double gamma)
{
  double sum = 0;
  for (int i = 0; i < 6; i++) {
    if (answer_mask[i] < 1) continue;
    double p = logistic(x[i]), t = answers[i], right = p * t + (1 - p) * (1 - t);
    double loss = -(t * log(p) + (1 - t) * log(1 - p)) * pow(1 - right, gamma);
    sum += (double)(float)answer_weights[i] * loss * (alpha >= 0 ? alpha * t + (1 - alpha) * (1 - t) : 1);
  }
  return sum / 5;
}

static double focal_formula(const double *x)
{
  return focal_of(x, .25, 2);
}

static double focal_other_formula(const double *x)
{
  return focal_of(x, -1, 1.5);
}

/* Far from 0 the logit form neither overflows nor loses its slope. */
static void test_far_scores(void **state)
{
  VT_UNUSED(state);
  vt_ctx *ctx = vt_ctx_new();
  double x[] = {200, -200}, t[] = {0, 1};
  vt_tensor *loss = vt_binary_cross_entropy(ctx, numbers_of(ctx, VT_DIMS(2), x),
                                            numbers_of(ctx, VT_DIMS(2), t), NULL, (vt_terms){0});
  assert_ok(ctx, vt_ctx_status(ctx));
  assert_near((double)*(float *)loss->data, 200, 1e-4);
  vt_ctx_free(ctx);
}

static void test_binary(void **state)
{
  VT_UNUSED(state);
  check_loss(binary_loss, binary_formula, VT_DIMS(2, 3), 2);
  check_loss(focal_loss, focal_formula, VT_DIMS(2, 3), 2);
  check_loss(focal_other_loss, focal_other_formula, VT_DIMS(2, 3), 2);
}

/* ---- numbers: [2, 3] against a row, NaN masked ---- */

static const double aims[] = {.5, -1, NAN, 2, 0, .25};
static const double aims_mask[] = {1, 1, 0, 1, 1, 1};
static vt_distance chosen_distance;

static vt_tensor *distance_loss(vt_ctx *ctx, vt_tensor *x)
{
  vt_terms terms = {.mask = numbers_of(ctx, VT_DIMS(2, 3), aims_mask)};
  return vt_distance_loss(ctx, chosen_distance, x, numbers_of(ctx, VT_DIMS(2, 3), aims), .5, terms);
}

static double distance_formula(const double *x)
{
  double sum = 0;
  for (int i = 0; i < 6; i++) {
    if (aims_mask[i] < 1) continue;
    double d = x[i] - aims[i], a = fabs(d);
    if (chosen_distance == VT_SQUARED) sum += d * d;
    if (chosen_distance == VT_ABSOLUTE) sum += a;
    if (chosen_distance == VT_HUBER) sum += a <= .5 ? d * d / 2 : .5 * (a - .25);
    if (chosen_distance == VT_CHARBONNIER) sum += sqrt(d * d + .25);
  }
  return sum / 5;
}

static bool squared_variation;

static vt_tensor *variation_loss(vt_ctx *ctx, vt_tensor *x)
{
  return vt_total_variation(ctx, x, squared_variation);
}

static double variation_formula(const double *x)
{
  double down = 0, across = 0;
  for (int n = 0; n < 2; n++)
    for (int h = 0; h < 3; h++)
      for (int w = 0; w < 4; w++) {
        const double *at = x + 12 * n + 4 * h + w;
        double a = h < 2 ? at[4] - at[0] : 0, b = w < 3 ? at[1] - at[0] : 0;
        down += squared_variation ? a * a : fabs(a);
        across += squared_variation ? b * b : fabs(b);
      }
  return down / 16 + across / 18;
}

static void test_numbers(void **state)
{
  VT_UNUSED(state);
  for (int i = VT_SQUARED; i <= VT_CHARBONNIER; i++) {
    chosen_distance = (vt_distance)i;
    check_loss(distance_loss, distance_formula, VT_DIMS(2, 3), 1);
  }
  for (int i = 0; i < 2; i++) {
    squared_variation = i;
    check_loss(variation_loss, variation_formula, VT_DIMS(2, 1, 3, 4), 1);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cross_entropy), cmocka_unit_test(test_cross_entropy_forms),
      cmocka_unit_test(test_distributions), cmocka_unit_test(test_binary),
      cmocka_unit_test(test_far_scores),    cmocka_unit_test(test_numbers),
  };
  return cmocka_run_group_tests_name("nn/loss", tests, NULL, NULL);
}
