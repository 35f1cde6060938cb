/* SPDX-License-Identifier: Apache-2.0
 *
 * Connected components by flood fill, and merging of small regions along their longest border with a
 * disjoint-set forest.
 */
#include "data/components.h"

#include <stdlib.h>

vt_status vt_components(vt_ctx *ctx, const int32_t *labels, int height, int width, int32_t *out, int *count)
{
  static const int step_x[] = {1, -1, 0, 0}, step_y[] = {0, 0, 1, -1};
  size_t pixels = (size_t)height * (size_t)width, waiting = 0;
  *count = 0;
  /* each pixel enters the stack once, when it gets its id */
  size_t *stack = vt_alloc_zero(ctx, pixels, sizeof *stack);
  int32_t *ids = vt_alloc_zero(ctx, pixels, sizeof *ids);
  if (!stack || !ids) {
    vt_free(stack);
    vt_free(ids);
    return VT_ERROR_OUT_OF_MEMORY;
  }
  for (size_t i = 0; i < pixels; i++)
    ids[i] = -1;
  for (size_t start = 0; start < pixels; start++) {
    if (ids[start] >= 0) continue;
    ids[start] = *count;
    stack[waiting++] = start;
    while (waiting > 0) {
      size_t here = stack[--waiting];
      int x = (int)(here % (size_t)width), y = (int)(here / (size_t)width);
      for (int side = 0; side < 4; side++) {
        int to_x = x + step_x[side], to_y = y + step_y[side];
        if (to_x < 0 || to_y < 0 || to_x >= width || to_y >= height) continue;
        size_t there = (size_t)to_y * (size_t)width + (size_t)to_x;
        if (ids[there] >= 0 || labels[there] != labels[here]) continue;
        ids[there] = *count;
        stack[waiting++] = there;
      }
    }
    (*count)++;
  }
  memcpy(out, ids, pixels * sizeof *out);
  vt_free(stack);
  vt_free(ids);
  return VT_OK;
}

/* A region's border with another, in pixel sides. */
typedef struct border {
  int32_t neighbour;
  int64_t length;
} border;

typedef struct region {
  int64_t area;
  int32_t parent;  /* of the disjoint-set forest; itself when it still stands */
  border *borders; /* may name regions that are gone, and one region several times */
  size_t count, capacity;
} region;

static int32_t root_of(region *regions, int32_t id)
{
  while (regions[id].parent != id) {
    regions[id].parent = regions[regions[id].parent].parent;
    id = regions[id].parent;
  }
  return id;
}

static vt_status add_border(vt_ctx *ctx, region *regions, int32_t id, int32_t neighbour, int64_t length)
{
  region *from = &regions[id];
  /* in raster order the same neighbour mostly comes again at once */
  if (from->count > 0 && from->borders[from->count - 1].neighbour == neighbour) {
    from->borders[from->count - 1].length += length;
    return VT_OK;
  }
  VT_TRY(vt_grow(ctx, &from->borders, &from->capacity, from->count, sizeof *from->borders));
  from->borders[from->count++] = (border){neighbour, length};
  return VT_OK;
}

static int by_neighbour(const void *a, const void *b)
{
  int32_t first = ((const border *)a)->neighbour, second = ((const border *)b)->neighbour;
  return (first > second) - (first < second);
}

/* Borders of a region with the regions that stand now, each once, ordered by id. */
static void settle_borders(region *regions, int32_t id)
{
  region *own = &regions[id];
  size_t kept = 0;
  for (size_t i = 0; i < own->count; i++)
    own->borders[i].neighbour = root_of(regions, own->borders[i].neighbour);
  if (own->count > 1) qsort(own->borders, own->count, sizeof *own->borders, by_neighbour);
  for (size_t i = 0; i < own->count; i++) {
    border item = own->borders[i];
    if (item.neighbour == id) continue;
    if (kept > 0 && own->borders[kept - 1].neighbour == item.neighbour)
      own->borders[kept - 1].length += item.length;
    else
      own->borders[kept++] = item;
  }
  own->count = kept;
}

static vt_status measure(vt_ctx *ctx, const int32_t *labels, int height, int width, region *regions)
{
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      const int32_t *here = labels + (size_t)y * (size_t)width + x;
      regions[*here].area++;
      if (x + 1 < width && here[1] != here[0]) {
        VT_TRY(add_border(ctx, regions, here[0], here[1], 1));
        VT_TRY(add_border(ctx, regions, here[1], here[0], 1));
      }
      if (y + 1 < height && here[width] != here[0]) {
        VT_TRY(add_border(ctx, regions, here[0], here[width], 1));
        VT_TRY(add_border(ctx, regions, here[width], here[0], 1));
      }
    }
  return VT_OK;
}

static vt_status join(vt_ctx *ctx, region *regions, int32_t id)
{
  settle_borders(regions, id);
  region *own = &regions[id];
  const border *longest = own->count ? own->borders : NULL;
  for (size_t i = 1; i < own->count; i++) {
    const border *other = &own->borders[i];
    bool smaller = regions[other->neighbour].area < regions[longest->neighbour].area;
    if (other->length > longest->length || (other->length == longest->length && smaller)) longest = other;
  }
  if (!longest) return VT_OK; /* covers everything */
  int32_t into = longest->neighbour;
  for (size_t i = 0; i < own->count; i++)
    VT_TRY(add_border(ctx, regions, into, own->borders[i].neighbour, own->borders[i].length));
  regions[into].area += own->area;
  own->parent = into;
  vt_free(own->borders);
  own->borders = NULL;
  own->count = own->capacity = 0;
  return VT_OK;
}

typedef struct ranked {
  int64_t area;
  int32_t id;
} ranked;

static int by_area(const void *a, const void *b)
{
  const ranked *first = a, *second = b;
  if (first->area != second->area) return first->area < second->area ? -1 : 1;
  return (first->id > second->id) - (first->id < second->id);
}

/* New numbers in raster order. */
static void renumber(region *regions, int32_t *labels, size_t pixels, int32_t *numbers, int *count)
{
  int next = 0;
  for (int id = 0; id < *count; id++)
    numbers[id] = -1;
  for (size_t i = 0; i < pixels; i++) {
    int32_t root = root_of(regions, labels[i]);
    if (numbers[root] < 0) numbers[root] = next++;
    labels[i] = numbers[root];
  }
  *count = next;
}

vt_status vt_regions_merge(vt_ctx *ctx, int32_t *labels, int height, int width, double min_area, int *count)
{
  vt_status status = VT_OK;
  size_t before = (size_t)*count;
  region *regions = vt_alloc_zero(ctx, before, sizeof *regions);
  ranked *order = vt_alloc_zero(ctx, before, sizeof *order);
  int32_t *numbers = vt_alloc_zero(ctx, before, sizeof *numbers);
  if (!regions || !order || !numbers) {
    status = VT_ERROR_OUT_OF_MEMORY;
    goto done;
  }
  for (size_t i = 0; i < before; i++)
    regions[i].parent = (int32_t)i;
  VT_TRY_DONE(measure(ctx, labels, height, width, regions));
  for (size_t i = 0; i < before; i++)
    order[i] = (ranked){regions[i].area, (int32_t)i};
  qsort(order, before, sizeof *order, by_area);
  /* One pass is enough: a region that was passed by is either gone or large enough, so a small one only grows
   * by joining something that comes later. */
  for (size_t i = 0; i < before; i++) {
    int32_t id = order[i].id;
    if (regions[id].parent == id && (double)regions[id].area < min_area) VT_TRY_DONE(join(ctx, regions, id));
  }
  renumber(regions, labels, (size_t)height * (size_t)width, numbers, count);
done:
  for (size_t i = 0; regions && i < before; i++)
    vt_free(regions[i].borders);
  vt_free(regions);
  vt_free(order);
  vt_free(numbers);
  return status;
}

vt_status vt_regions_clean(vt_ctx *ctx, int32_t *labels, int height, int width, double min_area, int *count,
                           int *merged)
{
  VT_TRY(vt_components(ctx, labels, height, width, labels, count));
  int parts = *count;
  VT_TRY(vt_regions_merge(ctx, labels, height, width, min_area, count));
  if (merged) *merged = parts - *count;
  return VT_OK;
}
