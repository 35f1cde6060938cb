/* SPDX-License-Identifier: Apache-2.0
 *
 * Attributes of LRN, LpNormalization and MeanVarianceNormalization, and what they are backwards.
 */
#ifndef VT_OPS_LOCAL_NORM_H
#define VT_OPS_LOCAL_NORM_H

#include "ops/gradient.h"

typedef struct vt_lrn_attributes {
  double alpha, beta, bias;
  int64_t size;
} vt_lrn_attributes;

typedef struct vt_lp_attributes {
  int64_t axis, p;
} vt_lp_attributes;

typedef struct vt_mvn_attributes {
  vt_ints axes;
} vt_mvn_attributes;

/* Steps that number the groups of elements with common statistics: 0 along the axes that are summed over. */
vt_status vt_mvn_groups(vt_ctx *ctx, const vt_call *call, int64_t steps[VT_MAX_RANK], int64_t *groups);
/* The group of element `index`. */
int64_t vt_mvn_group_of(const vt_tensor *x, const int64_t steps[VT_MAX_RANK], int64_t index);

/* All read the value of input 0. */
vt_status vt_lrn_backward(vt_ctx *ctx, const vt_gradient *gradient);
vt_status vt_lp_norm_backward(vt_ctx *ctx, const vt_gradient *gradient);
vt_status vt_mvn_backward(vt_ctx *ctx, const vt_gradient *gradient);

#endif
