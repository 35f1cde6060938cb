/* SPDX-License-Identifier: Apache-2.0
 *
 * How alike two maps are.
 */
#ifndef VT_METRICS_SIMILARITY_H
#define VT_METRICS_SIMILARITY_H

#include "base/base.h"

/* Structural similarity (Wang et al. 2004) along a line: windows of 7 numbers, flat weights, sample
 * variances, K 0.01 and 0.03, the joint range of both lists as dynamic range; mean over the windows that
 * lie inside. NaN below 7 numbers. Two lists of one and the same number: 1. */
double vt_ssim_line(const double *a, const double *b, size_t count);

/* Entropy, in nats, of the histogram of the values in `bins` equal bins from the least to the greatest; 0 for
 * values that are all equal. */
vt_status vt_histogram_entropy(vt_ctx *ctx, const double *values, size_t count, int bins, double *out);

/* Values over the largest absolute one, in place; unchanged when all are 0. */
void vt_scale_to_one(double *values, size_t count);

#endif
