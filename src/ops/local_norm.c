/* SPDX-License-Identifier: Apache-2.0
 *
 * Normalisation without learnt scale: LRN over neighbouring channels, LpNormalization along one axis,
 * MeanVarianceNormalization over chosen axes.
 */
#include "ops/local_norm.h"

#include <math.h>

#include "ops/families.h"
#include "ops/plain.h"

/* ---- LRN: y = x / (bias + alpha / size · Σ x²)^beta, the sum over `size` channels around x's ---- */

static vt_status lrn_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *x = call->inputs[0];
  char shape[160];
  if (x->rank < 2)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "input 0 is %s; [batch, channels, …] is needed",
                        vt_shape_text(x, shape));
  return vt_shape_same(ctx, call);
}

typedef struct lrn_work {
  const vt_lrn_attributes *attributes;
  int64_t channels, size;
  const double *x;
  double *y;
  const float *fast_x;
  float *fast_y;
} lrn_work;

/* Channels [*low, *high) that the sum of `channel` runs over; of an even size one
 * more lies behind than before. */
static void neighbours(const lrn_work *work, int64_t channel, int64_t *low, int64_t *high)
{
  int64_t before = (work->attributes->size - 1) / 2, behind = work->attributes->size - 1 - before;
  *low = channel > before ? channel - before : 0;
  *high = behind < work->channels - channel ? channel + behind + 1 : work->channels;
}

/* Planes [first, last), counted over batch and channels. */
static void lrn_planes(void *user, int64_t first, int64_t last)
{
  const lrn_work *work = user;
  const vt_lrn_attributes *a = work->attributes;
  for (int64_t plane = first; plane < last; plane++) {
    int64_t low, high, channel = plane % work->channels;
    neighbours(work, channel, &low, &high);
    for (int64_t i = 0; i < work->size; i++) {
      double sum = 0;
      for (int64_t c = low; c < high; c++) {
        double value = work->x[(plane - channel + c) * work->size + i];
        sum += value * value;
      }
      int64_t at = plane * work->size + i;
      work->y[at] = work->x[at] * pow(a->bias + a->alpha / (double)a->size * sum, -a->beta);
    }
  }
}

enum { STRIP = 256 }; /* elements of a plane whose sums are held at once */

VT_CLONES static void add_squares(const float *x, int64_t count, float *sums)
{
#pragma omp simd
  for (int64_t i = 0; i < count; i++)
    sums[i] += x[i] * x[i];
}

/* y = x · base^(−3/4) by two square roots; the exponent of the networks that use LRN. */
VT_CLONES static void scale_by_three_quarters(const float *x, const float *base, int64_t count, float *y)
{
#pragma omp simd
  for (int64_t i = 0; i < count; i++) {
    float root = sqrtf(base[i]);
    y[i] = x[i] / (root * sqrtf(root));
  }
}

static void lrn_strip(const lrn_work *work, int64_t plane, int64_t from, int64_t count)
{
  const vt_lrn_attributes *a = work->attributes;
  int64_t low, high, channel = plane % work->channels, at = plane * work->size + from;
  float base[STRIP] = {0}, factor = (float)(a->alpha / (double)a->size);
  neighbours(work, channel, &low, &high);
  for (int64_t c = low; c < high; c++)
    add_squares(work->fast_x + (plane - channel + c) * work->size + from, count, base);
  for (int64_t i = 0; i < count; i++)
    base[i] = (float)a->bias + factor * base[i];
  if (a->beta == 0.75) {
    scale_by_three_quarters(work->fast_x + at, base, count, work->fast_y + at);
    return;
  }
  for (int64_t i = 0; i < count; i++)
    work->fast_y[at + i] = work->fast_x[at + i] * powf(base[i], (float)-a->beta);
}

static void lrn_planes_fast(void *user, int64_t first, int64_t last)
{
  const lrn_work *work = user;
  for (int64_t plane = first; plane < last; plane++)
    for (int64_t from = 0; from < work->size; from += STRIP)
      lrn_strip(work, plane, from, work->size - from < STRIP ? work->size - from : STRIP);
}

static vt_status lrn_plain(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *input = call->inputs[0];
  double *x = vt_plain_read(ctx, input), *y = vt_plain_read_or(ctx, NULL, vt_count(input), 0);
  bool ready = x && y;
  if (ready) {
    lrn_work work = {.attributes = call->attributes,
                     .channels = input->dims[1],
                     .size = vt_span(input, 2, input->rank),
                     .x = x,
                     .y = y};
    vt_parallel(ctx, vt_span(input, 0, 2), 1, lrn_planes, &work);
    vt_plain_write(call->outputs[0], y);
  }
  vt_free(x);
  vt_free(y);
  return ready ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

static bool is_f32(const vt_call *call)
{
  return call->inputs[0]->type == VT_F32;
}

static vt_status lrn_fast(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *x = call->inputs[0];
  lrn_work work = {.attributes = call->attributes,
                   .channels = x->dims[1],
                   .size = vt_span(x, 2, x->rank),
                   .fast_x = x->data,
                   .fast_y = call->outputs[0]->data};
  vt_parallel(ctx, vt_span(x, 0, 2), 1 + 4096 / (work.size + 1), lrn_planes_fast, &work);
  return VT_OK;
}

/* ---- LpNormalization: y = x / ‖x‖ₚ along one axis; a vector of zeros stays ---- */

static vt_status lp_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_lp_attributes *attributes = call->attributes;
  int axis;
  VT_TRY(vt_axis(ctx, "axis", attributes->axis, call->inputs[0]->rank, &axis));
  return vt_shape_same(ctx, call);
}

static vt_status lp_plain(vt_ctx *ctx, const vt_call *call)
{
  const vt_lp_attributes *attributes = call->attributes;
  const vt_tensor *input = call->inputs[0];
  int axis = (int)(attributes->axis < 0 ? attributes->axis + input->rank : attributes->axis);
  int64_t outer = vt_span(input, 0, axis), size = input->dims[axis],
          inner = vt_span(input, axis + 1, input->rank);
  double *x = vt_plain_read(ctx, input);
  if (!x) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t o = 0; o < outer; o++)
    for (int64_t i = 0; i < inner; i++) {
      double *values = x + o * size * inner + i, norm = 0;
      for (int64_t k = 0; k < size; k++)
        norm += attributes->p == 1 ? fabs(values[k * inner]) : values[k * inner] * values[k * inner];
      if (attributes->p == 2) norm = sqrt(norm);
      for (int64_t k = 0; k < size && norm != 0; k++)
        values[k * inner] /= norm;
    }
  vt_plain_write(call->outputs[0], x);
  vt_free(x);
  return VT_OK;
}

/* ---- MeanVarianceNormalization: y = (x − mean) / (√variance + 1e-9) over `axes` ---- */

vt_status vt_mvn_groups(vt_ctx *ctx, const vt_call *call, int64_t steps[VT_MAX_RANK], int64_t *groups)
{
  const vt_mvn_attributes *attributes = call->attributes;
  const vt_tensor *x = call->inputs[0];
  bool summed[VT_MAX_RANK] = {false};
  for (size_t i = 0; i < attributes->axes.count; i++) {
    int axis;
    VT_TRY(vt_axis(ctx, "axes", attributes->axes.data[i], x->rank, &axis));
    summed[axis] = true;
  }
  *groups = 1;
  for (int axis = x->rank - 1; axis >= 0; axis--) {
    steps[axis] = summed[axis] ? 0 : *groups;
    if (!summed[axis]) *groups *= x->dims[axis];
  }
  return VT_OK;
}

static vt_status mvn_shape(vt_ctx *ctx, const vt_call *call)
{
  int64_t steps[VT_MAX_RANK], groups;
  VT_TRY(vt_mvn_groups(ctx, call, steps, &groups));
  return vt_shape_same(ctx, call);
}

int64_t vt_mvn_group_of(const vt_tensor *x, const int64_t steps[VT_MAX_RANK], int64_t index)
{
  int64_t group = 0;
  for (int axis = x->rank - 1; axis >= 0; axis--) {
    group += index % x->dims[axis] * steps[axis];
    index /= x->dims[axis];
  }
  return group;
}

static vt_status mvn_plain(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *input = call->inputs[0];
  int64_t steps[VT_MAX_RANK], groups, count = vt_count(input);
  VT_TRY(vt_mvn_groups(ctx, call, steps, &groups));
  if (count == 0) return VT_OK;
  double *x = vt_plain_read(ctx, input), members = (double)count / (double)groups;
  double *mean = vt_plain_read_or(ctx, NULL, groups, 0), *spread = vt_plain_read_or(ctx, NULL, groups, 0);
  bool ready = x && mean && spread;
  for (int64_t i = 0; ready && i < count; i++)
    mean[vt_mvn_group_of(input, steps, i)] += x[i] / members;
  for (int64_t i = 0; ready && i < count; i++) {
    int64_t group = vt_mvn_group_of(input, steps, i);
    x[i] -= mean[group];
    spread[group] += x[i] * x[i];
  }
  for (int64_t i = 0; ready && i < count; i++)
    x[i] /= sqrt(spread[vt_mvn_group_of(input, steps, i)] / members) + 1e-9;
  if (ready) vt_plain_write(call->outputs[0], x);
  vt_free(x);
  vt_free(mean);
  vt_free(spread);
  return ready ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

/* ---- rows ---- */

static const vt_field lrn_fields[] = {
    {.name = "alpha",
     .kind = VT_FIELD_REAL,
     .offset = offsetof(vt_lrn_attributes, alpha),
     .fallback = "0.0001",
     .help = "weight of the mean square"},
    {.name = "beta",
     .kind = VT_FIELD_REAL,
     .offset = offsetof(vt_lrn_attributes, beta),
     .fallback = "0.75",
     .help = "exponent"},
    {.name = "bias",
     .kind = VT_FIELD_REAL,
     .offset = offsetof(vt_lrn_attributes, bias),
     .fallback = "1",
     .help = "added to it"},
    {.name = "size",
     .kind = VT_FIELD_INT,
     .offset = offsetof(vt_lrn_attributes, size),
     .required = true,
     VT_RANGE(1, 0x7fffffff),
     .help = "channels summed over"},
};
static const vt_field lp_fields[] = {
    {.name = "axis",
     .kind = VT_FIELD_INT,
     .offset = offsetof(vt_lp_attributes, axis),
     .fallback = "-1",
     .help = "axis of the vectors"},
    {.name = "p",
     .kind = VT_FIELD_INT,
     .offset = offsetof(vt_lp_attributes, p),
     .fallback = "2",
     VT_RANGE(1, 2),
     .help = "order of the norm"},
};
static const vt_field mvn_fields[] = {
    {.name = "axes",
     .kind = VT_FIELD_INTS,
     .offset = offsetof(vt_mvn_attributes, axes),
     .fallback = "0,2,3",
     .help = "axes with common statistics"},
};

static const vt_op local_norm_ops[] = {
    {.name = "LRN",
     .since = 1,
     VT_INPUTS(1, 1),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(vt_lrn_attributes, lrn_fields),
     .types = {VT_FLOATS | VT_HALVES},
     .shape = lrn_shape,
     .implementations = {VT_BY_F32, {"simd", is_f32, lrn_fast}, {"plain", NULL, lrn_plain}},
     .backward = vt_lrn_backward,
     .saves = VT_SAVES_INPUT(0)},
    {.name = "LpNormalization",
     .since = 1,
     VT_INPUTS(1, 1),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(vt_lp_attributes, lp_fields),
     .types = {VT_FLOATS | VT_HALVES},
     .shape = lp_shape,
     .implementations = {VT_BY_F32, {"plain", NULL, lp_plain}},
     .backward = vt_lp_norm_backward,
     .saves = VT_SAVES_INPUT(0)},
    {.name = "MeanVarianceNormalization",
     .since = 9,
     VT_INPUTS(1, 1),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(vt_mvn_attributes, mvn_fields),
     .types = {VT_FLOATS | VT_HALVES},
     .shape = mvn_shape,
     .implementations = {VT_BY_F32, {"plain", NULL, mvn_plain}},
     .backward = vt_mvn_backward,
     .saves = VT_SAVES_INPUT(0)},
};

const vt_op_family vt_ops_local_norm = {local_norm_ops, VT_COUNT(local_norm_ops)};
