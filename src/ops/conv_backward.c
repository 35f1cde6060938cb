/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of Conv and ConvTranspose: of X by the other of the two, of W by correlating X with the gradient
 * of Y, of the bias by sums over Y.
 */
#include "ops/columns.h"
#include "ops/conv.h"
#include "ops/depthwise.h"
#include "ops/dnnl_kernels.h"
#include "ops/layout.h"
#include "ops/move.h"

void vt_conv_reverse(const vt_conv *conv, vt_conv *out)
{
  const vt_window *window = &conv->window;
  vt_window reverse = *window;
  reverse.channels = conv->outputs;
  for (int axis = 0; axis < VT_WINDOW_AXES; axis++) {
    int64_t fine = conv->transposed ? window->out[axis] : window->in[axis];
    int64_t coarse = conv->transposed ? window->in[axis] : window->out[axis];
    reverse.in[axis] = window->out[axis];
    reverse.out[axis] = window->in[axis];
    /* what is really seen behind the fine side, less what strides leave unseen */
    reverse.end[axis] = (coarse - 1) * window->stride[axis] +
                        (window->kernel[axis] - 1) * window->dilation[axis] + 1 - fine - window->begin[axis];
    bool unseen = reverse.end[axis] < 0 && reverse.end[axis] > -window->stride[axis];
    if (conv->transposed && unseen) reverse.end[axis] = 0; /* a convolution leaves that out by itself */
  }
  *out = (vt_conv){reverse, !conv->transposed, conv->group, window->channels};
}

static bool fast(const vt_tensor *a, const vt_tensor *b, const vt_tensor *c)
{
  return !vt_op_plain_forced() && vt_dnnl_takes(a) && vt_dnnl_takes(b) && vt_dnnl_takes(c);
}

static bool is_last(const vt_tensor *tensor)
{
  return tensor->layout == VT_STORED_CHANNELS_LAST;
}

/* By the plain loops, which know row-major tensors. */
static vt_status run_copies(vt_ctx *ctx, const vt_conv *conv, const vt_tensor *x, const vt_tensor *w,
                            const vt_tensor *bias, vt_tensor *y)
{
  vt_tensor *from = vt_row_major(ctx, (vt_tensor *)(uintptr_t)x); /* only read */
  vt_tensor *to = vt_tensor_new(ctx, y->type, y->rank, y->dims);
  if (!from || !to) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_conv_plain(ctx, conv, from, w, bias, to));
  to = vt_laid_out(ctx, to, y->layout);
  if (!to) return VT_ERROR_OUT_OF_MEMORY;
  vt_tensor_share(y, to);
  return VT_OK;
}

/* Without strides the transpose is the convolution with its taps in reverse order, for which oneDNN has a
 * faster kernel. VT_ERROR_UNSUPPORTED, without a record: it is not. */
static vt_status run_reversed(vt_ctx *ctx, const vt_conv *conv, const vt_tensor *x, const vt_tensor *w,
                              const vt_tensor *bias, vt_tensor *y)
{
  vt_window window = conv->window;
  int64_t taps = vt_window_volume(window.kernel), dims[VT_MAX_RANK];
  for (int axis = 0; axis < VT_WINDOW_AXES; axis++) {
    int64_t reach = (window.kernel[axis] - 1) * window.dilation[axis];
    window.begin[axis] = reach - conv->window.begin[axis];
    window.end[axis] = window.out[axis] + reach - window.in[axis] - window.begin[axis];
    if (window.stride[axis] != 1 || window.begin[axis] < 0 || window.end[axis] < 0)
      return VT_ERROR_UNSUPPORTED;
  }
  int64_t inputs = window.channels / conv->group, outputs = conv->outputs / conv->group;
  memcpy(dims, w->dims, sizeof dims);
  dims[0] = conv->outputs;
  dims[1] = inputs;
  vt_tensor *reversed = vt_tensor_new(ctx, w->type, w->rank, dims);
  if (!reversed) return VT_ERROR_OUT_OF_MEMORY;
  vt_move move = {0};
  vt_move_axis(&move, conv->group, 0, inputs * outputs * taps);
  vt_move_axis(&move, outputs, 0, taps);
  vt_move_axis(&move, inputs, 0, outputs * taps);
  vt_move_axis(&move, taps, 0, -1);
  vt_move_dense(&move);
  vt_move_run(ctx, &move, sizeof(float), reversed->data, (const float *)w->data + taps - 1);
  return vt_dnnl_conv(ctx, &window, conv->group, false, x, reversed, bias, y);
}

vt_status vt_conv_run(vt_ctx *ctx, const vt_conv *conv, const vt_tensor *x, const vt_tensor *w,
                      const vt_tensor *bias, vt_tensor *y)
{
  if (fast(x, w, y)) {
    vt_status status = VT_ERROR_UNSUPPORTED;
    if (is_last(x) && conv->transposed) status = run_reversed(ctx, conv, x, w, bias, y);
    if (!is_last(x) && vt_dnnl_is_pointwise(&conv->window, conv->group, VT_FEWEST_COLUMNS))
      status = vt_dnnl_pointwise(ctx, conv->transposed, x, w, bias, y);
    if (status == VT_ERROR_UNSUPPORTED)
      status = vt_dnnl_conv(ctx, &conv->window, conv->group, conv->transposed, x, w, bias, y);
    if (status != VT_ERROR_UNSUPPORTED) return status;
  }
  if (is_last(x)) return run_copies(ctx, conv, x, w, bias, y);
  return vt_conv_plain(ctx, conv, x, w, bias, y);
}

vt_status vt_conv_weights(vt_ctx *ctx, const vt_conv *conv, const vt_tensor *x, const vt_tensor *y,
                          vt_tensor *w)
{
  if (fast(x, y, w)) {
    vt_conv from_fine = *conv;
    if (conv->transposed) vt_conv_reverse(conv, &from_fine);
    const vt_tensor *fine = conv->transposed ? y : x, *coarse = conv->transposed ? x : y;
    vt_status status = VT_ERROR_UNSUPPORTED;
    if (is_last(x) && vt_depthwise_last_can(&from_fine))
      return vt_depthwise_last_weights(ctx, &from_fine, fine, coarse, w);
    if (!is_last(x) && vt_depthwise_can(&from_fine))
      return vt_depthwise_weights(ctx, &from_fine, fine, coarse, w);
    if (!is_last(x) && vt_dnnl_is_pointwise(&from_fine.window, conv->group, VT_FEWEST_TERMS))
      status = vt_dnnl_pointwise_weights(ctx, fine, coarse, w);
    if (status == VT_ERROR_UNSUPPORTED)
      status = vt_dnnl_conv_weights(ctx, &from_fine.window, conv->group, fine, coarse, w);
    if (status != VT_ERROR_UNSUPPORTED) return status;
  }
  if (is_last(x)) {
    x = vt_row_major(ctx, (vt_tensor *)(uintptr_t)x); /* only read */
    y = vt_row_major(ctx, (vt_tensor *)(uintptr_t)y);
    if (!x || !y) return VT_ERROR_OUT_OF_MEMORY;
  }
  return vt_conv_weights_plain(ctx, conv, x, y, w);
}

/* ---- bias ---- */

static vt_status sum_channels(vt_ctx *ctx, const vt_tensor *y, vt_tensor *bias)
{
  vt_sums sums = {y->type, y->data, bias->data, {1, y->dims[1]}, {y->dims[0], vt_span(y, 2, y->rank)}};
  if (is_last(y)) {
    sums.summed[0] *= sums.summed[1];
    sums.summed[1] = 1;
  }
  return vt_sum_axes(ctx, &sums);
}

/* ---- all three ---- */

static vt_status backward(vt_ctx *ctx, const vt_gradient *gradient, const vt_conv *conv)
{
  const vt_tensor *y = vt_gradient_output(gradient, 0);
  vt_tensor *const *inputs = gradient->call->inputs;
  if (!y) return VT_OK;
  if (vt_gradient_wanted(gradient, 0)) {
    vt_conv reverse;
    vt_tensor *x = vt_gradient_new(ctx, gradient, 0);
    if (!x) return VT_ERROR_OUT_OF_MEMORY;
    vt_conv_reverse(conv, &reverse);
    VT_TRY(vt_conv_run(ctx, &reverse, y, inputs[1], NULL, x));
  }
  if (vt_gradient_wanted(gradient, 1)) {
    vt_tensor *w = vt_gradient_new(ctx, gradient, 1);
    if (!w) return VT_ERROR_OUT_OF_MEMORY;
    VT_TRY(vt_conv_weights(ctx, conv, inputs[0], y, w));
  }
  if (vt_gradient_wanted(gradient, 2)) {
    vt_tensor *bias = vt_gradient_new(ctx, gradient, 2);
    if (!bias) return VT_ERROR_OUT_OF_MEMORY;
    VT_TRY(sum_channels(ctx, y, bias));
  }
  return VT_OK;
}

vt_status vt_conv_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  vt_conv conv;
  VT_TRY(vt_conv_of(ctx, gradient->call, &conv));
  return backward(ctx, gradient, &conv);
}

vt_status vt_conv_transpose_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  vt_conv conv;
  VT_TRY(vt_conv_transpose_of(ctx, gradient->call, &conv));
  return backward(ctx, gradient, &conv);
}
