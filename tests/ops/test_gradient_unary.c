/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of functions of one number. Each row names a range without kinks, poles and ends of domains.
 */
#include "gradient_case.h"

typedef struct function_case {
  const char *name, *attributes;
  double low, high;
  double fast_tolerance; /* f32 against f64 */
} function_case;

/* Odd sizes, one element, none. */
static void check_function(vt_ctx *ctx, const function_case *function)
{
  const op_shape shapes[] = {SHAPE(3, 5, 7), SHAPE(17), SHAPE(1), SCALAR, SHAPE(2, 0, 3)};
  for (size_t i = 0; i < VT_COUNT(shapes); i++) {
    size_t mark = vt_tensor_mark(ctx);
    gradient_check(ctx, function->name, function->attributes, function->fast_tolerance,
                   BETWEEN(function->low, function->high, shapes[i]));
    vt_tensor_release(ctx, mark);
  }
}

static const function_case functions[] = {
    {"Neg", "", -2, 2, 1e-6},         {"Abs", "", 0.1, 2, 1e-6},          {"Abs", "", -2, -0.1, 1e-6},
    {"Reciprocal", "", 0.5, 2, 1e-6}, {"Reciprocal", "", -2, -0.5, 1e-6}, {"Exp", "", -3, 3, 1e-6},
    {"Log", "", 0.3, 4, 1e-6},        {"Sqrt", "", 0.2, 4, 1e-6},         {"Sin", "", -4, 4, 1e-6},
    {"Cos", "", -4, 4, 1e-6},         {"Tan", "", -1.2, 1.2, 2e-6},       {"Asin", "", -0.9, 0.9, 1e-6},
    {"Acos", "", -0.9, 0.9, 1e-6},    {"Atan", "", -4, 4, 1e-6},          {"Sinh", "", -2, 2, 1e-6},
    {"Cosh", "", -2, 2, 1e-6},        {"Tanh", "", -2, 2, 1e-6},          {"Asinh", "", -4, 4, 1e-6},
    {"Acosh", "", 1.2, 4, 1e-6},      {"Atanh", "", -0.9, 0.9, 1e-6},     {"Erf", "", -2, 2, 1e-6},
};

static const function_case activations[] = {
    {"Relu", "", 0.1, 2, 1e-6},
    {"Relu", "", -2, -0.1, 1e-6},
    {"LeakyRelu", "alpha=0.1", 0.1, 2, 1e-6},
    {"LeakyRelu", "alpha=0.1", -2, -0.1, 1e-6},
    {"LeakyRelu", "alpha=-0.3", -2, -0.1, 1e-6},
    {"ThresholdedRelu", "alpha=0.7", 0.8, 2, 1e-6},
    {"ThresholdedRelu", "alpha=0.7", -2, 0.6, 1e-6},
    {"ThresholdedRelu", "alpha=-0.7", -0.6, 0.6, 1e-6},
    {"Elu", "alpha=1.7", 0.1, 2, 1e-6},
    {"Elu", "alpha=1.7", -4, -0.1, 1e-6},
    {"Selu", "", 0.1, 2, 1e-6},
    {"Selu", "", -4, -0.1, 1e-6},
    {"Celu", "alpha=1.7", 0.1, 2, 1e-6},
    {"Celu", "alpha=1.7", -4, -0.1, 1e-6},
    {"Sigmoid", "", -4, 4, 2e-6},
    {"HardSigmoid", "", -2.4, 2.4, 1e-6},
    {"HardSigmoid", "alpha=0.3;beta=0.4", 2.1, 4, 1e-6},
    {"HardSwish", "", -2.9, 2.9, 1e-6},
    {"HardSwish", "", 3.1, 5, 1e-6},
    {"HardSwish", "", -5, -3.1, 1e-6},
    {"Softplus", "", -4, 4, 2e-6},
    {"Softsign", "", 0.1, 4, 1e-6},
    {"Softsign", "", -4, 0.1, 1e-6},
    {"Mish", "", -4, 4, 2e-6},
    {"Mish", "", 21, 25, 1e-6},
    {"Gelu", "", -4, 4, 2e-6},
    {"Gelu", "approximate=tanh", -4, 4, 2e-6},
    {"Shrink", "lambd=0.7;bias=0.2", 0.8, 2, 1e-6},
    {"Shrink", "lambd=0.7;bias=0.2", -2, -0.8, 1e-6},
    {"Shrink", "lambd=0.7;bias=0.2", -0.6, 0.6, 1e-6},
};

static void functions_of_one_number(void **state)
{
  for (size_t i = 0; i < VT_COUNT(functions); i++)
    check_function(*state, &functions[i]);
}

static void activations_of_one_number(void **state)
{
  for (size_t i = 0; i < VT_COUNT(activations); i++)
    check_function(*state, &activations[i]);
}

/* More than one chunk of the parallel loops. */
static void large_tensors(void **state)
{
  vt_ctx *ctx = *state;
  const char *const names[] = {"Sqrt", "Erf", "Relu", "Sigmoid"};
  for (size_t i = 0; i < VT_COUNT(names); i++)
    gradient_check(ctx, names[i], "", 2e-6, BETWEEN(0.2, 3, SHAPE(5, 3301)));
}

/* Both sides of the kink in one tensor. */
static vt_tensor *either_side(vt_ctx *ctx, op_shape shape, uint64_t seed)
{
  vt_tensor *tensor = op_uniform(ctx, VT_F64, shape, 0.05, 2, seed);
  double *values = tensor->data;
  for (int64_t i = 0; i < vt_count(tensor); i++)
    if (vt_random_below(seed, 2, (uint64_t)i, 2)) values[i] = -values[i];
  return tensor;
}

static void both_sides_of_a_kink(void **state)
{
  vt_ctx *ctx = *state;
  const char *const names[] = {"Relu", "LeakyRelu", "Elu", "Selu", "Celu", "Abs"};
  for (size_t i = 0; i < VT_COUNT(names); i++)
    gradient_check(ctx, names[i], "", 2e-6, either_side(ctx, SHAPE(9, 11), i + 1));
}

static void prelu_with_its_slope(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "PRelu", "", 1e-6, either_side(ctx, SHAPE(2, 3, 5), 4), RANDOM(SHAPE(3, 1)));
  gradient_check(ctx, "PRelu", "", 1e-6, either_side(ctx, SHAPE(4, 7), 5), RANDOM(SHAPE(4, 7)));
  gradient_check(ctx, "PRelu", "", 1e-6, either_side(ctx, SHAPE(7), 6), RANDOM(SHAPE(1)));
  gradient_check(ctx, "PRelu", "", 1e-6, either_side(ctx, SCALAR, 7), RANDOM(SCALAR));
  gradient_check(ctx, "PRelu", "", 1e-6, RANDOM(SHAPE(0, 3)), RANDOM(SHAPE(3)));
}

/* Four bands of x around bounds at ±1; the bounds are differentiated too. */
static void clip_with_its_bounds(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f64(ctx, SHAPE(2, 3), -1.7, -0.6, 0.3, 1.4, 2.5, 0.9);
  gradient_check(ctx, "Clip", "", 1e-6, x, op_f64(ctx, SCALAR, -1), op_f64(ctx, SCALAR, 1));
  gradient_check(ctx, "Clip", "", 1e-6, x, op_f64(ctx, SHAPE(1), -1), op_f64(ctx, SHAPE(1, 1), 1));
  gradient_check(ctx, "Clip", "", 1e-6, x, op_f64(ctx, SCALAR, -1));
  gradient_check(ctx, "Clip", "", 1e-6, x, NULL, op_f64(ctx, SCALAR, 1));
  gradient_check(ctx, "Clip", "", 1e-6, x);
  gradient_check(ctx, "Clip", "", 1e-6, op_f64(ctx, SCALAR, 3), op_f64(ctx, SHAPE(1), -1),
                 op_f64(ctx, SHAPE(1), 1));
  gradient_check(ctx, "Clip", "", 1e-6, RANDOM(SHAPE(0)), op_f64(ctx, SCALAR, -1), op_f64(ctx, SCALAR, 1));
  /* crossed: every element is the upper bound */
  gradient_check(ctx, "Clip", "", 1e-6, x, op_f64(ctx, SCALAR, 1), op_f64(ctx, SCALAR, -1));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(functions_of_one_number), op_test(activations_of_one_number), op_test(large_tensors),
      op_test(both_sides_of_a_kink),    op_test(prelu_with_its_slope),      op_test(clip_with_its_bounds),
  };
  return cmocka_run_group_tests_name("ops/gradient_unary", tests, NULL, NULL);
}
