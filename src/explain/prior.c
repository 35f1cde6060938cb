/* SPDX-License-Identifier: Apache-2.0
 *
 * Regions from a saliency map (02-smdl, Division): the map shrunk to a grid of patches, the patches sorted by
 * falling value, the first D the first region, the next D the second, and so on. Regions need not be
 * connected.
 */
#include "explain/regions.h"

#include <math.h>
#include <stdlib.h>

#include "data/picture.h"
#include "tensor/tensor.h"

enum { DEFAULT_GRID = 10, DEFAULT_PER_REGION = 4 };

typedef struct patch {
  float value;
  int index;
} patch;

/* Falling values; equal ones in order of the patches. */
static int compare_patches(const void *a, const void *b)
{
  const patch *left = a, *right = b;
  if (left->value != right->value) return left->value > right->value ? -1 : 1;
  return left->index - right->index;
}

vt_status vt_prior_labels(vt_ctx *ctx, const float *map, int map_height, int map_width, int grid,
                          int per_region, int height, int width, int32_t *labels, bool *constant)
{
  if (grid < 1 || grid > height || grid > width)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "a prior cannot be cut into %d × %d patches on %d × %d pixels; 1 to %d are possible", grid,
                   grid, height, width, height < width ? height : width);
  if (per_region < 1)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a region of a prior holds at least one patch, not %d",
                   per_region);
  for (int64_t i = 0; i < (int64_t)map_height * map_width; i++)
    if (!isfinite(map[i]))
      return vt_fail(ctx, VT_ERROR_INVALID_DATA, "the prior map holds %s at x %lld, y %lld",
                     isnan(map[i]) ? "NaN" : "infinity", (long long)(i % map_width),
                     (long long)(i / map_width));
  int count = grid * grid;
  float *values = vt_alloc_zero(ctx, (size_t)count, sizeof *values);
  patch *patches = vt_alloc_zero(ctx, (size_t)count, sizeof *patches);
  int32_t *regions = vt_alloc_zero(ctx, (size_t)count, sizeof *regions);
  if (values && patches && regions) {
    vt_map_resize(map, map_height, map_width, values, grid, grid);
    for (int i = 0; i < count; i++)
      patches[i] = (patch){.value = values[i], .index = i};
    qsort(patches, (size_t)count, sizeof *patches, compare_patches);
    for (int i = 0; i < count; i++)
      regions[patches[i].index] = i / per_region;
    if (constant) *constant = patches[0].value == patches[count - 1].value;
    for (int y = 0; y < height; y++)
      for (int x = 0; x < width; x++) {
        int row = (int)((int64_t)y * grid / height), column = (int)((int64_t)x * grid / width);
        labels[(int64_t)y * width + x] = regions[row * grid + column];
      }
  }
  bool complete = values && patches && regions;
  vt_free(values);
  vt_free(patches);
  vt_free(regions);
  return complete ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

/* FILE[,N,D]: numbers count from the end, so that a comma in the file's name does no harm. */
static vt_status split_argument(vt_ctx *ctx, const char *argument, char **path, int *grid, int *per_region)
{
  *grid = DEFAULT_GRID;
  *per_region = DEFAULT_PER_REGION;
  *path = vt_strdup(ctx, argument);
  if (!*path) return VT_ERROR_OUT_OF_MEMORY;
  char *last = strrchr(*path, ',');
  int64_t n, d;
  if (!last || !vt_parse_integer(last + 1, &d)) return VT_OK;
  *last = 0;
  char *before = strrchr(*path, ',');
  if (!before || !vt_parse_integer(before + 1, &n) || n < 1 || n > 4096 || d < 1 || d > 4096 * 4096) {
    vt_free(*path);
    *path = NULL;
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "'prior:%s': expected prior:FILE.npy or prior:FILE.npy,N,D (N × N patches, D a region)",
                   argument);
  }
  *before = 0;
  *grid = (int)n;
  *per_region = (int)d;
  return VT_OK;
}

/* The map as floats; one of the photograph's size is first brought to the model's view,
 * unseen pixels get its minimum. */
static vt_status read_map(vt_ctx *ctx, const char *path, int height, int width, const vt_placement *placement,
                          float **map, int *map_height, int *map_width)
{
  vt_tensor *tensor;
  VT_TRY(vt_npy_read(ctx, path, &tensor));
  char shape[160];
  int64_t count = vt_count(tensor);
  if (tensor->rank != 2 || count < 1 || count > INT32_MAX)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s: a prior is an array [height, width], this is %s", path,
                   vt_shape_text(tensor, shape));
  *map_height = (int)tensor->dims[0];
  *map_width = (int)tensor->dims[1];
  bool photo = placement && *map_height == placement->photo_height && *map_width == placement->photo_width;
  int64_t *places = NULL;
  if (photo) {
    VT_TRY(vt_places_in_file(ctx, path, *map_height, *map_width, height, width, placement, &places));
    *map_height = height;
    *map_width = width;
  }
  int64_t size = (int64_t)*map_height * *map_width;
  *map = vt_alloc_zero(ctx, (size_t)size, sizeof **map);
  double lowest = vt_get_f64(tensor, 0);
  for (int64_t i = 1; photo && i < count; i++)
    lowest = fmin(lowest, vt_get_f64(tensor, i));
  for (int64_t i = 0; *map && i < size; i++) {
    int64_t place = places ? places[i] : i;
    (*map)[i] = (float)(place < 0 ? lowest : vt_get_f64(tensor, place));
  }
  vt_free(places);
  return *map ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

vt_status vt_labels_from_prior(vt_ctx *ctx, const char *argument, int height, int width,
                               const vt_placement *placement, int32_t *labels)
{
  char *path = NULL;
  float *map = NULL;
  int grid, per_region, map_height = 0, map_width = 0;
  VT_TRY(split_argument(ctx, argument, &path, &grid, &per_region));
  size_t mark = vt_tensor_mark(ctx);
  vt_status status = read_map(ctx, path, height, width, placement, &map, &map_height, &map_width);
  vt_tensor_release(ctx, mark);
  bool constant = false;
  if (status == VT_OK) {
    status =
        vt_prior_labels(ctx, map, map_height, map_width, grid, per_region, height, width, labels, &constant);
    if (status != VT_OK) vt_fail_prefix(ctx, "%s", path);
  }
  if (constant)
    vt_log(VT_LOG_WARNING, "%s: the prior has one value only, so its patches are taken row by row", path);
  vt_free(map);
  vt_free(path);
  return status;
}
