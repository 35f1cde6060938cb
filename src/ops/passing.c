/* SPDX-License-Identifier: Apache-2.0
 *
 * vt.StraightThrough, vt.StopGradient, vt.GradientScale: values pass, gradients do as they are told. Bengio
 * et al. 2013 for the first.
 *
 *   StraightThrough(hard, soft) = hard      the whole gradient goes to soft    ONNX: Identity(hard)
 *   StopGradient(x)             = x         no gradient                        ONNX: Identity(x)
 *   GradientScale(x)            = x         gradient · scale                   ONNX: Identity(x)
 */
#include "ops/derivative.h"
#include "ops/families.h"

static vt_status pass_run(vt_ctx *ctx, const vt_call *call)
{
  VT_UNUSED(ctx);
  if (vt_bytes(call->outputs[0]) > 0 && call->outputs[0]->data != call->inputs[0]->data)
    memcpy(call->outputs[0]->data, call->inputs[0]->data, vt_bytes(call->outputs[0]));
  return VT_OK;
}

static vt_status straight_shape(vt_ctx *ctx, const vt_call *call)
{
  if (!vt_same_shape(call->inputs[0], call->inputs[1])) {
    char hard[160], soft[160];
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "hard %s and soft %s must have one shape",
                        vt_shape_text(call->inputs[0], hard), vt_shape_text(call->inputs[1], soft));
  }
  return vt_shape_same(ctx, call);
}

static vt_status straight_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  VT_UNUSED(ctx);
  if (gradient->wanted[1]) gradient->input_gradients[1] = gradient->output_gradients[0];
  return VT_OK;
}

typedef struct scale_settings {
  double scale;
} scale_settings;

static const vt_field scale_fields[] = {
    {.name = "scale",
     .kind = VT_FIELD_REAL,
     .offset = offsetof(scale_settings, scale),
     .fallback = "1",
     .help = "factor of the gradient; -1 reverses it"},
};

VT_FLOAT_LOOPS1(gradient_scale, const real factor = (real)((const scale_settings *)settings)->scale,
                x *factor)
static const vt_loop scale_loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(gradient_scale)};

static vt_status scale_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  return vt_backward_operand(ctx, gradient, 0, scale_loops, 1,
                             (const vt_tensor *const[]){gradient->output_gradients[0]});
}

static const vt_op rows[] = {
    {
        .name = "StraightThrough",
        .domain = "vt",
        .since = 1,
        VT_INPUTS(2, 2),
        VT_OUTPUTS(1, 1),
        .types = {VT_FLOATS | VT_HALVES},
        .same_types = true,
        .flags = VT_OP_VIEW,
        .shape = straight_shape,
        .implementations = {{"plain", NULL, pass_run}},
        .backward = straight_backward,
    },
    {
        .name = "StopGradient",
        .domain = "vt",
        .since = 1,
        VT_INPUTS(1, 1),
        VT_OUTPUTS(1, 1),
        .types = {VT_STORED},
        .flags = VT_OP_VIEW | VT_OP_ELEMENTWISE,
        .shape = vt_shape_same,
        .implementations = {{"plain", NULL, pass_run}},
        .backward = vt_backward_zero,
    },
    {
        .name = "GradientScale",
        .domain = "vt",
        .since = 1,
        VT_INPUTS(1, 1),
        VT_OUTPUTS(1, 1),
        VT_SETTINGS(scale_settings, scale_fields),
        .types = {VT_FLOATS | VT_HALVES},
        .flags = VT_OP_VIEW | VT_OP_ELEMENTWISE,
        .shape = vt_shape_same,
        .implementations = {{"plain", NULL, pass_run}},
        .backward = scale_backward,
    },
};

const vt_op_family vt_ops_passing = {rows, VT_COUNT(rows)};
