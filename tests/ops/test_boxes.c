/* SPDX-License-Identifier: Apache-2.0
 *
 * RoiAlign, NonMaxSuppression.
 */
#include "op_case.h"

static void regions_of_a_ramp(void **state)
{
  vt_ctx *ctx = *state;
  /* value = column + 10 · row: the mean of a bin is the value at its middle */
  vt_tensor *x = op_f64(ctx, SHAPE(1, 1, 4, 4), 0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23, 30, 31, 32, 33);
  vt_tensor *item = op_i64(ctx, SHAPE(1), 0), *roi = op_f64(ctx, SHAPE(1, 4), 1, 1, 3, 3);
  op_expect(op_run(ctx, "RoiAlign", "output_height=2;output_width=2", x, roi, item), VT_F64,
            SHAPE(1, 1, 2, 2), 1e-12, 11, 12, 21, 22);
  op_expect(op_run(ctx, "RoiAlign", "coordinate_transformation_mode=output_half_pixel;sampling_ratio=2", x,
                   roi, item),
            VT_F64, SHAPE(1, 1, 1, 1), 1e-12, 22);
  op_expect(op_run(ctx, "RoiAlign", "spatial_scale=0.5;output_width=2", x,
                   op_f64(ctx, SHAPE(1, 4), 2, 2, 6, 6), item),
            VT_F64, SHAPE(1, 1, 1, 2), 1e-12, 16, 17);
  /* one sample at (1.5, 1.5): the largest of four quarters is that of 22 */
  op_expect(op_run(ctx, "RoiAlign", "mode=max;sampling_ratio=1", x, roi, item), VT_F64, SHAPE(1, 1, 1, 1),
            1e-12, 5.5);
  /* far outside */
  op_expect(op_run(ctx, "RoiAlign", "", x, op_f64(ctx, SHAPE(1, 4), 20, 20, 22, 22), item), VT_F64,
            SHAPE(1, 1, 1, 1), 0, 0);
  op_expect(
      op_run(ctx, "RoiAlign", "", x, op_f64(ctx, SHAPE(0, 4), NO_VALUES), op_i64(ctx, SHAPE(0), NO_VALUES)),
      VT_F64, SHAPE(0, 1, 1, 1), 0, NO_VALUES);
}

static void regions_choose_their_item(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2, 2, 1, 1), 1, 2, 3, 4);
  op_expect(op_run(ctx, "RoiAlign", "", x, op_f32(ctx, SHAPE(3, 4), 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1),
                   op_i64(ctx, SHAPE(3), 1, 0, 1)),
            VT_F32, SHAPE(3, 2, 1, 1), 1e-6, 3, 4, 1, 2, 3, 4);
}

static void regions_refused(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(1, 1, 2, 2), 0), *roi = op_f32(ctx, SHAPE(1, 4), 0, 0, 1, 1),
            *item = op_i64(ctx, SHAPE(1), 0);
  assert_fails(ctx, op_try(ctx, "RoiAlign", "", x, roi, op_i64(ctx, SHAPE(1), 1)), VT_ERROR_INVALID_DATA,
               "region 0 is of item 1, the data has 1");
  assert_fails(ctx, op_try(ctx, "RoiAlign", "", x, op_f32(ctx, SHAPE(1, 4), 0, 0, 1e9, 1), item),
               VT_ERROR_INVALID_DATA, "cannot be pooled");
  assert_fails(ctx, op_try(ctx, "RoiAlign", "", x, op_f32(ctx, SHAPE(1, 4), 0, NAN, 1, 1), item),
               VT_ERROR_INVALID_DATA, "region 0 starts at nan");
  assert_fails(ctx, op_try(ctx, "RoiAlign", "", x, op_f32(ctx, SHAPE(1, 3), 0), item), VT_ERROR_INVALID_MODEL,
               "regions f32[1,3] and items i64[1] do not fit data f32[1,1,2,2]");
  assert_fails(ctx, op_try(ctx, "RoiAlign", "output_width=0", x, roi, item), VT_ERROR_INVALID_MODEL,
               "1 × 0 bins");
}

static void best_boxes_survive(void **state)
{
  vt_ctx *ctx = *state;
  /* box 1 overlaps box 0 by 1/3, box 2 stands apart, box 3 is box 2 with its corners swapped */
  vt_tensor *boxes = op_f32(ctx, SHAPE(1, 4, 4), 0, 0, 2, 2, 0, 1, 2, 3, 5, 5, 6, 6, 6, 6, 5, 5);
  vt_tensor *scores = op_f32(ctx, SHAPE(1, 2, 4), 0.5, 0.9, 0.7, 0.7, 0.1, 0.2, 0.3, 0.4),
            *many = op_i64(ctx, SCALAR, 9);
  op_expect(op_run(ctx, "NonMaxSuppression", "", boxes, scores, many, op_f32(ctx, SCALAR, 0.3),
                   op_f32(ctx, SCALAR, 0.25)),
            VT_I64, SHAPE(3, 3), 0, 0, 0, 1, 0, 0, 2, 0, 1, 3);
  op_expect(op_run(ctx, "NonMaxSuppression", "", boxes, scores, many, op_f32(ctx, SCALAR, 0.5),
                   op_f32(ctx, SCALAR, 0.45)),
            VT_I64, SHAPE(3, 3), 0, 0, 0, 1, 0, 0, 2, 0, 0, 0);
  op_expect(op_run(ctx, "NonMaxSuppression", "", boxes, scores, op_i64(ctx, SHAPE(1), 1)), VT_I64,
            SHAPE(2, 3), 0, 0, 0, 1, 0, 1, 3);
  op_expect(op_run(ctx, "NonMaxSuppression", "", boxes, scores), VT_I64, SHAPE(0, 3), 0, NO_VALUES);
  /* the same boxes by middle and size */
  vt_tensor *centred = op_f32(ctx, SHAPE(1, 2, 4), 1, 1, 2, 2, 1, 2, 2, 2);
  op_expect(op_run(ctx, "NonMaxSuppression", "center_point_box=1", centred,
                   op_f32(ctx, SHAPE(1, 1, 2), 0.5, 0.5), many, op_f32(ctx, SCALAR, 0.3)),
            VT_I64, SHAPE(1, 3), 0, 0, 0, 0); /* equal scores: the lower index */
}

static void suppression_refuses(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *boxes = op_f32(ctx, SHAPE(1, 2, 4), 0), *scores = op_f32(ctx, SHAPE(1, 1, 2), 0);
  assert_fails(ctx, op_try(ctx, "NonMaxSuppression", "", boxes, op_f32(ctx, SHAPE(1, 1, 3), 0)),
               VT_ERROR_INVALID_MODEL, "boxes f32[1,2,4] and scores f32[1,1,3] do not fit");
  assert_fails(
      ctx,
      op_try(ctx, "NonMaxSuppression", "", boxes, scores, op_i64(ctx, SCALAR, 1), op_f32(ctx, SCALAR, 2)),
      VT_ERROR_INVALID_DATA, "iou_threshold is 2");
}

int main(void)
{
  const struct CMUnitTest tests[] = {op_test(regions_of_a_ramp), op_test(regions_choose_their_item),
                                     op_test(regions_refused), op_test(best_boxes_survive),
                                     op_test(suppression_refuses)};
  return cmocka_run_group_tests_name("ops/boxes", tests, NULL, NULL);
}
