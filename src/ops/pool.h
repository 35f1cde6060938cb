/* SPDX-License-Identifier: Apache-2.0
 *
 * Pooling windows tap by tap, and its gradients.
 */
#ifndef VT_OPS_POOL_H
#define VT_OPS_POOL_H

#include "ops/gradient.h"
#include "ops/window.h"

/* Taps first..last−1 of a window, by axis. */
typedef struct vt_taps {
  int64_t start[3]; /* position of tap 0, may lie outside */
  int64_t first[3], last[3];
} vt_taps;

/* Taps of output `o` whose positions lie in [low, high): found by division, as windows
 * of hostile files are long. */
static inline void vt_find_taps(const vt_window *window, int axis, int64_t o, int64_t low, int64_t high,
                                vt_taps *out)
{
  int64_t step = window->dilation[axis], start = o * window->stride[axis] - window->begin[axis];
  int64_t first = start < low ? (low - start + step - 1) / step : 0;
  int64_t last = start < high ? (high - start + step - 1) / step : 0;
  out->start[axis] = start;
  out->first[axis] = first;
  out->last[axis] = last < window->kernel[axis] ? last : window->kernel[axis];
  if (out->last[axis] < first) out->last[axis] = first;
}

static inline double vt_tap_count(const vt_taps *t)
{
  double count = 1;
  for (int axis = 0; axis < VT_WINDOW_AXES; axis++)
    count *= (double)(t->last[axis] - t->first[axis]);
  return count;
}

/* What an average over the window of output `o` is divided by: taps on data, or on data and padding; never
 * what ceil_mode adds behind the padding. `t`: its taps on data. */
static inline double vt_pool_divisor(const vt_window *window, bool count_include_pad, const int64_t o[3],
                                     const vt_taps *t)
{
  if (!count_include_pad) return vt_tap_count(t);
  vt_taps padded;
  for (int axis = 0; axis < VT_WINDOW_AXES; axis++)
    vt_find_taps(window, axis, o[axis], -window->begin[axis], window->in[axis] + window->end[axis], &padded);
  return vt_tap_count(&padded);
}

/* The positions of a window in order: `for (vt_start_walk(…); vt_on_walk(…); vt_step_walk(…))`. */
typedef struct vt_tap_walk {
  const vt_window *window;
  const vt_taps *t;
  int64_t k[3];
} vt_tap_walk;

static inline vt_tap_walk vt_start_walk(const vt_window *window, const vt_taps *t)
{
  vt_tap_walk w = {window, t, {t->first[0], t->first[1], t->first[2]}};
  if (vt_tap_count(t) == 0) w.k[0] = t->last[0];
  return w;
}

static inline bool vt_on_walk(const vt_tap_walk *w)
{
  return w->k[0] < w->t->last[0];
}

static inline void vt_step_walk(vt_tap_walk *w)
{
  for (int axis = VT_WINDOW_AXES - 1; axis >= 0; axis--) {
    if (++w->k[axis] < w->t->last[axis] || axis == 0) return;
    w->k[axis] = w->t->first[axis];
  }
}

static inline int64_t vt_walk_position(const vt_tap_walk *w, int axis)
{
  return w->t->start[axis] + w->k[axis] * w->window->dilation[axis];
}

static inline int64_t vt_walk_offset(const vt_tap_walk *w)
{
  const int64_t *in = w->window->in;
  return (vt_walk_position(w, 0) * in[1] + vt_walk_position(w, 1)) * in[2] + vt_walk_position(w, 2);
}

vt_status vt_max_pool_backward(vt_ctx *ctx, const vt_gradient *gradient);     /* reads X */
vt_status vt_average_pool_backward(vt_ctx *ctx, const vt_gradient *gradient); /* reads nothing */
vt_status vt_lp_pool_backward(vt_ctx *ctx, const vt_gradient *gradient);      /* reads X and Y */

#endif
