/* SPDX-License-Identifier: Apache-2.0
 *
 * Masks in COCO's JSON: a list of annotations (or an object that holds them), each with a segmentation that
 * is an RLE object or a list of polygons.
 */
#include <jansson.h>

#include "data/masks.h"

/* Row crossings of all polygons of a file: a second or two of work. */
static const int64_t max_work = (int64_t)1 << 30;

typedef struct reader {
  vt_ctx *ctx;
  vt_masks *masks;
  int64_t work;
} reader;

static bool is_side(const json_t *value)
{
  return json_is_integer(value) && json_integer_value(value) >= 1 &&
         json_integer_value(value) <= VT_MASK_MAX_SIDE;
}

/* What an element of the list holds: its "segmentation", or itself. */
static const json_t *segmentation_of(const json_t *item)
{
  const json_t *inner = json_object_get(item, "segmentation");
  return inner ? inner : item;
}

static vt_status read_counts(reader *file, const json_t *counts, uint8_t *bits)
{
  vt_masks *masks = file->masks;
  if (json_is_string(counts))
    return vt_rle_decode(file->ctx, json_string_value(counts), json_string_length(counts), masks->height,
                         masks->width, bits);
  if (!json_is_array(counts))
    return vt_fail(file->ctx, VT_ERROR_INVALID_DATA,
                   "RLE: \"counts\" must be a list of run lengths or a text");
  size_t count = json_array_size(counts);
  int64_t *runs = vt_alloc_zero(file->ctx, count, sizeof *runs);
  if (!runs) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = VT_OK;
  for (size_t i = 0; i < count && status == VT_OK; i++) {
    const json_t *run = json_array_get(counts, i);
    runs[i] = json_integer_value(run);
    if (!json_is_integer(run))
      status = vt_fail(file->ctx, VT_ERROR_INVALID_DATA, "RLE: run %zu is not an integer", i);
  }
  if (status == VT_OK) status = vt_rle_fill(file->ctx, runs, count, masks->height, masks->width, bits);
  vt_free(runs);
  return status;
}

static vt_status read_rle(reader *file, const json_t *rle, uint8_t *bits)
{
  const json_t *size = json_object_get(rle, "size");
  if (size) {
    json_int_t height = json_integer_value(json_array_get(size, 0)),
               width = json_integer_value(json_array_get(size, 1));
    if (height != file->masks->height || width != file->masks->width)
      return vt_fail(file->ctx, VT_ERROR_INVALID_DATA, "RLE: size [%lld, %lld], but the masks are [%d, %d]",
                     (long long)height, (long long)width, file->masks->height, file->masks->width);
  }
  return read_counts(file, json_object_get(rle, "counts"), bits);
}

static vt_status read_polygon(reader *file, const json_t *polygon, uint8_t *bits)
{
  size_t count = json_array_size(polygon);
  if (!json_is_array(polygon) || count < 6 || count % 2)
    return vt_fail(file->ctx, VT_ERROR_INVALID_DATA,
                   "a polygon is a list x, y, x, y, … of at least 3 points");
  double *points = vt_alloc_zero(file->ctx, count, sizeof *points);
  if (!points) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = VT_OK;
  for (size_t i = 0; i < count && status == VT_OK; i++) {
    const json_t *number = json_array_get(polygon, i);
    points[i] = json_number_value(number);
    if (!json_is_number(number))
      status = vt_fail(file->ctx, VT_ERROR_INVALID_DATA, "polygon: coordinate %zu is not a number", i);
  }
  if (status == VT_OK)
    status = vt_polygon_fill(file->ctx, points, count / 2, file->masks->height, file->masks->width,
                             &file->work, bits);
  vt_free(points);
  return status;
}

static vt_status read_segmentation(reader *file, const json_t *segmentation, uint8_t *bits)
{
  if (json_is_object(segmentation)) return read_rle(file, segmentation, bits);
  if (!json_is_array(segmentation) || json_array_size(segmentation) == 0)
    return vt_fail(file->ctx, VT_ERROR_INVALID_DATA, "a segmentation is an RLE object or a list of polygons");
  /* one bare polygon, or a list of them */
  if (json_is_number(json_array_get(segmentation, 0))) return read_polygon(file, segmentation, bits);
  for (size_t i = 0; i < json_array_size(segmentation); i++)
    VT_TRY(read_polygon(file, json_array_get(segmentation, i), bits));
  return VT_OK;
}

/* Size from the caller, else from the first RLE, else from the only image. */
static vt_status find_size(vt_ctx *ctx, const json_t *root, const json_t *list, int *height, int *width)
{
  const json_t *images = json_object_get(root, "images"), *image = json_array_get(images, 0);
  if (json_array_size(images) > 1)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA,
                   "the masks belong to %zu images; keep those of one image (filter by \"image_id\")",
                   json_array_size(images));
  if (*height > 0 && *width > 0) return VT_OK;
  const json_t *high = NULL, *wide = NULL;
  for (size_t i = 0; i < json_array_size(list) && !high; i++) {
    const json_t *size = json_object_get(segmentation_of(json_array_get(list, i)), "size");
    high = json_array_get(size, 0);
    wide = json_array_get(size, 1);
  }
  if (!high) {
    high = json_object_get(image, "height");
    wide = json_object_get(image, "width");
  }
  if (!high)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA,
                   "the size of the masks is given neither by an RLE nor by \"images\"");
  if (!is_side(high) || !is_side(wide))
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "the size of the masks must be [height, width], 1 to %d each",
                   VT_MASK_MAX_SIDE);
  *height = (int)json_integer_value(high);
  *width = (int)json_integer_value(wide);
  return VT_OK;
}

static vt_status read_root(vt_ctx *ctx, json_t *root, int height, int width, vt_masks **out)
{
  json_t *list = json_is_array(root) ? root : json_object_get(root, "annotations");
  if (!json_is_array(list))
    return vt_fail(ctx, VT_ERROR_INVALID_DATA,
                   "masks: a list, or an object with \"annotations\", is expected");
  size_t count = json_array_size(list);
  if (count < 1 || count > VT_MASK_MAX_COUNT)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "%zu masks; 1 to %d are read", count, VT_MASK_MAX_COUNT);
  VT_TRY(find_size(ctx, root, list, &height, &width));
  vt_masks *masks;
  VT_TRY(vt_masks_new(ctx, (int)count, height, width, &masks));
  reader file = {ctx, masks, max_work};
  for (size_t i = 0; i < count; i++) {
    vt_status status = vt_check_cancel(ctx);
    if (status == VT_OK) {
      status = read_segmentation(&file, segmentation_of(json_array_get(list, i)),
                                 masks->bits + i * (size_t)height * (size_t)width);
      if (status != VT_OK) vt_fail_prefix(ctx, "mask %zu", i);
    }
    if (status != VT_OK) {
      vt_masks_free(masks);
      return status;
    }
  }
  *out = masks;
  return VT_OK;
}

vt_status vt_masks_parse(vt_ctx *ctx, const char *json, size_t size, int height, int width, vt_masks **out)
{
  *out = NULL;
  json_error_t error;
  json_t *root = json_loadb(json, size, 0, &error);
  if (!root) return vt_fail(ctx, VT_ERROR_INVALID_DATA, "masks: line %d: %s", error.line, error.text);
  vt_status status = read_root(ctx, root, height, width, out);
  json_decref(root);
  return status;
}
