/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of MaxPool, AveragePool, LpPool: each output gives its gradient to the taps of its window.
 */
#include "ops/layout.h"
#include "ops/pool_last.h"

#include <math.h>

typedef struct pool_gradient {
  vt_window window;
  const vt_pool_attributes *attributes;
  const void *x, *y; /* values; NULL where they are not read */
  const void *from;  /* gradient of Y */
  void *to;          /* of X, cleared */
} pool_gradient;

/* For every output of planes [first, last), counted over batch and channels: `o` its place, `at` its number,
 * `t` its taps on data, `to` its plane of the result. */
#define EACH_OUTPUT(type, body)                                                                              \
  const pool_gradient *work = user;                                                                          \
  const vt_window *window = &work->window;                                                                   \
  int64_t volume = vt_window_volume(window->in), at = first * vt_window_volume(window->out);                 \
  const type *from = work->from;                                                                             \
  for (int64_t plane = first; plane < last; plane++) {                                                       \
    type *to = (type *)work->to + plane * volume;                                                            \
    int64_t o[3];                                                                                            \
    vt_taps t;                                                                                               \
    for (o[0] = 0; o[0] < window->out[0]; o[0]++) {                                                          \
      vt_find_taps(window, 0, o[0], 0, window->in[0], &t);                                                   \
      for (o[1] = 0; o[1] < window->out[1]; o[1]++) {                                                        \
        vt_find_taps(window, 1, o[1], 0, window->in[1], &t);                                                 \
        for (o[2] = 0; o[2] < window->out[2]; o[2]++, at++) {                                                \
          vt_find_taps(window, 2, o[2], 0, window->in[2], &t);                                               \
          body                                                                                               \
        }                                                                                                    \
      }                                                                                                      \
    }                                                                                                        \
  }

/* All to the first of the largest values; NaN is larger than any. */
#define MAX_PLANES(name, type)                                                                               \
  static void name(void *user, int64_t first, int64_t last)                                                  \
  {                                                                                                          \
    EACH_OUTPUT(type, {                                                                                      \
      const type *x = (const type *)work->x + plane * volume;                                                \
      int64_t best = -1;                                                                                     \
      for (vt_tap_walk w = vt_start_walk(window, &t); vt_on_walk(&w); vt_step_walk(&w)) {                    \
        int64_t offset = vt_walk_offset(&w);                                                                 \
        if (best < 0 || x[offset] > x[best] || (x[offset] != x[offset] && x[best] == x[best]))               \
          best = offset;                                                                                     \
      }                                                                                                      \
      if (best >= 0) to[best] += from[at];                                                                   \
    })                                                                                                       \
  }
MAX_PLANES(max_planes_f32, float)
MAX_PLANES(max_planes_f64, double)

#define AVERAGE_PLANES(name, type)                                                                           \
  static void name(void *user, int64_t first, int64_t last)                                                  \
  {                                                                                                          \
    EACH_OUTPUT(type, {                                                                                      \
      double divisor = vt_pool_divisor(window, work->attributes->count_include_pad, o, &t);                  \
      type share = divisor > 0 ? (type)((double)from[at] / divisor) : 0;                                     \
      for (vt_tap_walk w = vt_start_walk(window, &t); vt_on_walk(&w); vt_step_walk(&w))                      \
        to[vt_walk_offset(&w)] += share;                                                                     \
    })                                                                                                       \
  }
AVERAGE_PLANES(average_planes_f32, float)
AVERAGE_PLANES(average_planes_f64, double)

/* sign(x) · (|x| / y)^(p − 1); zero where the norm has no derivative. */
#define NORM_PLANES(name, type)                                                                              \
  static void name(void *user, int64_t first, int64_t last)                                                  \
  {                                                                                                          \
    double power = (double)((const pool_gradient *)user)->attributes->p - 1;                                 \
    EACH_OUTPUT(type, {                                                                                      \
      const type *x = (const type *)work->x + plane * volume;                                                \
      double norm = (double)((const type *)work->y)[at];                                                     \
      if (norm == 0) continue;                                                                               \
      for (vt_tap_walk w = vt_start_walk(window, &t); vt_on_walk(&w); vt_step_walk(&w)) {                    \
        int64_t offset = vt_walk_offset(&w);                                                                 \
        double value = (double)x[offset];                                                                    \
        if (value == 0) continue;                                                                            \
        double slope = copysign(pow(fabs(value) / norm, power), value);                                      \
        to[offset] += (type)(slope * (double)from[at]);                                                      \
      }                                                                                                      \
    })                                                                                                       \
  }
NORM_PLANES(norm_planes_f32, float)
NORM_PLANES(norm_planes_f64, double)

static vt_status backward(vt_ctx *ctx, const vt_gradient *gradient, vt_range_fn f32, vt_range_fn f64)
{
  const vt_call *call = gradient->call;
  const vt_tensor *from = vt_gradient_output(gradient, 0);
  pool_gradient work = {.attributes = call->attributes, .x = call->inputs[0]->data};
  if (!from || !gradient->wanted[0]) return VT_OK;
  VT_TRY(vt_window_pool(ctx, call, &work.window));
  vt_tensor *to = vt_gradient_zero(ctx, gradient, 0);
  if (!to) return VT_ERROR_OUT_OF_MEMORY;
  work.from = from->data;
  work.y = call->outputs[0]->data;
  work.to = to->data;
  int64_t grain = 1 + 8192 / (1 + vt_window_volume(work.window.out));
  vt_parallel(ctx, work.window.batch * work.window.channels, grain, from->type == VT_F32 ? f32 : f64, &work);
  return VT_OK;
}

/* f32: channels-last, on copies where tensors are not stored so; vectors of channels are worth the copies. */
static vt_status backward_last(vt_ctx *ctx, const vt_gradient *gradient, bool largest)
{
  const vt_pool_attributes *attributes = gradient->call->attributes;
  vt_tensor *x = gradient->call->inputs[0], *made = vt_gradient_new(ctx, gradient, 0), *to = made;
  vt_tensor *from = vt_channels_last(ctx, gradient->output_gradients[0]);
  vt_window window;
  if (!made || !from) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_window_pool(ctx, gradient->call, &window));
  if (made->layout == VT_STORED_ROW_MAJOR) {
    to = vt_tensor_new(ctx, made->type, made->rank, made->dims);
    if (!to) return VT_ERROR_OUT_OF_MEMORY;
    to->layout = VT_STORED_CHANNELS_LAST;
  }
  if (largest) {
    vt_tensor *values = vt_channels_last(ctx, x);
    if (!values) return VT_ERROR_OUT_OF_MEMORY;
    VT_TRY(vt_max_pool_last_back(ctx, &window, values->data, from->data, to->data));
  } else {
    VT_TRY(vt_average_pool_last_back(ctx, &window, attributes->count_include_pad, from->data, to->data));
  }
  if (to == made) return VT_OK;
  gradient->input_gradients[0] = vt_row_major(ctx, to);
  return gradient->input_gradients[0] ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

/* Few channels leave vectors empty. */
static bool worth_copies(const vt_tensor *x)
{
  enum { FEWEST = 8 };
  return x->layout == VT_STORED_CHANNELS_LAST || (x->type == VT_F32 && x->dims[1] >= FEWEST);
}

vt_status vt_max_pool_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  if (!gradient->wanted[0] || !vt_gradient_output(gradient, 0)) return VT_OK;
  if (worth_copies(gradient->call->inputs[0])) return backward_last(ctx, gradient, true);
  return backward(ctx, gradient, max_planes_f32, max_planes_f64);
}

vt_status vt_average_pool_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  if (!gradient->wanted[0] || !vt_gradient_output(gradient, 0)) return VT_OK;
  if (worth_copies(gradient->call->inputs[0])) return backward_last(ctx, gradient, false);
  return backward(ctx, gradient, average_planes_f32, average_planes_f64);
}

vt_status vt_lp_pool_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  return backward(ctx, gradient, norm_planes_f32, norm_planes_f64);
}
