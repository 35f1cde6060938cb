/* SPDX-License-Identifier: Apache-2.0
 *
 * vt.JumpReLU and vt.Step: thresholds that can be learned (Rajamanoharan et al. 2024, arXiv 2407.14435). θ
 * broadcasts to x; K is the rectangle, 1 on (−½, ½) and 0 elsewhere, ε the bandwidth.
 *
 *   JumpReLU(x, θ) = x · [x > θ]   ∂x = [x > θ]   ∂θ = −(θ / ε) · K((x − θ) / ε)   (their equation 11)
 *   Step(x, θ)     =     [x > θ]   ∂x = 0         ∂θ = −(1 / ε) · K((x − θ) / ε)   (their equation 12)
 *
 * The gradients of θ are pseudo-gradients: kernel estimates of how the mean over a batch would move.
 * ONNX: Where(Greater(x, θ), x, 0) and Cast(Greater(x, θ)).
 */
#include "ops/derivative.h"
#include "ops/families.h"

typedef struct jump_settings {
  double bandwidth;
} jump_settings;

static const vt_field jump_fields[] = {
    {.name = "bandwidth",
     .kind = VT_FIELD_REAL,
     .offset = offsetof(jump_settings, bandwidth),
     .fallback = "0.001",
     VT_RANGE(1e-12, 1e12),
     .help = "width of the kernel, in units of x"},
};

static vt_status jump_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *x = call->inputs[0];
  const jump_settings *settings = call->attributes;
  char a[160], b[160];
  int rank;
  int64_t dims[VT_MAX_RANK];
  if (!(settings->bandwidth > 0))
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_ARGUMENT, "bandwidth is %g; it must be above 0",
                        settings->bandwidth);
  VT_TRY(vt_broadcast_shape(ctx, (const vt_tensor *const *)call->inputs, 2, &rank, dims));
  bool fits = rank == x->rank;
  for (int axis = 0; fits && axis < rank; axis++)
    fits = dims[axis] == x->dims[axis];
  if (!fits)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "the threshold is %s, which is larger than x %s",
                        vt_shape_text(call->inputs[1], a), vt_shape_text(x, b));
  return vt_shape_same(ctx, call);
}

VT_FLOAT_LOOPS2(jump, VT_NOTHING, a > b ? a : 0)
VT_FLOAT_LOOPS2(step, VT_NOTHING, a > b ? 1 : 0)
VT_FLOAT_LOOPS3(jump_back, VT_NOTHING, a > b ? c : 0)
#define KERNEL                                                                                               \
  const real width = (real)((const jump_settings *)settings)->bandwidth;                                     \
  const real half = width / 2
#define NEAR (VT_BY_TYPE(fabs, a - b) < half)
VT_FLOAT_LOOPS3(jump_threshold_back, KERNEL, NEAR ? -c *b / width : 0)
VT_FLOAT_LOOPS3(step_threshold_back, KERNEL, NEAR ? -c / width : 0)

static vt_status jump_run(vt_ctx *ctx, const vt_call *call)
{
  static const vt_loop loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(jump)};
  return vt_run_loops(ctx, call, loops);
}

static vt_status step_run(vt_ctx *ctx, const vt_call *call)
{
  static const vt_loop loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(step)};
  return vt_run_loops(ctx, call, loops);
}

static vt_status jump_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  static const vt_loop x_loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(jump_back)},
                       threshold_loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(jump_threshold_back)};
  const vt_tensor *const tensors[] = {gradient->call->inputs[0], gradient->call->inputs[1],
                                      gradient->output_gradients[0]};
  VT_TRY(vt_backward_operand(ctx, gradient, 0, x_loops, 3, tensors));
  return vt_backward_operand(ctx, gradient, 1, threshold_loops, 3, tensors);
}

static vt_status step_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  static const vt_loop loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(step_threshold_back)};
  return vt_backward_operand(ctx, gradient, 1, loops, 3,
                             (const vt_tensor *const[]){gradient->call->inputs[0], gradient->call->inputs[1],
                                                        gradient->output_gradients[0]});
}

/* clang-format off */
#define ROW(operator, function)                                                                              \
  {                                                                                                          \
    .name = operator, .domain = "vt", .since = 1, VT_INPUTS(2, 2), VT_OUTPUTS(1, 1),                         \
    VT_SETTINGS(jump_settings, jump_fields), .types = {VT_FLOATS | VT_HALVES}, .same_types = true,           \
    .flags = VT_OP_ELEMENTWISE, .shape = jump_shape, .implementations = {{"plain", NULL, function##_run}},   \
    VT_BACKWARD(function##_backward, VT_SAVES_INPUT(0) | VT_SAVES_INPUT(1))                                  \
  }
static const vt_op rows[] = {
    ROW("JumpReLU", jump),
    ROW("Step", step),
};
/* clang-format on */

const vt_op_family vt_ops_jump = {rows, VT_COUNT(rows)};
