/* SPDX-License-Identifier: Apache-2.0
 *
 * The Hilbert–Schmidt independence criterion between parts shown or hidden and the score.
 */
#ifndef VT_ATTRIBUTION_HSIC_H
#define VT_ATTRIBUTION_HSIC_H

#include "base/base.h"

/* tr(K H L H) / n for each column of zeros and ones `design` [rows, columns], with K = 1 + (½ − (m −
 * m')²) of the column, L = exp(−(y − y')² / 2σ²) of the scores, σ their median (their standard deviation
 * where that is 0; 0 throughout when they are all equal), H the centring matrix. Memory for rows². */
vt_status vt_hsic_values(vt_ctx *ctx, const double *design, const double *scores, size_t rows, size_t columns,
                         double *values);

#endif
