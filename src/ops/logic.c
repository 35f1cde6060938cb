/* SPDX-License-Identifier: Apache-2.0
 *
 * And Or Xor Not, Equal Greater Less GreaterOrEqual LessOrEqual, Where.
 */
#include "ops/derivative.h"
#include "ops/families.h"

/* ---- bool with bool ---- */

VT_LOOP2(VT_CLONES, and_bool, uint8_t, uint8_t, VT_NOTHING, (a != 0) & (b != 0))
static vt_status and_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_run_loops(ctx, call, (const vt_loop[VT_TYPE_COUNT]){[VT_BOOL] = and_bool});
}

VT_LOOP2(VT_CLONES, or_bool, uint8_t, uint8_t, VT_NOTHING, (a != 0) | (b != 0))
static vt_status or_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_run_loops(ctx, call, (const vt_loop[VT_TYPE_COUNT]){[VT_BOOL] = or_bool});
}

VT_LOOP2(VT_CLONES, xor_bool, uint8_t, uint8_t, VT_NOTHING, (a != 0) ^ (b != 0))
static vt_status xor_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_run_loops(ctx, call, (const vt_loop[VT_TYPE_COUNT]){[VT_BOOL] = xor_bool});
}

VT_LOOP1(VT_CLONES, not_bool, uint8_t, uint8_t, VT_NOTHING, x == 0)
static vt_status not_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_run_loops(ctx, call, (const vt_loop[VT_TYPE_COUNT]){[VT_BOOL] = not_bool});
}

/* ---- comparisons: NaN is unequal to and unordered with everything ---- */

#define COMPARE_LOOP(name, type, expression)                                                                 \
  VT_LOOP2(VT_NO_CLONE, name, type, uint8_t, VT_NOTHING, expression)
#define COMPARISON(name, expression)                                                                         \
  VT_LOOP2(VT_CLONES, name##_f32, float, uint8_t, VT_NOTHING, expression)                                    \
  VT_LOOP2(VT_CLONES, name##_f64, double, uint8_t, VT_NOTHING, expression)                                   \
  COMPARE_LOOP(name##_i8, int8_t, expression)                                                                \
  COMPARE_LOOP(name##_i16, int16_t, expression)                                                              \
  COMPARE_LOOP(name##_i32, int32_t, expression)                                                              \
  COMPARE_LOOP(name##_i64, int64_t, expression)                                                              \
  COMPARE_LOOP(name##_u8, uint8_t, expression)                                                               \
  COMPARE_LOOP(name##_u16, uint16_t, expression)                                                             \
  COMPARE_LOOP(name##_u32, uint32_t, expression)                                                             \
  COMPARE_LOOP(name##_u64, uint64_t, expression)                                                             \
  static const vt_loop name##_loops[VT_TYPE_COUNT] = {VT_NUMBER_ENTRIES(name), [VT_BOOL] = name##_u8};       \
  static vt_status name##_run(vt_ctx *ctx, const vt_call *call)                                              \
  {                                                                                                          \
    return vt_run_loops(ctx, call, name##_loops);                                                            \
  }

COMPARISON(equal, a == b)
COMPARISON(greater, a > b)
COMPARISON(less, a < b)
COMPARISON(greater_or_equal, a >= b)
COMPARISON(less_or_equal, a <= b)

/* ---- Where: condition ? x : y, for any stored type by its size ---- */

#define WHERE_LOOP(name, type)                                                                               \
  VT_CLONES static void name(const void *const *inputs, const int *steps, void *output, int64_t count,       \
                             const void *settings)                                                           \
  {                                                                                                          \
    const uint8_t *condition = inputs[0];                                                                    \
    const type *x = inputs[1], *y = inputs[2];                                                               \
    type *row = output;                                                                                      \
    (void)settings;                                                                                          \
    if (steps[0] && steps[1] && steps[2]) {                                                                  \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++) row[i] = condition[i] ? x[i] : y[i];           \
    } else if (steps[0] && steps[1]) {                                                                       \
      const type rest = y[0];                                                                                \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++) row[i] = condition[i] ? x[i] : rest;           \
    } else if (steps[0] && steps[2]) {                                                                       \
      const type chosen = x[0];                                                                              \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++) row[i] = condition[i] ? chosen : y[i];         \
    } else if (steps[0]) {                                                                                   \
      const type chosen = x[0], rest = y[0];                                                                 \
      _Pragma("omp simd") for (int64_t i = 0; i < count; i++) row[i] = condition[i] ? chosen : rest;         \
    } else {                                                                                                 \
      const type *from = condition[0] ? x : y;                                                               \
      const int step = condition[0] ? steps[1] : steps[2];                                                   \
      for (int64_t i = 0; i < count; i++)                                                                    \
        row[i] = from[i * step];                                                                             \
    }                                                                                                        \
  }

typedef struct sixteen_bytes {
  uint64_t parts[2];
} sixteen_bytes;

WHERE_LOOP(where_1, uint8_t)
WHERE_LOOP(where_2, uint16_t)
WHERE_LOOP(where_4, uint32_t)
WHERE_LOOP(where_8, uint64_t)
WHERE_LOOP(where_16, sixteen_bytes)

static vt_status where_shape(vt_ctx *ctx, const vt_call *call)
{
  if (call->inputs[1]->type != call->inputs[2]->type)
    return vt_call_fail(ctx, call, VT_ERROR_INVALID_MODEL,
                        "inputs 1 and 2 have element types %s and %s; they must agree",
                        vt_type_name(call->inputs[1]->type), vt_type_name(call->inputs[2]->type));
  int rank;
  int64_t dims[VT_MAX_RANK];
  VT_TRY(vt_broadcast_shape(ctx, (const vt_tensor *const *)call->inputs, 3, &rank, dims));
  return vt_set_output(ctx, call, 0, call->inputs[1]->type, rank, dims);
}

static vt_loop where_loop(vt_type type)
{
  switch (vt_type_size(type)) {
  case 2:
    return where_2;
  case 4:
    return where_4;
  case 8:
    return where_8;
  case 16:
    return where_16;
  default:
    return where_1;
  }
}

static vt_status where_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_walk(ctx, where_loop(call->outputs[0]->type), 3, (const vt_tensor *const *)call->inputs,
                 call->outputs[0], NULL);
}

/* What the result gets goes to the side it was taken from; the other side gets 0 there. */
static vt_status where_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  static const vt_loop loops[VT_TYPE_COUNT] = {[VT_F32] = where_4, [VT_F64] = where_8};
  double nothing = 0;
  const vt_tensor *given = gradient->output_gradients[0], *condition = gradient->call->inputs[0];
  const vt_tensor zero = {.type = given->type, .data = &nothing};
  VT_TRY(
      vt_backward_operand(ctx, gradient, 1, loops, 3, (const vt_tensor *const[]){condition, given, &zero}));
  return vt_backward_operand(ctx, gradient, 2, loops, 3, (const vt_tensor *const[]){condition, &zero, given});
}

/* clang-format off */
#define ROW(operator, first_version, type_set, shape_rule, function)                                         \
  {                                                                                                          \
    .name = operator, .since = first_version, VT_INPUTS(2, 2), VT_OUTPUTS(1, 1),                             \
    .types = {type_set}, .same_types = true, .flags = VT_OP_NOT_REAL | VT_OP_ANY_ORDER, .shape = shape_rule,                                           \
    .implementations = {{"plain", NULL, function}}                                                           \
  }

static const vt_op rows[] = {
    ROW("And", 1, VT_T(VT_BOOL), vt_shape_compare, and_run),
    ROW("Or", 1, VT_T(VT_BOOL), vt_shape_compare, or_run),
    ROW("Xor", 1, VT_T(VT_BOOL), vt_shape_compare, xor_run),
    {
        .name = "Not", .since = 1, VT_INPUTS(1, 1), VT_OUTPUTS(1, 1),
        .types = {VT_T(VT_BOOL)}, .flags = VT_OP_ELEMENTWISE | VT_OP_NOT_REAL, .shape = vt_shape_same,
        .implementations = {{"plain", NULL, not_run}},
    },
    ROW("Equal", 1, VT_NUMBERS | VT_HALVES | VT_T(VT_BOOL), vt_shape_compare, equal_run),
    ROW("Greater", 1, VT_NUMBERS | VT_HALVES, vt_shape_compare, greater_run),
    ROW("Less", 1, VT_NUMBERS | VT_HALVES, vt_shape_compare, less_run),
    ROW("GreaterOrEqual", 12, VT_NUMBERS | VT_HALVES, vt_shape_compare, greater_or_equal_run),
    ROW("LessOrEqual", 12, VT_NUMBERS | VT_HALVES, vt_shape_compare, less_or_equal_run),
    {
        .name = "Where", .since = 9, VT_INPUTS(3, 3), VT_OUTPUTS(1, 1),
        .types = {VT_T(VT_BOOL), VT_STORED, VT_STORED}, .flags = VT_OP_ANY_ORDER, .shape = where_shape,
        .implementations = {{"plain", NULL, where_run}}, VT_BACKWARD(where_backward, VT_SAVES_INPUT(0)),
    },
};
/* clang-format on */

const vt_op_family vt_ops_logic = {rows, VT_COUNT(rows)};
