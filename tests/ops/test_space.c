/* SPDX-License-Identifier: Apache-2.0
 *
 * DepthToSpace, SpaceToDepth, Trilu.
 */
#include "op_case.h"

static void depth_to_space(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_u8(ctx, SHAPE(1, 8, 1, 2), 0, 1, 10, 11, 20, 21, 30, 31, 40, 41, 50, 51, 60, 61, 70, 71);
  /* channel of (row, column, c) is (row · 2 + column) · 2 + c */
  op_expect(op_run(ctx, "DepthToSpace", "blocksize=2", x), VT_U8, SHAPE(1, 2, 2, 4), 0, 0, 20, 1, 21, 40, 60,
            41, 61, 10, 30, 11, 31, 50, 70, 51, 71);
  /* channel of (row, column, c) is c · 4 + row · 2 + column */
  op_expect(op_run(ctx, "DepthToSpace", "blocksize=2;mode=CRD", x), VT_U8, SHAPE(1, 2, 2, 4), 0, 0, 10, 1, 11,
            20, 30, 21, 31, 40, 50, 41, 51, 60, 70, 61, 71);
  assert_fails(ctx, op_try(ctx, "DepthToSpace", "blocksize=3", x), VT_ERROR_INVALID_MODEL,
               "u8[1,8,1,2]: blocks of 3");
  assert_fails(ctx, op_try(ctx, "DepthToSpace", "blocksize=0", x), VT_ERROR_INVALID_ARGUMENT, "blocksize");
}

static void space_to_depth_is_the_inverse(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(1, 1, 2, 4), 0, 1, 2, 3, 4, 5, 6, 7);
  op_expect(op_run(ctx, "SpaceToDepth", "blocksize=2", x), VT_F32, SHAPE(1, 4, 1, 2), 0, 0, 2, 1, 3, 4, 6, 5,
            7);
  vt_tensor *large = op_uniform(ctx, VT_F64, SHAPE(2, 18, 5, 7), -1, 1, 3);
  vt_tensor *there = op_run(ctx, "DepthToSpace", "blocksize=3", large);
  vt_tensor *back = op_run(ctx, "SpaceToDepth", "blocksize=3", there);
  assert_true(vt_same_shape(back, large));
  assert_memory_equal(back->data, large->data, vt_bytes(large));
  assert_fails(ctx, op_try(ctx, "SpaceToDepth", "blocksize=3", x), VT_ERROR_INVALID_MODEL,
               "H and W divisible by 3");
  assert_fails(ctx, op_try(ctx, "SpaceToDepth", "blocksize=1", op_f32(ctx, SHAPE(2), 0)),
               VT_ERROR_INVALID_MODEL, "f32[2]");
}

static void triangles(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_i32(ctx, SHAPE(2, 2, 3), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
  op_expect(op_run(ctx, "Trilu", "", x), VT_I32, SHAPE(2, 2, 3), 0, 1, 2, 3, 0, 5, 6, 7, 8, 9, 0, 11, 12);
  op_expect(op_run(ctx, "Trilu", "upper=0", x, op_i64(ctx, SCALAR, -1)), VT_I32, SHAPE(2, 2, 3), 0, 0, 0, 0,
            4, 0, 0, 0, 0, 0, 10, 0, 0);
  vt_tensor *far = op_i64(ctx, SHAPE(1), 0);
  *(int64_t *)far->data = INT64_MAX;
  op_expect(op_run(ctx, "Trilu", "", x, far), VT_I32, SHAPE(2, 2, 3), 0, 0);
  op_expect(op_run(ctx, "Trilu", "upper=0", x, far), VT_I32, SHAPE(2, 2, 3), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
            11, 12);
  *(int64_t *)far->data = INT64_MIN;
  op_expect(op_run(ctx, "Trilu", "upper=0", x, far), VT_I32, SHAPE(2, 2, 3), 0, 0);
  op_expect(op_run(ctx, "Trilu", "", op_f32(ctx, SHAPE(3, 0), NO_VALUES)), VT_F32, SHAPE(3, 0), 0, NO_VALUES);
  assert_fails(ctx, op_try(ctx, "Trilu", "", op_f32(ctx, SHAPE(3), 0)), VT_ERROR_INVALID_MODEL,
               "f32[3] and 1");
  assert_fails(ctx, op_try(ctx, "Trilu", "", x, op_i64(ctx, SHAPE(2), 0)), VT_ERROR_INVALID_MODEL, "and 2");
}

int main(void)
{
  const struct CMUnitTest tests[] = {op_test(depth_to_space), op_test(space_to_depth_is_the_inverse),
                                     op_test(triangles)};
  return cmocka_run_group_tests_name("ops/space", tests, NULL, NULL);
}
