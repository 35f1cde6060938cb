/* SPDX-License-Identifier: Apache-2.0
 *
 * Designs: rows of numbers in [0, 1) that say which parts are shown, or how much of them.
 */
#ifndef VT_ATTRIBUTION_DESIGN_H
#define VT_ATTRIBUTION_DESIGN_H

#include "base/base.h"

typedef enum vt_design { VT_DESIGN_SOBOL, VT_DESIGN_LATIN, VT_DESIGN_RANDOM } vt_design;
/* Choices of a setting, in this order. */
#define VT_DESIGN_CHOICES "sobol|latin|random"

/* `out` [rows, columns]: the first points of the unscrambled Sobol sequence (the origin first, at most
 * VT_SOBOL_DIMENSIONS columns, whatever the seed); a Latin hypercube, one point in each n-th of each
 * column; or independent numbers. `purpose` separates streams. */
vt_status vt_design_make(vt_ctx *ctx, vt_design design, int64_t rows, int columns, uint64_t seed,
                         const char *purpose, double *out);

#endif
