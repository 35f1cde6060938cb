/* SPDX-License-Identifier: Apache-2.0
 *
 * Normalisation over the last axes, from `axis` on: LayerNormalization, y = (x − mean) / √(variance +
 * epsilon) · scale + bias, and RMSNormalization, y = x / √(mean of x² + epsilon) · scale. Scale and bias
 * broadcast to x.
 */
#include "ops/layer_norm.h"

#include <math.h>

#include "ops/families.h"
#include "ops/plain.h"
#include "ops/rows.h"

vt_layer_rows vt_layer_rows_of(const vt_call *call)
{
  const vt_layer_norm_attributes *attributes = call->attributes;
  const vt_tensor *x = call->inputs[0];
  int axis = (int)(attributes->axis < 0 ? attributes->axis + x->rank : attributes->axis);
  return (vt_layer_rows){axis, vt_span(x, 0, axis), vt_span(x, axis, x->rank)};
}

/* ---- shape ---- */

static bool broadcasts_to(const vt_tensor *small, const vt_tensor *x)
{
  if (small->rank > x->rank) return false;
  for (int i = 1; i <= small->rank; i++)
    if (small->dims[small->rank - i] != 1 && small->dims[small->rank - i] != x->dims[x->rank - i])
      return false;
  return true;
}

static vt_status layer_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_layer_norm_attributes *attributes = call->attributes;
  const vt_tensor *x = call->inputs[0];
  char shape[160], other[160];
  int axis;
  VT_TRY(vt_axis(ctx, "axis", attributes->axis, x->rank, &axis));
  if (attributes->stash_type != VT_F32 && attributes->stash_type != VT_F64)
    return vt_call_fail(ctx, call, VT_ERROR_UNSUPPORTED,
                        "stash_type %lld; statistics are stored as f32 (1) or f64 (11)",
                        (long long)attributes->stash_type);
  if (vt_span(x, axis, x->rank) == 0)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "input 0 is %s: nothing to normalise over from axis %d on", vt_shape_text(x, shape),
                        axis);
  for (int i = 1; i < call->input_count; i++)
    if (call->inputs[i] && !broadcasts_to(call->inputs[i], x))
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "input %d is %s, which does not broadcast to %s",
                          i, vt_shape_text(call->inputs[i], shape), vt_shape_text(x, other));
  int64_t dims[VT_MAX_RANK];
  for (int i = 0; i < x->rank; i++)
    dims[i] = i < axis ? x->dims[i] : 1;
  for (int i = 1; i < call->op->max_outputs; i++)
    VT_TRY(vt_set_output(ctx, call, i, (vt_type)attributes->stash_type, x->rank, dims));
  return vt_set_output(ctx, call, 0, x->type, x->rank, x->dims);
}

/* ---- plain loops ---- */

/* Statistics of one row; RMS leaves the mean at 0. */
static void plain_statistics(const double *x, int64_t size, bool centred, double epsilon, double *mean,
                             double *inverse)
{
  double sum = 0, spread = 0;
  for (int64_t i = 0; i < size; i++)
    sum += x[i];
  *mean = centred ? sum / (double)size : 0;
  for (int64_t i = 0; i < size; i++)
    spread += (x[i] - *mean) * (x[i] - *mean);
  *inverse = 1 / sqrt(spread / (double)size + epsilon);
}

/* Element of a broadcast input that belongs to element `index` of x. */
static int64_t place_of(const vt_tensor *x, const int64_t strides[VT_MAX_RANK], int64_t index)
{
  int64_t place = 0;
  for (int axis = x->rank - 1; axis >= 0; axis--) {
    place += index % x->dims[axis] * strides[axis];
    index /= x->dims[axis];
  }
  return place;
}

static void write_statistic(const vt_call *call, int output, const double *values)
{
  if (vt_output(call, output)) vt_plain_write(call->outputs[output], values);
}

static vt_status normalise_plain(vt_ctx *ctx, const vt_call *call, bool centred)
{
  const vt_layer_norm_attributes *attributes = call->attributes;
  const vt_tensor *input = call->inputs[0], *scale = call->inputs[1], *bias = vt_input(call, 2);
  vt_layer_rows r = vt_layer_rows_of(call);
  int64_t scale_strides[VT_MAX_RANK], bias_strides[VT_MAX_RANK];
  vt_broadcast_strides(scale, input->rank, input->dims, scale_strides);
  if (bias) vt_broadcast_strides(bias, input->rank, input->dims, bias_strides);
  double *x = vt_plain_read(ctx, input);
  double *means = vt_plain_read_or(ctx, NULL, r.rows, 0), *inverses = vt_plain_read_or(ctx, NULL, r.rows, 0);
  bool ready = x && means && inverses;
  for (int64_t row = 0; ready && row < r.rows; row++) {
    double *values = x + row * r.size;
    plain_statistics(values, r.size, centred, attributes->epsilon, &means[row], &inverses[row]);
    for (int64_t i = 0; i < r.size; i++) {
      int64_t index = row * r.size + i;
      values[i] =
          (values[i] - means[row]) * inverses[row] * vt_get_f64(scale, place_of(input, scale_strides, index));
      if (bias) values[i] += vt_get_f64(bias, place_of(input, bias_strides, index));
    }
  }
  if (ready) {
    vt_plain_write(call->outputs[0], x);
    write_statistic(call, 1, means);
    write_statistic(call, 2, inverses);
  }
  vt_free(x);
  vt_free(means);
  vt_free(inverses);
  return ready ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

static vt_status layer_plain(vt_ctx *ctx, const vt_call *call)
{
  return normalise_plain(ctx, call, true);
}

static vt_status rms_plain(vt_ctx *ctx, const vt_call *call)
{
  return normalise_plain(ctx, call, false);
}

/* ---- fast loops ---- */

bool vt_layer_covers_row(const vt_tensor *small, const vt_tensor *x, int axis)
{
  int skipped = 0;
  while (skipped < small->rank && small->rank - skipped > x->rank - axis) {
    if (small->dims[skipped] != 1) return false;
    skipped++;
  }
  if (small->rank - skipped != x->rank - axis) return false;
  return memcmp(small->dims + skipped, x->dims + axis, sizeof x->dims[0] * (size_t)(x->rank - axis)) == 0;
}

static bool fast_can(const vt_call *call)
{
  for (int i = 0; i < call->input_count; i++)
    if (call->inputs[i] &&
        (call->inputs[i]->type != VT_F32 ||
         (i > 0 && !vt_layer_covers_row(call->inputs[i], call->inputs[0], vt_layer_rows_of(call).axis))))
      return false;
  return true;
}

typedef struct layer_work {
  vt_layer_rows r;
  bool centred;
  double epsilon;
  const float *x, *scale, *bias;
  float *y;
  double *means, *inverses;
} layer_work;

static void fast_rows(void *user, int64_t first, int64_t last)
{
  const layer_work *work = user;
  int64_t size = work->r.size;
  for (int64_t row = first; row < last; row++) {
    const float *x = work->x + row * size;
    double mean = work->centred ? vt_row_sum(x, size) / (double)size : 0;
    double inverse = 1 / sqrt(vt_row_spread(x, size, mean) / (double)size + work->epsilon);
    vt_row_scale(x, work->y + row * size, size, mean, (float)inverse, work->scale, work->bias);
    if (work->means) work->means[row] = mean;
    if (work->inverses) work->inverses[row] = inverse;
  }
}

static vt_status normalise_fast(vt_ctx *ctx, const vt_call *call, bool centred)
{
  const vt_layer_norm_attributes *attributes = call->attributes;
  const vt_tensor *bias = vt_input(call, 2);
  layer_work work = {.r = vt_layer_rows_of(call),
                     .centred = centred,
                     .epsilon = attributes->epsilon,
                     .x = call->inputs[0]->data,
                     .scale = call->inputs[1]->data,
                     .bias = bias ? bias->data : NULL,
                     .y = call->outputs[0]->data};
  bool ready = true;
  if (vt_output(call, 1)) ready = (work.means = vt_plain_read_or(ctx, NULL, work.r.rows, 0)) != NULL;
  if (vt_output(call, 2))
    ready = ready && (work.inverses = vt_plain_read_or(ctx, NULL, work.r.rows, 0)) != NULL;
  if (ready) {
    vt_parallel(ctx, work.r.rows, 1 + 16384 / work.r.size, fast_rows, &work);
    write_statistic(call, 1, work.means);
    write_statistic(call, 2, work.inverses);
  }
  vt_free(work.means);
  vt_free(work.inverses);
  return ready ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

static vt_status layer_fast(vt_ctx *ctx, const vt_call *call)
{
  return normalise_fast(ctx, call, true);
}

static vt_status rms_fast(vt_ctx *ctx, const vt_call *call)
{
  return normalise_fast(ctx, call, false);
}

/* ---- rows ---- */

static const vt_field layer_fields[] = {
    {.name = "axis",
     .kind = VT_FIELD_INT,
     .offset = offsetof(vt_layer_norm_attributes, axis),
     .fallback = "-1",
     .help = "first of the axes normalised over"},
    {.name = "epsilon",
     .kind = VT_FIELD_REAL,
     .offset = offsetof(vt_layer_norm_attributes, epsilon),
     .fallback = "1e-5",
     .help = "added to the variance"},
    {.name = "stash_type",
     .kind = VT_FIELD_INT,
     .offset = offsetof(vt_layer_norm_attributes, stash_type),
     .fallback = "1",
     .help = "element type of Mean and InvStdDev; they are computed in f64"},
};

static const vt_op layer_norm_ops[] = {
    {.name = "LayerNormalization",
     .since = 17,
     VT_INPUTS(2, 3),
     VT_OUTPUTS(1, 3),
     VT_SETTINGS(vt_layer_norm_attributes, layer_fields),
     .types = {VT_FLOATS | VT_HALVES},
     .same_types = true,
     .shape = layer_shape,
     .implementations = {VT_BY_F32, {"simd", fast_can, layer_fast}, {"plain", NULL, layer_plain}},
     .backward = vt_layer_norm_backward,
     .saves = VT_SAVES_INPUT(0) | VT_SAVES_INPUT(1)},
    {.name = "RMSNormalization",
     .since = 23,
     .last = 23,
     VT_INPUTS(2, 2),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(vt_layer_norm_attributes, layer_fields),
     .types = {VT_FLOATS | VT_HALVES},
     .same_types = true,
     .shape = layer_shape,
     .implementations = {VT_BY_F32, {"simd", fast_can, rms_fast}, {"plain", NULL, rms_plain}},
     .backward = vt_rms_norm_backward,
     .saves = VT_SAVES_INPUT(0) | VT_SAVES_INPUT(1)},
};

const vt_op_family vt_ops_layer_norm = {layer_norm_ops, VT_COUNT(layer_norm_ops)};
