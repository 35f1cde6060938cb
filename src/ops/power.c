/* SPDX-License-Identifier: Apache-2.0
 *
 * Pow and Mod.
 */
#include "ops/convert.h"
#include "ops/elementwise.h"
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
    },
    {
        .name = "Pow",
        .since = 1,
        VT_INPUTS(2, 2),
        VT_OUTPUTS(1, 1),
        .types = {VT_FLOATS | VT_HALVES | VT_INDICES, VT_NUMBERS | VT_HALVES},
        .shape = vt_shape_broadcast,
        .implementations = {{"plain", NULL, power_run}},
    },
};

const vt_op_family vt_ops_power = {rows, VT_COUNT(rows)};
