/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise gradients of weights on flat planes.
 *
 * X is laid out with its padding, split by stride into phases: phase (p, q) has positions p, p + stride and
 * so on by q, q + stride and so on. All phases and Y have rows of the same length, with a gap of zeros at the
 * end of those of Y. A tap is then one phase and one shift, its gradient one long scalar product: vectors are
 * full however narrow the image is.
 */
#include "ops/depthwise.h"

#include <stdatomic.h>

enum {
  LANES = 16,
  BLOCK = 2 * LANES,
  TOGETHER = 4, /* taps that share what is read of Y */
  MOST_TAPS = 64,
  FEWEST_TAPS = 12, /* oneDNN has a kernel for 3 × 3 that is as fast */
  MOST_STRIDE = 4,
  MOST_FLOATS = 1 << 20 /* of one plane, so that it stays in a cache */
};

typedef float vector __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));

typedef struct geometry {
  int64_t in[2], out[2]; /* height, width */
  int64_t stride[2], begin[2];
  int64_t row;               /* length of rows, of phases and of Y */
  int64_t rows;              /* of a phase */
  int64_t phase;             /* floats of a phase, with room behind */
  int64_t phase_count;       /* stride × stride */
  int64_t flat;              /* floats of Y, gaps and room behind included */
  int taps;                  /* of the kernel */
  int64_t offset[MOST_TAPS]; /* where a tap begins, phase and shift together */
} geometry;

static int64_t round_up(int64_t count)
{
  return (count + BLOCK - 1) / BLOCK * BLOCK;
}

static void find_geometry(const vt_window *window, geometry *g)
{
  int64_t reach[2], dilation[2] = {window->dilation[1], window->dilation[2]}; /* reach: largest shift */
  *g = (geometry){.taps = 0};
  for (int axis = 0; axis < 2; axis++) {
    g->in[axis] = window->in[axis + 1];
    g->out[axis] = window->out[axis + 1];
    g->stride[axis] = window->stride[axis + 1];
    g->begin[axis] = window->begin[axis + 1];
    reach[axis] = (window->kernel[axis + 1] - 1) * dilation[axis] / g->stride[axis];
  }
  g->row = g->out[1] + reach[1];
  g->rows = g->out[0] + reach[0];
  g->flat = round_up(g->out[0] * g->row);
  g->phase = g->flat + reach[0] * g->row + reach[1];
  g->phase_count = g->stride[0] * g->stride[1];
  for (int64_t ky = 0; ky < window->kernel[1]; ky++)
    for (int64_t kx = 0; kx < window->kernel[2]; kx++) {
      int64_t y = ky * dilation[0], x = kx * dilation[1];
      int64_t phase = y % g->stride[0] * g->stride[1] + x % g->stride[1];
      g->offset[g->taps++] = phase * g->phase + y / g->stride[0] * g->row + x / g->stride[1];
    }
}

bool vt_depthwise_can(const vt_conv *conv)
{
  const vt_window *window = &conv->window;
  int64_t taps = vt_window_volume(window->kernel);
  if (conv->group != window->channels || conv->group != conv->outputs || window->kernel[0] != 1 ||
      window->in[0] != 1 || window->out[0] != 1 || window->begin[0] != 0)
    return false;
  for (int axis = 1; axis < VT_WINDOW_AXES; axis++)
    if (window->stride[axis] > MOST_STRIDE || window->dilation[axis] > MOST_TAPS ||
        window->begin[axis] > INT16_MAX || window->in[axis] > MOST_FLOATS || window->out[axis] > MOST_FLOATS)
      return false;
  if (taps < FEWEST_TAPS || taps > MOST_TAPS) return false;
  geometry g;
  find_geometry(window, &g);
  return g.phase_count * g.phase <= MOST_FLOATS;
}

/* ---- layouts ---- */

/* Columns [first, last) of a phase's row lie on data. */
static void columns_on_data(const geometry *g, int64_t q, int64_t *first, int64_t *last)
{
  int64_t stride = g->stride[1], start = q - g->begin[1]; /* position of column 0 */
  *first = start < 0 ? (-start + stride - 1) / stride : 0;
  *last = start < g->in[1] ? (g->in[1] - start + stride - 1) / stride : 0;
  if (*last > g->row) *last = g->row;
  if (*last < *first) *last = *first;
}

static void take_every(const float *from, float *to, int64_t count, int64_t stride)
{
  if (stride == 1)
    memcpy(to, from, (size_t)count * sizeof *to);
  else
    for (int64_t i = 0; i < count; i++)
      to[i] = from[stride * i];
}

/* A plane of X into phases, which hold zeros wherever no plane has data. */
static void split_phases(const geometry *g, const float *plane, float *phases)
{
  for (int64_t q = 0; q < g->stride[1]; q++) {
    int64_t first, last;
    columns_on_data(g, q, &first, &last);
    if (first == last) continue;
    for (int64_t p = 0; p < g->stride[0]; p++) {
      float *phase = phases + (p * g->stride[1] + q) * g->phase;
      for (int64_t row = 0; row < g->rows; row++) {
        int64_t y = row * g->stride[0] + p - g->begin[0], x = first * g->stride[1] + q - g->begin[1];
        if (y < 0 || y >= g->in[0]) continue;
        take_every(plane + y * g->in[1] + x, phase + row * g->row + first, last - first, g->stride[1]);
      }
    }
  }
}

/* A plane of Y into rows with gaps, which hold zeros. */
static void widen_rows(const geometry *g, const float *plane, float *flat)
{
  for (int64_t y = 0; y < g->out[0]; y++)
    memcpy(flat + y * g->row, plane + y * g->out[1], (size_t)g->out[1] * sizeof *flat);
}

/* ---- loops ---- */

#define AT(pointer) (*(const vector *)(const void *)(pointer))

/* sums[t] += Σ_i y[i] · x[i + offset[t]] for four taps: lane by lane in f32, over lanes in f64. */
VT_CLONES static void correlate(const float *y, const float *x, const int64_t *offset, int64_t count,
                                double *sums)
{
  const float *x0 = x + offset[0], *x1 = x + offset[1], *x2 = x + offset[2], *x3 = x + offset[3];
  vector a0 = {0}, a1 = {0}, a2 = {0}, a3 = {0}, b0 = {0}, b1 = {0}, b2 = {0}, b3 = {0};
  for (int64_t i = 0; i < count; i += BLOCK) {
    vector first = AT(y + i), second = AT(y + i + LANES);
    a0 += first * AT(x0 + i);
    a1 += first * AT(x1 + i);
    a2 += first * AT(x2 + i);
    a3 += first * AT(x3 + i);
    b0 += second * AT(x0 + i + LANES);
    b1 += second * AT(x1 + i + LANES);
    b2 += second * AT(x2 + i + LANES);
    b3 += second * AT(x3 + i + LANES);
  }
  float lanes[TOGETHER][LANES];
  *(vector *)(void *)lanes[0] = a0 + b0;
  *(vector *)(void *)lanes[1] = a1 + b1;
  *(vector *)(void *)lanes[2] = a2 + b2;
  *(vector *)(void *)lanes[3] = a3 + b3;
  for (int tap = 0; tap < TOGETHER; tap++)
    for (int lane = 0; lane < LANES; lane++)
      sums[tap] += (double)lanes[tap][lane];
}

typedef struct depthwise_work {
  vt_ctx *ctx;
  const vt_conv *conv;
  geometry g;
  const float *x, *y;
  float *w;
  atomic_bool failed;
} depthwise_work;

static void one_channel(const depthwise_work *work, int64_t channel, float *phases, float *flat)
{
  const geometry *g = &work->g;
  double sums[MOST_TAPS] = {0};
  for (int64_t n = 0; n < work->conv->window.batch; n++) {
    int64_t plane = n * work->conv->outputs + channel;
    split_phases(g, work->x + plane * g->in[0] * g->in[1], phases);
    widen_rows(g, work->y + plane * g->out[0] * g->out[1], flat);
    for (int tap = 0; tap < g->taps; tap += TOGETHER) /* unused offsets are 0 */
      correlate(flat, phases, g->offset + tap, g->flat, sums + tap);
  }
  for (int tap = 0; tap < g->taps; tap++)
    work->w[channel * g->taps + tap] = (float)sums[tap];
}

/* Kernels of channels [first, last). Errors go to a context of its own: several threads come here. */
static void some_channels(void *user, int64_t first, int64_t last)
{
  depthwise_work *work = user;
  const geometry *g = &work->g;
  vt_ctx *own = vt_ctx_child(work->ctx);
  float *phases = NULL, *flat = NULL;
  if (own) phases = vt_alloc_zero(own, (size_t)(g->phase_count * g->phase), sizeof *phases);
  if (phases) flat = vt_alloc_zero(own, (size_t)g->flat, sizeof *flat);
  if (!flat) atomic_store(&work->failed, true);
  for (int64_t channel = first; flat && channel < last; channel++)
    one_channel(work, channel, phases, flat);
  vt_free(phases);
  vt_free(flat);
  vt_ctx_free(own);
}

vt_status vt_depthwise_weights(vt_ctx *ctx, const vt_conv *conv, const vt_tensor *x, const vt_tensor *y,
                               vt_tensor *w)
{
  depthwise_work work = {.ctx = ctx, .conv = conv, .x = x->data, .y = y->data, .w = w->data};
  find_geometry(&conv->window, &work.g);
  int64_t cost = (work.g.flat + BLOCK) * (work.g.taps + 8) * conv->window.batch;
  vt_parallel(ctx, conv->outputs, 1 + (1 << 20) / cost, some_channels, &work);
  if (!atomic_load(&work.failed)) return VT_OK;
  return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory: two planes of a depthwise convolution");
}
