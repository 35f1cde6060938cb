/* SPDX-License-Identifier: Apache-2.0
 *
 * Functions of one number against the C library in f64, and their special values.
 */
#include "op_case.h"

#include "ops/fast_math.h"

typedef struct reference {
  const char *name;
  double (*function)(double);
  double low, high; /* where it is compared */
  double tolerance; /* f32, relative above 1 and absolute below */
} reference;

static double sign_of(double x)
{
  return (x > 0) - (x < 0);
}

static double round_even(double x)
{
  return rint(x);
}

/* Errors of a correctly rounded f32 are 6e-8; steep functions (tan) are compared where they are not. */
static const reference references[] = {
    {"Exp", exp, -20, 10, 3e-7},     {"Log", log, 1e-6, 100, 2e-7}, {"Sqrt", sqrt, 0, 1e6, 2e-7},
    {"Sin", sin, -10, 10, 2e-7},     {"Cos", cos, -10, 10, 2e-7},   {"Tan", tan, -1.4, 1.4, 3e-7},
    {"Asin", asin, -1, 1, 2e-7},     {"Acos", acos, -1, 1, 2e-7},   {"Atan", atan, -50, 50, 2e-7},
    {"Sinh", sinh, -10, 10, 3e-7},   {"Cosh", cosh, -10, 10, 3e-7}, {"Tanh", tanh, -10, 10, 3e-7},
    {"Asinh", asinh, -50, 50, 2e-7}, {"Acosh", acosh, 1, 50, 2e-7}, {"Atanh", atanh, -0.99, 0.99, 3e-7},
    {"Ceil", ceil, -50, 50, 0},      {"Floor", floor, -50, 50, 0},  {"Round", round_even, -50, 50, 0},
    {"Erf", erf, -5, 5, 2.5e-7},     {"Sign", sign_of, -2, 2, 0},
};

static void test_against_library(void **state)
{
  vt_ctx *ctx = *state;
  for (size_t i = 0; i < VT_COUNT(references); i++) {
    const reference *ref = &references[i];
    const vt_type types[] = {VT_F32, VT_F64, VT_F16, VT_BF16};
    const double tolerances[] = {ref->tolerance, 1e-15, 6e-4,
                                 5e-3}; /* half an ulp of 11 and of 8 bits, and some */
    for (size_t t = 0; t < VT_COUNT(types); t++) {
      size_t mark = vt_tensor_mark(ctx);
      vt_tensor *x = op_uniform(ctx, types[t], SHAPE(3, 333), ref->low, ref->high, i);
      vt_tensor *y = op_run(ctx, ref->name, "", x);
      assert_true(y->type == types[t] && vt_same_shape(x, y));
      for (int64_t j = 0; j < vt_count(x); j++) {
        double argument = vt_get_f64(x, j);
        /* rounding to a half type may have left the domain */
        if (argument < ref->low || argument > ref->high) continue;
        op_expect_near(vt_get_f64(y, j), ref->function(argument), tolerances[t], j, (int)(1000 * i + t));
      }
      vt_tensor_release(ctx, mark);
    }
    op_expect(op_run(ctx, ref->name, "", op_f32(ctx, SHAPE(2, 0), NO_VALUES)), VT_F32, SHAPE(2, 0), 0,
              NO_VALUES);
    assert_fails(ctx, op_try(ctx, ref->name, "", op_bool(ctx, SHAPE(1), 1)), VT_ERROR_UNSUPPORTED, "bool");
  }
}

/* The own f32 functions over their whole range in steps of the bit pattern, relative error. */
static void test_own_functions(void **state)
{
  (void)state;
  double exp_error = 0, expm1_error = 0, tanh_error = 0, erf_error = 0, log_error = 0, softplus_error = 0;
  for (uint32_t bits = 1; bits < 0x7f800000u; bits += 2971)
    for (uint32_t sign = 0; sign < 2; sign++) {
      float x = vt_float_of_bits(bits | sign << 31);
      double wide = (double)x, e = exp(wide), softplus = log1p(exp(-fabs(wide)));
      if (sign == 0) log_error = fmax(log_error, fabs(((double)vt_log_f32(x) - log(wide)) / log(wide)));
      if (fabs(wide) > 104) continue;
      if (e < 3.4e38 && e > 1.2e-38) exp_error = fmax(exp_error, fabs((double)vt_exp_f32(x) - e) / e);
      if (softplus > 1.2e-38)
        softplus_error = fmax(softplus_error, fabs((double)vt_log1p_exp_f32(x) - softplus) / softplus);
      if (fabs(wide) < 1.2e-38) continue;
      if (e < 3.4e38)
        expm1_error = fmax(expm1_error, fabs(((double)vt_expm1_f32(x) - expm1(wide)) / expm1(wide)));
      tanh_error = fmax(tanh_error, fabs(((double)vt_tanh_f32(x) - tanh(wide)) / tanh(wide)));
      erf_error = fmax(erf_error, fabs(((double)vt_erf_f32(x) - erf(wide)) / erf(wide)));
    }
  print_message("# relative errors: exp %.2g, expm1 %.2g, log %.2g, softplus %.2g, tanh %.2g, erf %.2g\n",
                exp_error, expm1_error, log_error, softplus_error, tanh_error, erf_error);
  assert_true(exp_error < 1.5e-7);
  assert_true(expm1_error < 3e-7);
  assert_true(log_error < 2e-7);
  assert_true(vt_log_f32(1) == 0);
  assert_true(softplus_error < 3e-7);
  assert_true(tanh_error < 4e-7);
  assert_true(erf_error < 2.5e-7);
  /* subnormal results: within one step of 2^-149 */
  for (float x = -103.9f; x < -87.4f; x += 0.37f)
    assert_true(fabs((double)vt_exp_f32(x) - exp((double)x)) < 3e-45);
}

static void test_special_values(void **state)
{
  vt_ctx *ctx = *state;
  const vt_type types[] = {VT_F32, VT_F64};
  for (size_t t = 0; t < 2; t++) {
    vt_type type = types[t];
    vt_tensor *x = op_tensor(ctx, type, SHAPE(5), -INFINITY, -1e30, 0, INFINITY, NAN);
    op_expect(op_run(ctx, "Exp", "", x), type, SHAPE(5), 0, 0, 0, 1, INFINITY, NAN);
    op_expect(op_run(ctx, "Log", "", x), type, SHAPE(5), 0, NAN, NAN, -INFINITY, INFINITY, NAN);
    op_expect(op_run(ctx, "Sqrt", "", x), type, SHAPE(5), 0, NAN, NAN, 0, INFINITY, NAN);
    op_expect(op_run(ctx, "Tanh", "", x), type, SHAPE(5), 0, -1, -1, 0, 1, NAN);
    op_expect(op_run(ctx, "Erf", "", x), type, SHAPE(5), 0, -1, -1, 0, 1, NAN);
    op_expect(op_run(ctx, "Sign", "", x), type, SHAPE(5), 0, -1, -1, 0, 1, NAN);
    op_expect(op_run(ctx, "Round", "", op_tensor(ctx, type, SHAPE(6), 0.5, 1.5, 2.5, -0.5, -1.5, -2.7)), type,
              SHAPE(6), 0, 0, 2, 2, 0, -2, -3);
    op_expect(op_run(ctx, "IsNaN", "", x), VT_BOOL, SHAPE(5), 0, 0, 0, 0, 0, 1);
    op_expect(op_run(ctx, "IsInf", "", x), VT_BOOL, SHAPE(5), 0, 1, 0, 0, 1, 0);
    op_expect(op_run(ctx, "IsInf", "detect_negative=0", x), VT_BOOL, SHAPE(5), 0, 0, 0, 0, 1, 0);
    op_expect(op_run(ctx, "IsInf", "detect_positive=0", x), VT_BOOL, SHAPE(5), 0, 1, 0, 0, 0, 0);
  }
  vt_tensor *half = op_tensor(ctx, VT_F16, SHAPE(3), -INFINITY, 1, NAN);
  op_expect(op_run(ctx, "IsNaN", "", half), VT_BOOL, SHAPE(3), 0, 0, 0, 1);
  op_expect(op_run(ctx, "IsInf", "", half), VT_BOOL, SHAPE(3), 0, 1, 0, 0);
}

static void test_sign_of_integers(void **state)
{
  vt_ctx *ctx = *state;
  op_expect(op_run(ctx, "Sign", "", op_i64(ctx, SHAPE(3), -9, 0, 4)), VT_I64, SHAPE(3), 0, -1, 0, 1);
  op_expect(op_run(ctx, "Sign", "", op_u8(ctx, SHAPE(2), 0, 200)), VT_U8, SHAPE(2), 0, 0, 1);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(test_against_library),
      op_test(test_own_functions),
      op_test(test_special_values),
      op_test(test_sign_of_integers),
  };
  return cmocka_run_group_tests_name("ops/unary", tests, NULL, NULL);
}
