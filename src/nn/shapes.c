/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers without parameters: pooling, resizing, shuffles, regions.
 */
#include "nn/layers.h"

static vt_tensor *pool(vt_ctx *ctx, const char *op, vt_tensor *x, int64_t kernel, int64_t stride,
                       int64_t padding)
{
  int64_t kernels[3], strides[3], pads[6];
  int axes = x->rank - 2;
  for (int i = 0; i < axes && i < 3; i++) {
    kernels[i] = kernel;
    strides[i] = stride;
    pads[i] = pads[axes + i] = padding;
  }
  vt_setting settings[] = {VT_INTS("kernel_shape", axes, kernels), VT_INTS("strides", axes, strides),
                           VT_INTS("pads", 2 * axes, pads)};
  return vt_is_void(x) ? x : vt_call_op(ctx, op, 1, &x, 3, settings);
}

vt_tensor *vt_max_pool(vt_ctx *ctx, vt_tensor *x, int64_t kernel, int64_t stride, int64_t padding)
{
  return pool(ctx, "MaxPool", x, kernel, stride, padding);
}

vt_tensor *vt_average_pool(vt_ctx *ctx, vt_tensor *x, int64_t kernel, int64_t stride, int64_t padding)
{
  return pool(ctx, "AveragePool", x, kernel, stride, padding);
}

vt_tensor *vt_global_average(vt_ctx *ctx, vt_tensor *x)
{
  return vt_reshape(ctx, vt_map(ctx, "GlobalAveragePool", x), VT_DIMS(0, -1));
}

vt_tensor *vt_adaptive_pool(vt_ctx *ctx, vt_tensor *x, int64_t height, int64_t width)
{
  int64_t sizes[] = {height, width};
  return vt_call_op(ctx, "vt.AdaptiveAveragePool", 1, &x, 1, &VT_INTS("output_size", 2, sizes));
}

vt_tensor *vt_resize_to(vt_ctx *ctx, vt_tensor *x, int64_t height, int64_t width, const char *mode)
{
  if (vt_is_void(x)) return x;
  vt_tensor *inputs[] = {x, NULL, NULL, vt_integers(ctx, VT_DIMS(x->dims[0], x->dims[1], height, width))};
  vt_setting settings[] = {
      VT_TEXT("mode", mode), VT_TEXT("nearest_mode", "floor"),
      VT_TEXT("coordinate_transformation_mode", strcmp(mode, "nearest") == 0 ? "asymmetric" : "half_pixel")};
  return vt_call_op(ctx, "Resize", 4, inputs, 3, settings);
}

vt_tensor *vt_pixel_shuffle(vt_ctx *ctx, vt_tensor *x, int64_t block)
{
  vt_setting settings[] = {VT_INT("blocksize", block), VT_TEXT("mode", "CRD")};
  return vt_call_op(ctx, "DepthToSpace", 1, &x, 2, settings);
}

vt_tensor *vt_pixel_unshuffle(vt_ctx *ctx, vt_tensor *x, int64_t block)
{
  if (vt_is_void(x) || x->rank != 4) return x;
  int64_t n = x->dims[0], c = x->dims[1], h = x->dims[2] / block, w = x->dims[3] / block;
  vt_tensor *split = vt_reshape(ctx, x, VT_DIMS(n, c, h, block, w, block));
  split = vt_transpose(ctx, split, VT_DIMS(0, 1, 3, 5, 2, 4));
  return vt_reshape(ctx, split, VT_DIMS(n, c * block * block, h, w));
}

vt_tensor *vt_roi_align(vt_ctx *ctx, vt_tensor *x, vt_tensor *boxes, vt_tensor *items, int64_t height,
                        int64_t width, double scale)
{
  vt_tensor *inputs[] = {x, boxes, items};
  vt_setting settings[] = {VT_INT("output_height", height), VT_INT("output_width", width),
                           VT_INT("sampling_ratio", 2), VT_REAL("spatial_scale", scale),
                           VT_TEXT("coordinate_transformation_mode", "half_pixel")};
  return vt_call_op(ctx, "RoiAlign", 3, inputs, 5, settings);
}

/* ---- gradients bent ---- */

vt_tensor *vt_stop_gradient(vt_ctx *ctx, vt_tensor *x)
{
  return vt_call_op(ctx, "vt.StopGradient", 1, &x, 0, NULL);
}

vt_tensor *vt_gradient_scale(vt_ctx *ctx, vt_tensor *x, double factor)
{
  return vt_call_op(ctx, "vt.GradientScale", 1, &x, 1, &VT_REAL("scale", factor));
}

vt_tensor *vt_straight_through(vt_ctx *ctx, vt_tensor *hard, vt_tensor *soft)
{
  vt_tensor *inputs[] = {hard, soft};
  return vt_call_op(ctx, "vt.StraightThrough", 2, inputs, 0, NULL);
}
