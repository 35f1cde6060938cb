/* SPDX-License-Identifier: Apache-2.0
 *
 * Total Sobol indices from scores of a design.
 */
#ifndef VT_ATTRIBUTION_SOBOL_INDICES_H
#define VT_ATTRIBUTION_SOBOL_INDICES_H

#include "base/base.h"

/* Jansen's estimator: Σ (a − c_i)² / (2 n · variance of a, over n − 1). `base` [rows]: scores of A;
 * `mixed` [columns, rows]: of A with column i from B. All 0 when A's scores are all equal. */
void vt_sobol_total(const double *base, const double *mixed, size_t rows, size_t columns, double *values);

#endif
