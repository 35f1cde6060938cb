/* SPDX-License-Identifier: Apache-2.0
 *
 * Softmax, LogSoftmax, Hardmax over every axis; the two losses.
 */
#include "op_case.h"

static void test_by_hand(void **state)
{
  vt_ctx *ctx = *state;
  /* logarithms of 1, 2, 5 over 8 */
  vt_tensor *x = op_f64(ctx, SHAPE(2, 3), log(1), log(2), log(5), 7 + log(5), 7 + log(2), 7 + log(1));
  op_expect(op_run(ctx, "Softmax", "", x), VT_F64, SHAPE(2, 3), 1e-15, 0.125, 0.25, 0.625, 0.625, 0.25,
            0.125);
  op_expect(op_run(ctx, "LogSoftmax", "axis=1", x), VT_F64, SHAPE(2, 3), 1e-15, log(0.125), log(0.25),
            log(0.625), log(0.625), log(0.25), log(0.125));
  op_expect(op_run(ctx, "Hardmax", "", x), VT_F64, SHAPE(2, 3), 0, 0, 0, 1, 1, 0, 0);
  op_expect(op_run(ctx, "Hardmax", "axis=0", x), VT_F64, SHAPE(2, 3), 0, 0, 0, 0, 1, 1, 1);
  op_expect(op_run(ctx, "Hardmax", "", op_f32(ctx, SHAPE(3), 2, 2, 1)), VT_F32, SHAPE(3), 0, 1, 0, 0);
  op_expect(op_run(ctx, "Softmax", "", op_f32(ctx, SCALAR, 5)), VT_F32, SCALAR, 0, 1);
  op_expect(op_run(ctx, "Softmax", "", op_f32(ctx, SHAPE(2, 0), NO_VALUES)), VT_F32, SHAPE(2, 0), 0,
            NO_VALUES);
  assert_fails(ctx, op_try(ctx, "Softmax", "axis=2", x), VT_ERROR_INVALID_ARGUMENT, "axis 2");
  assert_fails(ctx, op_try(ctx, "Softmax", "", op_i32(ctx, SHAPE(1), 1)), VT_ERROR_UNSUPPORTED, "i32");
}

static void test_every_axis(void **state)
{
  vt_ctx *ctx = *state;
  const int64_t dims[4] = {3, 5, 70, 33};
  const struct {
    vt_type type;
    double tolerance;
  } types[] = {{VT_F32, 3e-7}, {VT_F64, 4e-15}, {VT_F16, 5e-4}, {VT_BF16, 4e-3}};
  for (size_t t = 0; t < VT_COUNT(types); t++)
    for (int axis = 0; axis < 4; axis++) {
      size_t mark = vt_tensor_mark(ctx);
      char attributes[16];
      snprintf(attributes, sizeof attributes, "axis=%d", axis);
      vt_tensor *x = op_uniform(ctx, types[t].type, SHAPE(3, 5, 70, 33), -9, 9, (uint64_t)axis);
      vt_tensor *y = op_run(ctx, "Softmax", attributes, x), *z = op_run(ctx, "LogSoftmax", attributes, x);
      int64_t inner = vt_span(x, axis + 1, 4);
      for (int64_t line = 0; line < vt_count(x) / dims[axis]; line++) {
        int64_t start = line / inner * dims[axis] * inner + line % inner;
        double sum = 0;
        for (int64_t i = 0; i < dims[axis]; i++)
          sum += exp(vt_get_f64(x, start + i * inner));
        for (int64_t i = 0; i < dims[axis]; i++) {
          double value = vt_get_f64(x, start + i * inner);
          op_expect_near(vt_get_f64(y, start + i * inner), exp(value) / sum, types[t].tolerance, i, axis);
          op_expect_near(vt_get_f64(z, start + i * inner), value - log(sum), types[t].tolerance, i, axis);
        }
      }
      vt_tensor_release(ctx, mark);
    }
}

static void test_special_values(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(3, 2), 1e30, -1e30, -INFINITY, 3, NAN, 0);
  op_expect(op_run(ctx, "Softmax", "", x), VT_F32, SHAPE(3, 2), 0, 1, 0, 0, 1, NAN, NAN);
  op_expect(op_run(ctx, "LogSoftmax", "", x), VT_F32, SHAPE(3, 2), 1e-6, 0, -2e30, -INFINITY, 0, NAN, NAN);
}

/* Two items, three classes, two places; log probabilities chosen so that the losses are whole numbers. */
static void test_likelihood(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *scores = op_f32(ctx, SHAPE(2, 3, 2), -1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -11, -12);
  vt_tensor *targets = op_i64(ctx, SHAPE(2, 2), 0, 2, 1, 1), *weights = op_f32(ctx, SHAPE(3), 1, 10, 100);
  const char *name = "NegativeLogLikelihoodLoss";
  op_expect(op_run(ctx, name, "reduction=none", scores, targets), VT_F32, SHAPE(2, 2), 0, 1, 6, 9, 10);
  op_expect(op_run(ctx, name, "reduction=sum", scores, targets), VT_F32, SCALAR, 0, 26);
  op_expect(op_run(ctx, name, "", scores, targets), VT_F32, SCALAR, 0, 6.5);
  op_expect(op_run(ctx, name, "reduction=none", scores, targets, weights), VT_F32, SHAPE(2, 2), 0, 1, 600, 90,
            100);
  op_expect(op_run(ctx, name, "", scores, targets, weights), VT_F32, SCALAR, 1e-7, 791.0 / 121);
  op_expect(op_run(ctx, name, "ignore_index=1;reduction=none", scores, targets, weights), VT_F32, SHAPE(2, 2),
            0, 1, 600, 0, 0);
  op_expect(op_run(ctx, name, "ignore_index=1", scores, targets, weights), VT_F32, SCALAR, 1e-7, 601.0 / 101);
  /* an ignored number need not be a class */
  op_expect(op_run(ctx, name, "ignore_index=-100;reduction=sum", scores,
                   op_i32(ctx, SHAPE(2, 2), -100, 0, -100, -100)),
            VT_F32, SCALAR, 0, 2);
  assert_fails(ctx, op_try(ctx, name, "", scores, op_i64(ctx, SHAPE(2, 2), 0, 3, 0, 0)),
               VT_ERROR_INVALID_ARGUMENT, "target 3");
  assert_fails(ctx, op_try(ctx, name, "", scores, op_i64(ctx, SHAPE(2), 0, 1)), VT_ERROR_INVALID_MODEL,
               "targets i64[2]");
  assert_fails(ctx, op_try(ctx, name, "", scores, targets, op_f32(ctx, SHAPE(2), 1)), VT_ERROR_INVALID_MODEL,
               "weights f32[2]");
}

static void test_cross_entropy(void **state)
{
  vt_ctx *ctx = *state;
  const vt_type types[] = {VT_F32, VT_F64, VT_F16};
  const double tolerances[] = {2e-7, 4e-15, 1e-3};
  for (size_t t = 0; t < VT_COUNT(types); t++) {
    vt_type type = types[t];
    double tolerance = tolerances[t];
    vt_tensor *scores = op_tensor(ctx, type, SHAPE(2, 3), 1, 2, 3, 0, 0, 0), *outputs[2];
    vt_tensor *targets = op_i64(ctx, SHAPE(2), 2, 0), *weights = op_tensor(ctx, type, SHAPE(3), 1, 1, 3);
    double norm = log(exp(1) + exp(2) + exp(3)), first = norm - 3, second = log(3);
    op_run_all(ctx, "SoftmaxCrossEntropyLoss", "", outputs, 2, scores, targets);
    op_expect(outputs[0], type, SCALAR, tolerance, (first + second) / 2);
    op_expect(outputs[1], type, SHAPE(2, 3), tolerance, 1 - norm, 2 - norm, 3 - norm, -second, -second,
              -second);
    op_expect(op_run(ctx, "SoftmaxCrossEntropyLoss", "reduction=none", scores, targets, weights), type,
              SHAPE(2), tolerance, 3 * first, second);
    op_expect(op_run(ctx, "SoftmaxCrossEntropyLoss", "", scores, targets, weights), type, SCALAR, tolerance,
              (3 * first + second) / 4);
    op_expect(op_run(ctx, "SoftmaxCrossEntropyLoss", "ignore_index=0;reduction=sum", scores, targets), type,
              SCALAR, tolerance, first);
  }
  /* large scores do not overflow */
  op_expect(op_run(ctx, "SoftmaxCrossEntropyLoss", "", op_f32(ctx, SHAPE(1, 2), 1e4, -1e4),
                   op_i64(ctx, SHAPE(1), 1)),
            VT_F32, SCALAR, 1e-7, 2e4);
  op_expect(op_run(ctx, "SoftmaxCrossEntropyLoss", "reduction=sum", op_f32(ctx, SHAPE(0, 2, 3), NO_VALUES),
                   op_i64(ctx, SHAPE(0, 3), NO_VALUES)),
            VT_F32, SCALAR, 0, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(test_by_hand),    op_test(test_every_axis),    op_test(test_special_values),
      op_test(test_likelihood), op_test(test_cross_entropy),
  };
  return cmocka_run_group_tests_name("ops/softmax", tests, NULL, NULL);
}
