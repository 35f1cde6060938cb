/* SPDX-License-Identifier: Apache-2.0
 *
 * Slice, CenterCropPad.
 */
#include "op_case.h"

static void slice_steps_and_clamps(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(3, 4), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
  op_expect(op_run(ctx, "Slice", "", x, op_i64(ctx, SHAPE(2), 1, 0), op_i64(ctx, SHAPE(2), 3, 3)), VT_F32,
            SHAPE(2, 3), 0, 4, 5, 6, 8, 9, 10);
  op_expect(op_run(ctx, "Slice", "", x, op_i32(ctx, SHAPE(1), -1), op_i32(ctx, SHAPE(1), -9),
                   op_i32(ctx, SHAPE(1), -1), op_i32(ctx, SHAPE(1), -2)),
            VT_F32, SHAPE(3, 2), 0, 3, 1, 7, 5, 11, 9);
  op_expect(op_run(ctx, "Slice", "", x, op_i64(ctx, SHAPE(1), 1), op_i64(ctx, SHAPE(1), 0x1p62),
                   op_i64(ctx, SHAPE(1), 1), op_i64(ctx, SHAPE(1), 2)),
            VT_F32, SHAPE(3, 2), 0, 1, 3, 5, 7, 9, 11);
  op_expect(op_run(ctx, "Slice", "", x, op_i64(ctx, SHAPE(1), 5), op_i64(ctx, SHAPE(1), 9)), VT_F32,
            SHAPE(0, 4), 0, NO_VALUES);
  op_expect(op_run(ctx, "Slice", "", x, op_i64(ctx, SHAPE(2), 2, 0), op_i64(ctx, SHAPE(2), -0x1p62, 1), NULL,
                   op_i64(ctx, SHAPE(2), -1, 1)),
            VT_F32, SHAPE(3, 1), 0, 8, 4, 0);
}

/* start, end and step of one axis of 5 elements, against Python's list slicing written out */
static void slice_like_python(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_u8(ctx, SHAPE(5), 0, 1, 2, 3, 4);
  for (int start = -7; start <= 7; start++)
    for (int end = -7; end <= 7; end++)
      for (int step = -3; step <= 3; step++) {
        if (step == 0) continue;
        int first = start < 0 ? start + 5 : start, stop = end < 0 ? end + 5 : end;
        vt_tensor *y = op_run(ctx, "Slice", "", x, op_i64(ctx, SHAPE(1), start), op_i64(ctx, SHAPE(1), end),
                              op_i64(ctx, SHAPE(1), 0), op_i64(ctx, SHAPE(1), step));
        int64_t found = 0;
        if (step > 0 && first < 0) first = 0;
        if (step < 0 && first > 4) first = 4;
        for (int i = first; step > 0 ? i < stop && i < 5 : i > stop && i >= 0; i += step)
          assert_int_equal(vt_get_i64(y, found++), i);
        assert_int_equal(vt_count(y), found);
      }
}

static void slice_extremes(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_u8(ctx, SHAPE(3), 7, 8, 9), *last = op_i64(ctx, SHAPE(1), 0),
            *step = op_i64(ctx, SHAPE(1), 0);
  *(int64_t *)last->data = INT64_MIN;
  *(int64_t *)step->data = INT64_MIN;
  op_expect(op_run(ctx, "Slice", "", x, op_i64(ctx, SHAPE(1), 2), last, op_i64(ctx, SHAPE(1), 0), step),
            VT_U8, SHAPE(1), 0, 9);
  *(int64_t *)last->data = INT64_MAX;
  *(int64_t *)step->data = INT64_MAX;
  op_expect(op_run(ctx, "Slice", "", x, op_i64(ctx, SHAPE(1), 1), last, op_i64(ctx, SHAPE(1), 0), step),
            VT_U8, SHAPE(1), 0, 8);
}

static void slice_refuses(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(3), 0), *one = op_i64(ctx, SHAPE(1), 1),
            *two = op_i64(ctx, SHAPE(2), 0, 0);
  assert_fails(ctx, op_try(ctx, "Slice", "", x, one, two), VT_ERROR_INVALID_MODEL,
               "different lengths (1, 2, -1, -1");
  assert_fails(ctx, op_try(ctx, "Slice", "", x, two, two, two), VT_ERROR_INVALID_MODEL,
               "axis 0 is listed twice");
  assert_fails(ctx, op_try(ctx, "Slice", "", x, one, one, op_i64(ctx, SHAPE(1), 1)),
               VT_ERROR_INVALID_ARGUMENT, "axis 1 is outside");
  assert_fails(ctx, op_try(ctx, "Slice", "", x, one, one, op_i64(ctx, SHAPE(1), 0), op_i64(ctx, SHAPE(1), 0)),
               VT_ERROR_INVALID_MODEL, "step of axis 0 is 0");
}

static void center_crop_and_pad(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2, 4), 1, 2, 3, 4, 5, 6, 7, 8);
  op_expect(op_run(ctx, "CenterCropPad", "", x, op_i64(ctx, SHAPE(2), 5, 3)), VT_F32, SHAPE(5, 3), 0, 0, 0, 0,
            1, 2, 3, 5, 6, 7, 0, 0, 0, 0, 0, 0);
  op_expect(op_run(ctx, "CenterCropPad", "axes=-1", x, op_i64(ctx, SHAPE(1), 2)), VT_F32, SHAPE(2, 2), 0, 2,
            3, 6, 7);
  assert_fails(ctx, op_try(ctx, "CenterCropPad", "axes=0", x, op_i64(ctx, SHAPE(2), 2, 2)),
               VT_ERROR_INVALID_MODEL, "2 sizes given for 1 axes");
  assert_fails(ctx, op_try(ctx, "CenterCropPad", "axes=0,-2", x, op_i64(ctx, SHAPE(2), 2, 2)),
               VT_ERROR_INVALID_MODEL, "axis 0 is listed twice");
  assert_fails(ctx, op_try(ctx, "CenterCropPad", "axes=0", x, op_i64(ctx, SHAPE(1), -2)),
               VT_ERROR_INVALID_DATA, "is -2");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(slice_steps_and_clamps), op_test(slice_like_python),   op_test(slice_extremes),
      op_test(slice_refuses),          op_test(center_crop_and_pad),
  };
  return cmocka_run_group_tests_name("ops/slice", tests, NULL, NULL);
}
