/* SPDX-License-Identifier: Apache-2.0
 *
 * Guided backpropagation and deconvolution.
 */
#include "attribution/rule_guided.h"

#include <math.h>

#include "attribution/rule_values.h"

static const char *const relu_like[] = {"Relu", "LeakyRelu", "PRelu", "ThresholdedRelu",
                                        "Elu",  "Celu",      "Selu",  NULL};
static const char *const clip[] = {"Clip", NULL};

static bool is_zero(const vt_tensor *tensor)
{
  return tensor && tensor->data && vt_count(tensor) == 1 && vt_get_f64(tensor, 0) == 0;
}

int vt_guided_count(const vt_graph *graph)
{
  int count = 0;
  for (int i = 0; i < graph->node_count; i++) {
    const vt_node *node = &graph->nodes[i];
    int low = vt_rule_named(node->op, clip) && node->input_count > 1 ? node->inputs[1] : VT_NO_VALUE;
    if (vt_rule_named(node->op, relu_like) || (low != VT_NO_VALUE && is_zero(graph->values[low].constant)))
      count++;
  }
  return count;
}

static double positive_part(const double *values, const void *settings)
{
  (void)settings;
  return values[0] > 0 ? values[0] : 0;
}

static double positive_below(const double *values, const void *settings)
{
  return values[0] > 0 && values[1] <= *(const double *)settings ? values[0] : 0;
}

static vt_status positive(vt_ctx *ctx, const vt_tensor *tensor, vt_tensor **out)
{
  return vt_rule_each(ctx, 1, &tensor, positive_part, NULL, out);
}

static vt_status guided_backward(vt_ctx *ctx, const vt_gradient *gradient, const void *settings)
{
  (void)settings;
  vt_gradient gated = *gradient;
  vt_tensor *kept;
  VT_TRY(positive(ctx, gradient->output_gradients[0], &kept));
  gated.output_gradients = &kept;
  return gradient->call->op->backward(ctx, &gated);
}

static vt_status deconvolution_backward(vt_ctx *ctx, const vt_gradient *gradient, const void *settings)
{
  (void)settings;
  if (!vt_gradient_wanted(gradient, 0)) return VT_OK;
  return positive(ctx, gradient->output_gradients[0], &gradient->input_gradients[0]);
}

static vt_status ceiling_backward(vt_ctx *ctx, const vt_gradient *gradient, const void *settings)
{
  (void)settings;
  if (!vt_gradient_wanted(gradient, 0)) return VT_OK;
  const vt_call *call = gradient->call;
  const vt_tensor *high = vt_input(call, 2);
  double ceiling = high && vt_count(high) == 1 ? vt_get_f64(high, 0) : INFINITY;
  return vt_rule_each(ctx, 2, (const vt_tensor *const[]){gradient->output_gradients[0], call->inputs[0]},
                      positive_below, &ceiling, &gradient->input_gradients[0]);
}

static const vt_rule guided = {"guided", guided_backward, NULL, VT_SAVES_ALL};
static const vt_rule deconvolution = {"deconvolution", deconvolution_backward, NULL, 0};
static const vt_rule ceiling = {"deconvolution-ceiling", ceiling_backward, NULL, VT_SAVES_INPUTS};

static bool applies(const vt_call *call)
{
  if (vt_rule_named(call->op, relu_like)) return vt_rule_depends(call, 0);
  return vt_rule_named(call->op, clip) && call->input_count > 1 && is_zero(call->inputs[1]);
}

static const vt_rule *choose_guided(const void *user, const vt_call *call)
{
  (void)user;
  return applies(call) ? &guided : NULL;
}

static const vt_rule *choose_deconvolution(const void *user, const vt_call *call)
{
  (void)user;
  return applies(call) ? &deconvolution : NULL;
}

static const vt_rule *choose_ceiling(const void *user, const vt_call *call)
{
  if (vt_rule_named(call->op, clip)) return applies(call) ? &ceiling : NULL;
  return choose_deconvolution(user, call);
}

const vt_rule_set vt_rules_guided = {"guided", choose_guided, NULL};
const vt_rule_set vt_rules_deconvolution = {"deconvolution", choose_deconvolution, NULL};
const vt_rule_set vt_rules_deconvolution_ceiling = {"deconvolution-ceiling", choose_ceiling, NULL};
