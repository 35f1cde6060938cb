/* SPDX-License-Identifier: Apache-2.0
 *
 * Lanczos iteration for the first singular triple: a Krylov space of a few dozen dimensions, its largest Ritz
 * pair by Jacobi rotations, and a restart from that until the residual is small (Golub, Van Loan: Matrix
 * Computations, 4th edition, §10.1 and §8.5).
 */
#include "math/svd.h"

#include <math.h>

enum { KRYLOV = 40, RESTARTS = 2000, SWEEPS = 60 };

typedef struct lanczos {
  const double *matrix;
  size_t rows, columns, size; /* size: of the smaller side */
  double *basis;              /* [KRYLOV, size] orthonormal */
  double *next;               /* [size] */
  double *other;              /* [larger side] */
} lanczos;

static double dot(const double *a, const double *b, size_t count)
{
  double sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += a[i] * b[i];
  return sum;
}

/* out [rows] = A · vector, or out [columns] = Aᵀ · vector. */
static void multiply(const lanczos *l, const double *vector, bool transposed, double *out)
{
  if (!transposed) {
    for (size_t r = 0; r < l->rows; r++)
      out[r] = dot(l->matrix + r * l->columns, vector, l->columns);
    return;
  }
  memset(out, 0, l->columns * sizeof *out);
  for (size_t r = 0; r < l->rows; r++)
    for (size_t c = 0; c < l->columns; c++)
      out[c] += vector[r] * l->matrix[r * l->columns + c];
}

/* next = G · vector, G the smaller Gram matrix. */
static void apply(const lanczos *l, const double *vector)
{
  bool right = l->size == l->columns;
  multiply(l, vector, !right, l->other);
  multiply(l, l->other, right, l->next);
}

/* One rotation of the symmetric a [n, n] that clears a[p][q], kept in the columns of v. */
static void rotate(double a[KRYLOV][KRYLOV], double v[KRYLOV][KRYLOV], int n, int p, int q)
{
  if (a[p][q] == 0) return;
  double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
  double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1));
  double c = 1 / sqrt(t * t + 1), s = t * c;
  for (int k = 0; k < n; k++) {
    double x = a[k][p], y = a[k][q];
    a[k][p] = c * x - s * y;
    a[k][q] = s * x + c * y;
  }
  for (int k = 0; k < n; k++) {
    double x = a[p][k], y = a[q][k];
    a[p][k] = c * x - s * y;
    a[q][k] = s * x + c * y;
  }
  for (int k = 0; k < n; k++) {
    double x = v[k][p], y = v[k][q];
    v[k][p] = c * x - s * y;
    v[k][q] = s * x + c * y;
  }
}

/* Largest eigenvalue of the tridiagonal matrix with its vector. */
static double largest(int n, const double *diagonal, const double *beside, double *vector)
{
  double a[KRYLOV][KRYLOV] = {{0}}, v[KRYLOV][KRYLOV] = {{0}};
  for (int i = 0; i < n; i++) {
    a[i][i] = diagonal[i];
    v[i][i] = 1;
    if (i + 1 < n) a[i][i + 1] = a[i + 1][i] = beside[i];
  }
  for (int sweep = 0; sweep < SWEEPS; sweep++) {
    double off = 0, all = 0;
    for (int p = 0; p < n; p++)
      for (int q = 0; q < n; q++) {
        all += a[p][q] * a[p][q];
        if (p != q) off += a[p][q] * a[p][q];
      }
    if (off <= 1e-34 * all) break;
    for (int p = 0; p < n; p++)
      for (int q = p + 1; q < n; q++)
        rotate(a, v, n, p, q);
  }
  int best = 0;
  for (int i = 1; i < n; i++)
    if (a[i][i] > a[best][best]) best = i;
  for (int i = 0; i < n; i++)
    vector[i] = v[i][best];
  return a[best][best];
}

/* One Krylov space from the unit vector in basis[0]; the Ritz vector takes its place. True when it has
 * converged; `*eigenvalue` is that of G. */
static bool improve(const lanczos *l, double *eigenvalue)
{
  double diagonal[KRYLOV], beside[KRYLOV], ritz[KRYLOV];
  int n = 0;
  for (; n < KRYLOV; n++) {
    const double *current = l->basis + (size_t)n * l->size;
    apply(l, current);
    diagonal[n] = dot(current, l->next, l->size);
    for (int twice = 0; twice < 2; twice++)
      for (int i = 0; i <= n; i++) {
        const double *before = l->basis + (size_t)i * l->size;
        double part = dot(before, l->next, l->size);
        for (size_t k = 0; k < l->size; k++)
          l->next[k] -= part * before[k];
      }
    beside[n] = sqrt(dot(l->next, l->next, l->size));
    if (n + 1 == KRYLOV || (size_t)n + 1 == l->size || beside[n] <= 1e-15 * fabs(diagonal[0])) break;
    double *following = l->basis + (size_t)(n + 1) * l->size;
    for (size_t k = 0; k < l->size; k++)
      following[k] = l->next[k] / beside[n];
  }
  if (n < KRYLOV) n++;
  *eigenvalue = largest(n, diagonal, beside, ritz);
  double residual = fabs(beside[n - 1] * ritz[n - 1]);
  memset(l->next, 0, l->size * sizeof *l->next);
  for (int i = 0; i < n; i++)
    for (size_t k = 0; k < l->size; k++)
      l->next[k] += ritz[i] * l->basis[(size_t)i * l->size + k];
  double length = sqrt(dot(l->next, l->next, l->size));
  for (size_t k = 0; k < l->size; k++)
    l->basis[k] = l->next[k] / length;
  return residual <= 1e-12 * fabs(*eigenvalue) || (size_t)n == l->size;
}

/* A fixed random start has a part in every direction that G could have. */
static void begin(const lanczos *l)
{
  for (size_t k = 0; k < l->size; k++)
    l->basis[k] = 1 + vt_random_normal(0, vt_stream("svd start", 0), k);
  double length = sqrt(dot(l->basis, l->basis, l->size));
  for (size_t k = 0; k < l->size; k++)
    l->basis[k] /= length;
}

static void finish(const lanczos *l, double value, double *left, double *right)
{
  bool is_right = l->size == l->columns;
  double *near = is_right ? right : left, *far = is_right ? left : right;
  if (near) memcpy(near, l->basis, l->size * sizeof *near);
  if (!far) return;
  multiply(l, l->basis, !is_right, far);
  for (size_t i = 0; i < (is_right ? l->rows : l->columns); i++)
    far[i] /= value;
}

vt_status vt_svd_first(vt_ctx *ctx, const double *matrix, size_t rows, size_t columns, double *value,
                       double *left, double *right)
{
  size_t larger = rows > columns ? rows : columns;
  lanczos l = {.matrix = matrix, .rows = rows, .columns = columns, .size = rows < columns ? rows : columns};
  double scale = 0;
  *value = 0;
  if (left) memset(left, 0, rows * sizeof *left);
  if (right) memset(right, 0, columns * sizeof *right);
  for (size_t i = 0; i < rows * columns; i++)
    if (fabs(matrix[i]) > scale) scale = fabs(matrix[i]);
  if (scale == 0) return VT_OK;
  l.basis = vt_alloc_zero(ctx, (size_t)KRYLOV * l.size, sizeof *l.basis);
  l.next = vt_alloc_zero(ctx, l.size, sizeof *l.next);
  l.other = vt_alloc_zero(ctx, larger, sizeof *l.other);
  vt_status status = l.basis && l.next && l.other ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    double eigenvalue = 0;
    bool done = false;
    begin(&l);
    for (int i = 0; i < RESTARTS && !done; i++)
      done = improve(&l, &eigenvalue);
    *value = sqrt(eigenvalue > 0 ? eigenvalue : 0);
    if (!done || *value == 0)
      status = vt_fail(ctx, VT_ERROR_RUNTIME,
                       "the first singular vector of a %zu by %zu matrix was not found in %d restarts", rows,
                       columns, RESTARTS);
    else
      finish(&l, *value, left, right);
  }
  vt_free(l.basis);
  vt_free(l.next);
  vt_free(l.other);
  return status;
}
