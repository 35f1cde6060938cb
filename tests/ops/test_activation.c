/* SPDX-License-Identifier: Apache-2.0
 *
 * Activations against their formulas in f64, far out, at their corners, and at special values.
 */
#include "op_case.h"

typedef struct reference {
  const char *name, *attributes;
  double (*function)(double);
  double at_minus_infinity, at_infinity;
} reference;

static double relu(double x)
{
  return x > 0 ? x : 0;
}

static double leaky_relu(double x)
{
  return x >= 0 ? x : 0.1 * x;
}

static double thresholded_relu(double x)
{
  return x > 2 ? x : 0;
}

static double elu(double x)
{
  return x < 0 ? 2 * expm1(x) : x;
}

static double selu(double x)
{
  return 1.0507009873554804934 * (x > 0 ? x : 1.6732632423543772848 * expm1(x));
}

static double celu(double x)
{
  return x < 0 ? 2 * expm1(x / 2) : x;
}

static double sigmoid(double x)
{
  return x > 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

static double hard_sigmoid(double x)
{
  return fmin(1, fmax(0, 0.5 * x + 0.6));
}

static double hard_swish(double x)
{
  return x * fmin(1, fmax(0, x / 6 + 0.5));
}

static double softplus(double x)
{
  return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static double softsign(double x)
{
  return x / (1 + fabs(x));
}

static double mish(double x)
{
  return x * tanh(softplus(x));
}

static double gelu(double x)
{
  return x * 0.5 * erfc(-x / sqrt(2));
}

static double gelu_tanh(double x)
{
  return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
}

static double shrink(double x)
{
  return x < -1.5 ? x + 1.5 : x > 1.5 ? x - 1.5 : 0;
}

static const reference references[] = {
    {"Relu", "", relu, 0, INFINITY},
    {"LeakyRelu", "alpha=0.1", leaky_relu, -INFINITY, INFINITY},
    {"ThresholdedRelu", "alpha=2", thresholded_relu, 0, INFINITY},
    {"Elu", "alpha=2", elu, -2, INFINITY},
    {"Selu", "", selu, -1.7580993408473768600, INFINITY},
    {"Celu", "alpha=2", celu, -2, INFINITY},
    {"Sigmoid", "", sigmoid, 0, 1},
    {"HardSigmoid", "alpha=0.5;beta=0.6", hard_sigmoid, 0, 1},
    {"HardSwish", "", hard_swish, NAN, INFINITY}, /* −∞ · 0, as the formula says */
    {"Softplus", "", softplus, 0, INFINITY},
    {"Softsign", "", softsign, NAN, NAN}, /* ∞ / ∞, as the formula says */
    {"Mish", "", mish, NAN, INFINITY},
    {"Gelu", "", gelu, NAN, INFINITY},
    {"Gelu", "approximate=tanh", gelu_tanh, NAN, INFINITY},
    {"Shrink", "lambd=1.5;bias=1.5", shrink, -INFINITY, INFINITY},
};

static void test_against_formulas(void **state)
{
  vt_ctx *ctx = *state;
  const vt_type types[] = {VT_F32, VT_F64, VT_F16, VT_BF16};
  /* f32: a few ulp of values up to 1, relative above; the settings and 1/6 are rounded to f32. Selu's
   * defaults are f32 numbers (3e-8 off the true ones). Halves: half an ulp of 11 and of 8 bits, and some. */
  const double tolerances[] = {6e-7, 5e-8, 6e-4, 5e-3};
  for (size_t i = 0; i < VT_COUNT(references); i++)
    for (size_t t = 0; t < VT_COUNT(types); t++) {
      const reference *ref = &references[i];
      size_t mark = vt_tensor_mark(ctx);
      vt_tensor *x = op_uniform(ctx, types[t], SHAPE(3, 667), -12, 12, i + 1);
      vt_tensor *y = op_run(ctx, ref->name, ref->attributes, x);
      assert_true(y->type == types[t] && vt_same_shape(x, y));
      for (int64_t j = 0; j < vt_count(x); j++)
        op_expect_near(vt_get_f64(y, j), ref->function(vt_get_f64(x, j)), tolerances[t], j,
                       (int)(1000 * i + t));
      vt_tensor_release(ctx, mark);
    }
}

static void test_far_out(void **state)
{
  vt_ctx *ctx = *state;
  for (size_t i = 0; i < VT_COUNT(references); i++)
    for (int wide = 0; wide < 2; wide++) {
      const reference *ref = &references[i];
      vt_tensor *x =
          op_tensor(ctx, wide ? VT_F64 : VT_F32, SHAPE(8), -INFINITY, INFINITY, NAN, -1000, 1000, -90, 90, 0);
      vt_tensor *y = op_run(ctx, ref->name, ref->attributes, x);
      op_expect_near(vt_get_f64(y, 0), ref->at_minus_infinity, 1e-6, 0, (int)i);
      op_expect_near(vt_get_f64(y, 1), ref->at_infinity, 1e-6, 1, (int)i);
      op_expect_near(vt_get_f64(y, 2), NAN, 0, 2, (int)i);
      for (int64_t j = 3; j < 8; j++)
        op_expect_near(vt_get_f64(y, j), ref->function(vt_get_f64(x, j)), 6e-7, j, (int)i);
      op_expect(op_run(ctx, ref->name, ref->attributes, op_f32(ctx, SHAPE(0), NO_VALUES)), VT_F32, SHAPE(0),
                0, NO_VALUES);
    }
}

static void test_corners(void **state)
{
  vt_ctx *ctx = *state;
  op_expect(op_run(ctx, "HardSwish", "", op_f32(ctx, SHAPE(4), -3, 3, -3.5, 0)), VT_F32, SHAPE(4), 0, 0, 3, 0,
            0);
  op_expect(op_run(ctx, "ThresholdedRelu", "", op_f32(ctx, SHAPE(3), 1, 1.5, -1)), VT_F32, SHAPE(3), 0, 0,
            1.5, 0);
  op_expect(op_run(ctx, "Shrink", "", op_f32(ctx, SHAPE(3), 0.5, -0.5, 0.75)), VT_F32, SHAPE(3), 0, 0, 0,
            0.75);
  op_expect(op_run(ctx, "Shrink", "lambd=1.5;bias=1", op_i32(ctx, SHAPE(4), -2, -1, 1, 2)), VT_I32, SHAPE(4),
            0, -1, 0, 0, 1);
  op_expect(op_run(ctx, "Relu", "", op_i32(ctx, SHAPE(2), -4, 4)), VT_I32, SHAPE(2), 0, 0, 4);
  op_expect(op_run(ctx, "HardSigmoid", "", op_f32(ctx, SHAPE(3), 0, 1, -9)), VT_F32, SHAPE(3), 1e-7, 0.5, 0.7,
            0);
  /* small values keep their relative accuracy */
  vt_tensor *y = op_run(ctx, "Elu", "", op_f32(ctx, SHAPE(1), -1e-6));
  assert_near(vt_get_f64(y, 0) * 1e6, -0.9999995, 2e-7);
  assert_fails(ctx, op_try(ctx, "Gelu", "approximate=cubic", y), VT_ERROR_INVALID_ARGUMENT, "approximate");
  assert_fails(ctx, op_try(ctx, "Sigmoid", "", op_i32(ctx, SHAPE(1), 1)), VT_ERROR_UNSUPPORTED, "i32");
}

static void test_prelu(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2, 2, 1), -1, -2, 3, -4);
  op_expect(op_run(ctx, "PRelu", "", x, op_f32(ctx, SHAPE(2, 1), 0.5, 2)), VT_F32, SHAPE(2, 2, 1), 0, -0.5,
            -4, 3, -8);
  op_expect(op_run(ctx, "PRelu", "", x, op_f32(ctx, SCALAR, 0)), VT_F32, SHAPE(2, 2, 1), 0, 0, 0, 3, 0);
  op_expect(op_run(ctx, "PRelu", "", op_i64(ctx, SHAPE(2), -3, 3), op_i64(ctx, SHAPE(1), 2)), VT_I64,
            SHAPE(2), 0, -6, 3);
  assert_fails(ctx, op_try(ctx, "PRelu", "", x, op_f32(ctx, SHAPE(3), 1)), VT_ERROR_INVALID_MODEL,
               "slope f32[3]");
}

static void test_clip(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(5), -2, -1, 0.5, 3, NAN), *low = op_f32(ctx, SCALAR, -1.5),
            *high = op_f32(ctx, SCALAR, 1);
  op_expect(op_run(ctx, "Clip", "", x, low, high), VT_F32, SHAPE(5), 0, -1.5, -1, 0.5, 1, NAN);
  op_expect(op_run(ctx, "Clip", "", x, NULL, high), VT_F32, SHAPE(5), 0, -2, -1, 0.5, 1, NAN);
  op_expect(op_run(ctx, "Clip", "", x, low), VT_F32, SHAPE(5), 0, -1.5, -1, 0.5, 3, NAN);
  op_expect(op_run(ctx, "Clip", "", x), VT_F32, SHAPE(5), 0, -2, -1, 0.5, 3, NAN);
  op_expect(op_run(ctx, "Clip", "", x, high, low), VT_F32, SHAPE(5), 0, -1.5, -1.5, -1.5, -1.5, NAN);
  const vt_type types[] = {VT_F64, VT_F16, VT_BF16, VT_I8,  VT_I16, VT_I32,
                           VT_I64, VT_U8,  VT_U16,  VT_U32, VT_U64};
  for (size_t i = 0; i < VT_COUNT(types); i++) {
    vt_tensor *bounds[2] = {op_tensor(ctx, types[i], SCALAR, 3), op_tensor(ctx, types[i], SHAPE(1), 8)};
    vt_tensor *values = op_tensor(ctx, types[i], SHAPE(3), 1, 5, 12);
    op_expect(op_run(ctx, "Clip", "", values, bounds[0], bounds[1]), types[i], SHAPE(3), 0, 3, 5, 8);
    op_expect(op_run(ctx, "Clip", "", values), types[i], SHAPE(3), 0, 1, 5, 12);
  }
  assert_fails(ctx, op_try(ctx, "Clip", "", x, op_f32(ctx, SHAPE(2), 0)), VT_ERROR_INVALID_MODEL,
               "a bound is one number");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(test_against_formulas),
      op_test(test_far_out),
      op_test(test_corners),
      op_test(test_prelu),
      op_test(test_clip),
  };
  return cmocka_run_group_tests_name("ops/activation", tests, NULL, NULL);
}
