/* SPDX-License-Identifier: Apache-2.0
 *
 * Attributes of the Reduce operators and what they are backwards.
 */
#ifndef VT_OPS_REDUCE_H
#define VT_OPS_REDUCE_H

#include "ops/gradient.h"

typedef struct vt_reduce_settings {
  bool keepdims, noop_with_empty_axes;
} vt_reduce_settings;

/* Which axes of input 0 a call reduces. */
vt_status vt_reduced_axes(vt_ctx *ctx, const vt_call *call, bool reduced[VT_MAX_RANK]);

/* All read input 1, the axes. Further values: */
vt_status vt_reduce_sum_backward(vt_ctx *ctx, const vt_gradient *gradient);
vt_status vt_reduce_mean_backward(vt_ctx *ctx, const vt_gradient *gradient);
vt_status vt_reduce_extreme_backward(vt_ctx *ctx, const vt_gradient *gradient);     /* input 0, output 0 */
vt_status vt_reduce_prod_backward(vt_ctx *ctx, const vt_gradient *gradient);        /* input 0 */
vt_status vt_reduce_l1_backward(vt_ctx *ctx, const vt_gradient *gradient);          /* input 0 */
vt_status vt_reduce_l2_backward(vt_ctx *ctx, const vt_gradient *gradient);          /* input 0, output 0 */
vt_status vt_reduce_log_sum_backward(vt_ctx *ctx, const vt_gradient *gradient);     /* output 0 */
vt_status vt_reduce_log_sum_exp_backward(vt_ctx *ctx, const vt_gradient *gradient); /* input 0, output 0 */
vt_status vt_reduce_sum_square_backward(vt_ctx *ctx, const vt_gradient *gradient);  /* input 0 */

#endif
