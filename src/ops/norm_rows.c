/* SPDX-License-Identifier: Apache-2.0
 *
 * One body for f32 and f64.
 */
#include "ops/norm_rows.h"

enum { LANES = 16 };

void *vt_norm_at(const vt_tensor *tensor, int64_t index)
{
  if (!tensor || !tensor->data) return NULL;
  return (char *)tensor->data + index * (int64_t)vt_type_size(tensor->type);
}

static double lanes_sum(const double lanes[LANES])
{
  double sum = 0;
  for (int lane = 0; lane < LANES; lane++)
    sum += lanes[lane];
  return sum;
}

/* TERM(i) into lane i mod LANES. */
#define IN_LANES(lanes, count, TERM)                                                                         \
  do {                                                                                                       \
    int64_t whole = (count) - (count) % LANES;                                                               \
    for (int64_t start = 0; start < whole; start += LANES) {                                                 \
      _Pragma("omp simd") for (int lane = 0; lane < LANES; lane++) lanes[lane] += TERM(start + lane);        \
    }                                                                                                        \
    for (int64_t i = whole; i < (count); i++)                                                                \
      lanes[i - whole] += TERM(i);                                                                           \
  } while (0)

#define VALUE(i)    (double)x[i]
#define SQUARE(i)   ((double)x[i] - centre) * ((double)x[i] - centre)
#define GRADIENT(i) (double)g[i]
#define PRODUCT(i)  (double)g[i] * ((double)x[i] - centre)
#define SCALED(i)   (double)g[i] * (double)scale[i]
#define SCALED_X(i) (double)g[i] * (double)scale[i] * ((double)x[i] - centre)

#define NORM_ROWS(suffix, type)                                                                              \
  VT_CLONES static double norm_sum_##suffix(const type *x, int64_t count)                                    \
  {                                                                                                          \
    double lanes[LANES] = {0};                                                                               \
    IN_LANES(lanes, count, VALUE);                                                                           \
    return lanes_sum(lanes);                                                                                 \
  }                                                                                                          \
  VT_CLONES static double norm_spread_##suffix(const type *x, int64_t count, double centre)                  \
  {                                                                                                          \
    double lanes[LANES] = {0};                                                                               \
    IN_LANES(lanes, count, SQUARE);                                                                          \
    return lanes_sum(lanes);                                                                                 \
  }                                                                                                          \
  VT_CLONES static void norm_sums_##suffix(const type *g, const type *scale, const type *x, int64_t count,   \
                                           double centre, double *sum, double *dot)                          \
  {                                                                                                          \
    double sums[LANES] = {0}, dots[LANES] = {0};                                                             \
    if (scale) {                                                                                             \
      IN_LANES(sums, count, SCALED);                                                                         \
      IN_LANES(dots, count, SCALED_X);                                                                       \
    } else {                                                                                                 \
      IN_LANES(sums, count, GRADIENT);                                                                       \
      IN_LANES(dots, count, PRODUCT);                                                                        \
    }                                                                                                        \
    *sum += lanes_sum(sums);                                                                                 \
    *dot += lanes_sum(dots);                                                                                 \
  }                                                                                                          \
  VT_CLONES static void norm_combine_##suffix(const type *g, const type *scale, const type *x, type *out,    \
                                              int64_t count, double centre, double a, double b, double c)    \
  {                                                                                                          \
    const type high = (type)centre, low = (type)(centre - (double)high);                                     \
    const type of_g = (type)a, of_x = (type)b, rest = (type)c;                                               \
    if (!x) {                                                                                                \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++) out[i] = of_g * g[i] + rest;                   \
    } else if (scale) {                                                                                      \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++) out[i] =                                       \
          of_g * (g[i] * scale[i]) + (of_x * (x[i] - high - low) + rest);                                    \
    } else {                                                                                                 \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++) out[i] =                                       \
          of_g * g[i] + (of_x * (x[i] - high - low) + rest);                                                 \
    }                                                                                                        \
  }                                                                                                          \
  VT_CLONES static void norm_columns_##suffix(const type *g, const type *x, int64_t count, double centre,    \
                                              double factor, double *sums, double *dots)                     \
  {                                                                                                          \
    _Pragma("omp simd") for (int64_t i = 0; i < count; i++)                                                  \
    {                                                                                                        \
      sums[i] += (double)g[i];                                                                               \
      dots[i] += (double)g[i] * ((double)x[i] - centre) * factor;                                            \
    }                                                                                                        \
  }

NORM_ROWS(f32, float)
NORM_ROWS(f64, double)

double vt_norm_sum(vt_type type, const void *x, int64_t count)
{
  return type == VT_F32 ? norm_sum_f32(x, count) : norm_sum_f64(x, count);
}

double vt_norm_spread(vt_type type, const void *x, int64_t count, double centre)
{
  return type == VT_F32 ? norm_spread_f32(x, count, centre) : norm_spread_f64(x, count, centre);
}

void vt_norm_add_sums(vt_type type, const void *gradient, const void *scale, const void *x, int64_t count,
                      double centre, double *sum, double *dot)
{
  if (type == VT_F32)
    norm_sums_f32(gradient, scale, x, count, centre, sum, dot);
  else
    norm_sums_f64(gradient, scale, x, count, centre, sum, dot);
}

void vt_norm_combine(vt_type type, const void *gradient, const void *scale, const void *x, void *out,
                     int64_t count, double centre, double a, double b, double c)
{
  if (type == VT_F32)
    norm_combine_f32(gradient, scale, x, out, count, centre, a, b, c);
  else
    norm_combine_f64(gradient, scale, x, out, count, centre, a, b, c);
}

void vt_norm_add_columns(vt_type type, const void *gradient, const void *x, int64_t count, double centre,
                         double factor, double *sums, double *dots)
{
  if (type == VT_F32)
    norm_columns_f32(gradient, x, count, centre, factor, sums, dots);
  else
    norm_columns_f64(gradient, x, count, centre, factor, sums, dots);
}
