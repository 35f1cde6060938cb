/* SPDX-License-Identifier: Apache-2.0
 *
 * Regions: a label map made consecutive, with the pixels of each region as one list, so that composing an
 * input touches only the pixels that change.
 */
#include "explain/regions.h"

#include <stdlib.h>

static int compare_ids(const void *a, const void *b)
{
  int32_t left = *(const int32_t *)a, right = *(const int32_t *)b;
  return (left > right) - (left < right);
}

static vt_status refuse_holes(vt_ctx *ctx, const int32_t *labels, int height, int width)
{
  int64_t holes = 0, first = -1, pixels = (int64_t)height * width;
  for (int64_t i = 0; i < pixels; i++) {
    if (labels[i] >= 0) continue;
    if (first < 0) first = i;
    holes++;
  }
  if (!holes) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_DATA,
                 "label map has holes: %lld of %lld pixels have a negative label, the first %d at x %lld, y "
                 "%lld; give every pixel a region (0 or more)",
                 (long long)holes, (long long)pixels, (int)labels[first], (long long)(first % width),
                 (long long)(first / width));
}

/* Distinct labels in rising order at the front of `ids`. Runs of one label are entered once, which keeps the
 * sort short. */
static int collect_ids(const int32_t *labels, int64_t pixels, int32_t *ids)
{
  int64_t entered = 0;
  for (int64_t i = 0; i < pixels; i++)
    if (i == 0 || labels[i] != labels[i - 1]) ids[entered++] = labels[i];
  qsort(ids, (size_t)entered, sizeof *ids, compare_ids);
  int count = 0;
  for (int64_t i = 0; i < entered; i++)
    if (i == 0 || ids[i] != ids[count - 1]) ids[count++] = ids[i];
  return count;
}

static int index_of(const int32_t *ids, int count, int32_t id)
{
  int low = 0, high = count - 1;
  while (low < high) {
    int middle = low + (high - low) / 2;
    if (ids[middle] < id)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static vt_status fill_regions(vt_ctx *ctx, vt_regions *regions, const int32_t *labels)
{
  int64_t pixels = (int64_t)regions->height * regions->width;
  regions->labels = vt_alloc(ctx, (size_t)pixels * sizeof *regions->labels);
  regions->pixels = vt_alloc(ctx, (size_t)pixels * sizeof *regions->pixels);
  if (!regions->labels || !regions->pixels) return VT_ERROR_OUT_OF_MEMORY;
  regions->count =
      collect_ids(labels, pixels, regions->pixels); /* its place is free until the lists are made */
  regions->ids = vt_alloc_zero(ctx, (size_t)regions->count, sizeof *regions->ids);
  regions->offsets = vt_alloc_zero(ctx, (size_t)regions->count + 1, sizeof *regions->offsets);
  int64_t *next = vt_alloc_zero(ctx, (size_t)regions->count, sizeof *next);
  if (!regions->ids || !regions->offsets || !next) {
    vt_free(next);
    return VT_ERROR_OUT_OF_MEMORY;
  }
  memcpy(regions->ids, regions->pixels, (size_t)regions->count * sizeof *regions->ids);
  int index = 0;
  for (int64_t i = 0; i < pixels; i++) {
    if (i == 0 || labels[i] != labels[i - 1]) index = index_of(regions->ids, regions->count, labels[i]);
    regions->labels[i] = index;
    regions->offsets[index + 1]++;
  }
  for (int r = 0; r < regions->count; r++) {
    next[r] = regions->offsets[r];
    regions->offsets[r + 1] += regions->offsets[r];
  }
  for (int64_t i = 0; i < pixels; i++)
    regions->pixels[next[regions->labels[i]]++] = (int32_t)i;
  vt_free(next);
  return VT_OK;
}

vt_status vt_regions_from_labels(vt_ctx *ctx, const int32_t *labels, int height, int width, vt_regions **out)
{
  *out = NULL;
  if (height < 1 || width < 1)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a label map of %d × %d pixels has no region", height,
                   width);
  if ((int64_t)height * width > INT32_MAX)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a label map of %d × %d pixels is too large", height,
                   width);
  VT_TRY(refuse_holes(ctx, labels, height, width));
  vt_regions *regions = vt_alloc_zero(ctx, 1, sizeof *regions);
  if (!regions) return VT_ERROR_OUT_OF_MEMORY;
  regions->height = height;
  regions->width = width;
  vt_status status = fill_regions(ctx, regions, labels);
  if (status != VT_OK) {
    vt_regions_free(regions);
    return status;
  }
  *out = regions;
  return VT_OK;
}

void vt_regions_free(vt_regions *regions)
{
  if (!regions) return;
  vt_free(regions->labels);
  vt_free(regions->ids);
  vt_free(regions->offsets);
  vt_free(regions->pixels);
  vt_free(regions);
}

int vt_regions_count(const vt_regions *regions)
{
  return regions->count;
}

int32_t vt_regions_id(const vt_regions *regions, int index)
{
  return index >= 0 && index < regions->count ? regions->ids[index] : -1;
}

int64_t vt_regions_area(const vt_regions *regions, int index)
{
  return index >= 0 && index < regions->count ? regions->offsets[index + 1] - regions->offsets[index] : 0;
}

const int32_t *vt_regions_labels(const vt_regions *regions, int *height, int *width)
{
  if (height) *height = regions->height;
  if (width) *width = regions->width;
  return regions->labels;
}

const int32_t *vt_regions_pixels(const vt_regions *regions, int index, int64_t *count)
{
  *count = vt_regions_area(regions, index);
  return *count ? regions->pixels + regions->offsets[index] : NULL;
}

void vt_regions_box(const vt_regions *regions, int index, int box[4], double centroid[2])
{
  int64_t count;
  const int32_t *pixels = vt_regions_pixels(regions, index, &count);
  int left = regions->width, top = regions->height, right = -1, bottom = -1;
  double x_sum = 0, y_sum = 0;
  for (int64_t i = 0; i < count; i++) {
    int x = pixels[i] % regions->width, y = pixels[i] / regions->width;
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < top) top = y;
    if (y > bottom) bottom = y;
    x_sum += x;
    y_sum += y;
  }
  if (!count) left = top = 0;
  box[0] = left;
  box[1] = top;
  box[2] = right - left + 1 > 0 && count ? right - left + 1 : 0;
  box[3] = bottom - top + 1 > 0 && count ? bottom - top + 1 : 0;
  centroid[0] = count ? x_sum / (double)count : 0;
  centroid[1] = count ? y_sum / (double)count : 0;
}
