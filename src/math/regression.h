/* SPDX-License-Identifier: Apache-2.0
 *
 * Linear regression on small dense problems: weighted, with an intercept that nothing shrinks, or with
 * the sum of the coefficients given.
 */
#ifndef VT_MATH_REGRESSION_H
#define VT_MATH_REGRESSION_H

#include "base/base.h"

typedef struct vt_regression {
  const double *design;  /* [rows, columns], row-major */
  const double *values;  /* [rows] */
  const double *weights; /* [rows], ≥ 0; NULL: all 1 */
  size_t rows, columns;
} vt_regression;

/* Σ w (y − a − x·b)² + penalty Σ b² at its least: b in `coefficients` [columns], a in `*intercept` (NULL: not
 * wanted). Penalty 0 is ordinary least squares. Where that leaves coefficients open (too few rows, columns
 * that are alike), a penalty of 1e-9 of the mean curvature settles them. */
vt_status vt_regression_ridge(vt_ctx *ctx, const vt_regression *problem, double penalty, double *coefficients,
                              double *intercept);
/* Σ w (y − a − x·b)² / (2 Σ w) + penalty Σ |b|, by coordinate descent until no coefficient moves by more than
 * 1e-9 of the largest, at most 10 000 rounds. */
vt_status vt_regression_lasso(vt_ctx *ctx, const vt_regression *problem, double penalty, double *coefficients,
                              double *intercept);
/* Σ w (y − x·b)² at its least among the b with Σ b = total; no intercept. */
vt_status vt_regression_with_sum(vt_ctx *ctx, const vt_regression *problem, double total,
                                 double *coefficients);

/* Solves A x = b for `count` right sides b [count, size] in place. A [size, size], symmetric and positive
 * semi-definite, is destroyed. Singular: as said at vt_regression_ridge(). */
vt_status vt_solve_symmetric(vt_ctx *ctx, double *matrix, size_t size, double *right, size_t count);

#endif
