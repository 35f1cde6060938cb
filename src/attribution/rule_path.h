/* SPDX-License-Identifier: Apache-2.0
 *
 * Multipliers of any differentiable operator: its gradient averaged over the straight line between two runs.
 */
#ifndef VT_ATTRIBUTION_RULE_PATH_H
#define VT_ATTRIBUTION_RULE_PATH_H

#include "ops/tape.h"

/* A vt_rule's backward (saves: all). Gauss–Legendre, 8 points in each of 2 parts of the line, then 4, 8, 16,
 * until Σ m · Δx agrees with Σ g · Δy. Where it never does (a step on the way), the best is taken. */
vt_status vt_path_backward(vt_ctx *ctx, const vt_gradient *gradient, const void *settings);

#endif
