/* SPDX-License-Identifier: Apache-2.0
 *
 * Baselines of the perturbation protocols.
 */
#include "metrics/baseline.h"

#include <math.h>

enum { KERNEL = 11, HALF = 5, RADIUS = 20 /* 4σ */ };

/* Index `i` of an 11-sample line, mirrored about its outer edges: (d c b a | a b c d | d c b a). */
static int mirror(int i)
{
  int period = 2 * KERNEL;
  i = ((i % period) + period) % period;
  return i < KERNEL ? i : period - 1 - i;
}

void vt_rise_kernel(double kernel[11][11])
{
  double weights[2 * RADIUS + 1], sum = 0, line[KERNEL] = {0};
  for (int i = -RADIUS; i <= RADIUS; i++)
    sum += weights[i + RADIUS] = exp(-0.5 * i * i / 25.0);
  for (int x = 0; x < KERNEL; x++)
    for (int i = -RADIUS; i <= RADIUS; i++)
      if (mirror(x + i) == HALF) line[x] += weights[i + RADIUS] / sum;
  for (int y = 0; y < KERNEL; y++)
    for (int x = 0; x < KERNEL; x++)
      kernel[y][x] = line[y] * line[x];
}

/* The kernel is a product of two lines: rows, then columns, zeros outside. */
static vt_status blur(vt_ctx *ctx, const float *picture, int channels, int height, int width,
                      bool channels_last, float *out)
{
  double kernel[KERNEL][KERNEL], line[KERNEL];
  vt_rise_kernel(kernel);
  for (int i = 0; i < KERNEL; i++)
    line[i] = kernel[HALF][i] / sqrt(kernel[HALF][HALF]);
  double *rows = vt_alloc_zero(ctx, (size_t)height * (size_t)width, sizeof *rows);
  if (!rows) return VT_ERROR_OUT_OF_MEMORY;
  size_t step = channels_last ? (size_t)channels : 1;
  for (int c = 0; c < channels; c++) {
    const float *source = picture + (channels_last ? (size_t)c : (size_t)c * (size_t)height * (size_t)width);
    float *target = out + (source - picture);
    for (int y = 0; y < height; y++)
      for (int x = 0; x < width; x++) {
        double value = 0;
        for (int i = -HALF; i <= HALF; i++)
          if (x + i >= 0 && x + i < width)
            value += line[i + HALF] * (double)source[((size_t)y * (size_t)width + (size_t)(x + i)) * step];
        rows[(size_t)y * (size_t)width + (size_t)x] = value;
      }
    for (int y = 0; y < height; y++)
      for (int x = 0; x < width; x++) {
        double value = 0;
        for (int i = -HALF; i <= HALF; i++)
          if (y + i >= 0 && y + i < height)
            value += line[i + HALF] * rows[(size_t)(y + i) * (size_t)width + (size_t)x];
        target[((size_t)y * (size_t)width + (size_t)x) * step] = (float)value;
      }
  }
  vt_free(rows);
  return VT_OK;
}

static void mean_colour(const float *picture, int channels, size_t pixels, bool channels_last, float *out)
{
  size_t step = channels_last ? (size_t)channels : 1;
  for (size_t c = 0; c < (size_t)channels; c++) {
    size_t first = channels_last ? c : c * pixels;
    double sum = 0;
    for (size_t i = 0; i < pixels; i++)
      sum += (double)picture[first + i * step];
    for (size_t i = 0; i < pixels; i++)
      out[first + i * step] = (float)(sum / (double)pixels);
  }
}

vt_status vt_baseline_floats(vt_ctx *ctx, const vt_task *task, vt_baseline kind, const float *picture,
                             float *out)
{
  const vt_preprocess *preprocess = vt_model_preprocess(task->model);
  int channels, height, width;
  vt_model_input_size(task->model, &channels, &height, &width);
  switch (kind) {
  case VT_BASELINE_ZERO:
    memset(out, 0, vt_model_input_floats(task->model) * sizeof *out);
    return VT_OK;
  case VT_BASELINE_RISE_BLUR:
    return blur(ctx, picture, channels, height, width, preprocess->channels_last, out);
  case VT_BASELINE_FILL:
    vt_preprocess_floats(preprocess, task->blank, out);
    return VT_OK;
  case VT_BASELINE_MEAN:
    mean_colour(picture, channels, (size_t)height * (size_t)width, preprocess->channels_last, out);
    return VT_OK;
  case VT_BASELINE_BLACK: {
    vt_image *black = NULL;
    VT_TRY(vt_image_new(ctx, width, height, 3, &black));
    vt_preprocess_floats(preprocess, black, out);
    vt_image_free(black);
    return VT_OK;
  }
  }
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "unknown baseline %d", (int)kind);
}
