/* SPDX-License-Identifier: Apache-2.0
 *
 * Gather, GatherElements, GatherND, OneHot, ReverseSequence.
 */
#include "op_case.h"

static void gather_along_an_axis(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(3, 2), 1, 2, 3, 4, 5, 6);
  op_expect(op_run(ctx, "Gather", "", x, op_i64(ctx, SHAPE(2, 2), 0, 2, -1, 1)), VT_F32, SHAPE(2, 2, 2), 0, 1,
            2, 5, 6, 5, 6, 3, 4);
  op_expect(op_run(ctx, "Gather", "axis=-1", x, op_i32(ctx, SCALAR, 1)), VT_F32, SHAPE(3), 0, 2, 4, 6);
  op_expect(op_run(ctx, "Gather", "axis=1", x, op_i64(ctx, SHAPE(3), 1, 0, 1)), VT_F32, SHAPE(3, 3), 0, 2, 1,
            2, 4, 3, 4, 6, 5, 6);
  op_expect(op_run(ctx, "Gather", "", x, op_i64(ctx, SHAPE(0), NO_VALUES)), VT_F32, SHAPE(0, 2), 0,
            NO_VALUES);
  assert_fails(ctx, op_try(ctx, "Gather", "", x, op_i64(ctx, SHAPE(2), 0, 3)), VT_ERROR_INVALID_DATA,
               "index 3 at position 1 of input 1 is outside -3..2");
  assert_fails(ctx, op_try(ctx, "Gather", "", x, op_i32(ctx, SHAPE(1), -4)), VT_ERROR_INVALID_DATA,
               "index -4");
  assert_fails(ctx, op_try(ctx, "Gather", "axis=2", x, op_i32(ctx, SHAPE(1), 0)), VT_ERROR_INVALID_ARGUMENT,
               "axis 2");
  assert_fails(ctx, op_try(ctx, "Gather", "", x, op_f32(ctx, SHAPE(1), 0)), VT_ERROR_UNSUPPORTED,
               "element type f32");
}

static void gather_elements(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f64(ctx, SHAPE(3, 3), 1, 2, 3, 4, 5, 6, 7, 8, 9);
  op_expect(op_run(ctx, "GatherElements", "axis=1", x, op_i64(ctx, SHAPE(2, 2), 0, -1, 1, 1)), VT_F64,
            SHAPE(2, 2), 0, 1, 3, 5, 5);
  op_expect(op_run(ctx, "GatherElements", "axis=0", x, op_i32(ctx, SHAPE(2, 3), 1, 2, 0, 2, 0, -3)), VT_F64,
            SHAPE(2, 3), 0, 4, 8, 3, 7, 2, 3);
  op_expect(op_run(ctx, "GatherElements", "axis=0", x, op_i32(ctx, SHAPE(5, 1), 2, 2, 1, 0, 0)), VT_F64,
            SHAPE(5, 1), 0, 7, 7, 4, 1, 1);
  op_expect(op_run(ctx, "GatherElements", "", x, op_i32(ctx, SHAPE(2, 0), NO_VALUES)), VT_F64, SHAPE(2, 0), 0,
            NO_VALUES);
  assert_fails(ctx, op_try(ctx, "GatherElements", "axis=1", x, op_i64(ctx, SHAPE(4, 1), 0)),
               VT_ERROR_INVALID_MODEL, "indices i64[4,1] reach beyond the data f64[3,3]");
  assert_fails(ctx, op_try(ctx, "GatherElements", "axis=1", x, op_i64(ctx, SHAPE(1, 1), 3)),
               VT_ERROR_INVALID_DATA, "index 3 at position 0");
}

static void gather_tuples(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_i32(ctx, SHAPE(2, 2, 2), 0, 1, 2, 3, 4, 5, 6, 7);
  op_expect(op_run(ctx, "GatherND", "", x, op_i64(ctx, SHAPE(2, 3), 0, 1, 1, -1, 0, 0)), VT_I32, SHAPE(2), 0,
            3, 4);
  op_expect(op_run(ctx, "GatherND", "", x, op_i64(ctx, SHAPE(2, 1, 2), 0, 1, 1, 0)), VT_I32, SHAPE(2, 1, 2),
            0, 2, 3, 4, 5);
  op_expect(op_run(ctx, "GatherND", "batch_dims=1", x, op_i64(ctx, SHAPE(2, 1), 1, 0)), VT_I32, SHAPE(2, 2),
            0, 2, 3, 4, 5);
  op_expect(op_run(ctx, "GatherND", "", x, op_i64(ctx, SHAPE(2, 0), NO_VALUES)), VT_I32, SHAPE(2, 2, 2, 2), 0,
            0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7);
  assert_fails(ctx, op_try(ctx, "GatherND", "", x, op_i64(ctx, SHAPE(1, 4), 0)), VT_ERROR_INVALID_MODEL,
               "indices i64[1,4] do not fit data i32[2,2,2]");
  assert_fails(ctx, op_try(ctx, "GatherND", "batch_dims=1", x, op_i64(ctx, SHAPE(1, 1), 0)),
               VT_ERROR_INVALID_MODEL, "with 1 batch axes");
  assert_fails(ctx, op_try(ctx, "GatherND", "batch_dims=8", x, op_i64(ctx, SHAPE(1, 1), 0)),
               VT_ERROR_INVALID_MODEL, "with 8 batch axes");
  assert_fails(ctx, op_try(ctx, "GatherND", "", x, op_i64(ctx, SCALAR, 0)), VT_ERROR_INVALID_MODEL,
               "do not fit");
  assert_fails(ctx, op_try(ctx, "GatherND", "", x, op_i64(ctx, SHAPE(1, 2), 0, 2)), VT_ERROR_INVALID_DATA,
               "index 2 at position 1 is outside axis 1 of 2");
}

static void one_hot(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *values = op_f32(ctx, SHAPE(2), -1, 5);
  op_expect(op_run(ctx, "OneHot", "", op_i64(ctx, SHAPE(3), 1, -1, 7), op_i64(ctx, SCALAR, 3), values),
            VT_F32, SHAPE(3, 3), 0, -1, 5, -1, -1, -1, 5, -1, -1, -1);
  op_expect(op_run(ctx, "OneHot", "axis=0", op_f32(ctx, SHAPE(2), 1, 0), op_f32(ctx, SHAPE(1), 2),
                   op_u8(ctx, SHAPE(2), 0, 1)),
            VT_U8, SHAPE(2, 2), 0, 0, 1, 1, 0);
  assert_fails(ctx, op_try(ctx, "OneHot", "", op_i64(ctx, SHAPE(1), 0), op_i64(ctx, SCALAR, -2), values),
               VT_ERROR_INVALID_DATA, "is -2");
  assert_fails(ctx, op_try(ctx, "OneHot", "", op_i64(ctx, SHAPE(1), 0), op_i64(ctx, SHAPE(2), 1, 1), values),
               VT_ERROR_INVALID_MODEL, "one depth and two values are needed, not 2 and 2");
  assert_fails(ctx, op_try(ctx, "OneHot", "axis=2", op_i64(ctx, SHAPE(1), 0), op_i64(ctx, SCALAR, 2), values),
               VT_ERROR_INVALID_ARGUMENT, "axis 2");
}

static void reverse_sequences(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(3, 2), 0, 1, 2, 3, 4, 5);
  op_expect(op_run(ctx, "ReverseSequence", "", x, op_i64(ctx, SHAPE(2), 3, 2)), VT_F32, SHAPE(3, 2), 0, 4, 3,
            2, 1, 0, 5);
  op_expect(op_run(ctx, "ReverseSequence", "batch_axis=0;time_axis=1", x, op_i64(ctx, SHAPE(3), 2, 1, 0)),
            VT_F32, SHAPE(3, 2), 0, 1, 0, 2, 3, 4, 5);
  assert_fails(ctx, op_try(ctx, "ReverseSequence", "", x, op_i64(ctx, SHAPE(2), 3, 4)), VT_ERROR_INVALID_DATA,
               "length 4 of item 1 is outside 0..3");
  assert_fails(ctx, op_try(ctx, "ReverseSequence", "", x, op_i64(ctx, SHAPE(3), 1)), VT_ERROR_INVALID_MODEL,
               "lengths i64[3] and axes 1, 0 do not fit data f32[3,2]");
  assert_fails(ctx, op_try(ctx, "ReverseSequence", "batch_axis=0", x, op_i64(ctx, SHAPE(3), 1)),
               VT_ERROR_INVALID_MODEL, "axes 0, 0");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(gather_along_an_axis), op_test(gather_elements), op_test(gather_tuples), op_test(one_hot),
      op_test(reverse_sequences),
  };
  return cmocka_run_group_tests_name("ops/gather", tests, NULL, NULL);
}
