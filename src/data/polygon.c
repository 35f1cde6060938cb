/* SPDX-License-Identifier: Apache-2.0
 *
 * Filling polygons: every edge flips, in each pixel row whose centre line it crosses, the first pixel whose
 * centre is not left of the crossing; a running exclusive-or along the row then gives the even-odd rule.
 */
#include <math.h>

#include "data/masks.h"

static vt_status flip_edge(vt_ctx *ctx, const double from[2], const double to[2], int height, int width,
                           int64_t *work, uint8_t *flips)
{
  const double *upper = from[1] <= to[1] ? from : to, *lower = from[1] <= to[1] ? to : from;
  /* rows whose centre line j + ½ lies in [upper, lower) */
  double first = ceil(fmax(upper[1], 0) - 0.5), last = ceil(fmin(lower[1], height) - 0.5) - 1;
  if (first < 0) first = 0;
  if (last < first) return VT_OK;
  *work -= (int64_t)(last - first) + 1;
  if (*work < 0)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA,
                   "the polygons have too many long edges; simplify them or use RLE masks");
  double slope = (lower[0] - upper[0]) / (lower[1] - upper[1]);
  for (int row = (int)first; row <= (int)last; row++) {
    double column = ceil(upper[0] + (row + 0.5 - upper[1]) * slope - 0.5);
    if (!(column > 0)) column = 0;
    if (column < width) flips[(size_t)row * (size_t)width + (size_t)column] ^= 1;
  }
  return VT_OK;
}

vt_status vt_polygon_fill(vt_ctx *ctx, const double *points, size_t count, int height, int width,
                          int64_t *work, uint8_t *bits)
{
  /* only the rows that the polygon touches are worked on */
  double top = INFINITY, bottom = -INFINITY;
  for (size_t i = 0; i < 2 * count; i++) {
    if (!isfinite(points[i]) || fabs(points[i]) > 1e9)
      return vt_fail(ctx, VT_ERROR_INVALID_DATA, "polygon: coordinate %zu is not a sensible number", i);
    if (i % 2 == 1) {
      top = fmin(top, points[i]);
      bottom = fmax(bottom, points[i]);
    }
  }
  if (count < 3) return vt_fail(ctx, VT_ERROR_INVALID_DATA, "polygon: %zu points; 3 are needed", count);
  int first = (int)fmin(fmax(floor(top), 0), height),
      last = (int)fmin(fmax(ceil(bottom), 0), height); /* excluded */
  if (last <= first) return VT_OK;
  size_t rows = (size_t)(last - first), columns = (size_t)width;
  uint8_t *flips = vt_alloc_zero(ctx, rows, columns);
  if (!flips) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = VT_OK;
  for (size_t i = 0; i < count && status == VT_OK; i++) {
    const double *from = points + 2 * i, *to = points + 2 * ((i + 1) % count);
    double shifted_from[2] = {from[0], from[1] - first}, shifted_to[2] = {to[0], to[1] - first};
    status = flip_edge(ctx, shifted_from, shifted_to, (int)rows, width, work, flips);
  }
  for (size_t y = 0; y < rows && status == VT_OK; y++) {
    uint8_t inside = 0, *target = bits + ((size_t)first + y) * columns;
    for (size_t x = 0; x < columns; x++) {
      inside ^= flips[y * columns + x];
      target[x] |= inside;
    }
  }
  vt_free(flips);
  return status;
}
