/* SPDX-License-Identifier: Apache-2.0
 *
 * Relevance through sums, products, activations and softmax.
 */
#include "attribution/rule_relevance.h"

#include "attribution/rule_values.h"

vt_status vt_pass_backward(vt_ctx *ctx, const vt_gradient *gradient, const void *settings)
{
  const vt_call *call = gradient->call;
  int index = ((const vt_relevance *)settings)->receives;
  for (int k = 0; index < 0 && k < call->input_count; k++)
    if (gradient->wanted[k]) index = k;
  if (index < 0 || !vt_gradient_wanted(gradient, index)) return VT_OK;
  return vt_gradient_reduce(ctx, gradient->output_gradients[0], call->inputs[index],
                            &gradient->input_gradients[index]);
}

/* values: R, y */
static double over(const double *values, const void *settings)
{
  return vt_rule_divide(values[0], values[1], *(const double *)settings);
}

/* x ⊙ Jᵀ (R / (n y ± epsilon)) for every wanted input; y the operator's own result, less the constants
 * among its summands where these are to be ignored. */
static vt_status share(vt_ctx *ctx, const vt_gradient *gradient, vt_tensor *y, double epsilon, int variables)
{
  const vt_call *call = gradient->call;
  vt_tensor *part, *found[VT_RULE_SLOTS];
  double scaled = epsilon / variables;
  VT_TRY(vt_rule_check(ctx, call));
  VT_TRY(vt_rule_each(ctx, 2, (const vt_tensor *const[]){gradient->output_gradients[0], y}, over, &scaled,
                      &part));
  VT_TRY(vt_rule_backward(ctx, gradient, call->inputs, call->outputs, &part, found));
  for (int k = 0; k < call->input_count; k++) {
    if (!gradient->wanted[k] || !found[k]) continue;
    vt_tensor **made = &gradient->input_gradients[k];
    VT_TRY(vt_rule_multiply(ctx, call->inputs[k], found[k], made));
    if (variables == 1) continue;
    vt_tensor *fraction;
    VT_TRY(vt_rule_fill(ctx, *made, 1.0 / variables, &fraction));
    VT_TRY(vt_rule_multiply(ctx, *made, fraction, made));
  }
  return VT_OK;
}

vt_status vt_sum_backward(vt_ctx *ctx, const vt_gradient *gradient, const void *settings)
{
  return share(ctx, gradient, gradient->call->outputs[0], ((const vt_relevance *)settings)->stabilizer, 1);
}

vt_status vt_bilinear_backward(vt_ctx *ctx, const vt_gradient *gradient, const void *settings)
{
  int variables = 0;
  for (int k = 0; k < gradient->call->input_count; k++)
    variables += gradient->wanted[k];
  return share(ctx, gradient, gradient->call->outputs[0], ((const vt_relevance *)settings)->epsilon,
               variables > 0 ? variables : 1);
}

/* ---- softmax ---- */

/* values: x, R, ΣR along the axis, s. A masked place (x = −∞) had no part in the result. */
static double softmax_share(const double *values, const void *settings)
{
  (void)settings;
  double part = values[1] - values[3] * values[2];
  return part == 0 || values[0] < -1e30 ? 0 : values[0] * part;
}

static int64_t softmax_axis(const vt_call *call)
{
  int64_t axis = -1;
  for (size_t i = 0; i < call->op->field_count; i++)
    if (strcmp(call->op->fields[i].name, "axis") == 0 && call->attributes)
      axis = *(const int64_t *)((const char *)call->attributes + call->op->fields[i].offset);
  return axis;
}

vt_status vt_softmax_relevance(vt_ctx *ctx, const vt_gradient *gradient, const void *settings)
{
  (void)settings;
  const vt_call *call = gradient->call;
  const vt_tensor *x = call->inputs[0];
  vt_tensor *r = gradient->output_gradients[0], *sums;
  int axis;
  if (!vt_gradient_wanted(gradient, 0)) return VT_OK;
  VT_TRY(vt_axis(ctx, "the axis of a softmax", softmax_axis(call), x->rank, &axis));
  VT_TRY(vt_rule_fill(ctx, x, 0, &sums));
  int64_t length = x->dims[axis], inner = vt_span(x, axis + 1, x->rank), outer = vt_span(x, 0, axis);
  for (int64_t o = 0; o < outer; o++)
    for (int64_t i = 0; i < inner; i++) {
      double sum = 0;
      for (int64_t k = 0; k < length; k++)
        sum += vt_get_f64(r, (o * length + k) * inner + i);
      for (int64_t k = 0; k < length; k++) {
        int64_t at = (o * length + k) * inner + i;
        if (sums->type == VT_F32)
          ((float *)sums->data)[at] = (float)sum;
        else
          ((double *)sums->data)[at] = sum;
      }
    }
  return vt_rule_each(ctx, 4, (const vt_tensor *const[]){x, r, sums, call->outputs[0]}, softmax_share, NULL,
                      &gradient->input_gradients[0]);
}
