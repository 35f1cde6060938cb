/* SPDX-License-Identifier: Apache-2.0
 *
 * Label maps and masks from files, brought to the model's view.
 */
#include "explain/regions.h"

#include <math.h>

#include "tensor/tensor.h"

vt_status vt_regions_read(vt_ctx *ctx, const char *path, vt_regions **out)
{
  *out = NULL;
  size_t mark = vt_tensor_mark(ctx);
  vt_tensor *map; // i32[height, width]
  vt_status status = vt_label_map_read(ctx, path, &map);
  if (status == VT_OK) {
    status = vt_regions_from_labels(ctx, map->data, (int)map->dims[0], (int)map->dims[1], out);
    if (status != VT_OK) vt_fail_prefix(ctx, "%s", path);
  }
  vt_tensor_release(ctx, mark);
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

/* Behind all ids: the border of a letterbox is a region of its own. */
static int32_t outside_label(const int32_t *ids, int64_t count)
{
  int32_t highest = -1;
  for (int64_t i = 0; i < count; i++)
    if (ids[i] > highest) highest = ids[i];
  return highest < INT32_MAX ? highest + 1 : highest;
}

vt_status vt_labels_from_file(vt_ctx *ctx, const char *path, int height, int width,
                              const vt_placement *placement, int32_t *labels)
{
  size_t mark = vt_tensor_mark(ctx);
  vt_tensor *map; // i32[file height, file width]
  int64_t *places = NULL;
  vt_status status = vt_label_map_read(ctx, path, &map);
  if (status == VT_OK)
    status =
        vt_places_in_file(ctx, path, (int)map->dims[0], (int)map->dims[1], height, width, placement, &places);
  if (status == VT_OK) {
    const int32_t *ids = map->data;
    int32_t outside = outside_label(ids, vt_count(map));
    for (int64_t i = 0; i < (int64_t)height * width; i++)
      labels[i] = places[i] < 0 ? outside : ids[places[i]];
  }
  vt_free(places);
  vt_tensor_release(ctx, mark);
  return status;
}
