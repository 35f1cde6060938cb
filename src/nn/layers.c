/* SPDX-License-Identifier: Apache-2.0
 *
 * Linear, convolution, embedding.
 */
#include "nn/layers.h"

#include "nn/lora.h"

static vt_tensor *bias_of(vt_scope s, int bias, int64_t out, vt_initial init)
{
  return bias ? vt_param(s, "bias", 1, &out, init) : NULL;
}

vt_tensor *vt_linear(vt_scope s, vt_tensor *x, int64_t out, int bias)
{
  int64_t in = vt_dim(x, -1);
  vt_tensor *weight = vt_param(s, "weight", VT_DIMS(out, in), VT_TORCH(0));
  vt_tensor *y = vt_affine(s.run->ctx, x, weight, bias_of(s, bias, out, VT_TORCH(in)));
  return vt_lora_apply(s, x, y, out);
}

vt_tensor *vt_linear_init(vt_scope s, vt_tensor *x, int64_t out, int bias, vt_initial init)
{
  vt_tensor *weight = vt_param(s, "weight", VT_DIMS(out, vt_dim(x, -1)), init);
  vt_tensor *y = vt_affine(s.run->ctx, x, weight, bias_of(s, bias, out, VT_ZEROS));
  return vt_lora_apply(s, x, y, out);
}

typedef struct window_lists {
  int axes;
  int64_t strides[3], dilations[3], pads[6], dims[5];
} window_lists;

static window_lists lists_of(const vt_tensor *x, vt_conv_settings settings, int64_t padding)
{
  window_lists lists = {.axes = x->rank - 2};
  for (int i = 0; i < lists.axes && i < 3; i++) {
    lists.strides[i] = settings.stride ? settings.stride : 1;
    lists.dilations[i] = settings.dilation ? settings.dilation : 1;
    lists.pads[i] = lists.pads[lists.axes + i] = padding;
    lists.dims[2 + i] = settings.kernel;
  }
  return lists;
}

static vt_tensor *refuse_rank(vt_scope s, const vt_tensor *x)
{
  char shape[160];
  if (!vt_is_void(x))
    (void)vt_fail(s.run->ctx, VT_ERROR_INVALID_ARGUMENT,
                  "%s: a convolution takes [items, channels, 1 to 3 sizes], not %s", s.path,
                  vt_shape_text(x, shape));
  return vt_void();
}

static vt_tensor *convolve(vt_scope s, const char *op, vt_tensor *x, const window_lists *lists,
                           vt_tensor *weight, vt_tensor *bias, int64_t groups)
{
  vt_tensor *inputs[] = {x, weight, bias};
  vt_setting settings[] = {
      VT_INTS("strides", lists->axes, lists->strides),
      VT_INTS("dilations", lists->axes, lists->dilations),
      VT_INTS("pads", 2 * lists->axes, lists->pads),
      VT_INT("group", groups),
  };
  return vt_call_op(s.run->ctx, op, bias ? 3 : 2, inputs, VT_COUNT(settings), settings);
}

vt_tensor *vt_conv(vt_scope s, vt_tensor *x, vt_conv_settings settings)
{
  if (x->rank < 3 || x->rank > 5) return refuse_rank(s, x);
  int64_t dilation = settings.dilation ? settings.dilation : 1, channels = vt_dim(x, 1);
  int64_t groups = settings.groups < 0 ? channels : settings.groups ? settings.groups : 1;
  int64_t padding = settings.padding < 0 ? dilation * (settings.kernel - 1) / 2 : settings.padding;
  window_lists lists = lists_of(x, settings, padding);
  lists.dims[0] = settings.out;
  lists.dims[1] = channels / groups;
  vt_tensor *weight = vt_param(s, "weight", x->rank, lists.dims, VT_TORCH(0));
  int64_t inputs = settings.out && !vt_is_void(weight) ? vt_count(weight) / settings.out : 1;
  vt_tensor *bias = bias_of(s, settings.bias, settings.out, VT_TORCH(inputs));
  return convolve(s, "Conv", x, &lists, weight, bias, groups);
}

vt_tensor *vt_conv_transpose(vt_scope s, vt_tensor *x, vt_conv_settings settings)
{
  if (x->rank < 3 || x->rank > 5) return refuse_rank(s, x);
  int64_t groups = settings.groups > 0 ? settings.groups : 1;
  window_lists lists = lists_of(x, settings, settings.padding < 0 ? 0 : settings.padding);
  lists.dims[0] = vt_dim(x, 1);
  lists.dims[1] = settings.out / groups;
  int64_t inputs = lists.dims[1]; /* as PyTorch counts them: axis 1 of the weight and its window */
  for (int i = 0; i < lists.axes; i++)
    inputs *= settings.kernel;
  vt_tensor *weight = vt_param(s, "weight", x->rank, lists.dims, VT_TORCH(inputs));
  vt_tensor *bias = bias_of(s, settings.bias, settings.out, VT_TORCH(inputs));
  return convolve(s, "ConvTranspose", x, &lists, weight, bias, groups);
}

vt_tensor *vt_embedding(vt_scope s, vt_tensor *ids, int64_t rows, int64_t width, double std)
{
  vt_tensor *table = vt_param(s, "weight", VT_DIMS(rows, width), VT_NORMAL(std > 0 ? std : 1));
  return vt_gather(s.run->ctx, table, 0, ids);
}
