/* SPDX-License-Identifier: Apache-2.0
 *
 * Pictures about an explanation, at the size of the photograph. Maps and labels live at the model's
 * resolution and are carried back through the placement.
 */
#ifndef VT_REPORT_PICTURE_H
#define VT_REPORT_PICTURE_H

#include "explain/explanation.h"
#include "report/colour.h"
#include "report/scale.h"

/* Everything a picture is drawn from. Borrowed. */
typedef struct vt_view {
  const vt_explanation *explanation;
  const vt_image *photo;  /* as decoded, RGB */
  vt_placement placement; /* of the model's input in it */
  const vt_colour_map *sequential, *diverging;
  vt_scale scale; /* of explanation->saliency */
} vt_view;

/* The model's input at photo pixel (x, y), in input pixels from the corner of the first one; pixel centres
 * lie at ½. */
void vt_view_input_at(const vt_view *scene, double photo_x, double photo_y, double *x, double *y);
/* Region shown at each photo pixel, −1 outside the model's input: out[photo height · photo width].
 * Borders of the coarse label map are smoothed: a pixel takes the label with the largest bilinear weight
 * among its four neighbours. */
vt_status vt_view_labels(vt_ctx *ctx, const vt_view *scene, int32_t **out);
/* rank[region] = place in the order, from 0. Caller frees. */
vt_status vt_view_ranks(vt_ctx *ctx, const vt_view *scene, int **out);

/* The innermost place of a region and its distance to the region's border, in input pixels. */
typedef struct vt_anchor {
  double x, y, radius;
} vt_anchor;
/* One for each region, by index. Caller frees. */
vt_status vt_view_anchors(vt_ctx *ctx, const vt_view *scene, vt_anchor **out);
/* "upper left", "centre", …: the ninth of the model's input that holds the region's centroid. */
const char *vt_region_where(const vt_explanation *explanation, int region);

/* The prefix of the order that pictures call the minimal set: the smallest that keeps 90 % of the full score,
 * or where there is none, or the model is mistaken, the one with the highest score. `why` gets a sentence. */
int vt_view_minimal_set(const vt_explanation *explanation, const char **why);

/* Each gives a picture of the photo's size; free with vt_image_free(). */
vt_status vt_overlay_picture(vt_ctx *ctx, const vt_view *scene, vt_image **out);
vt_status vt_regions_picture(vt_ctx *ctx, const vt_view *scene, vt_image **out);
vt_status vt_subset_picture(vt_ctx *ctx, const vt_view *scene, vt_image **out);
/* The curves as an SVG document, caller frees. */
vt_status vt_curves_svg(vt_ctx *ctx, const vt_explanation *explanation, char **out, size_t *size);

#define VT_OVERLAY_ALPHA 0.5
#define VT_DIMMED        0.35

#endif
