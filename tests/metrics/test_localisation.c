/* SPDX-License-Identifier: Apache-2.0
 *
 * Localisation metrics on maps and masks small enough to count by hand.
 */
#include <math.h>

#include "metrics/localisation.h"
#include "test.h"

/* A task that is no more than a size. */
typedef struct place {
  vt_ctx *ctx;
  vt_image picture;
  vt_regions *regions;
  vt_task task;
  vt_truth truth;
} place;

static void place_open(place *at, vt_ctx *ctx, int width, int height, const uint8_t *mask)
{
  *at = (place){.ctx = ctx, .picture = {width, height, 3, NULL}, .truth = {.mask = mask}};
  at->task = (vt_task){.picture = &at->picture};
}

static void divide(place *at, const int32_t *labels)
{
  assert_ok(at->ctx,
            vt_regions_from_labels(at->ctx, labels, at->picture.height, at->picture.width, &at->regions));
  at->task.regions = at->regions;
}

static vt_measure measure(place *at, const char *metric, const float *map, const int *order)
{
  vt_measure out = {0};
  vt_judged judged = {.map = map, .regions = order ? at->regions : NULL, .order = order, .truth = &at->truth};
  assert_ok(at->ctx, vt_metric_run(at->ctx, vt_metric_find(metric), &at->task, &judged, NULL, NULL, &out));
  return out;
}

static double extra(const vt_measure *measured, const char *name)
{
  for (int i = 0; i < measured->extra_count; i++)
    if (strcmp(measured->extra_names[i], name) == 0) return measured->extra[i];
  fail_msg("no value '%s'", name);
  return NAN;
}

static double value(place *at, const char *metric, const float *map, const int *order)
{
  vt_measure out = measure(at, metric, map, order);
  double result = out.value;
  vt_measure_free(&out);
  return result;
}

static double extra_of(place *at, const char *metric, const float *map, const int *order, const char *name)
{
  vt_measure out = measure(at, metric, map, order);
  double result = extra(&out, name);
  vt_measure_free(&out);
  return result;
}

static const char *const mask_metrics[] = {"pointing-game", "mass-accuracy", "rank-accuracy",
                                           "localisation-auc"};

/* 00-metrics (g): a map that is the mask, and its opposite. */
static void test_the_mask_itself(void **state)
{
  const uint8_t mask[12] = {0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0};
  float map[12], opposite[12];
  for (int i = 0; i < 12; i++) {
    map[i] = mask[i];
    opposite[i] = 1 - map[i];
  }
  place at;
  place_open(&at, *state, 4, 3, mask);
  for (size_t i = 0; i < VT_COUNT(mask_metrics); i++) {
    assert_near(value(&at, mask_metrics[i], map, NULL), 1, 0);
    assert_near(value(&at, mask_metrics[i], opposite, NULL), 0, 0);
  }
}

/* A tied maximum counts by its share, wherever its pixels stand. */
static void test_pointing_ties(void **state)
{
  const uint8_t first[8] = {1, 0, 0, 0, 0, 0, 0, 1}, last[8] = {0, 0, 0, 0, 0, 1, 0, 1};
  const float map[8] = {5, 5, 1, 1, 5, 5, 0, 2};
  place at;
  place_open(&at, *state, 8, 1, first);
  assert_near(value(&at, "pointing-game", map, NULL), .25, 0);
  assert_near(extra_of(&at, "pointing-game", map, NULL, "any"), 1, 0);
  assert_near(extra_of(&at, "pointing-game", map, NULL, "chance"), .25, 0);
  at.truth.mask = last;
  assert_near(value(&at, "pointing-game", map, NULL), .25, 0);
  /* a constant map points everywhere, and says so */
  const float flat[8] = {3, 3, 3, 3, 3, 3, 3, 3};
  vt_measure out = measure(&at, "pointing-game", flat, NULL);
  assert_near(out.value, 2. / 8, 0);
  assert_near(out.tied_share, 1, 0);
  assert_non_null(strstr(out.note, "constant"));
  vt_measure_free(&out);
}

/* 15 pixels of 224 are 4.29 of 64: a circle, not a square. */
static void test_pointing_margin(void **state)
{
  static uint8_t mask[64 * 64];
  static float map[64 * 64];
  const struct {
    int x, y;
    double hit;
  } cases[] = {{20, 24, 1}, {24, 20, 1}, {20, 25, 0}, {23, 23, 1}, {24, 22, 0}, {16, 20, 1}, {15, 20, 0}};
  place at;
  place_open(&at, *state, 64, 64, mask);
  mask[20 * 64 + 20] = 1;
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    memset(map, 0, sizeof map);
    map[cases[i].y * 64 + cases[i].x] = 1;
    assert_near(value(&at, "pointing-game", map, NULL), 0, 0);
    assert_near(extra_of(&at, "pointing-game", map, NULL, "tolerant"), cases[i].hit, 0);
  }
}

static void test_mass(void **state)
{
  const uint8_t mask[4] = {0, 1, 0, 1};
  const float map[4] = {-1, 3, 1, -5};
  place at;
  place_open(&at, *state, 4, 1, mask);
  assert_near(value(&at, "mass-accuracy", map, NULL), 3. / 4, 0);
  /* less the least value: 4, 8, 6, 0 */
  assert_near(extra_of(&at, "mass-accuracy", map, NULL, "from_least"), 8. / 18, 1e-15);
  const float negative[4] = {-1, -2, -3, -4};
  vt_measure out = measure(&at, "mass-accuracy", negative, NULL);
  assert_true(isnan(out.value));
  assert_non_null(out.note);
  assert_near(extra(&out, "from_least"), 2. / 6, 1e-15);
  vt_measure_free(&out);
}

/* Three of eight pixels: the highest is a hit, the two others are drawn from four that tie, one of them a
 * hit: 1 + 2 · ¼ of 3. */
static void test_rank_ties(void **state)
{
  const uint8_t mask[8] = {0, 1, 0, 0, 1, 0, 0, 1};
  const float map[8] = {2, 9, 2, 2, 2, 0, 0, 1};
  place at;
  place_open(&at, *state, 8, 1, mask);
  assert_near(value(&at, "rank-accuracy", map, NULL), .5, 1e-15);
}

/* Maps that know nothing: the area's share on average, and ½. Means over 400 permutations of 24 pixels have a
 * standard deviation below .008, hits (0 or 1) .022. */
static void test_chance(void **state)
{
  uint8_t mask[24] = {0};
  for (int i = 0; i < 6; i++)
    mask[i * 3 + 1] = 1;
  place at;
  place_open(&at, *state, 6, 4, mask);
  double sums[4] = {0};
  for (uint64_t trial = 0; trial < 400; trial++) {
    int order[24];
    float map[24];
    vt_random_permutation(3, trial, order, 24);
    for (int i = 0; i < 24; i++)
      map[i] = (float)order[i];
    for (size_t i = 0; i < VT_COUNT(mask_metrics); i++)
      sums[i] += value(&at, mask_metrics[i], map, NULL) / 400;
  }
  assert_near(sums[0], .25, .09);
  assert_near(sums[1], .25, .03);
  assert_near(sums[2], .25, .03);
  assert_near(sums[3], .5, .03);
}

static void test_auc_by_pairs(void **state)
{
  uint8_t mask[30];
  float map[30];
  for (int i = 0; i < 30; i++) {
    mask[i] = i % 7 < 3;
    map[i] = (float)((i * 11) % 8 + 2 * (i % 7 < 2)); /* ties inside and across */
  }
  double wins = 0, pairs = 0;
  for (int i = 0; i < 30; i++)
    for (int j = 0; j < 30; j++)
      if (mask[i] && !mask[j]) {
        wins += map[i] > map[j] ? 1 : map[i] == map[j] ? .5 : 0;
        pairs++;
      }
  place at;
  place_open(&at, *state, 6, 5, mask);
  assert_near(value(&at, "localisation-auc", map, NULL), wins / pairs, 1e-15);
  assert_true(fabs(wins / pairs - .5) > .01); /* the case can tell */
  memset(mask, 1, sizeof mask);
  vt_measure out = measure(&at, "localisation-auc", map, NULL);
  assert_true(isnan(out.value));
  assert_non_null(out.note);
  vt_measure_free(&out);
}

/* Regions a (2 pixels), b (3), c (4), d (1); the mask has 4: two of c, one of b, the only one of d. */
static const int32_t labels[10] = {0, 0, 1, 1, 1, 2, 2, 2, 2, 3};
static const uint8_t four[10] = {0, 0, 0, 0, 1, 0, 0, 1, 1, 1};

static void test_purity(void **state)
{
  place at;
  place_open(&at, *state, 10, 1, four);
  divide(&at, labels);
  const int order[4] = {3, 1, 2, 0};
  /* d and b cover 4 pixels, two of them right */
  vt_measure out = measure(&at, "region-purity", NULL, order);
  assert_near(out.value, 2. / 4, 0);
  assert_near(extra(&out, "first"), 1, 0);
  assert_near(extra(&out, "recall"), 2. / 4, 0);
  assert_near(extra(&out, "regions"), 2, 0);
  vt_measure_free(&out);
  const int other[4] = {1, 2, 0, 3};
  /* b alone has 3, b and c 7 pixels */
  assert_near(value(&at, "region-purity", NULL, other), 3. / 7, 1e-15);
  assert_near(extra_of(&at, "region-purity", NULL, other, "first"), 1. / 3, 1e-15);
  /* a map ranks regions by its mean, not its sum: d 2, c 1.25, b 1, a 0 */
  const float map[10] = {0, 0, 1, 1, 1, 1, 1, 1, 2, 2};
  assert_near(value(&at, "region-purity", map, NULL), 3. / 5, 1e-15);
  /* an order's maximum is its first region */
  assert_near(value(&at, "pointing-game", NULL, other), 1. / 3, 1e-15);
  /* 4 pixels: three of b with one hit, one drawn of the four of c, of which two hit */
  assert_near(value(&at, "rank-accuracy", NULL, other), 1.5 / 4, 1e-15);
  assert_true(isnan(value(&at, "mass-accuracy", NULL, other)));
  at.task.regions = NULL;
  assert_true(isnan(value(&at, "region-purity", map, NULL)));
  vt_regions_free(at.regions);
}

/* Effects 3, 1, 2 of parts of 1, 4 and 10 pixels, map 1, ½, .3 and on 5 more pixels 0: sums 1, 2, 3, mean
 * of all 6/20, excess .7, .8, 0. Places of the sums differ from the effects' by 2, 1, 1, so 1 − 6·6/24; those
 * of the means by 0, 1, 1; those of the excess by 1, 1, 2. Of the excess's pairs (.7 .8), (.7 0), (.8 0) the
 * second alone goes as the effects do. */
static void test_part_correlation(void **state)
{
  const uint8_t a[20] = {1}, b[20] = {0, 1, 1, 1, 1}, c[20] = {0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  const uint8_t *const parts[3] = {a, b, c};
  const double effects[3] = {3, 1, 2};
  float map[20], raised[20];
  place at;
  place_open(&at, *state, 20, 1, NULL);
  at.truth = (vt_truth){.parts = parts, .effects = effects, .part_count = 3};
  for (int i = 0; i < 20; i++) {
    map[i] = i < 1 ? 1 : i < 5 ? .5f : i < 15 ? .3f : 0;
    raised[i] = map[i] - 4;
  }
  vt_measure out = measure(&at, "part-correlation", map, NULL);
  assert_near(out.value, -.5, 1e-12);
  assert_near(extra(&out, "kendall"), -1. / 3, 1e-12);
  assert_near(extra(&out, "by_sum"), -.5, 1e-12);
  assert_near(extra(&out, "by_mean"), .5, 1e-12);
  /* effects a pixel 3, ¼, .2 */
  assert_near(extra(&out, "per_pixel"), 1, 1e-12);
  assert_near(extra(&out, "first"), 0, 0);
  vt_measure_free(&out);
  /* another zero of the map turns the sums round, −3, −14, −37, and nothing else */
  out = measure(&at, "part-correlation", raised, NULL);
  assert_near(out.value, -.5, 1e-12);
  assert_near(extra(&out, "by_sum"), .5, 1e-12);
  assert_near(extra(&out, "by_mean"), .5, 1e-12);
  vt_measure_free(&out);
  /* the effect spread over the part is the best that can be said, its opposite the worst */
  for (int sign = 1; sign >= -1; sign -= 2) {
    for (int i = 0; i < 20; i++)
      map[i] = (float)sign * (i < 1 ? 3 : i < 5 ? 1 / 4.f : i < 15 ? 4 / 10.f : 0);
    out = measure(&at, "part-correlation", map, NULL);
    assert_near(extra(&out, "by_sum"), sign > 0 ? .5 : -.5, 1e-12); /* 3, 1, 4 */
    assert_near(out.value, sign, 1e-12);                            /* less 8/20 each: 2.6, −.6, 0 */
    assert_near(extra(&out, "first"), sign > 0, 0);
    vt_measure_free(&out);
  }
  for (int i = 0; i < 20; i++)
    map[i] = 2;
  out = measure(&at, "part-correlation", map, NULL);
  assert_true(isnan(out.value));
  assert_near(extra(&out, "first"), 1. / 3, 1e-15);
  vt_measure_free(&out);
}

/* Of an order a pixel counts the regions from its own to the last: parts that are its regions, most important
 * first, have the effects' order. */
static void test_parts_by_order(void **state)
{
  const uint8_t a[10] = {1, 1}, b[10] = {0, 0, 1, 1, 1}, c[10] = {0, 0, 0, 0, 0, 1, 1, 1, 1};
  const uint8_t *const parts[3] = {a, b, c};
  const double effects[3] = {2, 3, 1};
  const int order[4] = {1, 0, 2, 3}, turned[4] = {3, 2, 0, 1};
  place at;
  place_open(&at, *state, 10, 1, NULL);
  divide(&at, labels);
  at.truth = (vt_truth){.parts = parts, .effects = effects, .part_count = 3};
  assert_near(extra_of(&at, "part-correlation", NULL, order, "by_mean"), 1, 1e-12);
  assert_near(extra_of(&at, "part-correlation", NULL, turned, "by_mean"), -1, 1e-12);
  /* 2·3, 3·4, 4·2 less 2.7 a pixel: .6, 3.9, −2.8 */
  assert_near(value(&at, "part-correlation", NULL, order), 1, 1e-12);
  vt_regions_free(at.regions);
}

/* What cannot be said is NaN with a reason; what should not be asked is refused. */
static void test_undefined(void **state)
{
  const uint8_t nothing[4] = {0};
  float map[4] = {1, 2, 3, 4};
  place at;
  place_open(&at, *state, 4, 1, nothing);
  divide(&at, (const int32_t[4]){0, 0, 1, 1});
  for (size_t i = 0; i < vt_metric_count; i++) {
    const vt_metric *metric = vt_metrics[i];
    if (!(metric->needs & VT_NEEDS_MASKS)) continue;
    vt_measure out = measure(&at, metric->id, map, NULL);
    assert_true(isnan(out.value) && isnan(out.normalised));
    assert_non_null(out.note);
    vt_measure_free(&out);
    vt_judged judged = {.map = map};
    assert_fails(at.ctx, vt_metric_run(at.ctx, metric, &at.task, &judged, NULL, NULL, &out),
                 VT_ERROR_INVALID_ARGUMENT, "mask");
    vt_ctx_clear(at.ctx);
    map[2] = NAN;
    judged.truth = &at.truth;
    assert_fails(at.ctx, vt_metric_run(at.ctx, metric, &at.task, &judged, NULL, NULL, &out),
                 VT_ERROR_INVALID_DATA, "NaN");
    vt_ctx_clear(at.ctx);
    map[2] = 3;
  }
  vt_regions_free(at.regions);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_the_mask_itself, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_pointing_ties, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_pointing_margin, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_mass, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_rank_ties, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_chance, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_auc_by_pairs, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_purity, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_part_correlation, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_parts_by_order, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_undefined, new_context, free_context),
  };
  return cmocka_run_group_tests_name("metrics/localisation", tests, NULL, NULL);
}
