/* SPDX-License-Identifier: Apache-2.0
 *
 * From what is judged to an order of pixels, and from maps to regions.
 */
#ifndef VT_METRICS_PIXEL_ORDER_H
#define VT_METRICS_PIXEL_ORDER_H

#include "metrics/metric.h"

/* All pixels, most important first: a map's by falling value (ties to the lower index), an order's region by
 * region. `pixels` has height·width entries. NaN or infinity in a map is an error. */
vt_status vt_pixel_order(vt_ctx *ctx, const vt_judged *judged, int height, int width, int32_t *pixels,
                         double *tied_share);
/* Regions by falling mean of the map, ties to the lower index. `order` has vt_regions_count() entries. */
vt_status vt_region_order_of_map(vt_ctx *ctx, const vt_regions *regions, const float *map, int *order);

#endif
