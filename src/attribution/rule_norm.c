/* SPDX-License-Identifier: Apache-2.0
 *
 * Relevance through normalisation: y = (x − mean) / σ · scale + bias over rows of numbers that lie together,
 * with 1/σ held fixed.
 */
#include <math.h>

#include "attribution/rule_relevance.h"
#include "attribution/rule_values.h"

typedef struct rows {
  int64_t length;         /* numbers normalised together */
  int64_t period, repeat; /* element i has scale number i / repeat % period */
  double epsilon;
  bool centred;
} rows;

static const vt_field *find(const vt_op *op, const char *name)
{
  for (size_t i = 0; i < op->field_count; i++)
    if (strcmp(op->fields[i].name, name) == 0) return &op->fields[i];
  return NULL;
}

static int64_t integer(const vt_call *call, const char *name, int64_t fallback)
{
  const vt_field *field = find(call->op, name);
  return field && call->attributes ? *(const int64_t *)((const char *)call->attributes + field->offset)
                                   : fallback;
}

static double real(const vt_call *call, const char *name, double fallback)
{
  const vt_field *field = find(call->op, name);
  return field && call->attributes ? *(const double *)((const char *)call->attributes + field->offset)
                                   : fallback;
}

static vt_status find_rows(vt_ctx *ctx, const vt_call *call, rows *out)
{
  const vt_tensor *x = call->inputs[0];
  const char *name = call->op->name;
  int axis;
  *out = (rows){.epsilon = real(call, "epsilon", 1e-5), .centred = true, .repeat = 1};
  if (strcmp(name, "LayerNormalization") == 0 || strcmp(name, "RMSNormalization") == 0) {
    VT_TRY(vt_axis(ctx, "the axis of a normalisation", integer(call, "axis", -1), x->rank, &axis));
    out->length = out->period = vt_span(x, axis, x->rank);
    out->centred = name[0] == 'L';
    return VT_OK;
  }
  int64_t channels = x->rank > 1 ? x->dims[1] : 1, groups = integer(call, "num_groups", channels);
  out->repeat = vt_span(x, 2, x->rank);
  out->period = channels;
  out->length = groups > 0 ? channels / groups * out->repeat : 0;
  return VT_OK;
}

typedef struct row_values {
  double *x, *part; /* [length]: inputs, R / (y ± ε) · scale / σ */
} row_values;

static void one_row(const vt_gradient *gradient, const rows *r, double epsilon, int64_t first,
                    const row_values *work, vt_tensor *out)
{
  const vt_call *call = gradient->call;
  const vt_tensor *scale = vt_input(call, 1);
  double mean = 0, spread = 0, sum = 0;
  for (int64_t i = 0; i < r->length; i++) {
    work->x[i] = vt_get_f64(call->inputs[0], first + i);
    mean += work->x[i] / (double)r->length;
  }
  if (!r->centred) mean = 0;
  for (int64_t i = 0; i < r->length; i++)
    spread += (work->x[i] - mean) * (work->x[i] - mean) / (double)r->length;
  double inverse = 1 / sqrt(spread + r->epsilon);
  for (int64_t i = 0; i < r->length; i++) {
    int64_t number = (first + i) / r->repeat % r->period;
    double factor = scale ? vt_get_f64(scale, vt_count(scale) == 1 ? 0 : number) : 1;
    work->part[i] = factor * inverse *
                    vt_rule_divide(vt_get_f64(gradient->output_gradients[0], first + i),
                                   vt_get_f64(call->outputs[0], first + i), epsilon);
    sum += work->part[i];
  }
  if (!r->centred) sum = 0;
  for (int64_t i = 0; i < r->length; i++) {
    double relevance = work->x[i] * (work->part[i] - sum / (double)r->length);
    if (out->type == VT_F32)
      ((float *)out->data)[first + i] = (float)relevance;
    else
      ((double *)out->data)[first + i] = relevance;
  }
}

vt_status vt_norm_relevance(vt_ctx *ctx, const vt_gradient *gradient, const void *settings)
{
  const vt_relevance *own = settings;
  rows r;
  if (!vt_gradient_wanted(gradient, 0) || !gradient->output_gradients[0]) return VT_OK;
  VT_TRY(find_rows(ctx, gradient->call, &r));
  vt_tensor *out = vt_gradient_zero(ctx, gradient, 0);
  if (!out) return VT_ERROR_OUT_OF_MEMORY;
  if (r.length < 1) return VT_OK;
  const row_values work = {.x = vt_alloc_zero(ctx, (size_t)r.length, sizeof(double)),
                           .part = vt_alloc_zero(ctx, (size_t)r.length, sizeof(double))};
  vt_status status = work.x && work.part ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (int64_t first = 0; first < vt_count(out) && status == VT_OK; first += r.length)
    one_row(gradient, &r, own->epsilon, first, &work, out);
  vt_free(work.x);
  vt_free(work.part);
  return status;
}
