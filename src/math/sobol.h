/* SPDX-License-Identifier: Apache-2.0
 *
 * Quasi-random sequences: points that fill the unit cube more evenly than random ones.
 */
#ifndef VT_MATH_SOBOL_H
#define VT_MATH_SOBOL_H

#include "base/base.h"

enum { VT_SOBOL_DIMENSIONS = 256, VT_SOBOL_BITS = 32 };

/* Direction numbers of one dimension, from 0. The first 2^m points of a dimension hold every multiple of 2^−m
 * once. Dimensions beyond the table are VT_ERROR_INVALID_ARGUMENT. */
vt_status vt_sobol_directions(vt_ctx *ctx, int dimension, uint32_t directions[VT_SOBOL_BITS]);
/* Coordinate of point `index` (0: the origin) of the unscrambled sequence in Gray code order, in [0, 1). */
double vt_sobol_coordinate(const uint32_t directions[VT_SOBOL_BITS], uint32_t index);

#endif
