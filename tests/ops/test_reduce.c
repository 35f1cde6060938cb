/* SPDX-License-Identifier: Apache-2.0
 *
 * Reductions by hand and against sums by index arithmetic for every choice of axes; ArgMax, ArgMin, CumSum.
 */
#include "op_case.h"

static void test_by_hand(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2, 3), 1, -2, 3, 4, 5, -6), *last = op_i64(ctx, SHAPE(1), -1);
  op_expect(op_run(ctx, "ReduceSum", "", x, last), VT_F32, SHAPE(2, 1), 0, 2, 3);
  op_expect(op_run(ctx, "ReduceSum", "keepdims=0", x, last), VT_F32, SHAPE(2), 0, 2, 3);
  op_expect(op_run(ctx, "ReduceMean", "keepdims=0", x, op_i64(ctx, SHAPE(1), 0)), VT_F32, SHAPE(3), 0, 2.5,
            1.5, -1.5);
  op_expect(op_run(ctx, "ReduceMax", "", x), VT_F32, SHAPE(1, 1), 0, 5);
  op_expect(op_run(ctx, "ReduceMin", "keepdims=0", x, op_i64(ctx, SHAPE(2), 0, 1)), VT_F32, SCALAR, 0, -6);
  op_expect(op_run(ctx, "ReduceProd", "keepdims=0", x, last), VT_F32, SHAPE(2), 0, -6, -120);
  op_expect(op_run(ctx, "ReduceL1", "keepdims=0", x, last), VT_F32, SHAPE(2), 0, 6, 15);
  op_expect(op_run(ctx, "ReduceL2", "keepdims=0", x, last), VT_F32, SHAPE(2), 1e-7, sqrt(14), sqrt(77));
  op_expect(op_run(ctx, "ReduceSumSquare", "keepdims=0", x, last), VT_F32, SHAPE(2), 0, 14, 77);
  op_expect(op_run(ctx, "ReduceLogSum", "keepdims=0", x, last), VT_F32, SHAPE(2), 1e-7, log(2), log(3));
  op_expect(op_run(ctx, "ReduceLogSumExp", "keepdims=0", x, last), VT_F32, SHAPE(2), 2e-7,
            log(exp(1) + exp(-2) + exp(3)), log(exp(4) + exp(5) + exp(-6)));
}

static void test_axes(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2, 2), -1, 2, -3, 4), *none = op_i64(ctx, SHAPE(0), NO_VALUES);
  op_expect(op_run(ctx, "ReduceSum", "", x, none), VT_F32, SHAPE(1, 1), 0, 2);
  op_expect(op_run(ctx, "ReduceSum", "noop_with_empty_axes=1", x, none), VT_F32, SHAPE(2, 2), 0, -1, 2, -3,
            4);
  op_expect(op_run(ctx, "ReduceSum", "noop_with_empty_axes=1;keepdims=0", x), VT_F32, SHAPE(2, 2), 0, -1, 2,
            -3, 4);
  op_expect(op_run(ctx, "ReduceL1", "noop_with_empty_axes=1", x, none), VT_F32, SHAPE(2, 2), 0, 1, 2, 3, 4);
  op_expect(op_run(ctx, "ReduceSum", "noop_with_empty_axes=1", x, op_i32(ctx, SHAPE(1), 1)), VT_F32,
            SHAPE(2, 1), 0, 1, 1);
  op_expect(op_run(ctx, "ReduceMean", "", op_f32(ctx, SCALAR, 5)), VT_F32, SCALAR, 0, 5);
  assert_fails(ctx, op_try(ctx, "ReduceSum", "", x, op_i64(ctx, SHAPE(1), 2)), VT_ERROR_INVALID_ARGUMENT,
               "axis 2");
  assert_fails(ctx, op_try(ctx, "ReduceSum", "", x, op_i64(ctx, SHAPE(2), 1, -1)), VT_ERROR_INVALID_MODEL,
               "twice");
  assert_fails(ctx, op_try(ctx, "ReduceSum", "", x, op_f32(ctx, SHAPE(1), 1)), VT_ERROR_UNSUPPORTED,
               "input 1");
}

static void test_axes_without_value(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor axes = {.type = VT_I64, .rank = 1, .dims = {1}};
  vt_tensor *output = vt_tensor_empty(ctx), *inputs[2] = {op_f32(ctx, SHAPE(2, 2), 1), &axes};
  struct {
    bool keepdims, noop_with_empty_axes;
  } settings = {true, false};
  const vt_op *op = vt_op_find("", "ReduceSum");
  vt_call call = {op, &settings, "n", 2, 1, inputs, &output};
  assert_int_equal(vt_call_shape(ctx, &call), VT_ERROR_DATA_DEPENDENT);
  assert_int_equal(vt_ctx_status(ctx), VT_OK);
}

/* All 32 sets of axes of a 5-D tensor; sizes give long and short rows, and an axis of size 1 between. Sums of
 * whole numbers are exact in any order, so these must be equal. */
static void test_every_set_of_axes(void **state)
{
  vt_ctx *ctx = *state;
  const int64_t dims[5] = {3, 37, 1, 5, 19};
  vt_tensor *x = vt_tensor_new(ctx, VT_F32, 5, dims);
  for (int64_t i = 0; i < vt_count(x); i++)
    ((float *)x->data)[i] = (float)((i * 7919) % 201 - 100);
  for (int set = 0; set < 32; set++) {
    double axes[5];
    int count = 0;
    for (int axis = 0; axis < 5; axis++)
      if (set >> axis & 1) axes[count++] = axis - (axis % 2 ? 5 : 0);
    vt_tensor *list = op_tensor_of(ctx, VT_I64, SHAPE(count), axes, count);
    vt_tensor *sum = op_run(ctx, "ReduceSum", "noop_with_empty_axes=1", x, list);
    vt_tensor *top = op_run(ctx, "ReduceMax", "noop_with_empty_axes=1", x, list);
    vt_tensor *soft = op_run(ctx, "ReduceLogSumExp", "noop_with_empty_axes=1", x, list);
    int64_t outputs = vt_count(sum);
    double *sums = test_calloc((size_t)outputs, sizeof *sums),
           *tops = test_calloc((size_t)outputs, sizeof *tops);
    double *powers = test_calloc((size_t)outputs, sizeof *powers);
    for (int64_t i = 0; i < outputs; i++)
      tops[i] = -1000;
    for (int pass = 0; pass < 2; pass++)
      for (int64_t i = 0; i < vt_count(x); i++) {
        int64_t rest = i, place = 0, step = 1;
        for (int axis = 4; axis >= 0; axis--) {
          assert_int_equal(sum->dims[axis], set >> axis & 1 ? 1 : dims[axis]);
          if (!(set >> axis & 1)) place += rest % dims[axis] * step, step *= dims[axis];
          rest /= dims[axis];
        }
        double value = vt_get_f64(x, i);
        if (pass == 0) sums[place] += value, tops[place] = fmax(tops[place], value);
        if (pass == 1) powers[place] += exp(value - tops[place]);
      }
    for (int64_t i = 0; i < outputs; i++) {
      op_expect_near(vt_get_f64(sum, i), sums[i], 0, i, set);
      op_expect_near(vt_get_f64(top, i), tops[i], 0, i, set);
      op_expect_near(vt_get_f64(soft, i), tops[i] + log(powers[i]), 2e-7, i, set);
    }
    test_free(sums);
    test_free(tops);
    test_free(powers);
  }
}

static void test_accuracy_and_threads(void **state)
{
  vt_ctx *ctx = *state;
  /* a million times 0.1f: plain f32 addition would be off by 1 % */
  vt_tensor *x = op_f32(ctx, SHAPE(1000003), 0.1);
  double exact = 1000003.0 * (double)0.1f;
  op_expect(op_run(ctx, "ReduceSum", "keepdims=0", x), VT_F32, SCALAR, 6e-8, exact);
  vt_tensor *y = op_uniform(ctx, VT_F32, SHAPE(201, 3, 333), -1, 1, 5);
  for (int axis = 0; axis < 3; axis++) {
    vt_tensor *list = op_i64(ctx, SHAPE(1), axis);
    vt_ctx_set_threads(ctx, 1);
    vt_tensor *one = op_run(ctx, "ReduceSum", "", y, list);
    vt_ctx_set_threads(ctx, 3);
    vt_tensor *three = op_run(ctx, "ReduceSum", "", y, list);
    assert_memory_equal(one->data, three->data, vt_bytes(one));
  }
}

static void test_types(void **state)
{
  vt_ctx *ctx = *state;
  const vt_type types[] = {VT_F32, VT_F64, VT_F16, VT_BF16, VT_I8,  VT_I16,
                           VT_I32, VT_I64, VT_U8,  VT_U16,  VT_U32, VT_U64};
  for (size_t i = 0; i < VT_COUNT(types); i++) {
    vt_tensor *x = op_tensor(ctx, types[i], SHAPE(4), 3, 4, 1, 8);
    const struct {
      const char *name;
      double value;
    } cases[] = {{"ReduceSum", 16},  {"ReduceMean", 4}, {"ReduceMax", 8},       {"ReduceMin", 1},
                 {"ReduceProd", 96}, {"ReduceL1", 16},  {"ReduceSumSquare", 90}};
    for (size_t c = 0; c < VT_COUNT(cases); c++)
      op_expect(op_run(ctx, cases[c].name, "keepdims=0", x), types[i], SCALAR, 0, cases[c].value);
    vt_tensor *legs = op_tensor(ctx, types[i], SHAPE(2), 3, 4);
    op_expect(op_run(ctx, "ReduceL2", "keepdims=0", legs), types[i], SCALAR, 0, 5);
    op_expect(op_run(ctx, "ReduceLogSum", "keepdims=0", op_tensor(ctx, types[i], SHAPE(1), 1)), types[i],
              SCALAR, 0, 0);
    op_expect(op_run(ctx, "ReduceLogSumExp", "keepdims=0", op_tensor(ctx, types[i], SHAPE(1), 5)), types[i],
              SCALAR, 0, 5);
    op_expect(op_run(ctx, "ArgMax", "keepdims=0", x), VT_I64, SCALAR, 0, 3);
    op_expect(op_run(ctx, "ArgMin", "keepdims=0", x), VT_I64, SCALAR, 0, 2);
  }
  vt_tensor *flags = op_bool(ctx, SHAPE(2, 2), 1, 0, 0, 0), *last = op_i64(ctx, SHAPE(1), 1);
  op_expect(op_run(ctx, "ReduceMax", "keepdims=0", flags, last), VT_BOOL, SHAPE(2), 0, 1, 0);
  op_expect(op_run(ctx, "ReduceMin", "keepdims=0", flags, last), VT_BOOL, SHAPE(2), 0, 0, 0);
  vt_tensor *large = op_tensor(ctx, VT_U64, SHAPE(2), 0, 7);
  *(uint64_t *)large->data = UINT64_MAX;
  assert_true(*(uint64_t *)op_run(ctx, "ReduceMax", "", large)->data == UINT64_MAX);
  op_expect(op_run(ctx, "ReduceMin", "", large), VT_U64, SHAPE(1), 0, 7);
}

static void test_empty_and_special(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2, 0, 3), NO_VALUES), *middle = op_i64(ctx, SHAPE(1), 1);
  op_expect(op_run(ctx, "ReduceSum", "", x, middle), VT_F32, SHAPE(2, 1, 3), 0, 0);
  op_expect(op_run(ctx, "ReduceProd", "", x, middle), VT_F32, SHAPE(2, 1, 3), 0, 1);
  op_expect(op_run(ctx, "ReduceMax", "", x, middle), VT_F32, SHAPE(2, 1, 3), 0, -INFINITY);
  op_expect(op_run(ctx, "ReduceMin", "", x, middle), VT_F32, SHAPE(2, 1, 3), 0, INFINITY);
  op_expect(op_run(ctx, "ReduceMean", "", x, middle), VT_F32, SHAPE(2, 1, 3), 0, NAN);
  op_expect(op_run(ctx, "ReduceLogSumExp", "", x, middle), VT_F32, SHAPE(2, 1, 3), 0, -INFINITY);
  op_expect(op_run(ctx, "ReduceSum", "", x, op_i64(ctx, SHAPE(1), 0)), VT_F32, SHAPE(1, 0, 3), 0, NO_VALUES);
  vt_tensor *y = op_f32(ctx, SHAPE(3, 2), NAN, 1, INFINITY, 2, -INFINITY, -INFINITY),
            *last = op_i64(ctx, SHAPE(1), 1);
  op_expect(op_run(ctx, "ReduceMax", "keepdims=0", y, last), VT_F32, SHAPE(3), 0, NAN, INFINITY, -INFINITY);
  op_expect(op_run(ctx, "ReduceMin", "keepdims=0", y, last), VT_F32, SHAPE(3), 0, NAN, 2, -INFINITY);
  op_expect(op_run(ctx, "ReduceLogSumExp", "keepdims=0", y, last), VT_F32, SHAPE(3), 0, NAN, INFINITY,
            -INFINITY);
  op_expect(op_run(ctx, "ReduceLogSumExp", "keepdims=0", op_f32(ctx, SHAPE(2), 1000, 1000)), VT_F32, SCALAR,
            1e-7, 1000 + log(2));
}

static void test_arg(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2, 3), 2, 7, 7, 5, 5, 1);
  op_expect(op_run(ctx, "ArgMax", "axis=1", x), VT_I64, SHAPE(2, 1), 0, 1, 0);
  op_expect(op_run(ctx, "ArgMax", "axis=-1;keepdims=0;select_last_index=1", x), VT_I64, SHAPE(2), 0, 2, 1);
  op_expect(op_run(ctx, "ArgMax", "keepdims=0", x), VT_I64, SHAPE(3), 0, 1, 0, 0);
  op_expect(op_run(ctx, "ArgMin", "axis=1;keepdims=0", x), VT_I64, SHAPE(2), 0, 0, 2);
  op_expect(op_run(ctx, "ArgMin", "axis=1;keepdims=0;select_last_index=1", op_i32(ctx, SHAPE(1, 3), 1, 1, 2)),
            VT_I64, SHAPE(1), 0, 1);
  op_expect(op_run(ctx, "ArgMax", "", op_f32(ctx, SHAPE(4), 1, NAN, 9, NAN)), VT_I64, SHAPE(1), 0, 1);
  assert_fails(ctx, op_try(ctx, "ArgMax", "axis=2", x), VT_ERROR_INVALID_ARGUMENT, "axis 2");
  assert_fails(ctx, op_try(ctx, "ArgMax", "axis=1", op_f32(ctx, SHAPE(2, 0), NO_VALUES)),
               VT_ERROR_INVALID_ARGUMENT, "empty");
}

static void test_cumsum(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2, 3), 1, 2, 3, 4, 5, 6), *one = op_i32(ctx, SCALAR, 1);
  op_expect(op_run(ctx, "CumSum", "", x, one), VT_F32, SHAPE(2, 3), 0, 1, 3, 6, 4, 9, 15);
  op_expect(op_run(ctx, "CumSum", "", x, op_i64(ctx, SHAPE(1), 0)), VT_F32, SHAPE(2, 3), 0, 1, 2, 3, 5, 7, 9);
  op_expect(op_run(ctx, "CumSum", "exclusive=1", x, one), VT_F32, SHAPE(2, 3), 0, 0, 1, 3, 0, 4, 9);
  op_expect(op_run(ctx, "CumSum", "reverse=1", x, one), VT_F32, SHAPE(2, 3), 0, 6, 5, 3, 15, 11, 6);
  op_expect(op_run(ctx, "CumSum", "reverse=1;exclusive=1", x, op_i64(ctx, SCALAR, -1)), VT_F32, SHAPE(2, 3),
            0, 5, 3, 0, 11, 6, 0);
  const vt_type types[] = {VT_F64, VT_F16, VT_BF16, VT_I32, VT_I64, VT_U32, VT_U64};
  for (size_t i = 0; i < VT_COUNT(types); i++)
    op_expect(op_run(ctx, "CumSum", "", op_tensor(ctx, types[i], SHAPE(3), 1, 2, 3), op_i32(ctx, SCALAR, 0)),
              types[i], SHAPE(3), 0, 1, 3, 6);
  assert_fails(ctx, op_try(ctx, "CumSum", "", x, op_i32(ctx, SCALAR, 2)), VT_ERROR_INVALID_ARGUMENT,
               "axis 2");
  assert_fails(ctx, op_try(ctx, "CumSum", "", x, op_i32(ctx, SHAPE(0), NO_VALUES)), VT_ERROR_INVALID_MODEL,
               "one number");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(test_by_hand),
      op_test(test_axes),
      op_test(test_axes_without_value),
      op_test(test_every_set_of_axes),
      op_test(test_accuracy_and_threads),
      op_test(test_types),
      op_test(test_empty_and_special),
      op_test(test_arg),
      op_test(test_cumsum),
  };
  return cmocka_run_group_tests_name("ops/reduce", tests, NULL, NULL);
}
