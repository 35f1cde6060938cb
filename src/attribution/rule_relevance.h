/* SPDX-License-Identifier: Apache-2.0
 *
 * Relevance through everything that is no layer with weights. Each is a vt_rule's backward (saves: all;
 * settings: vt_relevance). R is the relevance of the result, ± epsilon means away from zero.
 */
#ifndef VT_ATTRIBUTION_RULE_RELEVANCE_H
#define VT_ATTRIBUTION_RULE_RELEVANCE_H

#include "attribution/rule_linear.h"

/* Activations, scales: R as it is to the input `receives` (−1: the one that is wanted), summed over axes
 * along which that was repeated. The others get nothing. */
vt_status vt_pass_backward(vt_ctx *ctx, const vt_gradient *gradient, const void *settings);
/* Sums, averages, interpolation, constants added: every wanted input gets x ⊙ Jᵀ (R / (y ± stabilizer)). */
vt_status vt_sum_backward(vt_ctx *ctx, const vt_gradient *gradient, const void *settings);
/* Products of two variables (Mul, MatMul): the same with (n y ± epsilon), n the number of variables, so
 * that each gets an equal share. */
vt_status vt_bilinear_backward(vt_ctx *ctx, const vt_gradient *gradient, const void *settings);
/* Softmax s of x: R_x = x ⊙ (R − s ΣR) along the axis. */
vt_status vt_softmax_relevance(vt_ctx *ctx, const vt_gradient *gradient, const void *settings);
/* LayerNormalization, RMSNormalization, InstanceNormalization, GroupNormalization with the scale 1/σ taken
 * for a constant, which leaves a linear operator: x ⊙ Jᵀ (R / (y ± epsilon)). */
vt_status vt_norm_relevance(vt_ctx *ctx, const vt_gradient *gradient, const void *settings);

#endif
