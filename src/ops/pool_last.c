/* SPDX-License-Identifier: Apache-2.0
 *
 * A unit of work is one item (backward: windows may overlap) or one row of its output (forward), for a
 * stretch of channels.
 */
#include "ops/pool_last.h"

#include <math.h>

enum { LANES = 64, MOST_TAPS = 64, STRETCH = 64, FEW_ITEMS = 4, UNIT_FLOATS = 1 << 14 };

typedef struct pool_work {
  const vt_window *window;
  bool padding_counts;
  const float *x, *from;
  float *to;
  int64_t pieces, piece; /* stretches of channels; channels of one */
} pool_work;

/* ---- one tap ---- */

/* The first of equal values stays; NaN wins. `places` gets `place` where x does. */
VT_CLONES static void take_larger(const float *x, int64_t count, int32_t place, float *best, int32_t *places)
{
#pragma omp simd
  for (int64_t c = 0; c < count; c++) {
    int wins = (x[c] > best[c]) | ((x[c] != x[c]) & (best[c] == best[c]));
    best[c] = wins ? x[c] : best[c];
    places[c] = wins ? place : places[c];
  }
}

VT_CLONES static void take_largest(const float *x, int64_t count, float *best)
{
#pragma omp simd
  for (int64_t c = 0; c < count; c++)
    best[c] = ((x[c] > best[c]) | (x[c] != x[c])) ? x[c] : best[c];
}

VT_CLONES static void give_where(const float *from, const int32_t *places, int32_t place, int64_t count,
                                 float *to)
{
#pragma omp simd
  for (int64_t c = 0; c < count; c++)
    to[c] += places[c] == place ? from[c] : 0;
}

VT_CLONES static void add_scaled(const float *from, float factor, int64_t count, float *to)
{
#pragma omp simd
  for (int64_t c = 0; c < count; c++)
    to[c] += from[c] * factor;
}

/* ---- one output ---- */

/* Memory of an element of X and of Y. */
static int64_t x_at(const vt_window *window, int64_t item, const vt_tap_walk *walk)
{
  return (item * vt_window_volume(window->in) + vt_walk_offset(walk)) * window->channels;
}

static int64_t y_at(const vt_window *window, int64_t item, const int64_t o[3])
{
  int64_t place = (o[0] * window->out[1] + o[1]) * window->out[2] + o[2];
  return (item * vt_window_volume(window->out) + place) * window->channels;
}

static void max_output(const pool_work *work, int64_t item, const int64_t o[3], const vt_taps *t,
                       int64_t first, int64_t count)
{
  const vt_window *window = work->window;
  float *to = work->to + y_at(window, item, o) + first;
  for (int64_t c = 0; c < count; c++)
    to[c] = -INFINITY;
  for (vt_tap_walk walk = vt_start_walk(window, t); vt_on_walk(&walk); vt_step_walk(&walk))
    take_largest(work->x + x_at(window, item, &walk) + first, count, to);
}

static void average_output(const pool_work *work, int64_t item, const int64_t o[3], const vt_taps *t,
                           int64_t first, int64_t count)
{
  const vt_window *window = work->window;
  double divisor = vt_pool_divisor(window, work->padding_counts, o, t);
  float *to = work->to + y_at(window, item, o) + first, share = divisor > 0 ? (float)(1 / divisor) : 0;
  memset(to, 0, (size_t)count * sizeof *to);
  for (vt_tap_walk walk = vt_start_walk(window, t); vt_on_walk(&walk); vt_step_walk(&walk))
    add_scaled(work->x + x_at(window, item, &walk) + first, share, count, to);
}

/* All taps of one output at once: where they lie from the item's first element on. */
VT_CLONES static void give_to_largest(const float *x, const int64_t *taps, int count, int64_t channels,
                                      const float *from, float *to)
{
  for (int64_t start = 0; start < channels; start += LANES) {
    int64_t width = channels - start < LANES ? channels - start : LANES;
    float best[LANES];
    int32_t places[LANES];
    const float *first = x + taps[0] + start;
#pragma omp simd
    for (int64_t c = 0; c < width; c++) {
      best[c] = first[c];
      places[c] = 0;
    }
    for (int t = 1; t < count; t++) {
      const float *value = x + taps[t] + start;
#pragma omp simd
      for (int64_t c = 0; c < width; c++) {
        int wins = (value[c] > best[c]) | ((value[c] != value[c]) & (best[c] == best[c]));
        best[c] = wins ? value[c] : best[c];
        places[c] = wins ? t : places[c];
      }
    }
    for (int t = 0; t < count; t++) {
      float *target = to + taps[t] + start;
#pragma omp simd
      for (int64_t c = 0; c < width; c++)
        target[c] += places[c] == t ? from[start + c] : 0;
    }
  }
}

static void max_output_back(const pool_work *work, int64_t item, const int64_t o[3], const vt_taps *t,
                            int64_t first, int64_t count)
{
  const vt_window *window = work->window;
  const float *from = work->from + y_at(window, item, o) + first;
  float best[LANES];
  int32_t places[LANES], place = 0;
  int64_t taps[MOST_TAPS];
  if (vt_tap_count(t) <= MOST_TAPS) {
    int found = 0;
    for (vt_tap_walk walk = vt_start_walk(window, t); vt_on_walk(&walk); vt_step_walk(&walk))
      taps[found++] = x_at(window, item, &walk) + first;
    if (found > 0) give_to_largest(work->x, taps, found, count, from, work->to);
    return;
  }
  for (int64_t start = 0; start < count; start += LANES, place = 0) {
    int64_t width = count - start < LANES ? count - start : LANES;
    for (int64_t c = 0; c < width; c++) {
      best[c] = -INFINITY;
      places[c] = 0; /* where all are −∞ */
    }
    for (vt_tap_walk walk = vt_start_walk(window, t); vt_on_walk(&walk); vt_step_walk(&walk))
      take_larger(work->x + x_at(window, item, &walk) + first + start, width, place++, best, places);
    place = 0;
    for (vt_tap_walk walk = vt_start_walk(window, t); vt_on_walk(&walk); vt_step_walk(&walk))
      give_where(from + start, places, place++, width, work->to + x_at(window, item, &walk) + first + start);
  }
}

/* Divided in f64 and rounded once, as the row-major loop does. */
VT_CLONES static void divide_row(const float *from, double divisor, int64_t count, float *to)
{
#pragma omp simd
  for (int64_t c = 0; c < count; c++)
    to[c] = (float)((double)from[c] / divisor);
}

static void average_output_back(const pool_work *work, int64_t item, const int64_t o[3], const vt_taps *t,
                                int64_t first, int64_t count)
{
  const vt_window *window = work->window;
  double divisor = vt_pool_divisor(window, work->padding_counts, o, t);
  const float *from = work->from + y_at(window, item, o) + first;
  float shares[STRETCH];
  if (!(divisor > 0)) return;
  for (int64_t start = 0; start < count; start += STRETCH) {
    int64_t width = count - start < STRETCH ? count - start : STRETCH;
    divide_row(from + start, divisor, width, shares);
    for (vt_tap_walk walk = vt_start_walk(window, t); vt_on_walk(&walk); vt_step_walk(&walk))
      add_scaled(shares, 1, width, work->to + x_at(window, item, &walk) + first + start);
  }
}

/* ---- walking ---- */

typedef void (*output_fn)(const pool_work *work, int64_t item, const int64_t o[3], const vt_taps *t,
                          int64_t first, int64_t count);

/* Row `line` of an item's output: all places along the last axis. */
static void walk_line(const pool_work *work, int64_t item, int64_t line, int64_t first, int64_t count,
                      output_fn each)
{
  const vt_window *window = work->window;
  int64_t o[3] = {line / window->out[1], line % window->out[1], 0};
  vt_taps t;
  vt_find_taps(window, 0, o[0], 0, window->in[0], &t);
  vt_find_taps(window, 1, o[1], 0, window->in[1], &t);
  for (; o[2] < window->out[2]; o[2]++) {
    vt_find_taps(window, 2, o[2], 0, window->in[2], &t);
    each(work, item, o, &t, first, count);
  }
}

static void some_lines(const pool_work *work, int64_t first, int64_t last, output_fn each)
{
  int64_t lines = work->window->out[0] * work->window->out[1];
  for (int64_t unit = first; unit < last; unit++)
    walk_line(work, unit / lines, unit % lines, 0, work->window->channels, each);
}

static void max_lines(void *user, int64_t first, int64_t last)
{
  some_lines(user, first, last, max_output);
}

static void average_lines(void *user, int64_t first, int64_t last)
{
  some_lines(user, first, last, average_output);
}

static vt_status forward(vt_ctx *ctx, const pool_work *work, vt_range_fn body)
{
  const vt_window *window = work->window;
  int64_t line = window->out[2] * window->channels * vt_window_volume(window->kernel);
  pool_work own = *work;
  vt_parallel(ctx, window->batch * window->out[0] * window->out[1], 1 + UNIT_FLOATS / (line + 1), body, &own);
  return VT_OK;
}

static void some_items(const pool_work *work, int64_t first, int64_t last, output_fn each)
{
  const vt_window *window = work->window;
  int64_t volume = vt_window_volume(window->in), channels = window->channels;
  for (int64_t unit = first; unit < last; unit++) {
    int64_t item = unit / work->pieces, start = unit % work->pieces * work->piece;
    int64_t count = channels - start < work->piece ? channels - start : work->piece;
    float *to = work->to + item * volume * channels + start;
    for (int64_t i = 0; i < volume; i++, to += channels)
      memset(to, 0, (size_t)count * sizeof *to);
    for (int64_t line = 0; line < window->out[0] * window->out[1]; line++)
      walk_line(work, item, line, start, count, each);
  }
}

static void max_items(void *user, int64_t first, int64_t last)
{
  some_items(user, first, last, max_output_back);
}

static void average_items(void *user, int64_t first, int64_t last)
{
  some_items(user, first, last, average_output_back);
}

static vt_status backward(vt_ctx *ctx, const pool_work *work, vt_range_fn body)
{
  const vt_window *window = work->window;
  pool_work own = *work;
  own.piece = window->batch < FEW_ITEMS && window->channels > STRETCH ? STRETCH : window->channels;
  own.pieces = own.piece ? (window->channels + own.piece - 1) / own.piece : 0;
  int64_t unit = own.piece * (vt_window_volume(window->in) + vt_window_volume(window->out));
  vt_parallel(ctx, window->batch * own.pieces, 1 + UNIT_FLOATS / (unit + 1), body, &own);
  return VT_OK;
}

vt_status vt_max_pool_last(vt_ctx *ctx, const vt_window *window, const float *x, float *y)
{
  pool_work work = {.window = window, .x = x, .to = y};
  return forward(ctx, &work, max_lines);
}

vt_status vt_average_pool_last(vt_ctx *ctx, const vt_window *window, bool count_include_pad, const float *x,
                               float *y)
{
  pool_work work = {.window = window, .padding_counts = count_include_pad, .x = x, .to = y};
  return forward(ctx, &work, average_lines);
}

vt_status vt_max_pool_last_back(vt_ctx *ctx, const vt_window *window, const float *x, const float *from,
                                float *to)
{
  pool_work work = {.window = window, .x = x, .from = from, .to = to};
  return backward(ctx, &work, max_items);
}

vt_status vt_average_pool_last_back(vt_ctx *ctx, const vt_window *window, bool count_include_pad,
                                    const float *from, float *to)
{
  pool_work work = {.window = window, .padding_counts = count_include_pad, .from = from, .to = to};
  return backward(ctx, &work, average_items);
}
