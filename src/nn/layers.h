/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers: functions from (scope, tensor) to tensor. Each asks its scope for "weight", "bias" and so on; call
 * with vt_sub(s, "name") to give a layer its own place. Defaults of initialisation are PyTorch's, so that
 * models carry over.
 */
#ifndef VT_NN_LAYERS_H
#define VT_NN_LAYERS_H

#include "nn/scope.h"

enum { VT_NO_BIAS, VT_BIAS };

/* x [..., in] → [..., out]; weight [out, in]. */
vt_tensor *vt_linear(vt_scope s, vt_tensor *x, int64_t out, int bias);
/* The same with another beginning of the weight; the bias begins at zero. */
vt_tensor *vt_linear_init(vt_scope s, vt_tensor *x, int64_t out, int bias, vt_initial init);

/* x [N, in, spatial…] with 1 to 3 spatial axes, all alike in these settings. */
typedef struct vt_conv_settings {
  int64_t out, kernel;
  int64_t stride;   /* 0: 1 */
  int64_t padding;  /* −1: dilation · (kernel − 1) / 2, which keeps sizes at stride 1 */
  int64_t dilation; /* 0: 1 */
  int64_t groups;   /* 0: 1; −1: depthwise, one group a channel */
  int bias;
} vt_conv_settings;
vt_tensor *vt_conv(vt_scope s, vt_tensor *x, vt_conv_settings settings);
/* Transposed; weight [in, out / groups, k…]. padding −1: 0. */
vt_tensor *vt_conv_transpose(vt_scope s, vt_tensor *x, vt_conv_settings settings);

/* Channel axis 1. Running statistics ("running_mean", "running_var") move by `momentum` (0: .1) of the
 * batch's in training and are used otherwise; frozen: always used, never moved. */
vt_tensor *vt_batch_norm(vt_scope s, vt_tensor *x, double momentum, bool frozen);
vt_tensor *vt_layer_norm(vt_scope s, vt_tensor *x, double epsilon); /* last axis */
vt_tensor *vt_channel_norm(vt_scope s, vt_tensor *x,
                           double epsilon); /* axis 1 of [N, C, …], position by position */
vt_tensor *vt_rms_norm(vt_scope s, vt_tensor *x, double epsilon);                   /* last axis, no shift */
vt_tensor *vt_group_norm(vt_scope s, vt_tensor *x, int64_t groups, double epsilon); /* axis 1 */
vt_tensor *vt_instance_norm(vt_scope s, vt_tensor *x, double epsilon);

/* Rows of "weight" [rows, width] by integer ids [...]: [..., width]. Begins normal with deviation `std`
 * (0: 1). */
vt_tensor *vt_embedding(vt_scope s, vt_tensor *ids, int64_t rows, int64_t width, double std);

/* Zeroes with chance `rate` in training and scales the rest by 1 / (1 − rate). */
vt_tensor *vt_dropout(vt_scope s, vt_tensor *x, double rate);
/* The same for whole items (axis 0): stochastic depth, on a residual branch. */
vt_tensor *vt_drop_path(vt_scope s, vt_tensor *x, double rate);

/* Windows over the spatial axes; padding in both directions. */
vt_tensor *vt_max_pool(vt_ctx *ctx, vt_tensor *x, int64_t kernel, int64_t stride, int64_t padding);
vt_tensor *vt_average_pool(vt_ctx *ctx, vt_tensor *x, int64_t kernel, int64_t stride, int64_t padding);
vt_tensor *vt_global_average(vt_ctx *ctx, vt_tensor *x); /* [N, C, …] → [N, C] */
/* [N, C, H, W] → [N, C, height, width], bins as in PyTorch. */
vt_tensor *vt_adaptive_pool(vt_ctx *ctx, vt_tensor *x, int64_t height, int64_t width);
/* [N, C, H, W] → [N, C, height, width]; mode "nearest" or "linear" (half-pixel centres). */
vt_tensor *vt_resize_to(vt_ctx *ctx, vt_tensor *x, int64_t height, int64_t width, const char *mode);
/* [N, C·b², H, W] → [N, C, H·b, W·b], channels as in PyTorch's PixelShuffle; and back. */
vt_tensor *vt_pixel_shuffle(vt_ctx *ctx, vt_tensor *x, int64_t block);
vt_tensor *vt_pixel_unshuffle(vt_ctx *ctx, vt_tensor *x, int64_t block);
/* boxes f32 [R, 4] (x0, y0, x1, y1 in pixels of the picture that the map is `scale` of), items i64 [R]: which
 * of the batch. → [R, C, height, width]; two samples a bin and axis, half-pixel. */
vt_tensor *vt_roi_align(vt_ctx *ctx, vt_tensor *x, vt_tensor *boxes, vt_tensor *items, int64_t height,
                        int64_t width, double scale);

/* ---- gradients bent ---- */
vt_tensor *vt_stop_gradient(vt_ctx *ctx, vt_tensor *x);
vt_tensor *vt_gradient_scale(vt_ctx *ctx, vt_tensor *x, double factor);
vt_tensor *vt_straight_through(vt_ctx *ctx, vt_tensor *hard,
                               vt_tensor *soft); /* value of hard, gradient to soft */
/* Gumbel-softmax over the last axis (Jang et al. 2017): softmax((logits + noise) / temperature), seeded;
 * hard: the one-hot of its maximum with the soft one's gradient. Without training: no noise. */
vt_tensor *vt_gumbel_softmax(vt_scope s, vt_tensor *logits, double temperature, bool hard);

#endif
