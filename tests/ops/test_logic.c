/* SPDX-License-Identifier: Apache-2.0
 *
 * Logic, comparisons, Where.
 */
#include "op_case.h"

static void test_truth_tables(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *a = op_bool(ctx, SHAPE(4), 0, 0, 1, 1), *b = op_bool(ctx, SHAPE(4), 0, 1, 0, 1);
  op_expect(op_run(ctx, "And", "", a, b), VT_BOOL, SHAPE(4), 0, 0, 0, 0, 1);
  op_expect(op_run(ctx, "Or", "", a, b), VT_BOOL, SHAPE(4), 0, 0, 1, 1, 1);
  op_expect(op_run(ctx, "Xor", "", a, b), VT_BOOL, SHAPE(4), 0, 0, 1, 1, 0);
  op_expect(op_run(ctx, "Not", "", a), VT_BOOL, SHAPE(4), 0, 1, 1, 0, 0);
  op_expect(op_run(ctx, "And", "", a, op_bool(ctx, SHAPE(2, 1), 0, 1)), VT_BOOL, SHAPE(2, 4), 0, 0, 0, 0, 0,
            0, 0, 1, 1);
  assert_fails(ctx, op_try(ctx, "And", "", a, op_f32(ctx, SHAPE(4), 1)), VT_ERROR_UNSUPPORTED, "f32");
}

static void test_comparisons(void **state)
{
  vt_ctx *ctx = *state;
  const vt_type types[] = {VT_F32, VT_F64, VT_F16, VT_BF16, VT_I8,  VT_I16,
                           VT_I32, VT_I64, VT_U8,  VT_U16,  VT_U32, VT_U64};
  for (size_t i = 0; i < VT_COUNT(types); i++) {
    vt_tensor *a = op_tensor(ctx, types[i], SHAPE(3), 1, 2, 3), *b = op_tensor(ctx, types[i], SHAPE(1), 2);
    op_expect(op_run(ctx, "Equal", "", a, b), VT_BOOL, SHAPE(3), 0, 0, 1, 0);
    op_expect(op_run(ctx, "Greater", "", a, b), VT_BOOL, SHAPE(3), 0, 0, 0, 1);
    op_expect(op_run(ctx, "Less", "", a, b), VT_BOOL, SHAPE(3), 0, 1, 0, 0);
    op_expect(op_run(ctx, "GreaterOrEqual", "", a, b), VT_BOOL, SHAPE(3), 0, 0, 1, 1);
    op_expect(op_run(ctx, "LessOrEqual", "", b, a), VT_BOOL, SHAPE(3), 0, 0, 1, 1);
  }
  vt_tensor *a = op_f32(ctx, SHAPE(3), NAN, INFINITY, -0.0), *b = op_f32(ctx, SHAPE(3), NAN, INFINITY, 0);
  op_expect(op_run(ctx, "Equal", "", a, b), VT_BOOL, SHAPE(3), 0, 0, 1, 1);
  op_expect(op_run(ctx, "LessOrEqual", "", a, b), VT_BOOL, SHAPE(3), 0, 0, 1, 1);
  op_expect(op_run(ctx, "Equal", "", op_bool(ctx, SHAPE(2), 0, 1), op_bool(ctx, SHAPE(2), 1)), VT_BOOL,
            SHAPE(2), 0, 0, 1);
  /* beyond 2^53, where f64 would not tell them apart */
  vt_tensor *large = op_i64(ctx, SHAPE(1), 0), *larger = op_i64(ctx, SHAPE(1), 0);
  *(int64_t *)large->data = (INT64_C(1) << 60);
  *(int64_t *)larger->data = (INT64_C(1) << 60) + 1;
  op_expect(op_run(ctx, "Less", "", large, larger), VT_BOOL, SHAPE(1), 0, 1);
}

static void test_where(void **state)
{
  vt_ctx *ctx = *state;
  const vt_type types[] = {VT_F32, VT_F64, VT_F16, VT_BF16, VT_I8,   VT_I16, VT_I32, VT_I64,
                           VT_U8,  VT_U16, VT_U32, VT_U64,  VT_BOOL, VT_C64, VT_C128};
  vt_tensor *condition = op_bool(ctx, SHAPE(2, 2), 1, 0, 0, 1);
  for (size_t i = 0; i < VT_COUNT(types); i++) {
    vt_type type = types[i];
    double one = 1, two = type == VT_BOOL ? 0 : 2;
    vt_tensor *x = op_tensor(ctx, type, SHAPE(2, 2), one), *y = op_tensor(ctx, type, SHAPE(2, 2), two);
    vt_tensor *chosen = op_run(ctx, "Where", "", condition, x, y);
    assert_int_equal(chosen->type, type);
    for (int64_t n = 0; n < 4; n++)
      op_expect_near(vt_get_f64(chosen, n), n == 0 || n == 3 ? one : two, 0, n, (int)i);
  }
  vt_tensor *x = op_f32(ctx, SHAPE(2), 1, 2), *y = op_f32(ctx, SCALAR, -9);
  op_expect(op_run(ctx, "Where", "", condition, x, y), VT_F32, SHAPE(2, 2), 0, 1, -9, -9, 2);
  op_expect(op_run(ctx, "Where", "", condition, y, x), VT_F32, SHAPE(2, 2), 0, -9, 2, 1, -9);
  op_expect(op_run(ctx, "Where", "", condition, y, op_f32(ctx, SCALAR, 4)), VT_F32, SHAPE(2, 2), 0, -9, 4, 4,
            -9);
  op_expect(op_run(ctx, "Where", "", op_bool(ctx, SHAPE(2, 1), 1, 0), x, y), VT_F32, SHAPE(2, 2), 0, 1, 2, -9,
            -9);
  op_expect(op_run(ctx, "Where", "", op_bool(ctx, SHAPE(2, 1), 0, 1), x, op_f32(ctx, SHAPE(1, 2), 5, 6)),
            VT_F32, SHAPE(2, 2), 0, 5, 6, 1, 2);
  assert_fails(ctx, op_try(ctx, "Where", "", condition, x, op_i32(ctx, SCALAR, 1)), VT_ERROR_INVALID_MODEL,
               "f32 and i32");
  assert_fails(ctx, op_try(ctx, "Where", "", x, x, x), VT_ERROR_UNSUPPORTED, "input 0");
}

int main(void)
{
  const struct CMUnitTest tests[] = {op_test(test_truth_tables), op_test(test_comparisons),
                                     op_test(test_where)};
  return cmocka_run_group_tests_name("ops/logic", tests, NULL, NULL);
}
