/* SPDX-License-Identifier: Apache-2.0
 *
 * What methods made of gradients share.
 */
#ifndef VT_ATTRIBUTION_GRADIENTS_H
#define VT_ATTRIBUTION_GRADIENTS_H

#include "explain/map.h"

/* Gradient of the target at `input` [floats], in f64, the layout of the varying tensor; caller frees. `rules`
 * NULL: the ordinary one. */
vt_status vt_gradient_at(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation, const float *input,
                         const vt_rule_set *rules, double **out);

#endif
