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

vt_status vt_conv_of(vt_ctx *ctx, const vt_call *call, vt_conv *out)
{
  const vt_conv_attributes *attributes = call->attributes;
  *out = (vt_conv){.group = attributes->group, .outputs = call->inputs[1]->dims[0]};
  return vt_window_conv(ctx, call, &out->window);
}

static vt_status conv_plain(vt_ctx *ctx, const vt_call *call)
{
  vt_conv conv;
  VT_TRY(vt_conv_of(ctx, call, &conv));
  return vt_conv_plain(ctx, &conv, call->inputs[0], call->inputs[1], vt_input(call, 2), call->outputs[0]);
}

static vt_status conv_dnnl(vt_ctx *ctx, const vt_call *call)
{
  vt_conv conv;
  VT_TRY(vt_conv_of(ctx, call, &conv));
  return vt_conv_run(ctx, &conv, call->inputs[0], call->inputs[1], vt_input(call, 2), call->outputs[0]);
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
     .flags = VT_OP_CHANNELS_LAST,
     .shape = conv_shape,
     .implementations = {VT_BY_F32,
                         {"dnnl", vt_dnnl_fits, conv_dnnl},
                         {"dnnl", vt_dnnl_fits, conv_dnnl, .channels_last = true},
                         {"plain", NULL, conv_plain}},
     .flops = conv_flops,
     .backward = vt_conv_backward,
     .saves_for = VT_CONV_SAVES},
};

const vt_op_family vt_ops_conv = {conv_ops, VT_COUNT(conv_ops)};
