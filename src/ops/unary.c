/* SPDX-License-Identifier: Apache-2.0
 *
 * Functions of one number: Exp Log Sqrt Sin Cos Tan Asin Acos Atan Sinh Cosh Tanh Asinh Acosh Atanh Ceil
 * Floor Round Sign Erf IsNaN IsInf. Where an argument is outside a function's domain the result is NaN, as in
 * the C library.
 */
#include "ops/derivative.h"
#include "ops/families.h"

/* Loop, table and run function of one operator on f32 and f64. */
#define UNARY(name, expression)                                                                              \
  VT_FLOAT_LOOPS1(name, VT_NOTHING, expression)                                                              \
  static const vt_loop name##_loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(name)};                               \
  static vt_status name##_run(vt_ctx *ctx, const vt_call *call)                                              \
  {                                                                                                          \
    return vt_run_loops(ctx, call, name##_loops);                                                            \
  }

UNARY(exponential, VT_EXP(x))
UNARY(logarithm, VT_LN(x))
UNARY(square_root, VT_BY_TYPE(sqrt, x))
UNARY(sine, VT_BY_TYPE(sin, x))
UNARY(cosine, VT_BY_TYPE(cos, x))
UNARY(tangent, VT_BY_TYPE(tan, x))
UNARY(arc_sine, VT_BY_TYPE(asin, x))
UNARY(arc_cosine, VT_BY_TYPE(acos, x))
UNARY(arc_tangent, VT_BY_TYPE(atan, x))
UNARY(hyperbolic_sine, VT_BY_TYPE(sinh, x))
UNARY(hyperbolic_cosine, VT_BY_TYPE(cosh, x))
UNARY(hyperbolic_tangent, VT_TANH(x))
UNARY(area_sine, VT_BY_TYPE(asinh, x))
UNARY(area_cosine, VT_BY_TYPE(acosh, x))
UNARY(area_tangent, VT_BY_TYPE(atanh, x))
UNARY(ceiling, VT_BY_TYPE(ceil, x))
UNARY(round_down, VT_BY_TYPE(floor, x))
UNARY(round_half_even, VT_BY_TYPE(rint, x))
UNARY(error_function, VT_ERF(x))

/* ---- Sign: −1, 0, 1; NaN stays ---- */

VT_FLOAT_LOOPS1(sign, VT_NOTHING, x != x ? x : (real)((x > 0) - (x < 0)))
VT_SIGNED_LOOPS(VT_LOOP1, sign, VT_NOTHING, (x > 0) - (x < 0))
VT_UNSIGNED_LOOPS(VT_LOOP1, sign, VT_NOTHING, x > 0)
static const vt_loop sign_loops[VT_TYPE_COUNT] = {VT_NUMBER_ENTRIES(sign)};

static vt_status sign_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_run_loops(ctx, call, sign_loops);
}

/* ---- IsNaN, IsInf: to bool ---- */

static vt_status shape_bool(vt_ctx *ctx, const vt_call *call)
{
  return vt_set_output(ctx, call, 0, VT_BOOL, call->inputs[0]->rank, call->inputs[0]->dims);
}

VT_LOOP1(VT_CLONES, is_nan_f32, float, uint8_t, VT_NOTHING, x != x)
VT_LOOP1(VT_CLONES, is_nan_f64, double, uint8_t, VT_NOTHING, x != x)
static const vt_loop is_nan_loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(is_nan)};

static vt_status is_nan_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_run_loops(ctx, call, is_nan_loops);
}

typedef struct is_inf_settings {
  bool detect_negative, detect_positive;
} is_inf_settings;

static const vt_field is_inf_fields[] = {
    {.name = "detect_negative",
     .kind = VT_FIELD_BOOL,
     .offset = offsetof(is_inf_settings, detect_negative),
     .fallback = "1",
     .help = "whether −∞ counts"},
    {.name = "detect_positive",
     .kind = VT_FIELD_BOOL,
     .offset = offsetof(is_inf_settings, detect_positive),
     .fallback = "1",
     .help = "whether +∞ counts"},
};

#define IS_INF_PROLOGUE                                                                                      \
  const bool negative = ((const is_inf_settings *)settings)->detect_negative;                                \
  const bool positive = ((const is_inf_settings *)settings)->detect_positive
#define IS_INF (negative && x == (real)-INFINITY) || (positive && x == (real)INFINITY)
VT_LOOP1(VT_NO_CLONE, is_inf_f32, float, uint8_t, IS_INF_PROLOGUE, IS_INF)
VT_LOOP1(VT_NO_CLONE, is_inf_f64, double, uint8_t, IS_INF_PROLOGUE, IS_INF)
static const vt_loop is_inf_loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(is_inf)};

static vt_status is_inf_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_run_loops(ctx, call, is_inf_loops);
}

/* ---- gradients: by the result where it costs less to compute ---- */

VT_DERIVATIVE_BY_OUTPUT(exponential, VT_NOTHING, g *y)
VT_DERIVATIVE_BY_INPUT(logarithm, VT_NOTHING, g / x)
VT_DERIVATIVE_BY_OUTPUT(square_root, VT_NOTHING, (real)0.5 * g / y)
VT_DERIVATIVE_BY_INPUT(sine, VT_NOTHING, g *VT_BY_TYPE(cos, x))
VT_DERIVATIVE_BY_INPUT(cosine, VT_NOTHING, -g *VT_BY_TYPE(sin, x))
VT_DERIVATIVE_BY_OUTPUT(tangent, VT_NOTHING, g *(1 + y * y))
/* (1 − x)(1 + x) keeps the digits that 1 − x² loses next to ±1 */
VT_DERIVATIVE_BY_INPUT(arc_sine, VT_NOTHING, g / VT_BY_TYPE(sqrt, (1 - x) * (1 + x)))
VT_DERIVATIVE_BY_INPUT(arc_cosine, VT_NOTHING, -g / VT_BY_TYPE(sqrt, (1 - x) * (1 + x)))
VT_DERIVATIVE_BY_INPUT(arc_tangent, VT_NOTHING, g / (1 + x * x))
VT_DERIVATIVE_BY_INPUT(hyperbolic_sine, VT_NOTHING, g *VT_BY_TYPE(cosh, x))
VT_DERIVATIVE_BY_INPUT(hyperbolic_cosine, VT_NOTHING, g *VT_BY_TYPE(sinh, x))
VT_DERIVATIVE_BY_OUTPUT(hyperbolic_tangent, VT_NOTHING, g *(1 - y) * (1 + y))
VT_DERIVATIVE_BY_INPUT(area_sine, VT_NOTHING, g / VT_BY_TYPE(sqrt, x *x + 1))
VT_DERIVATIVE_BY_INPUT(area_cosine, VT_NOTHING, g / VT_BY_TYPE(sqrt, (x - 1) * (x + 1)))
VT_DERIVATIVE_BY_INPUT(area_tangent, VT_NOTHING, g / ((1 - x) * (1 + x)))
#define TWO_OVER_ROOT_PI (real)1.12837916709551257390
VT_DERIVATIVE_BY_INPUT(error_function, VT_NOTHING, g *TWO_OVER_ROOT_PI *VT_EXP(-x *x))

/* clang-format off */
#define BY_INPUT  VT_SAVES_INPUT(0)
#define BY_OUTPUT VT_SAVES_OUTPUT(0)
#define NEITHER   0
#define ROW(operator, first_version, function, derivative, saved)                                                               \
  {                                                                                                          \
    .name = operator, .since = first_version, VT_INPUTS(1, 1), VT_OUTPUTS(1, 1),                             \
    .types = {VT_FLOATS | VT_HALVES}, .flags = VT_OP_ELEMENTWISE | VT_OP_ANY_ORDER, .shape = vt_shape_same,                    \
    .implementations = {{"plain", NULL, function##_run}}, VT_BACKWARD(derivative, saved)                          \
  }

static const vt_op rows[] = {
    ROW("Exp", 1, exponential, exponential_backward, BY_OUTPUT),
    ROW("Log", 1, logarithm, logarithm_backward, BY_INPUT),
    ROW("Sqrt", 1, square_root, square_root_backward, BY_OUTPUT),
    ROW("Sin", 7, sine, sine_backward, BY_INPUT),
    ROW("Cos", 7, cosine, cosine_backward, BY_INPUT),
    ROW("Tan", 7, tangent, tangent_backward, BY_OUTPUT),
    ROW("Asin", 7, arc_sine, arc_sine_backward, BY_INPUT),
    ROW("Acos", 7, arc_cosine, arc_cosine_backward, BY_INPUT),
    ROW("Atan", 7, arc_tangent, arc_tangent_backward, BY_INPUT),
    ROW("Sinh", 9, hyperbolic_sine, hyperbolic_sine_backward, BY_INPUT),
    ROW("Cosh", 9, hyperbolic_cosine, hyperbolic_cosine_backward, BY_INPUT),
    ROW("Tanh", 1, hyperbolic_tangent, hyperbolic_tangent_backward, BY_OUTPUT),
    ROW("Asinh", 9, area_sine, area_sine_backward, BY_INPUT),
    ROW("Acosh", 9, area_cosine, area_cosine_backward, BY_INPUT),
    ROW("Atanh", 9, area_tangent, area_tangent_backward, BY_INPUT),
    ROW("Ceil", 1, ceiling, vt_backward_zero, NEITHER),
    ROW("Floor", 1, round_down, vt_backward_zero, NEITHER),
    ROW("Round", 11, round_half_even, vt_backward_zero, NEITHER),
    ROW("Erf", 9, error_function, error_function_backward, BY_INPUT),
    {
        .name = "Sign", .since = 9, VT_INPUTS(1, 1), VT_OUTPUTS(1, 1),
        .types = {VT_NUMBERS | VT_HALVES}, .flags = VT_OP_ELEMENTWISE | VT_OP_ANY_ORDER, .shape = vt_shape_same,
        .implementations = {{"plain", NULL, sign_run}}, .backward = vt_backward_zero,
    },
    {
        .name = "IsNaN", .since = 9, VT_INPUTS(1, 1), VT_OUTPUTS(1, 1),
        .types = {VT_FLOATS | VT_HALVES}, .flags = VT_OP_NOT_REAL, .shape = shape_bool,
        .implementations = {{"plain", NULL, is_nan_run}},
    },
    {
        .name = "IsInf", .since = 10, VT_INPUTS(1, 1), VT_OUTPUTS(1, 1),
        VT_SETTINGS(is_inf_settings, is_inf_fields),
        .types = {VT_FLOATS | VT_HALVES}, .flags = VT_OP_NOT_REAL, .shape = shape_bool,
        .implementations = {{"plain", NULL, is_inf_run}},
    },
};
/* clang-format on */

const vt_op_family vt_ops_unary = {rows, VT_COUNT(rows)};
