/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums and affine maps over stretches of f32 numbers, for normalisation and global pooling. Sums are f64 in
 * sixteen parts whatever the instruction set, so that their bits depend on neither processor nor threads.
 */
#ifndef VT_OPS_ROWS_H
#define VT_OPS_ROWS_H

#include <stdint.h>

double vt_row_sum(const float *x, int64_t count);
/* Σ (x − centre)² */
double vt_row_spread(const float *x, int64_t count, double centre);
/* y = (x − centre) · factor + offset. The centre is subtracted in two f32 parts: rounded to one it would cost
 * what the difference has left, and rows whose numbers are close together have little. */
void vt_row_affine(const float *x, float *y, int64_t count, double centre, float factor, float offset);
/* y = (x − centre) · factor · scale + bias, element by element; bias may be NULL */
void vt_row_scale(const float *x, float *y, int64_t count, double centre, float factor, const float *scale,
                  const float *bias);

#endif
