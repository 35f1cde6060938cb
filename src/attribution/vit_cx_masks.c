/* SPDX-License-Identifier: Apache-2.0
 *
 * Scaling, likeness and groups of masks.
 */
#include "attribution/vit_cx_masks.h"

#include <math.h>

#include "data/picture.h"
#include "math/linkage.h"
#include "ops/op.h"

vt_status vt_cx_masks_new(vt_ctx *ctx, int count, int height, int width, vt_cx_masks *out)
{
  size_t bytes;
  *out = (vt_cx_masks){.count = count, .height = height, .width = width};
  out->places = (size_t)height * (size_t)width;
  if (!vt_size_mul(out->places, sizeof *out->values, &bytes))
    return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "masks of %d × %d do not fit into memory", height, width);
  out->values = vt_alloc_zero(ctx, (size_t)count, bytes);
  out->first = vt_alloc_zero(ctx, (size_t)count, sizeof *out->first);
  return out->values && out->first ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

void vt_cx_masks_free(vt_cx_masks *masks)
{
  vt_free(masks->values);
  vt_free(masks->first);
  *masks = (vt_cx_masks){0};
}

static void scale(const double *values, size_t count, float *out)
{
  double low = INFINITY, high = -INFINITY;
  for (size_t i = 0; i < count; i++) {
    low = fmin(low, values[i]);
    high = fmax(high, values[i]);
  }
  for (size_t i = 0; i < count; i++)
    out[i] = high > low ? (float)((values[i] - low) / (high - low)) : 0;
}

void vt_cx_masks_put(vt_cx_masks *masks, int index, const float *map, int height, int width)
{
  float *row = masks->values + (size_t)index * masks->places;
  vt_map_resize(map, height, width, row, masks->height, masks->width);
  float low = INFINITY, high = -INFINITY;
  for (size_t i = 0; i < masks->places; i++) {
    low = fminf(low, row[i]);
    high = fmaxf(high, row[i]);
  }
  for (size_t i = 0; i < masks->places; i++)
    row[i] = high > low ? (row[i] - low) / (high - low) : 0;
}

/* ---- likeness ---- */

/* In f64, over eight sums side by side so that it is fast; their order is fixed. */
VT_CLONES static double dot(const float *a, const float *b, size_t count)
{
  double sums[8] = {0}, sum = 0;
  size_t i = 0;
  for (; i + 8 <= count; i += 8)
    for (size_t k = 0; k < 8; k++)
      sums[k] += (double)a[i + k] * (double)b[i + k];
  for (; i < count; i++)
    sum += (double)a[i] * (double)b[i];
  for (size_t k = 0; k < 8; k++)
    sum += sums[k];
  return sum;
}

typedef struct products {
  const vt_cx_masks *masks;
  double *values; /* [count, count] the upper half and the diagonal */
} products;

static void multiply(void *user, int64_t first, int64_t last)
{
  const products *p = user;
  size_t count = (size_t)p->masks->count, places = p->masks->places;
  for (size_t i = (size_t)first; i < (size_t)last; i++)
    for (size_t j = i; j < count; j++)
      p->values[i * count + j] = dot(p->masks->values + i * places, p->masks->values + j * places, places);
}

/* Distances in place of products. An empty mask is like no other. */
static void measure(double *values, size_t count)
{
  for (size_t i = 0; i < count; i++)
    for (size_t j = i + 1; j < count; j++) {
      double size = sqrt(values[i * count + i]) * sqrt(values[j * count + j]);
      values[i * count + j] = values[j * count + i] = size > 0 ? 1 - values[i * count + j] / size : 1;
    }
}

/* ---- groups ---- */

static void add_groups(vt_cx_masks *masks, const int *labels, double *sum)
{
  for (int group = 0; group < masks->groups; group++) {
    masks->first[group] = -1;
    memset(sum, 0, masks->places * sizeof *sum);
    for (int i = 0; i < masks->count; i++) {
      if (labels[i] != group) continue;
      if (masks->first[group] < 0) masks->first[group] = i;
      for (size_t p = 0; p < masks->places; p++)
        sum[p] += (double)masks->values[(size_t)i * masks->places + p];
    }
    scale(sum, masks->places, masks->values + (size_t)masks->first[group] * masks->places);
  }
}

vt_status vt_cx_masks_cluster(vt_ctx *ctx, vt_cx_masks *masks, double threshold)
{
  size_t count = (size_t)masks->count;
  products p = {masks, vt_alloc_zero(ctx, count, count * sizeof *p.values)};
  int *labels = vt_alloc_zero(ctx, count, sizeof *labels);
  double *sum = vt_alloc_zero(ctx, masks->places, sizeof *sum);
  vt_status status = p.values && labels && sum ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    vt_parallel(ctx, masks->count, 4, multiply, &p);
    measure(p.values, count);
    status = vt_linkage_complete(ctx, p.values, count, threshold, labels, &masks->groups);
  }
  if (status == VT_OK) add_groups(masks, labels, sum);
  vt_free(p.values);
  vt_free(labels);
  vt_free(sum);
  return status;
}
