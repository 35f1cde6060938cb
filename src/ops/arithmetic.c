/* SPDX-License-Identifier: Apache-2.0
 *
 * Add, Sub, Mul, Div, Max, Min, Sum, Mean, Neg, Abs, Reciprocal with NumPy broadcasting. Integers wrap;
 * dividing one by zero gives 0, as NumPy does.
 */
#include "ops/derivative.h"
#include "ops/families.h"

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

#define GIVEN   gradient->output_gradients[0]
#define OPERAND gradient->call->inputs
/* Gradient of operand `index` from two or three tensors broadcast to the result's shape. */
#define OPERAND_BACKWARD(index, loops, ...)                                                                  \
  vt_backward_operand(ctx, gradient, index, loops,                                                           \
                      (int)(sizeof((const vt_tensor *[]){__VA_ARGS__}) / sizeof(vt_tensor *)),               \
                      (const vt_tensor *const[]){__VA_ARGS__})

/* Add, Sum: every operand gets what the result gets, summed where it was repeated. */
static vt_status add_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  for (int i = 0; i < gradient->call->input_count; i++)
    if (gradient->wanted[i])
      VT_TRY(vt_gradient_reduce(ctx, GIVEN, OPERAND[i], &gradient->input_gradients[i]));
  return VT_OK;
}

static vt_status subtract_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  if (vt_gradient_wanted(gradient, 0))
    VT_TRY(vt_gradient_reduce(ctx, GIVEN, OPERAND[0], &gradient->input_gradients[0]));
  return OPERAND_BACKWARD(1, negate_loops, GIVEN);
}

static vt_status multiply_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  VT_TRY(OPERAND_BACKWARD(0, multiply_loops, GIVEN, OPERAND[1]));
  return OPERAND_BACKWARD(1, multiply_loops, GIVEN, OPERAND[0]);
}

/* d(a / b) / db = −(a / b) / b: from the result, so that the dividend need not be held. */
VT_FLOAT_LOOPS3(divisor_back, VT_NOTHING, -a *b / c)
static const vt_loop divisor_loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(divisor_back)};

static vt_status divide_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  VT_TRY(OPERAND_BACKWARD(0, divide_loops, GIVEN, OPERAND[1]));
  return OPERAND_BACKWARD(1, divisor_loops, GIVEN, gradient->call->outputs[0], OPERAND[1]);
}

static vt_status negate_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  return OPERAND_BACKWARD(0, negate_loops, GIVEN);
}

static vt_status mean_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  double factor = 1.0 / gradient->call->input_count;
  vt_tensor *share = vt_tensor_new(ctx, GIVEN->type, GIVEN->rank, GIVEN->dims);
  if (!share) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_walk(ctx, scale_loops[share->type], 1, (const vt_tensor *const[]){GIVEN}, share, &factor));
  for (int i = 0; i < gradient->call->input_count; i++)
    if (gradient->wanted[i])
      VT_TRY(vt_gradient_reduce(ctx, share, OPERAND[i], &gradient->input_gradients[i]));
  return VT_OK;
}

/* Max, Min: the operand that is the result gets the gradient; those that are it alike share it equally. */
VT_FLOAT_LOOPS3(count_tie, VT_NOTHING, a + (real)(b == c))
static const vt_loop count_tie_loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(count_tie)};
VT_FLOAT_LOOPS3(tie_share, VT_NOTHING, b == c ? a : 0)
static const vt_loop tie_share_loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(tie_share)};

static vt_status extreme_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const vt_tensor *result = gradient->call->outputs[0];
  vt_tensor *share = vt_tensor_new(ctx, result->type, result->rank, result->dims);
  if (!share) return VT_ERROR_OUT_OF_MEMORY;
  if (vt_bytes(share)) memset(share->data, 0, vt_bytes(share));
  for (int i = 0; i < gradient->call->input_count; i++)
    VT_TRY(vt_walk(ctx, count_tie_loops[share->type], 3,
                   (const vt_tensor *const[]){share, OPERAND[i], result}, share, NULL));
  vt_tensor *given = vt_tensor_new(ctx, result->type, result->rank, result->dims);
  if (!given) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_walk(ctx, divide_loops[share->type], 2, (const vt_tensor *const[]){GIVEN, share}, given, NULL));
  for (int i = 0; i < gradient->call->input_count; i++)
    VT_TRY(OPERAND_BACKWARD(i, tie_share_loops, given, OPERAND[i], result));
  return VT_OK;
}

/* 0 where x is 0 */
VT_DERIVATIVE_BY_INPUT(absolute, VT_NOTHING, x > 0 ? g : x < 0 ? -g : 0)
VT_DERIVATIVE_BY_OUTPUT(reciprocal, VT_NOTHING, -g *y *y)

#define SIGNED (VT_FLOATS | VT_HALVES | VT_T(VT_I8) | VT_T(VT_I16) | VT_T(VT_I32) | VT_T(VT_I64))

/* clang-format off */
#define ROW(operator, minimum_count, maximum_count, type_set, shape_rule, flag, function)                    \
    .name = operator, .since = 1, VT_INPUTS(minimum_count, maximum_count),                                   \
    VT_OUTPUTS(1, 1), .types = {type_set}, .same_types = true, .flags = (flag) | VT_OP_ANY_ORDER,                              \
    .shape = shape_rule, .implementations = {{"plain", NULL, function}}

static const vt_op rows[] = {
    {ROW("Add", 2, 2, VT_NUMBERS | VT_HALVES, vt_shape_broadcast, 0, add_run), VT_BACKWARD(add_backward, 0)},
    {ROW("Sub", 2, 2, VT_NUMBERS | VT_HALVES, vt_shape_broadcast, 0, subtract_run), VT_BACKWARD(subtract_backward, 0)},
    {ROW("Mul", 2, 2, VT_NUMBERS | VT_HALVES, vt_shape_broadcast, 0, multiply_run), .backward = multiply_backward, .saves_for = {VT_SAVES_INPUT(1), VT_SAVES_INPUT(0)}},
    {ROW("Div", 2, 2, VT_NUMBERS | VT_HALVES, vt_shape_broadcast, 0, divide_run), .backward = divide_backward, .saves = VT_SAVES_INPUT(1), .saves_for = {0, VT_SAVES_OUTPUT(0)}},
    {ROW("Max", 1, VT_VARIADIC, VT_NUMBERS | VT_HALVES, vt_shape_broadcast, 0, maximum_run), VT_BACKWARD(extreme_backward, VT_SAVES_INPUTS | VT_SAVES_OUTPUT(0))},
    {ROW("Min", 1, VT_VARIADIC, VT_NUMBERS | VT_HALVES, vt_shape_broadcast, 0, minimum_run), VT_BACKWARD(extreme_backward, VT_SAVES_INPUTS | VT_SAVES_OUTPUT(0))},
    {ROW("Sum", 1, VT_VARIADIC, VT_FLOATS | VT_HALVES, vt_shape_broadcast, 0, sum_run), VT_BACKWARD(add_backward, 0)},
    {ROW("Mean", 1, VT_VARIADIC, VT_FLOATS | VT_HALVES, vt_shape_broadcast, 0, mean_run), VT_BACKWARD(mean_backward, 0)},
    {ROW("Neg", 1, 1, SIGNED, vt_shape_same, VT_OP_ELEMENTWISE, negate_run), VT_BACKWARD(negate_backward, 0)},
    {ROW("Abs", 1, 1, VT_NUMBERS | VT_HALVES, vt_shape_same, VT_OP_ELEMENTWISE, absolute_run), VT_BACKWARD(absolute_backward, VT_SAVES_INPUT(0))},
    {ROW("Reciprocal", 1, 1, VT_FLOATS | VT_HALVES, vt_shape_same, VT_OP_ELEMENTWISE, reciprocal_run), VT_BACKWARD(reciprocal_backward, VT_SAVES_OUTPUT(0))},
};
/* clang-format on */

const vt_op_family vt_ops_arithmetic = {rows, VT_COUNT(rows)};
