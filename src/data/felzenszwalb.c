/* SPDX-License-Identifier: Apache-2.0
 *
 * Graph segmentation (Felzenszwalb and Huttenlocher 2004): neighbouring pixels are joined in order of their
 * colour difference w while w ≤ min(Int(A) + k/|A|, Int(B) + k/|B|), Int being the largest difference inside
 * so far. Colour differences are Euclidean, in 8-bit units, between Gaussian-smoothed pixels and their eight
 * neighbours.
 */
#include <math.h>
#include <stdlib.h>

#include "data/components.h"
#include "data/picture.h"

enum { AUTOMATIC_REGIONS = 50, FEWEST = 45, MOST = 58, SEARCH_STEPS = 24, SMALLEST_SHARE = 500 };

typedef struct edge {
  float weight;
  uint32_t from, to; /* pixels */
} edge;

typedef struct forest {
  uint32_t *parent, *size;
  float *inner; /* Int of the root's set */
} forest;

typedef struct graph {
  vt_ctx *ctx;
  int width, height;
  size_t edges;
  edge *edge;
  forest sets;
} graph;

static int by_weight(const void *a, const void *b)
{
  const edge *first = a, *second = b;
  if (first->weight != second->weight) return first->weight < second->weight ? -1 : 1;
  if (first->from != second->from) return first->from < second->from ? -1 : 1;
  return (first->to > second->to) - (first->to < second->to);
}

static uint32_t root_of(const forest *sets, uint32_t pixel)
{
  while (sets->parent[pixel] != pixel) {
    sets->parent[pixel] = sets->parent[sets->parent[pixel]];
    pixel = sets->parent[pixel];
  }
  return pixel;
}

static void unite(forest *sets, uint32_t a, uint32_t b)
{
  sets->parent[b] = a;
  sets->size[a] += sets->size[b];
}

static float difference(const double *a, const double *b, int channels)
{
  double sum = 0;
  for (int c = 0; c < channels; c++)
    sum += (a[c] - b[c]) * (a[c] - b[c]);
  return (float)sqrt(sum);
}

/* Each pixel with its neighbours to the right, below left, below and below right. */
static void build_edges(graph *run, const double *smooth, int channels)
{
  static const int step_x[] = {1, -1, 0, 1}, step_y[] = {0, 1, 1, 1};
  for (int y = 0; y < run->height; y++)
    for (int x = 0; x < run->width; x++)
      for (int i = 0; i < 4; i++) {
        int to_x = x + step_x[i], to_y = y + step_y[i];
        if (to_x < 0 || to_x >= run->width || to_y >= run->height) continue;
        size_t from = (size_t)y * (size_t)run->width + (size_t)x,
               to = (size_t)to_y * (size_t)run->width + (size_t)to_x;
        run->edge[run->edges++] =
            (edge){difference(smooth + from * (size_t)channels, smooth + to * (size_t)channels, channels),
                   (uint32_t)from, (uint32_t)to};
      }
  qsort(run->edge, run->edges, sizeof *run->edge, by_weight);
}

/* One segmentation with the given k. Sets that hang together by corners only are
 * cut and their crumbs merged. */
static vt_status segment(graph *run, double scale, double min_area, int32_t *labels, int *count)
{
  forest *sets = &run->sets;
  size_t pixels = (size_t)run->width * (size_t)run->height;
  for (size_t i = 0; i < pixels; i++) {
    sets->parent[i] = (uint32_t)i;
    sets->size[i] = 1;
    sets->inner[i] = 0;
  }
  for (size_t i = 0; i < run->edges; i++) {
    uint32_t a = root_of(sets, run->edge[i].from), b = root_of(sets, run->edge[i].to);
    if (a == b) continue;
    double weight = run->edge[i].weight;
    if (weight > sets->inner[a] + scale / sets->size[a] || weight > sets->inner[b] + scale / sets->size[b])
      continue;
    unite(sets, a, b);
    sets->inner[a] = run->edge[i].weight; /* edges come in rising order */
  }
  /* small sets go to the neighbour of the most similar colour */
  for (size_t i = 0; i < run->edges; i++) {
    uint32_t a = root_of(sets, run->edge[i].from), b = root_of(sets, run->edge[i].to);
    if (a != b && (sets->size[a] < min_area || sets->size[b] < min_area)) unite(sets, a, b);
  }
  for (size_t i = 0; i < pixels; i++)
    labels[i] = (int32_t)root_of(sets, (uint32_t)i);
  return vt_regions_clean(run->ctx, labels, run->height, run->width, min_area, count, NULL);
}

/* The number of regions falls as k rises, nearly always: bisection on log k, the nearest to the wanted number
 * is kept. */
static vt_status search_scale(graph *run, double min_area, int32_t *labels, int *count)
{
  double low = 1e-2, high = 1e6, best_scale = 1;
  int best = INT32_MAX;
  for (int i = 0; i < SEARCH_STEPS; i++) {
    VT_TRY(vt_check_cancel(run->ctx));
    double scale = sqrt(low * high);
    VT_TRY(segment(run, scale, min_area, labels, count));
    if (*count >= FEWEST && *count <= MOST) return VT_OK;
    if (abs(*count - AUTOMATIC_REGIONS) < best) {
      best = abs(*count - AUTOMATIC_REGIONS);
      best_scale = scale;
    }
    if (*count > AUTOMATIC_REGIONS)
      low = scale;
    else
      high = scale;
  }
  return segment(run, best_scale, min_area, labels, count);
}

vt_status vt_felzenszwalb(vt_ctx *ctx, const vt_image *image, double scale, double sigma, int min_size,
                          int32_t *labels, int *count)
{
  *count = 0;
  if (!(scale >= 0 && isfinite(scale)) || !(sigma >= 0 && sigma <= 100) || min_size < 0)
    return vt_fail(
        ctx, VT_ERROR_INVALID_ARGUMENT,
        "felzenszwalb: scale %g must be 0 (automatic) or more, sigma %g 0 to 100, min_size %d 0 or more",
        scale, sigma, min_size);
  size_t pixels = (size_t)image->width * (size_t)image->height;
  if (pixels > INT32_MAX / 4)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "felzenszwalb: %d×%d pixels are too many", image->width,
                   image->height);
  double min_area = min_size ? min_size : (double)pixels / SMALLEST_SHARE;
  graph run = {.ctx = ctx, .width = image->width, .height = image->height};
  vt_status status = VT_OK;
  double *smooth = vt_alloc_zero(ctx, vt_image_bytes(image), sizeof *smooth); /* [height, width, channels] */
  run.edge = vt_alloc_zero(ctx, pixels * 4, sizeof *run.edge);
  run.sets.parent = vt_alloc_zero(ctx, pixels, sizeof *run.sets.parent);
  run.sets.size = vt_alloc_zero(ctx, pixels, sizeof *run.sets.size);
  run.sets.inner = vt_alloc_zero(ctx, pixels, sizeof *run.sets.inner);
  if (!smooth || !run.edge || !run.sets.parent || !run.sets.size || !run.sets.inner) {
    status = VT_ERROR_OUT_OF_MEMORY;
    goto done;
  }
  VT_TRY_DONE(vt_image_smooth(ctx, image, sigma, 0, smooth));
  build_edges(&run, smooth, image->channels);
  if (scale > 0)
    VT_TRY_DONE(segment(&run, scale, min_area, labels, count));
  else
    VT_TRY_DONE(search_scale(&run, min_area, labels, count));
done:
  vt_free(smooth);
  vt_free(run.edge);
  vt_free(run.sets.parent);
  vt_free(run.sets.size);
  vt_free(run.sets.inner);
  return status;
}
