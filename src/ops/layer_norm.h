/* SPDX-License-Identifier: Apache-2.0
 *
 * Attributes of LayerNormalization and RMSNormalization, and what they are backwards.
 */
#ifndef VT_OPS_LAYER_NORM_H
#define VT_OPS_LAYER_NORM_H

#include "ops/gradient.h"

typedef struct vt_layer_norm_attributes {
  int64_t axis, stash_type;
  double epsilon;
} vt_layer_norm_attributes;

/* x as [rows, size]: normalised over the axes from `axis` on. */
typedef struct vt_layer_rows {
  int axis;
  int64_t rows, size;
} vt_layer_rows;
vt_layer_rows vt_layer_rows_of(const vt_call *call);

/* Whether scale or bias has one number for each place of a row, the same in all rows: the usual case. */
bool vt_layer_covers_row(const vt_tensor *small, const vt_tensor *x, int axis);

/* Both read the values of inputs 0 and 1. */
vt_status vt_layer_norm_backward(vt_ctx *ctx, const vt_gradient *gradient);
vt_status vt_rms_norm_backward(vt_ctx *ctx, const vt_gradient *gradient);

#endif
