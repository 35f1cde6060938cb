/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics/walk.h"

#include "metrics/curve.h"
#include "metrics/localisation.h"
#include "metrics/pixel_order.h"

vt_status vt_patches(vt_ctx *ctx, int side, int height, int width, vt_regions **out)
{
  int32_t *labels = vt_alloc_zero(ctx, (size_t)height * (size_t)width, sizeof *labels);
  if (!labels) return VT_ERROR_OUT_OF_MEMORY;
  int across = (width + side - 1) / side;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      labels[(size_t)y * (size_t)width + (size_t)x] = y / side * across + x / side;
  vt_status status = vt_regions_from_labels(ctx, labels, height, width, out);
  vt_free(labels);
  return status;
}

static void set_means(const vt_located *located, vt_walk *walk)
{
  for (int j = 0; j < walk->count; j++) {
    int64_t pixels;
    const int32_t *places = vt_regions_pixels(walk->regions, walk->order[j], &pixels);
    double sum = 0;
    for (int64_t i = 0; i < pixels; i++)
      sum += located->values[places[i]];
    walk->means[j] = sum / (double)pixels;
  }
}

vt_status vt_walk_open(vt_ctx *ctx, const vt_task *task, const vt_judged *judged, const vt_regions *regions,
                       int side, vt_walk *out)
{
  *out = (vt_walk){.regions = judged->order ? judged->regions : regions};
  vt_located located = {0};
  vt_measure tied = {0};
  vt_status status;
  VT_TRY_DONE(vt_locate(ctx, task, judged, false, &tied, &located));
  out->tied_share = tied.tied_share;
  if (!out->regions) {
    VT_TRY_DONE(vt_patches(ctx, side, located.height, located.width, &out->own));
    out->regions = out->own;
  }
  out->count = vt_regions_count(out->regions);
  out->order = vt_alloc_zero(ctx, (size_t)out->count, sizeof *out->order);
  out->means = vt_alloc_zero(ctx, (size_t)out->count, sizeof *out->means);
  if (!out->order || !out->means) {
    status = VT_ERROR_OUT_OF_MEMORY;
    goto done;
  }
  if (judged->order)
    memcpy(out->order, judged->order, (size_t)out->count * sizeof *out->order);
  else
    VT_TRY_DONE(vt_region_order_of_map(ctx, out->regions, judged->map, out->order));
  set_means(&located, out);
done:
  vt_located_free(&located);
  if (status != VT_OK) vt_walk_close(out);
  return status;
}

void vt_walk_close(vt_walk *walk)
{
  vt_regions_free(walk->own);
  vt_free(walk->order);
  vt_free(walk->means);
  *walk = (vt_walk){0};
}

vt_status vt_walk_score(vt_ctx *ctx, const vt_walk *walk, const vt_probe *probe, bool insertion, bool rising,
                        int steps, vt_measure *out)
{
  if (steps > walk->count) steps = walk->count;
  out->points = steps + 1;
  out->tied_share = walk->tied_share;
  out->calls = steps + 1;
  out->scores = vt_alloc_zero(ctx, (size_t)out->points, sizeof *out->scores);
  out->areas = vt_alloc_zero(ctx, (size_t)out->points, sizeof *out->areas);
  int32_t *pixels = vt_alloc_zero(ctx, probe->pixels, sizeof *pixels);
  int64_t *shown = vt_alloc_zero(ctx, (size_t)out->points, sizeof *shown);
  vt_status status = out->scores && out->areas && pixels && shown ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (int t = 1; status == VT_OK && t <= steps; t++) {
    int64_t count;
    int region = walk->order[rising ? walk->count - t : t - 1];
    const int32_t *places = vt_regions_pixels(walk->regions, region, &count);
    memcpy(pixels + shown[t - 1], places, (size_t)count * sizeof *pixels);
    shown[t] = shown[t - 1] + count;
    out->areas[t] = (double)shown[t] / (double)probe->pixels;
  }
  if (status == VT_OK)
    status = vt_curve_scores(ctx, probe, pixels, shown, out->points, insertion, out->scores);
  vt_free(pixels);
  vt_free(shown);
  return status;
}

double vt_curve_mean(const vt_measure *measure)
{
  double sum = 0;
  for (int t = 0; t < measure->points; t++)
    sum += measure->scores[t];
  return (sum - measure->scores[0] / 2 - measure->scores[measure->points - 1] / 2) / (measure->points - 1);
}
