/* SPDX-License-Identifier: Apache-2.0
 *
 * Compress, NonZero, Unique.
 */
#include "op_case.h"

static void compress_chooses(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(3, 2), 1, 2, 3, 4, 5, 6);
  op_expect(op_run(ctx, "Compress", "axis=0", x, op_bool(ctx, SHAPE(3), 0, 1, 1)), VT_F32, SHAPE(2, 2), 0, 3,
            4, 5, 6);
  op_expect(op_run(ctx, "Compress", "axis=-1", x, op_bool(ctx, SHAPE(2), 0, 1)), VT_F32, SHAPE(3, 1), 0, 2, 4,
            6);
  op_expect(op_run(ctx, "Compress", "", x, op_bool(ctx, SHAPE(5), 0, 1, 0, 0, 1)), VT_F32, SHAPE(2), 0, 2, 5);
  op_expect(op_run(ctx, "Compress", "axis=0", x, op_bool(ctx, SHAPE(1), 0)), VT_F32, SHAPE(0, 2), 0,
            NO_VALUES);
  op_expect(op_run(ctx, "Compress", "axis=1", x, op_bool(ctx, SHAPE(3), 1, 0, 0)), VT_F32, SHAPE(3, 1), 0, 1,
            3, 5);
  assert_fails(ctx, op_try(ctx, "Compress", "axis=1", x, op_bool(ctx, SHAPE(3), 1, 0, 1)),
               VT_ERROR_INVALID_DATA, "element 2 is chosen of an axis of 2");
  assert_fails(ctx, op_try(ctx, "Compress", "axis=1", x, op_bool(ctx, SHAPE(1, 1), 1)),
               VT_ERROR_INVALID_MODEL, "not a list");
  assert_fails(ctx, op_try(ctx, "Compress", "axis=2", x, op_bool(ctx, SHAPE(1), 1)),
               VT_ERROR_INVALID_ARGUMENT, "axis 2");
}

static void nonzero_lists_positions(void **state)
{
  vt_ctx *ctx = *state;
  op_expect(op_run(ctx, "NonZero", "", op_f32(ctx, SHAPE(2, 3), 0, 1, -0.0, NAN, 0, -2)), VT_I64, SHAPE(2, 3),
            0, 0, 1, 1, 1, 0, 2);
  op_expect(op_run(ctx, "NonZero", "", op_bool(ctx, SHAPE(3), 1, 0, 1)), VT_I64, SHAPE(1, 2), 0, 0, 2);
  op_expect(op_run(ctx, "NonZero", "", op_tensor(ctx, VT_F16, SHAPE(2), -0.0, 1)), VT_I64, SHAPE(1, 1), 0, 1);
  op_expect(op_run(ctx, "NonZero", "", op_i64(ctx, SHAPE(2, 0), NO_VALUES)), VT_I64, SHAPE(2, 0), 0,
            NO_VALUES);
  op_expect(op_run(ctx, "NonZero", "", op_i64(ctx, SCALAR, 4)), VT_I64, SHAPE(0, 1), 0, NO_VALUES);
}

static void unique_elements(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2, 3), 2, 1, 1, 3, 4, 3), *y[4];
  op_run_all(ctx, "Unique", "", y, 4, x);
  op_expect(y[0], VT_F32, SHAPE(4), 0, 1, 2, 3, 4);
  op_expect(y[1], VT_I64, SHAPE(4), 0, 1, 0, 3, 4);
  op_expect(y[2], VT_I64, SHAPE(6), 0, 1, 0, 0, 2, 3, 2);
  op_expect(y[3], VT_I64, SHAPE(4), 0, 2, 1, 2, 1);
  op_run_all(ctx, "Unique", "sorted=0", y, 4, x);
  op_expect(y[0], VT_F32, SHAPE(4), 0, 2, 1, 3, 4);
  op_expect(y[1], VT_I64, SHAPE(4), 0, 0, 1, 3, 4);
  op_expect(y[2], VT_I64, SHAPE(6), 0, 0, 1, 1, 2, 3, 2);
  op_expect(y[3], VT_I64, SHAPE(4), 0, 1, 2, 2, 1);
  op_run_all(ctx, "Unique", "", y, 4, op_f64(ctx, SHAPE(6), NAN, 0, -0.0, -INFINITY, NAN, -5));
  op_expect(y[0], VT_F64, SHAPE(4), 0, -INFINITY, -5, 0, NAN);
  op_expect(y[3], VT_I64, SHAPE(4), 0, 1, 1, 2, 2);
  op_run_all(ctx, "Unique", "", y, 4, op_u8(ctx, SHAPE(0), NO_VALUES));
  op_expect(y[0], VT_U8, SHAPE(0), 0, NO_VALUES);
  op_expect(y[2], VT_I64, SHAPE(0), 0, NO_VALUES);
}

static void unique_slices(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_i32(ctx, SHAPE(2, 3), 4, -1, 4, 0, 7, 0), *y[4];
  op_run_all(ctx, "Unique", "axis=1", y, 4, x); /* columns (4,0) (−1,7) (4,0) */
  op_expect(y[0], VT_I32, SHAPE(2, 2), 0, -1, 4, 7, 0);
  op_expect(y[1], VT_I64, SHAPE(2), 0, 1, 0);
  op_expect(y[2], VT_I64, SHAPE(3), 0, 1, 0, 1);
  op_expect(y[3], VT_I64, SHAPE(2), 0, 1, 2);
  op_run_all(ctx, "Unique", "axis=-2;sorted=0", y, 1, op_i32(ctx, SHAPE(3, 2), 9, 9, 1, 2, 9, 9));
  op_expect(y[0], VT_I32, SHAPE(2, 2), 0, 9, 9, 1, 2);
  assert_fails(ctx, op_try(ctx, "Unique", "axis=2", x), VT_ERROR_INVALID_ARGUMENT, "axis 2");
}

int main(void)
{
  const struct CMUnitTest tests[] = {op_test(compress_chooses), op_test(nonzero_lists_positions),
                                     op_test(unique_elements), op_test(unique_slices)};
  return cmocka_run_group_tests_name("ops/select", tests, NULL, NULL);
}
