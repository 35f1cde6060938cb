/* SPDX-License-Identifier: Apache-2.0
 *
 * Pow and Mod.
 */
#include "ops/convert.h"
#include "ops/derivative.h"
#include "ops/families.h"

/* ---- Mod: remainder with the sign of the divisor (fmod = 0) or of the dividend (fmod = 1) ---- */

typedef struct mod_settings {
  bool fmod;
} mod_settings;

static const vt_field mod_fields[] = {
    {.name = "fmod",
     .kind = VT_FIELD_BOOL,
     .offset = offsetof(mod_settings, fmod),
     .fallback = "0",
     .help = "sign of the dividend, as C's fmod; otherwise sign of the divisor, as Python's %"},
};

/* x mod 0 is 0, as in NumPy; x mod −1 is 0 without the division, which may trap. */
static int64_t remainder_of(int64_t a, int64_t b, bool of_dividend)
{
  if (b == 0 || b == -1) return 0;
  int64_t rest = a % b;
  return !of_dividend && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

static uint64_t unsigned_remainder(uint64_t a, uint64_t b)
{
  return b == 0 ? 0 : a % b;
}

static double real_remainder(double a, double b, bool of_dividend)
{
  double rest = fmod(a, b);
  return !of_dividend && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

#define MOD_PROLOGUE const bool of_dividend = ((const mod_settings *)settings)->fmod

/* fmod is exact, so going through f64 gives f32 the same result. */
VT_LOOP2(VT_NO_CLONE, mod_f32, float, float, MOD_PROLOGUE, real_remainder((double)a, (double)b, of_dividend))
VT_LOOP2(VT_NO_CLONE, mod_f64, double, double, MOD_PROLOGUE, real_remainder(a, b, of_dividend))
VT_SIGNED_LOOPS(VT_LOOP2, mod, MOD_PROLOGUE, remainder_of(a, b, of_dividend))
VT_UNSIGNED_LOOPS(VT_LOOP2, mod, VT_NOTHING, unsigned_remainder(a, b))
static const vt_loop mod_loops[VT_TYPE_COUNT] = {VT_NUMBER_ENTRIES(mod)};

static vt_status mod_run(vt_ctx *ctx, const vt_call *call)
{
  return vt_run_loops(ctx, call, mod_loops);
}

/* a mod b = a − q b with a whole number q, constant between its jumps. */
VT_LOOP3(mod_divisor_back_f32, float, MOD_PROLOGUE,
         -c *rintf((a - (real)real_remainder((double)a, (double)b, of_dividend)) / b))
VT_LOOP3(mod_divisor_back_f64, double, MOD_PROLOGUE, -c *rint((a - real_remainder(a, b, of_dividend)) / b))

static vt_status mod_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  static const vt_loop loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(mod_divisor_back)};
  vt_tensor *const *inputs = gradient->call->inputs, *given = gradient->output_gradients[0];
  if (vt_gradient_wanted(gradient, 0))
    VT_TRY(vt_gradient_reduce(ctx, given, inputs[0], &gradient->input_gradients[0]));
  return vt_backward_operand(ctx, gradient, 1, loops, 3,
                             (const vt_tensor *const[]){inputs[0], inputs[1], given});
}

/* ---- Pow: result has the type of the base ---- */

#define POWER(a, b) _Generic((a), float : powf, double : pow)(a, b)

/* Exponents that need no pow(), the same for a whole row: x², x³, √x, 1/x. pow(−0, ½)
 * is +0 and pow(−∞, ½) is +∞. */
#define SHORTCUT(name, type, expression)                                                                     \
  VT_CLONES static void name(const type *x_row, type *y_row, int64_t count)                                  \
  {                                                                                                          \
    _Pragma("omp simd") for (int64_t i = 0; i < count; i++)                                                  \
    {                                                                                                        \
      const type x = x_row[i];                                                                               \
      y_row[i] = (expression);                                                                               \
    }                                                                                                        \
  }

#define POWER_LOOPS(suffix, type)                                                                            \
  SHORTCUT(square_##suffix, type, x *x)                                                                      \
  SHORTCUT(cube_##suffix, type, x *x *x)                                                                     \
  SHORTCUT(root_##suffix, type, x == (type)-INFINITY ? (type)INFINITY : VT_BY_TYPE(sqrt, x + (type)0))       \
  SHORTCUT(inverse_##suffix, type, (type)1 / x)                                                              \
  VT_LOOP2(VT_NO_CLONE, any_power_##suffix, type, type, VT_NOTHING, POWER(a, b))                             \
  static void power_##suffix(const void *const *inputs, const int *steps, void *output, int64_t count,       \
                             const void *settings)                                                           \
  {                                                                                                          \
    const type exponent = *(const type *)inputs[1];                                                          \
    if (steps[1] == 0 && exponent == (type)2)                                                                \
      square_##suffix(inputs[0], output, count);                                                             \
    else if (steps[1] == 0 && exponent == (type)3)                                                           \
      cube_##suffix(inputs[0], output, count);                                                               \
    else if (steps[1] == 0 && exponent == (type)0.5)                                                         \
      root_##suffix(inputs[0], output, count);                                                               \
    else if (steps[1] == 0 && exponent == (type)-1)                                                          \
      inverse_##suffix(inputs[0], output, count);                                                            \
    else                                                                                                     \
      any_power_##suffix(inputs, steps, output, count, settings);                                            \
  }

POWER_LOOPS(f32, float)
POWER_LOOPS(f64, double)

/* By squaring, wrapping; negative exponents give the integer part of the true value (0 from base 0). */
static int64_t integer_power(int64_t base, int64_t exponent)
{
  if (exponent < 0) {
    if (base == 1) return 1;
    return base == -1 ? (exponent & 1 ? -1 : 1) : 0;
  }
  uint64_t result = 1, factor = (uint64_t)base;
  for (; exponent > 0; exponent >>= 1) {
    if (exponent & 1) result *= factor;
    factor *= factor;
  }
  return (int64_t)result;
}

VT_LOOP2(VT_NO_CLONE, power_i64, int64_t, int64_t, VT_NOTHING, integer_power(a, b))
static const vt_loop power_loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(power), [VT_I64] = power_i64};

static bool is_real(const vt_tensor *tensor)
{
  return (VT_FLOATS | VT_HALVES) & VT_T(tensor->type);
}

static vt_status power_convert(vt_ctx *ctx, const vt_call *call)
{
  const vt_tensor *base = call->inputs[0], *exponent = call->inputs[1];
  vt_tensor *output = call->outputs[0], *result = output;
  vt_type type = is_real(base) ? base->type : is_real(exponent) ? VT_F64 : VT_I64;
  if (!(base = vt_converted(ctx, base, type))) return VT_ERROR_OUT_OF_MEMORY;
  if (!(exponent = vt_converted(ctx, exponent, type))) return VT_ERROR_OUT_OF_MEMORY;
  if (type != output->type && !(result = vt_tensor_new(ctx, type, output->rank, output->dims)))
    return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_walk(ctx, power_loops[type], 2, (const vt_tensor *const[]){base, exponent}, result, NULL));
  if (result != output) vt_convert(ctx, result, output);
  return VT_OK;
}

static vt_status power_run(vt_ctx *ctx, const vt_call *call)
{
  if (vt_is_half(call->inputs[0])) return vt_run_widened(ctx, call);
  size_t mark = vt_tensor_mark(ctx);
  vt_status status = power_convert(ctx, call);
  vt_tensor_release(ctx, mark);
  return status;
}

/* d a^b / da = b a^(b−1), and 0 for b = 0 whatever a is; straight rows for the shortcuts. */
#define STRAIGHT_BACK(name, type, expression)                                                                \
  VT_CLONES static void name(const type *a_row, const type *g_row, type *out_row, int64_t count)             \
  {                                                                                                          \
    _Pragma("omp simd") for (int64_t i = 0; i < count; i++)                                                  \
    {                                                                                                        \
      const type a = a_row[i], g = g_row[i];                                                                 \
      out_row[i] = (expression);                                                                             \
    }                                                                                                        \
  }
#define BASE_BACK(suffix, type)                                                                              \
  STRAIGHT_BACK(square_back_##suffix, type, 2 * a * g)                                                       \
  STRAIGHT_BACK(cube_back_##suffix, type, 3 * a * a * g)                                                     \
  STRAIGHT_BACK(root_back_##suffix, type, (type)0.5 * g / VT_BY_TYPE(sqrt, a))                               \
  STRAIGHT_BACK(inverse_back_##suffix, type, -g / (a * a))                                                   \
  VT_LOOP3(any_base_back_##suffix, type, VT_NOTHING, b == 0 ? 0 : c * b * POWER(a, b - 1))                   \
  static void base_back_##suffix(const void *const *inputs, const int *steps, void *output, int64_t count,   \
                                 const void *settings)                                                       \
  {                                                                                                          \
    const type exponent = *(const type *)inputs[1];                                                          \
    const bool straight = steps[1] == 0 && (count == 1 || (steps[0] && steps[2]));                           \
    if (straight && exponent == (type)2)                                                                     \
      square_back_##suffix(inputs[0], inputs[2], output, count);                                             \
    else if (straight && exponent == (type)3)                                                                \
      cube_back_##suffix(inputs[0], inputs[2], output, count);                                               \
    else if (straight && exponent == (type)0.5)                                                              \
      root_back_##suffix(inputs[0], inputs[2], output, count);                                               \
    else if (straight && exponent == (type)-1)                                                               \
      inverse_back_##suffix(inputs[0], inputs[2], output, count);                                            \
    else                                                                                                     \
      any_base_back_##suffix(inputs, steps, output, count, settings);                                        \
  }

BASE_BACK(f32, float)
BASE_BACK(f64, double)

/* d a^b / db = a^b ln a, and 0 for a = 0 and b ≥ 0, where the power stays what it is. */
#define EXPONENT_BACK (a == 0 && b >= 0 ? 0 : c * POWER(a, b) * VT_LN(a))
VT_FLOAT_LOOPS3(exponent_back, VT_NOTHING, EXPONENT_BACK)

static vt_status power_backward(vt_ctx *ctx, const vt_gradient *gradient)
{
  static const vt_loop base_loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(base_back)};
  static const vt_loop exponent_loops[VT_TYPE_COUNT] = {VT_FLOAT_ENTRIES(exponent_back)};
  const vt_tensor *given = gradient->output_gradients[0], *base = gradient->call->inputs[0];
  const vt_tensor *exponent = vt_converted(ctx, gradient->call->inputs[1], base->type);
  if (!exponent) return VT_ERROR_OUT_OF_MEMORY;
  const vt_tensor *const three[] = {base, exponent, given};
  VT_TRY(vt_backward_operand(ctx, gradient, 0, base_loops, 3, three));
  VT_TRY(vt_backward_operand(ctx, gradient, 1, exponent_loops, 3, three));
  vt_tensor *of_exponent = gradient->input_gradients[1];
  if (!of_exponent || of_exponent->type == gradient->call->inputs[1]->type) return VT_OK;
  vt_tensor *converted = vt_gradient_new(ctx, gradient, 1);
  if (!converted) return VT_ERROR_OUT_OF_MEMORY;
  vt_convert(ctx, of_exponent, converted);
  return VT_OK;
}

static const vt_op rows[] = {
    {
        .name = "Mod",
        .since = 10,
        VT_INPUTS(2, 2),
        VT_OUTPUTS(1, 1),
        VT_SETTINGS(mod_settings, mod_fields),
        .types = {VT_NUMBERS | VT_HALVES},
        .same_types = true,
        .shape = vt_shape_broadcast,
        .implementations = {{"plain", NULL, mod_run}},
        VT_BACKWARD(mod_backward, VT_SAVES_INPUT(0) | VT_SAVES_INPUT(1)),
    },
    {
        .name = "Pow",
        .since = 1,
        VT_INPUTS(2, 2),
        VT_OUTPUTS(1, 1),
        .types = {VT_FLOATS | VT_HALVES | VT_INDICES, VT_NUMBERS | VT_HALVES},
        .flags = VT_OP_ANY_ORDER,
        .shape = vt_shape_broadcast,
        .implementations = {{"plain", NULL, power_run}},
        VT_BACKWARD(power_backward, VT_SAVES_INPUT(0) | VT_SAVES_INPUT(1)),
    },
};

const vt_op_family vt_ops_power = {rows, VT_COUNT(rows)};
