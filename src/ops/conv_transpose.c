/* SPDX-License-Identifier: Apache-2.0
 *
 * ConvTranspose: each X[n,c,i] adds X · W[c,m,k] to Y[n, g·M/G + m, i·stride − begin + k·dilation]; 1-D to
 * 3-D.
 */
#include "ops/conv.h"
#include "ops/dnnl_kernels.h"
#include "ops/families.h"
#include "ops/plain.h"

static vt_status conv_transpose_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_conv_transpose_attributes *attributes = call->attributes;
  vt_window window;
  int64_t dims[VT_MAX_RANK];
  VT_TRY(vt_window_conv_transpose(ctx, call, &window));
  int rank = vt_window_shape(&window, call->inputs[1]->dims[1] * attributes->group, dims);
  return vt_set_output(ctx, call, 0, call->inputs[0]->type, rank, dims);
}

/* Adds one value times the taps of `w` to plane `y` around input position (iz, iy, ix). */
static void spread(const vt_window *window, double value, const double *w, int64_t iz, int64_t iy, int64_t ix,
                   double *y)
{
  for (int64_t kz = 0; kz < window->kernel[0]; kz++)
    for (int64_t ky = 0; ky < window->kernel[1]; ky++)
      for (int64_t kx = 0; kx < window->kernel[2]; kx++, w++) {
        int64_t oz = iz * window->stride[0] - window->begin[0] + kz * window->dilation[0];
        int64_t oy = iy * window->stride[1] - window->begin[1] + ky * window->dilation[1];
        int64_t ox = ix * window->stride[2] - window->begin[2] + kx * window->dilation[2];
        if (oz >= 0 && oz < window->out[0] && oy >= 0 && oy < window->out[1] && ox >= 0 &&
            ox < window->out[2])
          y[(oz * window->out[1] + oy) * window->out[2] + ox] += value * *w;
      }
}

/* Planes [first, last) of Y, counted over batch and output channels. */
static void transpose_planes(void *user, int64_t first, int64_t last)
{
  const vt_conv_work *work = user;
  const vt_window *window = &work->window;
  int64_t taps = vt_window_volume(window->kernel), volume = vt_window_volume(window->out);
  for (int64_t plane = first; plane < last; plane++) {
    int64_t n = plane / work->outputs, m = plane % work->outputs;
    int64_t group = m / work->group_outputs, inside = m % work->group_outputs;
    double *y = work->y + plane * volume;
    for (int64_t i = 0; i < volume; i++)
      y[i] = work->bias[m];
    for (int64_t c = group * work->group_inputs; c < (group + 1) * work->group_inputs; c++) {
      const double *x = work->x + (n * window->channels + c) * vt_window_volume(window->in);
      const double *w = work->w + (c * work->group_outputs + inside) * taps;
      for (int64_t iz = 0; iz < window->in[0]; iz++)
        for (int64_t iy = 0; iy < window->in[1]; iy++)
          for (int64_t ix = 0; ix < window->in[2]; ix++)
            spread(window, *x++, w, iz, iy, ix, y);
    }
  }
}

static vt_status conv_transpose_plain(vt_ctx *ctx, const vt_call *call)
{
  const vt_conv_transpose_attributes *attributes = call->attributes;
  const vt_tensor *w = call->inputs[1];
  vt_conv_work work = {.outputs = w->dims[1] * attributes->group,
                       .group_inputs = w->dims[0] / attributes->group,
                       .group_outputs = w->dims[1]};
  VT_TRY(vt_window_conv_transpose(ctx, call, &work.window));
  return vt_conv_plain(ctx, call, &work, transpose_planes);
}

static vt_status conv_transpose_dnnl(vt_ctx *ctx, const vt_call *call)
{
  const vt_conv_transpose_attributes *attributes = call->attributes;
  vt_window window;
  VT_TRY(vt_window_conv_transpose(ctx, call, &window));
  vt_status status = vt_dnnl_conv(ctx, &window, attributes->group, true, call->inputs[0], call->inputs[1],
                                  vt_input(call, 2), call->outputs[0]);
  return status == VT_ERROR_UNSUPPORTED ? conv_transpose_plain(ctx, call) : status;
}

/* Two a multiplication and addition, what falls outside Y counted as well. */
static double conv_transpose_flops(const vt_call *call)
{
  const vt_tensor *w = call->inputs[1];
  return 2.0 * (double)vt_count(call->inputs[0]) * (double)vt_span(w, 1, w->rank);
}

static const vt_field conv_transpose_fields[] = {
    VT_WINDOW_FIELDS(vt_conv_transpose_attributes),
    VT_GROUP_FIELD(vt_conv_transpose_attributes),
    {.name = "output_padding",
     .kind = VT_FIELD_INTS,
     .offset = offsetof(vt_conv_transpose_attributes, output_padding),
     .help = "rows added behind each spatial axis of the output"},
    {.name = "output_shape",
     .kind = VT_FIELD_INTS,
     .offset = offsetof(vt_conv_transpose_attributes, output_shape),
     .help = "spatial sizes of the output; padding follows from them"},
};

static const vt_op conv_transpose_ops[] = {
    {.name = "ConvTranspose",
     .since = 1,
     VT_INPUTS(2, 3),
     VT_OUTPUTS(1, 1),
     VT_SETTINGS(vt_conv_transpose_attributes, conv_transpose_fields),
     .types = {VT_FLOATS | VT_HALVES},
     .same_types = true,
     .shape = conv_transpose_shape,
     .implementations = {VT_BY_F32,
                         {"dnnl", vt_dnnl_fits, conv_transpose_dnnl},
                         {"plain", NULL, conv_transpose_plain}},
     .flops = conv_transpose_flops},
};

const vt_op_family vt_ops_conv_transpose = {conv_transpose_ops, VT_COUNT(conv_transpose_ops)};
