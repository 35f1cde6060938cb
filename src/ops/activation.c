/* SPDX-License-Identifier: Apache-2.0
 *
 * Relu LeakyRelu PRelu Elu Selu Celu Softplus Softsign Sigmoid HardSigmoid HardSwish ThresholdedRelu Shrink
 * Gelu Mish Clip. Formulas are written so that no intermediate overflows to a NaN for large |x|; NaN in gives
 * NaN out.
 */
#include "ops/elementwise.h"
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

typedef struct leaky_settings {
  double alpha;
} leaky_settings;
static const vt_field leaky_fields[] = {FIELD(leaky_settings, alpha, "0.01", "slope for x < 0")};
ACTIVATION(leaky_relu, SETTING(leaky_settings, alpha), (x < 0 ? alpha : (real)1) * x)

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

typedef struct threshold_settings {
  double alpha;
} threshold_settings;
static const vt_field threshold_fields[] = {
    FIELD(threshold_settings, alpha, "1", "values up to this become 0")};
ACTIVATION(thresholded_relu, SETTING(threshold_settings, alpha), x <= alpha ? 0 : x)

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

/* x · clip(x / 6 + ½, 0, 1) */
ACTIVATION(hard_swish, VT_NOTHING, x *UNIT(x *(real)(1.0 / 6.0) + (real)0.5))

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

typedef struct selu_settings {
  double alpha, gamma;
} selu_settings;
static const vt_field selu_fields[] = {
    FIELD(selu_settings, alpha, "1.67326319217681884765625", "limit for x → −∞ over gamma, negated"),
    FIELD(selu_settings, gamma, "1.05070102214813232421875", "slope for x > 0"),
};
ACTIVATION(selu, SETTING(selu_settings, alpha);
           SETTING(selu_settings, gamma), x > 0 ? gamma * x : gamma * alpha * VT_EXPM1(x))

typedef struct celu_settings {
  double alpha;
} celu_settings;
static const vt_field celu_fields[] = {FIELD(celu_settings, alpha, "1", "limit for x → −∞, negated")};
ACTIVATION(celu, SETTING(celu_settings, alpha), x < 0 ? alpha * VT_EXPM1((x / alpha)) : x)

ACTIVATION(sigmoid, VT_NOTHING, 1 / (1 + VT_EXP(-x)))

/* log(1 + e^x) = max(x, 0) + log(1 + e^−|x|) */
#define SOFTPLUS (x > 0 ? x : 0) + VT_LOG1P_EXP(x)
ACTIVATION(softplus, VT_NOTHING, x != x ? x : SOFTPLUS)

ACTIVATION(softsign, VT_NOTHING, x / (1 + VT_BY_TYPE(fabs, x)))

/* x · tanh(softplus(x)). With e = e^x: tanh(log(1 + e)) = (e² + 2e) / (e² + 2e + 2), for x ≤ 20; beyond it
 * is 1. */
#define MISH_RATIO(e) ((e) * ((e) + 2) / ((e) * ((e) + 2) + 2))
ACTIVATION(mish, VT_NOTHING, x > 20 ? x : x * MISH_RATIO(VT_EXP(x > 20 ? (real)20 : x)))

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

static vt_status gelu_run(vt_ctx *ctx, const vt_call *call)
{
  const gelu_settings *settings = call->attributes;
  return vt_run_loops(ctx, call, settings->approximate == GELU_TANH ? gelu_tanh_loops : gelu_loops);
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

/* clang-format off */
#define REALS (VT_FLOATS | VT_HALVES)
#define SIGNED (REALS | VT_T(VT_I8) | VT_T(VT_I16) | VT_T(VT_I32) | VT_T(VT_I64))
#define ONE_INPUT(operator, first_version, type_set, function)                                               \
    .name = operator, .since = first_version, VT_INPUTS(1, 1), VT_OUTPUTS(1, 1),                             \
    .types = {type_set}, .flags = VT_OP_ELEMENTWISE, .shape = vt_shape_same,                                 \
    .implementations = {{"plain", NULL, function}}

static const vt_op rows[] = {
    {ONE_INPUT("Relu", 1, SIGNED, relu_run)},
    {ONE_INPUT("LeakyRelu", 1, REALS, leaky_relu_run), VT_SETTINGS(leaky_settings, leaky_fields)},
    {ONE_INPUT("ThresholdedRelu", 10, REALS, thresholded_relu_run), VT_SETTINGS(threshold_settings, threshold_fields)},
    {ONE_INPUT("Elu", 1, REALS, elu_run), VT_SETTINGS(elu_settings, elu_fields)},
    {ONE_INPUT("Selu", 1, REALS, selu_run), VT_SETTINGS(selu_settings, selu_fields)},
    {ONE_INPUT("Celu", 12, REALS, celu_run), VT_SETTINGS(celu_settings, celu_fields)},
    {ONE_INPUT("Sigmoid", 1, REALS, sigmoid_run)},
    {ONE_INPUT("HardSigmoid", 1, REALS, hard_sigmoid_run), VT_SETTINGS(hard_sigmoid_settings, hard_sigmoid_fields)},
    {ONE_INPUT("HardSwish", 14, REALS, hard_swish_run)},
    {ONE_INPUT("Softplus", 1, REALS, softplus_run)},
    {ONE_INPUT("Softsign", 1, REALS, softsign_run)},
    {ONE_INPUT("Mish", 18, REALS, mish_run)},
    {ONE_INPUT("Gelu", 20, REALS, gelu_run), VT_SETTINGS(gelu_settings, gelu_fields)},
    {ONE_INPUT("Shrink", 9, VT_NUMBERS | VT_HALVES, shrink_run), VT_SETTINGS(shrink_settings, shrink_fields)},
    {
        .name = "PRelu", .since = 1, VT_INPUTS(2, 2), VT_OUTPUTS(1, 1),
        .types = {VT_NUMBERS | VT_HALVES}, .same_types = true, .flags = VT_OP_ELEMENTWISE, .shape = prelu_shape,
        .implementations = {{"plain", NULL, prelu_run}},
    },
    {
        .name = "Clip", .since = 1, VT_INPUTS(1, 3), VT_OUTPUTS(1, 1),
        .types = {VT_NUMBERS | VT_HALVES}, .same_types = true, .flags = VT_OP_ELEMENTWISE, .shape = clip_shape,
        .implementations = {{"plain", NULL, clip_run}},
    },
};
/* clang-format on */

const vt_op_family vt_ops_activation = {rows, VT_COUNT(rows)};
