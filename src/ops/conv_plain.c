/* SPDX-License-Identifier: Apache-2.0
 *
 * Plain loops of convolution, its transpose, and the gradient of their weights, on f64 copies.
 */
#include "ops/conv.h"
#include "ops/plain.h"

typedef struct conv_work {
  const vt_window *window;
  int64_t outputs, group_inputs, group_outputs; /* channels of Y; of X and of Y in one group */
  double *x, *w, *bias, *y;
} conv_work;

/* ---- convolution ---- */

/* Σ over the taps of one window of one channel. */
static double window_sum(const vt_window *window, const double *x, const double *w, int64_t oz, int64_t oy,
                         int64_t ox)
{
  double sum = 0;
  for (int64_t kz = 0; kz < window->kernel[0]; kz++)
    for (int64_t ky = 0; ky < window->kernel[1]; ky++)
      for (int64_t kx = 0; kx < window->kernel[2]; kx++, w++) {
        int64_t z = vt_window_tap(window, 0, oz, kz), y = vt_window_tap(window, 1, oy, ky),
                column = vt_window_tap(window, 2, ox, kx);
        if (z >= 0 && y >= 0 && column >= 0) sum += x[(z * window->in[1] + y) * window->in[2] + column] * *w;
      }
  return sum;
}

/* Planes [first, last) of Y, counted over batch and output channels. */
static void conv_planes(void *user, int64_t first, int64_t last)
{
  const conv_work *work = user;
  const vt_window *window = work->window;
  int64_t volume = vt_window_volume(window->in), taps = vt_window_volume(window->kernel);
  for (int64_t plane = first; plane < last; plane++) {
    int64_t n = plane / work->outputs, m = plane % work->outputs, group = m / work->group_outputs;
    const double *x = work->x + (n * window->channels + group * work->group_inputs) * volume;
    const double *w = work->w + m * work->group_inputs * taps;
    double *y = work->y + plane * vt_window_volume(window->out);
    for (int64_t oz = 0; oz < window->out[0]; oz++)
      for (int64_t oy = 0; oy < window->out[1]; oy++)
        for (int64_t ox = 0; ox < window->out[2]; ox++) {
          double sum = work->bias[m];
          for (int64_t c = 0; c < work->group_inputs; c++)
            sum += window_sum(window, x + c * volume, w + c * taps, oz, oy, ox);
          *y++ = sum;
        }
  }
}

/* ---- its transpose ---- */

/* Adds one value times the taps of `w` to plane `y` around input position (iz, iy, ix). */
static void spread(const vt_window *window, double value, const double *w, int64_t iz, int64_t iy, int64_t ix,
                   double *y)
{
  for (int64_t kz = 0; kz < window->kernel[0]; kz++)
    for (int64_t ky = 0; ky < window->kernel[1]; ky++)
      for (int64_t kx = 0; kx < window->kernel[2]; kx++, w++) {
        int64_t oz = iz * window->stride[0] - window->begin[0] + kz * window->dilation[0];
        int64_t oy = iy * window->stride[1] - window->begin[1] + ky * window->dilation[1];
        int64_t ox = ix * window->stride[2] - window->begin[2] + kx * window->dilation[2];
        if (oz >= 0 && oz < window->out[0] && oy >= 0 && oy < window->out[1] && ox >= 0 &&
            ox < window->out[2])
          y[(oz * window->out[1] + oy) * window->out[2] + ox] += value * *w;
      }
}

/* Planes [first, last) of Y, counted over batch and output channels. */
static void transpose_planes(void *user, int64_t first, int64_t last)
{
  const conv_work *work = user;
  const vt_window *window = work->window;
  int64_t taps = vt_window_volume(window->kernel), volume = vt_window_volume(window->out);
  for (int64_t plane = first; plane < last; plane++) {
    int64_t n = plane / work->outputs, m = plane % work->outputs;
    int64_t group = m / work->group_outputs, inside = m % work->group_outputs;
    double *y = work->y + plane * volume;
    for (int64_t i = 0; i < volume; i++)
      y[i] = work->bias[m];
    for (int64_t c = group * work->group_inputs; c < (group + 1) * work->group_inputs; c++) {
      const double *x = work->x + (n * window->channels + c) * vt_window_volume(window->in);
      const double *w = work->w + (c * work->group_outputs + inside) * taps;
      for (int64_t iz = 0; iz < window->in[0]; iz++)
        for (int64_t iy = 0; iy < window->in[1]; iy++)
          for (int64_t ix = 0; ix < window->in[2]; ix++)
            spread(window, *x++, w, iz, iy, ix, y);
    }
  }
}

vt_status vt_conv_plain(vt_ctx *ctx, const vt_conv *conv, const vt_tensor *x, const vt_tensor *w,
                        const vt_tensor *bias, vt_tensor *y)
{
  conv_work work = {.window = &conv->window,
                    .outputs = conv->outputs,
                    .group_inputs = conv->window.channels / conv->group,
                    .group_outputs = conv->outputs / conv->group,
                    .x = vt_plain_read(ctx, x),
                    .w = vt_plain_read(ctx, w),
                    .bias = vt_plain_read_or(ctx, bias, conv->outputs, 0),
                    .y = vt_plain_read_or(ctx, NULL, vt_count(y), 0)};
  bool ready = work.x && work.w && work.bias && work.y;
  if (ready) {
    vt_parallel(ctx, conv->window.batch * work.outputs, 1, conv->transposed ? transpose_planes : conv_planes,
                &work);
    vt_plain_write(y, work.y);
  }
  vt_free(work.x);
  vt_free(work.w);
  vt_free(work.bias);
  vt_free(work.y);
  return ready ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

/* ---- weights ---- */

typedef struct weights_work {
  vt_conv conv; /* from fine to coarse */
  double *fine, *coarse, *w;
} weights_work;

/* What tap (kz, ky, kx) saw, times the gradient of what it gave, over one plane. */
static double tap_sum(const vt_window *window, const double *fine, const double *coarse, int64_t kz,
                      int64_t ky, int64_t kx)
{
  double sum = 0;
  for (int64_t oz = 0; oz < window->out[0]; oz++)
    for (int64_t oy = 0; oy < window->out[1]; oy++)
      for (int64_t ox = 0; ox < window->out[2]; ox++, coarse++) {
        int64_t z = vt_window_tap(window, 0, oz, kz), y = vt_window_tap(window, 1, oy, ky),
                column = vt_window_tap(window, 2, ox, kx);
        if (z >= 0 && y >= 0 && column >= 0)
          sum += fine[(z * window->in[1] + y) * window->in[2] + column] * *coarse;
      }
  return sum;
}

/* Kernels [first, last) of W, counted over coarse channels and fine channels of a group. */
static void weight_kernels(void *user, int64_t first, int64_t last)
{
  const weights_work *work = user;
  const vt_window *window = &work->conv.window;
  int64_t inside = window->channels / work->conv.group, outside = work->conv.outputs / work->conv.group;
  int64_t volume = vt_window_volume(window->in), outputs = vt_window_volume(window->out);
  for (int64_t kernel = first; kernel < last; kernel++) {
    int64_t m = kernel / inside, c = m / outside * inside + kernel % inside;
    double *w = work->w + kernel * vt_window_volume(window->kernel);
    for (int64_t kz = 0; kz < window->kernel[0]; kz++)
      for (int64_t ky = 0; ky < window->kernel[1]; ky++)
        for (int64_t kx = 0; kx < window->kernel[2]; kx++, w++)
          for (int64_t n = 0; n < window->batch; n++)
            *w += tap_sum(window, work->fine + (n * window->channels + c) * volume,
                          work->coarse + (n * work->conv.outputs + m) * outputs, kz, ky, kx);
  }
}

vt_status vt_conv_weights_plain(vt_ctx *ctx, const vt_conv *conv, const vt_tensor *x, const vt_tensor *y,
                                vt_tensor *w)
{
  weights_work work = {.conv = *conv};
  if (conv->transposed) vt_conv_reverse(conv, &work.conv);
  work.fine = vt_plain_read(ctx, conv->transposed ? y : x);
  work.coarse = vt_plain_read(ctx, conv->transposed ? x : y);
  work.w = vt_plain_read_or(ctx, NULL, vt_count(w), 0);
  bool ready = work.fine && work.coarse && work.w;
  if (ready) {
    vt_parallel(ctx, w->dims[0] * w->dims[1], 1, weight_kernels, &work);
    vt_plain_write(w, work.w);
  }
  vt_free(work.fine);
  vt_free(work.coarse);
  vt_free(work.w);
  return ready ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}
