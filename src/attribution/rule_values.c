/* SPDX-License-Identifier: Apache-2.0
 *
 * Arithmetic on tensors, and operators run again.
 */
#include "attribution/rule_values.h"

#include <math.h>

vt_status vt_rule_each(vt_ctx *ctx, int count, const vt_tensor *const *tensors, vt_each_fn each,
                       const void *settings, vt_tensor **out)
{
  double values[4];
  const vt_tensor *first = tensors[0];
  *out = vt_tensor_new(ctx, first->type, first->rank, first->dims);
  if (!*out) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t i = 0, total = vt_count(first); i < total; i++) {
    if (first->type == VT_F32) {
      for (int k = 0; k < count; k++)
        values[k] = (double)((const float *)tensors[k]->data)[i];
      ((float *)(*out)->data)[i] = (float)each(values, settings);
    } else {
      for (int k = 0; k < count; k++)
        values[k] = ((const double *)tensors[k]->data)[i];
      ((double *)(*out)->data)[i] = each(values, settings);
    }
  }
  return VT_OK;
}

vt_status vt_rule_multiply(vt_ctx *ctx, vt_tensor *a, vt_tensor *b, vt_tensor **out)
{
  *out = NULL;
  return vt_compute(ctx, "Mul", NULL, 2, (vt_tensor *[]){a, b}, out);
}

vt_status vt_rule_add(vt_ctx *ctx, vt_tensor *a, vt_tensor *b, vt_tensor **out)
{
  *out = NULL;
  return vt_compute(ctx, "Add", NULL, 2, (vt_tensor *[]){a, b}, out);
}

vt_status vt_rule_cast(vt_ctx *ctx, vt_tensor *tensor, const vt_tensor *like, vt_tensor **out)
{
  *out = tensor;
  if (tensor->type == like->type) return VT_OK;
  vt_tensor *scalar = vt_tensor_new(ctx, like->type, 0, NULL);
  if (!scalar) return VT_ERROR_OUT_OF_MEMORY;
  *out = NULL;
  return vt_compute(ctx, "CastLike", NULL, 2, (vt_tensor *[]){tensor, scalar}, out);
}

static double same_number(const double *values, const void *settings)
{
  (void)values;
  return *(const double *)settings;
}

vt_status vt_rule_fill(vt_ctx *ctx, const vt_tensor *like, double value, vt_tensor **out)
{
  return vt_rule_each(ctx, 0, &like, same_number, &value, out);
}

double vt_rule_dot(const vt_tensor *a, const vt_tensor *b)
{
  double sum = 0;
  for (int64_t i = 0, count = vt_count(a); i < count; i++)
    sum += vt_get_f64(a, i) * vt_get_f64(b, i);
  return sum;
}

double vt_rule_divide(double a, double b, double epsilon)
{
  double divisor = b < 0 ? b - epsilon : b + epsilon;
  return divisor == 0 ? 0 : a / divisor;
}

/* ---- operators run again ---- */

vt_status vt_rule_check(vt_ctx *ctx, const vt_call *call)
{
  if (call->input_count <= VT_RULE_SLOTS && call->output_count <= VT_RULE_SLOTS && call->op->backward)
    return VT_OK;
  if (!call->op->backward)
    return vt_call_fail(ctx, call, VT_ERROR_UNSUPPORTED, "has no gradient, and no rule stands in for it");
  return vt_call_fail(ctx, call, VT_ERROR_UNSUPPORTED, "has %d inputs, more than the %d a rule can take",
                      call->input_count, VT_RULE_SLOTS);
}

vt_status vt_rule_forward(vt_ctx *ctx, const vt_call *call, vt_tensor *const *inputs, vt_tensor **outputs)
{
  for (int k = 0; k < call->output_count; k++) {
    outputs[k] = NULL;
    if (call->outputs[k] && !(outputs[k] = vt_tensor_empty(ctx))) return VT_ERROR_OUT_OF_MEMORY;
  }
  return vt_apply(ctx, call->op, call->attributes, call->node, call->input_count, inputs, call->output_count,
                  outputs);
}

vt_status vt_rule_backward(vt_ctx *ctx, const vt_gradient *gradient, vt_tensor *const *inputs,
                           vt_tensor **outputs, vt_tensor *const *output_gradients, vt_tensor **found)
{
  vt_call call = *gradient->call;
  call.inputs = inputs;
  call.outputs = outputs;
  vt_gradient again = {.call = &call,
                       .output_gradients = output_gradients,
                       .wanted = gradient->wanted,
                       .input_gradients = found};
  for (int k = 0; k < call.input_count; k++)
    found[k] = NULL;
  return call.op->backward(ctx, &again);
}

/* ---- which operator ---- */

bool vt_rule_named(const vt_op *op, const char *const *names)
{
  if (op->domain && op->domain[0]) return false;
  for (; *names; names++)
    if (strcmp(op->name, *names) == 0) return true;
  return false;
}

bool vt_rule_depends(const vt_call *call, int index)
{
  return index < call->input_count && call->inputs[index] && call->inputs[index]->tape != 0;
}
