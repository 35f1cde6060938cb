/* SPDX-License-Identifier: Apache-2.0
 *
 * A photograph to the picture and the numbers a model wants.
 */
#include <math.h>

#include "data/picture.h"

/* Size after resizing, and where the model's window lies in it (may be negative: black border). */
typedef struct geometry {
  int width, height, left, top;
} geometry;

static int at_least_one(double pixels)
{
  return pixels < 1 ? 1 : pixels > INT32_MAX ? INT32_MAX : (int)pixels;
}

/* Half of the surplus or of the border, rounded down in size: the smaller part lies left and above. */
static int centre(int size, int window)
{
  return size >= window ? (size - window) / 2 : -((window - size) / 2);
}

static geometry plan(const vt_preprocess *preprocess, const vt_image *photo)
{
  double width = photo->width, height = photo->height;
  geometry result = {preprocess->width, preprocess->height, 0, 0};
  switch (preprocess->resize) {
  case VT_RESIZE_STRETCH:
    if (preprocess->resize_to) result.width = result.height = preprocess->resize_to;
    break;
  case VT_RESIZE_LETTERBOX: {
    double scale = fmin(preprocess->width / width, preprocess->height / height);
    result.width = at_least_one(rint(width * scale));
    result.height = at_least_one(rint(height * scale));
    break;
  }
  case VT_RESIZE_SHORT_SIDE:
  default: {
    /* The side that decides gets its size exactly, the other is rounded. Without resize_to both sides must
     * cover the window; for a square one that is the short side. */
    bool by_width =
        preprocess->resize_to ? width <= height : preprocess->width * height >= preprocess->height * width;
    int side = preprocess->resize_to ? preprocess->resize_to
               : by_width            ? preprocess->width
                                     : preprocess->height;
    result.width = by_width ? side : at_least_one(rint(side * width / height));
    result.height = by_width ? at_least_one(rint(side * height / width)) : side;
    break;
  }
  }
  result.left = centre(result.width, preprocess->width);
  result.top = centre(result.height, preprocess->height);
  return result;
}

static vt_status to_grey(vt_ctx *ctx, const vt_image *image, vt_image **out)
{
  VT_TRY(vt_image_new(ctx, image->width, image->height, 1, out));
  for (size_t i = 0, count = vt_image_bytes(*out); i < count; i++)
    (*out)->pixels[i] = vt_luma(image->pixels + 3 * i);
  return VT_OK;
}

/* One photo column as wide as a map can be is not resized to the end of memory. */
static vt_status check_result(vt_ctx *ctx, const vt_image *photo, const geometry *result)
{
  if ((double)result->width * result->height > 1e9)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA,
                   "a picture of %d×%d pixels would be resized to %d×%d for this model; crop it first",
                   photo->width, photo->height, result->width, result->height);
  return VT_OK;
}

vt_status vt_preprocess_image(vt_ctx *ctx, const vt_preprocess *preprocess, const vt_image *photo,
                              vt_image **out, vt_placement *placement)
{
  *out = NULL;
  if (preprocess->width < 1 || preprocess->height < 1)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "the size of the model's picture is not known; give \"size\" in the sidecar");
  if (photo->channels != 3 && photo->channels != preprocess->channels)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a picture with %d channels for a model that takes %d",
                   photo->channels, preprocess->channels);
  geometry result = {photo->width, photo->height, 0, 0};
  if (photo->width != preprocess->width || photo->height != preprocess->height)
    result = plan(preprocess, photo);
  VT_TRY(check_result(ctx, photo, &result));
  vt_status status = VT_OK;
  vt_image *resized = NULL, *window = NULL;
  VT_TRY_DONE(vt_image_resize(ctx, photo, result.width, result.height, preprocess->interpolation, &resized));
  VT_TRY_DONE(
      vt_image_crop(ctx, resized, result.left, result.top, preprocess->width, preprocess->height, &window));
  if (preprocess->channels == 1 && window->channels == 3) {
    VT_TRY_DONE(to_grey(ctx, window, out));
  } else {
    *out = window;
    window = NULL;
  }
  if (placement) {
    placement->photo_width = photo->width;
    placement->photo_height = photo->height;
    placement->scale_x = (double)photo->width / result.width;
    placement->scale_y = (double)photo->height / result.height;
    placement->offset_x = result.left * placement->scale_x;
    placement->offset_y = result.top * placement->scale_y;
  }
done:
  vt_image_free(resized);
  vt_image_free(window);
  return status;
}

void vt_preprocess_floats(const vt_preprocess *preprocess, const vt_image *picture, float *out)
{
  size_t pixels = (size_t)picture->width * (size_t)picture->height;
  int channels = preprocess->channels;
  for (size_t i = 0; i < pixels; i++) {
    const uint8_t *pixel = picture->pixels + i * (size_t)picture->channels;
    for (int c = 0; c < channels; c++) {
      double value;
      if (picture->channels == 1)
        value = pixel[0];
      else if (channels == 1)
        value = vt_luma(pixel);
      else
        value = pixel[preprocess->bgr ? channels - 1 - c : c];
      size_t at = preprocess->channels_last ? i * (size_t)channels + (size_t)c : (size_t)c * pixels + i;
      out[at] = (float)((value * preprocess->scale - preprocess->mean[c]) / preprocess->std[c]);
    }
  }
}
