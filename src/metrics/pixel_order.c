/* SPDX-License-Identifier: Apache-2.0
 *
 * Orders of pixels and regions.
 */
#include "metrics/pixel_order.h"

#include <math.h>
#include <stdlib.h>

typedef struct keyed {
  double value;
  int32_t index;
} keyed;

/* Falling value, then rising index: a total order, so that any sort is stable. */
static int falling(const void *a, const void *b)
{
  const keyed *x = a, *y = b;
  if (x->value != y->value) return x->value > y->value ? -1 : 1;
  return x->index < y->index ? -1 : x->index > y->index;
}

static vt_status order_of_map(vt_ctx *ctx, const float *map, int height, int width, int32_t *pixels,
                              double *tied_share)
{
  size_t count = (size_t)height * (size_t)width, tied = 0;
  keyed *sorted = vt_alloc_zero(ctx, count, sizeof *sorted);
  if (!sorted) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < count; i++) {
    if (!isfinite(map[i])) {
      vt_status status =
          vt_fail(ctx, VT_ERROR_INVALID_DATA, "map: pixel (%d, %d) is %s; every value must be finite",
                  (int)(i % (size_t)width), (int)(i / (size_t)width), isnan(map[i]) ? "NaN" : "infinite");
      vt_free(sorted);
      return status;
    }
    sorted[i] = (keyed){(double)map[i], (int32_t)i};
  }
  qsort(sorted, count, sizeof *sorted, falling);
  for (size_t i = 0; i < count; i++) {
    pixels[i] = sorted[i].index;
    tied += (i > 0 && sorted[i].value == sorted[i - 1].value) ||
            (i + 1 < count && sorted[i].value == sorted[i + 1].value);
  }
  *tied_share = (double)tied / (double)count;
  vt_free(sorted);
  return VT_OK;
}

vt_status vt_pixel_order(vt_ctx *ctx, const vt_judged *judged, int height, int width, int32_t *pixels,
                         double *tied_share)
{
  if (judged->map) return order_of_map(ctx, judged->map, height, width, pixels, tied_share);
  *tied_share = 0;
  int32_t *next = pixels;
  for (int j = 0; j < vt_regions_count(judged->regions); j++) {
    int64_t count;
    const int32_t *places = vt_regions_pixels(judged->regions, judged->order[j], &count);
    memcpy(next, places, (size_t)count * sizeof *next);
    next += count;
  }
  return VT_OK;
}

vt_status vt_region_order_of_map(vt_ctx *ctx, const vt_regions *regions, const float *map, int *order)
{
  int count = vt_regions_count(regions);
  keyed *sorted = vt_alloc_zero(ctx, (size_t)count, sizeof *sorted);
  if (!sorted) return VT_ERROR_OUT_OF_MEMORY;
  for (int r = 0; r < count; r++) {
    int64_t pixels;
    const int32_t *places = vt_regions_pixels(regions, r, &pixels);
    double sum = 0;
    for (int64_t i = 0; i < pixels; i++)
      sum += (double)map[places[i]];
    sorted[r] = (keyed){sum / (double)pixels, r};
  }
  qsort(sorted, (size_t)count, sizeof *sorted, falling);
  for (int r = 0; r < count; r++)
    order[r] = sorted[r].index;
  vt_free(sorted);
  return VT_OK;
}
