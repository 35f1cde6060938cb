/* SPDX-License-Identifier: Apache-2.0
 *
 * A sum is cut along its rows into parts that follow from the sizes, each with sums of its own.
 */
#include "ops/columns.h"

#include "ops/norm_rows.h"

enum { COLUMNS = 512, WIDE = 256, MOST_PARTS = 16, PART_ELEMENTS = 32768, UNIT_ELEMENTS = 32768 };

#define ADD_COLUMNS(suffix, type)                                                                            \
  VT_CLONES static void add_columns_##suffix(const type *from, int64_t rows, int64_t stride, int64_t count,  \
                                             double *sums)                                                   \
  {                                                                                                          \
    for (; rows >= 4; rows -= 4, from += 4 * stride) {                                                       \
      const type *second = from + stride, *third = second + stride, *fourth = third + stride;                \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++) sums[i] =                                      \
          sums[i] + (double)from[i] + (double)second[i] + (double)third[i] + (double)fourth[i];              \
    }                                                                                                        \
    for (; rows > 0; rows--, from += stride) {                                                               \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++) sums[i] += (double)from[i];                    \
    }                                                                                                        \
  }
ADD_COLUMNS(f32, float)
ADD_COLUMNS(f64, double)

/* Few columns: several rows are taken as one, so that sums of neighbouring rows do not wait for each
 * other. */
static void add_rows(const vt_sums *s, const char *from, int64_t rows, int64_t count, double *sums)
{
  double wide[WIDE] = {0}, *to = sums;
  int64_t together = 1, width = count;
  if (count == s->kept[1])
    while (2 * together * count <= WIDE && rows % (2 * together) == 0)
      together *= 2;
  width *= together;
  int64_t stride = together > 1 ? width : s->kept[1];
  if (together > 1) to = wide;
  if (s->type == VT_F32)
    add_columns_f32((const float *)(const void *)from, rows / together, stride, width, to);
  else
    add_columns_f64((const double *)(const void *)from, rows / together, stride, width, to);
  for (int64_t i = 0; together > 1 && i < width; i++)
    sums[i % count] += wide[i];
}

typedef struct sums_work {
  const vt_sums *sums;
  int64_t parts, pieces; /* of the rows; of the columns */
  double *partial;       /* [kept 0, parts, kept 1] */
} sums_work;

/* One stretch of columns of one part. */
static void add_stretch(const sums_work *work, int64_t outer, int64_t part, int64_t piece)
{
  const vt_sums *s = work->sums;
  int64_t columns = s->kept[1], rows = s->summed[0], first = part * rows / work->parts;
  int64_t last = (part + 1) * rows / work->parts, start = piece * COLUMNS;
  int64_t count = columns - start < COLUMNS ? columns - start : COLUMNS;
  int64_t at = ((outer * rows + first) * columns + start) * s->summed[1];
  double *sums = work->partial + (outer * work->parts + part) * columns + start;
  size_t size = vt_type_size(s->type);
  const char *from = (const char *)s->from + (size_t)at * size;
  memset(sums, 0, (size_t)count * sizeof *sums);
  if (s->summed[1] == 1)
    add_rows(s, from, last - first, count, sums);
  else
    for (int64_t row = first; row < last; row++, from += (size_t)(columns * s->summed[1]) * size)
      for (int64_t i = 0; i < count; i++)
        sums[i] += vt_norm_sum(s->type, from + (size_t)(i * s->summed[1]) * size, s->summed[1]);
}

static void stretches(void *user, int64_t first, int64_t last)
{
  const sums_work *work = user;
  for (int64_t unit = first; unit < last; unit++) {
    int64_t piece = unit % work->pieces, part = unit / work->pieces % work->parts;
    add_stretch(work, unit / work->pieces / work->parts, part, piece);
  }
}

static void write_sums(const sums_work *work)
{
  const vt_sums *s = work->sums;
  int64_t columns = s->kept[1];
  for (int64_t outer = 0; outer < s->kept[0]; outer++)
    for (int64_t i = 0; i < columns; i++) {
      const double *partial = work->partial + outer * work->parts * columns + i;
      double sum = 0;
      for (int64_t part = 0; part < work->parts; part++)
        sum += partial[part * columns];
      if (s->type == VT_F32)
        ((float *)s->to)[outer * columns + i] = (float)sum;
      else
        ((double *)s->to)[outer * columns + i] = sum;
    }
}

vt_status vt_sum_axes(vt_ctx *ctx, const vt_sums *sums)
{
  int64_t columns = sums->kept[1], rows = sums->summed[0], width = columns * sums->summed[1];
  int64_t count = sums->kept[0] * columns;
  if (count == 0) return VT_OK;
  sums_work work = {.sums = sums, .parts = 1, .pieces = (columns + COLUMNS - 1) / COLUMNS};
  if (width > 0 && work.pieces * sums->kept[0] < MOST_PARTS) {
    work.parts = rows * width / PART_ELEMENTS;
    if (work.parts > MOST_PARTS) work.parts = MOST_PARTS;
    if (work.parts > rows) work.parts = rows;
    if (work.parts < 1) work.parts = 1;
  }
  size_t places;
  if (!vt_size_mul((size_t)count, (size_t)work.parts, &places))
    return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "sums over axes: too many");
  work.partial = vt_alloc_zero(ctx, places, sizeof *work.partial);
  if (!work.partial) return VT_ERROR_OUT_OF_MEMORY;
  int64_t units = sums->kept[0] * work.parts * work.pieces;
  int64_t each = rows / work.parts * (columns < COLUMNS ? width : COLUMNS * sums->summed[1]);
  vt_parallel(ctx, units, 1 + UNIT_ELEMENTS / (each + 1), stretches, &work);
  write_sums(&work);
  vt_free(work.partial);
  return VT_OK;
}
