/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of a division: labels, and for each region its pixels in one list (compressed rows).
 */
#ifndef VT_EXPLAIN_REGIONS_H
#define VT_EXPLAIN_REGIONS_H

#include "base/base.h"
#include "explain/divide.h"

struct vt_regions {
  int height, width, count;
  int32_t *labels;  /* [height, width] in 0..count−1 */
  int32_t *ids;     /* [count] label of the region in the map it came from, rising */
  int64_t *offsets; /* [count + 1] into pixels */
  int32_t *pixels;  /* [height · width] pixel indices, region after region, rising inside each */
};

/* Masks [count][height·width] of 0 and 1 to labels: overlaps by the rule of 01-lima §1, tiny masks dropped, uncovered
 * pixels one more region. `labels` holds height·width. */
vt_status vt_overlap_resolve(vt_ctx *ctx, const vt_masks *masks, int32_t *labels, vt_regions_report *report);

/* Patches of a grid by falling value of a map, `per_region` patches a region (02-smdl). `map` is [map_height, map_width]
 * and shows the same view as the regions; `labels` holds height·width. */
vt_status vt_prior_labels(vt_ctx *ctx, const double *map, int map_height, int map_width, int grid, int per_region,
                          int height, int width, int32_t *labels);

/* The three dividers that read files: text behind the colon in, labels of height × width out. `placement` NULL: files must
 * have the size of the regions. */
vt_status vt_labels_from_file(vt_ctx *ctx, const char *path, int height, int width, const vt_placement *placement,
                              int32_t *labels);
vt_status vt_labels_from_masks(vt_ctx *ctx, const char *path, int height, int width, const vt_placement *placement,
                               int32_t *labels, vt_regions_report *report);
vt_status vt_labels_from_prior(vt_ctx *ctx, const char *argument, int height, int width, const vt_placement *placement,
                               int32_t *labels);

#endif
