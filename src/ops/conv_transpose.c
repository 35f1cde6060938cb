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

vt_status vt_conv_transpose_of(vt_ctx *ctx, const vt_call *call, vt_conv *out)
{
  const vt_conv_transpose_attributes *attributes = call->attributes;
  *out = (vt_conv){.transposed = true,
                   .group = attributes->group,
                   .outputs = call->inputs[1]->dims[1] * attributes->group};
  return vt_window_conv_transpose(ctx, call, &out->window);
}

static vt_status conv_transpose_plain(vt_ctx *ctx, const vt_call *call)
{
  vt_conv conv;
  VT_TRY(vt_conv_transpose_of(ctx, call, &conv));
  return vt_conv_plain(ctx, &conv, call->inputs[0], call->inputs[1], vt_input(call, 2), call->outputs[0]);
}

static vt_status conv_transpose_dnnl(vt_ctx *ctx, const vt_call *call)
{
  vt_conv conv;
  VT_TRY(vt_conv_transpose_of(ctx, call, &conv));
  return vt_conv_run(ctx, &conv, call->inputs[0], call->inputs[1], vt_input(call, 2), call->outputs[0]);
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
     .flags = VT_OP_CHANNELS_LAST,
     .shape = conv_transpose_shape,
     .implementations = {VT_BY_F32,
                         {"dnnl", vt_dnnl_fits, conv_transpose_dnnl},
                         {"dnnl", vt_dnnl_fits, conv_transpose_dnnl, .channels_last = true},
                         {"plain", NULL, conv_transpose_plain}},
     .flops = conv_transpose_flops,
     .backward = vt_conv_transpose_backward,
     .saves_for = VT_CONV_SAVES},
};

const vt_op_family vt_ops_conv_transpose = {conv_transpose_ops, VT_COUNT(conv_transpose_ops)};
