/* SPDX-License-Identifier: Apache-2.0
 *
 * Relevance through linear layers: convolutions and matrix products with weights that do not depend on the
 * input.
 *
 * All rules share one form. With x the layer's input, w its weights, b its bias, * the layer, and parts
 * that change x, w and b each in its way:  R_x = Σ over parts of x' ⊙ (∂/∂x' (w' * x'))ᵀ (R / (Σ (w' * x' +
 * b') ± ε)).
 *
 *   epsilon     x, w, b
 *   gamma       x⁺, w + γw⁺, b + γb⁺ and x⁻, w + γw⁻ over their sum, where w * x + b > 0;
 *               x⁺, w + γw⁻, b + γb⁻ and x⁻, w + γw⁺ where it is < 0
 *   alpha-beta  α times (x⁺, w⁺, b⁺ and x⁻, w⁻) less β times (x⁺, w⁻, b⁻ and x⁻, w⁺)
 *   z-plus      x⁺, w⁺, b⁺ and x⁻, w⁻
 *   flat        1, 1;  w-square  1, w², b²
 *   z-box       x, w, b less low, w⁺, b⁺ less high, w⁻, b⁻
 *   pass        R itself, where the shapes agree
 *
 * As in zennit 0.5.1 (its documentation), the bias is part of the denominator and keeps its share.
 */
#ifndef VT_ATTRIBUTION_RULE_LINEAR_H
#define VT_ATTRIBUTION_RULE_LINEAR_H

#include "ops/tape.h"

typedef enum vt_linear_kind {
  VT_LINEAR_EPSILON,
  VT_LINEAR_GAMMA,
  VT_LINEAR_ALPHA_BETA,
  VT_LINEAR_Z_PLUS,
  VT_LINEAR_FLAT,
  VT_LINEAR_W_SQUARE,
  VT_LINEAR_Z_BOX,
  VT_LINEAR_PASS
} vt_linear_kind;
#define VT_LINEAR_CHOICES "epsilon|gamma|alpha-beta|z-plus|flat|w-square|z-box|pass"

/* Settings of a relevance rule at one node. */
typedef struct vt_relevance {
  vt_linear_kind kind;
  double epsilon;    /* of the epsilon rule */
  double stabilizer; /* of all others */
  double gamma, alpha, beta;
  bool ignore_bias;      /* taken for 0 wherever it stands */
  const vt_tensor *bias; /* added to the result by a node of its own, which then passes relevance; borrowed */
  vt_tensor *low, *high; /* z-box: smallest and largest input, of its shape; owned by the composite */
  int receives;          /* operators with several inputs: the one that gets everything, −1: see there */
} vt_relevance;

/* A vt_rule's backward (saves: all; settings: vt_relevance) for Conv, ConvTranspose, Gemm, MatMul. The input
 * that is wanted is x, the other factor w. */
vt_status vt_linear_backward(vt_ctx *ctx, const vt_gradient *gradient, const void *settings);

#endif
