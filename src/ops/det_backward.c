/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradient of Det: the matrix of cofactors times dy, which exists for singular matrices too.
 *
 * With the largest pivot of all that is left, P A Q = L U. When only the last pivot d may vanish,
 * U = [V u; 0 d] and adj(P A Q) = |V| · [d V⁻¹, −V⁻¹u; 0, 1] · L⁻¹: nothing is divided by d. When one before
 * vanishes, all cofactors are 0.
 */
#include "ops/det.h"

#include <math.h>

#include "ops/plain.h"

typedef struct elimination {
  int64_t size;
  double *cells; /* L below the diagonal, U on and above it */
  int64_t *rows, *columns;
  double *solution;
  double factor; /* |V| with the sign of both permutations; 0: two pivots vanish */
} elimination;

static void swap_numbers(int64_t *a, int64_t *b)
{
  int64_t kept = *a;
  *a = *b;
  *b = kept;
}

/* Brings the largest cell from (step, step) on there. */
static void bring_pivot(elimination *e, int64_t step)
{
  int64_t n = e->size, row = step, column = step;
  for (int64_t i = step; i < n; i++)
    for (int64_t j = step; j < n; j++)
      if (fabs(e->cells[i * n + j]) > fabs(e->cells[row * n + column])) {
        row = i;
        column = j;
      }
  for (int64_t i = 0; i < n && row != step; i++) {
    double kept = e->cells[step * n + i];
    e->cells[step * n + i] = e->cells[row * n + i];
    e->cells[row * n + i] = kept;
  }
  for (int64_t i = 0; i < n && column != step; i++) {
    double kept = e->cells[i * n + step];
    e->cells[i * n + step] = e->cells[i * n + column];
    e->cells[i * n + column] = kept;
  }
  if (row != step) e->factor = -e->factor;
  if (column != step) e->factor = -e->factor;
  swap_numbers(&e->rows[step], &e->rows[row]);
  swap_numbers(&e->columns[step], &e->columns[column]);
}

static void eliminate(elimination *e)
{
  int64_t n = e->size;
  e->factor = 1;
  for (int64_t i = 0; i < n; i++)
    e->rows[i] = e->columns[i] = i;
  for (int64_t step = 0; step + 1 < n; step++) {
    bring_pivot(e, step);
    double pivot = e->cells[step * n + step];
    e->factor *= pivot;
    if (pivot == 0) return;
    for (int64_t i = step + 1; i < n; i++) {
      double multiple = e->cells[i * n + step] /= pivot;
      for (int64_t j = step + 1; j < n; j++)
        e->cells[i * n + j] -= multiple * e->cells[step * n + j];
    }
  }
}

/* Column `column` of adj(P A Q) without the factor, into `solution`. */
static void adjugate_column(elimination *e, int64_t column)
{
  int64_t n = e->size, last = n - 1;
  double *z = e->solution, end = e->cells[last * n + last];
  for (int64_t i = 0; i < n; i++) {
    z[i] = i == column;
    for (int64_t j = 0; j < i; j++)
      z[i] -= e->cells[i * n + j] * z[j];
  }
  for (int64_t i = last - 1; i >= 0; i--) {
    z[i] = end * z[i] - e->cells[i * n + last] * z[last];
    for (int64_t j = i + 1; j < last; j++)
      z[i] -= e->cells[i * n + j] * z[j];
    z[i] /= e->cells[i * n + i];
  }
}

/* cofactors[i, j] · dy into `out`; `e->cells` holds the matrix and is used up. */
static void cofactors(elimination *e, double dy, double *out)
{
  int64_t n = e->size;
  eliminate(e);
  for (int64_t column = 0; column < n; column++) {
    if (e->factor != 0) adjugate_column(e, column);
    for (int64_t i = 0; i < n; i++)
      out[e->rows[column] * n + e->columns[i]] = e->factor != 0 ? dy * e->factor * e->solution[i] : 0;
  }
}

vt_status vt_det_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_tensor *input = gradient->call->inputs[0], *dy = gradient->output_gradients[0];
  int64_t size = input->dims[input->rank - 1], cells = size * size, count = vt_count(dy);
  if (!gradient->wanted[0]) return VT_OK;
  vt_tensor *made = vt_gradient_new(ctx, gradient, 0);
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  if (vt_count(input) == 0) return VT_OK;
  elimination e = {.size = size};
  double *matrices = vt_plain_read(ctx, input);
  e.cells = vt_alloc_zero(ctx, (size_t)cells, sizeof *e.cells);
  e.rows = vt_alloc_zero(ctx, (size_t)size, sizeof *e.rows);
  e.columns = vt_alloc_zero(ctx, (size_t)size, sizeof *e.columns);
  e.solution = vt_alloc_zero(ctx, (size_t)size, sizeof *e.solution);
  bool ready = matrices && e.cells && e.rows && e.columns && e.solution;
  for (int64_t m = 0; ready && m < count; m++) {
    memcpy(e.cells, matrices + m * cells, (size_t)cells * sizeof *e.cells);
    cofactors(&e, vt_get_f64(dy, m), matrices + m * cells);
  }
  if (ready) vt_plain_write(made, matrices);
  vt_free(matrices);
  vt_free(e.cells);
  vt_free(e.rows);
  vt_free(e.columns);
  vt_free(e.solution);
  return ready ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}
