/* SPDX-License-Identifier: Apache-2.0
 *
 * Add, Sub, Mul, Div, Max, Min, Sum, Mean, Neg, Abs, Reciprocal with NumPy broadcasting. Integers wrap;
 * dividing one by zero gives 0, as NumPy does.
 */
#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/gradient.h"

/* Through u64, where overflow is defined, the low bits of every integer type come out right. */
#define WRAPPING(operator) (real)((uint64_t)a operator(uint64_t) b)

VT_FLOAT_LOOPS2(add, VT_NOTHING, a + b)
VT_SIGNED_LOOPS(VT_LOOP2, add, VT_NOTHING, WRAPPING(+))
VT_UNSIGNED_LOOPS(VT_LOOP2, add, VT_NOTHING, WRAPPING(+))
static const vt_loop add_loops[VT_TYPE_COUNT] = {VT_NUMBER_ENTRIES(add)};

static vt_status add_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_run_loops(ctx, call, add_loops);
}

VT_FLOAT_LOOPS2(subtract, VT_NOTHING, a - b)
VT_SIGNED_LOOPS(VT_LOOP2, subtract, VT_NOTHING, WRAPPING(-))
VT_UNSIGNED_LOOPS(VT_LOOP2, subtract, VT_NOTHING, WRAPPING(-))
static const vt_loop subtract_loops[VT_TYPE_COUNT] = {VT_NUMBER_ENTRIES(subtract)};

static vt_status subtract_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_run_loops(ctx, call, subtract_loops);
}

VT_FLOAT_LOOPS2(multiply, VT_NOTHING, a *b)
VT_SIGNED_LOOPS(VT_LOOP2, multiply, VT_NOTHING, WRAPPING(*))
VT_UNSIGNED_LOOPS(VT_LOOP2, multiply, VT_NOTHING, WRAPPING(*))
static const vt_loop multiply_loops[VT_TYPE_COUNT] = {VT_NUMBER_ENTRIES(multiply)};

static vt_status multiply_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_run_loops(ctx, call, multiply_loops);
}

/* The processor traps on x / 0 and on the lowest number / −1. */
static int64_t quotient(int64_t a, int64_t b)
{
  if (b == 0) return 0;
  return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
}

VT_FLOAT_LOOPS2(divide, VT_NOTHING, a / b)
VT_SIGNED_LOOPS(VT_LOOP2, divide, VT_NOTHING, quotient(a, b))
VT_UNSIGNED_LOOPS(VT_LOOP2, divide, VT_NOTHING, b == 0 ? 0 : a / b)
static const vt_loop divide_loops[VT_TYPE_COUNT] = {VT_NUMBER_ENTRIES(divide)};

static vt_status divide_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_run_loops(ctx, call, divide_loops);
}

/* ---- any number of inputs ---- */

/* ((x0 ∘ x1) ∘ x2) ∘ …, each broadcast to the output. */
static vt_status fold(vt_ctx *ctx, const vt_call *call, const vt_loop loops[VT_TYPE_COUNT])
{
  vt_tensor *output = call->outputs[0];
  vt_loop loop = loops[output->type];
  if (call->input_count == 1) {
    if (vt_bytes(output) > 0) memcpy(output->data, call->inputs[0]->data, vt_bytes(output));
    return VT_OK;
  }
  VT_TRY(vt_walk(ctx, loop, 2, (const vt_tensor *const *)call->inputs, output, NULL));
  for (int i = 2; i < call->input_count; i++)
    VT_TRY(vt_walk(ctx, loop, 2, (const vt_tensor *const[]){output, call->inputs[i]}, output, NULL));
  return VT_OK;
}

/* NaN in any place gives NaN. */
#define LARGER  (a > b || a != a ? a : b)
#define SMALLER (a < b || a != a ? a : b)

VT_FLOAT_LOOPS2(maximum, VT_NOTHING, LARGER)
VT_SIGNED_LOOPS(VT_LOOP2, maximum, VT_NOTHING, a > b ? a : b)
VT_UNSIGNED_LOOPS(VT_LOOP2, maximum, VT_NOTHING, a > b ? a : b)
static const vt_loop maximum_loops[VT_TYPE_COUNT] = {VT_NUMBER_ENTRIES(maximum)};

static vt_status maximum_run(vt_ctx *ctx, const vt_call *call)
{
  if (vt_is_half(call->inputs[0])) return vt_run_widened(ctx, call);
  return fold(ctx, call, maximum_loops);
}

VT_FLOAT_LOOPS2(minimum, VT_NOTHING, SMALLER)
VT_SIGNED_LOOPS(VT_LOOP2, minimum, VT_NOTHING, a < b ? a : b)
VT_UNSIGNED_LOOPS(VT_LOOP2, minimum, VT_NOTHING, a < b ? a : b)
static const vt_loop minimum_loops[VT_TYPE_COUNT] = {VT_NUMBER_ENTRIES(minimum)};

static vt_status minimum_run(vt_ctx *ctx, const vt_call *call)
{
  if (vt_is_half(call->inputs[0])) return vt_run_widened(ctx, call);
  return fold(ctx, call, minimum_loops);
}

static vt_status sum_run(vt_ctx *ctx, const vt_call *call)
{
  if (vt_is_half(call->inputs[0])) return vt_run_widened(ctx, call);
  return fold(ctx, call, add_loops);
}

VT_FLOAT_LOOPS1(scale, const real factor = (real) * (const double *)settings, x *factor)
static const vt_loop scale_loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(scale)};

static vt_status mean_run(vt_ctx *ctx, const vt_call *call)
{
  if (vt_is_half(call->inputs[0])) return vt_run_widened(ctx, call);
  VT_TRY(fold(ctx, call, add_loops));
  vt_tensor *output = call->outputs[0];
  double factor = 1.0 / call->input_count;
  return vt_walk(ctx, scale_loops[output->type], 1, (const vt_tensor *const[]){output}, output, &factor);
}

/* ---- one input ---- */

VT_FLOAT_LOOPS1(negate, VT_NOTHING, -x)
VT_SIGNED_LOOPS(VT_LOOP1, negate, VT_NOTHING, 0 - (uint64_t)x)
static const vt_loop negate_loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(negate), VT_SIGNED_ENTRIES(negate)};

static vt_status negate_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_run_loops(ctx, call, negate_loops);
}

VT_FLOAT_LOOPS1(absolute, VT_NOTHING, VT_BY_TYPE(fabs, x))
VT_SIGNED_LOOPS(VT_LOOP1, absolute, VT_NOTHING, x < 0 ? 0 - (uint64_t)x : (uint64_t)x)
VT_UNSIGNED_LOOPS(VT_LOOP1, absolute, VT_NOTHING, x)
static const vt_loop absolute_loops[VT_TYPE_COUNT] = {VT_NUMBER_ENTRIES(absolute)};

static vt_status absolute_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_run_loops(ctx, call, absolute_loops);
}

VT_FLOAT_LOOPS1(reciprocal, VT_NOTHING, 1 / x)
static const vt_loop reciprocal_loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(reciprocal)};

static vt_status reciprocal_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_run_loops(ctx, call, reciprocal_loops);
}

/* ---- gradients ---- */

/* Add, Sum: every operand gets what the result gets, summed where it was repeated. */
static vt_status add_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  for (int i = 0; i < gradient->call->input_count; i++)
    if (gradient->wanted[i])
      VT_TRY(vt_gradient_reduce(ctx, gradient->output_gradients[0], gradient->call->inputs[i],
                                &gradient->input_gradients[i]));
  return VT_OK;
}

#define SIGNED (VT_FLOATS | VT_HALVES | VT_T(VT_I8) | VT_T(VT_I16) | VT_T(VT_I32) | VT_T(VT_I64))

/* clang-format off */
#define ROW(operator, minimum_count, maximum_count, type_set, shape_rule, flag, function)                    \
    .name = operator, .since = 1, VT_INPUTS(minimum_count, maximum_count),                                   \
    VT_OUTPUTS(1, 1), .types = {type_set}, .same_types = true, .flags = flag,                                \
    .shape = shape_rule, .implementations = {{"plain", NULL, function}}

static const vt_op rows[] = {
    {ROW("Add", 2, 2, VT_NUMBERS | VT_HALVES, vt_shape_broadcast, 0, add_run), .backward = add_backward},
    {ROW("Sub", 2, 2, VT_NUMBERS | VT_HALVES, vt_shape_broadcast, 0, subtract_run)},
    {ROW("Mul", 2, 2, VT_NUMBERS | VT_HALVES, vt_shape_broadcast, 0, multiply_run)},
    {ROW("Div", 2, 2, VT_NUMBERS | VT_HALVES, vt_shape_broadcast, 0, divide_run)},
    {ROW("Max", 1, VT_VARIADIC, VT_NUMBERS | VT_HALVES, vt_shape_broadcast, 0, maximum_run)},
    {ROW("Min", 1, VT_VARIADIC, VT_NUMBERS | VT_HALVES, vt_shape_broadcast, 0, minimum_run)},
    {ROW("Sum", 1, VT_VARIADIC, VT_FLOATS | VT_HALVES, vt_shape_broadcast, 0, sum_run), .backward = add_backward},
    {ROW("Mean", 1, VT_VARIADIC, VT_FLOATS | VT_HALVES, vt_shape_broadcast, 0, mean_run)},
    {ROW("Neg", 1, 1, SIGNED, vt_shape_same, VT_OP_ELEMENTWISE, negate_run)},
    {ROW("Abs", 1, 1, VT_NUMBERS | VT_HALVES, vt_shape_same, VT_OP_ELEMENTWISE, absolute_run)},
    {ROW("Reciprocal", 1, 1, VT_FLOATS | VT_HALVES, vt_shape_same, VT_OP_ELEMENTWISE, reciprocal_run)},
};
/* clang-format on */

const vt_op_family vt_ops_arithmetic = {rows, VT_COUNT(rows)};
