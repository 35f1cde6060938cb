/* SPDX-License-Identifier: Apache-2.0
 *
 * Metrics of given maps against values of other toolkits on a real network (outside truth, skipped when it is
 * not there), with their designs: subsets, noise and squares are read, not drawn. One photograph by default,
 * all with VITRAIL_GOLDEN=all.
 */
#include "test.h"

#include <jansson.h>
#include <math.h>

#include "math/statistics.h"
#include "metrics/infidelity.h"
#include "metrics/localisation.h"
#include "metrics/pixel_order.h"
#include "metrics/road.h"
#include "metrics/shake.h"
#include "metrics/similarity.h"
#include "metrics/subsets.h"
#include "metrics/walk.h"
#include "tensor/tensor.h"

static const char *const stems[] = {"n04041544_radio", "n02110185_Siberian_husky", "n01833805_hummingbird",
                                    "n04069434_reflex_camera"};
static const char *const map_names[2] = {"campp", "ig"};

typedef struct subject {
  vt_ctx *ctx;
  vt_model *model;
  const char *stem;
  char npz[8192], designs[8192];
  vt_image *picture;
  vt_tensor *maps[2];
  json_t *about, *metrics; /* what the two JSON files say */
  int target;
  vt_scorer *scorers[2]; /* probability, logit */
  vt_task task;
} subject;

static vt_tensor *array(subject *s, const char *path, const char *name)
{
  vt_tensor *out = NULL;
  assert_ok(s->ctx, vt_npz_read(s->ctx, path, name, &out));
  return out;
}

static const float *floats(subject *s, const char *name)
{
  return vt_tensor_const_data(array(s, s->npz, name));
}

static json_t *load(const char *format, const char *stem)
{
  char path[8192];
  snprintf(path, sizeof path, format, shared_path("golden/whitebox"), stem);
  json_t *json = json_load_file(path, 0, NULL);
  assert_non_null(json);
  return json;
}

static void subject_open(subject *s, vt_ctx *ctx, vt_model *model, const char *stem)
{
  const char *root = shared_path("golden/whitebox");
  char path[8192];
  *s = (subject){.ctx = ctx, .model = model, .stem = stem};
  snprintf(s->npz, sizeof s->npz, "%s/%s.npz", root, stem);
  snprintf(s->designs, sizeof s->designs, "%s/designs.npz", root);
  snprintf(path, sizeof path, "%s/%s_u8.npy", root, stem);
  assert_ok(ctx, vt_image_read(ctx, path, NULL, &s->picture));
  s->about = load("%s/%s.json", stem);
  s->metrics = load("%s/%s_metrics.json", stem);
  s->target =
      (int)json_integer_value(json_object_get(json_object_get(s->metrics, "mufidelity.ig"), "target"));
  s->maps[0] = array(s, s->npz, "metric_map_campp");
  s->maps[1] = array(s, s->npz, "metric_map_ig");
  for (int i = 0; i < 2; i++) {
    vt_scorer_options options = {
        .target = s->target, .second = -1, .score = i ? VT_SCORE_LOGIT : VT_SCORE_PROBABILITY, .batch = 64};
    assert_ok(ctx, vt_scorer_new(ctx, model, s->picture, s->picture, NULL, &options, &s->scorers[i]));
  }
  s->task = (vt_task){.model = model, .picture = s->picture, .blank = s->picture, .scorer = s->scorers[0]};
}

static void subject_close(subject *s)
{
  for (int i = 0; i < 2; i++)
    vt_scorer_free(s->scorers[i]);
  json_decref(s->about);
  json_decref(s->metrics);
  vt_image_free(s->picture);
}

/* The stored metric NAME.MAP against a value, within its own tolerance. `field`: "value" or a variant. */
static void expect(const subject *s, const char *name, const char *map, const char *field, double value)
{
  char key[128];
  snprintf(key, sizeof key, "%s.%s", name, map);
  const json_t *stored = json_object_get(s->metrics, key);
  if (!stored) fail_msg("no stored metric %s", key);
  double expected = json_number_value(json_object_get(stored, field));
  const json_t *tolerance = json_object_get(stored, "tolerance");
  double within = json_object_get(tolerance, "abs")
                      ? json_number_value(json_object_get(tolerance, "abs"))
                      : fabs(expected) * json_number_value(json_object_get(tolerance, "rel"));
  printf("# %s %s %s: %.9g, stored %.9g, %.2g of %.2g\n", s->stem, key, field, value, expected,
         fabs(value - expected), within);
  assert_near(value, expected, within);
}

static void expect_curve(subject *s, const char *name, const double *values, int count)
{
  vt_tensor *expected = array(s, s->npz, name);
  const json_t *about = json_object_get(json_object_get(s->about, "arrays"), name);
  double worst = 0, within = json_number_value(json_object_get(json_object_get(about, "tolerance"), "abs"));
  assert_int_equal(count, vt_count(expected));
  for (int i = 0; i < count; i++)
    worst = fmax(worst, fabs(values[i] - vt_get_f64(expected, i)));
  printf("# %s %s: within %.2g of %.2g\n", s->stem, name, worst, within);
  assert_true(within > 0 && worst <= within);
}

static vt_judged judged_map(const subject *s, int map)
{
  return (vt_judged){.map = vt_tensor_const_data(s->maps[map])};
}

static const void *set(const subject *s, const vt_metric *metric, const char *settings[], void **room)
{
  *room = vt_alloc_zero(s->ctx, 1, metric->settings_size + 1);
  assert_ok(s->ctx,
            vt_params_defaults(s->ctx, metric->fields, metric->field_count, *room, metric->settings_size));
  for (int i = 0; settings && settings[i]; i++)
    assert_ok(s->ctx,
              vt_params_apply(s->ctx, metric->fields, metric->field_count, *room, "setting", settings[i]));
  return *room;
}

/* `settings`: "name=value" texts, NULL-terminated. */
static vt_measure run(const subject *s, const char *id, const vt_judged *judged, const char *settings[])
{
  const vt_metric *metric = vt_metric_find(id);
  assert_non_null(metric);
  vt_measure out;
  void *room;
  const void *given = set(s, metric, settings, &room);
  assert_ok(s->ctx, vt_metric_run(s->ctx, metric, &s->task, judged, NULL, given, &out));
  vt_params_free(metric->fields, metric->field_count, room);
  vt_free(room);
  return out;
}

static double extra(const vt_measure *measured, const char *name)
{
  for (int i = 0; i < measured->extra_count; i++)
    if (strcmp(measured->extra_names[i], name) == 0) return measured->extra[i];
  fail_msg("no value '%s'", name);
  return NAN;
}

/* ---- subsets ---- */

static void values_of(const subject *s, int map, double *values)
{
  for (int64_t i = 0; i < vt_count(s->maps[map]); i++)
    values[i] = vt_get_f64(s->maps[map], i);
}

/* Cells of the grid as drawn here are those stored. */
static void cells(subject *s, int side, int32_t *labels)
{
  char name[32];
  snprintf(name, sizeof name, "labels_%dx%d", side, side);
  vt_tensor *stored = array(s, s->designs, name);
  vt_grid_cells(side, 224, 224, labels);
  for (int64_t i = 0; i < vt_count(stored); i++)
    assert_int_equal(labels[i], (int)vt_get_f64(stored, i));
}

static void expect_scores(subject *s, const char *name, int64_t first, double full, const double *drops,
                          int count)
{
  vt_tensor *stored = array(s, s->npz, name);
  double worst = 0;
  for (int i = 0; i < count; i++)
    worst = fmax(worst, fabs(full - drops[i] - vt_get_f64(stored, first + i)));
  printf("# %s %s: within %.2g of 2e-05\n", s->stem, name, worst);
  assert_true(worst <= 2e-5);
}

static void test_subsets(subject *s)
{
  static int32_t labels[224 * 224];
  static double values[2][224 * 224];
  double drops[100], sums[100], full, blank, value;
  vt_probe probe;
  vt_subsets subsets;
  assert_ok(s->ctx, vt_probe_open(s->ctx, &s->task, VT_BASELINE_ZERO, &probe));
  assert_ok(s->ctx, vt_probe_ends(s->ctx, &probe, &full, &blank));
  for (int map = 0; map < 2; map++)
    values_of(s, map, values[map]);

  const uint8_t *design = vt_tensor_const_data(array(s, s->designs, "mufid_subsets"));
  cells(s, 9, labels);
  assert_ok(s->ctx, vt_subsets_of_cells(s->ctx, design, 100, 81, labels, 224 * 224, &subsets));
  for (int map = 0; map < 2; map++) {
    assert_ok(s->ctx, vt_subsets_weigh(s->ctx, &probe, &subsets, values[map], drops, sums));
    if (map == 0) expect_scores(s, "mufid_scores", 0, full, drops, 100);
    assert_ok(s->ctx, vt_spearman(s->ctx, drops, sums, 100, &value));
    expect(s, "mufidelity", map_names[map], "value", value);
  }
  vt_subsets_free(&subsets);

  vt_tensor *drawn = array(s, s->designs, "fc_subsets");
  static int32_t lists[100 * 224];
  for (int i = 0; i < 100 * 224; i++)
    lists[i] = (int32_t)vt_get_f64(drawn, i);
  assert_ok(s->ctx, vt_subsets_of_pixels(s->ctx, lists, 100, 224, &subsets));
  for (int map = 0; map < 2; map++) {
    assert_ok(s->ctx, vt_subsets_weigh(s->ctx, &probe, &subsets, values[map], drops, sums));
    if (map == 0) expect_scores(s, "fc_scores", 0, full, drops, 100);
    expect(s, "faithfulness_correlation", map_names[map], "value", vt_pearson(drops, sums, 100));
  }
  vt_subsets_free(&subsets);

  design = vt_tensor_const_data(array(s, s->designs, "sensn_subsets"));
  cells(s, 7, labels);
  for (int n = 0; n < 3; n++) {
    assert_ok(s->ctx, vt_subsets_of_cells(s->ctx, design + (ptrdiff_t)n * 32 * 49, 32, 49, labels, 224 * 224,
                                          &subsets));
    for (int map = 0; map < 2; map++) {
      assert_ok(s->ctx, vt_subsets_weigh(s->ctx, &probe, &subsets, values[map], drops, sums));
      if (map == 0) expect_scores(s, "sensn_scores", (int64_t)n * 32, full, drops, 32);
      char key[64];
      snprintf(key, sizeof key, "sensitivity_n.%s", map_names[map]);
      const json_t *stored = json_object_get(s->metrics, key);
      assert_near(vt_pearson(drops, sums, 32),
                  json_number_value(json_array_get(json_object_get(stored, "value"), (size_t)n)), 1e-3);
    }
    vt_subsets_free(&subsets);
  }
  vt_probe_close(&probe);
}

/* ---- walks ---- */

static void test_walks(subject *s)
{
  for (int map = 0; map < 2; map++) {
    const char *name = map_names[map];
    char key[64], text[64];
    vt_judged judged = judged_map(s, map);
    const char *patches[] = {"patch=32", "baseline=zero", NULL, NULL};

    snprintf(key, sizeof key, "selectivity_%s", name);
    vt_measure out = run(s, "selectivity", &judged, patches);
    expect_curve(s, key, out.scores + 1, out.points - 1);
    snprintf(key, sizeof key, "regioncurve_%s", name);
    expect_curve(s, key, out.scores, out.points);
    vt_measure_free(&out);

    patches[2] = "regions=49";
    snprintf(key, sizeof key, "regionperturbation_%s", name);
    out = run(s, "region-perturbation", &judged, patches);
    double drops[49];
    for (int k = 0; k < 49; k++)
      drops[k] = out.scores[0] - out.scores[k + 1];
    expect_curve(s, key, drops, 49);
    assert_near(
        out.value,
        json_number_value(json_object_get(json_object_get(json_object_get(s->about, "arrays"), key), "aopc")),
        1e-4);
    vt_measure_free(&out);

    snprintf(key, sizeof key, "pixelflipping_%s", name);
    const json_t *about = json_object_get(json_object_get(s->about, "arrays"), key);
    int step =
        (int)json_integer_value(json_object_get(json_object_get(about, "parameters"), "features_in_step"));
    snprintf(text, sizeof text, "step=%d", step);
    out = run(s, "pixel-flipping", &judged, (const char *[]){text, "baseline=zero", NULL});
    expect_curve(s, key, out.scores + 1, out.points - 1);
    double quantus = json_number_value(json_object_get(about, "auc_quantus"));
    assert_near(extra(&out, "quantus"), quantus, 1e-4 * out.points);
    assert_near(out.value, (quantus + (out.scores[0] + out.scores[1]) / 2) / (out.points - 1), 1e-4);
    vt_measure_free(&out);

    out = run(s, "irof", &judged, (const char *[]){"regions=grid:7x7", "baseline=zero", NULL});
    expect(s, "irof", name, "value", extra(&out, "quantus"));
    expect(s, "irof", name, "formula_mean", out.value);
    vt_measure_free(&out);
    out = run(s, "irof", &judged, (const char *[]){"regions=grid:7x7", NULL});
    expect(s, "irof_mean_fill", name, "value", out.value);
    expect(s, "irof_mean_fill", name, "formula_trapezoid", extra(&out, "quantus"));
    snprintf(key, sizeof key, "regioncurve_mean_%s", name);
    expect_curve(s, key, out.scores, out.points);
    vt_measure_free(&out);
  }
}

/* ---- infidelity ---- */

typedef struct stored_noise {
  const vt_probe *probe;
  const vt_tensor *noise; /* [5, 3, 224, 224] f16 */
  const uint8_t *corners; /* [10, 2] */
} stored_noise;

static void perturb_noise(void *user, int sample, float *perturbation)
{
  const stored_noise *given = user;
  int64_t size = (int64_t)given->probe->floats;
  for (int64_t i = 0; i < size; i++)
    perturbation[i] = (float)(0.0625 * vt_get_f64(given->noise, sample * size + i));
}

static void perturb_corner(void *user, int sample, float *perturbation)
{
  const stored_noise *given = user;
  int top = given->corners[2 * sample], left = given->corners[2 * sample + 1];
  for (int y = top; y < top + 32; y++)
    for (int x = left; x < left + 32; x++)
      for (int c = 0; c < 3; c++) {
        size_t at = vt_probe_at(given->probe, (size_t)(y * 224 + x), c);
        perturbation[at] = given->probe->picture[at];
      }
}

static void test_infidelity(subject *s)
{
  static const char *const names[2] = {"ig3", "saliency"}, *const arrays[2] = {"ig_gausslegendre50",
                                                                               "saliency"};
  double told[10], drops[10], raw, scaled, beta;
  vt_task logit = s->task;
  vt_probe probe;
  logit.scorer = s->scorers[1];
  assert_ok(s->ctx, vt_probe_open(s->ctx, &logit, VT_BASELINE_ZERO, &probe));
  stored_noise given = {&probe, array(s, s->designs, "noise_z"),
                        vt_tensor_const_data(array(s, s->designs, "infid_blocks"))};
  for (int i = 0; i < 2; i++) {
    const float *map = floats(s, arrays[i]);
    assert_ok(s->ctx, vt_infidelity_weigh(s->ctx, &probe, NULL, map, VT_READING_SENSITIVITY, perturb_noise,
                                          &given, 5, told, drops));
    vt_infidelity_of(told, drops, 5, &raw, &scaled, &beta);
    expect(s, "infidelity_gauss", names[i], "value", raw);
    expect(s, "infidelity_gauss", names[i], "value_normalised", scaled);
    assert_ok(s->ctx, vt_infidelity_weigh(s->ctx, &probe, NULL, map, VT_READING_SENSITIVITY, perturb_corner,
                                          &given, 10, told, drops));
    vt_infidelity_of(told, drops, 10, &raw, &scaled, &beta);
    expect(s, "infidelity_block", names[i], "value", raw);
    expect(s, "infidelity_block", names[i], "value_normalised", scaled);
  }
  vt_probe_close(&probe);
}

/* ---- ROAD ---- */

typedef struct road_input {
  const float *input;
  size_t floats;
} road_input;

static void compose_road(void *user, int item, float *input)
{
  (void)item;
  const road_input *given = user;
  memcpy(input, given->input, given->floats * sizeof *input);
}

/* Percentile P takes out the pixels at or above it. */
static void expect_road(subject *s, const vt_probe *probe, const char *map, const char *which, int percentile,
                        const int32_t *pixels, float *input)
{
  char key[64];
  snprintf(key, sizeof key, "road.%s", map);
  const json_t *stored = json_object_get(json_object_get(json_object_get(s->metrics, key), "value"), which);
  snprintf(key, sizeof key, "%d", percentile);
  stored = json_object_get(stored, key);
  int64_t count = vt_road_count(1 - percentile / 100.0, 224 * 224);
  assert_int_equal(count, json_integer_value(json_object_get(stored, "removed")));
  if (strcmp(which, "lerf") == 0) pixels += 224 * 224 - count;
  assert_ok(s->ctx, vt_road_input(s->ctx, probe, pixels, count, 0, 0, 0, input));
  double mean = 0, score;
  int answer;
  road_input given = {input, probe->floats};
  for (size_t i = 0; i < probe->floats; i++)
    mean += (double)input[i] / (double)probe->floats;
  /* the toolkit orders 1 − map in f32, where a few pixels tie at the edge of what is taken out */
  assert_near(mean, json_number_value(json_object_get(stored, "imputed_mean")), 1e-4);
  assert_ok(s->ctx, vt_probe_score(s->ctx, probe, 1, compose_road, &given, &score, &answer));
  assert_near(score, json_number_value(json_object_get(stored, "probability")), 1e-3);
  assert_int_equal(answer, json_integer_value(json_object_get(stored, "argmax")));
}

static void test_road(subject *s)
{
  static float input[3 * 224 * 224];
  static int32_t falling[224 * 224];
  static const int percentiles[] = {50, 70, 90};
  vt_probe probe;
  double tied;
  assert_ok(s->ctx, vt_probe_open(s->ctx, &s->task, VT_BASELINE_ZERO, &probe));
  for (int map = 0; map < 2; map++) {
    vt_judged judged = judged_map(s, map);
    assert_ok(s->ctx, vt_pixel_order(s->ctx, &judged, 224, 224, falling, &tied));
    for (size_t i = 0; i < VT_COUNT(percentiles); i++) {
      expect_road(s, &probe, map_names[map], "lerf", percentiles[i], falling, input);
      expect_road(s, &probe, map_names[map], "morf", percentiles[i], falling, input);
      if (map == 1 || percentiles[i] != 70) continue;
      const float *stored = floats(s, "road_imputed_campp_70");
      double worst = 0;
      for (size_t p = 0; p < 224 * 224; p++) {
        double mean = 0;
        for (int c = 0; c < 3; c++)
          mean += (double)input[vt_probe_at(&probe, p, c)] / 3;
        worst = fmax(worst, fabs(mean - (double)stored[p]));
      }
      printf("# %s road_imputed_campp_70: within %.2g of 1e-4\n", s->stem, worst);
      assert_true(worst <= 1e-4);
    }
  }
  vt_probe_close(&probe);
}

/* ---- metrics that ask the explainer again ---- */

/* Signed gradients of a logit: as they are, or times the input and summed over channels. */
typedef struct gradients {
  subject *s;
  vt_subject inside;
  const float *picture, *input; /* [3, 224, 224] */
  bool times_input;
  double *map;
} gradients;

static void compose_gradient(void *user, int item, float *input)
{
  (void)item;
  const gradients *g = user;
  memcpy(input, g->input, 3 * 224 * 224 * sizeof *input);
}

static vt_status see_gradient(vt_ctx *ctx, void *user, const vt_sight *sight)
{
  (void)ctx;
  const gradients *g = user;
  const float *values = sight->gradient->data;
  for (size_t i = 0; i < 3 * 224 * 224; i++)
    if (g->times_input)
      g->map[i % (224 * 224)] += (double)values[i] * (double)g->input[i];
    else
      g->map[i] = (double)values[i];
  return VT_OK;
}

static vt_status explain(vt_ctx *ctx, void *user, const vt_again *again, double *map)
{
  gradients *g = user;
  vt_target target = {.score = VT_SCORE_LOGIT, .index = again->target >= 0 ? again->target : g->s->target};
  vt_look look = {.target = &target, .gradient = true};
  g->input = again->input ? again->input : g->picture;
  g->map = map;
  if (g->times_input) memset(map, 0, 224 * 224 * sizeof *map);
  return vt_subject_look(ctx, &g->inside, 1, &look, compose_gradient, see_gradient, g);
}

static void perturb_sensitivity(void *user, int sample, float *perturbation)
{
  const vt_tensor *z = user;
  for (int64_t i = 0; i < 3 * 224 * 224; i++)
    perturbation[i] =
        (float)(0.015625 * fmax(-1, fmin(1, vt_get_f64(z, (int64_t)sample * 3 * 224 * 224 + i))));
}

static vt_status keep_most(vt_ctx *ctx, void *user, const vt_shaken *shaken)
{
  (void)ctx;
  double *most = user;
  *most = fmax(*most,
               vt_distance(shaken->map, shaken->base, shaken->size) / vt_length(shaken->base, shaken->size));
  return VT_OK;
}

static void test_again(subject *s)
{
  static double maps[2][224 * 224];
  vt_probe probe;
  gradients g = {.s = s};
  double most = 0, spearman;
  vt_shake_report report;
  assert_ok(s->ctx, vt_probe_open(s->ctx, &s->task, VT_BASELINE_ZERO, &probe));
  assert_ok(s->ctx, vt_model_subject(s->ctx, s->model, &g.inside));
  g.picture = probe.picture;
  vt_explainer explainer = {.explain = explain, .user = &g, .size = 3 * 224 * 224};
  assert_ok(s->ctx, vt_shake(s->ctx, &probe, &explainer, 5, perturb_sensitivity,
                             array(s, s->designs, "noise_z"), false, keep_most, &most, &report));
  assert_int_equal(report.kept, 5);
  assert_near(report.self, 0, 0);
  expect(s, "sensitivity_max", "saliency", "value", most);

  g.times_input = true;
  const json_t *stored = json_object_get(s->metrics, "random_logit_spearman.input_x_gradient");
  vt_again own = {.target = -1},
           off = {.target = (int)json_integer_value(json_object_get(stored, "off_class"))};
  assert_ok(s->ctx, explain(s->ctx, &g, &own, maps[0]));
  assert_ok(s->ctx, explain(s->ctx, &g, &off, maps[1]));
  assert_ok(s->ctx, vt_spearman(s->ctx, maps[0], maps[1], 224 * 224, &spearman));
  expect(s, "random_logit_spearman", "input_x_gradient", "value", spearman);
  vt_scale_to_one(maps[0], 224 * 224);
  vt_scale_to_one(maps[1], 224 * 224);
  expect(s, "random_logit_ssim", "input_x_gradient", "value", vt_ssim_line(maps[0], maps[1], 224 * 224));
  vt_probe_close(&probe);
}

/* ---- metrics that do not run the model ---- */

static void test_still(subject *s)
{
  static const char *const ids[][3] = {
      {"sparseness", "sparseness", "value"},
      {"complexity", "complexity", "value"},
      {"effective-complexity", "effective_complexity", "value"},
      {"pointing-game", "pointing_game", "value"},
      {"mass-accuracy", "relevance_mass", "clipped_positive"},
      {"rank-accuracy", "relevance_rank", "value"},
      {"localisation-auc", "auc", "value"},
      {"top-k", "topk_1000", "value"},
      {"attribution-localisation", "relevance_mass", "clipped_positive"},
  };
  vt_truth truth = {.mask = vt_tensor_const_data(array(s, s->designs, "ellipse_mask"))};
  for (int map = 0; map < 2; map++)
    for (size_t i = 0; i < VT_COUNT(ids); i++) {
      vt_judged judged = judged_map(s, map);
      judged.truth = &truth;
      vt_measure out = run(s, ids[i][0], &judged, NULL);
      expect(s, ids[i][1], map_names[map], ids[i][2], out.value);
      vt_measure_free(&out);
    }
}

static void for_each(void (*check)(subject *s))
{
  if (!shared_path("golden/whitebox")) skip();
  const char *path = shared_path("models/efficientnet_lite0.onnx");
  if (!path) skip();
  vt_ctx *ctx = vt_ctx_new();
  vt_model *model;
  assert_ok(ctx, vt_model_open(ctx, path, NULL, NULL, NULL, &model));
  const char *wanted = getenv("VITRAIL_GOLDEN");
  size_t count = wanted && strcmp(wanted, "all") == 0 ? VT_COUNT(stems) : 1;
  for (size_t i = 0; i < count; i++) {
    subject s;
    subject_open(&s, ctx, model, stems[i]);
    check(&s);
    subject_close(&s);
  }
  vt_model_free(model);
  vt_ctx_free(ctx);
}

static void subsets(void **unused)
{
  (void)unused;
  for_each(test_subsets);
}

static void walks(void **unused)
{
  (void)unused;
  for_each(test_walks);
}

static void infidelity(void **unused)
{
  (void)unused;
  for_each(test_infidelity);
}

static void road(void **unused)
{
  (void)unused;
  for_each(test_road);
}

static void again(void **unused)
{
  (void)unused;
  for_each(test_again);
}

static void still(void **unused)
{
  (void)unused;
  for_each(test_still);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(subsets), cmocka_unit_test(walks), cmocka_unit_test(infidelity),
      cmocka_unit_test(road),    cmocka_unit_test(again), cmocka_unit_test(still),
  };
  return cmocka_run_group_tests_name("metrics/golden-metrics", tests, NULL, NULL);
}
