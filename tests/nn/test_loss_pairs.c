/* SPDX-License-Identifier: Apache-2.0
 *
 * Losses of overlap, and of what shall be near and far.
 */
#include "loss_case.h"

/* ---- dice: [2, 3, 2, 2] ---- */

static const double truth[] = {1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0};
static const double pixels[] = {1, 1, 1, 0, 1, 1, 1, 1};
static vt_dice_settings chosen_dice;
static bool dice_masked;

static vt_tensor *dice_loss(vt_ctx *ctx, vt_tensor *x)
{
  vt_dice_settings settings = chosen_dice;
  if (dice_masked) settings.mask = numbers_of(ctx, VT_DIMS(2, 1, 2, 2), pixels);
  return vt_dice(ctx, x, numbers_of(ctx, VT_DIMS(2, 3, 2, 2), truth), settings);
}

static double dice_formula(const double *x)
{
  double k = chosen_dice.scale > 0 ? chosen_dice.scale : 1, s = chosen_dice.smooth, loss = 0;
  int first = chosen_dice.skip_background, count = 0;
  double both[2][3] = {{0}}, all[2][3] = {{0}};
  for (int n = 0; n < 2; n++)
    for (int c = 0; c < 3; c++)
      for (int p = 0; p < 4; p++) {
        if (dice_masked && pixels[4 * n + p] < 1) continue;
        const double *at = x + 12 * n + p;
        double y = at[4 * c], t = truth[12 * n + 4 * c + p];
        if (chosen_dice.squashing == VT_BY_SIGMOID) y = logistic(y);
        if (chosen_dice.squashing == VT_BY_SOFTMAX) y = softmax_at(at, 3, 4, c);
        both[chosen_dice.batch ? 0 : n][c] += y * t;
        all[chosen_dice.batch ? 0 : n][c] += y + t;
      }
  for (int n = 0; n < (chosen_dice.batch ? 1 : 2); n++)
    for (int c = first; c < 3; c++, count++)
      loss += 1 - (2 * both[n][c] / k + s) / (all[n][c] / k + s);
  return loss / count;
}

static void test_dice(void **state)
{
  VT_UNUSED(state);
  static const vt_dice_settings cases[] = {
      {.squashing = VT_BY_SIGMOID, .smooth = 1},
      {.squashing = VT_BY_SOFTMAX, .smooth = .5, .batch = true},
      {.squashing = VT_BY_SOFTMAX, .smooth = .5, .skip_background = true},
      {.squashing = VT_BY_SIGMOID, .smooth = .01, .scale = 100},
  };
  for (size_t i = 0; i < 2 * VT_COUNT(cases); i++) {
    chosen_dice = cases[i / 2];
    dice_masked = i % 2;
    check_loss(dice_loss, dice_formula, VT_DIMS(2, 3, 2, 2), 1);
  }
}

/* ---- boxes ---- */

static const double boxes[] = {0, 0, 2, 2, 0, 0, 1, 1, 1, 1, 4, 3};

static vt_tensor *box_loss(vt_ctx *ctx, vt_tensor *x)
{
  /* low corners near 0, high corners near 3 */
  double shift[] = {0, 0, 3, 3};
  vt_tensor *moved = vt_add(ctx, x, numbers_of(ctx, VT_DIMS(4), shift));
  return vt_giou_loss(ctx, moved, numbers_of(ctx, VT_DIMS(3, 4), boxes), (vt_terms){0});
}

static double giou_of(const double *a, const double *b)
{
  double w = fmin(a[2], b[2]) - fmax(a[0], b[0]), h = fmin(a[3], b[3]) - fmax(a[1], b[1]);
  double common = w > 0 && h > 0 ? w * h : 0;
  double whole = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common;
  double hull = (fmax(a[2], b[2]) - fmin(a[0], b[0])) * (fmax(a[3], b[3]) - fmin(a[1], b[1]));
  return common / whole - (hull - whole) / hull;
}

static double box_formula(const double *x)
{
  double sum = 0;
  for (int i = 0; i < 3; i++) {
    double moved[4] = {x[4 * i], x[4 * i + 1], x[4 * i + 2] + 3, x[4 * i + 3] + 3};
    sum += 1 - giou_of(moved, boxes + 4 * i);
  }
  return sum / 3;
}

/* Squares of side 1: the same, side by side, two apart, and without area. */
static void test_boxes(void **state)
{
  VT_UNUSED(state);
  check_loss(box_loss, box_formula, VT_DIMS(3, 4), .4);
  vt_ctx *ctx = vt_ctx_new();
  double a[] = {0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 5, 5, 5, 5};
  double b[] = {0, 0, 1, 1, 1, 0, 2, 1, 3, 0, 4, 1, 5, 5, 5, 5}, expected[] = {1, 0, -.5, 0};
  vt_tensor *giou = vt_giou(ctx, numbers_of(ctx, VT_DIMS(4, 4), a), numbers_of(ctx, VT_DIMS(4, 4), b));
  assert_ok(ctx, vt_ctx_status(ctx));
  assert_int_equal(giou->rank, 1);
  for (int i = 0; i < 4; i++)
    assert_near((double)((float *)giou->data)[i], expected[i], 1e-6);
  vt_ctx_free(ctx);
}

/* ---- contrast: [4, 4], items 0 and 2 belong together, item 3 has nobody but itself ---- */

static const double together[] = {1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0};
static const double parts[] = {1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1};
static bool contrast_inside, contrast_symmetric, contrast_several;

static vt_tensor *contrast_loss(vt_ctx *ctx, vt_tensor *x)
{
  vt_contrast_settings settings = {.symmetric = contrast_symmetric, .together = contrast_inside};
  if (contrast_several) {
    settings.positives = numbers_of(ctx, VT_DIMS(4, 4), together);
    settings.pairs = numbers_of(ctx, VT_DIMS(4, 4), parts);
  }
  return vt_contrast(ctx, x, settings);
}

static double contrast_direction(const double *x, bool turned)
{
  double total = 0;
  int counted = 0;
  for (int i = 0; i < 4; i++) {
    double all = 0, inside = 0, logs = 0;
    int positives = 0;
    for (int j = 0; j < 4; j++) {
      int at = turned ? 4 * j + i : 4 * i + j;
      if (!contrast_several || parts[at] > 0) all += exp(x[at]);
    }
    for (int j = 0; j < 4; j++) {
      int at = turned ? 4 * j + i : 4 * i + j;
      bool positive = contrast_several ? together[at] > 0 && parts[at] > 0 : i == j;
      if (!positive) continue;
      inside += exp(x[at]) / all;
      logs -= log(exp(x[at]) / all);
      positives++;
    }
    if (!positives) continue;
    total += contrast_inside ? -log(inside) : logs / positives;
    counted++;
  }
  return total / counted;
}

static double contrast_formula(const double *x)
{
  double rows = contrast_direction(x, false);
  return contrast_symmetric ? (rows + contrast_direction(x, true)) / 2 : rows;
}

static const double partners[] = {1, 0, 2, -1, .5, 0, 1, 1, 1};

static vt_tensor *cosine_loss(vt_ctx *ctx, vt_tensor *x)
{
  return vt_info_nce(ctx, x, numbers_of(ctx, VT_DIMS(3, 3), partners), vt_number(ctx, 5),
                     (vt_contrast_settings){.symmetric = true});
}

static double cosine_formula(const double *x)
{
  double s[9], loss = 0;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      double dot = 0, a = 0, b = 0;
      for (int k = 0; k < 3; k++) {
        dot += x[3 * i + k] * partners[3 * j + k];
        a += x[3 * i + k] * x[3 * i + k];
        b += partners[3 * j + k] * partners[3 * j + k];
      }
      s[3 * i + j] = 5 * dot / sqrt(a * b);
    }
  for (int i = 0; i < 3; i++)
    loss -= log(softmax_at(s + 3 * i, 3, 1, i)) + log(softmax_at(s + i, 3, 3, i));
  return loss / 6;
}

static void test_contrast(void **state)
{
  VT_UNUSED(state);
  for (int i = 0; i < 8; i++) {
    contrast_inside = i & 1;
    contrast_symmetric = i & 2;
    contrast_several = i & 4;
    check_loss(contrast_loss, contrast_formula, VT_DIMS(4, 4), 1);
  }
  check_loss(cosine_loss, cosine_formula, VT_DIMS(3, 3), 1);
}

/* The learned scale begins where it is told, and stops at its bound. */
static void test_learned_scale(void **state)
{
  VT_UNUSED(state);
  vt_ctx *ctx = vt_ctx_new();
  vt_parameters *parameters;
  assert_ok(ctx, vt_parameters_new(ctx, 1, &parameters));
  vt_run run = {.ctx = ctx, .parameters = parameters};
  vt_tensor *scale = vt_learned_scale(vt_root(&run), .07, 0);
  assert_ok(ctx, vt_ctx_status(ctx));
  assert_near((double)*(float *)scale->data, 1 / .07, 1e-4);
  *(float *)vt_parameters_find(parameters, "logit_scale")->value->data = 9;
  assert_near((double)*(float *)vt_learned_scale(vt_root(&run), .07, 0)->data, 100, 1e-3);
  vt_parameters_free(parameters);
  vt_ctx_free(ctx);
}

/* ---- distances ---- */

static vt_tensor *triplet_loss(vt_ctx *ctx, vt_tensor *x)
{
  double mask[] = {1, 1, 1, 0};
  vt_tensor *near = vt_slice(ctx, x, 0, 0, 4), *far = vt_slice(ctx, x, 0, 4, 8);
  return vt_triplet(ctx, near, far, .3, (vt_terms){.mask = numbers_of(ctx, VT_DIMS(4), mask)});
}

static double triplet_formula(const double *x)
{
  double sum = 0;
  for (int i = 0; i < 3; i++)
    sum += fmax(0, x[i] - x[4 + i] + .3);
  return sum / 3;
}

static const double alike[] = {1, 0, 0, 0, 1, 1, 0, 1, 1};
static const double off_diagonal[] = {0, 1, 1, 1, 0, 1, 1, 1, 0};

static vt_tensor *margin_loss(vt_ctx *ctx, vt_tensor *x)
{
  return vt_margin(ctx, x, numbers_of(ctx, VT_DIMS(3, 3), alike), vt_number(ctx, .25), .5,
                   numbers_of(ctx, VT_DIMS(3, 3), off_diagonal));
}

static double margin_formula(const double *x)
{
  double sum = 0;
  int active = 0;
  for (int i = 0; i < 9; i++) {
    if (off_diagonal[i] < 1) continue;
    double loss = .5 + (alike[i] > 0 ? 1 : -1) * (x[i] - .25);
    active += loss > 0;
    sum += fmax(0, loss);
  }
  return sum / active;
}

/* x [2, 4]: one taken and three others of each of two users. */
static bool ranking_weighted;

static vt_tensor *ranking_loss(vt_ctx *ctx, vt_tensor *x)
{
  vt_tensor *taken = vt_squeeze(ctx, vt_slice(ctx, x, 1, 0, 1), 1);
  return vt_ranking(ctx, taken, vt_slice(ctx, x, 1, 1, 4), ranking_weighted, (vt_terms){0});
}

static double ranking_formula(const double *x)
{
  double loss = 0;
  for (int row = 0; row < 2; row++) {
    const double *s = x + 4 * row;
    double sum = 0;
    for (int j = 0; j < 3; j++)
      sum += (ranking_weighted ? softmax_at(s + 1, 3, 1, j) : 1. / 3) * logistic(s[0] - s[1 + j]);
    loss -= log(sum) / 2;
  }
  return loss;
}

static void test_distances(void **state)
{
  VT_UNUSED(state);
  check_loss(triplet_loss, triplet_formula, VT_DIMS(8), 1);
  check_loss(margin_loss, margin_formula, VT_DIMS(3, 3), 1);
  for (int i = 0; i < 2; i++) {
    ranking_weighted = i;
    check_loss(ranking_loss, ranking_formula, VT_DIMS(2, 4), 1);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_dice),          cmocka_unit_test(test_boxes),     cmocka_unit_test(test_contrast),
      cmocka_unit_test(test_learned_scale), cmocka_unit_test(test_distances),
  };
  return cmocka_run_group_tests_name("nn/loss_pairs", tests, NULL, NULL);
}
