/* SPDX-License-Identifier: Apache-2.0
 *
 * What oneDNN computes for the operators of this room: f32, row-major tensors in and out, shapes already
 * checked.
 *
 * Each returns VT_ERROR_UNSUPPORTED without a record when oneDNN has no implementation; the caller then runs
 * its plain loop.
 */
#ifndef VT_OPS_DNNL_KERNELS_H
#define VT_OPS_DNNL_KERNELS_H

#include "ops/window.h"

/* Whether a tensor is f32, not empty and small enough to address. */
bool vt_dnnl_takes(const vt_tensor *tensor);
/* For can(): every tensor of the call that is there is f32, not empty and small enough to address. */
bool vt_dnnl_fits(const vt_call *call);

/* Y = conv(X, W) + B, or its transpose; B may be NULL. W is [outputs, inputs/group, taps…], transposed
 * [inputs, outputs/group, taps…]. */
vt_status vt_dnnl_conv(vt_ctx *ctx, const vt_window *window, int64_t group, bool transposed,
                       const vt_tensor *x, const vt_tensor *w, const vt_tensor *bias, vt_tensor *y);

/* Gradient of W of a convolution (not transposed) from X and the gradient of Y. oneDNN on several threads
 * splits sums by their number; here each primitive has one. */
vt_status vt_dnnl_conv_weights(vt_ctx *ctx, const vt_window *window, int64_t group, const vt_tensor *x,
                               const vt_tensor *y, vt_tensor *w);

/* The same for convolutions of one tap, which need no reordering: whether it is one, with planes of `fewest`
 * elements or more; Y; the gradient of W. Products of fewer columns leave vectors empty. */
enum { VT_FEWEST_COLUMNS = 100, VT_FEWEST_TERMS = 32 };
bool vt_dnnl_is_pointwise(const vt_window *window, int64_t group, int64_t fewest);
vt_status vt_dnnl_pointwise(vt_ctx *ctx, bool transposed, const vt_tensor *x, const vt_tensor *w,
                            const vt_tensor *bias, vt_tensor *y);
vt_status vt_dnnl_pointwise_weights(vt_ctx *ctx, const vt_tensor *x, const vt_tensor *y, vt_tensor *w);

/* y[b] = a[b] · b[b] + bias for `batch` matrices [rows, inner] · [inner, columns]. A
 * transposed factor is stored [inner, rows] or [columns, inner]. `bias` has `columns` values
 * or is NULL; only with a batch of 1. */
typedef struct vt_dnnl_product {
  int64_t batch, rows, inner, columns;
  bool a_transposed, b_transposed;
  int64_t a_step, b_step; /* elements from one matrix to the next, not 0 in a batch */
} vt_dnnl_product;
vt_status vt_dnnl_matmul(vt_ctx *ctx, const vt_dnnl_product *product, const float *a, const float *b,
                         const float *bias, float *y);

typedef enum vt_dnnl_pooling { VT_DNNL_MAX, VT_DNNL_AVERAGE, VT_DNNL_AVERAGE_PADDED } vt_dnnl_pooling;
vt_status vt_dnnl_pool(vt_ctx *ctx, const vt_window *window, vt_dnnl_pooling pooling, const vt_tensor *x,
                       vt_tensor *y);

#endif
