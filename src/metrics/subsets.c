/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics/subsets.h"

#include <math.h>

#include "metrics/localisation.h"

void vt_subsets_free(vt_subsets *subsets)
{
  vt_free(subsets->offsets);
  vt_free(subsets->pixels);
  *subsets = (vt_subsets){0};
}

void vt_grid_cells(int side, int height, int width, int32_t *labels)
{
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      int64_t row = (int64_t)(2 * y + 1) * side / (2 * height),
              column = (int64_t)(2 * x + 1) * side / (2 * width);
      labels[(size_t)y * (size_t)width + (size_t)x] = (int32_t)(row * side + column);
    }
}

static vt_status make_room(vt_ctx *ctx, int count, int64_t pixels, vt_subsets *out)
{
  *out = (vt_subsets){.count = count};
  out->offsets = vt_alloc_zero(ctx, (size_t)count + 1, sizeof *out->offsets);
  out->pixels = vt_alloc_zero(ctx, (size_t)pixels + 1, sizeof *out->pixels);
  if (out->offsets && out->pixels) return VT_OK;
  vt_subsets_free(out);
  return VT_ERROR_OUT_OF_MEMORY;
}

vt_status vt_subsets_of_cells(vt_ctx *ctx, const uint8_t *design, int count, int cells, const int32_t *labels,
                              int64_t pixels, vt_subsets *out)
{
  int64_t total = 0, next = 0;
  for (int i = 0; i < count; i++)
    for (int64_t p = 0; p < pixels; p++)
      total += design[(size_t)i * (size_t)cells + (size_t)labels[p]] != 0;
  VT_TRY(make_room(ctx, count, total, out));
  for (int i = 0; i < count; i++) {
    for (int64_t p = 0; p < pixels; p++)
      if (design[(size_t)i * (size_t)cells + (size_t)labels[p]]) out->pixels[next++] = (int32_t)p;
    out->offsets[i + 1] = next;
  }
  return VT_OK;
}

vt_status vt_subsets_of_pixels(vt_ctx *ctx, const int32_t *lists, int count, int64_t size, vt_subsets *out)
{
  VT_TRY(make_room(ctx, count, count * size, out));
  memcpy(out->pixels, lists, (size_t)(count * size) * sizeof *lists);
  for (int i = 0; i < count; i++)
    out->offsets[i + 1] = (i + 1) * size;
  return VT_OK;
}

typedef struct weighing {
  const vt_probe *probe;
  const vt_subsets *subsets;
} weighing;

/* Item 0 is the whole picture. */
static void compose(void *user, int item, float *input)
{
  const weighing *w = user;
  memcpy(input, w->probe->picture, w->probe->floats * sizeof *input);
  if (item == 0) return;
  int64_t first = w->subsets->offsets[item - 1];
  vt_probe_paste(w->probe, w->probe->baseline, w->subsets->pixels + first, w->subsets->offsets[item] - first,
                 input);
}

vt_status vt_subsets_weigh(vt_ctx *ctx, const vt_probe *probe, const vt_subsets *subsets,
                           const double *values, double *drops, double *sums)
{
  weighing w = {probe, subsets};
  double *scores = vt_alloc_zero(ctx, (size_t)subsets->count + 1, sizeof *scores);
  vt_status status = scores ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = vt_probe_score(ctx, probe, subsets->count + 1, compose, &w, scores, NULL);
  for (int i = 0; status == VT_OK && i < subsets->count; i++) {
    drops[i] = scores[0] - scores[i + 1];
    sums[i] = 0;
    for (int64_t p = subsets->offsets[i]; p < subsets->offsets[i + 1]; p++)
      sums[i] += values[subsets->pixels[p]];
  }
  vt_free(scores);
  return status;
}

vt_status vt_subsets_measure(vt_ctx *ctx, const vt_task *task, const vt_judged *judged, const void *settings,
                             const vt_subsets_metric *metric, vt_measure *out)
{
  vt_located located = {0};
  vt_probe probe = {0};
  vt_subsets subsets = {0};
  double *drops = NULL;
  vt_status status = VT_OK;
  VT_TRY_DONE(vt_locate(ctx, task, judged, false, out, &located));
  VT_TRY_DONE(vt_probe_open(ctx, task, metric->baseline, &probe));
  VT_TRY_DONE(metric->draw(ctx, task, settings, &probe, &subsets));
  drops = vt_alloc_zero(ctx, 2 * (size_t)subsets.count, sizeof *drops);
  status = drops ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status != VT_OK) goto done;
  double *sums = drops + subsets.count;
  VT_TRY_DONE(vt_subsets_weigh(ctx, &probe, &subsets, located.values, drops, sums));
  out->calls = subsets.count + 1;
  VT_TRY_DONE(metric->compare(ctx, drops, sums, (size_t)subsets.count, &out->value));
  if (isnan(out->value)) status = vt_measure_undefined(ctx, out, metric->undefined);
done:
  vt_subsets_free(&subsets);
  vt_probe_close(&probe);
  vt_located_free(&located);
  vt_free(drops);
  return status;
}
