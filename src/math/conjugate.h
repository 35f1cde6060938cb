/* SPDX-License-Identifier: Apache-2.0
 *
 * Sparse linear systems that are symmetric and positive definite.
 */
#ifndef VT_MATH_CONJUGATE_H
#define VT_MATH_CONJUGATE_H

#include "base/base.h"

/* out[count] = A · x[count]. */
typedef void (*vt_apply_fn)(const void *user, const double *x, double *out);

/* Solves A·x = b by conjugate gradients (Hestenes, Stiefel 1952), preconditioned by the matrix's `diagonal`
 * [count] (NULL: not at all), from the `x` given, until the residual is at most `tolerance` times the length
 * of b. A is known by what it does to a vector. Steps taken in `steps` (may be NULL). VT_ERROR_RUNTIME when
 * `most_steps` do not suffice, or A proves not to be positive definite. */
vt_status vt_conjugate_gradients(vt_ctx *ctx, size_t count, vt_apply_fn apply, const void *user,
                                 const double *diagonal, const double *b, double tolerance, int most_steps,
                                 double *x, int *steps);

#endif
