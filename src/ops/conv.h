/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution and its transpose. Each is the gradient of the other with respect to X, on the same weights:
 * W[coarse channel, fine channel of the group, tap…], where the fine tensor is X of a convolution and Y of
 * a transpose. The gradient of W has one formula for both.
 */
#ifndef VT_OPS_CONV_H
#define VT_OPS_CONV_H

#include "ops/gradient.h"
#include "ops/window.h"

typedef struct vt_conv {
  vt_window window; /* from X to Y */
  bool transposed;
  int64_t group, outputs; /* channels of Y */
} vt_conv;

/* What a checked call of Conv, ConvTranspose computes. */
vt_status vt_conv_of(vt_ctx *ctx, const vt_call *call, vt_conv *out);
vt_status vt_conv_transpose_of(vt_ctx *ctx, const vt_call *call, vt_conv *out);
/* The convolution from Y to X that has the same weights. */
void vt_conv_reverse(const vt_conv *conv, vt_conv *out);

/* y = conv(x, w) + bias; bias may be NULL. By the fastest kernel, and by plain f64 loops. */
vt_status vt_conv_run(vt_ctx *ctx, const vt_conv *conv, const vt_tensor *x, const vt_tensor *w,
                      const vt_tensor *bias, vt_tensor *y);
vt_status vt_conv_plain(vt_ctx *ctx, const vt_conv *conv, const vt_tensor *x, const vt_tensor *w,
                        const vt_tensor *bias, vt_tensor *y);
/* Gradient of w from x and the gradient of y. */
vt_status vt_conv_weights(vt_ctx *ctx, const vt_conv *conv, const vt_tensor *x, const vt_tensor *y,
                          vt_tensor *w);
vt_status vt_conv_weights_plain(vt_ctx *ctx, const vt_conv *conv, const vt_tensor *x, const vt_tensor *y,
                                vt_tensor *w);

/* Backward of Conv and ConvTranspose; reads X and W. */
#define VT_CONV_SAVES                                                                                        \
  {                                                                                                          \
    VT_SAVES_INPUT(1), VT_SAVES_INPUT(0)                                                                     \
  }
vt_status vt_conv_backward(vt_ctx *ctx, const vt_gradient *gradient);
vt_status vt_conv_transpose_backward(vt_ctx *ctx, const vt_gradient *gradient);

#define VT_GROUP_FIELD(type)                                                                                 \
  {                                                                                                          \
    .name = "group", .kind = VT_FIELD_INT, .offset = offsetof(type, group), .fallback = "1",                 \
    VT_RANGE(1, 0x7fffffff), .help = "groups of channels that do not see each other"                         \
  }

#endif
