/* SPDX-License-Identifier: Apache-2.0
 *
 * Pad.
 */
#include "op_case.h"

static void pad_by_constant(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2, 2), 1, 2, 3, 4);
  op_expect(op_run(ctx, "Pad", "", x, op_i64(ctx, SHAPE(4), 1, 0, 0, 2)), VT_F32, SHAPE(3, 4), 0, 0, 0, 0, 0,
            1, 2, 0, 0, 3, 4, 0, 0);
  op_expect(op_run(ctx, "Pad", "", x, op_i64(ctx, SHAPE(2), -1, 1), op_f32(ctx, SCALAR, 9),
                   op_i64(ctx, SHAPE(1), -1)),
            VT_F32, SHAPE(2, 2), 0, 2, 9, 4, 9);
  op_expect(op_run(ctx, "Pad", "", x, op_i64(ctx, SHAPE(4), 0, 0, 0, 0)), VT_F32, SHAPE(2, 2), 0, 1, 2, 3, 4);
  op_expect(op_run(ctx, "Pad", "", op_u8(ctx, SHAPE(0), NO_VALUES), op_i64(ctx, SHAPE(2), 1, 2),
                   op_u8(ctx, SHAPE(1), 5)),
            VT_U8, SHAPE(3), 0, 5);
  op_expect(op_run(ctx, "Pad", "", x, op_i64(ctx, SHAPE(4), -2, 0, 0, 0)), VT_F32, SHAPE(0, 2), 0, NO_VALUES);
  /* an inner block moves as one cell */
  op_expect(op_run(ctx, "Pad", "", x, op_i64(ctx, SHAPE(4), 0, 0, 1, 0), op_f32(ctx, SCALAR, 7)), VT_F32,
            SHAPE(3, 2), 0, 1, 2, 3, 4, 7, 7);
}

static void pad_by_neighbours(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_i64(ctx, SHAPE(1, 3), 1, 2, 3), *pads = op_i64(ctx, SHAPE(4), 0, 5, 0, 3);
  op_expect(op_run(ctx, "Pad", "mode=reflect", x, pads), VT_I64, SHAPE(1, 11), 0, 2, 1, 2, 3, 2, 1, 2, 3, 2,
            1, 2);
  op_expect(op_run(ctx, "Pad", "mode=edge", x, pads), VT_I64, SHAPE(1, 11), 0, 1, 1, 1, 1, 1, 1, 2, 3, 3, 3,
            3);
  op_expect(op_run(ctx, "Pad", "mode=wrap", x, pads), VT_I64, SHAPE(1, 11), 0, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2,
            3);
  op_expect(op_run(ctx, "Pad", "mode=reflect", op_i64(ctx, SHAPE(1), 4), op_i64(ctx, SHAPE(2), 1, 1)), VT_I64,
            SHAPE(3), 0, 4);
  /* negative pads cut first, the rest is what is mirrored */
  op_expect(op_run(ctx, "Pad", "mode=reflect", x, op_i64(ctx, SHAPE(4), 0, -1, 0, 2)), VT_I64, SHAPE(1, 4), 0,
            2, 3, 2, 3);
  op_expect(op_run(ctx, "Pad", "mode=edge", op_f64(ctx, SHAPE(2, 2), 1, 2, 3, 4),
                   op_i64(ctx, SHAPE(4), 1, 1, 0, 0)),
            VT_F64, SHAPE(3, 3), 0, 1, 1, 2, 1, 1, 2, 3, 3, 4);
}

static void pad_refuses(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2), 1, 2), *huge = op_i64(ctx, SHAPE(2), 0, 0);
  assert_fails(ctx, op_try(ctx, "Pad", "", x, op_i64(ctx, SHAPE(3), 0)), VT_ERROR_INVALID_MODEL,
               "3 pads given for 1");
  assert_fails(ctx, op_try(ctx, "Pad", "", x, op_i64(ctx, SHAPE(2), -2, -1)), VT_ERROR_INVALID_MODEL,
               "pads -2 and -1 do not fit");
  ((int64_t *)huge->data)[0] = INT64_MAX;
  ((int64_t *)huge->data)[1] = INT64_MIN;
  assert_fails(ctx, op_try(ctx, "Pad", "", x, huge), VT_ERROR_INVALID_MODEL, "do not fit an axis of size 2");
  assert_fails(ctx,
               op_try(ctx, "Pad", "mode=edge", op_f32(ctx, SHAPE(0), NO_VALUES), op_i64(ctx, SHAPE(2), 1, 0)),
               VT_ERROR_INVALID_MODEL, "nothing to pad from");
  assert_fails(ctx, op_try(ctx, "Pad", "", x, op_i64(ctx, SHAPE(2), 0), op_f64(ctx, SCALAR, 1)),
               VT_ERROR_INVALID_MODEL, "the value is f64[]");
  assert_fails(ctx, op_try(ctx, "Pad", "", x, op_i64(ctx, SHAPE(4), 0), NULL, op_i64(ctx, SHAPE(2), 0, -1)),
               VT_ERROR_INVALID_MODEL, "axis 0 is listed twice");
  assert_fails(ctx, op_try(ctx, "Pad", "mode=mirror", x, op_i64(ctx, SHAPE(2), 0)), VT_ERROR_INVALID_ARGUMENT,
               "mirror");
}

int main(void)
{
  const struct CMUnitTest tests[] = {op_test(pad_by_constant), op_test(pad_by_neighbours),
                                     op_test(pad_refuses)};
  return cmocka_run_group_tests_name("ops/pad", tests, NULL, NULL);
}
