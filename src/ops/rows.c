/* SPDX-License-Identifier: Apache-2.0
 *
 * Loops over stretches of f32 numbers.
 */
#include "ops/rows.h"

#include "base/base.h"

enum { LANES = 16 };

static double sum_of_lanes(const double lanes[LANES])
{
  double sum = 0;
  for (int lane = 0; lane < LANES; lane++)
    sum += lanes[lane];
  return sum;
}

VT_CLONES static double row_sum(const float *x, int64_t count)
{
  double lanes[LANES] = {0};
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) {
#pragma omp simd
    for (int lane = 0; lane < LANES; lane++)
      lanes[lane] += (double)x[i + lane];
  }
  for (int lane = 0; i < count; i++, lane++)
    lanes[lane] += (double)x[i];
  return sum_of_lanes(lanes);
}

VT_CLONES static double row_spread(const float *x, int64_t count, double centre)
{
  double lanes[LANES] = {0};
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) {
#pragma omp simd
    for (int lane = 0; lane < LANES; lane++) {
      double distance = (double)x[i + lane] - centre;
      lanes[lane] += distance * distance;
    }
  }
  for (int lane = 0; i < count; i++, lane++)
    lanes[lane] += ((double)x[i] - centre) * ((double)x[i] - centre);
  return sum_of_lanes(lanes);
}

VT_CLONES static void row_affine(const float *x, float *y, int64_t count, double centre, float factor,
                                 float offset)
{
  float high = (float)centre, low = (float)(centre - (double)high);
#pragma omp simd
  for (int64_t i = 0; i < count; i++)
    y[i] = (x[i] - high - low) * factor + offset;
}

VT_CLONES static void row_scale(const float *x, float *y, int64_t count, double centre, float factor,
                                const float *scale, const float *bias)
{
  float high = (float)centre, low = (float)(centre - (double)high);
  if (!bias) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++)
      y[i] = (x[i] - high - low) * factor * scale[i];
    return;
  }
#pragma omp simd
  for (int64_t i = 0; i < count; i++)
    y[i] = (x[i] - high - low) * factor * scale[i] + bias[i];
}

/* Cloned functions stay inside their file: clang names the chooser of an external one
 * differently from its callers. */
double vt_row_sum(const float *x, int64_t count)
{
  return row_sum(x, count);
}

double vt_row_spread(const float *x, int64_t count, double centre)
{
  return row_spread(x, count, centre);
}

void vt_row_affine(const float *x, float *y, int64_t count, double centre, float factor, float offset)
{
  row_affine(x, y, count, centre, factor, offset);
}

void vt_row_scale(const float *x, float *y, int64_t count, double centre, float factor, const float *scale,
                  const float *bias)
{
  row_scale(x, y, count, centre, factor, scale, bias);
}
