/* SPDX-License-Identifier: Apache-2.0
 *
 * The first singular triple of a matrix.
 */
#ifndef VT_MATH_SVD_H
#define VT_MATH_SVD_H

#include "base/base.h"

/* Largest singular value of `matrix` [rows, columns] (row-major) with its unit vectors `left` [rows] and
 * `right` [columns] (either may be NULL): matrix · right = value · left. Their common sign is arbitrary but
 * the same on every run; of a zero matrix the value is 0 and so are the vectors. By the Lanczos method on
 * the smaller of AᵀA and AAᵀ, with full reorthogonalisation and restarts, to a residual of 1e-12 of the
 * value; VT_ERROR_RUNTIME when that is not reached. Entries must be finite. */
vt_status vt_svd_first(vt_ctx *ctx, const double *matrix, size_t rows, size_t columns, double *value,
                       double *left, double *right);

#endif
