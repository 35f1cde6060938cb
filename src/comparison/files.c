/* SPDX-License-Identifier: Apache-2.0
 *
 * Maps and masks from files.
 */
#include <math.h>

#include "comparison/bench.h"
#include "data/picture.h"
#include "explain/regions.h"
#include "tensor/tensor.h"

static vt_status check_map(vt_ctx *ctx, const char *path, const vt_tensor *stored, int height, int width)
{
  char shape[160];
  int64_t rows = stored->rank >= 2 ? vt_tensor_dim(stored, -2) : 0,
          columns = stored->rank >= 2 ? vt_tensor_dim(stored, -1) : 0;
  if (rows < 1 || columns < 1 || vt_count(stored) != rows * columns || rows > height || columns > width)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA,
                   "%s: %s, but the model sees %d×%d: give one value for each pixel of it, or a smaller map",
                   path, vt_shape_text(stored, shape), height, width);
  for (int64_t i = 0; i < rows * columns; i++)
    if (!isfinite((float)vt_get_f64(stored, i)))
      return vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s: value %lld is not finite", path, (long long)i);
  return VT_OK;
}

static vt_status fit_map(vt_ctx *ctx, const vt_tensor *stored, int height, int width, float **out,
                         bool *enlarged)
{
  int rows = (int)vt_tensor_dim(stored, -2), columns = (int)vt_tensor_dim(stored, -1);
  bool fits = rows == height && columns == width;
  float *given = vt_alloc(ctx, (size_t)rows * (size_t)columns * sizeof *given);
  if (!given) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t i = 0; i < (int64_t)rows * columns; i++)
    given[i] = (float)vt_get_f64(stored, i);
  if (enlarged) *enlarged = !fits;
  if (fits) {
    *out = given;
    return VT_OK;
  }
  *out = vt_alloc(ctx, (size_t)height * (size_t)width * sizeof **out);
  if (*out) vt_map_resize(given, rows, columns, *out, height, width);
  vt_free(given);
  return *out ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

vt_status vt_map_read(vt_ctx *ctx, const char *path, int height, int width, float **out, bool *enlarged)
{
  size_t mark = vt_tensor_mark(ctx);
  vt_tensor *stored;
  *out = NULL;
  vt_status status = vt_npy_read(ctx, path, &stored);
  if (status == VT_OK) status = check_map(ctx, path, stored, height, width);
  if (status == VT_OK) status = fit_map(ctx, stored, height, width, out, enlarged);
  vt_tensor_release(ctx, mark);
  return status;
}

vt_status vt_truth_mask_read(vt_ctx *ctx, const char *path, const vt_placement *placement, int height,
                             int width, uint8_t **out)
{
  size_t mark = vt_tensor_mark(ctx);
  vt_tensor *labels; // i32[file height, file width]
  int64_t *places = NULL;
  *out = NULL;
  vt_status status = vt_label_map_read(ctx, path, &labels);
  if (status == VT_OK)
    status = vt_places_in_file(ctx, path, (int)vt_tensor_dim(labels, 0), (int)vt_tensor_dim(labels, 1),
                               height, width, placement, &places);
  if (status == VT_OK && !(*out = vt_alloc_zero(ctx, (size_t)height * (size_t)width, 1)))
    status = VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    const int32_t *values = vt_tensor_const_data(labels);
    for (int64_t i = 0; i < (int64_t)height * width; i++)
      (*out)[i] = places[i] >= 0 && values[places[i]] != 0;
  }
  vt_free(places);
  vt_tensor_release(ctx, mark);
  return status;
}
