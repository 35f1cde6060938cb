/* SPDX-License-Identifier: Apache-2.0
 *
 * Dividers: from a text such as "slico", "grid:7x7" or "labels:FILE" to regions, and fills. Both
 * are declared like methods.
 */
#ifndef VT_EXPLAIN_DIVIDE_H
#define VT_EXPLAIN_DIVIDE_H

#include "vitrail/explain.h"

/* slico[:STEP] · seeds[:COUNT] · grid:RxC (boundaries ⌊i·H/R⌋) · felzenszwalb[:SCALE,SIGMA,MIN] ·
 * labels:FILE.npy|png · masks:FILE (overlap rule of 01-lima §1, uncovered rest one more region) ·
 * prior:FILE.npy[,N,D] (02-smdl: the map resized to N×N bilinearly, patches by falling value, D a
 * region). `report` may be NULL. `picture` is what the model sees, and files must have its size
 * (a prior may have any). */
vt_status vt_divide(vt_ctx *ctx, const char *text, const vt_image *picture, vt_regions **out,
                    vt_regions_report *report);
/* The same, but files may also have the size of the photograph: they are carried to the model's view by
 * `placement` (nearest pixel). NULL: as vt_divide(). */
vt_status vt_divide_placed(vt_ctx *ctx, const char *text, const vt_image *picture,
                           const vt_placement *placement, vt_regions **out, vt_regions_report *report);
/* Regions from a label file (vt_label_map_read()) at its own size. */
vt_status vt_regions_read(vt_ctx *ctx, const char *path, vt_regions **out);

typedef struct vt_divider {
  const char *id, *form, *summary;
} vt_divider;
extern const vt_divider vt_dividers[];
extern const size_t vt_divider_count;

/* zero (the 8-bit colour nearest to 0 after normalisation) · black · white · mean (mean colour of the
 * picture) · blur (Gaussian, σ = side/12) · noise (uniform 8 bit, seeded) · FILE (an image, prepared like
 * the picture). A picture of the model's size. */
vt_status vt_fill_make(vt_ctx *ctx, const char *text, const vt_model *model, const vt_image *picture,
                       uint64_t seed, vt_image **out);

/* Pixels of region `index` as indices y·width + x in rising order, count in *count. Borrowed. */
const int32_t *vt_regions_pixels(const vt_regions *regions, int index, int64_t *count);
/* Bounding box [x, y, width, height] and centroid. */
void vt_regions_box(const vt_regions *regions, int index, int box[4], double centroid[2]);

#endif
