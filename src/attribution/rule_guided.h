/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules that change what passes back through ReLU-like operators: guided backpropagation and deconvolution.
 */
#ifndef VT_ATTRIBUTION_RULE_GUIDED_H
#define VT_ATTRIBUTION_RULE_GUIDED_H

#include "graph/graph.h"
#include "ops/tape.h"

/* With g what comes from above and x the operator's input:
 *   guided            what passes forwards and is positive: max(g, 0) · f′(x)
 *   deconvolution     max(g, 0), whatever x is
 *   … with a ceiling  max(g, 0) where x is not above the ceiling of Clip(0, ceiling), 0 beyond it */
extern const vt_rule_set vt_rules_guided;
extern const vt_rule_set vt_rules_deconvolution;
extern const vt_rule_set vt_rules_deconvolution_ceiling;

/* Nodes these rules apply to: Relu, LeakyRelu, PRelu, ThresholdedRelu, Elu, Celu, Selu, and Clip whose lower
 * bound is the constant 0. */
int vt_guided_count(const vt_graph *graph);

#endif
