/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients of operators that resample. Regions and scales are given as f32 and so are not differentiated:
 * they say where to look and count as fixed.
 */
#include "gradient_case.h"

#define ADDED    1e-6 /* sums in f64 of f32 seeds, which may cancel */
#define WEIGHTED 2e-6 /* sums in f32 of products with weights, one pass an axis */

static void nearest_adds_what_it_repeated(void **state)
{
  vt_ctx *ctx = *state;
  const char *settings[] = {
      "",
      "coordinate_transformation_mode=asymmetric;nearest_mode=floor",
      "coordinate_transformation_mode=align_corners;nearest_mode=ceil",
      "coordinate_transformation_mode=half_pixel_symmetric;nearest_mode=round_prefer_ceil",
      "coordinate_transformation_mode=pytorch_half_pixel",
      "coordinate_transformation_mode=tf_half_pixel_for_nn",
  };
  for (int i = 0; i < 6; i++) {
    gradient_check(ctx, "Resize", settings[i], ADDED, RANDOM(SHAPE(1, 2, 4, 5)), NULL,
                   op_f32(ctx, SHAPE(4), 1, 1, 2.3, 0.61));
    gradient_check(ctx, "Resize", settings[i], ADDED, RANDOM(SHAPE(2, 3, 1)), NULL, NULL,
                   op_i64(ctx, SHAPE(3), 2, 7, 4));
  }
  gradient_check(ctx, "Resize", "axes=1", ADDED, RANDOM(SHAPE(90, 2, 60)), NULL, op_f32(ctx, SHAPE(1), 3));
}

static void interpolations_are_transposed(void **state)
{
  vt_ctx *ctx = *state;
  const char *coordinates[] = {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
                               "asymmetric"};
  const char *modes[] = {"linear",
                         "cubic",
                         "linear;antialias=1",
                         "cubic;antialias=1",
                         "cubic;exclude_outside=1;cubic_coeff_a=-0.5",
                         "linear;antialias=1;exclude_outside=1"};
  for (int c = 0; c < 5; c++)
    for (int m = 0; m < 6; m++) {
      char settings[160];
      snprintf(settings, sizeof settings, "coordinate_transformation_mode=%s;mode=%s", coordinates[c],
               modes[m]);
      gradient_check(ctx, "Resize", settings, WEIGHTED, RANDOM(SHAPE(1, 2, 4, 5)), NULL,
                     op_f32(ctx, SHAPE(4), 1, 1, 2.3, 0.61));
      gradient_check(ctx, "Resize", settings, WEIGHTED, RANDOM(SHAPE(5, 6, 2)), NULL, NULL,
                     op_i64(ctx, SHAPE(3), 8, 2, 2));
      gradient_check(ctx, "Resize", settings, WEIGHTED, RANDOM(SHAPE(1, 3)), NULL, NULL,
                     op_i64(ctx, SHAPE(2), 4, 1));
    }
}

static void interpolations_in_several_tasks(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Resize", "mode=linear", WEIGHTED, RANDOM(SHAPE(1, 3, 16, 20)), NULL,
                 op_f32(ctx, SHAPE(4), 1, 1, 4, 4));
  gradient_check(ctx, "Resize", "mode=cubic;antialias=1", WEIGHTED, RANDOM(SHAPE(1, 4, 90, 70)), NULL, NULL,
                 op_i64(ctx, SHAPE(4), 1, 4, 31, 22));
}

static void crops_leave_the_outside_alone(void **state)
{
  vt_ctx *ctx = *state;
  const char *modes[] = {"nearest", "linear", "cubic"};
  for (int m = 0; m < 3; m++) {
    char settings[160];
    snprintf(settings, sizeof settings,
             "coordinate_transformation_mode=tf_crop_and_resize;extrapolation_value=5;mode=%s", modes[m]);
    gradient_check(ctx, "Resize", settings, WEIGHTED, RANDOM(SHAPE(1, 2, 5, 4)),
                   op_f32(ctx, SHAPE(8), 0, 0, 0.4, 0.3, 1, 1, 1.3, 0.9), NULL,
                   op_i64(ctx, SHAPE(4), 1, 2, 6, 3));
    strcat(settings, ";axes=-1");
    gradient_check(ctx, "Resize", settings, WEIGHTED, RANDOM(SHAPE(2, 6)), op_f32(ctx, SHAPE(2), 0.7, -0.2),
                   op_f32(ctx, SHAPE(1), 0.5));
  }
}

static void sizes_that_stay_or_vanish(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "Resize", "mode=linear", WEIGHTED, RANDOM(SHAPE(2, 3)), NULL,
                 op_f32(ctx, SHAPE(2), 1, 1));
  gradient_check(ctx, "Resize", "mode=linear", WEIGHTED, RANDOM(SHAPE(2, 3)), NULL, NULL,
                 op_i64(ctx, SHAPE(2), 2, 0));
  gradient_check(ctx, "Resize", "", WEIGHTED, RANDOM(SHAPE(2, 3)), NULL, NULL, op_i64(ctx, SHAPE(2), 0, 6));
  gradient_check(ctx, "Resize", "mode=linear;keep_aspect_ratio_policy=not_larger", WEIGHTED,
                 RANDOM(SHAPE(4, 6)), NULL, NULL, op_i64(ctx, SHAPE(2), 7, 8));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(nearest_adds_what_it_repeated),   op_test(interpolations_are_transposed),
      op_test(interpolations_in_several_tasks), op_test(crops_leave_the_outside_alone),
      op_test(sizes_that_stay_or_vanish),
  };
  return cmocka_run_group_tests_name("ops/gradient_sample", tests, NULL, NULL);
}
