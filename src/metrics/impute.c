/* SPDX-License-Identifier: Apache-2.0
 *
 * The system: (sum of weights) · x − Σ weights · missing neighbours = Σ weights · known neighbours. It is
 * symmetric, and positive definite as soon as one pixel is known.
 */
#include "metrics/impute.h"

#include "math/conjugate.h"

enum { AROUND = 8, MOST_STEPS = 100000 };

typedef struct hole {
  int height, width;
  size_t count;        /* missing pixels */
  int32_t *pixels;     /* [count] */
  int32_t *neighbours; /* [count, AROUND] places in the list of missing pixels; −1: known or outside */
  double *weight;      /* [count] sum of the weights inside the picture */
} hole;

static const int offsets[AROUND][2] = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}, {-1, -1}, {-1, 1}, {1, -1}, {1, 1}};

static double weight_of(int neighbour)
{
  return neighbour < 4 ? 1.0 / 6 : 1.0 / 12;
}

/* Pixel beside pixel `p`, −1: outside. */
static int32_t beside(const hole *h, int32_t p, int neighbour)
{
  int y = p / h->width + offsets[neighbour][0], x = p % h->width + offsets[neighbour][1];
  return y < 0 || x < 0 || y >= h->height || x >= h->width ? -1 : y * h->width + x;
}

static void apply(const void *user, const double *x, double *out)
{
  const hole *h = user;
  for (size_t i = 0; i < h->count; i++) {
    double sum = h->weight[i] * x[i];
    for (int n = 0; n < AROUND; n++) {
      int32_t other = h->neighbours[i * AROUND + (size_t)n];
      if (other >= 0) sum -= weight_of(n) * x[other];
    }
    out[i] = sum;
  }
}

/* `places` [height · width] is scratch: the place of each missing pixel in the list. */
static void find_neighbours(hole *h, const uint8_t *missing, int32_t *places)
{
  size_t next = 0;
  for (int32_t p = 0; p < h->height * h->width; p++) {
    places[p] = missing[p] ? (int32_t)next : -1;
    if (missing[p]) h->pixels[next++] = p;
  }
  for (size_t i = 0; i < h->count; i++)
    for (int n = 0; n < AROUND; n++) {
      int32_t other = beside(h, h->pixels[i], n);
      h->neighbours[i * AROUND + (size_t)n] = other < 0 ? -1 : places[other];
      if (other >= 0) h->weight[i] += weight_of(n);
    }
}

static vt_status solve(vt_ctx *ctx, const hole *h, const uint8_t *missing, float *channel, size_t step,
                       double *room)
{
  double *b = room, *x = room + h->count, mean = 0;
  size_t pixels = (size_t)h->height * (size_t)h->width;
  for (size_t p = 0; p < pixels; p++)
    if (!missing[p]) mean += (double)channel[p * step] / (double)(pixels - h->count);
  for (size_t i = 0; i < h->count; i++) {
    b[i] = 0;
    x[i] = mean;
    for (int n = 0; n < AROUND; n++) {
      int32_t other = beside(h, h->pixels[i], n);
      if (other >= 0 && !missing[other]) b[i] += weight_of(n) * (double)channel[(size_t)other * step];
    }
  }
  VT_TRY(vt_conjugate_gradients(ctx, h->count, apply, h, h->weight, b, 1e-9, MOST_STEPS, x, NULL));
  for (size_t i = 0; i < h->count; i++)
    channel[(size_t)h->pixels[i] * step] = (float)x[i];
  return VT_OK;
}

vt_status vt_impute(vt_ctx *ctx, const uint8_t *missing, int height, int width, float *channel, size_t step)
{
  hole h = {.height = height, .width = width};
  size_t pixels = (size_t)height * (size_t)width;
  for (size_t p = 0; p < pixels; p++)
    h.count += missing[p] != 0;
  if (h.count == 0) return VT_OK;
  if (h.count == pixels)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "no pixel is known: nothing can be filled in");
  h.pixels = vt_alloc_zero(ctx, h.count, sizeof *h.pixels);
  h.neighbours = vt_alloc_zero(ctx, h.count, AROUND * sizeof *h.neighbours);
  h.weight = vt_alloc_zero(ctx, h.count, sizeof *h.weight);
  int32_t *places = vt_alloc_zero(ctx, pixels, sizeof *places);
  double *room = vt_alloc_zero(ctx, h.count, 2 * sizeof *room);
  vt_status status = h.pixels && h.neighbours && h.weight && places && room ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    find_neighbours(&h, missing, places);
    status = solve(ctx, &h, missing, channel, step, room);
  }
  vt_free(h.pixels);
  vt_free(h.neighbours);
  vt_free(h.weight);
  vt_free(places);
  vt_free(room);
  return status;
}
