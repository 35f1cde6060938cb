/* SPDX-License-Identifier: Apache-2.0
 *
 * Sliding windows: the geometry that convolution, its transpose and pooling share, and their attributes.
 *
 * Geometry always has three spatial axes [depth, height, width]; tensors with fewer get axes of size 1 in
 * front, so that one loop serves 1-D to 3-D. Output o looks through tap k at input position o·stride − begin
 * + k·dilation.
 */
#ifndef VT_OPS_WINDOW_H
#define VT_OPS_WINDOW_H

#include "ops/op.h"

enum { VT_PAD_NOTSET, VT_PAD_SAME_UPPER, VT_PAD_SAME_LOWER, VT_PAD_VALID };

typedef struct vt_window_attributes {
  int auto_pad; /* VT_PAD_… */
  vt_ints kernel_shape, strides, dilations;
  vt_ints pads; /* all begins, then all ends */
} vt_window_attributes;

typedef struct vt_conv_attributes {
  vt_window_attributes window;
  int64_t group;
} vt_conv_attributes;

typedef struct vt_conv_transpose_attributes {
  vt_window_attributes window;
  int64_t group;
  vt_ints output_padding, output_shape;
} vt_conv_transpose_attributes;

typedef struct vt_pool_attributes {
  vt_window_attributes window;
  bool ceil_mode;
  bool count_include_pad; /* AveragePool */
  int64_t storage_order;  /* MaxPool: 1 = indices as if the spatial axes were stored in reverse order */
  int64_t p;              /* LpPool */
} vt_pool_attributes;

/* The fields that every struct with a member `window` declares. */
#define VT_WINDOW_FIELDS(type)                                                                               \
  {.name = "auto_pad",                                                                                       \
   .kind = VT_FIELD_CHOICE,                                                                                  \
   .offset = offsetof(type, window.auto_pad),                                                                \
   .fallback = "NOTSET",                                                                                     \
   .choices = "NOTSET|SAME_UPPER|SAME_LOWER|VALID",                                                          \
   .help = "padding by rule instead of by pads"},                                                            \
      {.name = "kernel_shape",                                                                               \
       .kind = VT_FIELD_INTS,                                                                                \
       .offset = offsetof(type, window.kernel_shape),                                                        \
       .help = "window size by spatial axis"},                                                               \
      {.name = "strides",                                                                                    \
       .kind = VT_FIELD_INTS,                                                                                \
       .offset = offsetof(type, window.strides),                                                             \
       .help = "step by spatial axis, 1 when absent"},                                                       \
      {.name = "dilations",                                                                                  \
       .kind = VT_FIELD_INTS,                                                                                \
       .offset = offsetof(type, window.dilations),                                                           \
       .help = "distance of taps by spatial axis, 1 when absent"},                                           \
  {                                                                                                          \
    .name = "pads", .kind = VT_FIELD_INTS, .offset = offsetof(type, window.pads),                            \
    .help = "zeros before each spatial axis, then after each"                                                \
  }

enum { VT_WINDOW_AXES = 3 };

typedef struct vt_window {
  int axes;              /* spatial axes of the tensors, 1..3; they are the last ones of the arrays */
  int64_t batch;         /* size of axis 0 */
  int64_t channels;      /* input channels */
  int64_t in[3], out[3]; /* of a transposed convolution: sizes of X and of Y */
  int64_t kernel[3], stride[3], dilation[3];
  int64_t begin[3]; /* padding before */
  int64_t end[3];   /* padding after; of a transposed convolution: what is cut off behind, may be negative */
} vt_window;

/* Geometry of a call with checks of all that can be wrong with it. With `ctx` NULL
 * nothing is recorded, for can(). */
vt_status vt_window_conv(vt_ctx *ctx, const vt_call *call, vt_window *out);
vt_status vt_window_conv_transpose(vt_ctx *ctx, const vt_call *call, vt_window *out);
vt_status vt_window_pool(vt_ctx *ctx, const vt_call *call, vt_window *out);

/* Input position that tap `k` of output `o` looks at on `axis`, −1 when it lies in the padding. */
static inline int64_t vt_window_tap(const vt_window *window, int axis, int64_t o, int64_t k)
{
  int64_t position = o * window->stride[axis] - window->begin[axis] + k * window->dilation[axis];
  return position >= 0 && position < window->in[axis] ? position : -1;
}

/* Product of the three sizes. */
static inline int64_t vt_window_volume(const int64_t sizes[3])
{
  return sizes[0] * sizes[1] * sizes[2];
}

/* Shape [batch, channels, out…] into `dims`; returns the rank. */
int vt_window_shape(const vt_window *window, int64_t channels, int64_t dims[VT_MAX_RANK]);

/* MaxUnpool: sizes that a pooling with these settings came from, without output_shape. */
vt_status vt_window_unpool(vt_ctx *ctx, const vt_call *call, const vt_window_attributes *attributes,
                           vt_window *out);

#endif
