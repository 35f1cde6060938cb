/* SPDX-License-Identifier: Apache-2.0
 *
 * Localisation metrics against counting by hand, each with the wrong variants that must not pass;
 * consistency of a set of pictures.
 */
#include "metrics/linear_world.h"

#include <stdlib.h>

#include "metrics/consistency.h"

/* Eleven pixels, lying askew. */
static const uint8_t mask[PIXELS] = {[9] = 1,  [10] = 1, [11] = 1, [17] = 1, [18] = 1, [19] = 1,
                                     [20] = 1, [25] = 1, [26] = 1, [33] = 1, [41] = 1};
enum { INSIDE = 11 };

/* Pixels that lie at least as high as p, and those of the mask among them. */
static int at_least(const float *map, int p, int *inside)
{
  int count = 0;
  *inside = 0;
  for (int q = 0; q < PIXELS; q++)
    if (map[q] >= map[p]) {
      count++;
      *inside += mask[q];
    }
  return count;
}

/* A map whose maximum lies in the mask, high and low values outside. */
static void askew(float *map)
{
  for (int p = 0; p < PIXELS; p++)
    map[p] = (float)vt_random_uniform(31, 0, (uint64_t)p) - (mask[p] ? 0.2F : 0.6F);
  map[33] = 2; /* off the diagonal */
}

static bool pointing(const trial *t)
{
  float map[PIXELS], other[PIXELS] = {0};
  askew(map);
  other[63] = 1;
  other[10] = 1;
  other[40] = -5;
  return near(value_of(t, map, NULL), 1, 0) && near(value_of(t, other, NULL), 0.5, 1e-12);
}

static bool mass(const trial *t)
{
  float map[PIXELS];
  double inside = 0, all = 0;
  askew(map);
  for (int p = 0; p < PIXELS; p++) {
    double value = fmax((double)map[p], 0);
    all += value;
    if (mask[p]) inside += value;
  }
  bool holds = near(value_of(t, map, NULL), inside / all, 1e-6);
  if (strcmp(t->metric->id, "attribution-localisation") == 0)
    holds = holds && near(extra_of(t, map, NULL, "weighted"), inside / all * PIXELS / INSIDE, 1e-6);
  return holds;
}

static double share_of_highest(const float *map, int k)
{
  int hits = 0, inside;
  for (int p = 0; p < PIXELS; p++)
    hits += mask[p] && at_least(map, p, &inside) <= k;
  return (double)hits / k;
}

static bool rank(const trial *t)
{
  float map[PIXELS];
  askew(map);
  return near(value_of(t, map, NULL), share_of_highest(map, INSIDE), 1e-12);
}

static bool top_k(const trial *t)
{
  float map[PIXELS];
  askew(map);
  return near(value_of(t, map, (const char *const[]){"k=6", NULL}), share_of_highest(map, 6), 1e-12) &&
         near(value_of(t, map, (const char *const[]){"k=1000", NULL}), (double)INSIDE / PIXELS, 1e-12);
}

static bool area_under_roc(const trial *t)
{
  float map[PIXELS];
  double wins = 0;
  askew(map);
  for (int p = 0; p < PIXELS; p++)
    for (int q = 0; q < PIXELS; q++)
      if (mask[p] && !mask[q]) wins += map[p] > map[q] ? 1 : map[p] == map[q] ? 0.5 : 0;
  return near(value_of(t, map, NULL), wins / INSIDE / (PIXELS - INSIDE), 1e-9);
}

static bool average_precision(const trial *t)
{
  float map[PIXELS];
  double sum = 0;
  askew(map);
  for (int p = 0; p < PIXELS; p++) {
    int inside, count = at_least(map, p, &inside);
    if (mask[p]) sum += (double)inside / count / INSIDE;
  }
  return near(value_of(t, map, NULL), sum, 1e-9);
}

static double overlap(const uint8_t *chosen, double *dice)
{
  int both = 0, taken = 0;
  for (int p = 0; p < PIXELS; p++) {
    taken += chosen[p];
    both += chosen[p] && mask[p];
  }
  *dice = 2.0 * both / (taken + INSIDE);
  return (double)both / (taken + INSIDE - both);
}

static bool iou(const trial *t)
{
  float map[PIXELS], low = 9, high = -9;
  uint8_t chosen[4][PIXELS] = {{0}};
  double mean = 0, dice;
  int inside;
  static const char *const settings[4][2] = {
      {"threshold=area", NULL}, {"threshold=mean", NULL}, {"threshold=half", NULL}, {"threshold=otsu", NULL}};
  askew(map);
  for (int p = 0; p < PIXELS; p++) {
    mean += (double)map[p] / PIXELS;
    low = fminf(low, map[p]);
    high = fmaxf(high, map[p]);
  }
  for (int p = 0; p < PIXELS; p++) {
    chosen[0][p] = at_least(map, p, &inside) <= INSIDE;
    chosen[1][p] = (double)map[p] > mean;
    chosen[2][p] = map[p] >= (low + high) / 2;
  }
  for (int i = 0; i < 3; i++)
    if (!near(value_of(t, map, settings[i]), overlap(chosen[i], &dice), 1e-9) ||
        !near(extra_of(t, map, settings[i], "dice"), dice, 1e-9))
      return false;
  /* two heights: Otsu finds the step, and the box is that of the mask */
  for (int p = 0; p < PIXELS; p++)
    map[p] = mask[p] ? 5 : -1;
  map[63] = 4; /* a part of its own, too small for the box */
  return near(value_of(t, map, settings[3]), INSIDE / 12.0, 1e-9) &&
         near(extra_of(t, map, NULL, "box"), 1, 1e-9) && near(extra_of(t, map, NULL, "box_hit"), 1, 0);
}

static void test_forms(void **state)
{
  /* the mask keeps its place when rows and columns are exchanged in the map alone */
  static const form forms[] = {
      {"pointing-game", pointing, STILL},
      {"mass-accuracy", mass, STILL},
      {"attribution-localisation", mass, STILL},
      {"rank-accuracy", rank, STILL},
      {"top-k", top_k, STILL},
      {"localisation-auc", area_under_roc, STILL},
      {"average-precision", average_precision, STILL},
      {"map-iou", iou, STILL},
  };
  linear_world at;
  vt_truth truth = {.mask = mask};
  trial with = {.truth = &truth};
  linear_open(&at, *state);
  check_forms(&at, forms, VT_COUNT(forms), &with);
  linear_close(&at);
}

/* 00-metrics (g): 1 when the map is the mask. */
static void test_the_mask(void **state)
{
  static const char *const ids[] = {"average-precision", "map-iou", "attribution-localisation"};
  linear_world at;
  vt_truth truth = {.mask = mask};
  float map[PIXELS], constant[PIXELS] = {0};
  linear_open(&at, *state);
  for (int p = 0; p < PIXELS; p++)
    map[p] = mask[p];
  for (size_t i = 0; i < VT_COUNT(ids); i++) {
    trial t = {.at = &at, .metric = vt_metric_find(ids[i]), .truth = &truth};
    assert_near(value_of(&t, map, NULL), 1, 1e-8);
  }
  trial t = {.at = &at, .metric = vt_metric_find("average-precision"), .truth = &truth};
  assert_near(value_of(&t, constant, NULL), (double)INSIDE / PIXELS, 1e-12);
  t.metric = vt_metric_find("top-k");
  assert_near(value_of(&t, constant, (const char *const[]){"k=3", NULL}), (double)INSIDE / PIXELS, 1e-12);
  linear_close(&at);
}

static void test_consistency(void **state)
{
  static const int32_t falling[4][4] = {{3, 1, 0, 2}, {1, 3, 2, 0}, {0, 1, 3, 2}, {3, 1, 2, 0}};
  uint64_t signatures[4];
  int64_t pairs;
  for (int i = 0; i < 4; i++)
    assert_ok(*state, vt_consistency_signature(*state, falling[i], 4, 2, &signatures[i]));
  /* the set of the highest two, not their order */
  assert_true(signatures[0] == signatures[1] && signatures[0] == signatures[3]);
  assert_true(signatures[0] != signatures[2]);
  assert_near(vt_consistency(signatures, (const int[]){5, 5, 9, 7}, 4, &pairs), 1.0 / 3, 1e-12);
  assert_int_equal(pairs, 3);
  assert_near(vt_consistency(signatures, (const int[]){5, 5, 9, 5}, 4, NULL), 1, 0);
  assert_true(isnan(vt_consistency(signatures + 1, (const int[]){1, 2}, 2, &pairs)));
  assert_int_equal(pairs, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_forms, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_the_mask, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_consistency, new_context, free_context),
  };
  return cmocka_run_group_tests_name("metrics/masks", tests, NULL, NULL);
}
