/* SPDX-License-Identifier: Apache-2.0
 *
 * GridSample, AffineGrid, Col2Im.
 */
#include "op_case.h"

/* One row of two pixels 10 20, sampled at x on its middle line. */
static double row_at(vt_ctx *ctx, const char *attributes, double x)
{
  vt_tensor *y = op_run(ctx, "GridSample", attributes, op_f64(ctx, SHAPE(1, 1, 1, 2), 10, 20),
                        op_f64(ctx, SHAPE(1, 1, 1, 2), x, 0));
  return vt_get_f64(y, 0);
}

static void places_and_padding(void **state)
{
  vt_ctx *ctx = *state;
  /* pixel middles at −0.5 and 0.5 */
  assert_near(row_at(ctx, "", -0.5), 10, 1e-12);
  assert_near(row_at(ctx, "", 0.25), 17.5, 1e-12);
  assert_near(row_at(ctx, "", 1), 10, 1e-12); /* half of it lies outside */
  assert_near(row_at(ctx, "", 2), 0, 1e-12);
  assert_near(row_at(ctx, "padding_mode=border", 2), 20, 1e-12);
  assert_near(row_at(ctx, "padding_mode=border", -7), 10, 1e-12);
  assert_near(row_at(ctx, "padding_mode=reflection", 1.25), 17.5 + 2.5,
              1e-12); /* pixel 1.75 mirrors to 1.25: 20 and 20 */
  assert_near(row_at(ctx, "padding_mode=reflection", 2), 15, 1e-12); /* pixel 2.5 mirrors to 0.5 */
  /* with corners aligned at −1 and 1 */
  assert_near(row_at(ctx, "align_corners=1", -1), 10, 1e-12);
  assert_near(row_at(ctx, "align_corners=1", 0.5), 17.5, 1e-12);
  assert_near(row_at(ctx, "align_corners=1;padding_mode=reflection", 2), 15, 1e-12);
  assert_near(row_at(ctx, "mode=nearest", 0.3), 20, 1e-12);
  assert_near(row_at(ctx, "mode=nearest", -0.3), 10, 1e-12);
  assert_near(row_at(ctx, "mode=nearest;align_corners=1", 0), 10, 1e-12); /* 0.5 goes to the even pixel */
  /* the cubic kernel between two pixels, nothing beside them, and nothing above and below the row */
  assert_near(row_at(ctx, "mode=cubic", 0), 0.59375 * 30, 1e-12);
  assert_near(row_at(ctx, "mode=bicubic;padding_mode=border", 0), 15, 1e-12);
  assert_near(row_at(ctx, "", NAN), 0, 0);
  double far = row_at(ctx, "padding_mode=reflection", INFINITY);
  assert_true(far >= 10 && far <= 20);
}

static void planes_and_volumes(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(1, 2, 2, 2), 1, 2, 3, 4, 5, 6, 7, 8);
  /* the grid holds x before y */
  op_expect(
      op_run(ctx, "GridSample", "align_corners=1", x, op_f32(ctx, SHAPE(1, 1, 3, 2), 1, -1, -1, 1, 0, 0)),
      VT_F32, SHAPE(1, 2, 1, 3), 1e-6, 2, 3, 2.5, 6, 7, 6.5);
  vt_tensor *volume = op_f64(ctx, SHAPE(1, 1, 2, 2, 2), 1, 2, 3, 4, 5, 6, 7, 8);
  op_expect(op_run(ctx, "GridSample", "align_corners=1;mode=bilinear", volume,
                   op_f64(ctx, SHAPE(1, 1, 1, 2, 3), 1, -1, -1, 0, 0, 0)),
            VT_F64, SHAPE(1, 1, 1, 1, 2), 1e-12, 2, 4.5);
  op_expect(op_run(ctx, "GridSample", "", x, op_f32(ctx, SHAPE(1, 0, 3, 2), NO_VALUES)), VT_F32,
            SHAPE(1, 2, 0, 3), 0, NO_VALUES);
  assert_fails(ctx, op_try(ctx, "GridSample", "", x, op_f32(ctx, SHAPE(1, 1, 1, 3), 0)),
               VT_ERROR_INVALID_MODEL, "the grid f32[1,1,1,3] does not fit the data f32[1,2,2,2]");
  assert_fails(ctx,
               op_try(ctx, "GridSample", "", op_f32(ctx, SHAPE(1, 1, 0, 2), NO_VALUES),
                      op_f32(ctx, SHAPE(1, 1, 1, 2), 0)),
               VT_ERROR_INVALID_MODEL, "axis 2 has nothing to sample");
  assert_fails(ctx,
               op_try(ctx, "GridSample", "", op_f32(ctx, SHAPE(1, 1, 1, 1, 1, 1), 0),
                      op_f32(ctx, SHAPE(1, 1, 1, 1, 1, 4), 0)),
               VT_ERROR_UNSUPPORTED, "4 spatial axes");
}

static void affine_grids(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *identity = op_f32(ctx, SHAPE(1, 2, 3), 1, 0, 0, 0, 1, 0);
  op_expect(op_run(ctx, "AffineGrid", "", identity, op_i64(ctx, SHAPE(4), 1, 1, 1, 2)), VT_F32,
            SHAPE(1, 1, 2, 2), 1e-6, -0.5, 0, 0.5, 0);
  op_expect(op_run(ctx, "AffineGrid", "align_corners=1", identity, op_i64(ctx, SHAPE(4), 1, 1, 2, 2)), VT_F32,
            SHAPE(1, 2, 2, 2), 1e-6, -1, -1, 1, -1, -1, 1, 1, 1);
  /* x' = 2y + 3, y' = x − 1 */
  op_expect(op_run(ctx, "AffineGrid", "align_corners=1", op_f64(ctx, SHAPE(1, 2, 3), 0, 2, 3, 1, 0, -1),
                   op_i64(ctx, SHAPE(4), 1, 1, 1, 2)),
            VT_F64, SHAPE(1, 1, 2, 2), 1e-12, 1, -2, 1, 0);
  assert_fails(ctx, op_try(ctx, "AffineGrid", "", identity, op_i64(ctx, SHAPE(5), 1, 1, 2, 2, 2)),
               VT_ERROR_INVALID_MODEL, "theta f32[1,2,3] does not fit a size of 5 numbers");
  assert_fails(ctx, op_try(ctx, "AffineGrid", "", identity, op_i64(ctx, SHAPE(4), 1, 1, -2, 2)),
               VT_ERROR_INVALID_DATA, "is -2");
}

static void columns_to_image(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *image = op_i64(ctx, SHAPE(2), 2, 3), *block = op_i64(ctx, SHAPE(2), 1, 2);
  /* blocks at columns 0 and 1 of two rows; the middle column is covered twice */
  op_expect(op_run(ctx, "Col2Im", "", op_f32(ctx, SHAPE(1, 2, 4), 1, 2, 3, 4, 10, 20, 30, 40), image, block),
            VT_F32, SHAPE(1, 1, 2, 3), 0, 1, 12, 20, 3, 34, 40);
  op_expect(op_run(ctx, "Col2Im", "strides=1,2;pads=0,1,0,0",
                   op_f64(ctx, SHAPE(1, 2, 4), 1, 2, 3, 4, 10, 20, 30, 40), image, block),
            VT_F64, SHAPE(1, 1, 2, 3), 0, 10, 2, 20, 30, 4, 40);
  assert_fails(ctx, op_try(ctx, "Col2Im", "", op_f32(ctx, SHAPE(1, 2, 5), 0), image, block),
               VT_ERROR_INVALID_MODEL, "data f32[1,2,5] does not fit");
  assert_fails(ctx, op_try(ctx, "Col2Im", "strides=0,1", op_f32(ctx, SHAPE(1, 2, 4), 0), image, block),
               VT_ERROR_INVALID_MODEL, "does not fit an image of 2 axes");
  assert_fails(ctx, op_try(ctx, "Col2Im", "pads=0,1", op_f32(ctx, SHAPE(1, 2, 4), 0), image, block),
               VT_ERROR_INVALID_MODEL, "does not fit an image of 2 axes");
}

int main(void)
{
  const struct CMUnitTest tests[] = {op_test(places_and_padding), op_test(planes_and_volumes),
                                     op_test(affine_grids), op_test(columns_to_image)};
  return cmocka_run_group_tests_name("ops/sample", tests, NULL, NULL);
}
