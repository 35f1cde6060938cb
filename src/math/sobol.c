/* SPDX-License-Identifier: Apache-2.0
 *
 * The Sobol sequence. I. M. Sobol' (1967); order of the points by Antonov and Saleev (1979); numbers of Joe
 * and Kuo (2008).
 */
#include "math/sobol.h"

#include "math/sobol_table.h"

static int degree_of(unsigned polynomial)
{
  int degree = -1;
  for (; polynomial; polynomial >>= 1)
    degree++;
  return degree;
}

vt_status vt_sobol_directions(vt_ctx *ctx, int dimension, uint32_t directions[VT_SOBOL_BITS])
{
  if (dimension < 0 || dimension >= VT_SOBOL_DIMENSIONS)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "the Sobol sequence is known for dimensions 0 to %d, not %d", VT_SOBOL_DIMENSIONS - 1,
                   dimension);
  const uint16_t *row = sobol_numbers;
  for (int i = 0; i < dimension; i++)
    row += 1 + degree_of(row[0]);
  unsigned polynomial = row[0];
  int degree = degree_of(polynomial);
  for (int j = 0; j < VT_SOBOL_BITS; j++) {
    if (j < degree || degree == 0) { /* the first dimension is the van der Corput sequence: all ones */
      directions[j] = (uint32_t)(degree == 0 ? 1 : row[1 + j]) << (VT_SOBOL_BITS - 1 - j);
      continue;
    }
    uint32_t value = directions[j - degree] ^ (directions[j - degree] >> degree);
    for (int k = 1; k < degree; k++)
      if (polynomial >> (degree - k) & 1) value ^= directions[j - k];
    directions[j] = value;
  }
  return VT_OK;
}

double vt_sobol_coordinate(const uint32_t directions[VT_SOBOL_BITS], uint32_t index)
{
  uint32_t gray = index ^ (index >> 1), value = 0;
  for (int j = 0; gray; j++, gray >>= 1)
    if (gray & 1) value ^= directions[j];
  return (double)value / 4294967296.0;
}
