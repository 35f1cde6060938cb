/* SPDX-License-Identifier: Apache-2.0
 *
 * GlobalAveragePool, GlobalMaxPool, GlobalLpPool: one number for each channel of each item.
 */
#include <math.h>

#include "ops/columns.h"
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/plain.h"
#include "ops/rows.h"

typedef struct global_lp_attributes {
  int64_t p;
} global_lp_attributes;

static vt_status global_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *x = call->inputs[0];
  char shape[160];
  if (x->rank < 2 || vt_span(x, 2, x->rank) == 0)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "input 0 is %s; [batch, channels, sizes of 1 or more] is needed",
                        vt_shape_text(x, shape));
  int64_t dims[VT_MAX_RANK] = {x->dims[0], x->dims[1]};
  for (int axis = 2; axis < x->rank; axis++)
    dims[axis] = 1;
  return vt_set_output(ctx, call, 0, x->type, x->rank, dims);
}

/* ---- plain loops ---- */

typedef double (*plane_fn)(const double *x, int64_t count, double p);

static double plane_average(const double *x, int64_t count, double p)
{
  double sum = 0;
  VT_UNUSED(p);
  for (int64_t i = 0; i < count; i++)
    sum += x[i];
  return sum / (double)count;
}

static double plane_max(const double *x, int64_t count, double p)
{
  double best = x[0];
  VT_UNUSED(p);
  for (int64_t i = 1; i < count; i++)
    if (x[i] > best || (isnan(x[i]) && !isnan(best))) best = x[i];
  return best;
}

static double plane_norm(const double *x, int64_t count, double p)
{
  double sum = 0;
  for (int64_t i = 0; i < count; i++)
    sum += pow(fabs(x[i]), p);
  return pow(sum, 1 / p);
}

static vt_status global_plain(vt_ctx *ctx, const vt_call *call, plane_fn of_plane, double p)
{
  const vt_tensor *input = call->inputs[0];
  int64_t planes = vt_span(input, 0, 2), size = vt_span(input, 2, input->rank);
  double *x = vt_plain_read(ctx, input), *y = vt_plain_read_or(ctx, NULL, planes, 0);
  bool ready = x && y;
  if (ready) {
    for (int64_t plane = 0; plane < planes; plane++)
      y[plane] = of_plane(x + plane * size, size, p);
    vt_plain_write(call->outputs[0], y);
  }
  vt_free(x);
  vt_free(y);
  return ready ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

static vt_status global_average_plain(vt_ctx *ctx, const vt_call *call)
{
  return global_plain(ctx, call, plane_average, 0);
}

static vt_status global_max_plain(vt_ctx *ctx, const vt_call *call)
{
  return global_plain(ctx, call, plane_max, 0);
}

static vt_status global_lp_plain(vt_ctx *ctx, const vt_call *call)
{
  const global_lp_attributes *attributes = call->attributes;
  return global_plain(ctx, call, plane_norm, (double)attributes->p);
}

/* ---- fast loops ---- */

enum { LANES = 16 };

typedef struct global_work {
  const float *x;
  float *y;
  int64_t size;
} global_work;

static void average_planes(void *user, int64_t first, int64_t last)
{
  const global_work *work = user;
  for (int64_t plane = first; plane < last; plane++)
    work->y[plane] = (float)(vt_row_sum(work->x + plane * work->size, work->size) / (double)work->size);
}

VT_CLONES static void max_planes(void *user, int64_t first, int64_t last)
{
  const global_work *work = user;
  for (int64_t plane = first; plane < last; plane++) {
    const float *x = work->x + plane * work->size;
    float lanes[LANES], best = x[0];
    int64_t i = 0;
    for (int lane = 0; lane < LANES; lane++)
      lanes[lane] = best;
    for (; i + LANES <= work->size; i += LANES) {
#pragma omp simd
      for (int lane = 0; lane < LANES; lane++) {
        float value = x[i + lane];
        lanes[lane] = value > lanes[lane] || value != value ? value : lanes[lane];
      }
    }
    for (int lane = 0; i < work->size; i++, lane++)
      if (x[i] > lanes[lane] || x[i] != x[i]) lanes[lane] = x[i];
    for (int lane = 0; lane < LANES; lane++)
      if (lanes[lane] > best || lanes[lane] != lanes[lane]) best = lanes[lane];
    work->y[plane] = best;
  }
}

static bool is_f32(const vt_call *call)
{
  return call->inputs[0]->type == VT_F32;
}

static vt_status global_fast(vt_ctx *ctx, const vt_call *call, vt_range_fn planes_of)
{
  const vt_tensor *x = call->inputs[0];
  global_work work = {x->data, call->outputs[0]->data, vt_span(x, 2, x->rank)};
  vt_parallel(ctx, vt_span(x, 0, 2), 1 + 32768 / work.size, planes_of, &work);
  return VT_OK;
}

static vt_status global_average_fast(vt_ctx *ctx, const vt_call *call)
{
  return global_fast(ctx, call, average_planes);
}

static vt_status global_max_fast(vt_ctx *ctx, const vt_call *call)
{
  return global_fast(ctx, call, max_planes);
}

/* ---- channels-last ---- */

static vt_status global_average_last(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *x = call->inputs[0];
  float *y = call->outputs[0]->data;
  int64_t size = vt_span(x, 2, x->rank), count = vt_span(x, 0, 2);
  vt_sums sums = {VT_F32, x->data, y, {x->dims[0], x->dims[1]}, {size, 1}};
  VT_TRY(vt_sum_axes(ctx, &sums));
  for (int64_t i = 0; i < count; i++)
    y[i] = (float)((double)y[i] / (double)size);
  return VT_OK;
}

typedef struct share_work {
  const float *from;
  float *to;
  int64_t size, channels;
} share_work;

/* Places [first, last), counted over the batch, of what each channel gets. */
static void share_places(void *user, int64_t first, int64_t last)
{
  const share_work *work = user;
  int64_t channels = work->channels;
  float share = (float)(1 / (double)work->size);
  for (int64_t place = first; place < last; place++) {
    const float *from = work->from + place / work->size * channels;
    float *to = work->to + place * channels;
#pragma omp simd
    for (int64_t c = 0; c < channels; c++)
      to[c] = from[c] * share;
  }
}

static vt_status share_last(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_tensor *x = gradient->call->inputs[0], *from = vt_gradient_output(gradient, 0);
  if (!from || !gradient->wanted[0]) return VT_OK;
  vt_tensor *to = vt_gradient_new(ctx, gradient, 0);
  if (!to) return VT_ERROR_OUT_OF_MEMORY;
  share_work work = {from->data, to->data, vt_span(x, 2, x->rank), x->dims[1]};
  vt_parallel(ctx, x->dims[0] * work.size, 1 + 16384 / (work.channels + 1), share_places, &work);
  return VT_OK;
}

/* ---- backward ---- */

/* What one plane of X gets from the gradient of its number: every element the same share, the first of the
 * largest all of it (NaN is larger than any), or sign(x) · (|x| / y)^(p − 1) of it. */
#define PLANE_GRADIENTS(type, suffix)                                                                        \
  static void share_##suffix(const void *x, int64_t size, double y, double p, double from, void *to)         \
  {                                                                                                          \
    type *out = to, share = (type)(from / (double)size);                                                     \
    VT_UNUSED(x);                                                                                            \
    VT_UNUSED(y);                                                                                            \
    VT_UNUSED(p);                                                                                            \
    for (int64_t i = 0; i < size; i++)                                                                       \
      out[i] = share;                                                                                        \
  }                                                                                                          \
  static void largest_##suffix(const void *x, int64_t size, double y, double p, double from, void *to)       \
  {                                                                                                          \
    const type *in = x;                                                                                      \
    int64_t best = 0;                                                                                        \
    VT_UNUSED(y);                                                                                            \
    VT_UNUSED(p);                                                                                            \
    for (int64_t i = 1; i < size; i++)                                                                       \
      if (in[i] > in[best] || (in[i] != in[i] && in[best] == in[best])) best = i;                            \
    memset(to, 0, (size_t)size * sizeof(type));                                                              \
    ((type *)to)[best] = (type)from;                                                                         \
  }                                                                                                          \
  static void norm_##suffix(const void *x, int64_t size, double y, double p, double from, void *to)          \
  {                                                                                                          \
    const type *in = x;                                                                                      \
    type *out = to;                                                                                          \
    for (int64_t i = 0; i < size; i++) {                                                                     \
      double value = (double)in[i];                                                                          \
      out[i] = value == 0 || y == 0 ? 0 : (type)(from * copysign(pow(fabs(value) / y, p - 1), value));       \
    }                                                                                                        \
  }
PLANE_GRADIENTS(float, f32)
PLANE_GRADIENTS(double, f64)

typedef void (*plane_gradient_fn)(const void *x, int64_t size, double y, double p, double from, void *to);

typedef struct global_gradient {
  const vt_tensor *x, *y, *from; /* x and y may be without values */
  vt_tensor *to;
  plane_gradient_fn of_plane;
  int64_t size;
  double p;
} global_gradient;

static void gradient_planes(void *user, int64_t first, int64_t last)
{
  const global_gradient *work = user;
  size_t bytes = (size_t)work->size * vt_type_size(work->to->type);
  for (int64_t plane = first; plane < last; plane++)
    work->of_plane(work->x->data ? (const char *)work->x->data + (size_t)plane * bytes : NULL, work->size,
                   work->y->data ? vt_get_f64(work->y, plane) : 0, work->p, vt_get_f64(work->from, plane),
                   (char *)work->to->data + (size_t)plane * bytes);
}

static vt_status global_backward(vt_ctx *ctx, const vt_gradient *gradient, double p, plane_gradient_fn f32,
                                 plane_gradient_fn f64)
{
  const vt_call *call = gradient->call;
  const vt_tensor *x = call->inputs[0], *from = vt_gradient_output(gradient, 0);
  if (!from || !gradient->wanted[0]) return VT_OK;
  global_gradient work = {.x = x,
                          .y = call->outputs[0],
                          .from = from,
                          .to = vt_gradient_new(ctx, gradient, 0),
                          .of_plane = x->type == VT_F32 ? f32 : f64,
                          .size = vt_span(x, 2, x->rank),
                          .p = p};
  if (!work.to) return VT_ERROR_OUT_OF_MEMORY;
  vt_parallel(ctx, vt_span(x, 0, 2), 1 + 32768 / work.size, gradient_planes, &work);
  return VT_OK;
}

static vt_status global_average_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  if (gradient->call->inputs[0]->layout == VT_STORED_CHANNELS_LAST) return share_last(ctx, gradient);
  return global_backward(ctx, gradient, 0, share_f32, share_f64);
}

static vt_status global_max_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  return global_backward(ctx, gradient, 0, largest_f32, largest_f64);
}

static vt_status global_lp_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const global_lp_attributes *attributes = gradient->call->attributes;
  return global_backward(ctx, gradient, (double)attributes->p, norm_f32, norm_f64);
}

static double global_flops(const vt_call *call)
{
  return (double)vt_count(call->inputs[0]);
}

/* ---- rows ---- */

static const vt_field global_lp_fields[] = {
    {.name = "p",
     .kind = VT_FIELD_INT,
     .offset = offsetof(global_lp_attributes, p),
     .fallback = "2",
     VT_RANGE(1, 0x7fffffff),
     .help = "order of the norm"},
};

static const vt_op global_pool_ops[] = {
    {.name = "GlobalAveragePool",
     .since = 1,
     .flags = VT_OP_CHANNELS_LAST,
     VT_INPUTS(1, 1),
     VT_OUTPUTS(1, 1),
     .types = {VT_FLOATS | VT_HALVES},
     .shape = global_shape,
     .implementations = {VT_BY_F32,
                         {"simd", is_f32, global_average_fast},
                         {"last", is_f32, global_average_last, .channels_last = true},
                         {"plain", NULL, global_average_plain}},
     .flops = global_flops,
     .backward = global_average_backward},
    {.name = "GlobalMaxPool",
     .since = 1,
     VT_INPUTS(1, 1),
     VT_OUTPUTS(1, 1),
     .types = {VT_FLOATS | VT_HALVES},
     .shape = global_shape,
     .implementations = {VT_BY_F32, {"simd", is_f32, global_max_fast}, {"plain", NULL, global_max_plain}},
     .flops = global_flops,
     .backward = global_max_backward,
     .saves = VT_SAVES_INPUT(0)},
    {.name = "GlobalLpPool",
     .since = 1,
     VT_INPUTS(1, 1),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(global_lp_attributes, global_lp_fields),
     .types = {VT_FLOATS | VT_HALVES},
     .shape = global_shape,
     .implementations = {VT_BY_F32, {"plain", NULL, global_lp_plain}},
     .flops = global_flops,
     .backward = global_lp_backward,
     .saves = VT_SAVES_INPUT(0) | VT_SAVES_OUTPUT(0)},
};

const vt_op_family vt_ops_global_pool = {global_pool_ops, VT_COUNT(global_pool_ops)};
