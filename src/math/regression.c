/* SPDX-License-Identifier: Apache-2.0
 *
 * Regression by normal equations and Cholesky's method. Sums run in index order.
 */
#include "math/regression.h"

#include <math.h>

/* ---- symmetric systems ---- */

/* A + shift · 1 = L Lᵀ, L into the lower triangle of `out`. False when a pivot is lost in rounding. */
static bool factor(const double *matrix, size_t size, double shift, double *out)
{
  for (size_t i = 0; i < size; i++)
    for (size_t j = 0; j <= i; j++) {
      double sum = matrix[i * size + j] + (i == j ? shift : 0), diagonal = sum;
      for (size_t k = 0; k < j; k++)
        sum -= out[i * size + k] * out[j * size + k];
      if (i != j) {
        out[i * size + j] = sum / out[j * size + j];
        continue;
      }
      if (!(sum > 1e-12 * fabs(diagonal)) || !isfinite(sum)) return false;
      out[i * size + i] = sqrt(sum);
    }
  return true;
}

static void substitute(const double *factors, size_t size, double *right)
{
  for (size_t i = 0; i < size; i++) {
    for (size_t k = 0; k < i; k++)
      right[i] -= factors[i * size + k] * right[k];
    right[i] /= factors[i * size + i];
  }
  for (size_t i = size; i-- > 0;) {
    for (size_t k = i + 1; k < size; k++)
      right[i] -= factors[k * size + i] * right[k];
    right[i] /= factors[i * size + i];
  }
}

vt_status vt_solve_symmetric(vt_ctx *ctx, double *matrix, size_t size, double *right, size_t count)
{
  static const double shifts[] = {0, 1e-9, 1e-7, 1e-5};
  double mean = 0;
  for (size_t i = 0; i < size; i++)
    mean += matrix[i * size + i] / (double)size;
  if (mean == 0) mean = 1; /* nothing is known of any coefficient: all zero */
  size_t cells;
  if (!vt_size_mul(size, size, &cells)) return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "system too large");
  double *factors = vt_alloc_zero(ctx, cells, sizeof *factors);
  if (!factors) return VT_ERROR_OUT_OF_MEMORY;
  bool solved = false;
  for (size_t i = 0; !solved && i < VT_COUNT(shifts); i++)
    solved = factor(matrix, size, shifts[i] * mean, factors);
  for (size_t i = 0; solved && i < count; i++)
    substitute(factors, size, right + i * size);
  vt_free(factors);
  return solved ? VT_OK
                : vt_fail(ctx, VT_ERROR_RUNTIME,
                          "a system of %zu equations has no solution: its matrix is not finite, or not "
                          "positive semi-definite",
                          size);
}

/* ---- normal equations ---- */

typedef struct normal {
  double *matrix;    /* [columns, columns] Σ w (x − x̄)(x − x̄)ᵀ */
  double *right;     /* [columns] Σ w (x − x̄)(y − ȳ) */
  double *means;     /* [columns] x̄ */
  double value_mean; /* ȳ */
  double weight;     /* Σ w */
} normal;

static double weight_of(const vt_regression *problem, size_t row)
{
  return problem->weights ? problem->weights[row] : 1;
}

static void normal_free(normal *n)
{
  vt_free(n->matrix);
  vt_free(n->right);
  vt_free(n->means);
}

/* `centred`: for an intercept. */
static vt_status normal_make(vt_ctx *ctx, const vt_regression *problem, bool centred, normal *n)
{
  size_t columns = problem->columns, cells;
  *n = (normal){0};
  if (!vt_size_mul(columns, columns, &cells))
    return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "a regression on %zu columns is too large", columns);
  n->matrix = vt_alloc_zero(ctx, cells, sizeof *n->matrix);
  n->right = vt_alloc_zero(ctx, 2 * columns, sizeof *n->right);
  n->means = vt_alloc_zero(ctx, columns, sizeof *n->means);
  if (!n->matrix || !n->right || !n->means) {
    normal_free(n);
    return VT_ERROR_OUT_OF_MEMORY;
  }
  double *row = n->right + columns; /* what one row is, less the means */
  for (size_t i = 0; i < problem->rows; i++) {
    double w = weight_of(problem, i);
    n->weight += w;
    n->value_mean += w * problem->values[i];
    for (size_t c = 0; c < columns; c++)
      n->means[c] += w * problem->design[i * columns + c];
  }
  double share = centred && n->weight > 0 ? 1 / n->weight : 0;
  n->value_mean *= share;
  for (size_t c = 0; c < columns; c++)
    n->means[c] *= share;
  for (size_t i = 0; i < problem->rows; i++) {
    double w = weight_of(problem, i), value = problem->values[i] - n->value_mean;
    if (w == 0) continue;
    for (size_t c = 0; c < columns; c++)
      row[c] = problem->design[i * columns + c] - n->means[c];
    for (size_t c = 0; c < columns; c++) {
      double scaled = w * row[c];
      if (scaled == 0) continue;
      n->right[c] += scaled * value;
      for (size_t d = 0; d <= c; d++)
        n->matrix[c * columns + d] += scaled * row[d];
    }
  }
  for (size_t c = 0; c < columns; c++)
    for (size_t d = c + 1; d < columns; d++)
      n->matrix[c * columns + d] = n->matrix[d * columns + c];
  return VT_OK;
}

static void set_intercept(const normal *n, size_t columns, const double *coefficients, double *intercept)
{
  if (!intercept) return;
  *intercept = n->value_mean;
  for (size_t c = 0; c < columns; c++)
    *intercept -= coefficients[c] * n->means[c];
}

vt_status vt_regression_ridge(vt_ctx *ctx, const vt_regression *problem, double penalty, double *coefficients,
                              double *intercept)
{
  size_t columns = problem->columns;
  normal n;
  VT_TRY(normal_make(ctx, problem, true, &n));
  for (size_t c = 0; c < columns; c++)
    n.matrix[c * columns + c] += penalty;
  vt_status status = vt_solve_symmetric(ctx, n.matrix, columns, n.right, 1);
  if (status == VT_OK) {
    memcpy(coefficients, n.right, columns * sizeof *coefficients);
    set_intercept(&n, columns, coefficients, intercept);
  }
  normal_free(&n);
  return status;
}

vt_status vt_regression_lasso(vt_ctx *ctx, const vt_regression *problem, double penalty, double *coefficients,
                              double *intercept)
{
  enum { MOST_ROUNDS = 10000 };
  size_t columns = problem->columns;
  normal n;
  VT_TRY(normal_make(ctx, problem, true, &n));
  memset(coefficients, 0, columns * sizeof *coefficients);
  double least = penalty * n.weight; /* the objective times Σ w */
  for (int round = 0; round < MOST_ROUNDS; round++) {
    double moved = 0, largest = 0;
    for (size_t c = 0; c < columns; c++) {
      double curvature = n.matrix[c * columns + c], pull = n.right[c], before = coefficients[c];
      for (size_t d = 0; d < columns; d++)
        if (d != c) pull -= n.matrix[c * columns + d] * coefficients[d];
      double size = fabs(pull) - least;
      coefficients[c] = curvature > 0 && size > 0 ? copysign(size, pull) / curvature : 0;
      moved = fmax(moved, fabs(coefficients[c] - before));
      largest = fmax(largest, fabs(coefficients[c]));
    }
    if (moved <= 1e-9 * largest) break;
  }
  set_intercept(&n, columns, coefficients, intercept);
  normal_free(&n);
  return VT_OK;
}

/* With Lagrange's multiplier: A b = r − λ·1, so that b = A⁻¹r − λ A⁻¹1. */
vt_status vt_regression_with_sum(vt_ctx *ctx, const vt_regression *problem, double total,
                                 double *coefficients)
{
  size_t columns = problem->columns;
  normal n;
  VT_TRY(normal_make(ctx, problem, false, &n));
  double *ones = n.right + columns, sum = 0, ones_sum = 0;
  for (size_t c = 0; c < columns; c++)
    ones[c] = 1;
  vt_status status = vt_solve_symmetric(ctx, n.matrix, columns, n.right, 2);
  if (status == VT_OK) {
    for (size_t c = 0; c < columns; c++) {
      sum += n.right[c];
      ones_sum += ones[c];
    }
    double multiplier = (sum - total) / ones_sum;
    for (size_t c = 0; c < columns; c++)
      coefficients[c] = n.right[c] - multiplier * ones[c];
  }
  normal_free(&n);
  return status;
}
