/* SPDX-License-Identifier: Apache-2.0
 *
 * Conv: Y[n,m,o] = B[m] + Σ_c Σ_k X[n, g·C/G + c, o·stride − begin + k·dilation] · W[m,c,k], where m lies in
 * group g; 1-D to 3-D.
 */
#include "ops/conv.h"
#include "ops/dnnl_kernels.h"
#include "ops/families.h"
#include "ops/plain.h"

static vt_status conv_shape(vt_ctx *ctx, const vt_call *call)
{
  vt_window window;
  int64_t dims[VT_MAX_RANK];
  VT_TRY(vt_window_conv(ctx, call, &window));
  int rank = vt_window_shape(&window, call->inputs[1]->dims[0], dims);
  return vt_set_output(ctx, call, 0, call->inputs[0]->type, rank, dims);
}

vt_status vt_conv_plain(vt_ctx *ctx, const vt_call *call, vt_conv_work *work,
                        void (*planes)(void *work, int64_t first, int64_t last))
{
  work->x = vt_plain_read(ctx, call->inputs[0]);
  work->w = vt_plain_read(ctx, call->inputs[1]);
  work->bias = vt_plain_read_or(ctx, vt_input(call, 2), work->outputs, 0);
  work->y = vt_plain_read_or(ctx, NULL, vt_count(call->outputs[0]), 0);
  bool ready = work->x && work->w && work->bias && work->y;
  if (ready) {
    vt_parallel(ctx, work->window.batch * work->outputs, 1, planes, work);
    vt_plain_write(call->outputs[0], work->y);
  }
  vt_free(work->x);
  vt_free(work->w);
  vt_free(work->bias);
  vt_free(work->y);
  return ready ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

/* Σ over the taps of one window of one channel. */
static double window_sum(const vt_window *window, const double *x, const double *w, int64_t oz, int64_t oy,
                         int64_t ox)
{
  double sum = 0;
  for (int64_t kz = 0; kz < window->kernel[0]; kz++)
    for (int64_t ky = 0; ky < window->kernel[1]; ky++)
      for (int64_t kx = 0; kx < window->kernel[2]; kx++, w++) {
        int64_t z = vt_window_tap(window, 0, oz, kz), y = vt_window_tap(window, 1, oy, ky),
                column = vt_window_tap(window, 2, ox, kx);
        if (z >= 0 && y >= 0 && column >= 0) sum += x[(z * window->in[1] + y) * window->in[2] + column] * *w;
      }
  return sum;
}

/* Planes [first, last) of Y, counted over batch and output channels. */
static void conv_planes(void *user, int64_t first, int64_t last)
{
  const vt_conv_work *work = user;
  const vt_window *window = &work->window;
  int64_t volume = vt_window_volume(window->in), taps = vt_window_volume(window->kernel);
  for (int64_t plane = first; plane < last; plane++) {
    int64_t n = plane / work->outputs, m = plane % work->outputs, group = m / work->group_outputs;
    const double *x = work->x + (n * window->channels + group * work->group_inputs) * volume;
    const double *w = work->w + m * work->group_inputs * taps;
    double *y = work->y + plane * vt_window_volume(window->out);
    for (int64_t oz = 0; oz < window->out[0]; oz++)
      for (int64_t oy = 0; oy < window->out[1]; oy++)
        for (int64_t ox = 0; ox < window->out[2]; ox++) {
          double sum = work->bias[m];
          for (int64_t c = 0; c < work->group_inputs; c++)
            sum += window_sum(window, x + c * volume, w + c * taps, oz, oy, ox);
          *y++ = sum;
        }
  }
}

static vt_status conv_plain(vt_ctx *ctx, const vt_call *call)
{
  const vt_conv_attributes *attributes = call->attributes;
  const vt_tensor *w = call->inputs[1];
  vt_conv_work work = {
      .outputs = w->dims[0], .group_inputs = w->dims[1], .group_outputs = w->dims[0] / attributes->group};
  VT_TRY(vt_window_conv(ctx, call, &work.window));
  return vt_conv_plain(ctx, call, &work, conv_planes);
}

static vt_status conv_dnnl(vt_ctx *ctx, const vt_call *call)
{
  const vt_conv_attributes *attributes = call->attributes;
  vt_window window;
  VT_TRY(vt_window_conv(ctx, call, &window));
  vt_status status = vt_dnnl_conv(ctx, &window, attributes->group, false, call->inputs[0], call->inputs[1],
                                  vt_input(call, 2), call->outputs[0]);
  return status == VT_ERROR_UNSUPPORTED ? conv_plain(ctx, call) : status;
}

/* Two a multiplication and addition, padding counted as if it were data. */
static double conv_flops(const vt_call *call)
{
  const vt_tensor *w = call->inputs[1];
  return 2.0 * (double)vt_count(call->outputs[0]) * (double)vt_span(w, 1, w->rank);
}

static const vt_field conv_fields[] = {
    VT_WINDOW_FIELDS(vt_conv_attributes),
    VT_GROUP_FIELD(vt_conv_attributes),
};

static const vt_op conv_ops[] = {
    {.name = "Conv",
     .since = 1,
     VT_INPUTS(2, 3),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(vt_conv_attributes, conv_fields),
     .types = {VT_FLOATS | VT_HALVES},
     .same_types = true,
     .shape = conv_shape,
     .implementations = {VT_BY_F32, {"dnnl", vt_dnnl_fits, conv_dnnl}, {"plain", NULL, conv_plain}},
     .flops = conv_flops},
};

const vt_op_family vt_ops_conv = {conv_ops, VT_COUNT(conv_ops)};
