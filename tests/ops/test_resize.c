/* SPDX-License-Identifier: Apache-2.0
 *
 * Resize: each mode on a line short enough to work out by hand, then the fast sweep against the passes.
 */
#include "op_case.h"

/* A line of 4 to `out` elements. */
static vt_tensor *line(vt_ctx *ctx, const char *attributes, int out)
{
  return op_run(ctx, "Resize", attributes, op_f32(ctx, SHAPE(4), 1, 2, 4, 8), NULL, NULL,
                op_i64(ctx, SHAPE(1), out));
}

static void nearest_roundings(void **state)
{
  vt_ctx *ctx = *state;
  /* 4 → 2 by half pixels: places 0.5 and 2.5 */
  op_expect(line(ctx, "", 2), VT_F32, SHAPE(2), 0, 1, 4);
  op_expect(line(ctx, "nearest_mode=round_prefer_ceil", 2), VT_F32, SHAPE(2), 0, 2, 8);
  op_expect(line(ctx, "nearest_mode=floor", 2), VT_F32, SHAPE(2), 0, 1, 4);
  op_expect(line(ctx, "nearest_mode=ceil", 2), VT_F32, SHAPE(2), 0, 2, 8);
  /* 4 → 6: places 0, 2/3, 4/3, 2, 8/3, 10/3 */
  op_expect(line(ctx, "coordinate_transformation_mode=asymmetric;nearest_mode=floor", 6), VT_F32, SHAPE(6), 0,
            1, 1, 2, 4, 4, 8);
  op_expect(line(ctx, "coordinate_transformation_mode=asymmetric", 6), VT_F32, SHAPE(6), 0, 1, 2, 2, 4, 8, 8);
  op_expect(line(ctx, "coordinate_transformation_mode=asymmetric;nearest_mode=ceil", 6), VT_F32, SHAPE(6), 0,
            1, 2, 4, 4, 8, 8);
  /* places 2/3, 2, 10/3 */
  op_expect(line(ctx, "coordinate_transformation_mode=tf_half_pixel_for_nn;nearest_mode=floor", 3), VT_F32,
            SHAPE(3), 0, 1, 4, 8);
}

static void nearest_moves_any_type(void **state)
{
  vt_ctx *ctx = *state;
  static const vt_type types[] = {VT_BOOL, VT_U8, VT_BF16, VT_F32, VT_I64, VT_C128};
  for (size_t t = 0; t < VT_COUNT(types); t++) {
    vt_tensor *x = op_tensor(ctx, types[t], SHAPE(1, 2, 2), 0, 1, 1, 0);
    op_expect(op_run(ctx, "Resize", "", x, NULL, op_f32(ctx, SHAPE(3), 1, 2, 2)), types[t], SHAPE(1, 4, 4), 0,
              0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0);
    /* channels last: the last axis stays */
    op_expect(op_run(ctx, "Resize", "axes=0", x, NULL, op_f32(ctx, SHAPE(1), 2)), types[t], SHAPE(2, 2, 2), 0,
              0, 1, 1, 0, 0, 1, 1, 0);
  }
}

static void linear_coordinates(void **state)
{
  vt_ctx *ctx = *state;
  op_expect(line(ctx, "mode=linear", 8), VT_F32, SHAPE(8), 1e-6, 1, 1.25, 1.75, 2.5, 3.5, 5, 7, 8);
  op_expect(line(ctx, "mode=linear;coordinate_transformation_mode=align_corners", 7), VT_F32, SHAPE(7), 1e-6,
            1, 1.5, 2, 3, 4, 6, 8);
  op_expect(line(ctx, "mode=linear;coordinate_transformation_mode=align_corners", 1), VT_F32, SHAPE(1), 1e-6,
            1);
  op_expect(line(ctx, "mode=linear;coordinate_transformation_mode=asymmetric", 8), VT_F32, SHAPE(8), 1e-6, 1,
            1.5, 2, 3, 4, 6, 8, 8);
  op_expect(line(ctx, "mode=linear;coordinate_transformation_mode=half_pixel", 1), VT_F32, SHAPE(1), 1e-6,
            3); /* at 1.5 */
  op_expect(line(ctx, "mode=linear;coordinate_transformation_mode=pytorch_half_pixel", 1), VT_F32, SHAPE(1),
            1e-6, 1);
  op_expect(line(ctx, "mode=linear;coordinate_transformation_mode=pytorch_half_pixel", 2), VT_F32, SHAPE(2),
            1e-6, 1.5, 6);
  /* scale 0.7: 2.8 elements cut to 2, centred: places 4 · (2.8 − 2 + 2x + 1) / 5.6 − 0.5 */
  op_expect(op_run(ctx, "Resize", "mode=linear;coordinate_transformation_mode=half_pixel_symmetric",
                   op_f64(ctx, SHAPE(4), 0, 1, 2, 3), NULL, op_f32(ctx, SHAPE(1), 0.7)),
            VT_F64, SHAPE(2), 1e-6, 4 * 1.8 / 5.6 - 0.5, 4 * 3.8 / 5.6 - 0.5);
  /* fractional length: place of element 1 is 3 / (2.4 − 1) */
  op_expect(op_run(ctx, "Resize", "mode=linear;coordinate_transformation_mode=align_corners",
                   op_f64(ctx, SHAPE(4), 0, 1, 2, 3), NULL, op_f32(ctx, SHAPE(1), 0.6)),
            VT_F64, SHAPE(2), 1e-6, 0, 3 / 1.4);
}

static void scales_that_mean_ratios_are_exact(void **state)
{
  vt_ctx *ctx = *state;
  /* 1/3 in f32 is a little large; the middles of 9 → 3 are still whole numbers, so floor finds them */
  op_expect(op_run(ctx, "Resize", "nearest_mode=floor", op_f32(ctx, SHAPE(9), 0, 1, 2, 3, 4, 5, 6, 7, 8),
                   NULL, op_f32(ctx, SHAPE(1), 1.0 / 3)),
            VT_F32, SHAPE(3), 0, 1, 4, 7);
  /* 0.7 in f32 is a little small; 10 elements still become 7 */
  assert_int_equal(
      vt_count(op_run(ctx, "Resize", "", op_f32(ctx, SHAPE(10), 0), NULL, op_f32(ctx, SHAPE(1), 0.7))), 7);
}

static void cubic_and_antialias(void **state)
{
  vt_ctx *ctx = *state;
  /* half way between two elements the weights are −0.09375 0.59375 0.59375 −0.09375 */
  op_expect(line(ctx, "mode=cubic", 2), VT_F32, SHAPE(2), 1e-6, 1.3125, 6.1875);
  op_expect(line(ctx, "mode=cubic;exclude_outside=1", 2), VT_F32, SHAPE(2), 1e-6, 1.40625 / 1.09375,
            (-0.09375 * 2 + 0.59375 * 12) / 1.09375);
  op_expect(line(ctx, "mode=cubic;cubic_coeff_a=-0.5", 2), VT_F32, SHAPE(2), 1e-6,
            0.5 + 0.5625 * 2 - 0.0625 * 4, -0.0625 * 2 + 0.5625 * 4 + 0.5 * 8);
  /* the triangle twice as wide: 0.125 0.375 0.375 0.125 */
  op_expect(line(ctx, "mode=linear;antialias=1", 2), VT_F32, SHAPE(2), 1e-6, 1.75, 5.75);
  op_expect(line(ctx, "mode=linear;antialias=1;exclude_outside=1", 2), VT_F32, SHAPE(2), 1e-6,
            (0.375 + 0.75 + 0.5) / 0.875, (0.25 + 1.5 + 3) / 0.875);
  op_expect(line(ctx, "mode=linear;antialias=1", 8), VT_F32, SHAPE(8), 1e-6, 1, 1.25, 1.75, 2.5, 3.5, 5, 7,
            8);
  op_expect(line(ctx, "mode=cubic;antialias=1", 4), VT_F32, SHAPE(4), 1e-6, 1, 2, 4, 8);
}

static void crop_and_resize(void **state)
{
  vt_ctx *ctx = *state;
  const char *attributes =
      "mode=linear;coordinate_transformation_mode=tf_crop_and_resize;extrapolation_value=9";
  vt_tensor *x = op_f32(ctx, SHAPE(3), 1, 2, 3), *roi = op_f32(ctx, SHAPE(2), -0.5, 1);
  /* places −1 0 1 2 */
  op_expect(op_run(ctx, "Resize", attributes, x, roi, NULL, op_i64(ctx, SHAPE(1), 4)), VT_F32, SHAPE(4), 1e-6,
            9, 1, 2, 3);
  op_expect(op_run(ctx, "Resize", "coordinate_transformation_mode=tf_crop_and_resize;extrapolation_value=9",
                   x, roi, NULL, op_i64(ctx, SHAPE(1), 4)),
            VT_F32, SHAPE(4), 0, 9, 1, 2, 3);
  /* one element: the middle of the region */
  op_expect(
      op_run(ctx, "Resize", attributes, x, op_f32(ctx, SHAPE(2), 0.5, 1), NULL, op_i64(ctx, SHAPE(1), 1)),
      VT_F32, SHAPE(1), 1e-6, 2.5);
  /* an element is outside when any axis is */
  op_expect(op_run(ctx, "Resize", attributes, op_f32(ctx, SHAPE(2, 2), 1, 2, 3, 4),
                   op_f32(ctx, SHAPE(4), -1, 0, 1, 1), NULL, op_i64(ctx, SHAPE(2), 3, 2)),
            VT_F32, SHAPE(3, 2), 1e-6, 9, 9, 1, 2, 3, 4);
  op_expect(op_run(ctx, "Resize", attributes, x, op_f32(ctx, SHAPE(2), NAN, INFINITY), NULL,
                   op_i64(ctx, SHAPE(1), 2)),
            VT_F32, SHAPE(2), 0, 9);
  assert_fails(ctx, op_try(ctx, "Resize", attributes, x, NULL, NULL, op_i64(ctx, SHAPE(1), 4)),
               VT_ERROR_INVALID_MODEL, "needs a roi of 2 numbers");
}

static void aspect_ratio(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2, 4), 5), *sizes = op_i64(ctx, SHAPE(2), 5, 4);
  op_expect(op_run(ctx, "Resize", "keep_aspect_ratio_policy=not_larger", x, NULL, NULL, sizes), VT_F32,
            SHAPE(2, 4), 0, 5);
  op_expect(op_run(ctx, "Resize", "mode=linear;keep_aspect_ratio_policy=not_smaller", x, NULL, NULL, sizes),
            VT_F32, SHAPE(5, 10), 1e-6, 5);
  op_expect(op_run(ctx, "Resize", "keep_aspect_ratio_policy=not_larger;axes=-1,-2", x, NULL, NULL,
                   op_i64(ctx, SHAPE(2), 3, 7)),
            VT_F32, SHAPE(2, 3), 0, 5); /* 0.75 · 2 = 1.5 rounds up */
}

static void other_types_and_ranks(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *sizes = op_i64(ctx, SHAPE(1), 3);
  const char *attributes = "mode=linear;coordinate_transformation_mode=align_corners";
  op_expect(op_run(ctx, "Resize", attributes, op_f64(ctx, SHAPE(2), 1, 2), NULL, NULL, sizes), VT_F64,
            SHAPE(3), 0, 1, 1.5, 2);
  op_expect(op_run(ctx, "Resize", attributes, op_tensor(ctx, VT_F16, SHAPE(2), 1, 2), NULL, NULL, sizes),
            VT_F16, SHAPE(3), 0, 1, 1.5, 2);
  op_expect(op_run(ctx, "Resize", attributes, op_u8(ctx, SHAPE(2), 1, 254), NULL, NULL, sizes), VT_U8,
            SHAPE(3), 0, 1, 127, 254);
  op_expect(op_run(ctx, "Resize", attributes, op_tensor(ctx, VT_I8, SHAPE(2), -2, -127), NULL, NULL, sizes),
            VT_I8, SHAPE(3), 0, -2, -64, -127);
  /* the cubic kernel overshoots; bytes saturate */
  op_expect(op_run(ctx, "Resize", "mode=cubic", op_u8(ctx, SHAPE(4), 0, 0, 255, 255), NULL, NULL,
                   op_i64(ctx, SHAPE(1), 4)),
            VT_U8, SHAPE(4), 0, 0, 0, 255, 255);
  vt_tensor *steep = op_run(ctx, "Resize", "mode=cubic", op_u8(ctx, SHAPE(4), 0, 0, 255, 255), NULL, NULL,
                            op_i64(ctx, SHAPE(1), 8));
  assert_int_equal(vt_get_i64(steep, 2), 0);
  assert_int_equal(vt_get_i64(steep, 5), 255);
  /* a volume, and the first axis: the mean of neighbours on each axis */
  vt_tensor *volume = op_f32(ctx, SHAPE(2, 2, 2), 0, 1, 2, 3, 4, 5, 6, 7);
  op_expect(op_run(ctx, "Resize", "mode=linear", volume, NULL, op_f32(ctx, SHAPE(3), 0.5, 0.5, 0.5)), VT_F32,
            SHAPE(1, 1, 1), 1e-6, 3.5);
  op_expect(op_run(ctx, "Resize", "mode=linear;axes=0", volume, NULL, op_f32(ctx, SHAPE(1), 0.5)), VT_F32,
            SHAPE(1, 2, 2), 1e-6, 2, 3, 4, 5);
  op_expect(op_run(ctx, "Resize", "mode=linear", op_f32(ctx, SHAPE(0, 3), NO_VALUES), NULL,
                   op_f32(ctx, SHAPE(2), 1, 2)),
            VT_F32, SHAPE(0, 6), 0, NO_VALUES);
}

static void sweep_agrees_with_passes(void **state)
{
  vt_ctx *ctx = *state;
  static const char *const modes[] = {"mode=linear", "mode=cubic", "mode=linear;antialias=1",
                                      "mode=cubic;antialias=1;exclude_outside=1",
                                      "mode=linear;coordinate_transformation_mode=align_corners"};
  static const int64_t sizes[][2] = {{26, 34}, {5, 40}, {31, 7}, {1, 1}, {13, 18}};
  vt_tensor *x = op_uniform(ctx, VT_F32, SHAPE(2, 3, 13, 17), -1, 1, 5);
  for (size_t m = 0; m < VT_COUNT(modes); m++)
    for (size_t s = 0; s < VT_COUNT(sizes); s++) /* sums of a few numbers below 2 in another order */
      op_agree(ctx, "Resize", modes[m], 2e-6, x, NULL, NULL,
               op_i64(ctx, SHAPE(4), 2, 3, sizes[s][0], sizes[s][1]));
  op_agree(ctx, "Resize", "mode=linear", 2e-6, op_uniform(ctx, VT_F32, SHAPE(3, 65, 70), -1, 1, 6), NULL,
           op_f32(ctx, SHAPE(3), 1, 2, 2.5));
  vt_tensor *two = op_run(ctx, "Resize", "mode=linear", x, NULL, op_f32(ctx, SHAPE(4), 1, 1, 8, 8));
  vt_ctx_set_threads(ctx, 1);
  vt_tensor *one = op_run(ctx, "Resize", "mode=linear", x, NULL, op_f32(ctx, SHAPE(4), 1, 1, 8, 8));
  assert_memory_equal(one->data, two->data, vt_bytes(one));
}

static void refuses(void **state)
{
  vt_ctx *ctx = *state;
  vt_tensor *x = op_f32(ctx, SHAPE(2, 2), 0), *scales = op_f32(ctx, SHAPE(2), 1, 2),
            *sizes = op_i64(ctx, SHAPE(2), 2, 2);
  assert_fails(ctx, op_try(ctx, "Resize", "", x), VT_ERROR_INVALID_MODEL, "either scales or sizes");
  assert_fails(ctx, op_try(ctx, "Resize", "", x, NULL, scales, sizes), VT_ERROR_INVALID_MODEL,
               "either scales or sizes");
  assert_fails(ctx, op_try(ctx, "Resize", "", x, NULL, op_f32(ctx, SHAPE(1), 1)), VT_ERROR_INVALID_MODEL,
               "1 scales given for 2 axes");
  assert_fails(ctx, op_try(ctx, "Resize", "axes=1", x, NULL, NULL, sizes), VT_ERROR_INVALID_MODEL,
               "2 sizes given for 1 axes");
  assert_fails(ctx, op_try(ctx, "Resize", "", x, NULL, op_f32(ctx, SHAPE(2), 1, -1)), VT_ERROR_INVALID_MODEL,
               "scale -1 of axis 1");
  assert_fails(ctx, op_try(ctx, "Resize", "", x, NULL, op_f32(ctx, SHAPE(2), NAN, 1)), VT_ERROR_INVALID_MODEL,
               "of axis 0");
  assert_fails(ctx, op_try(ctx, "Resize", "", x, NULL, op_f32(ctx, SHAPE(2), 1, 1e30)),
               VT_ERROR_INVALID_MODEL, "of axis 1");
  assert_fails(ctx, op_try(ctx, "Resize", "", x, NULL, op_f32(ctx, SHAPE(2), 1e15, 1e15)),
               VT_ERROR_OUT_OF_MEMORY, "too large");
  assert_fails(ctx, op_try(ctx, "Resize", "", x, NULL, NULL, op_i64(ctx, SHAPE(2), 1, -1)),
               VT_ERROR_INVALID_MODEL, "size -1 of axis 1");
  assert_fails(ctx, op_try(ctx, "Resize", "axes=0,0", x, NULL, scales), VT_ERROR_INVALID_MODEL,
               "axis 0 is listed twice");
  assert_fails(ctx, op_try(ctx, "Resize", "axes=0,1,2", x, NULL, scales), VT_ERROR_INVALID_MODEL,
               "3 axes listed");
  assert_fails(ctx, op_try(ctx, "Resize", "axes=2", x, NULL, scales), VT_ERROR_INVALID_ARGUMENT, "axis 2");
  assert_fails(ctx, op_try(ctx, "Resize", "mode=linear", op_bool(ctx, SHAPE(2, 2), 0), NULL, scales),
               VT_ERROR_UNSUPPORTED, "bool cannot be interpolated");
  assert_fails(
      ctx, op_try(ctx, "Resize", "", op_f32(ctx, SHAPE(0), NO_VALUES), NULL, NULL, op_i64(ctx, SHAPE(1), 2)),
      VT_ERROR_INVALID_MODEL, "axis 0 has nothing to resize");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(nearest_roundings),
      op_test(nearest_moves_any_type),
      op_test(linear_coordinates),
      op_test(scales_that_mean_ratios_are_exact),
      op_test(cubic_and_antialias),
      op_test(crop_and_resize),
      op_test(aspect_ratio),
      op_test(other_types_and_ranks),
      op_test(sweep_agrees_with_passes),
      op_test(refuses),
  };
  return cmocka_run_group_tests_name("ops/resize", tests, NULL, NULL);
}
