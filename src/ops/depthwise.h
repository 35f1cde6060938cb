/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradient of the weights of a depthwise convolution (one kernel a channel), f32, in one and two dimensions.
 * oneDNN takes ten times as long as the forward call for kernels of 5 × 5.
 */
#ifndef VT_OPS_DEPTHWISE_H
#define VT_OPS_DEPTHWISE_H

#include "ops/conv.h"

/* Whether the loops below take this convolution, and are worth it. */
bool vt_depthwise_can(const vt_conv *conv);
/* Gradient of w from x and the gradient of y; `conv` is not transposed. */
vt_status vt_depthwise_weights(vt_ctx *ctx, const vt_conv *conv, const vt_tensor *x, const vt_tensor *y,
                               vt_tensor *w);
/* The same of channels-last tensors, in one to three dimensions. */
bool vt_depthwise_last_can(const vt_conv *conv);
vt_status vt_depthwise_last_weights(vt_ctx *ctx, const vt_conv *conv, const vt_tensor *x, const vt_tensor *y,
                                    vt_tensor *w);

#endif
