/* SPDX-License-Identifier: Apache-2.0
 *
 * Relu LeakyRelu PRelu Elu Selu Celu Softplus Softsign Sigmoid HardSigmoid HardSwish ThresholdedRelu Shrink
 * Gelu Mish Clip. Formulas are written so that no intermediate overflows to a NaN for large |x|; NaN in gives
 * NaN out.
 */
#include "ops/derivative.h"
#include "ops/families.h"

/* Loop, table and run function on f32 and f64. */
#define ACTIVATION(name, prologue, expression)                                                               \
  VT_FLOAT_LOOPS1(name, prologue, expression)                                                                \
  static const vt_loop name##_loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(name)};                               \
  static vt_status name##_run(vt_ctx *ctx, const vt_call *call)                                              \
  {                                                                                                          \
    return vt_run_loops(ctx, call, name##_loops);                                                            \
  }

/* Attribute `field` of settings type `settings_type` as a constant of the loop's element type. */
#define SETTING(settings_type, field) const real field = (real)((const settings_type *)settings)->field
#define FIELD(settings_type, field, text, description)                                                       \
  {                                                                                                          \
    .name = #field, .kind = VT_FIELD_REAL, .offset = offsetof(settings_type, field), .fallback = text,       \
    .help = description                                                                                      \
  }

/* ---- piecewise linear ---- */

VT_FLOAT_LOOPS1(relu, VT_NOTHING, x < 0 ? 0 : x)
VT_SIGNED_LOOPS(VT_LOOP1, relu, VT_NOTHING, x < 0 ? 0 : x)
static const vt_loop relu_loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(relu), VT_SIGNED_ENTRIES(relu)};

static vt_status relu_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_run_loops(ctx, call, relu_loops);
}
/* 0 where x is 0; by the result, which the next node holds anyway more often than not */
VT_DERIVATIVE_BY_OUTPUT(relu, VT_NOTHING, y > 0 ? g : 0)

typedef struct leaky_settings {
  double alpha;
} leaky_settings;
static const vt_field leaky_fields[] = {FIELD(leaky_settings, alpha, "0.01", "slope for x < 0")};
ACTIVATION(leaky_relu, SETTING(leaky_settings, alpha), (x < 0 ? alpha : (real)1) * x)
/* alpha where x is 0, as for every function here whose two sides meet there */
VT_DERIVATIVE_BY_INPUT(leaky_relu, SETTING(leaky_settings, alpha), x > 0 ? g : alpha * g)

/* The slope broadcasts to x, never the other way. */
VT_FLOAT_LOOPS2(prelu, VT_NOTHING, (a < 0 ? b : (real)1) * a)
VT_SIGNED_LOOPS(VT_LOOP2, prelu, VT_NOTHING, a < 0 ? (real)((uint64_t)a * (uint64_t)b) : a)
VT_UNSIGNED_LOOPS(VT_LOOP2, prelu, VT_NOTHING, ((void)b, a))
static const vt_loop prelu_loops[VT_TYPE_COUNT] = {VT_NUMBER_ENTRIES(prelu)};

static vt_status prelu_shape(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *x = call->inputs[0];
  int rank;
  int64_t dims[VT_MAX_RANK];
  VT_TRY(vt_broadcast_shape(ctx, (const vt_tensor *const *)call->inputs, 2, &rank, dims));
  bool same = rank == x->rank;
  for (int axis = 0; same && axis < rank; axis++)
    same = dims[axis] == x->dims[axis];
  if (!same) {
    char a[160], b[160];
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "slope %s does not broadcast to input %s",
                        vt_shape_text(call->inputs[1], b), vt_shape_text(x, a));
  }
  return vt_shape_same(ctx, call);
}

static vt_status prelu_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_run_loops(ctx, call, prelu_loops);
}

/* a is x, b the slope, c what the result gets */
VT_FLOAT_LOOPS3(prelu_back, VT_NOTHING, a > 0 ? c : b * c)
VT_FLOAT_LOOPS2(prelu_slope_back, VT_NOTHING, a > 0 ? 0 : a * b)

static vt_status prelu_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  static const vt_loop input_loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(prelu_back)};
  static const vt_loop slope_loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(prelu_slope_back)};
  const vt_tensor *x = gradient->call->inputs[0], *slope = gradient->call->inputs[1];
  const vt_tensor *given = gradient->output_gradients[0];
  VT_TRY(vt_backward_operand(ctx, gradient, 0, input_loops, 3, (const vt_tensor *const[]){x, slope, given}));
  return vt_backward_operand(ctx, gradient, 1, slope_loops, 2, (const vt_tensor *const[]){x, given});
}

typedef struct threshold_settings {
  double alpha;
} threshold_settings;
static const vt_field threshold_fields[] = {
    FIELD(threshold_settings, alpha, "1", "values up to this become 0")};
ACTIVATION(thresholded_relu, SETTING(threshold_settings, alpha), x <= alpha ? 0 : x)
/* 0 where x is alpha */
VT_DERIVATIVE_BY_INPUT(thresholded_relu, SETTING(threshold_settings, alpha), x > alpha ? g : 0)

typedef struct hard_sigmoid_settings {
  double alpha, beta;
} hard_sigmoid_settings;
static const vt_field hard_sigmoid_fields[] = {
    FIELD(hard_sigmoid_settings, alpha, "0.2", "slope"),
    FIELD(hard_sigmoid_settings, beta, "0.5", "value at 0"),
};
#define UNIT(value) ((value) < 0 ? 0 : (value) > 1 ? 1 : (value))
ACTIVATION(hard_sigmoid, SETTING(hard_sigmoid_settings, alpha);
           SETTING(hard_sigmoid_settings, beta), UNIT(alpha *x + beta))
/* 0 at both ends of the slope */
VT_DERIVATIVE_BY_OUTPUT(hard_sigmoid, SETTING(hard_sigmoid_settings, alpha), y > 0 && y < 1 ? alpha * g : 0)

/* x · clip(x / 6 + ½, 0, 1) */
ACTIVATION(hard_swish, VT_NOTHING, x *UNIT(x *(real)(1.0 / 6.0) + (real)0.5))
/* 0 at −3, 1 at 3: what it is beyond them */
VT_DERIVATIVE_BY_INPUT(hard_swish, VT_NOTHING,
                       x <= -3  ? 0
                       : x >= 3 ? g
                                : g * (x * (real)(1.0 / 3.0) + (real)0.5))

typedef struct shrink_settings {
  double lambd, bias;
} shrink_settings;
static const vt_field shrink_fields[] = {
    FIELD(shrink_settings, lambd, "0.5", "values within ± this become 0"),
    FIELD(shrink_settings, bias, "0", "the others come this much closer to 0"),
};
#define SHRINK_PROLOGUE                                                                                      \
  SETTING(shrink_settings, lambd);                                                                           \
  SETTING(shrink_settings, bias)
#define SHRINK (x < -lambd ? x + bias : x > lambd ? x - bias : x != x ? x : 0)
VT_FLOAT_LOOPS1(shrink, SHRINK_PROLOGUE, SHRINK)
/* 0 at ± lambd */
VT_DERIVATIVE_BY_INPUT(shrink, SETTING(shrink_settings, lambd), x<-lambd || x> lambd ? g : 0)

/* Integers by way of f64, as the settings are real numbers. */
#define SHRINK_INTEGER_PROLOGUE                                                                              \
  const double lambd = ((const shrink_settings *)settings)->lambd;                                           \
  const double bias = ((const shrink_settings *)settings)->bias
static double shrink_of(double x, double lambd, double bias)
{
  double y = SHRINK;
  return y > 9.2e18 ? 9.2e18 : y < -9.2e18 ? -9.2e18 : y;
}
VT_SIGNED_LOOPS(VT_LOOP1, shrink, SHRINK_INTEGER_PROLOGUE, (int64_t)shrink_of((double)x, lambd, bias))
VT_UNSIGNED_LOOPS(VT_LOOP1, shrink, SHRINK_INTEGER_PROLOGUE, (int64_t)shrink_of((double)x, lambd, bias))
static const vt_loop shrink_loops[VT_TYPE_COUNT] = {VT_NUMBER_ENTRIES(shrink)};

static vt_status shrink_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_run_loops(ctx, call, shrink_loops);
}

/* ---- exponential ---- */

typedef struct elu_settings {
  double alpha;
} elu_settings;
static const vt_field elu_fields[] = {FIELD(elu_settings, alpha, "1", "limit for x → −∞, negated")};
/* expm1 keeps the small values that exp(x) − 1 would lose */
ACTIVATION(elu, SETTING(elu_settings, alpha), x < 0 ? alpha * VT_EXPM1(x) : x)
VT_DERIVATIVE_BY_INPUT(elu, SETTING(elu_settings, alpha), x > 0 ? g : g * alpha * VT_EXP(x))

typedef struct selu_settings {
  double alpha, gamma;
} selu_settings;
static const vt_field selu_fields[] = {
    FIELD(selu_settings, alpha, "1.67326319217681884765625", "limit for x → −∞ over gamma, negated"),
    FIELD(selu_settings, gamma, "1.05070102214813232421875", "slope for x > 0"),
};
ACTIVATION(selu, SETTING(selu_settings, alpha);
           SETTING(selu_settings, gamma), x > 0 ? gamma * x : gamma * alpha * VT_EXPM1(x))
VT_DERIVATIVE_BY_INPUT(selu, SETTING(selu_settings, alpha);
                       SETTING(selu_settings, gamma), x > 0 ? g * gamma : g * gamma * alpha * VT_EXP(x))

typedef struct celu_settings {
  double alpha;
} celu_settings;
static const vt_field celu_fields[] = {FIELD(celu_settings, alpha, "1", "limit for x → −∞, negated")};
ACTIVATION(celu, SETTING(celu_settings, alpha), x < 0 ? alpha * VT_EXPM1((x / alpha)) : x)
VT_DERIVATIVE_BY_INPUT(celu, SETTING(celu_settings, alpha), x > 0 ? g : g * VT_EXP((x / alpha)))

ACTIVATION(sigmoid, VT_NOTHING, 1 / (1 + VT_EXP(-x)))
VT_DERIVATIVE_BY_OUTPUT(sigmoid, VT_NOTHING, g *y *(1 - y))

/* log(1 + e^x) = max(x, 0) + log(1 + e^−|x|) */
#define SOFTPLUS (x > 0 ? x : 0) + VT_LOG1P_EXP(x)
ACTIVATION(softplus, VT_NOTHING, x != x ? x : SOFTPLUS)
/* sigmoid(x) = 1 − e^−y */
VT_DERIVATIVE_BY_OUTPUT(softplus, VT_NOTHING, -g *VT_EXPM1(-y))

ACTIVATION(softsign, VT_NOTHING, x / (1 + VT_BY_TYPE(fabs, x)))
#define SQUARE(value) ((value) * (value))
VT_DERIVATIVE_BY_INPUT(softsign, VT_NOTHING, g / SQUARE(1 + VT_BY_TYPE(fabs, x)))

/* x · tanh(softplus(x)). With e = e^x: tanh(log(1 + e)) = (e² + 2e) / (e² + 2e + 2), for x ≤ 20; beyond it
 * is 1. */
#define MISH_RATIO(e) ((e) * ((e) + 2) / ((e) * ((e) + 2) + 2))
ACTIVATION(mish, VT_NOTHING, x > 20 ? x : x * MISH_RATIO(VT_EXP(x > 20 ? (real)20 : x)))
/* r + x r′, where r = n / (n + 2), n = e² + 2e, r′ = 4 e (e + 1) / (n + 2)² */
#define MISH_SLOPE(x, e) (MISH_RATIO(e) + (x)*4 * (e) * ((e) + 1) / SQUARE((e) * ((e) + 2) + 2))
VT_DERIVATIVE_BY_INPUT(mish, VT_NOTHING, x > 20 ? g : g * MISH_SLOPE(x, VT_EXP(x > 20 ? (real)20 : x)))

/* ---- Gelu: x · Φ(x), or its approximation by tanh ---- */

enum { GELU_EXACT, GELU_TANH };

typedef struct gelu_settings {
  int approximate;
} gelu_settings;
static const vt_field gelu_fields[] = {
    {.name = "approximate",
     .kind = VT_FIELD_CHOICE,
     .offset = offsetof(gelu_settings, approximate),
     .fallback = "none",
     .choices = "none|tanh",
     .help = "formula: by erf, or by tanh"},
};
VT_FLOAT_LOOPS1(gelu, VT_NOTHING, (real)0.5 * x * (1 + VT_ERF(x * (real)0.70710678118654752440)))
VT_FLOAT_LOOPS1(gelu_tanh, VT_NOTHING,
                (real)0.5 * x *
                    (1 + VT_TANH((real)0.79788456080286535588 * (x + (real)0.044715 * x * x * x))))
static const vt_loop gelu_loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(gelu)};
static const vt_loop gelu_tanh_loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(gelu_tanh)};

/* Φ(x) + x φ(x) */
VT_DERIVATIVE_BY_INPUT(gelu_exact, VT_NOTHING,
                       g *((real)0.5 * (1 + VT_ERF(x * (real)0.70710678118654752440)) +
                           x * (real)0.39894228040143267794 * VT_EXP((real)-0.5 * x * x)))
/* with t the tanh and u its argument: (1 + t) / 2 + x (1 − t²) u′ / 2 */
#define GELU_SLOPE(x, t)                                                                                     \
  (real)0.5 *                                                                                                \
      (1 + (t) +                                                                                             \
       (x) * (1 - (t)) * (1 + (t)) * (real)0.79788456080286535588 * (1 + (real)0.134145 * (x) * (x)))
VT_DERIVATIVE_BY_INPUT(gelu_near, const real c = (real)0.79788456080286535588,
                       g *GELU_SLOPE(x, VT_TANH(c *(x + (real)0.044715 * x * x * x))))

static vt_status gelu_run(vt_ctx *ctx, const vt_call *call)
{
  const gelu_settings *settings = call->attributes;
  return vt_run_loops(ctx, call, settings->approximate == GELU_TANH ? gelu_tanh_loops : gelu_loops);
}

static vt_status gelu_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  const gelu_settings *settings = gradient->call->attributes;
  return settings->approximate == GELU_TANH ? gelu_near_backward(ctx, gradient)
                                            : gelu_exact_backward(ctx, gradient);
}

/* ---- Clip: bounds are scalar inputs, each may be missing; when they cross, the upper one wins ---- */

typedef struct bounds {
  const void *low, *high; /* one element of the input's type each, or NULL */
} bounds;

#define CLIP_PROLOGUE(lowest, highest)                                                                       \
  const bounds *limits = settings;                                                                           \
  const real low = limits->low ? *(const real *)limits->low : (lowest);                                      \
  const real high = limits->high ? *(const real *)limits->high : (highest)
#define CLIP ((x < low ? low : x) > high ? high : (x < low ? low : x))
#define CLIP_LOOP(suffix, type, lowest, highest)                                                             \
  VT_LOOP1(VT_NO_CLONE, clip_##suffix, type, type, CLIP_PROLOGUE(lowest, highest), CLIP)

VT_FLOAT_LOOPS1(clip, CLIP_PROLOGUE((real)-INFINITY, (real)INFINITY), CLIP)
CLIP_LOOP(i8, int8_t, INT8_MIN, INT8_MAX)
CLIP_LOOP(i16, int16_t, INT16_MIN, INT16_MAX)
CLIP_LOOP(i32, int32_t, INT32_MIN, INT32_MAX)
CLIP_LOOP(i64, int64_t, INT64_MIN, INT64_MAX)
CLIP_LOOP(u8, uint8_t, 0, UINT8_MAX)
CLIP_LOOP(u16, uint16_t, 0, UINT16_MAX)
CLIP_LOOP(u32, uint32_t, 0, UINT32_MAX)
CLIP_LOOP(u64, uint64_t, 0, UINT64_MAX)
static const vt_loop clip_loops[VT_TYPE_COUNT] = {VT_NUMBER_ENTRIES(clip)};

static vt_status clip_shape(vt_ctx *ctx, const vt_call *call)
{
  for (int i = 1; i < 3; i++)
    if (vt_input(call, i) && vt_count(call->inputs[i]) != 1) {
      char text[160];
      return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL, "input %d is %s; a bound is one number", i,
                          vt_shape_text(call->inputs[i], text));
    }
  return vt_shape_same(ctx, call);
}

static vt_status clip_run(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *x = call->inputs[0], *low = vt_input(call, 1), *high = vt_input(call, 2);
  if (vt_is_half(x)) return vt_run_widened(ctx, call);
  bounds limits = {low ? low->data : NULL, high ? high->data : NULL};
  return vt_walk(ctx, clip_loops[x->type], 1, &x, call->outputs[0], &limits);
}

/* The bounds themselves belong to x; a bound gets the gradients of the elements that it
 * replaced. */
#define CUT_ABOVE ((x < low ? low : x) > high)
VT_DERIVATIVE_LOOP(clip_back_f32, float, x, CLIP_PROLOGUE(-INFINITY, INFINITY), x >= low && x <= high ? g : 0)
VT_DERIVATIVE_LOOP(clip_back_f64, double, x, CLIP_PROLOGUE((real)-INFINITY, (real)INFINITY),
                   x >= low && x <= high ? g : 0)
VT_DERIVATIVE_LOOP(low_back_f32, float, x, CLIP_PROLOGUE(-INFINITY, INFINITY), x < low && !CUT_ABOVE ? g : 0)
VT_DERIVATIVE_LOOP(low_back_f64, double, x, CLIP_PROLOGUE((real)-INFINITY, (real)INFINITY),
                   x < low && !CUT_ABOVE ? g : 0)
VT_DERIVATIVE_LOOP(high_back_f32, float, x, CLIP_PROLOGUE(-INFINITY, INFINITY), CUT_ABOVE ? g : 0)
VT_DERIVATIVE_LOOP(high_back_f64, double, x, CLIP_PROLOGUE((real)-INFINITY, (real)INFINITY),
                   CUT_ABOVE ? g : 0)

static vt_status clip_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  static const vt_loop loops[3][VT_TYPE_COUNT] = {
      {VT_FLOAT_ENTRIES(clip_back)}, {VT_FLOAT_ENTRIES(low_back)}, {VT_FLOAT_ENTRIES(high_back)}};
  const vt_call *call = gradient->call;
  const vt_tensor *x = call->inputs[0], *low = vt_input(call, 1), *high = vt_input(call, 2);
  bounds limits = {low ? low->data : NULL, high ? high->data : NULL};
  const vt_tensor scalar = {.type = x->type};
  for (int i = 0; i < call->input_count; i++) {
    if (!vt_gradient_wanted(gradient, i)) continue;
    vt_tensor *full = vt_tensor_new(ctx, x->type, x->rank, x->dims), *sum;
    if (!full) return VT_ERROR_OUT_OF_MEMORY;
    VT_TRY(vt_walk(ctx, loops[i][x->type], 2, (const vt_tensor *const[]){x, gradient->output_gradients[0]},
                   full, &limits));
    gradient->input_gradients[i] = full;
    if (i == 0) continue;
    VT_TRY(vt_gradient_reduce(ctx, full, &scalar, &sum));
    VT_TRY(vt_gradient_reshape(ctx, sum, call->inputs[i], &gradient->input_gradients[i]));
  }
  return VT_OK;
}

/* clang-format off */
#define REALS (VT_FLOATS | VT_HALVES)
#define SIGNED (REALS | VT_T(VT_I8) | VT_T(VT_I16) | VT_T(VT_I32) | VT_T(VT_I64))
#define BY_INPUT  VT_SAVES_INPUT(0)
#define BY_OUTPUT VT_SAVES_OUTPUT(0)
#define ONE_INPUT(operator, first_version, type_set, function, saved)                                               \
    .name = operator, .since = first_version, VT_INPUTS(1, 1), VT_OUTPUTS(1, 1),                             \
    .types = {type_set}, .flags = VT_OP_ELEMENTWISE | VT_OP_ANY_ORDER, .shape = vt_shape_same,                                 \
    .implementations = {{"plain", NULL, function##_run}}, VT_BACKWARD(function##_backward, saved)

static const vt_op rows[] = {
    {ONE_INPUT("Relu", 1, SIGNED, relu, BY_OUTPUT)},
    {ONE_INPUT("LeakyRelu", 1, REALS, leaky_relu, BY_INPUT), VT_SETTINGS(leaky_settings, leaky_fields)},
    {ONE_INPUT("ThresholdedRelu", 10, REALS, thresholded_relu, BY_INPUT), VT_SETTINGS(threshold_settings, threshold_fields)},
    {ONE_INPUT("Elu", 1, REALS, elu, BY_INPUT), VT_SETTINGS(elu_settings, elu_fields)},
    {ONE_INPUT("Selu", 1, REALS, selu, BY_INPUT), VT_SETTINGS(selu_settings, selu_fields)},
    {ONE_INPUT("Celu", 12, REALS, celu, BY_INPUT), VT_SETTINGS(celu_settings, celu_fields)},
    {ONE_INPUT("Sigmoid", 1, REALS, sigmoid, BY_OUTPUT)},
    {ONE_INPUT("HardSigmoid", 1, REALS, hard_sigmoid, BY_OUTPUT), VT_SETTINGS(hard_sigmoid_settings, hard_sigmoid_fields)},
    {ONE_INPUT("HardSwish", 14, REALS, hard_swish, BY_INPUT)},
    {ONE_INPUT("Softplus", 1, REALS, softplus, BY_OUTPUT)},
    {ONE_INPUT("Softsign", 1, REALS, softsign, BY_INPUT)},
    {ONE_INPUT("Mish", 18, REALS, mish, BY_INPUT)},
    {ONE_INPUT("Gelu", 20, REALS, gelu, BY_INPUT), VT_SETTINGS(gelu_settings, gelu_fields)},
    {ONE_INPUT("Shrink", 9, VT_NUMBERS | VT_HALVES, shrink, BY_INPUT), VT_SETTINGS(shrink_settings, shrink_fields)},
    {
        .name = "PRelu", .since = 1, VT_INPUTS(2, 2), VT_OUTPUTS(1, 1),
        .types = {VT_NUMBERS | VT_HALVES}, .same_types = true, .flags = VT_OP_ELEMENTWISE | VT_OP_ANY_ORDER, .shape = prelu_shape,
        .implementations = {{"plain", NULL, prelu_run}}, VT_BACKWARD(prelu_backward, VT_SAVES_INPUT(0) | VT_SAVES_INPUT(1)),
    },
    {
        .name = "Clip", .since = 1, VT_INPUTS(1, 3), VT_OUTPUTS(1, 1),
        .types = {VT_NUMBERS | VT_HALVES}, .same_types = true, .flags = VT_OP_ELEMENTWISE | VT_OP_ANY_ORDER, .shape = clip_shape,
        .implementations = {{"plain", NULL, clip_run}}, VT_BACKWARD(clip_backward, VT_SAVES_INPUTS),
    },
};
/* clang-format on */

const vt_op_family vt_ops_activation = {rows, VT_COUNT(rows)};
