/* SPDX-License-Identifier: Apache-2.0
 *
 * Attributes of Gemm, Y = alpha · A' · B' + beta · C, and what MatMul and Gemm are backwards.
 */
#ifndef VT_OPS_MATMUL_H
#define VT_OPS_MATMUL_H

#include "ops/gradient.h"

typedef struct vt_gemm_attributes {
  double alpha, beta;
  bool transA, transB; /* the factor is stored transposed; names as in ONNX */
} vt_gemm_attributes;

/* Both read the values of inputs 0 and 1. */
vt_status vt_matmul_backward(vt_ctx *ctx, const vt_gradient *gradient);
vt_status vt_gemm_backward(vt_ctx *ctx, const vt_gradient *gradient);

#endif
