/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums and linear combinations over stretches of f32 or f64 numbers: what all gradients of normalisation are
 * made of. With g the gradient of the output (times its scale) every one of them is a · g + b · (x − centre)
 * + c with numbers that follow from Σ g and Σ g · (x − centre).
 *
 * Sums are f64 in sixteen parts whatever the instruction set.
 */
#ifndef VT_OPS_NORM_ROWS_H
#define VT_OPS_NORM_ROWS_H

#include "tensor/tensor.h"

/* Address of an element. NULL where there is no tensor or no data. */
void *vt_norm_at(const vt_tensor *tensor, int64_t index);

double vt_norm_sum(vt_type type, const void *x, int64_t count);
/* Σ (x − centre)² */
double vt_norm_spread(vt_type type, const void *x, int64_t count, double centre);
/* Adds Σ g and Σ g · (x − centre), with g = gradient · scale; scale may be NULL. */
void vt_norm_add_sums(vt_type type, const void *gradient, const void *scale, const void *x, int64_t count,
                      double centre, double *sum, double *dot);
/* out = a · gradient · scale + b · (x − centre) + c; scale and x may be NULL (1 and centre). */
void vt_norm_combine(vt_type type, const void *gradient, const void *scale, const void *x, void *out,
                     int64_t count, double centre, double a, double b, double c);
/* sums[i] += gradient[i], dots[i] += gradient[i] · (x[i] − centre) · factor, for columns that several rows
 * share. */
void vt_norm_add_columns(vt_type type, const void *gradient, const void *x, int64_t count, double centre,
                         double factor, double *sums, double *dots);

#endif
