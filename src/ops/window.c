/* SPDX-License-Identifier: Apache-2.0
 *
 * Geometry of sliding windows, from attributes and shapes that nobody has checked yet.
 */
#include "ops/window.h"

/* Bounds that keep every sum and product below 2^62; no real model comes near. */
#define LARGEST_SETTING INT64_C(0x7fffffff)
#define LARGEST_SIZE    (INT64_C(1) << 40)

static vt_status refuse(vt_ctx *ctx, const vt_call *call, const char *format, ...) VT_PRINTF(3, 4);

static vt_status refuse(vt_ctx *ctx, const vt_call *call, const char *format, ...)
{
  if (!ctx) return VT_ERROR_INVALID_MODEL;
  char text[400];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "%s", text);
}

/* A list of `count` settings into the last places of `out`, which holds the defaults. */
static vt_status take_list(vt_ctx *ctx, const vt_call *call, const char *name, const vt_ints *list, int count,
                           int64_t low, int64_t *out)
{
  if (!list->present) return VT_OK;
  if (list->count != (size_t)count)
    return refuse(ctx, call, "%s has %zu entries, the input has %d spatial axes", name, list->count, count);
  for (int i = 0; i < count; i++) {
    int64_t value = list->data[i];
    if (value < low || value > LARGEST_SETTING)
      return refuse(ctx, call, "%s[%d] is %lld; %lld..%lld is possible", name, i, (long long)value,
                    (long long)low, (long long)LARGEST_SETTING);
    out[VT_WINDOW_AXES - count + i] = value;
  }
  return VT_OK;
}

/* Sizes of the input, strides and dilations; kernel, padding and output stay open. */
static vt_status begin_window(vt_ctx *ctx, const vt_call *call, const vt_window_attributes *attributes,
                              vt_window *out)
{
  const vt_tensor *x = call->inputs[0];
  char shape[160];
  if (x->rank < 3 || x->rank > 5)
    return refuse(ctx, call, "input 0 is %s; [batch, channels, 1 to 3 spatial axes] is needed",
                  vt_shape_text(x, shape));
  *out = (vt_window){.axes = x->rank - 2, .batch = x->dims[0], .channels = x->dims[1]};
  for (int axis = 0; axis < VT_WINDOW_AXES; axis++) {
    int source = axis - VT_WINDOW_AXES + x->rank; /* axis of the tensor, < 2 for the added ones */
    out->in[axis] = source >= 2 ? x->dims[source] : 1;
    out->kernel[axis] = out->stride[axis] = out->dilation[axis] = out->out[axis] = 1;
    if (out->in[axis] > LARGEST_SIZE)
      return refuse(ctx, call, "input 0 is too large: %s", vt_shape_text(x, shape));
  }
  VT_TRY(take_list(ctx, call, "strides", &attributes->strides, out->axes, 1, out->stride));
  return take_list(ctx, call, "dilations", &attributes->dilations, out->axes, 1, out->dilation);
}

static vt_status take_pads(vt_ctx *ctx, const vt_call *call, const vt_window_attributes *attributes,
                           vt_window *out)
{
  const vt_ints *pads = &attributes->pads;
  if (attributes->auto_pad != VT_PAD_NOTSET || !pads->present) return VT_OK;
  if (pads->count != 2 * (size_t)out->axes)
    return refuse(ctx, call, "pads has %zu entries, %d are needed", pads->count, 2 * out->axes);
  vt_ints begins = {pads->data, (size_t)out->axes, true},
          ends = {pads->data + out->axes, (size_t)out->axes, true};
  VT_TRY(take_list(ctx, call, "pads (before)", &begins, out->axes, 0, out->begin));
  return take_list(ctx, call, "pads (after)", &ends, out->axes, 0, out->end);
}

static int64_t extent(const vt_window *window, int axis)
{
  return (window->kernel[axis] - 1) * window->dilation[axis] + 1;
}

/* The smaller half of `total` goes before for SAME_UPPER, after for SAME_LOWER. */
static void split_padding(int auto_pad, int64_t total, int64_t *begin, int64_t *end)
{
  *begin = auto_pad == VT_PAD_SAME_LOWER ? total - total / 2 : total / 2;
  *end = total - *begin;
}

static vt_status forward_axis(vt_ctx *ctx, const vt_call *call, int auto_pad, bool ceil_mode, int axis,
                              vt_window *w)
{
  int64_t in = w->in[axis], stride = w->stride[axis], reach = extent(w, axis);
  if (auto_pad == VT_PAD_SAME_UPPER || auto_pad == VT_PAD_SAME_LOWER) {
    w->out[axis] = (in + stride - 1) / stride;
    int64_t total = (w->out[axis] - 1) * stride + reach - in;
    split_padding(auto_pad, total > 0 ? total : 0, &w->begin[axis], &w->end[axis]);
    return VT_OK;
  }
  int64_t room = in + w->begin[axis] + w->end[axis] - reach;
  if (room < 0)
    return refuse(
        ctx, call,
        "window of %lld with dilation %lld is larger than the input of %lld with padding %lld + %lld",
        (long long)w->kernel[axis], (long long)w->dilation[axis], (long long)in, (long long)w->begin[axis],
        (long long)w->end[axis]);
  w->out[axis] = room / stride + 1;
  /* one more window for the rest, if it begins before the padding behind the input */
  if (ceil_mode && room % stride && w->out[axis] * stride < in + w->begin[axis]) w->out[axis]++;
  return VT_OK;
}

static vt_status forward_axes(vt_ctx *ctx, const vt_call *call, int auto_pad, bool ceil_mode, vt_window *w)
{
  for (int axis = VT_WINDOW_AXES - w->axes; axis < VT_WINDOW_AXES; axis++)
    VT_TRY(forward_axis(ctx, call, auto_pad, ceil_mode, axis, w));
  return VT_OK;
}

/* Kernel sizes from the weights, compared with the attribute where the model states it too. */
static vt_status kernel_of_weights(vt_ctx *ctx, const vt_call *call, const vt_window_attributes *attributes,
                                   vt_window *out)
{
  const vt_tensor *x = call->inputs[0], *w = call->inputs[1];
  char shape[160], other[160];
  if (w->rank != x->rank)
    return refuse(ctx, call, "weights are %s, input 0 is %s: the number of axes differs",
                  vt_shape_text(w, shape), vt_shape_text(x, other));
  VT_TRY(take_list(ctx, call, "kernel_shape", &attributes->kernel_shape, out->axes, 1, out->kernel));
  for (int axis = VT_WINDOW_AXES - out->axes; axis < VT_WINDOW_AXES; axis++) {
    int64_t size = w->dims[axis - VT_WINDOW_AXES + w->rank];
    if (size < 1 || size > LARGEST_SETTING)
      return refuse(ctx, call, "weights %s have no taps to convolve with", vt_shape_text(w, shape));
    if (attributes->kernel_shape.present && out->kernel[axis] != size)
      return refuse(ctx, call, "kernel_shape says %lld, the weights are %s", (long long)out->kernel[axis],
                    vt_shape_text(w, shape));
    out->kernel[axis] = size;
  }
  return VT_OK;
}

static vt_status check_bias(vt_ctx *ctx, const vt_call *call, int64_t channels)
{
  const vt_tensor *bias = vt_input(call, 2);
  char shape[160];
  if (!bias || (bias->rank == 1 && bias->dims[0] == channels)) return VT_OK;
  return refuse(ctx, call, "bias is %s; [%lld] is needed", vt_shape_text(bias, shape), (long long)channels);
}

vt_status vt_window_conv(vt_ctx *ctx, const vt_call *call, vt_window *out)
{
  const vt_conv_attributes *attributes = call->attributes;
  const vt_tensor *x = call->inputs[0], *w = call->inputs[1];
  VT_TRY(begin_window(ctx, call, &attributes->window, out));
  VT_TRY(kernel_of_weights(ctx, call, &attributes->window, out));
  char shape[160], other[160];
  int64_t group = attributes->group, inputs;
  if (group < 1 || w->dims[0] % group || __builtin_mul_overflow(w->dims[1], group, &inputs) ||
      inputs != out->channels)
    return refuse(ctx, call, "input 0 %s and weights %s do not fit in %lld groups", vt_shape_text(x, shape),
                  vt_shape_text(w, other), (long long)group);
  VT_TRY(check_bias(ctx, call, w->dims[0]));
  VT_TRY(take_pads(ctx, call, &attributes->window, out));
  return forward_axes(ctx, call, attributes->window.auto_pad, false, out);
}

vt_status vt_window_pool(vt_ctx *ctx, const vt_call *call, vt_window *out)
{
  const vt_pool_attributes *attributes = call->attributes;
  VT_TRY(begin_window(ctx, call, &attributes->window, out));
  if (!attributes->window.kernel_shape.present) return refuse(ctx, call, "kernel_shape is missing");
  VT_TRY(take_list(ctx, call, "kernel_shape", &attributes->window.kernel_shape, out->axes, 1, out->kernel));
  VT_TRY(take_pads(ctx, call, &attributes->window, out));
  for (int axis = 0; axis < VT_WINDOW_AXES; axis++)
    if (out->begin[axis] >= extent(out, axis) || out->end[axis] >= extent(out, axis))
      return refuse(ctx, call,
                    "padding %lld + %lld is not smaller than the window of %lld: some windows see no input",
                    (long long)out->begin[axis], (long long)out->end[axis], (long long)extent(out, axis));
  return forward_axes(ctx, call, attributes->window.auto_pad, attributes->ceil_mode, out);
}

/* Sizes of Y: stride·(in − 1) + output_padding + extent − begin − end, or as output_shape says.
 * Padding, when it is not given, is what is left over (ONNX ConvTranspose); never less than none: what
 * is missing is added behind. */
static vt_status transposed_axis(vt_ctx *ctx, const vt_call *call, int auto_pad, bool fixed, int64_t extra,
                                 int axis, vt_window *w)
{
  int64_t in = w->in[axis], stride = w->stride[axis], whole;
  if (__builtin_mul_overflow(in - 1, stride, &whole) || whole > INT64_MAX / 4)
    return refuse(ctx, call, "the output is too large: %lld × stride %lld", (long long)in, (long long)stride);
  whole += extent(w, axis) + extra;
  bool same = auto_pad == VT_PAD_SAME_UPPER || auto_pad == VT_PAD_SAME_LOWER;
  if (fixed || same) {
    if (!fixed) w->out[axis] = in * stride;
    int64_t total = whole - w->out[axis];
    /* ONNX: the smaller half before for SAME_UPPER, after in every other case */
    split_padding(auto_pad == VT_PAD_SAME_UPPER ? VT_PAD_SAME_UPPER : VT_PAD_SAME_LOWER,
                  total > 0 ? total : 0, &w->begin[axis], &w->end[axis]);
  } else {
    w->out[axis] = whole - w->begin[axis] - w->end[axis];
  }
  if (w->out[axis] < 1 || in < 1)
    return refuse(ctx, call,
                  "spatial axis %d: input %lld, window %lld and padding %lld + %lld leave an output of %lld",
                  axis - VT_WINDOW_AXES + w->axes, (long long)in, (long long)w->kernel[axis],
                  (long long)w->begin[axis], (long long)w->end[axis], (long long)w->out[axis]);
  /* what a plain convolution from Y to X would have as padding behind */
  w->end[axis] = whole - extra - w->begin[axis] - w->out[axis];
  return VT_OK;
}

vt_status vt_window_conv_transpose(vt_ctx *ctx, const vt_call *call, vt_window *out)
{
  const vt_conv_transpose_attributes *attributes = call->attributes;
  const vt_tensor *x = call->inputs[0], *w = call->inputs[1];
  VT_TRY(begin_window(ctx, call, &attributes->window, out));
  VT_TRY(kernel_of_weights(ctx, call, &attributes->window, out));
  char shape[160], other[160];
  int64_t group = attributes->group, outputs, extra[VT_WINDOW_AXES] = {0};
  if (group < 1 || w->dims[0] != out->channels || w->dims[0] % group ||
      __builtin_mul_overflow(w->dims[1], group, &outputs))
    return refuse(ctx, call, "input 0 %s and weights %s do not fit in %lld groups", vt_shape_text(x, shape),
                  vt_shape_text(w, other), (long long)group);
  VT_TRY(check_bias(ctx, call, outputs));
  VT_TRY(take_pads(ctx, call, &attributes->window, out));
  VT_TRY(take_list(ctx, call, "output_padding", &attributes->output_padding, out->axes, 0, extra));
  vt_ints wanted = attributes->output_shape;
  if (wanted.present &&
      wanted.count == (size_t)out->axes + 2) { /* exporters that write batch and channels too */
    wanted.data += 2;
    wanted.count -= 2;
  }
  VT_TRY(take_list(ctx, call, "output_shape", &wanted, out->axes, 1, out->out));
  for (int axis = VT_WINDOW_AXES - out->axes; axis < VT_WINDOW_AXES; axis++)
    VT_TRY(transposed_axis(ctx, call, attributes->window.auto_pad, wanted.present, extra[axis], axis, out));
  return VT_OK;
}

vt_status vt_window_unpool(vt_ctx *ctx, const vt_call *call, const vt_window_attributes *attributes,
                           vt_window *out)
{
  VT_TRY(begin_window(ctx, call, attributes, out));
  if (!attributes->kernel_shape.present) return refuse(ctx, call, "kernel_shape is missing");
  VT_TRY(take_list(ctx, call, "kernel_shape", &attributes->kernel_shape, out->axes, 1, out->kernel));
  VT_TRY(take_pads(ctx, call, attributes, out));
  for (int axis = VT_WINDOW_AXES - out->axes; axis < VT_WINDOW_AXES; axis++)
    VT_TRY(transposed_axis(ctx, call, VT_PAD_NOTSET, false, 0, axis, out));
  return VT_OK;
}

int vt_window_shape(const vt_window *window, int64_t channels, int64_t dims[VT_MAX_RANK])
{
  dims[0] = window->batch;
  dims[1] = channels;
  for (int i = 0; i < window->axes; i++)
    dims[2 + i] = window->out[VT_WINDOW_AXES - window->axes + i];
  return 2 + window->axes;
}
