/* SPDX-License-Identifier: Apache-2.0
 *
 * Masks and label maps from files: JSON, arrays, a folder of pictures, one picture of ids.
 */
#include "data/masks.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "data/vips.h"
#include "tensor/tensor.h"

enum { MAX_JSON = 256 << 20 };
static const uint64_t max_bits = (uint64_t)1 << 32;

vt_status vt_masks_new(vt_ctx *ctx, int count, int height, int width, vt_masks **out)
{
  *out = NULL;
  if (count < 1 || count > VT_MASK_MAX_COUNT || height < 1 || width < 1 || height > VT_MASK_MAX_SIDE ||
      width > VT_MASK_MAX_SIDE || (uint64_t)height * (uint64_t)width > max_bits / (uint64_t)count)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "%d masks of %d×%d pixels: more than is read at once", count,
                   height, width);
  vt_masks *masks = vt_alloc_zero(ctx, 1, sizeof *masks);
  if (!masks) return VT_ERROR_OUT_OF_MEMORY;
  *masks = (vt_masks){count, height, width, NULL};
  masks->bits = vt_alloc_zero(ctx, (size_t)count * (size_t)height, (size_t)width);
  if (!masks->bits) {
    vt_free(masks);
    return VT_ERROR_OUT_OF_MEMORY;
  }
  *out = masks;
  return VT_OK;
}

void vt_masks_free(vt_masks *masks)
{
  if (!masks) return;
  vt_free(masks->bits);
  vt_free(masks);
}

/* ---- values of a picture ---- */

/* A palette of greys is read as the greys. */
static bool all_grey(const uint8_t *raw, size_t pixels, int bands)
{
  for (size_t i = 0; i < pixels; i++) {
    const uint8_t *pixel = raw + i * (size_t)bands;
    if (pixel[0] != pixel[1] || pixel[0] != pixel[2]) return false;
  }
  return true;
}

static vt_status copy_values(vt_ctx *ctx, const char *path, VipsImage *image, int32_t *values)
{
  size_t pixels = (size_t)vips_image_get_width(image) * (size_t)vips_image_get_height(image);
  int bands = vips_image_get_bands(image);
  bool wide = vips_image_get_format(image) == VIPS_FORMAT_USHORT;
  if ((!wide && vips_image_get_format(image) != VIPS_FORMAT_UCHAR) || (wide && bands >= 3) || bands > 4)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA,
                   "%s: ids must be grey values of 8 or 16 bits, or colours of 8 bits", path);
  size_t bytes = (size_t)bands * (wide ? 2 : 1);
  uint8_t *raw = vt_alloc_zero(ctx, pixels, bytes);
  if (!raw) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_vips_pixels(ctx, path, image, raw);
  bool colours = status == VT_OK && bands >= 3 && !all_grey(raw, pixels, bands);
  for (size_t i = 0; i < pixels && status == VT_OK; i++) {
    const uint8_t *pixel = raw + i * bytes;
    uint16_t grey = pixel[0];
    if (wide) memcpy(&grey, pixel, 2);
    values[i] = colours ? pixel[0] << 16 | pixel[1] << 8 | pixel[2] : grey;
  }
  vt_free(raw);
  return status;
}

vt_status vt_image_values(vt_ctx *ctx, const char *path, int32_t **values, int *height, int *width)
{
  *values = NULL;
  vt_image_limits limits = vt_image_limits_default();
  unsigned char *bytes = NULL;
  size_t size;
  VipsImage *image = NULL;
  vt_status status = VT_OK;
  VT_TRY_DONE(vt_init(ctx));
  VT_TRY_DONE(vt_read_file(ctx, path, limits.max_bytes, &bytes, &size));
  VT_TRY_DONE(vt_vips_open(ctx, path, bytes, size, &limits, &image));
  *width = vips_image_get_width(image);
  *height = vips_image_get_height(image);
  *values = vt_alloc_zero(ctx, (size_t)*width * (size_t)*height, sizeof **values);
  status = *values ? copy_values(ctx, path, image, *values) : VT_ERROR_OUT_OF_MEMORY;
done:
  if (status != VT_OK) {
    vt_free(*values);
    *values = NULL;
  }
  if (image) g_object_unref(image);
  vt_free(bytes);
  vips_thread_shutdown();
  return status;
}

/* ---- a folder: what is not black in each picture is a mask ---- */

typedef struct name_list {
  char **names;
  size_t count, capacity;
} name_list;

static int by_name(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(name_list *list)
{
  for (size_t i = 0; i < list->count; i++)
    vt_free(list->names[i]);
  vt_free(list->names);
}

static bool is_png(const char *name)
{
  size_t length = strlen(name);
  return length > 4 && name[0] != '.' && strcasecmp(name + length - 4, ".png") == 0;
}

static vt_status list_pictures(vt_ctx *ctx, const char *path, name_list *list)
{
  DIR *folder = opendir(path);
  if (!folder) return vt_fail(ctx, VT_ERROR_IO, "%s: %s", path, strerror(errno));
  vt_status status = VT_OK;
  for (struct dirent *entry; status == VT_OK && (entry = readdir(folder));) {
    if (!is_png(entry->d_name)) continue;
    if (list->count == VT_MASK_MAX_COUNT) {
      status = vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s: more than %d pictures", path, VT_MASK_MAX_COUNT);
      break;
    }
    status = vt_grow(ctx, &list->names, &list->capacity, list->count, sizeof *list->names);
    if (status != VT_OK) break;
    list->names[list->count] = vt_path_join(ctx, path, entry->d_name);
    if (list->names[list->count])
      list->count++;
    else
      status = VT_ERROR_OUT_OF_MEMORY;
  }
  closedir(folder);
  if (status == VT_OK && list->count == 0)
    status =
        vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s: no .png files, one for each mask, are in this folder", path);
  if (status == VT_OK) qsort(list->names, list->count, sizeof *list->names, by_name);
  return status;
}

static vt_status read_folder(vt_ctx *ctx, const char *path, vt_masks **out)
{
  name_list list = {0};
  vt_masks *masks = NULL;
  vt_status status = list_pictures(ctx, path, &list);
  for (size_t i = 0; i < list.count && status == VT_OK; i++) {
    int32_t *values;
    int height, width;
    status = vt_image_values(ctx, list.names[i], &values, &height, &width);
    if (status == VT_OK && i == 0) status = vt_masks_new(ctx, (int)list.count, height, width, &masks);
    if (status == VT_OK && (height != masks->height || width != masks->width))
      status = vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s: %d×%d pixels, but the first mask has %d×%d",
                       list.names[i], width, height, masks->width, masks->height);
    if (status == VT_OK) {
      size_t pixels = (size_t)height * (size_t)width;
      for (size_t p = 0; p < pixels; p++)
        masks->bits[i * pixels + p] = values[p] != 0;
    }
    vt_free(values);
  }
  free_names(&list);
  if (status == VT_OK)
    *out = masks;
  else
    vt_masks_free(masks);
  return status;
}

/* ---- one map of ids: every value but 0 is a mask, in rising order ---- */

static int by_value(const void *a, const void *b)
{
  int32_t first = *(const int32_t *)a, second = *(const int32_t *)b;
  return (first > second) - (first < second);
}

static vt_status from_ids(vt_ctx *ctx, const char *path, const int32_t *values, int height, int width,
                          vt_masks **out)
{
  size_t pixels = (size_t)height * (size_t)width, count = 0;
  int32_t *ids = vt_alloc(ctx, pixels * sizeof *ids);
  if (!ids) return VT_ERROR_OUT_OF_MEMORY;
  memcpy(ids, values, pixels * sizeof *ids);
  qsort(ids, pixels, sizeof *ids, by_value);
  for (size_t i = 0; i < pixels; i++)
    if (ids[i] != 0 && (count == 0 || ids[i] != ids[count - 1])) ids[count++] = ids[i];
  vt_status status = VT_OK;
  if (count == 0)
    status = vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s: all ids are 0, so there is no mask", path);
  if (status == VT_OK)
    status = vt_masks_new(ctx, count > INT32_MAX ? INT32_MAX : (int)count, height, width, out);
  if (status == VT_OK)
    for (size_t i = 0; i < pixels; i++) {
      if (values[i] == 0) continue;
      const int32_t *found = bsearch(&values[i], ids, count, sizeof *ids, by_value);
      (*out)->bits[(size_t)(found - ids) * pixels + i] = 1;
    }
  else
    vt_fail_prefix(ctx, "%s", path);
  vt_free(ids);
  return status;
}

static bool ends_with(const char *path, const char *ending)
{
  size_t length = strlen(path), tail = strlen(ending);
  return length > tail && strcasecmp(path + length - tail, ending) == 0;
}

static bool is_whole_number(vt_type type)
{
  return type == VT_U8 || type == VT_I8 || type == VT_U16 || type == VT_I16 || type == VT_I32 ||
         type == VT_I64 || type == VT_U32 || type == VT_U64 || type == VT_BOOL;
}

static vt_status map_from_array(vt_ctx *ctx, const char *path, const vt_tensor *array, vt_tensor **out)
{
  char shape[160];
  if (!is_whole_number(array->type) || array->rank != 2 || array->dims[0] < 1 || array->dims[1] < 1 ||
      array->dims[0] > VT_MASK_MAX_SIDE || array->dims[1] > VT_MASK_MAX_SIDE)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA,
                   "%s: %s is no label map; [height, width] of integers is expected", path,
                   vt_shape_text(array, shape));
  vt_tensor *map = vt_tensor_new(ctx, VT_I32, 2, array->dims);
  if (!map) return vt_ctx_status(ctx);
  for (int64_t i = 0, count = vt_count(array); i < count; i++) {
    int64_t value = vt_get_i64(array, i);
    if (value < INT32_MIN || value > INT32_MAX)
      return vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s: label %lld does not fit in 32 bits", path,
                     (long long)value);
    ((int32_t *)map->data)[i] = (int32_t)value;
  }
  *out = map;
  return VT_OK;
}

vt_status vt_label_map_read(vt_ctx *ctx, const char *path, vt_tensor **out)
{
  *out = NULL;
  if (ends_with(path, ".npy")) {
    vt_tensor *array;
    VT_TRY(vt_npy_read(ctx, path, &array));
    return map_from_array(ctx, path, array, out);
  }
  int32_t *values;
  int height, width;
  VT_TRY(vt_image_values(ctx, path, &values, &height, &width));
  vt_tensor *map = vt_tensor_new(ctx, VT_I32, 2, (int64_t[]){height, width});
  if (map) memcpy(map->data, values, vt_bytes(map));
  vt_free(values);
  *out = map;
  return map ? VT_OK : vt_ctx_status(ctx);
}

/* `.npy`: [count, height, width] of anything that is zero or not. */
static vt_status read_stack(vt_ctx *ctx, const char *path, vt_masks **out)
{
  size_t mark = vt_tensor_mark(ctx);
  vt_status status = VT_OK;
  vt_tensor *array;
  char shape[160];
  VT_TRY_DONE(vt_npy_read(ctx, path, &array));
  bool fits = is_whole_number(array->type) && array->rank == 3;
  for (int axis = 0; axis < 3 && fits; axis++)
    fits = array->dims[axis] >= 1 && array->dims[axis] <= VT_MASK_MAX_SIDE;
  if (!fits) {
    status =
        vt_fail(ctx, VT_ERROR_INVALID_DATA,
                "%s: %s is no stack of masks; [count, height, width] of integers or booleans is expected",
                path, vt_shape_text(array, shape));
    goto done;
  }
  VT_TRY_DONE(vt_masks_new(ctx, (int)array->dims[0], (int)array->dims[1], (int)array->dims[2], out));
  for (int64_t i = 0, count = vt_count(array); i < count; i++)
    (*out)->bits[i] = vt_get_i64(array, i) != 0;
done:
  vt_tensor_release(ctx, mark);
  return status;
}

vt_status vt_masks_read(vt_ctx *ctx, const char *path, vt_masks **out)
{
  *out = NULL;
  struct stat info;
  if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) return read_folder(ctx, path, out);
  if (ends_with(path, ".npy")) return read_stack(ctx, path, out);
  vt_status status;
  if (ends_with(path, ".json")) {
    unsigned char *bytes;
    size_t size;
    VT_TRY(vt_read_file(ctx, path, MAX_JSON, &bytes, &size));
    status = vt_masks_parse(ctx, (const char *)bytes, size, 0, 0, out);
    if (status != VT_OK) vt_fail_prefix(ctx, "%s", path);
    vt_free(bytes);
    return status;
  }
  int32_t *values;
  int height, width;
  VT_TRY(vt_image_values(ctx, path, &values, &height, &width));
  status = from_ids(ctx, path, values, height, width, out);
  vt_free(values);
  return status;
}
