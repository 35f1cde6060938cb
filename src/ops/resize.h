/* SPDX-License-Identifier: Apache-2.0
 *
 * What the two halves of Resize share: where output elements lie in the input (resize.c) and how taps are
 * summed (resize_passes.c).
 */
#ifndef VT_OPS_RESIZE_H
#define VT_OPS_RESIZE_H

#include "ops/op.h"

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

/* Interpolates over every axis that is not an identity, one pass an axis. Types: f32 in f32, all others in
 * f64, integers rounded toward zero and saturated. */
vt_status vt_resize_passes(vt_ctx *ctx, const vt_tensor *data, vt_tensor *output, const vt_resize_axis *axes);
/* The same in one sweep for f32 where only the last two axes change. */
vt_status vt_resize_fused(vt_ctx *ctx, const vt_tensor *data, vt_tensor *output, const vt_resize_axis *axes);

#endif
