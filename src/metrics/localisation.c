/* SPDX-License-Identifier: Apache-2.0
 *
 * A map or an order of regions beside a mask.
 */
#include "metrics/localisation.h"

#include <math.h>

#include "metrics/pixel_order.h"

/* Pixels of the region at place j of an order of k get k − j. */
static void values_of_order(const vt_judged *judged, double *values)
{
  int count = vt_regions_count(judged->regions);
  for (int j = 0; j < count; j++) {
    int64_t pixels;
    const int32_t *places = vt_regions_pixels(judged->regions, judged->order[j], &pixels);
    for (int64_t i = 0; i < pixels; i++)
      values[places[i]] = count - j;
  }
}

vt_status vt_locate(vt_ctx *ctx, const vt_task *task, const vt_judged *judged, bool mask, vt_measure *measure,
                    vt_located *out)
{
  *out = (vt_located){.height = task->picture->height, .width = task->picture->width};
  out->mask = judged->truth ? judged->truth->mask : NULL;
  if (mask && !out->mask)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "this metric compares with a mask of what decides: give one");
  out->pixels = (int64_t)out->height * out->width;
  for (int64_t i = 0; out->mask && i < out->pixels; i++)
    out->inside += out->mask[i] != 0;
  out->values = vt_alloc_zero(ctx, (size_t)out->pixels, sizeof *out->values);
  out->falling = vt_alloc_zero(ctx, (size_t)out->pixels, sizeof *out->falling);
  vt_status status = out->values && out->falling ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK)
    status = vt_pixel_order(ctx, judged, out->height, out->width, out->falling, &measure->tied_share);
  if (status != VT_OK) {
    vt_located_free(out);
    return status;
  }
  if (judged->map)
    for (int64_t i = 0; i < out->pixels; i++)
      out->values[i] = (double)judged->map[i];
  else
    values_of_order(judged, out->values);
  measure->normalised = NAN;
  return VT_OK;
}

void vt_located_free(vt_located *located)
{
  vt_free(located->values);
  vt_free(located->falling);
  *located = (vt_located){0};
}

int64_t vt_located_tied(const vt_located *located, int64_t first, int64_t *inside)
{
  int64_t end = first;
  double value = located->values[located->falling[first]];
  *inside = 0;
  for (; end < located->pixels && located->values[located->falling[end]] == value; end++)
    *inside += located->mask[located->falling[end]] != 0;
  return end - first;
}

void vt_region_purity(const vt_regions *regions, const int *order, int length, const uint8_t *mask,
                      double *purity, double *recall)
{
  int height, width;
  int64_t covered = 0, hit = 0, inside = 0;
  vt_regions_labels(regions, &height, &width);
  for (int64_t i = 0; i < (int64_t)height * width; i++)
    inside += mask[i] != 0;
  for (int j = 0; j < length; j++) {
    int64_t pixels;
    const int32_t *places = vt_regions_pixels(regions, order[j], &pixels);
    covered += pixels;
    for (int64_t i = 0; i < pixels; i++)
      hit += mask[places[i]] != 0;
  }
  *purity = covered ? (double)hit / (double)covered : NAN;
  *recall = inside ? (double)hit / (double)inside : NAN;
}
