/* SPDX-License-Identifier: Apache-2.0
 *
 * Mean, spread, quantiles; percentile bootstrap; paired permutation test.
 */
#include "math/statistics.h"

#include <math.h>
#include <stdlib.h>

double vt_mean(const double *values, size_t count)
{
  double sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += values[i];
  return count ? sum / (double)count : NAN;
}

double vt_standard_deviation(const double *values, size_t count)
{
  if (count < 2) return NAN;
  double mean = vt_mean(values, count), sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += (values[i] - mean) * (values[i] - mean);
  return sqrt(sum / (double)(count - 1));
}

double vt_quantile_sorted(const double *sorted, size_t count, double share)
{
  if (count == 0) return NAN;
  double place = share * (double)(count - 1);
  size_t below = place <= 0 ? 0 : (size_t)place;
  if (below + 1 >= count) return sorted[count - 1];
  double part = place > 0 ? place - (double)below : 0;
  return sorted[below] + part * (sorted[below + 1] - sorted[below]);
}

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  if (isnan(x) || isnan(y)) return isnan(x) - isnan(y);
  return (x > y) - (x < y);
}

void vt_sort_rising(double *values, size_t count)
{
  qsort(values, count, sizeof *values, by_value);
}

/* Units of one resample. A block of random bits gives four draws; the bias of the 32-bit product is below
 * count / 2^32. */
static void draw_units(uint64_t seed, uint64_t stream, size_t *drawn, size_t count)
{
  uint32_t bits[4] = {0};
  for (size_t i = 0; i < count; i++) {
    if (i % 4 == 0) vt_random_bits(seed, stream, i / 4, bits);
    drawn[i] = (size_t)((uint64_t)bits[i % 4] * count >> 32);
  }
}

vt_status vt_bootstrap(vt_ctx *ctx, size_t count, int resamples, double confidence, uint64_t seed,
                       vt_statistic_fn statistic, const void *user, vt_interval *out)
{
  *out = (vt_interval){NAN, NAN};
  if (resamples < 1 || !(confidence > 0 && confidence < 1) || count > UINT32_MAX)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "bootstrap: %d resamples of %zu units at confidence %g; give at least 1 resample and a "
                   "confidence between 0 and 1",
                   resamples, count, confidence);
  if (count == 0) return VT_OK;
  size_t *drawn = vt_alloc_zero(ctx, count, sizeof *drawn);
  double *values = vt_alloc_zero(ctx, (size_t)resamples, sizeof *values);
  vt_status status = drawn && values ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  size_t kept = 0;
  for (int i = 0; status == VT_OK && i < resamples; i++) {
    draw_units(seed, vt_stream("bootstrap", (uint64_t)i), drawn, count);
    double value = statistic(user, drawn, count);
    if (!isnan(value)) values[kept++] = value;
  }
  if (status == VT_OK && kept) {
    vt_sort_rising(values, kept);
    out->low = vt_quantile_sorted(values, kept, (1 - confidence) / 2);
    out->high = vt_quantile_sorted(values, kept, (1 + confidence) / 2);
  }
  vt_free(drawn);
  vt_free(values);
  return status;
}

static double mean_of_drawn(const void *user, const size_t *drawn, size_t count)
{
  const double *values = user;
  double sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += values[drawn[i]];
  return sum / (double)count;
}

vt_status vt_bootstrap_mean(vt_ctx *ctx, const double *values, size_t count, int resamples, double confidence,
                            uint64_t seed, vt_interval *out)
{
  return vt_bootstrap(ctx, count, resamples, confidence, seed, mean_of_drawn, values, out);
}

/* Sums that differ by rounding only must count as equal. */
static bool reaches(double sum, double observed, double scale)
{
  return fabs(sum) >= fabs(observed) - 1e-12 * scale;
}

double vt_paired_permutation(const double *differences, size_t count, int permutations, uint64_t seed)
{
  if (count == 0 || permutations < 1) return NAN;
  double observed = 0, scale = 0;
  for (size_t i = 0; i < count; i++)
    observed += differences[i], scale += fabs(differences[i]);
  if (count < 31 && (UINT32_C(1) << count) <= (uint32_t)permutations) {
    uint32_t patterns = UINT32_C(1) << count, hits = 0;
    for (uint32_t pattern = 0; pattern < patterns; pattern++) {
      double sum = 0;
      for (size_t i = 0; i < count; i++)
        sum += pattern >> i & 1 ? -differences[i] : differences[i];
      hits += reaches(sum, observed, scale);
    }
    return (double)hits / (double)patterns;
  }
  int hits = 0;
  for (int permutation = 0; permutation < permutations; permutation++) {
    uint32_t bits[4] = {0};
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
      if (i % 128 == 0)
        vt_random_bits(seed, vt_stream("paired-permutation", (uint64_t)permutation), i / 128, bits);
      sum += bits[i / 32 % 4] >> i % 32 & 1 ? -differences[i] : differences[i];
    }
    hits += reaches(sum, observed, scale);
  }
  return (double)(hits + 1) / (double)(permutations + 1);
}
