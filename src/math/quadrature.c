/* SPDX-License-Identifier: Apache-2.0
 *
 * Quadrature rules. Gauss-Legendre: Abramowitz and Stegun, 25.4.29 (weights) and 22.16.6 (first guess of the
 * roots).
 */
#include "math/quadrature.h"

#include <math.h>

/* P_n(x) by the three-term recurrence, and its derivative. */
static double legendre(int n, double x, double *slope)
{
  double before = 1, value = x;
  for (int k = 2; k <= n; k++) {
    double next = ((2 * k - 1) * x * value - (k - 1) * before) / k;
    before = value;
    value = next;
  }
  *slope = n * (x * value - before) / (x * x - 1);
  return value;
}

static void gauss_legendre(int n, double *places, double *weights)
{
  enum { STEPS = 100 };
  for (int i = 0; i < (n + 1) / 2; i++) {
    double x = cos(acos(-1.0) * (i + 0.75) / (n + 0.5)), slope = 1;
    if (2 * i + 1 == n) x = 0;
    for (int step = 0; step < STEPS; step++) {
      double change = legendre(n, x, &slope) / slope;
      x -= change;
      if (fabs(change) <= 1e-16) break;
    }
    legendre(n, x, &slope);
    double weight = 1 / ((1 - x * x) * slope * slope); /* half of the weight on [−1, 1] */
    places[i] = (1 - x) / 2;
    places[n - 1 - i] = (1 + x) / 2;
    weights[i] = weights[n - 1 - i] = weight;
  }
}

static void trapezoid(int n, double share, double *places, double *weights)
{
  for (int i = 0; i < n; i++) {
    places[i] = (double)i / (n - 1);
    weights[i] = i == 0 || i == n - 1 ? share / 2 : share;
  }
}

vt_status vt_quadrature_make(vt_ctx *ctx, vt_quadrature rule, int count, double *places, double *weights)
{
  bool ends = rule == VT_TRAPEZOID || rule == VT_RIEMANN_TRAPEZOID;
  if (count < (ends ? 2 : 1))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a %s of %d steps: it takes at least %d",
                   ends ? "trapezoid rule" : "quadrature", count, ends ? 2 : 1);
  switch (rule) {
  case VT_GAUSS_LEGENDRE:
    gauss_legendre(count, places, weights);
    break;
  case VT_RIEMANN_TRAPEZOID:
    trapezoid(count, 1.0 / count, places, weights);
    break;
  case VT_TRAPEZOID:
    trapezoid(count, 1.0 / (count - 1), places, weights);
    break;
  case VT_MIDPOINT:
    for (int i = 0; i < count; i++) {
      places[i] = (i + 0.5) / count;
      weights[i] = 1.0 / count;
    }
    break;
  }
  return VT_OK;
}
