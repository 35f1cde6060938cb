/* SPDX-License-Identifier: Apache-2.0
 *
 * Random operators: moments within five standard errors, repeatable by seed, different between seeds.
 */
#include "op_case.h"

enum { MANY = 20000 };

static double mean_of(const vt_tensor *x)
{
  double sum = 0;
  for (int64_t i = 0; i < vt_count(x); i++)
    sum += vt_get_f64(x, i);
  return sum / (double)vt_count(x);
}

static double deviation_of(const vt_tensor *x)
{
  double mean = mean_of(x), sum = 0;
  for (int64_t i = 0; i < vt_count(x); i++)
    sum += (vt_get_f64(x, i) - mean) * (vt_get_f64(x, i) - mean);
  return sqrt(sum / (double)vt_count(x));
}

static void test_dropout_inference(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2, 2), 1, 2, 3, 4), *outputs[2], *ratio = op_f32(ctx, SCALAR, 0.9);
  op_run_all(ctx, "Dropout", "", outputs, 2, x);
  op_expect(outputs[0], VT_F32, SHAPE(2, 2), 0, 1, 2, 3, 4);
  op_expect(outputs[1], VT_BOOL, SHAPE(2, 2), 0, 1);
  op_run_all(ctx, "Dropout", "seed=3", outputs, 2, x, ratio, op_bool(ctx, SCALAR, 0));
  op_expect(outputs[0], VT_F32, SHAPE(2, 2), 0, 1, 2, 3, 4);
  op_run_all(ctx, "Dropout", "", outputs, 2, x, op_f32(ctx, SCALAR, 0), op_bool(ctx, SCALAR, 1));
  op_expect(outputs[0], VT_F32, SHAPE(2, 2), 0, 1, 2, 3, 4);
  op_expect(op_run(ctx, "Dropout", "", op_tensor(ctx, VT_F16, SHAPE(1), 2)), VT_F16, SHAPE(1), 0, 2);
  assert_fails(ctx, op_try(ctx, "Dropout", "", x, op_f32(ctx, SCALAR, 1), op_bool(ctx, SCALAR, 1)),
               VT_ERROR_INVALID_ARGUMENT, "ratio 1");
  assert_fails(ctx, op_try(ctx, "Dropout", "", x, op_f32(ctx, SHAPE(2), 1)), VT_ERROR_INVALID_MODEL,
               "input 1");
}

static void test_dropout_training(void **state)
{
  vt_ctx *ctx = *state;
  const vt_type types[] = {VT_F32, VT_F64, VT_F16, VT_BF16};
  for (size_t t = 0; t < VT_COUNT(types); t++) {
    vt_tensor *x = op_tensor(ctx, types[t], SHAPE(MANY), 3), *outputs[2], *again[2], *other[2];
    vt_tensor *ratio = op_f32(ctx, SCALAR, 0.25), *training = op_bool(ctx, SCALAR, 1);
    op_run_all(ctx, "Dropout", "seed=1", outputs, 2, x, ratio, training);
    op_run_all(ctx, "Dropout", "seed=1", again, 2, x, ratio, training);
    op_run_all(ctx, "Dropout", "seed=2", other, 2, x, ratio, training);
    assert_memory_equal(outputs[0]->data, again[0]->data, vt_bytes(again[0]));
    assert_memory_not_equal(outputs[1]->data, other[1]->data, vt_bytes(other[1]));
    for (int64_t i = 0; i < MANY; i++)
      op_expect_near(vt_get_f64(outputs[0], i), vt_get_i64(outputs[1], i) ? 4 : 0, 0, i, (int)t);
    assert_near(mean_of(outputs[1]), 0.75, 5 * sqrt(0.25 * 0.75 / MANY));
  }
}

static void test_bernoulli(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(MANY), 0.3), *y = op_run(ctx, "Bernoulli", "seed=4", x);
  assert_int_equal(y->type, VT_F32);
  assert_near(mean_of(y), 0.3, 5 * sqrt(0.21 / MANY));
  vt_tensor *z = op_run(ctx, "Bernoulli", "seed=4;dtype=9", x);
  assert_int_equal(z->type, VT_BOOL);
  for (int64_t i = 0; i < MANY; i++)
    op_expect_near(vt_get_f64(z, i), vt_get_f64(y, i), 0, i, 0);
  op_expect(op_run(ctx, "Bernoulli", "", op_f64(ctx, SHAPE(2), 0, 1)), VT_F64, SHAPE(2), 0, 0, 1);
}

static void test_distributions(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *normal = op_make(ctx, "RandomNormal", "shape=100,200;mean=2;scale=3;seed=5", NULL);
  assert_true(normal->type == VT_F32 && normal->rank == 2 && normal->dims[0] == 100 &&
              normal->dims[1] == 200);
  assert_near(mean_of(normal), 2, 5 * 3 / sqrt(MANY));
  assert_near(deviation_of(normal), 3, 5 * 3 / sqrt(2 * MANY));
  vt_tensor *uniform = op_make(ctx, "RandomUniform", "shape=20000;low=-1;high=3;dtype=11", NULL);
  assert_int_equal(uniform->type, VT_F64);
  assert_near(mean_of(uniform), 1, 5 * 4 / sqrt(12.0 * MANY));
  for (int64_t i = 0; i < MANY; i++)
    assert_true(vt_get_f64(uniform, i) >= -1 && vt_get_f64(uniform, i) < 3);
  vt_tensor *shape = op_i64(ctx, SHAPE(2, 3), 0);
  assert_fails(ctx, op_try(ctx, "RandomNormalLike", "", shape), VT_ERROR_UNSUPPORTED, "i64");
  vt_tensor *like = op_run(ctx, "RandomNormalLike", "dtype=10", shape);
  assert_true(like->type == VT_F16 && vt_same_shape(like, shape));
  like = op_run(ctx, "RandomUniformLike", "", op_f64(ctx, SHAPE(4), 0));
  assert_true(like->type == VT_F64 && vt_count(like) == 4);
}

static void test_multinomial(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2, 3), log(1), log(2), log(5), -INFINITY, 0, -INFINITY);
  vt_tensor *y = op_run(ctx, "Multinomial", "sample_size=20000;dtype=7;seed=1", x);
  assert_true(y->type == VT_I64 && y->dims[0] == 2 && y->dims[1] == MANY);
  double counts[3] = {0};
  for (int64_t i = 0; i < MANY; i++) {
    int64_t drawn = vt_get_i64(y, i);
    assert_in_range(drawn, 0, 2);
    counts[drawn]++;
    assert_int_equal(vt_get_i64(y, MANY + i), 1);
  }
  const double expected[] = {0.125, 0.25, 0.625};
  for (int c = 0; c < 3; c++)
    assert_near(counts[c] / MANY, expected[c], 5 * sqrt(expected[c] * (1 - expected[c]) / MANY));
  assert_int_equal(op_run(ctx, "Multinomial", "", x)->type, VT_I32);
  assert_fails(ctx, op_try(ctx, "Multinomial", "", op_f32(ctx, SHAPE(3), 0)), VT_ERROR_INVALID_MODEL,
               "[batch, classes]");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(test_dropout_inference), op_test(test_dropout_training), op_test(test_bernoulli),
      op_test(test_distributions),     op_test(test_multinomial),
  };
  return cmocka_run_group_tests_name("ops/random", tests, NULL, NULL);
}
