/* SPDX-License-Identifier: Apache-2.0
 *
 * Constant, ConstantOfShape, EyeLike, Range, Shape, Size.
 */
#include "op_case.h"

static void test_constant(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *value = op_tensor(ctx, VT_F16, SHAPE(2), 1, 2);
  op_expect(op_make(ctx, "Constant", "", value), VT_F16, SHAPE(2), 0, 1, 2);
  op_expect(op_make(ctx, "Constant", "value_int=-7", NULL), VT_I64, SCALAR, 0, -7);
  op_expect(op_make(ctx, "Constant", "value_int=0", NULL), VT_I64, SCALAR, 0, 0);
  op_expect(op_make(ctx, "Constant", "value_float=0.5", NULL), VT_F32, SCALAR, 0, 0.5);
  op_expect(op_make(ctx, "Constant", "value_ints=3,4,5", NULL), VT_I64, SHAPE(3), 0, 3, 4, 5);
  op_expect(op_make(ctx, "Constant", "value_ints=", NULL), VT_I64, SHAPE(0), 0, NO_VALUES);
  op_expect(op_make(ctx, "Constant", "value_floats=0.25,-1", NULL), VT_F32, SHAPE(2), 0, 0.25, -1);
}

static vt_status fill(vt_ctx *ctx, vt_tensor *shape, vt_tensor *value, vt_tensor **out)
{
  *out = NULL;
  return op_call(ctx, "ConstantOfShape", "", value, out, 1, &shape, 1);
}

static void test_constant_of_shape(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *y, *shape = op_i64(ctx, SHAPE(2), 2, 3);
  assert_ok(ctx, fill(ctx, shape, NULL, &y));
  op_expect(y, VT_F32, SHAPE(2, 3), 0, 0);
  const vt_type types[] = {VT_F32, VT_F64, VT_F16, VT_BF16, VT_I8,  VT_I16, VT_I32,
                           VT_I64, VT_U8,  VT_U16, VT_U32,  VT_U64, VT_BOOL};
  for (size_t t = 0; t < VT_COUNT(types); t++) {
    assert_ok(ctx, fill(ctx, shape, op_tensor(ctx, types[t], SHAPE(1), 1), &y));
    op_expect(y, types[t], SHAPE(2, 3), 0, 1);
  }
  assert_ok(ctx, fill(ctx, op_i64(ctx, SHAPE(0), NO_VALUES), op_i32(ctx, SHAPE(1), 9), &y));
  op_expect(y, VT_I32, SCALAR, 0, 9);
  assert_ok(ctx, fill(ctx, op_i64(ctx, SHAPE(1), 0), op_i32(ctx, SHAPE(1), 9), &y));
  op_expect(y, VT_I32, SHAPE(0), 0, NO_VALUES);
  assert_fails(ctx, fill(ctx, op_i64(ctx, SHAPE(1), -3), NULL, &y), VT_ERROR_INVALID_DATA,
               "dimension 0 is -3");
  assert_fails(ctx, fill(ctx, op_i64(ctx, SHAPE(3), 0x7fffffff), NULL, &y), VT_ERROR_OUT_OF_MEMORY,
               "too large");
  assert_fails(ctx, fill(ctx, shape, op_f32(ctx, SHAPE(2), 1), &y), VT_ERROR_INVALID_MODEL, "one element");
  assert_fails(ctx, fill(ctx, op_i64(ctx, SHAPE(9), 1), NULL, &y), VT_ERROR_INVALID_MODEL, "at most 8");
}

static void test_eye(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_i32(ctx, SHAPE(2, 3), 7);
  op_expect(op_run(ctx, "EyeLike", "", x), VT_I32, SHAPE(2, 3), 0, 1, 0, 0, 0, 1, 0);
  op_expect(op_run(ctx, "EyeLike", "k=1;dtype=10", x), VT_F16, SHAPE(2, 3), 0, 0, 1, 0, 0, 0, 1);
  op_expect(op_run(ctx, "EyeLike", "k=-1;dtype=11", x), VT_F64, SHAPE(2, 3), 0, 0, 0, 0, 1, 0, 0);
  op_expect(op_run(ctx, "EyeLike", "k=9223372036854775807", x), VT_I32, SHAPE(2, 3), 0, 0);
  assert_fails(ctx, op_try(ctx, "EyeLike", "", op_f32(ctx, SHAPE(2), 1)), VT_ERROR_INVALID_MODEL, "matrix");
}

static void test_range(void **state)
{
  vt_ctx *ctx = *state;
  const vt_type types[] = {VT_F32, VT_F64, VT_I16, VT_I32, VT_I64};
  for (size_t t = 0; t < VT_COUNT(types); t++) {
    vt_tensor *one = op_tensor(ctx, types[t], SCALAR, 1), *eight = op_tensor(ctx, types[t], SCALAR, 8);
    vt_tensor *three = op_tensor(ctx, types[t], SHAPE(1), 3), *back = op_tensor(ctx, types[t], SCALAR, -3);
    op_expect(op_run(ctx, "Range", "", one, eight, three), types[t], SHAPE(3), 0, 1, 4, 7);
    op_expect(op_run(ctx, "Range", "", eight, one, back), types[t], SHAPE(3), 0, 8, 5, 2);
    op_expect(op_run(ctx, "Range", "", eight, one, three), types[t], SHAPE(0), 0, NO_VALUES);
    op_expect(op_run(ctx, "Range", "", one, one, three), types[t], SHAPE(0), 0, NO_VALUES);
    assert_fails(ctx, op_try(ctx, "Range", "", one, eight, op_tensor(ctx, types[t], SCALAR, 0)),
                 VT_ERROR_INVALID_ARGUMENT, " ");
  }
  op_expect(
      op_run(ctx, "Range", "", op_f64(ctx, SCALAR, 0), op_f64(ctx, SCALAR, 1), op_f64(ctx, SCALAR, 0.25)),
      VT_F64, SHAPE(4), 0, 0, 0.25, 0.5, 0.75);
  vt_tensor *zero = op_f32(ctx, SCALAR, 0), *one = op_f32(ctx, SCALAR, 1);
  assert_fails(ctx, op_try(ctx, "Range", "", zero, op_f32(ctx, SCALAR, NAN), one), VT_ERROR_INVALID_ARGUMENT,
               "finite");
  assert_fails(ctx, op_try(ctx, "Range", "", zero, op_f32(ctx, SCALAR, INFINITY), one),
               VT_ERROR_INVALID_ARGUMENT, "finite");
  assert_fails(ctx, op_try(ctx, "Range", "", zero, op_f32(ctx, SHAPE(2), 1), one), VT_ERROR_INVALID_MODEL,
               "one number");
  vt_tensor *ends[2] = {op_i64(ctx, SCALAR, 0), op_i64(ctx, SCALAR, 0)};
  *(int64_t *)ends[0]->data = INT64_MIN;
  *(int64_t *)ends[1]->data = INT64_MAX;
  assert_fails(ctx, op_try(ctx, "Range", "", ends[0], ends[1], op_i64(ctx, SCALAR, 1)),
               VT_ERROR_OUT_OF_MEMORY, "too large");
}

static void test_shape_and_size(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_u8(ctx, SHAPE(2, 3, 4), 0);
  op_expect(op_run(ctx, "Shape", "", x), VT_I64, SHAPE(3), 0, 2, 3, 4);
  op_expect(op_run(ctx, "Shape", "start=1", x), VT_I64, SHAPE(2), 0, 3, 4);
  op_expect(op_run(ctx, "Shape", "start=-2;end=-1", x), VT_I64, SHAPE(1), 0, 3);
  op_expect(op_run(ctx, "Shape", "start=-9;end=9", x), VT_I64, SHAPE(3), 0, 2, 3, 4);
  op_expect(op_run(ctx, "Shape", "start=2;end=1", x), VT_I64, SHAPE(0), 0, NO_VALUES);
  op_expect(op_run(ctx, "Shape", "", op_f32(ctx, SCALAR, 1)), VT_I64, SHAPE(0), 0, NO_VALUES);
  op_expect(op_run(ctx, "Size", "", x), VT_I64, SCALAR, 0, 24);
  op_expect(op_run(ctx, "Size", "", op_f32(ctx, SHAPE(3, 0), NO_VALUES)), VT_I64, SCALAR, 0, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(test_constant), op_test(test_constant_of_shape), op_test(test_eye),
      op_test(test_range),    op_test(test_shape_and_size),
  };
  return cmocka_run_group_tests_name("ops/constant", tests, NULL, NULL);
}
