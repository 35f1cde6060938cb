/* SPDX-License-Identifier: Apache-2.0
 *
 * Three ways to spread points.
 */
#include "attribution/design.h"

#include "math/sobol.h"

static vt_status fill_sobol(vt_ctx *ctx, int64_t rows, int columns, double *out)
{
  if (columns > VT_SOBOL_DIMENSIONS)
    return vt_fail(
        ctx, VT_ERROR_INVALID_ARGUMENT,
        "the Sobol sequence has %d columns and the design needs %d: divide coarser, or use --design "
        "random",
        VT_SOBOL_DIMENSIONS, columns);
  for (int c = 0; c < columns; c++) {
    uint32_t directions[VT_SOBOL_BITS];
    VT_TRY(vt_sobol_directions(ctx, c, directions));
    for (int64_t row = 0; row < rows; row++)
      out[row * columns + c] = vt_sobol_coordinate(directions, (uint32_t)row);
  }
  return VT_OK;
}

static vt_status fill_latin(vt_ctx *ctx, int64_t rows, int columns, uint64_t seed, const char *purpose,
                            double *out)
{
  int *order = vt_alloc_zero(ctx, (size_t)rows, sizeof *order);
  if (!order) return VT_ERROR_OUT_OF_MEMORY;
  for (int c = 0; c < columns; c++) {
    uint64_t stream = vt_stream(purpose, (uint64_t)c);
    vt_random_permutation(seed, stream, order, (int)rows);
    for (int64_t row = 0; row < rows; row++)
      out[row * columns + c] =
          (order[row] + vt_random_uniform(seed, stream ^ 1, (uint64_t)row)) / (double)rows;
  }
  vt_free(order);
  return VT_OK;
}

vt_status vt_design_make(vt_ctx *ctx, vt_design design, int64_t rows, int columns, uint64_t seed,
                         const char *purpose, double *out)
{
  if (design == VT_DESIGN_SOBOL) return fill_sobol(ctx, rows, columns, out);
  if (design == VT_DESIGN_LATIN) return fill_latin(ctx, rows, columns, seed, purpose, out);
  for (int64_t row = 0; row < rows; row++)
    for (int c = 0; c < columns; c++)
      out[row * columns + c] = vt_random_uniform(seed, vt_stream(purpose, (uint64_t)row), (uint64_t)c);
  return VT_OK;
}
