/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators backwards. A row's `backward` gets one application of the operator and the gradients of its
 * outputs, and makes those of the inputs that are wanted: the vector-Jacobian product.
 *
 * Gradients have type and shape of the tensor they belong to, f32 or f64. NULL stands for zero everywhere: an
 * output nobody used, an input the output does not depend on. Backward functions never write into what they
 * were given, and may hand on what they were given (a gradient that passes unchanged).
 */
#ifndef VT_OPS_GRADIENT_H
#define VT_OPS_GRADIENT_H

#include "ops/op.h"

typedef struct vt_gradient {
  const vt_call *call; /* as it ran; tensors that the row's `saves` leaves out have data == NULL */
  vt_tensor *const *output_gradients; /* [call->output_count]; NULL: zero. At least one is not */
  const bool *wanted;                 /* [call->input_count]; true only for f32 and f64 inputs */
  vt_tensor **input_gradients;        /* [call->input_count], to be made in the context; NULL: zero */
  const vt_call *reference; /* rules that compare: the same node of the reference run; NULL otherwise */
} vt_gradient;

/* Makes the gradient of input `index`, undefined or zero, with its type and shape, and puts it in
 * place. NULL on failure. */
vt_tensor *vt_gradient_new(vt_ctx *ctx, const vt_gradient *gradient, int index);
vt_tensor *vt_gradient_zero(vt_ctx *ctx, const vt_gradient *gradient, int index);
/* Whether input `index` exists and its gradient is wanted. */
bool vt_gradient_wanted(const vt_gradient *gradient, int index);
/* Gradient of output `index`, NULL when it is zero or the output was not wanted. */
vt_tensor *vt_gradient_output(const vt_gradient *gradient, int index);

/* Sums `full` over the axes along which `like` was repeated to its shape: the gradient of a broadcast operand
 * from that of the result. Hands `full` on where nothing was repeated. Sums are kept in f64 in an order that
 * follows from the shapes. */
vt_status vt_gradient_reduce(vt_ctx *ctx, vt_tensor *full, const vt_tensor *like, vt_tensor **out);
/* `gradient` under the shape of `like` (same count): storage shared. */
vt_status vt_gradient_reshape(vt_ctx *ctx, const vt_tensor *gradient, const vt_tensor *like, vt_tensor **out);

/* Ready-made backward functions. */
vt_status vt_backward_same(vt_ctx *ctx, const vt_gradient *gradient); /* input 0 gets output 0's as it is */
vt_status vt_backward_view(vt_ctx *ctx, const vt_gradient *gradient); /* the same under input 0's shape */
/* No input matters: steps, signs, roundings, whose derivative is zero wherever it exists. */
vt_status vt_backward_zero(vt_ctx *ctx, const vt_gradient *gradient);

/* One eager call by name without recording, for backward functions and rules that are themselves made of
 * operators. `attributes` NULL: the row's defaults. */
vt_status vt_compute(vt_ctx *ctx, const char *op, const void *attributes, int input_count,
                     vt_tensor *const *inputs, vt_tensor **output);

#endif
