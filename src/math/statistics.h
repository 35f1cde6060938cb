/* SPDX-License-Identifier: Apache-2.0
 *
 * Statistics of measurements: spread, resampling, tests, correlations. All sums in index order; everything
 * random is a pure function of the seed.
 */
#ifndef VT_MATH_STATISTICS_H
#define VT_MATH_STATISTICS_H

#include "base/base.h"

double vt_mean(const double *values, size_t count);               /* NaN for none */
double vt_standard_deviation(const double *values, size_t count); /* over count − 1; NaN below two */
/* Quantile of rising values by linear interpolation between order statistics at `share` · (count − 1). NaN
 * for none. */
double vt_quantile_sorted(const double *sorted, size_t count, double share);
/* Sorts rising; NaN last. */
void vt_sort_rising(double *values, size_t count);

/* ---- resampling ---- */

enum { VT_BOOTSTRAP_RESAMPLES = 10000 };

typedef struct vt_interval {
  double low, high;
} vt_interval;

/* A number computed from the units `drawn` [count] (indices, repeats allowed). */
typedef double (*vt_statistic_fn)(const void *user, const size_t *drawn, size_t count);

/* Percentile bootstrap (Efron 1979): `resamples` draws of `count` units with replacement; the interval holds
 * the middle `confidence` share of the statistic. Draws whose statistic is NaN are left out; NaN bounds when
 * there are no units or nothing is left. With one unit both bounds are its value. */
vt_status vt_bootstrap(vt_ctx *ctx, size_t count, int resamples, double confidence, uint64_t seed,
                       vt_statistic_fn statistic, const void *user, vt_interval *out);
vt_status vt_bootstrap_mean(vt_ctx *ctx, const double *values, size_t count, int resamples, double confidence,
                            uint64_t seed, vt_interval *out);

/* Two-sided paired permutation test: share of sign patterns of the differences whose |sum| is at least the
 * observed one. Exact over all 2^count patterns when those are at most `permutations`; else that many drawn
 * ones and the observed one, (hits + 1) / (permutations + 1). NaN for no differences. */
double vt_paired_permutation(const double *differences, size_t count, int permutations, uint64_t seed);

/* ---- correlations of two lists; NaN below two pairs or when one list is constant ---- */

double vt_pearson(const double *x, const double *y, size_t count);
/* Ranks from 1 up, ties get their mean rank. */
vt_status vt_ranks(vt_ctx *ctx, const double *values, size_t count, double *ranks);
/* Pearson of the ranks. Values must not be NaN. */
vt_status vt_spearman(vt_ctx *ctx, const double *x, const double *y, size_t count, double *out);
/* Kendall's τ-b, corrected for ties, by Knight's method in count · log(count). Values must not be NaN. */
vt_status vt_kendall(vt_ctx *ctx, const double *x, const double *y, size_t count, double *out);

#endif
