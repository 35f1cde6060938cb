/* SPDX-License-Identifier: Apache-2.0
 *
 * Regions of XRAI.
 */
#include <math.h>
#include <stdlib.h>

#include "attribution/xrai.h"
#include "tensor/tensor.h"
#include "vitrail/data.h"

void vt_xrai_free(vt_xrai_regions *regions)
{
  vt_free(regions->pixels);
  vt_free(regions->start);
  *regions = (vt_xrai_regions){0};
}

static vt_status push(vt_ctx *ctx, vt_xrai_regions *regions, size_t *end, int32_t pixel)
{
  VT_TRY(vt_grow(ctx, &regions->pixels, &regions->pixel_capacity, *end, sizeof *regions->pixels));
  regions->pixels[(*end)++] = pixel;
  return VT_OK;
}

/* A disc: half-widths of its rows, by distance from the middle row. */
typedef struct disc {
  int radius;
  int *reach; /* [radius + 1] */
} disc;

/* Marks what region `label` covers in `covered` [height, width]: every pixel of it stamps the rows of the
 * disc. Only pixels on its border need to; the others stamp themselves. */
static void stamp(const int32_t *labels, int32_t label, int height, int width, const disc *d,
                  const int box[4], uint8_t *covered)
{
  for (int y = box[1]; y <= box[3]; y++)
    for (int x = box[0]; x <= box[2]; x++) {
      const int32_t *at = labels + (size_t)y * (size_t)width + (size_t)x;
      if (*at != label) continue;
      covered[(size_t)y * (size_t)width + (size_t)x] = 1;
      bool inner = (x == 0 || at[-1] == label) && (x == width - 1 || at[1] == label) &&
                   (y == 0 || at[-width] == label) && (y == height - 1 || at[width] == label);
      if (inner) continue;
      for (int dy = -d->radius; dy <= d->radius; dy++) {
        if (y + dy < 0 || y + dy >= height) continue;
        int reach = d->reach[abs(dy)], from = x - reach < 0 ? 0 : x - reach,
            to = x + reach >= width ? width - 1 : x + reach;
        memset(covered + (size_t)(y + dy) * (size_t)width + (size_t)from, 1, (size_t)(to - from + 1));
      }
    }
}

static vt_status add_region(vt_ctx *ctx, const int32_t *labels, int32_t label, int height, int width,
                            const disc *d, const int box[4], uint8_t *covered, vt_xrai_regions *regions)
{
  size_t pixels = (size_t)height * (size_t)width, end = regions->start[regions->count];
  memset(covered, 0, pixels);
  stamp(labels, label, height, width, d, box, covered);
  for (size_t i = 0; i < pixels; i++)
    if (covered[i]) VT_TRY(push(ctx, regions, &end, (int32_t)i));
  VT_TRY(vt_grow(ctx, &regions->start, &regions->start_capacity, regions->count + 1, sizeof *regions->start));
  regions->start[++regions->count] = end;
  return VT_OK;
}

/* Bounding boxes [x0, y0, x1, y1] by label; x1 < x0: unused. */
static void find_boxes(const int32_t *labels, int count, int height, int width, int (*boxes)[4])
{
  for (int r = 0; r < count; r++)
    memcpy(boxes[r], (int[4]){width, height, -1, -1}, sizeof boxes[r]);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      int *box = boxes[labels[(size_t)y * (size_t)width + (size_t)x]];
      if (x < box[0]) box[0] = x;
      if (y < box[1]) box[1] = y;
      if (x > box[2]) box[2] = x;
      if (y > box[3]) box[3] = y;
    }
}

vt_status vt_xrai_add(vt_ctx *ctx, const int32_t *labels, int count, int height, int width, int dilation,
                      vt_xrai_regions *regions)
{
  vt_status status = VT_OK;
  disc d = {dilation, vt_alloc_zero(ctx, (size_t)dilation + 1, sizeof *d.reach)};
  int(*boxes)[4] = vt_alloc_zero(ctx, (size_t)count, sizeof *boxes);
  uint8_t *covered = vt_alloc_zero(ctx, (size_t)height, (size_t)width);
  if (!d.reach || !boxes || !covered) {
    status = VT_ERROR_OUT_OF_MEMORY;
    goto done;
  }
  for (int y = 0; y <= dilation; y++)
    while ((d.reach[y] + 1) * (d.reach[y] + 1) + y * y <= dilation * dilation)
      d.reach[y]++;
  if (!regions->start) {
    VT_TRY_DONE(vt_grow(ctx, &regions->start, &regions->start_capacity, 0, sizeof *regions->start));
    regions->start[0] = 0;
  }
  find_boxes(labels, count, height, width, boxes);
  for (int r = 0; r < count; r++)
    if (boxes[r][2] >= boxes[r][0])
      VT_TRY_DONE(add_region(ctx, labels, r, height, width, &d, boxes[r], covered, regions));
done:
  vt_free(d.reach);
  vt_free(boxes);
  vt_free(covered);
  return status;
}

vt_status vt_xrai_read(vt_ctx *ctx, const char *path, int height, int width, int dilation,
                       vt_xrai_regions *regions)
{
  enum { MOST_LABELS = 1 << 20 };
  vt_tensor *file;
  char shape[160];
  size_t mark = vt_tensor_mark(ctx), pixels = (size_t)height * (size_t)width;
  int32_t *labels = NULL;
  vt_status status = vt_npy_read(ctx, path, &file);
  if (status != VT_OK) return vt_fail_prefix(ctx, "segments");
  bool integers = file->type == VT_I32 || file->type == VT_I64 || file->type == VT_U8 || file->type == VT_U16;
  if (!integers || file->rank != 3 || file->dims[1] != height || file->dims[2] != width) {
    status = vt_fail(ctx, VT_ERROR_INVALID_DATA, "segments: %s is %s; it takes whole numbers [n, %d, %d]",
                     path, vt_shape_text(file, shape), height, width);
    goto done;
  }
  labels = vt_alloc_zero(ctx, pixels, sizeof *labels);
  if (!labels) {
    status = VT_ERROR_OUT_OF_MEMORY;
    goto done;
  }
  for (int64_t layer = 0; layer < file->dims[0]; layer++) {
    int64_t most = 0;
    for (size_t i = 0; i < pixels; i++) {
      int64_t label = vt_get_i64(file, layer * (int64_t)pixels + (int64_t)i);
      if (label < 0 || label >= MOST_LABELS) {
        status = vt_fail(ctx, VT_ERROR_INVALID_DATA, "segments: %s has the label %lld; 0 to %d are possible",
                         path, (long long)label, MOST_LABELS - 1);
        goto done;
      }
      labels[i] = (int32_t)label;
      if (label > most) most = label;
    }
    VT_TRY_DONE(vt_xrai_add(ctx, labels, (int)most + 1, height, width, dilation, regions));
  }
done:
  vt_free(labels);
  vt_tensor_release(ctx, mark);
  return status;
}

/* ---- joining ---- */

/* Number of pixels that a region adds; their sum in `sum`. */
static int64_t added(const vt_xrai_regions *regions, size_t r, const uint8_t *covered, const double *map,
                     double *sum)
{
  int64_t count = 0;
  *sum = 0;
  for (size_t k = regions->start[r]; k < regions->start[r + 1]; k++) {
    int32_t pixel = regions->pixels[k];
    if (covered[pixel]) continue;
    *sum += map[pixel];
    count++;
  }
  return count;
}

static void fill_rest(const uint8_t *covered, const double *map, size_t pixels, bool rank, double *out)
{
  double sum = 0;
  size_t count = 0;
  for (size_t i = 0; i < pixels; i++)
    if (!covered[i]) {
      sum += map[i];
      count++;
    }
  for (size_t i = 0; i < pixels; i++)
    if (!covered[i]) out[i] = rank ? 0 : sum / (double)count;
}

vt_status vt_xrai_join(vt_ctx *ctx, const vt_xrai_regions *regions, const double *map, size_t pixels,
                       int64_t min_gain, bool rank, double *out)
{
  uint8_t *covered = vt_alloc_zero(ctx, pixels, 1), *gone = vt_alloc_zero(ctx, regions->count + 1, 1);
  vt_status status = covered && gone ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  int place = 0;
  while (status == VT_OK) {
    double best = -INFINITY;
    size_t chosen = regions->count;
    for (size_t r = 0; r < regions->count; r++) {
      if (gone[r]) continue;
      double sum;
      int64_t count = added(regions, r, covered, map, &sum);
      if (count < min_gain)
        gone[r] = 1; /* it can only add less later */
      else if (sum / (double)count > best) {
        best = sum / (double)count;
        chosen = r;
      }
    }
    if (chosen == regions->count) break;
    gone[chosen] = 1;
    for (size_t k = regions->start[chosen]; k < regions->start[chosen + 1]; k++) {
      int32_t pixel = regions->pixels[k];
      if (!covered[pixel]) out[pixel] = rank ? place : best;
      covered[pixel] = 1;
    }
    place++;
    status = vt_check_cancel(ctx);
  }
  if (status == VT_OK && rank)
    for (size_t i = 0; i < pixels; i++)
      if (covered[i]) out[i] = 1 - out[i] / place;
  if (status == VT_OK) fill_rest(covered, map, pixels, rank, out);
  vt_free(covered);
  vt_free(gone);
  return status;
}
