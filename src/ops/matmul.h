/* SPDX-License-Identifier: Apache-2.0
 *
 * Attributes of Gemm: Y = alpha · A' · B' + beta · C.
 */
#ifndef VT_OPS_MATMUL_H
#define VT_OPS_MATMUL_H

#include "ops/op.h"

typedef struct vt_gemm_attributes {
  double alpha, beta;
  bool transA, transB; /* the factor is stored transposed; names as in ONNX */
} vt_gemm_attributes;

#endif
