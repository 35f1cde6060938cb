/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients averaged over a line.
 */
#include "attribution/rule_path.h"

#include <math.h>

#include "attribution/rule_values.h"

/* Gauss–Legendre with 8 points on [−1, 1]: places and weights, each for both signs. */
static const double places[4] = {0.1834346424956498, 0.5255324099163290, 0.7966664774136267,
                                 0.9602898564975363};
static const double weights[4] = {0.3626837833783620, 0.3137066458778873, 0.2223810344533745,
                                  0.1012285362903763};

static double between(const double *values, const void *settings)
{
  double t = *(const double *)settings;
  return values[0] + t * (values[1] - values[0]);
}

typedef struct line {
  const vt_gradient *gradient;
  double *sums[VT_RULE_SLOTS]; /* of the wanted inputs */
} line;

static void add(double *sums, const vt_tensor *tensor, double factor)
{
  for (int64_t i = 0, count = vt_count(tensor); i < count; i++)
    sums[i] += factor * vt_get_f64(tensor, i);
}

/* Adds the gradient at place `t` of the line. */
static vt_status add_point(vt_ctx *ctx, line *l, double t, double weight)
{
  const vt_gradient *gradient = l->gradient;
  const vt_call *call = gradient->call;
  vt_tensor *inputs[VT_RULE_SLOTS], *outputs[VT_RULE_SLOTS], *found[VT_RULE_SLOTS];
  for (int k = 0; k < call->input_count; k++) {
    inputs[k] = call->inputs[k];
    if (gradient->wanted[k])
      VT_TRY(vt_rule_each(ctx, 2, (const vt_tensor *const[]){gradient->reference->inputs[k], inputs[k]},
                          between, &t, &inputs[k]));
  }
  VT_TRY(vt_rule_forward(ctx, call, inputs, outputs));
  VT_TRY(vt_rule_backward(ctx, gradient, inputs, outputs, gradient->output_gradients, found));
  for (int k = 0; k < call->input_count; k++)
    if (gradient->wanted[k] && found[k]) add(l->sums[k], found[k], weight);
  return VT_OK;
}

static vt_status add_line(vt_ctx *ctx, line *l, int parts)
{
  for (int part = 0; part < parts; part++)
    for (int i = 0; i < 8; i++) {
      double side = i < 4 ? -places[i] : places[i - 4];
      size_t mark = vt_tensor_mark(ctx);
      vt_status status = add_point(ctx, l, (part + 0.5 + side / 2) / parts, weights[i % 4] / 2 / parts);
      vt_tensor_release(ctx, mark);
      VT_TRY(status);
    }
  return VT_OK;
}

/* Σ g · (y − y₀), and Σ |g · (y − y₀)|. */
static void aim(const vt_gradient *gradient, double *sum, double *size)
{
  *sum = *size = 0;
  for (int k = 0; k < gradient->call->output_count; k++) {
    const vt_tensor *g = gradient->output_gradients[k];
    if (!g) continue;
    const vt_tensor *y = gradient->call->outputs[k], *y0 = gradient->reference->outputs[k];
    for (int64_t i = 0, count = vt_count(g); i < count; i++) {
      double term = vt_get_f64(g, i) * (vt_get_f64(y, i) - vt_get_f64(y0, i));
      *sum += term;
      *size += fabs(term);
    }
  }
}

static double reached(const line *l)
{
  double sum = 0;
  for (int k = 0; k < l->gradient->call->input_count; k++) {
    if (!l->gradient->wanted[k]) continue;
    const vt_tensor *x = l->gradient->call->inputs[k], *x0 = l->gradient->reference->inputs[k];
    for (int64_t i = 0, count = vt_count(x); i < count; i++)
      sum += l->sums[k][i] * (vt_get_f64(x, i) - vt_get_f64(x0, i));
  }
  return sum;
}

static vt_status integrate(vt_ctx *ctx, line *l)
{
  enum { MOST_PARTS = 16 };
  const vt_gradient *gradient = l->gradient;
  double wanted, size, tolerance = 0;
  aim(gradient, &wanted, &size);
  for (int parts = 2; parts <= MOST_PARTS; parts *= 2) {
    for (int k = 0; k < gradient->call->input_count; k++) {
      if (!gradient->wanted[k]) continue;
      const vt_tensor *x = gradient->call->inputs[k];
      memset(l->sums[k], 0, sizeof(double) * (size_t)vt_count(x));
      tolerance = x->type == VT_F64 ? 1e-12 : 1e-6;
    }
    VT_TRY(add_line(ctx, l, parts));
    if (fabs(reached(l) - wanted) <= tolerance * size) break;
  }
  return VT_OK;
}

vt_status vt_path_backward(vt_ctx *ctx, const vt_gradient *gradient, const void *settings)
{
  (void)settings;
  line l = {.gradient = gradient};
  const vt_call *call = gradient->call;
  VT_TRY(vt_rule_check(ctx, call));
  vt_status status = VT_OK;
  for (int k = 0; k < call->input_count && status == VT_OK; k++) {
    if (!gradient->wanted[k]) continue;
    l.sums[k] = vt_alloc_zero(ctx, (size_t)vt_count(call->inputs[k]) + 1, sizeof(double));
    if (!l.sums[k]) status = VT_ERROR_OUT_OF_MEMORY;
  }
  if (status == VT_OK) status = integrate(ctx, &l);
  for (int k = 0; k < call->input_count; k++) {
    vt_tensor *made = l.sums[k] && status == VT_OK ? vt_gradient_new(ctx, gradient, k) : NULL;
    if (l.sums[k] && status == VT_OK && !made) status = VT_ERROR_OUT_OF_MEMORY;
    for (int64_t i = 0, count = made ? vt_count(made) : 0; i < count; i++)
      if (made->type == VT_F32)
        ((float *)made->data)[i] = (float)l.sums[k][i];
      else
        ((double *)made->data)[i] = l.sums[k][i];
    vt_free(l.sums[k]);
  }
  return status;
}
