/* SPDX-License-Identifier: Apache-2.0
 *
 * ROAD, remove and debias (Rong, Leemann, Borisov, Kasneci, Kasneci, ICML 2022): shares of the picture are
 * taken out and filled in from what surrounds them, the most important pixels first and the least important
 * ones first.
 */
#include "metrics/road.h"

#include <math.h>

#include "metrics/impute.h"
#include "metrics/localisation.h"

typedef struct road_settings {
  vt_reals shares;
  double noise;
} road_settings;

static const vt_field fields[] = {
    {"shares", VT_FIELD_REALS, offsetof(road_settings, shares), "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9",
     VT_RANGE(0, 1), .help = "shares of the picture that are taken out", .aliases = "percentages"},
    {"noise", VT_FIELD_REAL, offsetof(road_settings, noise), "0.01", VT_RANGE(0, 100),
     .help = "standard deviation of the noise on what is filled in, of the normalised picture"},
};

int64_t vt_road_count(double share, int64_t pixels)
{
  int64_t count = 1 + (int64_t)floor(share * (double)(pixels - 1) + 1e-9);
  return count < pixels ? count : pixels - 1;
}

vt_status vt_road_input(vt_ctx *ctx, const vt_probe *probe, const int32_t *pixels, int64_t count,
                        double noise, uint64_t seed, uint64_t stream, float *input)
{
  uint8_t *missing = vt_alloc_zero(ctx, probe->pixels, 1);
  vt_status status = missing ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  memcpy(input, probe->picture, probe->floats * sizeof *input);
  for (int64_t i = 0; status == VT_OK && i < count; i++)
    missing[pixels[i]] = 1;
  for (int c = 0; status == VT_OK && c < probe->channels; c++)
    status = vt_impute(ctx, missing, probe->height, probe->width, input + vt_probe_at(probe, 0, c),
                       probe->channels_last ? (size_t)probe->channels : 1);
  for (int64_t i = 0; status == VT_OK && noise > 0 && i < count; i++)
    for (int c = 0; c < probe->channels; c++) {
      size_t at = vt_probe_at(probe, (size_t)pixels[i], c);
      input[at] += (float)(noise * vt_random_normal(seed, stream, at));
    }
  vt_free(missing);
  return status;
}

/* ---- the metric ---- */

typedef struct inputs {
  const float *floats; /* [count, each] */
  size_t each;
} inputs;

static void compose(void *user, int item, float *input)
{
  const inputs *given = user;
  memcpy(input, given->floats + (size_t)item * given->each, given->each * sizeof *input);
}

/* Scores and answers of a share: the most important pixels taken out, then the least important ones. The
 * noise of both is the same. */
static vt_status take_out(vt_ctx *ctx, const vt_task *task, const vt_probe *probe, const int32_t *falling,
                          double share, double noise, float *room, double scores[2], int answers[2])
{
  int64_t count = vt_road_count(share, (int64_t)probe->pixels);
  uint64_t stream = vt_stream("road", (uint64_t)count);
  VT_TRY(vt_check_cancel(ctx));
  VT_TRY(vt_road_input(ctx, probe, falling, count, noise, task->seed, stream, room));
  VT_TRY(vt_road_input(ctx, probe, falling + ((int64_t)probe->pixels - count), count, noise, task->seed,
                       stream, room + probe->floats));
  inputs given = {room, probe->floats};
  return vt_probe_score(ctx, probe, 2, compose, &given, scores, answers);
}

static vt_status sweep(vt_ctx *ctx, const vt_task *task, const road_settings *settings, const vt_probe *probe,
                       const int32_t *falling, float *room, vt_measure *out)
{
  double sum = 0, most = 0, least = 0, right = 0, count = (double)settings->shares.count;
  int target = probe->options->target;
  for (size_t i = 0; i < settings->shares.count; i++) {
    double share = settings->shares.data[i], scores[2];
    int answers[2];
    if (!(share > 0 && share < 1))
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "shares: every one must lie between 0 and 1");
    VT_TRY(take_out(ctx, task, probe, falling, share, settings->noise, room, scores, answers));
    out->areas[i] = share;
    out->scores[i] = (scores[1] - scores[0]) / 2;
    out->calls += 2;
    sum += out->scores[i];
    most += scores[0];
    least += scores[1];
    right += answers[0] == target;
  }
  out->value = sum / count;
  vt_measure_add(out, "most_first", "mean score without the most important pixels", most / count);
  vt_measure_add(out, "least_first", "mean score without the least important pixels", least / count);
  vt_measure_add(out, "accuracy", "share of answers that stay the target without the most important",
                 right / count);
  return VT_OK;
}

static vt_status measure(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                         const vt_protocol *protocol, const void *given, vt_measure *out)
{
  VT_UNUSED(protocol);
  const road_settings *settings = given;
  if (settings->shares.count == 0)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "shares: at least one is needed");
  vt_located located = {0};
  vt_probe probe = {0};
  float *room = NULL;
  out->points = (int)settings->shares.count;
  out->scores = vt_alloc_zero(ctx, settings->shares.count, sizeof *out->scores);
  out->areas = vt_alloc_zero(ctx, settings->shares.count, sizeof *out->areas);
  vt_status status = out->scores && out->areas ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status != VT_OK) goto done;
  VT_TRY_DONE(vt_locate(ctx, task, judged, false, out, &located));
  VT_TRY_DONE(vt_probe_open(ctx, task, VT_BASELINE_ZERO, &probe));
  if (probe.pixels < 2) {
    status = vt_measure_undefined(ctx, out, "a picture of one pixel has no neighbours to fill it from");
    goto done;
  }
  room = vt_alloc_zero(ctx, probe.floats, 2 * sizeof *room);
  if (!room) {
    status = VT_ERROR_OUT_OF_MEMORY;
    goto done;
  }
  status = sweep(ctx, task, settings, &probe, located.falling, room, out);
done:
  vt_free(room);
  vt_probe_close(&probe);
  vt_located_free(&located);
  return status;
}

const vt_metric vt_metric_road = {
    .id = "road",
    .title = "ROAD",
    .summary = "Half the difference between the target's score without the least important pixels and "
               "without the most "
               "important ones, mean over shares taken out. What is taken out is filled in linearly from its "
               "surroundings, so that its shape says little.",
    .citation =
        "Rong, Y., Leemann, T., Borisov, V., Kasneci, G., Kasneci, E. (2022). A consistent and efficient "
        "evaluation strategy for attribution methods. ICML.",
    .category = "faithfulness",
    .higher_is_better = true,
    .low = -0.5,
    .high = 0.5,
    .needs = VT_NEEDS_INPUT,
    .settings_size = sizeof(road_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = measure,
};
