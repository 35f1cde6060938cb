/* SPDX-License-Identifier: Apache-2.0
 *
 * Correlations: Pearson, Spearman, Kendall τ-b (Knight 1966).
 */
#include <math.h>
#include <stdlib.h>

#include "math/statistics.h"

double vt_pearson(const double *x, const double *y, size_t count)
{
  if (count < 2) return NAN;
  double mean_x = vt_mean(x, count), mean_y = vt_mean(y, count), xx = 0, yy = 0, xy = 0;
  bool flat_x = true, flat_y = true;
  for (size_t i = 0; i < count; i++) {
    double dx = x[i] - mean_x, dy = y[i] - mean_y;
    xx += dx * dx, yy += dy * dy, xy += dx * dy;
    flat_x = flat_x && x[i] == x[0], flat_y = flat_y && y[i] == y[0];
  }
  if (flat_x || flat_y) return NAN;
  double value = xy / (sqrt(xx) * sqrt(yy));
  return value > 1 ? 1 : value < -1 ? -1 : value;
}

typedef struct pair {
  double x, y;
  size_t index;
} pair;

static int by_x_then_y(const void *a, const void *b)
{
  const pair *p = a, *q = b;
  if (p->x != q->x) return p->x < q->x ? -1 : 1;
  if (p->y != q->y) return p->y < q->y ? -1 : 1;
  return (p->index > q->index) - (p->index < q->index);
}

static vt_status sorted_pairs(vt_ctx *ctx, const double *x, const double *y, size_t count, pair **out)
{
  pair *pairs = *out = vt_alloc_zero(ctx, count ? count : 1, sizeof *pairs);
  if (!pairs) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < count; i++)
    pairs[i] = (pair){x[i], y ? y[i] : 0, i};
  qsort(pairs, count, sizeof *pairs, by_x_then_y);
  return VT_OK;
}

vt_status vt_ranks(vt_ctx *ctx, const double *values, size_t count, double *ranks)
{
  pair *pairs;
  VT_TRY(sorted_pairs(ctx, values, NULL, count, &pairs));
  for (size_t first = 0, end; first < count; first = end) {
    for (end = first + 1; end < count && pairs[end].x == pairs[first].x;)
      end++;
    for (size_t i = first; i < end; i++)
      ranks[pairs[i].index] = (double)(first + 1 + end) / 2;
  }
  vt_free(pairs);
  return VT_OK;
}

vt_status vt_spearman(vt_ctx *ctx, const double *x, const double *y, size_t count, double *out)
{
  double *ranks = vt_alloc_zero(ctx, count ? count : 1, 2 * sizeof *ranks);
  *out = NAN;
  if (!ranks) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_ranks(ctx, x, count, ranks);
  if (status == VT_OK) status = vt_ranks(ctx, y, count, ranks + count);
  if (status == VT_OK) *out = vt_pearson(ranks, ranks + count, count);
  vt_free(ranks);
  return status;
}

static double pairs_among(size_t tied)
{
  return .5 * (double)tied * (double)(tied - 1);
}

/* Merges runs of `width` in y; returns how many pairs stood in falling order. */
static double merge_runs(double *y, double *room, size_t count, size_t width)
{
  double falling = 0;
  for (size_t start = 0; start < count; start += 2 * width) {
    size_t middle = start + width < count ? start + width : count;
    size_t end = start + 2 * width < count ? start + 2 * width : count;
    size_t left = start, right = middle;
    for (size_t to = start; to < end; to++) {
      bool take_left = left < middle && (right >= end || y[left] <= y[right]);
      if (!take_left) falling += (double)(middle - left);
      room[to] = take_left ? y[left++] : y[right++];
    }
  }
  memcpy(y, room, count * sizeof *y);
  return falling;
}

vt_status vt_kendall(vt_ctx *ctx, const double *x, const double *y, size_t count, double *out)
{
  pair *pairs = NULL;
  *out = NAN;
  double *sorted = vt_alloc_zero(ctx, count ? count : 1, 2 * sizeof *sorted);
  vt_status status = sorted ? sorted_pairs(ctx, x, y, count, &pairs) : VT_ERROR_OUT_OF_MEMORY;
  if (status != VT_OK || count < 2) goto done;
  double all = pairs_among(count), tied_x = 0, tied_y = 0, tied_both = 0, falling = 0;
  for (size_t first = 0, end; first < count; first = end) {
    for (end = first + 1; end < count && pairs[end].x == pairs[first].x;)
      end++;
    tied_x += pairs_among(end - first);
    for (size_t from = first, to; from < end; from = to) {
      for (to = from + 1; to < end && pairs[to].y == pairs[from].y;)
        to++;
      tied_both += pairs_among(to - from);
    }
  }
  for (size_t i = 0; i < count; i++)
    sorted[i] = pairs[i].y;
  for (size_t width = 1; width < count; width *= 2)
    falling += merge_runs(sorted, sorted + count, count, width);
  for (size_t first = 0, end; first < count; first = end) {
    for (end = first + 1; end < count && sorted[end] == sorted[first];)
      end++;
    tied_y += pairs_among(end - first);
  }
  /* concordant − discordant; pairs tied in x stood in rising y, so none of them was counted as falling */
  double difference = all - tied_x - tied_y + tied_both - 2 * falling;
  double scale = sqrt(all - tied_x) * sqrt(all - tied_y);
  if (scale > 0) *out = difference / scale;
done:
  vt_free(pairs);
  vt_free(sorted);
  return status;
}
