/* SPDX-License-Identifier: Apache-2.0
 *
 * What gradients are where a function has no derivative or leaves the range of its numbers: the conventions
 * that stand beside the rows of src/ops. Each call is made in f32 and in f64, and element k of a gradient
 * compared with the expected slope times the weight that the gradient came in with.
 */
#include "gradient_case.h"

#define expect_slopes(ctx, name, attributes, input, slopes, ...)                                             \
  expect_slopes_at(ctx, name, attributes, input, __LINE__, (const double[])EXPAND slopes,                    \
                   OP_LIST(__VA_ARGS__))
#define EXPAND(...)                                                                                          \
  {                                                                                                          \
    __VA_ARGS__                                                                                              \
  }

static void expect_slopes_at(vt_ctx *ctx, const char *name, const char *attributes, int input, int line,
                             const double *slopes, vt_tensor *const *inputs, int count)
{
  const vt_type types[] = {VT_F64, VT_F32};
  for (size_t t = 0; t < VT_COUNT(types); t++) {
    vt_tensor *typed[GRADIENT_INPUTS] = {NULL};
    for (int i = 0; i < count; i++) {
      if (!inputs[i]) continue;
      typed[i] = vt_tensor_new(ctx, types[t], inputs[i]->rank, inputs[i]->dims);
      for (int64_t k = 0; k < vt_count(inputs[i]); k++)
        op_put(typed[i], k, vt_get_f64(inputs[i], k));
    }
    gradient_run run;
    gradient_forward_backward(ctx, name, attributes, 1, typed, count, line, &run);
    assert_non_null(run.gradients[input]);
    for (int64_t k = 0; k < vt_count(inputs[input]); k++)
      op_expect_near(vt_get_f64(run.gradients[input], k) / gradient_weight(0, k), slopes[k], 1e-6, k, line);
  }
}

static void where_the_sides_of_an_activation_meet(void **state)
{
  vt_ctx *ctx = *state;
  expect_slopes(ctx, "Relu", "", 0, (0, 0, 0, 1), op_f64(ctx, SHAPE(4), -1, 0, -0.0, 1e-30));
  expect_slopes(ctx, "LeakyRelu", "alpha=0.25", 0, (0.25, 0.25, 1), op_f64(ctx, SHAPE(3), -1, 0, 1));
  expect_slopes(ctx, "ThresholdedRelu", "alpha=1", 0, (0, 1), op_f64(ctx, SHAPE(2), 1, 1.5));
  expect_slopes(ctx, "Elu", "alpha=2", 0, (2), op_f64(ctx, SHAPE(1), 0));
  expect_slopes(ctx, "Selu", "alpha=3;gamma=0.5", 0, (1.5), op_f64(ctx, SHAPE(1), 0));
  expect_slopes(ctx, "Celu", "alpha=2", 0, (1), op_f64(ctx, SHAPE(1), 0));
  expect_slopes(ctx, "HardSigmoid", "alpha=0.25;beta=0.5", 0, (0, 0.25, 0), op_f64(ctx, SHAPE(3), -2, 0, 2));
  expect_slopes(ctx, "HardSwish", "", 0, (0, 0.5, 1), op_f64(ctx, SHAPE(3), -3, 0, 3));
  expect_slopes(ctx, "Shrink", "lambd=0.5;bias=0.1", 0, (0, 0, 0), op_f64(ctx, SHAPE(3), -0.5, 0, 0.5));
  expect_slopes(ctx, "Abs", "", 0, (-1, 0, 0, 1), op_f64(ctx, SHAPE(4), -1, 0, -0.0, 1));
}

static void the_slope_of_prelu_is_the_one_at_zero(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f64(ctx, SHAPE(3), -2, 0, 2), *slope = op_f64(ctx, SHAPE(3), 0.25, 0.5, 0.75);
  expect_slopes(ctx, "PRelu", "", 0, (0.25, 0.5, 1), x, slope);
  expect_slopes(ctx, "PRelu", "", 1, (-2, 0, 0), x, slope);
}

static void a_bound_itself_passes_the_gradient_to_x(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f64(ctx, SHAPE(5), -2, -1, 0, 1, 2), *low = op_f64(ctx, SCALAR, -1);
  vt_tensor *high = op_f64(ctx, SCALAR, 1);
  expect_slopes(ctx, "Clip", "", 0, (0, 1, 1, 1, 0), x, low, high);
  /* a bound gets what the element that it replaced would have got; weights as in expect_slopes */
  expect_slopes(ctx, "Clip", "", 1, (1), x, low, high);
  expect_slopes(ctx, "Clip", "", 2, (gradient_weight(0, 4) / gradient_weight(0, 0)), x, low, high);
  /* bounds that cross: all elements are the upper one, the one equal to it included */
  expect_slopes(ctx, "Clip", "", 0, (0, 0, 0, 0, 0), x, high, low);
}

static void those_that_tie_share_equally(void **state)
{
  vt_ctx *ctx = *state;
  const char *const names[] = {"Max", "Min"};
  for (size_t i = 0; i < 2; i++) {
    double sign = i == 0 ? 1 : -1;
    vt_tensor *a = op_f64(ctx, SHAPE(3), sign * 1, sign * 3, sign * 5);
    vt_tensor *b = op_f64(ctx, SHAPE(3), sign * 1, sign * 4, sign * 5);
    vt_tensor *c = op_f64(ctx, SHAPE(3), sign * 0, sign * 4, sign * 5);
    expect_slopes(ctx, names[i], "", 0, (0.5, 0, 0.5), a, b);
    expect_slopes(ctx, names[i], "", 1, (0.5, 1, 0.5), a, b);
    expect_slopes(ctx, names[i], "", 0, (0.5, 0, 1 / 3.0), a, b, c);
    expect_slopes(ctx, names[i], "", 2, (0, 0.5, 1 / 3.0), a, b, c);
  }
}

static void powers_of_zero(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *zero = op_f64(ctx, SHAPE(4), 0), *exponent = op_f64(ctx, SHAPE(4), 0, 1, 2, 3);
  expect_slopes(ctx, "Pow", "", 0, (0, 1, 0, 0), zero, exponent);
  expect_slopes(ctx, "Pow", "", 1, (0, 0, 0, 0), zero, exponent);
  expect_slopes(ctx, "Pow", "", 0, (0, 0), op_f64(ctx, SHAPE(2), 0), op_f64(ctx, SCALAR, 2));
  expect_slopes(ctx, "Pow", "", 0, (0, 0), op_f64(ctx, SHAPE(2), 0, 7), op_f64(ctx, SCALAR, 0));
}

static void far_out_nothing_overflows(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *far = op_f64(ctx, SHAPE(4), -1000, -60, 60, 1000);
  const char *const steps[] = {"Sigmoid", "Tanh", "Erf"}, *const ramps[] = {"Softplus", "Mish", "Gelu",
                                                                            "Elu"};
  for (size_t i = 0; i < VT_COUNT(steps); i++)
    expect_slopes(ctx, steps[i], "", 0, (0, 0, 0, 0), far);
  for (size_t i = 0; i < VT_COUNT(ramps); i++)
    expect_slopes(ctx, ramps[i], "", 0, (0, 0, 1, 1), far);
  expect_slopes(ctx, "Gelu", "approximate=tanh", 0, (0, 0, 1, 1), far);
}

/* y = x² by one tensor in both places: the two parts add up. */
static void one_tensor_in_two_places(void **state)
{
  vt_ctx *ctx = *state;
  vt_tape *tape;
  vt_tensor *x = op_f64(ctx, SHAPE(3), -1, 0.5, 3), *y = NULL, *seed = op_f64(ctx, SHAPE(3), 1);
  assert_ok(ctx, vt_tape_new(ctx, &tape));
  assert_ok(ctx, vt_tape_watch(ctx, tape, x));
  vt_tape_start(ctx, tape);
  assert_ok(ctx, vt_apply(ctx, vt_op_find(NULL, "Mul"), NULL, "", 2, (vt_tensor *[]){x, x}, 1, &y));
  vt_tape_stop(ctx);
  assert_ok(ctx, vt_tape_backward(ctx, tape, &y, &seed, 1, NULL));
  op_expect(vt_tape_gradient(tape, x), VT_F64, SHAPE(3), 0, -2, 1, 6);
  vt_tape_free(tape);
}

/* From f32 to f64 and to f32 again: a gradient has the type of what it belongs to. */
static void casts_change_the_type_of_gradients(void **state)
{
  vt_ctx *ctx = *state;
  vt_tape *tape;
  vt_tensor *x = op_f32(ctx, SHAPE(2), 1, 2), *wide = NULL, *y = NULL, *seed = op_f32(ctx, SHAPE(2), 3, -4);
  const vt_op *op = vt_op_find(NULL, "Cast");
  _Alignas(16) unsigned char to_f64[64], to_f32[64];
  assert_true(op->attributes_size <= sizeof to_f64);
  assert_ok(ctx, vt_params_defaults(ctx, op->fields, op->field_count, to_f64, op->attributes_size));
  assert_ok(ctx, vt_params_defaults(ctx, op->fields, op->field_count, to_f32, op->attributes_size));
  assert_ok(ctx, vt_params_set(ctx, op->fields, op->field_count, to_f64, "to", "11"));
  assert_ok(ctx, vt_params_set(ctx, op->fields, op->field_count, to_f32, "to", "1"));
  assert_ok(ctx, vt_tape_new(ctx, &tape));
  assert_ok(ctx, vt_tape_watch(ctx, tape, x));
  vt_tape_start(ctx, tape);
  assert_ok(ctx, vt_apply(ctx, op, to_f64, "", 1, &x, 1, &wide));
  assert_ok(ctx, vt_apply(ctx, op, to_f32, "", 1, &wide, 1, &y));
  vt_tape_stop(ctx);
  assert_ok(ctx, vt_tape_watch(ctx, tape, wide));
  assert_ok(ctx, vt_tape_backward(ctx, tape, &y, &seed, 1, NULL));
  op_expect(vt_tape_gradient(tape, wide), VT_F64, SHAPE(2), 0, 3, -4);
  op_expect(vt_tape_gradient(tape, x), VT_F32, SHAPE(2), 0, 3, -4);
  vt_tape_free(tape);
}

static void steps_have_no_slope(void **state)
{
  vt_ctx *ctx = *state;
  const char *const names[] = {"Ceil", "Floor", "Round", "Sign"};
  for (size_t i = 0; i < VT_COUNT(names); i++)
    gradient_check(ctx, names[i], "", 1e-6, op_f64(ctx, SHAPE(2, 3), -1.7, -0.4, 0.3, 0.8, 1.2, 2.6));
  gradient_check(ctx, "EyeLike", "", 1e-6, RANDOM(SHAPE(3, 4)));
  gradient_check(ctx, "RandomNormalLike", "seed=3", 1e-6, RANDOM(SHAPE(3, 4)));
  gradient_check(ctx, "RandomUniformLike", "seed=3", 1e-6, RANDOM(SHAPE(5)));
}

static void ranges_follow_start_and_step(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Range", "", 2e-6, op_f64(ctx, SCALAR, 0.5), op_f64(ctx, SCALAR, 4.2),
                 op_f64(ctx, SCALAR, 0.5));
  gradient_check(ctx, "Range", "", 2e-6, op_f64(ctx, SHAPE(1), 3), op_f64(ctx, SHAPE(1), -1.4),
                 op_f64(ctx, SHAPE(1), -0.7));
  gradient_check(ctx, "Range", "", 2e-6, op_f64(ctx, SCALAR, 3), op_f64(ctx, SCALAR, 1),
                 op_f64(ctx, SCALAR, 0.7));
}

/* The mask repeats with the seed, so the dropped elements are those of the forward run. */
static void dropout_drops_the_same_gradients(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *ratio = op_f32(ctx, SCALAR, 0.3);
  gradient_check(ctx, "Dropout", "", 1e-6, RANDOM(SHAPE(3, 4)));
  gradient_check(ctx, "Dropout", "seed=7", 1e-6, RANDOM(SHAPE(3, 4)), ratio, op_bool(ctx, SCALAR, 0));
  gradient_check(ctx, "Dropout", "seed=7", 1e-6, RANDOM(SHAPE(9, 7)), ratio, op_bool(ctx, SCALAR, 1));
  gradient_check(ctx, "Dropout", "seed=7", 1e-6, RANDOM(SHAPE(9, 7)), NULL, op_bool(ctx, SHAPE(1), 1));
  gradient_check_outputs(ctx, "Dropout", "seed=2", 2, 1e-6, RANDOM(SHAPE(11)), ratio,
                         op_bool(ctx, SCALAR, 1));
}

static void an_operator_without_gradient_says_so(void **state)
{
  vt_ctx *ctx = *state;
  vt_tape *tape;
  vt_tensor *x = op_f32(ctx, SHAPE(3), 0.5), *y = NULL, *seed = op_f32(ctx, SHAPE(3), 1);
  const vt_op *op = vt_op_find(NULL, "Bernoulli");
  _Alignas(16) unsigned char settings[64];
  assert_true(op->attributes_size <= sizeof settings);
  assert_ok(ctx, vt_params_defaults(ctx, op->fields, op->field_count, settings, op->attributes_size));
  assert_ok(ctx, vt_tape_new(ctx, &tape));
  assert_ok(ctx, vt_tape_watch(ctx, tape, x));
  vt_tape_start(ctx, tape);
  assert_ok(ctx, vt_apply(ctx, op, settings, "coin", 1, &x, 1, &y));
  vt_tape_stop(ctx);
  assert_int_equal(vt_tape_backward(ctx, tape, &y, &seed, 1, NULL), VT_ERROR_UNSUPPORTED);
  assert_non_null(strstr(vt_ctx_message(ctx), "coin"));
  assert_non_null(strstr(vt_ctx_message(ctx), "Bernoulli"));
  assert_non_null(strstr(vt_ctx_message(ctx), op->no_gradient));
  vt_tape_free(tape);
  vt_params_free(op->fields, op->field_count, settings);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(where_the_sides_of_an_activation_meet),
      op_test(the_slope_of_prelu_is_the_one_at_zero),
      op_test(a_bound_itself_passes_the_gradient_to_x),
      op_test(those_that_tie_share_equally),
      op_test(powers_of_zero),
      op_test(far_out_nothing_overflows),
      op_test(one_tensor_in_two_places),
      op_test(casts_change_the_type_of_gradients),
      op_test(steps_have_no_slope),
      op_test(ranges_follow_start_and_step),
      op_test(dropout_drops_the_same_gradients),
      op_test(an_operator_without_gradient_says_so),
  };
  return cmocka_run_group_tests_name("ops/gradient_kinks", tests, NULL, NULL);
}
