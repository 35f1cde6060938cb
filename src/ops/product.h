/* SPDX-License-Identifier: Apache-2.0
 *
 * A batch of matrix products with broadcast batch axes: what MatMul and its gradient walk over.
 */
#ifndef VT_OPS_PRODUCT_H
#define VT_OPS_PRODUCT_H

#include "ops/dnnl_kernels.h"

typedef struct vt_product {
  int batch_rank;
  int64_t batch_dims[VT_MAX_RANK];
  int64_t a_steps[VT_MAX_RANK],
      b_steps[VT_MAX_RANK]; /* in matrices, by batch axis; 0 where a matrix is used again */
  int64_t batch, rows, inner, columns;
  bool a_transposed, b_transposed;
} vt_product;

/* Numbers of the matrices of A and B that item `index` of the batch multiplies. */
void vt_product_matrices(const vt_product *product, int64_t index, int64_t *a, int64_t *b);
/* All matrices of a factor in turn (`steps`: a_steps or b_steps): then one call of oneDNN does the batch. */
bool vt_product_in_turn(const vt_product *product, const int64_t steps[VT_MAX_RANK]);
/* The same matrix of a factor throughout. */
bool vt_product_one_matrix(const vt_product *product, const int64_t steps[VT_MAX_RANK]);
/* The product that a call of MatMul is; checks that its inputs fit together. */
vt_status vt_product_of_matmul(vt_ctx *ctx, const vt_call *call, vt_product *out);

/* y = a · b of f32 or f64 arrays, a batch of them in turn; sizes may be 0. f32 by oneDNN, otherwise with sums
 * in f64. The same bytes for any number of threads. */
vt_status vt_multiply(vt_ctx *ctx, vt_type type, const vt_dnnl_product *product, const void *a, const void *b,
                      void *y);

#endif
