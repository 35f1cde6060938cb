/* SPDX-License-Identifier: Apache-2.0
 *
 * Label maps and masks from files, brought to the model's view.
 */
#include "explain/regions.h"

#include <math.h>
#include <strings.h>

#include "tensor/tensor.h"

static bool has_ending(const char *path, const char *ending)
{
  size_t length = strlen(path), tail = strlen(ending);
  return length >= tail && strcasecmp(path + length - tail, ending) == 0;
}

static bool is_whole_number(vt_type type)
{
  return type == VT_U8 || type == VT_I8 || type == VT_U16 || type == VT_I16 || type == VT_I32 ||
         type == VT_I64 || type == VT_U32 || type == VT_U64 || type == VT_BOOL;
}

static vt_status labels_of_tensor(vt_ctx *ctx, const char *path, const vt_tensor *tensor, int32_t **labels,
                                  int *height, int *width)
{
  char shape[160];
  if (tensor->rank != 2 || !is_whole_number(tensor->type))
    return vt_fail(ctx, VT_ERROR_INVALID_DATA,
                   "%s: a label map is a whole-number array [height, width], this is %s", path,
                   vt_shape_text(tensor, shape));
  int64_t count = vt_count(tensor);
  if (count < 1 || count > INT32_MAX)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s: %s is no size for a label map", path,
                   vt_shape_text(tensor, shape));
  *labels = vt_alloc_zero(ctx, (size_t)count, sizeof **labels);
  if (!*labels) return VT_ERROR_OUT_OF_MEMORY;
  *height = (int)tensor->dims[0];
  *width = (int)tensor->dims[1];
  for (int64_t i = 0; i < count; i++) {
    int64_t id = vt_get_i64(tensor, i);
    if (id < INT32_MIN || id > INT32_MAX)
      return vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s: label %lld at x %lld, y %lld is out of range", path,
                     (long long)id, (long long)(i % *width), (long long)(i / *width));
    (*labels)[i] = (int32_t)id;
  }
  return VT_OK;
}

/* Pictures are decoded to 8 bits, which would merge ids of a 16-bit PNG: byte 24 of a PNG is its bit depth.
 */
static vt_status refuse_deep_png(vt_ctx *ctx, const char *path)
{
  unsigned char head[25];
  FILE *file = fopen(path, "rb");
  if (!file) return VT_OK; /* the decoder has the better message */
  size_t size = fread(head, 1, sizeof head, file);
  fclose(file);
  if (size == sizeof head && memcmp(head, "\x89PNG", 4) == 0 && head[24] == 16)
    return vt_fail(
        ctx, VT_ERROR_INVALID_DATA,
        "%s: a 16-bit PNG would lose ids when it is decoded; save the label map as .npy or as an 8-bit PNG",
        path);
  return VT_OK;
}

static vt_status labels_of_image(vt_ctx *ctx, const char *path, int32_t **labels, int *height, int *width)
{
  VT_TRY(refuse_deep_png(ctx, path));
  vt_image *image;
  VT_TRY(vt_image_read(ctx, path, NULL, &image));
  size_t count = (size_t)image->width * (size_t)image->height;
  *height = image->height;
  *width = image->width;
  *labels = vt_alloc_zero(ctx, count, sizeof **labels);
  bool grey = true;
  for (size_t i = 0; grey && i < count; i++) {
    const uint8_t *pixel = image->pixels + i * (size_t)image->channels;
    grey = image->channels < 3 || (pixel[0] == pixel[1] && pixel[1] == pixel[2]);
  }
  for (size_t i = 0; *labels && i < count; i++) {
    const uint8_t *pixel = image->pixels + i * (size_t)image->channels;
    (*labels)[i] = grey ? pixel[0] : pixel[0] << 16 | pixel[1] << 8 | pixel[2];
  }
  vt_image_free(image);
  return *labels ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

vt_status vt_label_file_read(vt_ctx *ctx, const char *path, int32_t **labels, int *height, int *width)
{
  *labels = NULL;
  vt_status status;
  if (has_ending(path, ".npy")) {
    size_t mark = vt_tensor_mark(ctx);
    vt_tensor *tensor;
    status = vt_npy_read(ctx, path, &tensor);
    if (status == VT_OK) status = labels_of_tensor(ctx, path, tensor, labels, height, width);
    vt_tensor_release(ctx, mark);
  } else {
    status = labels_of_image(ctx, path, labels, height, width);
  }
  if (status != VT_OK) {
    vt_free(*labels);
    *labels = NULL;
  }
  return status;
}

vt_status vt_regions_read(vt_ctx *ctx, const char *path, vt_regions **out)
{
  int32_t *labels;
  int height, width;
  *out = NULL;
  VT_TRY(vt_label_file_read(ctx, path, &labels, &height, &width));
  vt_status status = vt_regions_from_labels(ctx, labels, height, width, out);
  if (status != VT_OK) vt_fail_prefix(ctx, "%s", path);
  vt_free(labels);
  return status;
}

vt_status vt_places_in_file(vt_ctx *ctx, const char *path, int file_height, int file_width, int height,
                            int width, const vt_placement *placement, int64_t **places)
{
  *places = NULL;
  bool same = file_height == height && file_width == width;
  bool photo = placement && file_height == placement->photo_height && file_width == placement->photo_width;
  if (!same && !photo) {
    if (placement)
      return vt_fail(
          ctx, VT_ERROR_INVALID_DATA,
          "%s is %d × %d (height × width), but the model's input is %d × %d and the photograph %d × %d", path,
          file_height, file_width, height, width, placement->photo_height, placement->photo_width);
    return vt_fail(ctx, VT_ERROR_INVALID_DATA,
                   "%s is %d × %d (height × width), but the model's input is %d × %d", path, file_height,
                   file_width, height, width);
  }
  *places = vt_alloc_zero(ctx, (size_t)height * (size_t)width, sizeof **places);
  if (!*places) return VT_ERROR_OUT_OF_MEMORY;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      /* centre of the model's pixel on the photograph */
      double photo_x = same ? x : floor((x + 0.5) * placement->scale_x + placement->offset_x);
      double photo_y = same ? y : floor((y + 0.5) * placement->scale_y + placement->offset_y);
      bool inside = photo_x >= 0 && photo_y >= 0 && photo_x < file_width && photo_y < file_height;
      (*places)[(int64_t)y * width + x] = inside ? (int64_t)photo_y * file_width + (int64_t)photo_x : -1;
    }
  return VT_OK;
}

vt_status vt_labels_from_file(vt_ctx *ctx, const char *path, int height, int width,
                              const vt_placement *placement, int32_t *labels)
{
  int32_t *ids;
  int file_height, file_width;
  int64_t *places = NULL;
  VT_TRY(vt_label_file_read(ctx, path, &ids, &file_height, &file_width));
  vt_status status = vt_places_in_file(ctx, path, file_height, file_width, height, width, placement, &places);
  int32_t outside = 0; /* border of a letterbox: a region of its own behind all ids */
  for (int64_t i = 0; status == VT_OK && i < (int64_t)file_height * file_width; i++)
    if (ids[i] >= outside) outside = ids[i] < INT32_MAX ? ids[i] + 1 : INT32_MAX;
  for (int64_t i = 0; status == VT_OK && i < (int64_t)height * width; i++)
    labels[i] = places[i] < 0 ? outside : ids[places[i]];
  vt_free(places);
  vt_free(ids);
  return status;
}
