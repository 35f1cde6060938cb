/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics/similarity.h"

#include <math.h>

enum { WINDOW = 7 };

double vt_ssim_line(const double *a, const double *b, size_t count)
{
  if (count < WINDOW) return NAN;
  double low = a[0], high = a[0], total = 0;
  for (size_t i = 0; i < count; i++) {
    low = fmin(low, fmin(a[i], b[i]));
    high = fmax(high, fmax(a[i], b[i]));
  }
  if (high == low) return 1;
  double c1 = 0.01 * (high - low) * 0.01 * (high - low), c2 = 0.03 * (high - low) * 0.03 * (high - low);
  for (size_t first = 0; first + WINDOW <= count; first++) {
    double sum_a = 0, sum_b = 0, var_a = 0, var_b = 0, both = 0;
    for (size_t i = first; i < first + WINDOW; i++) {
      sum_a += a[i] / WINDOW;
      sum_b += b[i] / WINDOW;
    }
    for (size_t i = first; i < first + WINDOW; i++) {
      var_a += (a[i] - sum_a) * (a[i] - sum_a) / (WINDOW - 1);
      var_b += (b[i] - sum_b) * (b[i] - sum_b) / (WINDOW - 1);
      both += (a[i] - sum_a) * (b[i] - sum_b) / (WINDOW - 1);
    }
    total += (2 * sum_a * sum_b + c1) * (2 * both + c2) /
             ((sum_a * sum_a + sum_b * sum_b + c1) * (var_a + var_b + c2));
  }
  return total / (double)(count - WINDOW + 1);
}

vt_status vt_histogram_entropy(vt_ctx *ctx, const double *values, size_t count, int bins, double *out)
{
  double low = values[0], high = low;
  *out = 0;
  for (size_t i = 1; i < count; i++) {
    low = fmin(low, values[i]);
    high = fmax(high, values[i]);
  }
  if (high == low) return VT_OK;
  int64_t *counts = vt_alloc_zero(ctx, (size_t)bins, sizeof *counts);
  if (!counts) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < count; i++) {
    int bin = (int)((values[i] - low) / (high - low) * bins);
    counts[bin < bins ? bin : bins - 1]++;
  }
  for (int i = 0; i < bins; i++) {
    double p = (double)counts[i] / (double)count;
    if (p > 0) *out -= p * log(p);
  }
  vt_free(counts);
  return VT_OK;
}

void vt_scale_to_one(double *values, size_t count)
{
  double most = 0;
  for (size_t i = 0; i < count; i++)
    most = fmax(most, fabs(values[i]));
  for (size_t i = 0; most > 0 && i < count; i++)
    values[i] /= most;
}
