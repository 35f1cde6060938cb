/* SPDX-License-Identifier: Apache-2.0
 *
 * For plain loops: inputs copied to f64, computed there, rounded once on the way out. One body then serves
 * every type.
 */
#ifndef VT_OPS_PLAIN_H
#define VT_OPS_PLAIN_H

#include "ops/elementwise.h"

/* The elements of `tensor` as f64. Caller frees with vt_free(). NULL when memory is short. */
double *vt_plain_read(vt_ctx *ctx, const vt_tensor *tensor);
/* The same for an optional input: `count` times `absent` when it is NULL. */
double *vt_plain_read_or(vt_ctx *ctx, const vt_tensor *tensor, int64_t count, double absent);
/* Stores `values` in `tensor` (a float type, or u8 or i8 that they fit). */
void vt_plain_write(vt_tensor *tensor, const double *values);

/* Integer tensors as 64-bit patterns, and back by dropping the upper bits: sums and products are right modulo
 * 2^bits whatever the width and sign. */
uint64_t *vt_plain_read_bits(vt_ctx *ctx, const vt_tensor *tensor);
void vt_plain_write_bits(vt_tensor *tensor, const uint64_t *values);

/* First implementation of rows that take f16 and bf16: the call again on f32 copies. */
#define VT_BY_F32                                                                                            \
  {                                                                                                          \
    "f32", vt_half_call, vt_run_widened                                                                      \
  }
bool vt_half_call(const vt_call *call);

#endif
