/* SPDX-License-Identifier: Apache-2.0
 *
 * Faithfulness and complexity in closed form on a linear model (00-metrics, "At our scale"), each with the
 * wrong variants that must not pass.
 */
#include "metrics/linear_world.h"

#include <stdlib.h>

static int falling(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x > y ? -1 : x < y;
}

/* The shares by falling size, of pixels or of the 4 × 4 cells. */
static void sorted_shares(const linear_world *at, double *out)
{
  memcpy(out, at->share, sizeof at->share);
  qsort(out, PIXELS, sizeof *out, falling);
}

static void sorted_cells(const linear_world *at, double out[16])
{
  memset(out, 0, 16 * sizeof *out);
  for (int p = 0; p < PIXELS; p++)
    out[p / SIDE / 2 * 4 + p % SIDE / 2] += at->share[p];
  qsort(out, 16, sizeof *out, falling);
}

/* Scores after 0 to `steps` steps of taking away, `taken(t)` = ⌊t·64/steps⌋ pixels or t·each. */
static void removal(const linear_world *at, const double *sorted, int count, int each, int steps,
                    double *scores)
{
  for (int t = 0; t <= steps; t++) {
    int taken = each ? t * each : t * count / steps;
    scores[t] = at->full;
    for (int i = 0; i < taken && i < count; i++)
      scores[t] -= sorted[i];
  }
}

static double trapezoid(const double *scores, int steps)
{
  double sum = 0;
  for (int t = 1; t <= steps; t++)
    sum += (scores[t - 1] + scores[t]) / 2 / steps;
  return sum;
}

/* ---- curves ---- */

static bool deletion(const trial *t)
{
  double sorted[PIXELS], scores[51];
  sorted_shares(t->at, sorted);
  removal(t->at, sorted, PIXELS, 0, 50, scores);
  return near(value_of(t, t->at->map, NULL), trapezoid(scores, 50), 1e-6);
}

static bool insertion(const trial *t)
{
  double sorted[PIXELS], scores[51];
  sorted_shares(t->at, sorted);
  removal(t->at, sorted, PIXELS, 0, 50, scores);
  for (int i = 0; i <= 50; i++)
    scores[i] = t->at->full + t->at->blank - scores[i];
  return near(value_of(t, t->at->map, NULL), trapezoid(scores, 50), 1e-6);
}

static bool highest_confidence(const trial *t)
{
  double sorted[PIXELS], scores[51], most = 0, quarter = 0;
  sorted_shares(t->at, sorted);
  removal(t->at, sorted, PIXELS, 0, 50, scores);
  for (int i = 1; i <= 50; i++) {
    double shown = t->at->full + t->at->blank - scores[i];
    most = fmax(most, shown);
    if (i <= 12) quarter = fmax(quarter, shown);
  }
  return near(value_of(t, t->at->map, NULL), most, 1e-6) &&
         near(extra_of(t, t->at->map, NULL, "25"), quarter, 1e-6);
}

static bool pixel_flipping(const trial *t)
{
  static const char *const settings[] = {"step=5", NULL};
  double sorted[PIXELS], scores[14], sum = 0;
  sorted_shares(t->at, sorted);
  removal(t->at, sorted, PIXELS, 5, 13, scores);
  for (int i = 1; i <= 13; i++)
    sum += scores[i];
  return near(value_of(t, t->at->map, settings), trapezoid(scores, 13), 1e-6) &&
         near(extra_of(t, t->at->map, settings, "quantus"), sum - (scores[1] + scores[13]) / 2, 1e-5);
}

static bool region_perturbation(const trial *t)
{
  static const char *const settings[] = {"patch=2", "regions=10", NULL};
  double sorted[16], scores[17], sum = 0;
  sorted_cells(t->at, sorted);
  removal(t->at, sorted, 16, 1, 16, scores);
  for (int k = 1; k <= 10; k++)
    sum += (t->at->full - scores[k]) / 10;
  return near(value_of(t, t->at->map, settings), sum, 1e-6);
}

static bool selectivity(const trial *t)
{
  static const char *const settings[] = {"patch=2", NULL};
  double sorted[16], scores[17];
  sorted_cells(t->at, sorted);
  removal(t->at, sorted, 16, 1, 16, scores);
  return near(value_of(t, t->at->map, settings), trapezoid(scores, 16), 1e-6);
}

static bool irof(const trial *t)
{
  static const char *const settings[] = {"regions=grid:4x4", "baseline=black", NULL};
  double sorted[16], scores[17], sum = 0;
  sorted_cells(t->at, sorted);
  removal(t->at, sorted, 16, 1, 16, scores);
  for (int k = 1; k <= 16; k++)
    sum += 1 - scores[k] / t->at->full;
  return near(value_of(t, t->at->map, settings), sum, 1e-5) &&
         near(extra_of(t, t->at->map, settings, "mean"), sum / 16, 1e-6);
}

static bool monotonicity(const trial *t)
{
  static const char *const settings[] = {"patch=1", NULL};
  double kept = 0;
  for (int p = 0; p < PIXELS; p++)
    kept += t->at->share[p] >= 0;
  return kept < PIXELS && near(value_of(t, t->at->map, settings), kept / PIXELS, 1e-9) &&
         near(extra_of(t, t->at->map, settings, "correlation"), 1, 1e-4);
}

/* ---- correlations: 1 for the shares, −1 for their opposite, near 0 for a map that knows nothing ---- */

static bool correlates(const trial *t, const char *const *settings, double tolerance)
{
  float opposite[PIXELS], random[PIXELS];
  double sum = 0;
  enum { RANDOM = 60 };
  for (int p = 0; p < PIXELS; p++)
    opposite[p] = -t->at->map[p];
  if (!near(value_of(t, t->at->map, settings), 1, tolerance)) return false;
  if (!near(value_of(t, opposite, settings), -1, tolerance)) return false;
  for (int i = 0; i < RANDOM; i++) {
    for (int p = 0; p < PIXELS; p++)
      random[p] = (float)vt_random_uniform(17, (uint64_t)i, (uint64_t)p) - 0.5F;
    sum += value_of(t, random, settings) / RANDOM;
  }
  return near(sum, 0, 0.1);
}

static bool mufidelity(const trial *t)
{
  return correlates(t, (const char *const[]){"grid=4", "samples=64", NULL}, 1e-3);
}

static bool faithfulness_correlation(const trial *t)
{
  return correlates(t, (const char *const[]){"size=16", "runs=64", NULL}, 1e-6);
}

static bool sensitivity_n(const trial *t)
{
  return correlates(t, (const char *const[]){"grid=4", "samples=32", NULL}, 1e-6);
}

/* ---- infidelity, completeness ---- */

static bool infidelity(const trial *t)
{
  static const char *const part[] = {"block=4", NULL}, *const whole[] = {"block=8", NULL};
  float twice[PIXELS], nothing[PIXELS] = {0};
  double difference = t->at->full - t->at->blank;
  for (int p = 0; p < PIXELS; p++)
    twice[p] = 2 * t->at->map[p];
  return near(value_of(t, t->at->map, part), 0, 1e-6) &&
         near(value_of(t, twice, whole), difference * difference, 1e-6) &&
         near(value_of(t, nothing, whole), difference * difference, 1e-6) &&
         near(extra_of(t, twice, whole, "beta"), 0.5, 1e-5) &&
         near(extra_of(t, twice, part, "scaled"), 0, 1e-6);
}

static bool completeness(const trial *t)
{
  float twice[PIXELS], nothing[PIXELS] = {0};
  for (int p = 0; p < PIXELS; p++)
    twice[p] = 2 * t->at->map[p];
  return near(value_of(t, t->at->map, NULL), 0, 1e-5) && near(value_of(t, twice, NULL), 1, 1e-5) &&
         (t->wrong == BLIND || near(value_of(t, nothing, NULL), 1, 1e-5));
}

/* ---- the picture faded by the map ---- */

static double faded(const linear_world *at, const float *map)
{
  double low = INFINITY, high = 0, score = at->blank;
  for (int p = 0; p < PIXELS; p++) {
    low = fmin(low, fabs((double)map[p]));
    high = fmax(high, fabs((double)map[p]));
  }
  for (int p = 0; p < PIXELS; p++)
    score += at->share[p] * (fabs((double)map[p]) - low) / (high - low);
  return score;
}

/* The parts of the shares above 0, and those below. */
static void parts(const linear_world *at, float *gain, float *loss)
{
  for (int p = 0; p < PIXELS; p++) {
    gain[p] = fmaxf(at->map[p], 0);
    loss[p] = fmaxf(-at->map[p], 0);
  }
}

static bool average_drop(const trial *t)
{
  float gain[PIXELS], loss[PIXELS];
  parts(t->at, gain, loss);
  double kept = faded(t->at, loss);
  return kept < t->at->full && near(value_of(t, loss, NULL), (t->at->full - kept) / t->at->full, 1e-6) &&
         near(extra_of(t, t->at->map, NULL, "kept"), faded(t->at, t->at->map), 1e-6);
}

static bool average_increase(const trial *t)
{
  float gain[PIXELS], loss[PIXELS];
  for (int p = 0; p < PIXELS; p++) /* what helps is shown, what harms is not */
    gain[p] = t->at->map[p] > 0;
  double kept = faded(t->at, gain);
  parts(t->at, loss, loss);
  for (int p = 0; p < PIXELS; p++)
    loss[p] = t->at->map[p] <= 0;
  return kept > t->at->full && near(value_of(t, gain, NULL), 1, 0) && near(value_of(t, loss, NULL), 0, 0) &&
         near(extra_of(t, gain, NULL, "kept"), kept, 1e-6) &&
         near(extra_of(t, gain, NULL, "full"), t->at->full, 1e-6);
}

static bool average_gain(const trial *t)
{
  float gain[PIXELS];
  for (int p = 0; p < PIXELS; p++)
    gain[p] = t->at->map[p] > 0;
  return near(value_of(t, gain, NULL), (faded(t->at, gain) - t->at->full) / (1 - t->at->full), 1e-6);
}

/* ---- ROAD ---- */

/* A pixel alone in its hole is the weighted mean of its neighbours, by hand. */
static double filled(const linear_world *at, int pixel, int channel)
{
  double sum = 0, weights = 0;
  for (int dy = -1; dy <= 1; dy++)
    for (int dx = -1; dx <= 1; dx++) {
      int y = pixel / SIDE + dy, x = pixel % SIDE + dx;
      if ((!dy && !dx) || y < 0 || x < 0 || y >= SIDE || x >= SIDE) continue;
      double weight = dy && dx ? 1.0 / 12 : 1.0 / 6;
      sum += weight * at->input[channel * PIXELS + y * SIDE + x];
      weights += weight;
    }
  return sum / weights;
}

static double without(const linear_world *at, int pixel)
{
  double score = at->full;
  for (int c = 0; c < 3; c++)
    score += at->weights[0][c * PIXELS + pixel] * (filled(at, pixel, c) - at->input[c * PIXELS + pixel]);
  return score;
}

static bool road(const trial *t)
{
  static const char *const settings[] = {"shares=0.001", "noise=0", NULL};
  int most = 0, least = 0;
  for (int p = 1; p < PIXELS; p++) {
    if (t->at->share[p] > t->at->share[most]) most = p;
    if (t->at->share[p] < t->at->share[least]) least = p;
  }
  double expected = (without(t->at, least) - without(t->at, most)) / 2;
  return fabs(expected) > 1e-4 && near(value_of(t, t->at->map, settings), expected, 1e-6);
}

/* ---- complexity ---- */

static bool sparseness(const trial *t)
{
  float one[PIXELS] = {[9] = 3}, equal[PIXELS], ramp[PIXELS];
  for (int p = 0; p < PIXELS; p++) {
    equal[p] = 0.5F;
    ramp[p] = (float)(p + 1);
  }
  return near(value_of(t, one, NULL), 1 - 1.0 / PIXELS, 1e-5) && near(value_of(t, equal, NULL), 0, 1e-9) &&
         near(value_of(t, ramp, NULL), (PIXELS - 1.0) / (3 * PIXELS), 1e-6);
}

static bool complexity(const trial *t)
{
  float one[PIXELS] = {[9] = 3}, equal[PIXELS], half[PIXELS] = {0};
  for (int p = 0; p < PIXELS; p++)
    equal[p] = 0.5F;
  for (int p = 0; p < PIXELS / 2; p++)
    half[p] = 2;
  return near(value_of(t, one, NULL), 0, 1e-12) && near(value_of(t, equal, NULL), log(PIXELS), 1e-9) &&
         near(value_of(t, half, NULL), log(PIXELS / 2), 1e-9);
}

static bool effective_complexity(const trial *t)
{
  float few[PIXELS] = {[3] = 100, [20] = -1, [40] = 0.0005F};
  return near(value_of(t, few, NULL), 2, 0) && near(extra_of(t, few, NULL, "share"), 2.0 / PIXELS, 1e-12) &&
         near(value_of(t, few, (const char *const[]){"least=0.5", NULL}), 1, 0);
}

static void test_forms(void **state)
{
  static const form forms[] = {
      {"insertion", insertion, 0},
      {"deletion", deletion, 0},
      {"average-highest-confidence", highest_confidence, 0},
      {"mufidelity", mufidelity, 0},
      {"faithfulness-correlation", faithfulness_correlation, 0},
      {"sensitivity-n", sensitivity_n, 0},
      {"infidelity", infidelity, 0},
      {"pixel-flipping", pixel_flipping, 0},
      {"region-perturbation", region_perturbation, 0},
      {"selectivity", selectivity, 0},
      {"irof", irof, 0},
      {"monotonicity", monotonicity, 0},
      {"average-drop", average_drop, SIGNLESS},
      {"average-increase", average_increase, SIGNLESS},
      {"average-gain", average_gain, SIGNLESS},
      {"road", road, BIT(OTHER_BASELINE)},
      {"completeness", completeness, PLACELESS},
      {"sparseness", sparseness, SIGNLESS | STILL | PLACELESS},
      {"complexity", complexity, SIGNLESS | STILL | PLACELESS},
      {"effective-complexity", effective_complexity, SIGNLESS | STILL | PLACELESS},
  };
  linear_world at;
  linear_open(&at, *state);
  check_forms(&at, forms, VT_COUNT(forms), NULL);
  linear_close(&at);
}

/* Gradients as the map of channels: what noise costs is told without error. */
static void test_infidelity_of_gradients(void **state)
{
  linear_world at;
  linear_open(&at, *state);
  float gradient[FLOATS], wrong[FLOATS];
  for (int i = 0; i < FLOATS; i++) {
    gradient[i] = (float)at.weights[0][i];
    wrong[i] = (float)at.weights[0][FLOATS - 1 - i];
  }
  static const char *const noise[] = {"noise=gaussian", "sigma=0.2", NULL};
  trial t = {.at = &at, .metric = vt_metric_find("infidelity"), .attribution = gradient};
  assert_near(value_of(&t, at.map, noise), 0, 1e-9);
  t.attribution = wrong;
  assert_true(value_of(&t, at.map, noise) > 1e-6);
  linear_close(&at);
}

/* (c) the true order is not beaten by any of 100 random ones; its reverse is the worst of all. */
static void test_orders(void **state)
{
  linear_world at;
  linear_open(&at, *state);
  float reversed[PIXELS], random[PIXELS];
  static const char *const patches[] = {"patch=2", NULL}, *const steps[] = {"step=4", NULL};
  static const struct {
    const char *metric;
    const char *const *settings;
  } cases[] = {{"pixel-flipping", steps}, {"selectivity", patches}, {"region-perturbation", patches}};
  for (int p = 0; p < PIXELS; p++)
    reversed[p] = -at.map[p];
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    trial t = {.at = &at, .metric = vt_metric_find(cases[i].metric)};
    double sign = t.metric->higher_is_better ? 1 : -1;
    double best = sign * value_of(&t, at.map, cases[i].settings),
           worst = sign * value_of(&t, reversed, cases[i].settings);
    for (int r = 0; r < 100; r++) {
      for (int p = 0; p < PIXELS; p++)
        random[p] = (float)vt_random_uniform(23, (uint64_t)r, (uint64_t)p);
      double value = sign * value_of(&t, random, cases[i].settings);
      assert_true(value < best + 1e-6 && value > worst - 1e-6); /* of all patches the last step is the same */
    }
  }
  linear_close(&at);
}

/* An order of regions is walked over its own regions, and counts as a map in the others. */
static void test_region_orders(void **state)
{
  linear_world at;
  linear_open(&at, *state);
  double sums[16] = {0};
  int order[16];
  for (int p = 0; p < PIXELS; p++)
    sums[p / SIDE / 2 * 4 + p % SIDE / 2] += at.share[p];
  for (int i = 0; i < 16; i++) {
    int place = 0;
    for (int j = 0; j < 16; j++)
      place += sums[j] > sums[i];
    order[place] = i;
  }
  for (size_t i = 0; i < vt_metric_count; i++) {
    const vt_metric *metric = vt_metrics[i];
    if (metric->needs & (VT_NEEDS_EXPLAINER | VT_NEEDS_PARTS | VT_NEEDS_MASKS)) continue;
    vt_task task = {
        .model = at.model, .picture = at.picture, .blank = at.picture, .scorer = at.scorers[0], .seed = 3};
    vt_judged judged = {.regions = at.cells, .order = order};
    vt_measure out;
    assert_ok(at.ctx,
              vt_metric_run(at.ctx, metric, &task, &judged, vt_protocol_find("vitrail-50"), NULL, &out));
    if (isnan(out.value)) assert_non_null(out.note);
    assert_ptr_equal(out.metric, metric);
    if (strcmp(metric->id, "selectivity") == 0) {
      trial t = {.at = &at, .metric = metric};
      assert_near(out.value, value_of(&t, at.map, (const char *const[]){"patch=2", NULL}), 1e-9);
    }
    if (strcmp(metric->id, "completeness") == 0) assert_true(isnan(out.value));
    vt_measure_free(&out);
  }
  linear_close(&at);
}

/* NaN and infinity are refused, constant maps judged or NaN with a reason; more of anything than there are
 * pixels is all of them; nothing to judge is an error. */
static void test_hostile(void **state)
{
  static const struct {
    const char *metric, *setting;
  } large[] = {{"pixel-flipping", "step=1000"},
               {"faithfulness-correlation", "size=1000"},
               {"region-perturbation", "regions=1000"},
               {"selectivity", "patch=1000"},
               {"mufidelity", "grid=20"},
               {"infidelity", "block=1000"}};
  linear_world at;
  linear_open(&at, *state);
  float map[PIXELS];
  vt_measure out;
  vt_task task = {
      .model = at.model, .picture = at.picture, .blank = at.picture, .scorer = at.scorers[0], .seed = 3};
  const vt_protocol *protocol = vt_protocol_find("vitrail-50");
  for (size_t i = 0; i < vt_metric_count; i++) {
    const vt_metric *metric = vt_metrics[i];
    vt_judged nothing = {0}, judged = {.map = map};
    if (metric->needs & VT_NEEDS_EXPLAINER) {
      assert_fails(at.ctx, vt_metric_run(at.ctx, metric, &task, &nothing, protocol, NULL, &out),
                   VT_ERROR_INVALID_ARGUMENT, "asks the method again");
      continue;
    }
    assert_fails(at.ctx, vt_metric_run(at.ctx, metric, &task, &nothing, protocol, NULL, &out),
                 VT_ERROR_INVALID_ARGUMENT, "");
    if (metric->needs & (VT_NEEDS_MASKS | VT_NEEDS_PARTS)) continue;
    for (int bad = 0; bad < 2; bad++) {
      memcpy(map, at.map, sizeof map);
      map[11] = bad ? INFINITY : NAN;
      assert_fails(at.ctx, vt_metric_run(at.ctx, metric, &task, &judged, protocol, NULL, &out),
                   VT_ERROR_INVALID_DATA, "pixel (3, 1)");
      assert_null(out.scores);
    }
    for (int value = 0; value < 2; value++) {
      for (int p = 0; p < PIXELS; p++)
        map[p] = (float)value;
      assert_ok(at.ctx, vt_metric_run(at.ctx, metric, &task, &judged, protocol, NULL, &out));
      assert_true(isfinite(out.value) || out.note);
      vt_measure_free(&out);
    }
  }
  for (size_t i = 0; i < VT_COUNT(large); i++) {
    trial t = {.at = &at, .metric = vt_metric_find(large[i].metric)};
    out = ask(&t, at.map, (const char *const[]){large[i].setting, NULL});
    assert_true(isfinite(out.value) || out.note);
    if (out.points > 1) assert_near(out.areas[out.points - 1], 1, 1e-12);
    vt_measure_free(&out);
  }
  linear_close(&at);
}

/* Memory that runs out at any place: an error and nothing left behind. Of metrics that ask the model
 * often, the first places and then every seventh. */
static void test_short_memory(void **state)
{
  linear_world at;
  linear_open(&at, *state);
  vt_task task = {.model = at.model,
                  .picture = at.picture,
                  .blank = at.picture,
                  .regions = at.cells,
                  .scorer = at.scorers[0],
                  .seed = 3};
  vt_judged judged = {.map = at.map};
  for (size_t i = 0; i < vt_metric_count; i++) {
    const vt_metric *metric = vt_metrics[i];
    if (metric->needs & (VT_NEEDS_EXPLAINER | VT_NEEDS_MASKS | VT_NEEDS_PARTS)) continue;
    uint64_t before = vt_ctx_memory_in_use(at.ctx);
    vt_status status = VT_ERROR_OUT_OF_MEMORY;
    long n = 1;
    for (; status != VT_OK; n += n < 60 ? 1 : 7) {
      vt_measure out;
      vt_ctx_fail_allocation(at.ctx, n);
      status = vt_metric_run(at.ctx, metric, &task, &judged, vt_protocol_find("vitrail-50"), NULL, &out);
      vt_ctx_fail_allocation(at.ctx, 0);
      if (status != VT_OK) {
        assert_int_equal(status, VT_ERROR_OUT_OF_MEMORY);
        assert_null(out.scores);
        assert_null(out.note);
        vt_ctx_clear(at.ctx);
      } else {
        vt_measure_free(&out);
      }
      assert_int_equal(vt_ctx_memory_in_use(at.ctx), before);
    }
    assert_true(n > 2); /* the first place did fail */
  }
  linear_close(&at);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_forms, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_infidelity_of_gradients, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_orders, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_region_orders, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_hostile, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_short_memory, new_context, free_context),
  };
  return cmocka_run_group_tests_name("metrics/closed-forms", tests, NULL, NULL);
}
