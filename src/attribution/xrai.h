/* SPDX-License-Identifier: Apache-2.0
 *
 * Overlapping regions at several scales, and joining them in order of what they add.
 */
#ifndef VT_ATTRIBUTION_XRAI_H
#define VT_ATTRIBUTION_XRAI_H

#include "base/base.h"

/* Pixels of region r: pixels[start[r]] … pixels[start[r + 1] − 1], rising. Zeroed at first. */
typedef struct vt_xrai_regions {
  int32_t *pixels;
  size_t *start; /* [count + 1] */
  size_t count, pixel_capacity, start_capacity;
} vt_xrai_regions;

/* Adds the regions of one division (labels [height, width] in 0..count−1; unused ones are left out), each
 * widened by a disc of radius `dilation`: all pixels at most that far from one of its own. */
vt_status vt_xrai_add(vt_ctx *ctx, const int32_t *labels, int count, int height, int width, int dilation,
                      vt_xrai_regions *regions);
/* The same for every label map of a file [n, height, width]. */
vt_status vt_xrai_read(vt_ctx *ctx, const char *path, int height, int width, int dilation,
                       vt_xrai_regions *regions);
void vt_xrai_free(vt_xrai_regions *regions); /* members only */

/* Joins regions greedily by the mean of `map` [pixels] over what they add; ties to the earlier region.
 * Regions that add fewer than `min_gain` pixels are dropped. `out` [pixels]: that mean, or (`rank`)
 * 1 − place / (number of regions joined); pixels of no region: their own mean, or 0. */
vt_status vt_xrai_join(vt_ctx *ctx, const vt_xrai_regions *regions, const double *map, size_t pixels,
                       int64_t min_gain, bool rank, double *out);

#endif
