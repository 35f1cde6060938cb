/* SPDX-License-Identifier: Apache-2.0
 *
 * Guided backpropagation. Springenberg, Dosovitskiy, Brox, Riedmiller: "Striving for Simplicity: The All
 * Convolutional Net", arXiv 1412.6806 (2014).
 */
#include "attribution/methods.h"
#include "attribution/rule_guided.h"
#include "attribution/rule_map.h"

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  VT_UNUSED(settings);
  const vt_rule_request request = {.rules = &vt_rules_guided};
  double *map;
  VT_TRY(vt_rule_map(ctx, task, explanation, &request, &map));
  vt_status status = vt_map_set(ctx, task, explanation, map, VT_REDUCE_ABS_MAX);
  vt_free(map);
  VT_TRY(status);
  return vt_guided_count(task->subject->graph)
             ? VT_OK
             : vt_explanation_warn(ctx, explanation,
                                   "the model has no ReLU-like operator, so this is its plain gradient");
}

const vt_method vt_method_guided_backprop = {
    .id = "guided-backprop",
    .aliases = "GuidedBackprop|guided-backpropagation",
    .title = "Guided backpropagation",
    .summary = "The gradient with every negative signal stopped at each ReLU on the way back. Sharp and "
               "pleasant, but "
               "mostly a picture of edges: it hardly changes when the model's weights are drawn anew, so use "
               "it as a "
               "control and not as evidence.",
    .citation = "Springenberg, J. T., Dosovitskiy, A., Brox, T., Riedmiller, M. (2014). Striving for "
                "Simplicity. arXiv:1412.6806.",
    .cost = "1 gradient",
    .place = "data · token",
    .needs = VT_NEEDS_GRADIENTS,
    .run = run,
    .calls = vt_rule_one_call,
};
