/* SPDX-License-Identifier: Apache-2.0
 *
 * Resampling with anti-aliasing, the way pictures are resized for the models that people train: the filter is
 * widened by the shrink factor, its weights are normalised to one and rounded to 22 fractional bits, the rows
 * are resampled first, then the columns, and each pass rounds to 8 bits. Pillow gives the same bytes; only
 * from its version 13 on it takes the columns first where that is much less work (strongly unequal shrink
 * factors).
 */
#include <math.h>

#include "data/picture.h"

/* 8 bits of pixel, 2 of overshoot of the cubic filter: 22 bits of weight fill 32. */
enum { WEIGHT_BITS = 22 };

static double triangle(double x)
{
  x = fabs(x);
  return x < 1 ? 1 - x : 0;
}

/* Keys' cubic convolution kernel with a = −1/2 (Keys 1981, eq. 15). */
static double cubic(double x)
{
  const double a = -0.5;
  x = fabs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

/* Weights of one axis: output i is the sum over j < count[i] of weight[i·taps + j] · input[first[i] + j]. */
typedef struct axis_plan {
  int taps;
  int *first, *count;
  int32_t *weight;
} axis_plan;

static void plan_free(axis_plan *plan)
{
  vt_free(plan->first);
  vt_free(plan->count);
  vt_free(plan->weight);
}

static vt_status plan_axis(vt_ctx *ctx, int in_size, int out_size, vt_interpolation interpolation,
                           axis_plan *plan)
{
  double scale = (double)in_size / out_size;
  double stretch = scale < 1 ? 1 : scale;
  double support = (interpolation == VT_BICUBIC ? 2 : 1) * stretch;
  double (*filter)(double) = interpolation == VT_BICUBIC ? cubic : triangle;
  memset(plan, 0, sizeof *plan);
  plan->taps = (int)ceil(support) * 2 + 1;
  size_t weights;
  if (!vt_size_mul((size_t)out_size, (size_t)plan->taps, &weights)) weights = SIZE_MAX;
  plan->first = vt_alloc_zero(ctx, (size_t)out_size, sizeof *plan->first);
  plan->count = vt_alloc_zero(ctx, (size_t)out_size, sizeof *plan->count);
  plan->weight = vt_alloc_zero(ctx, weights, sizeof *plan->weight);
  double *exact = vt_alloc_zero(ctx, (size_t)plan->taps, sizeof *exact);
  if (!plan->first || !plan->count || !plan->weight || !exact) {
    plan_free(plan);
    vt_free(exact);
    return VT_ERROR_OUT_OF_MEMORY;
  }
  for (int i = 0; i < out_size; i++) {
    double centre = (i + 0.5) * scale, sum = 0;
    int from = (int)(centre - support + 0.5), to = (int)(centre + support + 0.5);
    if (from < 0) from = 0;
    if (to > in_size) to = in_size;
    int count = to - from;
    for (int j = 0; j < count; j++)
      sum += exact[j] = filter((from + j - centre + 0.5) / stretch);
    int32_t *weight = plan->weight + (size_t)i * plan->taps;
    for (int j = 0; j < count; j++) {
      double scaled = (sum != 0 ? exact[j] / sum : exact[j]) * (1 << WEIGHT_BITS);
      weight[j] = (int32_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    }
    plan->first[i] = from;
    plan->count[i] = count;
  }
  vt_free(exact);
  return VT_OK;
}

static uint8_t round_to_byte(int64_t sum)
{
  sum = (sum + (1 << (WEIGHT_BITS - 1))) >> WEIGHT_BITS;
  return sum < 0 ? 0 : sum > 255 ? 255 : (uint8_t)sum;
}

static vt_status resize_rows(vt_ctx *ctx, const vt_image *image, int width, vt_interpolation interpolation,
                             vt_image **out)
{
  axis_plan plan;
  VT_TRY(vt_image_new(ctx, width, image->height, image->channels, out));
  VT_TRY(plan_axis(ctx, image->width, width, interpolation, &plan));
  size_t channels = (size_t)image->channels;
  for (int y = 0; y < image->height; y++) {
    const uint8_t *source = image->pixels + (size_t)y * (size_t)image->width * channels;
    uint8_t *target = (*out)->pixels + (size_t)y * (size_t)width * channels;
    for (int x = 0; x < width; x++) {
      const int32_t *weight = plan.weight + (size_t)x * plan.taps;
      for (size_t c = 0; c < channels; c++) {
        const uint8_t *from = source + (size_t)plan.first[x] * channels + c;
        int64_t sum = 0;
        for (int j = 0; j < plan.count[x]; j++)
          sum += (int64_t)weight[j] * from[(size_t)j * channels];
        target[(size_t)x * channels + c] = round_to_byte(sum);
      }
    }
  }
  plan_free(&plan);
  return VT_OK;
}

static vt_status resize_columns(vt_ctx *ctx, const vt_image *image, int height,
                                vt_interpolation interpolation, vt_image **out)
{
  axis_plan plan;
  VT_TRY(vt_image_new(ctx, image->width, height, image->channels, out));
  VT_TRY(plan_axis(ctx, image->height, height, interpolation, &plan));
  size_t row = (size_t)image->width * (size_t)image->channels;
  for (int y = 0; y < height; y++) {
    const int32_t *weight = plan.weight + (size_t)y * plan.taps;
    const uint8_t *source = image->pixels + (size_t)plan.first[y] * row;
    for (size_t i = 0; i < row; i++) {
      int64_t sum = 0;
      for (int j = 0; j < plan.count[y]; j++)
        sum += (int64_t)weight[j] * source[(size_t)j * row + i];
      (*out)->pixels[(size_t)y * row + i] = round_to_byte(sum);
    }
  }
  plan_free(&plan);
  return VT_OK;
}

/* Place (i + ½)·scale, cut to whole pixels. Summed up step by step: on exact boundaries the rounding of the
 * sum decides, and so it does in Pillow. */
static vt_status nearest_places(vt_ctx *ctx, int in_size, int out_size, int **out)
{
  *out = vt_alloc_zero(ctx, (size_t)out_size, sizeof **out);
  if (!*out) return VT_ERROR_OUT_OF_MEMORY;
  double scale = (double)in_size / out_size, place = scale * 0.5;
  for (int i = 0; i < out_size; i++, place += scale)
    (*out)[i] = place < in_size ? (int)place : in_size - 1;
  return VT_OK;
}

static vt_status resize_nearest(vt_ctx *ctx, const vt_image *image, int width, int height, vt_image **out)
{
  vt_status status = VT_OK;
  int *from_x = NULL, *from_y = NULL;
  VT_TRY_DONE(nearest_places(ctx, image->width, width, &from_x));
  VT_TRY_DONE(nearest_places(ctx, image->height, height, &from_y));
  VT_TRY_DONE(vt_image_new(ctx, width, height, image->channels, out));
  size_t channels = (size_t)image->channels;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      memcpy((*out)->pixels + ((size_t)y * (size_t)width + (size_t)x) * channels,
             image->pixels + ((size_t)from_y[y] * (size_t)image->width + (size_t)from_x[x]) * channels,
             channels);
done:
  vt_free(from_x);
  vt_free(from_y);
  return status;
}

vt_status vt_image_resize(vt_ctx *ctx, const vt_image *image, int width, int height,
                          vt_interpolation interpolation, vt_image **out)
{
  *out = NULL;
  if (width < 1 || height < 1)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "cannot resize a picture to %d×%d pixels", width, height);
  if (width == image->width && height == image->height) return vt_image_copy(ctx, image, out);
  vt_image *wide = NULL;
  vt_status status = VT_OK;
  if (interpolation == VT_NEAREST) {
    VT_TRY_DONE(resize_nearest(ctx, image, width, height, out));
  } else if (width == image->width) {
    VT_TRY_DONE(resize_columns(ctx, image, height, interpolation, out));
  } else if (height == image->height) {
    VT_TRY_DONE(resize_rows(ctx, image, width, interpolation, out));
  } else {
    VT_TRY_DONE(resize_rows(ctx, image, width, interpolation, &wide));
    VT_TRY_DONE(resize_columns(ctx, wide, height, interpolation, out));
  }
done:
  vt_image_free(wide);
  if (status != VT_OK) {
    vt_image_free(*out);
    *out = NULL;
  }
  return status;
}
