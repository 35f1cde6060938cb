/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of Resize share: settings and sizes (resize.c), where output elements lie in the input
 * (resize_axes.c), how taps are summed (resize_passes.c) and how gradients go back (resize_backward.c).
 */
#ifndef VT_OPS_RESIZE_H
#define VT_OPS_RESIZE_H

#include "ops/op.h"

typedef enum vt_resize_mode { VT_RESIZE_NEAREST, VT_RESIZE_LINEAR, VT_RESIZE_CUBIC } vt_resize_mode;
typedef enum vt_resize_coordinates {
  VT_RESIZE_HALF_PIXEL,
  VT_RESIZE_HALF_PIXEL_SYMMETRIC,
  VT_RESIZE_PYTORCH_HALF_PIXEL,
  VT_RESIZE_ALIGN_CORNERS,
  VT_RESIZE_ASYMMETRIC,
  VT_RESIZE_CROP_AND_RESIZE,
  VT_RESIZE_HALF_PIXEL_FOR_NEAREST
} vt_resize_coordinates;
typedef enum vt_resize_rounding {
  VT_RESIZE_PREFER_FLOOR,
  VT_RESIZE_PREFER_CEIL,
  VT_RESIZE_FLOOR,
  VT_RESIZE_CEIL
} vt_resize_rounding;
typedef enum vt_resize_policy {
  VT_RESIZE_STRETCH,
  VT_RESIZE_NOT_LARGER,
  VT_RESIZE_NOT_SMALLER
} vt_resize_policy;

typedef struct vt_resize_attributes {
  int mode, coordinates, rounding, policy;
  double cubic_coeff_a, extrapolation_value;
  bool exclude_outside, antialias;
  vt_ints axes;
} vt_resize_attributes;

/* One axis as asked for. */
typedef struct vt_resize_span {
  bool listed;
  int64_t in, out;
  double length;     /* scale · in: `out` before it was rounded */
  double start, end; /* part of the input, tf_crop_and_resize */
} vt_resize_span;

/* Fills `map` with the input index of each output index, −1 where the extrapolation value stands; false when
 * the axis stays as it is. */
bool vt_resize_nearest(const vt_resize_attributes *attributes, const vt_resize_span *span, int64_t *map);

/* One axis of an interpolation: output element o is Σ_t weights[o · taps + t] ·
 * input[index[o · taps + t]]. */
typedef struct vt_resize_axis {
  int64_t in, out;
  bool identity; /* nothing to do; no lists */
  int64_t taps;
  int64_t *index;
  double *weights;
  unsigned char *outside; /* by output element: gets the extrapolation value; NULL: none does */
} vt_resize_axis;

vt_status vt_resize_axis_make(vt_ctx *ctx, const vt_resize_attributes *attributes, const vt_resize_span *span,
                              vt_resize_axis *out);
void vt_resize_axis_free(vt_resize_axis *axis); /* also what make left after a failure */

/* Interpolates over every axis that is not an identity, one pass an axis. Types: f32 in f32, all others in
 * f64, integers rounded toward zero and saturated. */
vt_status vt_resize_passes(vt_ctx *ctx, const vt_tensor *data, vt_tensor *output, const vt_resize_axis *axes);
/* The same in one sweep for f32 where only the last two axes change. */
vt_status vt_resize_fused(vt_ctx *ctx, const vt_tensor *data, vt_tensor *output, const vt_resize_axis *axes);
/* The transpose of vt_resize_passes(), f32 or f64: `sum` (the shape of the data) from `gradient`. */
vt_status vt_resize_passes_back(vt_ctx *ctx, const vt_tensor *gradient, vt_tensor *sum,
                                const vt_resize_axis *axes);

#endif
