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

/* Masks [count][height·width] of 0 and 1 to labels: overlaps by the rule of 01-lima §1, tiny masks dropped,
 * uncovered pixels one more region. `labels` holds height·width. */
vt_status vt_overlap_resolve(vt_ctx *ctx, const vt_masks *masks, int32_t *labels, vt_regions_report *report);

/* Patches of a grid × grid division by falling value of a map [map_height, map_width] that shows the same
 * view (02-smdl): `per_region` patches a region, the last region gets what is left. `constant` (may be NULL):
 * the map had one value only, so that the patches stand in their own order. */
vt_status vt_prior_labels(vt_ctx *ctx, const float *map, int map_height, int map_width, int grid,
                          int per_region, int height, int width, int32_t *labels, bool *constant);

/* What a file of that size shows, seen from the model's input [height, width]: place of each model
 * pixel in the file, −1 where the file shows nothing. A file of the input's size is taken as it is; one
 * of the photograph's size is carried by `placement`; anything else is VT_ERROR_INVALID_DATA. Free
 * `*places` with vt_free(). */
vt_status vt_places_in_file(vt_ctx *ctx, const char *path, int file_height, int file_width, int height,
                            int width, const vt_placement *placement, int64_t **places);

/* The three dividers that read files: text behind the colon in, labels of height × width out. */
vt_status vt_labels_from_file(vt_ctx *ctx, const char *path, int height, int width,
                              const vt_placement *placement, int32_t *labels);
vt_status vt_labels_from_masks(vt_ctx *ctx, const char *path, int height, int width,
                               const vt_placement *placement, int32_t *labels, vt_regions_report *report);
vt_status vt_labels_from_prior(vt_ctx *ctx, const char *argument, int height, int width,
                               const vt_placement *placement, int32_t *labels);

#endif
