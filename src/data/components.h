/* SPDX-License-Identifier: Apache-2.0
 *
 * Label maps [height, width]: connected components, merging of small ones, renumbering. Shared by all
 * dividers. Neighbours are the four at the sides.
 */
#ifndef VT_DATA_COMPONENTS_H
#define VT_DATA_COMPONENTS_H

#include "base/base.h"

/* Ids of the connected parts of equal label, 0..count−1 in raster order of their first
 * pixels. `out` may be `labels`. */
vt_status vt_components(vt_ctx *ctx, const int32_t *labels, int height, int width, int32_t *out, int *count);

/* Joins every region of less than `min_area` pixels to the neighbour with which it shares the longest border
 * (ties: the smaller one, then the lower id), smallest first, until none is left or one region covers all.
 * `labels` holds connected regions 0..count−1 and is renumbered without gaps in raster order; `count` is
 * updated. Regions stay connected. */
vt_status vt_regions_merge(vt_ctx *ctx, int32_t *labels, int height, int width, double min_area, int *count);

/* Both in turn: parts of equal label become regions, those below `min_area` are merged; how many were goes to
 * `merged` (may be NULL). */
vt_status vt_regions_clean(vt_ctx *ctx, int32_t *labels, int height, int width, double min_area, int *count,
                           int *merged);

#endif
