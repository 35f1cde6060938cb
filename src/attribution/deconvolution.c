/* SPDX-License-Identifier: Apache-2.0
 *
 * Deconvolution. Zeiler, Fergus: "Visualizing and Understanding Convolutional Networks", ECCV 2014, arXiv
 * 1311.2901.
 */
#include "attribution/methods.h"
#include "attribution/rule_guided.h"
#include "attribution/rule_map.h"

typedef struct deconvolution_settings {
  int gate;
} deconvolution_settings;

static const vt_field fields[] = {
    {"gate", VT_FIELD_CHOICE, offsetof(deconvolution_settings, gate), "clamp", .choices = "clamp|none",
     .help =
         "at Clip(0, c), the ReLU6 of mobile networks: clamp stops what lies above c, none lets all pass"},
};

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  const deconvolution_settings *own = settings;
  const vt_rule_request request = {.rules = own->gate == 0 ? &vt_rules_deconvolution_ceiling
                                                           : &vt_rules_deconvolution};
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

const vt_method vt_method_deconvolution = {
    .id = "deconvolution",
    .aliases = "Deconvolution|DeconvNet|deconvnet",
    .title = "Deconvolution",
    .summary =
        "The gradient with each ReLU applied to the signal on its way back instead of to the activations. A "
        "picture of what could have excited the output; like guided backpropagation it depends little on "
        "the class and the weights.",
    .citation = "Zeiler, M. D., Fergus, R. (2014). Visualizing and Understanding Convolutional Networks. "
                "arXiv:1311.2901.",
    .cost = "1 gradient",
    .place = "data · token",
    .needs = VT_NEEDS_GRADIENTS,
    .settings_size = sizeof(deconvolution_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = run,
    .calls = vt_rule_one_call,
};
