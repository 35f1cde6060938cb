/* SPDX-License-Identifier: Apache-2.0
 *
 * Pictures in memory: making, copying, cropping, blur, means, and maps carried to other sizes.
 */
#include "data/picture.h"

#include <math.h>
#include <stdlib.h>

/* Larger pictures are refused everywhere: row offsets and areas stay far inside 64
 * bits and sides inside int. */
enum { MAX_SIDE = 1 << 24 };

size_t vt_image_bytes(const vt_image *image)
{
  return (size_t)image->width * (size_t)image->height * (size_t)image->channels;
}

vt_status vt_image_new(vt_ctx *ctx, int width, int height, int channels, vt_image **out)
{
  *out = NULL;
  if (width < 1 || height < 1 || width > MAX_SIDE || height > MAX_SIDE || channels < 1 || channels > 4)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "a picture of %d×%d pixels with %d channels: sides must be 1 to %d, channels 1 to 4",
                   width, height, channels, MAX_SIDE);
  vt_image *image = vt_alloc_zero(ctx, 1, sizeof *image);
  if (!image) return VT_ERROR_OUT_OF_MEMORY;
  image->width = width;
  image->height = height;
  image->channels = channels;
  image->pixels = vt_alloc_zero(ctx, vt_image_bytes(image), 1);
  if (!image->pixels) {
    vt_free(image);
    return VT_ERROR_OUT_OF_MEMORY;
  }
  *out = image;
  return VT_OK;
}

void vt_image_free(vt_image *image)
{
  if (!image) return;
  vt_free(image->pixels);
  vt_free(image);
}

vt_status vt_image_copy(vt_ctx *ctx, const vt_image *image, vt_image **out)
{
  VT_TRY(vt_image_new(ctx, image->width, image->height, image->channels, out));
  memcpy((*out)->pixels, image->pixels, vt_image_bytes(image));
  return VT_OK;
}

vt_status vt_image_crop(vt_ctx *ctx, const vt_image *image, int x, int y, int width, int height,
                        vt_image **out)
{
  VT_TRY(vt_image_new(ctx, width, height, image->channels, out));
  int64_t left = x < 0 ? -(int64_t)x : 0, right = (int64_t)image->width - x;
  if (right > width) right = width;
  if (right <= left) return VT_OK;
  size_t channels = (size_t)image->channels;
  for (int row = 0; row < height; row++) {
    int64_t from = (int64_t)y + row;
    if (from < 0 || from >= image->height) continue;
    memcpy((*out)->pixels + ((size_t)row * (size_t)width + (size_t)left) * channels,
           image->pixels + ((size_t)from * (size_t)image->width + (size_t)(x + left)) * channels,
           (size_t)(right - left) * channels);
  }
  return VT_OK;
}

static int clamp(int value, int low, int high)
{
  return value < low ? low : value > high ? high : value;
}

vt_status vt_image_smooth(vt_ctx *ctx, const vt_image *image, double sigma, int radius, double *out)
{
  if (!(sigma >= 0 && sigma <= 1000) || radius < 0 || radius > 4096)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "blur: sigma %g must be 0 to 1000 and radius %d 0 to 4096",
                   sigma, radius);
  size_t bytes = vt_image_bytes(image), channels = (size_t)image->channels,
         row = (size_t)image->width * channels;
  if (sigma == 0) {
    for (size_t i = 0; i < bytes; i++)
      out[i] = image->pixels[i];
    return VT_OK;
  }
  if (radius == 0) radius = (int)ceil(3 * sigma);
  double *kernel = vt_alloc_zero(ctx, (size_t)(2 * radius + 1), sizeof *kernel);
  double *middle = vt_alloc_zero(ctx, bytes, sizeof *middle); /* [height, width, channels] */
  if (!kernel || !middle) {
    vt_free(kernel);
    vt_free(middle);
    return VT_ERROR_OUT_OF_MEMORY;
  }
  double sum = 0;
  for (int d = -radius; d <= radius; d++)
    sum += kernel[d + radius] = exp(-d * (double)d / (2 * sigma * sigma));
  for (int d = 0; d <= 2 * radius; d++)
    kernel[d] /= sum;
  for (int y = 0; y < image->height; y++)
    for (int x = 0; x < image->width; x++)
      for (size_t c = 0; c < channels; c++) {
        const uint8_t *source = image->pixels + (size_t)y * row + c;
        double total = 0;
        for (int d = -radius; d <= radius; d++)
          total += kernel[d + radius] * source[(size_t)clamp(x + d, 0, image->width - 1) * channels];
        middle[(size_t)y * row + (size_t)x * channels + c] = total;
      }
  for (int y = 0; y < image->height; y++)
    for (size_t i = 0; i < row; i++) {
      double total = 0;
      for (int d = -radius; d <= radius; d++)
        total += kernel[d + radius] * middle[(size_t)clamp(y + d, 0, image->height - 1) * row + i];
      out[(size_t)y * row + i] = total;
    }
  vt_free(kernel);
  vt_free(middle);
  return VT_OK;
}

vt_status vt_image_blur(vt_ctx *ctx, const vt_image *image, double sigma, int radius, vt_image **out)
{
  *out = NULL;
  size_t bytes = vt_image_bytes(image);
  double *smooth = vt_alloc_zero(ctx, bytes, sizeof *smooth);
  if (!smooth) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_image_smooth(ctx, image, sigma, radius, smooth);
  if (status == VT_OK) status = vt_image_new(ctx, image->width, image->height, image->channels, out);
  if (status == VT_OK)
    for (size_t i = 0; i < bytes; i++)
      (*out)->pixels[i] = (uint8_t)(smooth[i] + 0.5);
  vt_free(smooth);
  return status;
}

void vt_image_mean(const vt_image *image, double mean[4])
{
  uint64_t sum[4] = {0};
  size_t pixels = (size_t)image->width * (size_t)image->height;
  for (size_t i = 0; i < pixels; i++)
    for (int c = 0; c < image->channels; c++)
      sum[c] += image->pixels[i * image->channels + c];
  for (int c = 0; c < image->channels; c++)
    mean[c] = (double)sum[c] / (double)pixels;
}

uint8_t vt_luma(const uint8_t rgb[3])
{
  /* 0.299, 0.587 and 0.114 times 65536 */
  return (uint8_t)((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 32768u) >> 16);
}

/* Value of the map at continuous place (x, y), pixel i covering i..i+1. */
static float sample(const float *map, int height, int width, double x, double y)
{
  x -= 0.5;
  y -= 0.5;
  if (x < 0) x = 0;
  if (y < 0) y = 0;
  if (x > width - 1) x = width - 1;
  if (y > height - 1) y = height - 1;
  int x0 = (int)x, y0 = (int)y;
  int x1 = x0 + 1 < width ? x0 + 1 : x0, y1 = y0 + 1 < height ? y0 + 1 : y0;
  double fx = x - x0, fy = y - y0;
  const float *upper = map + (size_t)y0 * width, *lower = map + (size_t)y1 * width;
  return (float)((1 - fy) * ((1 - fx) * upper[x0] + fx * upper[x1]) +
                 fy * ((1 - fx) * lower[x0] + fx * lower[x1]));
}

void vt_map_resize(const float *map, int in_height, int in_width, float *out, int height, int width)
{
  double scale_x = (double)in_width / width, scale_y = (double)in_height / height;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      out[(size_t)y * width + x] = sample(map, in_height, in_width, (x + 0.5) * scale_x, (y + 0.5) * scale_y);
}

/* Place of a photo pixel's centre in the model's input; false when the model did not see it. */
static bool seen(const vt_placement *placement, int height, int width, int photo_x, int photo_y, double *x,
                 double *y)
{
  *x = (photo_x + 0.5 - placement->offset_x) / placement->scale_x;
  *y = (photo_y + 0.5 - placement->offset_y) / placement->scale_y;
  return *x >= 0 && *y >= 0 && *x < width && *y < height;
}

void vt_map_to_photo(const float *map, int height, int width, const vt_placement *placement, float outside,
                     float *out)
{
  for (int row = 0; row < placement->photo_height; row++)
    for (int column = 0; column < placement->photo_width; column++) {
      double x, y;
      bool inside = seen(placement, height, width, column, row, &x, &y);
      out[(size_t)row * placement->photo_width + column] =
          inside ? sample(map, height, width, x, y) : outside;
    }
}

void vt_labels_to_photo(const int32_t *labels, int height, int width, const vt_placement *placement,
                        int32_t outside, int32_t *out)
{
  for (int row = 0; row < placement->photo_height; row++)
    for (int column = 0; column < placement->photo_width; column++) {
      double x, y;
      bool inside = seen(placement, height, width, column, row, &x, &y);
      out[(size_t)row * placement->photo_width + column] =
          inside ? labels[(size_t)y * width + (size_t)x] : outside;
    }
}
