/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows are taken in blocks that stay in the first cache. A block's sums are f32, about the block's own mean;
 * blocks are put together in f64 by the rule of parallel variance (Chan, Golub and LeVeque, 1979).
 */
#include "ops/norm_last.h"

#include "ops/op.h"

enum {
  BLOCK_FLOATS = 4096,
  BLOCK_ROWS = 128,
  PART_FLOATS = 1 << 16,
  MOST_PARTS = 16,
  UNIT_FLOATS = 1 << 15,
  WIDE = 512
};

vt_last vt_last_of(const vt_tensor *x, bool by_item)
{
  int64_t size = vt_span(x, 2, x->rank);
  return by_item ? (vt_last){x->dims[0], size, x->dims[1]} : (vt_last){1, x->dims[0] * size, x->dims[1]};
}

/* Few channels: how many rows are taken as one wide row, so that sums of neighbouring rows do not wait for
 * each other. */
static int64_t rows_together(int64_t rows, int64_t channels)
{
  int64_t together = 1;
  while (2 * together * channels <= WIDE && rows % (2 * together) == 0)
    together *= 2;
  return together;
}

/* ---- one block ---- */

/* Sums of a block, [channels] each, with room for a wide row. */
typedef struct block_sums {
  float *centre;            /* about the mean; repeated to the width */
  float *distance, *square; /* Σ (x − centre), Σ (x − centre)² */
  float *sum, *dot;         /* Σ g, Σ g · (x − centre) */
} block_sums;

/* Adds the rows that a wide row is made of. */
static void narrow(float *wide, int64_t together, int64_t channels)
{
  for (int64_t i = 1; i < together; i++)
    for (int64_t c = 0; c < channels; c++)
      wide[c] += wide[i * channels + c];
}

VT_CLONES static void sum_rows(const float *x, int64_t rows, int64_t width, float *sums)
{
  memset(sums, 0, (size_t)width * sizeof *sums);
  for (; rows >= 4; rows -= 4, x += 4 * width) {
    const float *second = x + width, *third = second + width, *fourth = third + width;
#pragma omp simd
    for (int64_t c = 0; c < width; c++)
      sums[c] += (x[c] + second[c]) + (third[c] + fourth[c]);
  }
  for (; rows > 0; rows--, x += width) {
#pragma omp simd
    for (int64_t c = 0; c < width; c++)
      sums[c] += x[c];
  }
}

static void find_centre(const float *x, int64_t rows, int64_t channels, int64_t together, float *centre)
{
  sum_rows(x, rows / together, channels * together, centre);
  narrow(centre, together, channels);
  for (int64_t c = 0; c < channels; c++)
    centre[c] /= (float)rows;
  for (int64_t i = 1; i < together; i++)
    memcpy(centre + i * channels, centre, (size_t)channels * sizeof *centre);
}

VT_CLONES static void sum_distances(const float *x, int64_t rows, int64_t width, const block_sums *sums)
{
  const float *centre = sums->centre;
  float *distance = sums->distance, *square = sums->square;
  memset(distance, 0, (size_t)width * sizeof *distance);
  memset(square, 0, (size_t)width * sizeof *square);
  for (; rows >= 4; rows -= 4, x += 4 * width) {
    const float *second = x + width, *third = second + width, *fourth = third + width;
#pragma omp simd
    for (int64_t c = 0; c < width; c++) {
      float a = x[c] - centre[c], b = second[c] - centre[c];
      float d = third[c] - centre[c], e = fourth[c] - centre[c];
      distance[c] += (a + b) + (d + e);
      square[c] += (a * a + b * b) + (d * d + e * e);
    }
  }
  for (; rows > 0; rows--, x += width) {
#pragma omp simd
    for (int64_t c = 0; c < width; c++) {
      float d = x[c] - centre[c];
      distance[c] += d;
      square[c] += d * d;
    }
  }
}

VT_CLONES static void sum_products(const float *x, const float *g, int64_t rows, int64_t width,
                                   const block_sums *sums)
{
  const float *centre = sums->centre;
  float *sum = sums->sum, *dot = sums->dot;
  memset(sum, 0, (size_t)width * sizeof *sum);
  memset(dot, 0, (size_t)width * sizeof *dot);
  for (; rows >= 4; rows -= 4, x += 4 * width, g += 4 * width) {
    const float *second = x + width, *third = second + width, *fourth = third + width;
    const float *g2 = g + width, *g3 = g2 + width, *g4 = g3 + width;
#pragma omp simd
    for (int64_t c = 0; c < width; c++) {
      float a = x[c] - centre[c], b = second[c] - centre[c];
      float d = third[c] - centre[c], e = fourth[c] - centre[c];
      sum[c] += (g[c] + g2[c]) + (g3[c] + g4[c]);
      dot[c] += (g[c] * a + g2[c] * b) + (g3[c] * d + g4[c] * e);
    }
  }
  for (; rows > 0; rows--, x += width, g += width) {
#pragma omp simd
    for (int64_t c = 0; c < width; c++) {
      sum[c] += g[c];
      dot[c] += g[c] * (x[c] - centre[c]);
    }
  }
}

static void find_sums(const float *x, const float *g, int64_t rows, int64_t channels, const block_sums *sums)
{
  int64_t together = rows_together(rows, channels);
  find_centre(x, rows, channels, together, sums->centre);
  sum_distances(x, rows / together, channels * together, sums);
  narrow(sums->distance, together, channels);
  narrow(sums->square, together, channels);
  if (!g) return;
  sum_products(x, g, rows / together, channels * together, sums);
  narrow(sums->sum, together, channels);
  narrow(sums->dot, together, channels);
}

/* ---- blocks put together ---- */

/* Adds `rows` rows with the given mean and spread to `before` rows. */
VT_CLONES static void join_spreads(double before, double rows, const double *mean, const double *spread,
                                   int64_t channels, double *to_mean, double *to_spread)
{
  const double share = rows / (before + rows), both = before * share;
#pragma omp simd
  for (int64_t c = 0; c < channels; c++) {
    double delta = mean[c] - to_mean[c];
    to_mean[c] += delta * share;
    to_spread[c] += spread[c] + delta * delta * both;
  }
}

VT_CLONES static void widen_spreads(const block_sums *sums, double rows, int64_t channels, double *mean,
                                    double *spread)
{
  const double share = 1 / rows;
#pragma omp simd
  for (int64_t c = 0; c < channels; c++) {
    double distance = (double)sums->distance[c], rest = distance * share;
    mean[c] = (double)sums->centre[c] + rest;
    spread[c] = (double)sums->square[c] - distance * rest;
  }
}

/* dot becomes Σ g · x: about which mean is known at the end. */
VT_CLONES static void join_products(const block_sums *sums, int64_t channels, double *sum, double *dot)
{
#pragma omp simd
  for (int64_t c = 0; c < channels; c++) {
    sum[c] += (double)sums->sum[c];
    dot[c] += (double)sums->dot[c] + (double)sums->centre[c] * (double)sums->sum[c];
  }
}

typedef struct moments_work {
  vt_last shape;
  const float *x, *g;
  int64_t parts; /* of an item's rows */
  double *sums;  /* [items, parts, 4, channels] */
  float *blocks; /* [items, parts, 9, width]: 5 sums, 2 of f64 */
  int64_t width; /* channels, or a wide row */
} moments_work;

enum { SUMS = 4, BLOCK_SUMS = 9 };

static void one_part(const moments_work *work, int64_t item, int64_t part)
{
  int64_t channels = work->shape.channels, rows = work->shape.rows;
  int64_t first = part * rows / work->parts, last = (part + 1) * rows / work->parts;
  int64_t unit = item * work->parts + part, most = BLOCK_FLOATS / channels;
  double *mean = work->sums + unit * SUMS * channels, *spread = mean + channels, *sum = spread + channels;
  double *dot = sum + channels;
  int64_t width = work->width;
  float *memory = work->blocks + unit * BLOCK_SUMS * width;
  double *block_mean = (double *)(void *)memory, *block_spread = block_mean + width;
  memory += 4 * width;
  block_sums sums = {memory, memory + width, memory + 2 * width, memory + 3 * width, memory + 4 * width};
  if (most < 8) most = 8;
  if (most > BLOCK_ROWS) most = BLOCK_ROWS;
  most -= most % 8;
  memset(mean, 0, SUMS * (size_t)channels * sizeof *mean);
  for (int64_t row = first; row < last; row += most) {
    int64_t count = last - row < most ? last - row : most, at = (item * rows + row) * channels;
    find_sums(work->x + at, work->g ? work->g + at : NULL, count, channels, &sums);
    widen_spreads(&sums, (double)count, channels, block_mean, block_spread);
    join_spreads((double)(row - first), (double)count, block_mean, block_spread, channels, mean, spread);
    if (work->g) join_products(&sums, channels, sum, dot);
  }
}

static void some_parts(void *user, int64_t first, int64_t last)
{
  const moments_work *work = user;
  for (int64_t unit = first; unit < last; unit++)
    one_part(work, unit / work->parts, unit % work->parts);
}

static void join_parts(const moments_work *work, const vt_last_moments *out)
{
  int64_t channels = work->shape.channels, rows = work->shape.rows;
  for (int64_t item = 0; item < work->shape.items; item++) {
    double *mean = out->mean + item * channels, *spread = out->spread + item * channels;
    double *sum = out->sum + item * channels, *dot = out->dot + item * channels;
    for (int64_t part = 0; part < work->parts; part++) {
      int64_t first = part * rows / work->parts, last = (part + 1) * rows / work->parts;
      const double *of_part = work->sums + (item * work->parts + part) * SUMS * channels;
      if (first == last) continue; /* no rows at all */
      join_spreads((double)first, (double)(last - first), of_part, of_part + channels, channels, mean,
                   spread);
      for (int64_t c = 0; c < channels; c++) {
        sum[c] += of_part[2 * channels + c];
        dot[c] += of_part[3 * channels + c];
      }
    }
    for (int64_t c = 0; c < channels; c++)
      dot[c] -= mean[c] * sum[c];
  }
}

/* Parts of an item's rows, none of them empty. */
static int64_t parts_of(vt_last shape)
{
  int64_t parts = shape.rows * shape.channels / PART_FLOATS;
  if (parts * shape.items > MOST_PARTS) parts = MOST_PARTS / shape.items;
  if (parts > shape.rows) parts = shape.rows;
  return parts < 1 ? 1 : parts;
}

vt_status vt_last_find_moments(vt_ctx *ctx, vt_last shape, const float *x, const float *g,
                               vt_last_moments *out)
{
  moments_work work = {.shape = shape, .x = x, .g = g, .parts = parts_of(shape)};
  size_t places = (size_t)(shape.items * shape.channels), units = places * (size_t)work.parts;
  *out = (vt_last_moments){.mean = vt_alloc_zero(ctx, places, SUMS * sizeof *out->mean)};
  if (!out->mean) return VT_ERROR_OUT_OF_MEMORY;
  out->spread = out->mean + places;
  out->sum = out->spread + places;
  out->dot = out->sum + places;
  work.sums = vt_alloc(ctx, units * SUMS * sizeof *work.sums);
  work.width = shape.channels > WIDE ? shape.channels : WIDE;
  work.blocks =
      vt_alloc(ctx, (size_t)(shape.items * work.parts * work.width) * BLOCK_SUMS * sizeof *work.blocks);
  bool ready = work.sums && work.blocks;
  if (ready && places > 0) {
    int64_t each = shape.rows / work.parts * shape.channels;
    vt_parallel(ctx, shape.items * work.parts, 1 + UNIT_FLOATS / (each + 1), some_parts, &work);
    join_parts(&work, out);
  }
  vt_free(work.sums);
  vt_free(work.blocks);
  if (ready) return VT_OK;
  vt_free(out->mean);
  out->mean = NULL;
  return VT_ERROR_OUT_OF_MEMORY;
}

/* ---- writing ---- */

vt_status vt_last_new_line(vt_ctx *ctx, vt_last shape, vt_last_line *out)
{
  size_t places = (size_t)(shape.items * shape.channels);
  *out = (vt_last_line){.centre = vt_alloc_zero(ctx, places, 4 * sizeof *out->centre)};
  if (!out->centre) return VT_ERROR_OUT_OF_MEMORY;
  out->of_x = out->centre + places;
  out->of_g = out->of_x + places;
  out->rest = out->of_g + places;
  return VT_OK;
}

typedef struct line_work {
  vt_last shape;
  const float *g, *x;
  const float *centre, *of_x, *of_g, *rest; /* [items, channels] */
  float *out;
} line_work;

VT_CLONES static void rows_of_x(const float *x, float *out, int64_t rows, int64_t channels,
                                const float *centre, const float *of_x, const float *rest)
{
  for (int64_t row = 0; row < rows; row++, x += channels, out += channels) {
#pragma omp simd
    for (int64_t c = 0; c < channels; c++)
      out[c] = (x[c] - centre[c]) * of_x[c] + rest[c];
  }
}

VT_CLONES static void rows_of_g(const float *g, float *out, int64_t rows, int64_t channels, const float *of_g,
                                const float *rest)
{
  for (int64_t row = 0; row < rows; row++, g += channels, out += channels) {
#pragma omp simd
    for (int64_t c = 0; c < channels; c++)
      out[c] = g[c] * of_g[c] + rest[c];
  }
}

VT_CLONES static void rows_of_both(const float *g, const float *x, float *out, int64_t rows, int64_t channels,
                                   const float *centre, const float *of_x, const float *of_g,
                                   const float *rest)
{
  for (int64_t row = 0; row < rows; row++, g += channels, x += channels, out += channels) {
#pragma omp simd
    for (int64_t c = 0; c < channels; c++)
      out[c] = g[c] * of_g[c] + ((x[c] - centre[c]) * of_x[c] + rest[c]);
  }
}

/* Rows [first, last), counted over the items. */
static void some_rows(void *user, int64_t first, int64_t last)
{
  const line_work *work = user;
  int64_t channels = work->shape.channels, rows = work->shape.rows;
  while (first < last) {
    int64_t item = first / rows, end = (item + 1) * rows < last ? (item + 1) * rows : last;
    int64_t at = first * channels, place = item * channels, count = end - first;
    if (work->g && work->x)
      rows_of_both(work->g + at, work->x + at, work->out + at, count, channels, work->centre + place,
                   work->of_x + place, work->of_g + place, work->rest + place);
    else if (work->g)
      rows_of_g(work->g + at, work->out + at, count, channels, work->of_g + place, work->rest + place);
    else
      rows_of_x(work->x + at, work->out + at, count, channels, work->centre + place, work->of_x + place,
                work->rest + place);
    first = end;
  }
}

vt_status vt_last_write(vt_ctx *ctx, vt_last shape, const float *g, const float *x, const vt_last_line *line,
                        float *out)
{
  int64_t together = rows_together(shape.rows, shape.channels), channels = shape.channels;
  vt_last wide = {shape.items, shape.rows / together, channels * together};
  int64_t places = wide.items * wide.channels;
  float *numbers = vt_alloc(ctx, (size_t)places * 4 * sizeof *numbers);
  if (!numbers) return VT_ERROR_OUT_OF_MEMORY;
  float *centre = numbers, *of_x = centre + places, *of_g = of_x + places, *rest = of_g + places;
  for (int64_t i = 0; i < places; i++) {
    int64_t from = i / wide.channels * channels + i % channels;
    centre[i] = (float)line->centre[from];
    of_x[i] = (float)line->of_x[from];
    of_g[i] = (float)line->of_g[from];
    /* the centre's second half: see vt_row_affine() */
    double left = x ? line->of_x[from] * (line->centre[from] - (double)centre[i]) : 0;
    rest[i] = (float)(line->rest[from] - left);
  }
  shape = wide;
  line_work work = {shape, g, x, centre, of_x, of_g, rest, out};
  vt_parallel(ctx, shape.items * shape.rows, 1 + UNIT_FLOATS / (shape.channels + 1), some_rows, &work);
  vt_free(numbers);
  return VT_OK;
}
