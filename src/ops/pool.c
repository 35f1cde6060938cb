/* SPDX-License-Identifier: Apache-2.0
 *
 * MaxPool, AveragePool, LpPool: the largest, the mean, the p-norm of each window; 1-D to 3-D.
 */
#include <math.h>

#include "ops/dnnl_kernels.h"
#include "ops/families.h"
#include "ops/plain.h"
#include "ops/pool_last.h"

static vt_status pool_shape(vt_ctx *ctx, const vt_call *call)
{
  vt_window window;
  int64_t dims[VT_MAX_RANK];
  VT_TRY(vt_window_pool(ctx, call, &window));
  int rank = vt_window_shape(&window, window.channels, dims);
  VT_TRY(vt_set_output(ctx, call, 1, VT_I64, rank, dims));
  return vt_set_output(ctx, call, 0, call->inputs[0]->type, rank, dims);
}

/* ---- plain loops ---- */

typedef struct pool_work pool_work;
/* Result of one window of `plane`; o[3] is its place in the output. `index` gets
 * the position of a maximum. */
typedef double (*window_fn)(const pool_work *work, const double *plane, const int64_t o[3], const vt_taps *t,
                            int64_t *index);

struct pool_work {
  vt_window window;
  const vt_pool_attributes *attributes;
  window_fn of_window;
  double lowest; /* maximum of no elements */
  double *x, *y;
  int64_t *indices; /* NULL: not wanted */
};

/* The first of equal values; NaN wins, so that it is not hidden. */
static double window_max(const pool_work *work, const double *plane, const int64_t o[3], const vt_taps *t,
                         int64_t *index)
{
  const int64_t *in = work->window.in;
  double best = work->lowest;
  VT_UNUSED(o);
  *index = -1;
  for (vt_tap_walk w = vt_start_walk(&work->window, t); vt_on_walk(&w); vt_step_walk(&w)) {
    double value = plane[vt_walk_offset(&w)];
    if (*index >= 0 && !(value > best || (isnan(value) && !isnan(best)))) continue;
    best = value;
    *index =
        work->attributes->storage_order
            ? vt_walk_position(&w, 0) + in[0] * (vt_walk_position(&w, 1) + in[1] * vt_walk_position(&w, 2))
            : vt_walk_offset(&w);
  }
  return best;
}

static double window_average(const pool_work *work, const double *plane, const int64_t o[3], const vt_taps *t,
                             int64_t *index)
{
  const vt_window *window = &work->window;
  double sum = 0, count = vt_pool_divisor(window, work->attributes->count_include_pad, o, t);
  VT_UNUSED(index);
  for (vt_tap_walk w = vt_start_walk(window, t); vt_on_walk(&w); vt_step_walk(&w))
    sum += plane[vt_walk_offset(&w)];
  return count > 0 ? sum / count : 0;
}

static double window_norm(const pool_work *work, const double *plane, const int64_t o[3], const vt_taps *t,
                          int64_t *index)
{
  double sum = 0, p = (double)work->attributes->p;
  VT_UNUSED(o);
  VT_UNUSED(index);
  for (vt_tap_walk w = vt_start_walk(&work->window, t); vt_on_walk(&w); vt_step_walk(&w))
    sum += pow(fabs(plane[vt_walk_offset(&w)]), p);
  return pow(sum, 1 / p);
}

/* Planes [first, last), counted over batch and channels. */
static void pool_planes(void *user, int64_t first, int64_t last)
{
  const pool_work *work = user;
  const vt_window *window = &work->window;
  int64_t volume = vt_window_volume(window->in), outputs = vt_window_volume(window->out);
  for (int64_t plane = first; plane < last; plane++) {
    int64_t at = plane * outputs, o[3], index;
    for (o[0] = 0; o[0] < window->out[0]; o[0]++)
      for (o[1] = 0; o[1] < window->out[1]; o[1]++)
        for (o[2] = 0; o[2] < window->out[2]; o[2]++, at++) {
          vt_taps t;
          for (int axis = 0; axis < VT_WINDOW_AXES; axis++)
            vt_find_taps(window, axis, o[axis], 0, window->in[axis], &t);
          work->y[at] = work->of_window(work, work->x + plane * volume, o, &t, &index);
          if (work->indices) work->indices[at] = index < 0 ? -1 : plane * volume + index;
        }
  }
}

static vt_status pool_plain(vt_ctx *ctx, const vt_call *call, window_fn of_window)
{
  vt_type type = call->inputs[0]->type;
  vt_tensor *indices = vt_output(call, 1);
  pool_work work = {.attributes = call->attributes,
                    .of_window = of_window,
                    .lowest = type == VT_U8   ? 0
                              : type == VT_I8 ? INT8_MIN
                                              : -INFINITY,
                    .indices = indices ? indices->data : NULL};
  VT_TRY(vt_window_pool(ctx, call, &work.window));
  work.x = vt_plain_read(ctx, call->inputs[0]);
  work.y = vt_plain_read_or(ctx, NULL, vt_count(call->outputs[0]), 0);
  bool ready = work.x && work.y;
  if (ready) {
    vt_parallel(ctx, work.window.batch * work.window.channels, 1, pool_planes, &work);
    vt_plain_write(call->outputs[0], work.y);
  }
  vt_free(work.x);
  vt_free(work.y);
  return ready ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

static vt_status max_pool_plain(vt_ctx *ctx, const vt_call *call)
{
  return pool_plain(ctx, call, window_max);
}

static vt_status average_pool_plain(vt_ctx *ctx, const vt_call *call)
{
  return pool_plain(ctx, call, window_average);
}

static vt_status lp_pool_plain(vt_ctx *ctx, const vt_call *call)
{
  return pool_plain(ctx, call, window_norm);
}

/* ---- oneDNN ---- */

/* With gaps between taps oneDNN has reference code only, and a window may miss the input altogether. */
static bool dense_window(const vt_window *window)
{
  return window->dilation[0] == 1 && window->dilation[1] == 1 && window->dilation[2] == 1;
}

static bool max_pool_can(const vt_call *call)
{
  vt_window window;
  return !vt_output(call, 1) && vt_dnnl_fits(call) && vt_window_pool(NULL, call, &window) == VT_OK &&
         dense_window(&window);
}

/* oneDNN divides by the whole window when padding counts; ONNX leaves out what ceil_mode adds. */
static bool average_pool_can(const vt_call *call)
{
  const vt_pool_attributes *attributes = call->attributes;
  vt_window window;
  if (!vt_dnnl_fits(call) || vt_window_pool(NULL, call, &window) != VT_OK || !dense_window(&window))
    return false;
  for (int axis = 0; axis < VT_WINDOW_AXES && attributes->count_include_pad; axis++)
    if ((window.out[axis] - 1) * window.stride[axis] + window.kernel[axis] >
        window.in[axis] + window.begin[axis] + window.end[axis])
      return false;
  return true;
}

static vt_status max_pool_dnnl(vt_ctx *ctx, const vt_call *call)
{
  vt_window window;
  VT_TRY(vt_window_pool(ctx, call, &window));
  vt_status status = vt_dnnl_pool(ctx, &window, VT_DNNL_MAX, call->inputs[0], call->outputs[0]);
  return status == VT_ERROR_UNSUPPORTED ? max_pool_plain(ctx, call) : status;
}

static vt_status average_pool_dnnl(vt_ctx *ctx, const vt_call *call)
{
  const vt_pool_attributes *attributes = call->attributes;
  vt_window window;
  VT_TRY(vt_window_pool(ctx, call, &window));
  vt_dnnl_pooling pooling = attributes->count_include_pad ? VT_DNNL_AVERAGE_PADDED : VT_DNNL_AVERAGE;
  vt_status status = vt_dnnl_pool(ctx, &window, pooling, call->inputs[0], call->outputs[0]);
  return status == VT_ERROR_UNSUPPORTED ? average_pool_plain(ctx, call) : status;
}

/* ---- channels-last ---- */

static bool last_can(const vt_call *call)
{
  return !vt_output(call, 1) && call->inputs[0]->type == VT_F32;
}

static vt_status max_pool_last(vt_ctx *ctx, const vt_call *call)
{
  vt_window window;
  VT_TRY(vt_window_pool(ctx, call, &window));
  if (max_pool_can(call)) {
    vt_status status = vt_dnnl_pool(ctx, &window, VT_DNNL_MAX, call->inputs[0], call->outputs[0]);
    if (status != VT_ERROR_UNSUPPORTED) return status;
  }
  return vt_max_pool_last(ctx, &window, call->inputs[0]->data, call->outputs[0]->data);
}

static vt_status average_pool_last(vt_ctx *ctx, const vt_call *call)
{
  const vt_pool_attributes *attributes = call->attributes;
  vt_window window;
  VT_TRY(vt_window_pool(ctx, call, &window));
  if (average_pool_can(call)) {
    vt_dnnl_pooling pooling = attributes->count_include_pad ? VT_DNNL_AVERAGE_PADDED : VT_DNNL_AVERAGE;
    vt_status status = vt_dnnl_pool(ctx, &window, pooling, call->inputs[0], call->outputs[0]);
    if (status != VT_ERROR_UNSUPPORTED) return status;
  }
  return vt_average_pool_last(ctx, &window, attributes->count_include_pad, call->inputs[0]->data,
                              call->outputs[0]->data);
}

/* One a tap. */
static double pool_flops(const vt_call *call)
{
  vt_window window;
  if (vt_window_pool(NULL, call, &window) != VT_OK) return 0;
  double volume = (double)window.kernel[0] * (double)window.kernel[1] * (double)window.kernel[2];
  return volume * (double)vt_count(call->outputs[0]);
}

/* ---- rows ---- */

#define CEIL_MODE                                                                                            \
  {                                                                                                          \
    .name = "ceil_mode", .kind = VT_FIELD_BOOL, .offset = offsetof(vt_pool_attributes, ceil_mode),           \
    .fallback = "0", .help = "a last window over what is left"                                               \
  }

static const vt_field max_pool_fields[] = {
    VT_WINDOW_FIELDS(vt_pool_attributes),
    CEIL_MODE,
    {.name = "storage_order",
     .kind = VT_FIELD_INT,
     .offset = offsetof(vt_pool_attributes, storage_order),
     .fallback = "0",
     VT_RANGE(0, 1),
     .help = "1: indices count with the spatial axes in reverse order"},
};
static const vt_field average_pool_fields[] = {
    VT_WINDOW_FIELDS(vt_pool_attributes),
    CEIL_MODE,
    {.name = "count_include_pad",
     .kind = VT_FIELD_BOOL,
     .offset = offsetof(vt_pool_attributes, count_include_pad),
     .fallback = "0",
     .help = "padding counts as zeros"},
};
static const vt_field lp_pool_fields[] = {
    VT_WINDOW_FIELDS(vt_pool_attributes),
    CEIL_MODE,
    {.name = "p",
     .kind = VT_FIELD_INT,
     .offset = offsetof(vt_pool_attributes, p),
     .fallback = "2",
     VT_RANGE(1, 0x7fffffff),
     .help = "order of the norm"},
};

static const vt_op pool_ops[] = {
    {.name = "MaxPool",
     .since = 1,
     VT_INPUTS(1, 1),
     VT_OUTPUTS(1, 2),
     VT_SETTINGS(vt_pool_attributes, max_pool_fields),
     .flags = VT_OP_CHANNELS_LAST,
     .types = {VT_FLOATS | VT_HALVES | VT_T(VT_U8) | VT_T(VT_I8)},
     .shape = pool_shape,
     .implementations = {VT_BY_F32,
                         {"dnnl", max_pool_can, max_pool_dnnl},
                         {"last", last_can, max_pool_last, .channels_last = true},
                         {"plain", NULL, max_pool_plain}},
     .flops = pool_flops,
     .backward = vt_max_pool_backward,
     .saves = VT_SAVES_INPUT(0)},
    {.name = "AveragePool",
     .since = 1,
     VT_INPUTS(1, 1),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(vt_pool_attributes, average_pool_fields),
     .flags = VT_OP_CHANNELS_LAST,
     .types = {VT_FLOATS | VT_HALVES},
     .shape = pool_shape,
     .implementations = {VT_BY_F32,
                         {"dnnl", average_pool_can, average_pool_dnnl},
                         {"last", last_can, average_pool_last, .channels_last = true},
                         {"plain", NULL, average_pool_plain}},
     .flops = pool_flops,
     .backward = vt_average_pool_backward},
    {.name = "LpPool",
     .since = 1,
     VT_INPUTS(1, 1),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(vt_pool_attributes, lp_pool_fields),
     .types = {VT_FLOATS | VT_HALVES},
     .shape = pool_shape,
     .implementations = {VT_BY_F32, {"plain", NULL, lp_pool_plain}},
     .flops = pool_flops,
     .backward = vt_lp_pool_backward,
     .saves = VT_SAVES_INPUT(0) | VT_SAVES_OUTPUT(0)},
};

const vt_op_family vt_ops_pool = {pool_ops, VT_COUNT(pool_ops)};
