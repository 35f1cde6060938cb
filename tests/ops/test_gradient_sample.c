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

static void grid_sample_moves_data_and_points(void **state)
{
  vt_ctx *ctx = *state;
  const char *modes[] = {"linear", "cubic", "nearest"}, *paddings[] = {"zeros", "border", "reflection"};
  for (int m = 0; m < 3; m++)
    for (int p = 0; p < 3; p++)
      for (int align = 0; align < 2; align++) {
        char settings[120];
        snprintf(settings, sizeof settings, "mode=%s;padding_mode=%s;align_corners=%d", modes[m], paddings[p],
                 align);
        gradient_check(ctx, "GridSample", settings, ADDED, RANDOM(SHAPE(2, 3, 4, 5)),
                       BETWEEN(-1.6, 1.7, SHAPE(2, 3, 2, 2)));
        gradient_check(ctx, "GridSample", settings, ADDED, RANDOM(SHAPE(1, 2, 3)),
                       BETWEEN(-4, 4, SHAPE(1, 6, 1)));
      }
}

static void grid_sample_in_space(void **state)
{
  vt_ctx *ctx = *state;
  const char *modes[] = {"mode=linear", "mode=cubic;padding_mode=border", "mode=nearest"};
  for (int m = 0; m < 3; m++)
    gradient_check(ctx, "GridSample", modes[m], ADDED, RANDOM(SHAPE(1, 2, 3, 4, 2)),
                   BETWEEN(-1.2, 1.2, SHAPE(1, 2, 1, 3, 3)));
}

/* One pixel wide, more channels than a task has, far and undefined points, no points. */
static void grid_sample_of_odd_sizes(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "GridSample", "", ADDED, RANDOM(SHAPE(1, 1, 1, 3)),
                 BETWEEN(-1.3, 1.3, SHAPE(1, 2, 2, 2)));
  gradient_check(ctx, "GridSample", "padding_mode=reflection;align_corners=1", ADDED,
                 RANDOM(SHAPE(1, 1, 1, 3)), BETWEEN(-1.3, 1.3, SHAPE(1, 2, 2, 2)));
  gradient_check(ctx, "GridSample", "", ADDED, RANDOM(SHAPE(2, 37, 6, 5)), BETWEEN(-1, 1, SHAPE(2, 9, 8, 2)));
  gradient_check(ctx, "GridSample", "", ADDED, RANDOM(SHAPE(1, 2, 3, 3)), BETWEEN(-1, 1, SHAPE(1, 0, 2, 2)));
  vt_tensor *inputs[] = {op_f64(ctx, SHAPE(1, 1, 2, 2), 1, 2, 3, 4),
                         op_f64(ctx, SHAPE(1, 1, 2, 2), NAN, 0, 1e300, -1e300)};
  gradient_run run;
  gradient_forward_backward(ctx, "GridSample", "padding_mode=border", 1, inputs, 2, __LINE__, &run);
  op_expect(run.gradients[1], VT_F64, SHAPE(1, 1, 2, 2), 1e-14, 0, 2 * gradient_weight(0, 0), 0, 0);
}

static void affine_grid_adds_up_its_points(void **state)
{
  vt_ctx *ctx = *state;
  gradient_check(ctx, "AffineGrid", "", ADDED, RANDOM(SHAPE(2, 2, 3)), op_i64(ctx, SHAPE(4), 2, 3, 4, 5));
  gradient_check(ctx, "AffineGrid", "align_corners=1", ADDED, RANDOM(SHAPE(1, 2, 3)),
                 op_i64(ctx, SHAPE(4), 1, 1, 1, 6));
  gradient_check(ctx, "AffineGrid", "align_corners=1", ADDED, RANDOM(SHAPE(2, 3, 4)),
                 op_i64(ctx, SHAPE(5), 2, 1, 3, 2, 4));
}

/* Regions beyond the border, turned around, tiny, and of two items. They have no gradient, so differences are
 * taken here, of the data alone; the values are piecewise linear in it. */
static void roi_align_check(vt_ctx *ctx, const char *settings, int line)
{
  vt_tensor *data = RANDOM(SHAPE(2, 19, 6, 7));
  vt_tensor *inputs[] = {
      data,
      op_f64(ctx, SHAPE(4, 4), 0.25, 0.5, 4.125, 5, -2, 1.25, 3.75, 9, 5, 4, 1, 1, 2.5, 2.5, 2.75, 2.625),
      op_i64(ctx, SHAPE(4), 0, 1, 1, 0)};
  gradient_run run;
  double *values = data->data, difference = 0, norm = 0;
  gradient_forward_backward(ctx, "RoiAlign", settings, 1, inputs, 3, line, &run);
  assert_null(run.gradients[1]);
  for (int64_t k = 0; k < vt_count(data); k += 7) {
    double kept = values[k], step = 1e-4;
    values[k] = kept + step;
    double expected = gradient_sum(ctx, "RoiAlign", settings, 1, inputs, 3);
    values[k] = kept - step;
    expected = (expected - gradient_sum(ctx, "RoiAlign", settings, 1, inputs, 3)) / (2 * step);
    values[k] = kept;
    difference += pow(vt_get_f64(run.gradients[0], k) - expected, 2);
    norm += pow(expected, 2);
  }
  if (!(sqrt(difference) <= 1e-9 * sqrt(norm)))
    fail_msg("line %d: RoiAlign %s: %g away from differences of %g", line, settings, sqrt(difference),
             sqrt(norm));
  double fast = gradient_fast_against_plain(ctx, "RoiAlign", settings, 1, inputs, 3, ADDED, line);
  gradient_note("RoiAlign", settings, inputs, 3, norm > 0 ? sqrt(difference / norm) : 0, fast);
}

static void roi_align_returns_samples(void **state)
{
  vt_ctx *ctx = *state;
  roi_align_check(ctx, "output_height=3;output_width=2", __LINE__);
  roi_align_check(ctx, "output_height=2;output_width=3;sampling_ratio=2;mode=max", __LINE__);
  roi_align_check(ctx,
                  "output_height=2;output_width=2;coordinate_transformation_mode=output_half_pixel;"
                  "spatial_scale=0.75;sampling_ratio=3",
                  __LINE__);
  roi_align_check(ctx, "mode=max;spatial_scale=1.5", __LINE__);
  roi_align_check(ctx, "output_height=3;output_width=3;sampling_ratio=2;spatial_scale=0.5", __LINE__);
  roi_align_check(ctx,
                  "output_height=3;output_width=3;sampling_ratio=2;"
                  "coordinate_transformation_mode=output_half_pixel",
                  __LINE__);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      op_test(nearest_adds_what_it_repeated),
      op_test(interpolations_are_transposed),
      op_test(interpolations_in_several_tasks),
      op_test(crops_leave_the_outside_alone),
      op_test(sizes_that_stay_or_vanish),
      op_test(grid_sample_moves_data_and_points),
      op_test(grid_sample_in_space),
      op_test(grid_sample_of_odd_sizes),
      op_test(affine_grid_adds_up_its_points),
      op_test(roi_align_returns_samples),
  };
  return cmocka_run_group_tests_name("ops/gradient_sample", tests, NULL, NULL);
}
