/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise gradients of weights, channels-last: a vector of channels for each tap, along rows of Y.
 */
#include "ops/depthwise.h"

enum { LANES = 16, MOST_PARTS = 16, FEWEST_TAPS = 12, MOST_TAPS = 128 };

typedef float vector __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));

#define AT(pointer) (*(const vector *)(const void *)(pointer))

bool vt_depthwise_last_can(const vt_conv *conv)
{
  const vt_window *window = &conv->window;
  int64_t taps = vt_window_volume(window->kernel);
  return conv->group == window->channels && conv->group == conv->outputs && conv->group % LANES == 0 &&
         taps >= FEWEST_TAPS && taps <= MOST_TAPS;
}

/* sums += Σ_i y[i · y_step] · x[i · x_step], vectors of channels: in f32 along the row, in f64 over rows. */
VT_CLONES static void depthwise_last_row(const float *y, int64_t y_step, const float *x, int64_t x_step,
                                         int64_t count, double *sums)
{
  vector a = {0}, b = {0}, c = {0}, d = {0};
  int64_t i = 0;
  for (; i + 4 <= count; i += 4, y += 4 * y_step, x += 4 * x_step) {
    a += AT(y) * AT(x);
    b += AT(y + y_step) * AT(x + x_step);
    c += AT(y + 2 * y_step) * AT(x + 2 * x_step);
    d += AT(y + 3 * y_step) * AT(x + 3 * x_step);
  }
  for (; i < count; i++, y += y_step, x += x_step)
    a += AT(y) * AT(x);
  float lanes[LANES];
  *(vector *)(void *)lanes = (a + b) + (c + d);
  for (int lane = 0; lane < LANES; lane++)
    sums[lane] += (double)lanes[lane];
}

typedef struct last_work {
  const vt_window *window;
  const float *x, *y;
  int64_t parts, pieces; /* of the items; vectors of channels */
  double *sums;          /* [parts, pieces, taps, lanes] */
} last_work;

/* Outputs of `axis` whose tap `k` lies on data: first..last − 1. */
static void on_data(const vt_window *window, int axis, int64_t k, int64_t *first, int64_t *last)
{
  int64_t start = k * window->dilation[axis] - window->begin[axis], stride = window->stride[axis];
  *first = start < 0 ? (-start + stride - 1) / stride : 0;
  *last = start < window->in[axis] ? (window->in[axis] - start + stride - 1) / stride : 0;
  if (*last > window->out[axis]) *last = window->out[axis];
}

/* All taps of one row of Y: what it looks at stays in the first cache. `o`: item and row. */
static void one_row(const last_work *work, const int64_t o[3], int64_t channel, const int64_t (*columns)[2],
                    double *sums)
{
  const vt_window *w = work->window;
  int64_t channels = w->channels, y_row = ((o[0] * w->out[0] + o[1]) * w->out[1] + o[2]) * w->out[2];
  for (int64_t kz = 0; kz < w->kernel[0]; kz++)
    for (int64_t ky = 0; ky < w->kernel[1]; ky++) {
      int64_t z = vt_window_tap(w, 0, o[1], kz), row = vt_window_tap(w, 1, o[2], ky);
      if (z < 0 || row < 0) {
        sums += w->kernel[2] * LANES;
        continue;
      }
      int64_t x_row = ((o[0] * w->in[0] + z) * w->in[1] + row) * w->in[2];
      for (int64_t kx = 0; kx < w->kernel[2]; kx++, sums += LANES) {
        int64_t first = columns[kx][0], count = columns[kx][1] - first;
        int64_t column = first * w->stride[2] - w->begin[2] + kx * w->dilation[2];
        if (count > 0)
          depthwise_last_row(work->y + (y_row + first) * channels + channel, channels,
                             work->x + (x_row + column) * channels + channel, channels * w->stride[2], count,
                             sums);
      }
    }
}

static void some_units(void *user, int64_t from, int64_t to)
{
  const last_work *work = user;
  const vt_window *w = work->window;
  int64_t columns[MOST_TAPS][2];
  for (int64_t kx = 0; kx < w->kernel[2]; kx++)
    on_data(w, 2, kx, &columns[kx][0], &columns[kx][1]);
  for (int64_t unit = from; unit < to; unit++) {
    int64_t part = unit / work->pieces, channel = unit % work->pieces * LANES, o[3];
    double *sums = work->sums + unit * vt_window_volume(w->kernel) * LANES;
    for (o[0] = part * w->batch / work->parts; o[0] < (part + 1) * w->batch / work->parts; o[0]++)
      for (o[1] = 0; o[1] < w->out[0]; o[1]++)
        for (o[2] = 0; o[2] < w->out[1]; o[2]++)
          one_row(work, o, channel, (const int64_t(*)[2])columns, sums);
  }
}

vt_status vt_depthwise_last_weights(vt_ctx *ctx, const vt_conv *conv, const vt_tensor *x, const vt_tensor *y,
                                    vt_tensor *w)
{
  int64_t taps = vt_window_volume(conv->window.kernel), pieces = conv->group / LANES;
  last_work work = {.window = &conv->window, .x = x->data, .y = y->data, .parts = 1, .pieces = pieces};
  while (work.parts * pieces < MOST_PARTS && work.parts < conv->window.batch)
    work.parts++;
  work.sums = vt_alloc_zero(ctx, (size_t)(work.parts * pieces * taps), LANES * sizeof *work.sums);
  if (!work.sums) return VT_ERROR_OUT_OF_MEMORY;
  vt_parallel(ctx, work.parts * pieces, 1, some_units, &work);
  for (int64_t channel = 0; channel < conv->group; channel++)
    for (int64_t tap = 0; tap < taps; tap++) {
      double sum = 0;
      for (int64_t part = 0; part < work.parts; part++)
        sum += work.sums[((part * pieces + channel / LANES) * taps + tap) * LANES + channel % LANES];
      ((float *)w->data)[channel * taps + tap] = (float)sum;
    }
  vt_free(work.sums);
  return VT_OK;
}
