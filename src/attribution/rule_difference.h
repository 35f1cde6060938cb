/* SPDX-License-Identifier: Apache-2.0
 *
 * DeepLift: multipliers m with Σ m · (x − x₀) = y − y₀ through every operator, x₀ and y₀ being a reference
 * run.
 *
 *   linear                               its gradient
 *   element by element (ReLU, tanh, …)   Δy / Δx (rescale); where Δx is next to nothing the derivative
 *   products of two variables            gradient halfway: (½ (b + b₀), ½ (a + a₀))
 *   quotient a / b                       the product rule of a and 1 / b, and Δ(1/b) / Δb
 *   largest and smallest                 what the result gained goes to the winner of the run, what it lost
 *                                        to that of the reference
 *   anything else (softmax, norms, …)    gradient averaged over the straight line from x₀ to x, points added
 *                                        until the sum agrees
 */
#ifndef VT_ATTRIBUTION_RULE_DIFFERENCE_H
#define VT_ATTRIBUTION_RULE_DIFFERENCE_H

#include "ops/tape.h"

/* For backward passes with a reference (VT_START_DIFFERENCE). */
extern const vt_rule_set vt_rules_difference;

#endif
