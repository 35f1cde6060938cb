/* SPDX-License-Identifier: Apache-2.0
 *
 * Fills: what stands where a region is hidden, as a picture of the model's size. To add one: a function and a
 * row.
 */
#include "base/base.h"
#include "data/picture.h"
#include "explain/divide.h"
#include "explain/model.h"

#include <math.h>

static vt_status fill_black(vt_ctx *ctx, const vt_image *picture, uint64_t seed, vt_image *blank)
{
  VT_UNUSED(ctx);
  VT_UNUSED(picture);
  VT_UNUSED(seed);
  memset(blank->pixels, 0, vt_image_bytes(blank));
  return VT_OK;
}

static vt_status fill_white(vt_ctx *ctx, const vt_image *picture, uint64_t seed, vt_image *blank)
{
  VT_UNUSED(ctx);
  VT_UNUSED(picture);
  VT_UNUSED(seed);
  memset(blank->pixels, 255, vt_image_bytes(blank));
  return VT_OK;
}

static vt_status fill_mean(vt_ctx *ctx, const vt_image *picture, uint64_t seed, vt_image *blank)
{
  VT_UNUSED(ctx);
  VT_UNUSED(seed);
  double mean[4];
  vt_image_mean(picture, mean);
  size_t channels = (size_t)picture->channels;
  for (size_t i = 0; i < vt_image_bytes(blank); i++)
    blank->pixels[i] = (uint8_t)lround(mean[i % channels]);
  return VT_OK;
}

static vt_status fill_blur(vt_ctx *ctx, const vt_image *picture, uint64_t seed, vt_image *blank)
{
  VT_UNUSED(seed);
  int side = picture->width < picture->height ? picture->width : picture->height;
  vt_image *blurred;
  VT_TRY(vt_image_blur(ctx, picture, side / 12.0, 0, &blurred));
  memcpy(blank->pixels, blurred->pixels, vt_image_bytes(blank));
  vt_image_free(blurred);
  return VT_OK;
}

static vt_status fill_noise(vt_ctx *ctx, const vt_image *picture, uint64_t seed, vt_image *blank)
{
  VT_UNUSED(ctx);
  VT_UNUSED(picture);
  uint64_t stream = vt_stream("fill-noise", 0);
  size_t bytes = vt_image_bytes(blank);
  for (size_t i = 0; i < bytes; i += 16) {
    uint32_t bits[4];
    vt_random_bits(seed, stream, i / 16, bits);
    for (size_t b = 0; b < 16 && i + b < bytes; b++)
      blank->pixels[i + b] = (uint8_t)(bits[b / 4] >> (8 * (b % 4)));
  }
  return VT_OK;
}

static const struct {
  const char *id;
  vt_status (*make)(vt_ctx *ctx, const vt_image *picture, uint64_t seed, vt_image *blank);
} fills[] = {{"black", fill_black},
             {"white", fill_white},
             {"mean", fill_mean},
             {"blur", fill_blur},
             {"noise", fill_noise}};

/* The 8-bit picture nearest to 0 after normalisation: the mean colour of the model's training pictures. */
static vt_status fill_zero(vt_ctx *ctx, const vt_model *model, const vt_image *picture, vt_image **out)
{
  const vt_preprocess *preprocess = vt_model_preprocess(model);
  size_t channels = (size_t)picture->channels;
  VT_TRY(vt_image_new(ctx, picture->width, picture->height, picture->channels, out));
  for (size_t i = 0; i < vt_image_bytes(*out); i++) {
    size_t c = i % channels, of_model = preprocess->bgr ? channels - 1 - c : c;
    double value = preprocess->mean[of_model] / preprocess->scale;
    (*out)->pixels[i] = value > 0 ? (uint8_t)lround(fmin(value, 255)) : 0;
  }
  return VT_OK;
}

static vt_status fill_from_file(vt_ctx *ctx, const char *path, const vt_model *model, const vt_image *picture,
                                vt_image **out)
{
  if (!vt_file_exists(path))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "fill '%s' is neither zero, black, white, mean, blur, noise nor an image file", path);
  vt_image *image;
  VT_TRY(vt_image_read(ctx, path, NULL, &image));
  vt_status status = vt_preprocess_image(ctx, vt_model_preprocess(model), image, out, NULL);
  vt_image_free(image);
  if (status != VT_OK) return vt_fail_prefix(ctx, "fill %s", path);
  if ((*out)->width == picture->width && (*out)->height == picture->height) return VT_OK;
  status = vt_fail(ctx, VT_ERROR_INVALID_DATA,
                   "fill %s became %d × %d pixels (height × width), the picture has %d × %d", path,
                   (*out)->height, (*out)->width, picture->height, picture->width);
  vt_image_free(*out);
  *out = NULL;
  return status;
}

vt_status vt_fill_make(vt_ctx *ctx, const char *text, const vt_model *model, const vt_image *picture,
                       uint64_t seed, vt_image **out)
{
  *out = NULL;
  if (strcmp(text, "zero") == 0) return fill_zero(ctx, model, picture, out);
  for (size_t i = 0; i < VT_COUNT(fills); i++) {
    if (strcmp(fills[i].id, text) != 0) continue;
    vt_image *blank;
    VT_TRY(vt_image_new(ctx, picture->width, picture->height, picture->channels, &blank));
    vt_status status = fills[i].make(ctx, picture, seed, blank);
    if (status != VT_OK) {
      vt_image_free(blank);
      return status;
    }
    *out = blank;
    return VT_OK;
  }
  return fill_from_file(ctx, text, model, picture, out);
}
