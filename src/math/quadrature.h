/* SPDX-License-Identifier: Apache-2.0
 *
 * Quadrature on [0, 1]: where to evaluate and how much each place counts.
 */
#ifndef VT_MATH_QUADRATURE_H
#define VT_MATH_QUADRATURE_H

#include "base/base.h"

typedef enum vt_quadrature {
  VT_GAUSS_LEGENDRE,    /* exact for polynomials of degree 2n − 1 */
  VT_RIEMANN_TRAPEZOID, /* places i/(n−1), weights 1/n and half of it at the ends, so that they add up to
                         * (n−1)/n and not to 1: what captum calls riemann_trapezoid */
  VT_TRAPEZOID,         /* composite trapezoid: the same places, weights that add up to 1 */
  VT_MIDPOINT           /* places (i + ½)/n, equal weights */
} vt_quadrature;
/* Choices of a setting, in this order. */
#define VT_QUADRATURE_CHOICES "gauss-legendre|riemann-trapezoid|trapezoid|midpoint"

/* Places (rising) and weights [count]. `count` ≥ 1, both trapezoids ≥ 2; otherwise VT_ERROR_INVALID_ARGUMENT.
 * The nodes of Gauss are the roots of the Legendre polynomial, found by Newton's method to rounding. */
vt_status vt_quadrature_make(vt_ctx *ctx, vt_quadrature rule, int count, double *places, double *weights);

#endif
