/* SPDX-License-Identifier: Apache-2.0
 *
 * The painter against closed forms: areas, distances, labels, noise, blur.
 */
#include <math.h>

#include "test.h"
#include "worlds/raster.h"

#define PI 3.14159265358979323846

static double area_of(vt_ctx *ctx, const vt_shape *shape, int *labelled)
{
  vt_raster raster;
  assert_ok(ctx, vt_raster_new(ctx, 100, 100, VT_PLANE_COVERAGE | VT_PLANE_LABELS, &raster));
  vt_paint paint = {0};
  vt_raster_paint(&raster, shape, &paint, 7);
  double area = 0;
  *labelled = 0;
  for (int i = 0; i < 100 * 100; i++) {
    area += raster.coverage[i];
    *labelled += raster.labels[i] == 7;
    assert_true(raster.labels[i] == (raster.coverage[i] >= .5f ? 7 : 0));
  }
  vt_raster_free(&raster);
  return area;
}

/* Area of each outline for half sides a, b; what is missing is checked by test_distance_of_free_polygon. */
static void test_areas(void **state)
{
  vt_ctx *ctx = *state;
  double a = 31.3, b = 22.7, star = 10 * .5 * sin(PI / 5) * .42;
  const struct {
    vt_shape_kind kind;
    double ratio;
    int corners;
    double area; /* over a·b */
  } cases[] = {
      {VT_SHAPE_ELLIPSE, 0, 0, PI},
      {VT_SHAPE_RECTANGLE, 0, 0, 4},
      {VT_SHAPE_ROUNDED, .4, 0, 4 - (4 - PI) * .16 * b / a},
      {VT_SHAPE_CAPSULE, 0, 0, 4 - (4 - PI) * b / a},
      {VT_SHAPE_RING, .5, 0, PI * .75},
      {VT_SHAPE_HALF_DISC, 0, 0, PI},
      {VT_SHAPE_TRIANGLE, 0, 0, 2},
      {VT_SHAPE_TRAPEZOID, .5, 0, 3},
      {VT_SHAPE_TRAPEZOID, 2, 0, 3},
      {VT_SHAPE_POLYGON, 0, 6, 3 * sin(PI / 3)},
      {VT_SHAPE_POLYGON, 0, 4, 2},
      {VT_SHAPE_STAR, .42, 5, star},
      {VT_SHAPE_CROSS, .36, 0, 4 * (2 * .36 - .36 * .36)},
      {VT_SHAPE_LEAF, 0, 0, 8. / 3},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++)
    for (int turn = 0; turn < 4; turn++) {
      vt_shape shape = {.kind = cases[i].kind,
                        .x = 50.31,
                        .y = 49.77,
                        .half_width = a,
                        .half_height = b,
                        .angle = .61 * turn,
                        .mirror = turn % 2,
                        .ratio = cases[i].ratio,
                        .corners = cases[i].corners};
      int labelled;
      double area = area_of(ctx, &shape, &labelled), expected = cases[i].area * a * b;
      /* clamp(½ − d) is exact for straight edges; corners and curvature cost a fraction of a pixel each */
      if (fabs(area - expected) > .008 * expected)
        fail_msg("shape %d turned %d: area %g instead of %g", cases[i].kind, turn, area, expected);
      /* an edge along the pixels may lie half a pixel off: at worst one of length 2a */
      assert_near(labelled, expected, a);
    }
}

static void test_distance_of_free_polygon(void **state)
{
  VT_UNUSED(state);
  static const float square[4][2] = {{-1, -1}, {1, -1}, {1, 1}, {-1, 1}};
  vt_shape shape = {.kind = VT_SHAPE_FREE,
                    .x = 20,
                    .y = 10,
                    .half_width = 5,
                    .half_height = 4,
                    .corners = 4,
                    .outline = square};
  vt_shape box = shape;
  box.kind = VT_SHAPE_RECTANGLE;
  vt_shape_plan plan, box_plan;
  vt_shape_prepare(&shape, &plan);
  vt_shape_prepare(&box, &box_plan);
  float distance[40], expected[40];
  for (int y = 0; y < 20; y++) {
    vt_shape_distances(&plan, 0, y, 40, distance);
    vt_shape_distances(&box_plan, 0, y, 40, expected);
    for (int x = 0; x < 40; x++)
      assert_near(distance[x], expected[x], 1e-4);
  }
  vt_shape_distances(&plan, 26, 9, 1, distance); /* (26.5, 9.5) is 1.5 right of the edge */
  assert_near(distance[0], 1.5, 1e-5);
  vt_shape_distances(&plan, 27, 16, 1, distance); /* corner (25, 14): offset (2.5, 2.5) */
  assert_near(distance[0], 2.5 * sqrt(2), 1e-5);
}

/* Every kind stays inside its bounds, whatever the angle, and outside the canvas nothing happens. */
static void test_bounds(void **state)
{
  vt_ctx *ctx = *state;
  static const float triangle[3][2] = {{-1, 1}, {1, 1}, {0, -1}};
  for (int kind = VT_SHAPE_ELLIPSE; kind < VT_SHAPE_KINDS; kind++)
    for (int turn = 0; turn < 7; turn++) {
      vt_shape shape = {.kind = (vt_shape_kind)kind,
                        .x = 50,
                        .y = 50,
                        .half_width = 20,
                        .half_height = 12,
                        .angle = .9 * turn,
                        .corners = kind == VT_SHAPE_FREE ? 3 : 0,
                        .outline = triangle};
      int box[4], labelled;
      assert_true(vt_shape_bounds(&shape, 0, 100, 100, box));
      vt_shape_plan plan;
      vt_shape_prepare(&shape, &plan);
      float distance[100];
      for (int y = 0; y < 100; y++) {
        vt_shape_distances(&plan, 0, y, 100, distance);
        for (int x = 0; x < 100; x++)
          if (x < box[0] - 1 || x > box[2] || y < box[1] - 1 || y > box[3]) assert_true(distance[x] > .5f);
      }
      assert_true(area_of(ctx, &shape, &labelled) > 60); /* and it is there */
      shape.x = -500;
      assert_false(vt_shape_bounds(&shape, 1, 100, 100, box));
      shape.x = NAN;
      assert_false(vt_shape_bounds(&shape, 1, 100, 100, box));
    }
}

static void test_topmost_wins_and_opacity(void **state)
{
  vt_ctx *ctx = *state;
  vt_raster raster;
  assert_ok(ctx, vt_raster_new(ctx, 8, 8, VT_PLANE_RGB | VT_PLANE_LABELS | VT_PLANE_COVERAGE, &raster));
  vt_paint white = {.colour = {1, 1, 1}}, red = {.colour = {1, 0, 0}, .opacity = .4};
  vt_raster_fill(&raster, &white, 1);
  vt_shape left = {.kind = VT_SHAPE_RECTANGLE, .x = 2, .y = 4, .half_width = 2, .half_height = 4};
  vt_raster_paint(&raster, &left, &red, 2); /* too thin to own a pixel */
  assert_int_equal(raster.labels[0], 1);
  assert_near(raster.rgb[0], 1, 1e-6);
  assert_near(raster.rgb[1], .6, 1e-6);
  red.opacity = .6;
  vt_raster_paint(&raster, &left, &red, 3);
  assert_int_equal(raster.labels[3], 3);
  assert_int_equal(raster.labels[4], 1);
  vt_raster_paint(&raster, &left, &white, VT_LABEL_KEEP);
  assert_int_equal(raster.labels[3], 3);
  assert_near(raster.rgb[1], 1, 1e-6);
  vt_raster_free(&raster);
  assert_fails(ctx, vt_raster_new(ctx, 0, 8, VT_PLANE_RGB, &raster), VT_ERROR_INVALID_ARGUMENT, "0 × 8");
  assert_fails(ctx, vt_raster_new(ctx, 8, 100000, VT_PLANE_RGB, &raster), VT_ERROR_INVALID_ARGUMENT, "1024");
}

static void test_noise_and_blur(void **state)
{
  vt_ctx *ctx = *state;
  vt_raster raster, other;
  assert_ok(ctx, vt_raster_new(ctx, 128, 128, VT_PLANE_RGB, &raster));
  assert_ok(ctx, vt_raster_new(ctx, 128, 128, VT_PLANE_RGB, &other));
  vt_raster_noise(&raster, .1, 5);
  vt_raster_noise(&other, .1, 6);
  double sum = 0, square = 0, cross = 0, next = 0;
  int count = 3 * 128 * 128;
  for (int i = 0; i < count; i++) {
    sum += raster.rgb[i];
    square += raster.rgb[i] * raster.rgb[i];
    cross += raster.rgb[i] * other.rgb[i];
    if (i) next += raster.rgb[i] * raster.rgb[i - 1];
    assert_true(fabsf(raster.rgb[i]) < .35f);
  }
  /* five standard errors: sd/√n, sd²·√(1.4/n), sd²/√n */
  assert_near(sum / count, 0, 5 * .1 / sqrt(count));
  assert_near(square / count, .01, 5 * .01 * sqrt(1.4 / count));
  assert_near(cross / count, 0, 5 * .01 / sqrt(count));
  assert_near(next / count, 0, 5 * .01 / sqrt(count));

  /* an impulse becomes the kernel: sum 1, second moment sigma² along each axis (cut at 3 sigma: −2.7 %) */
  vt_raster_clear(&raster);
  raster.rgb[3 * (64 * 128 + 64)] = 1;
  assert_ok(ctx, vt_raster_blur(ctx, &raster, 2));
  double total = 0, moment = 0;
  for (int y = 0; y < 128; y++)
    for (int x = 0; x < 128; x++) {
      double value = raster.rgb[3 * (y * 128 + x)];
      total += value;
      moment += value * (x - 64) * (x - 64);
    }
  assert_near(total, 1, 1e-5);
  assert_near(moment, 4, .12);
  assert_fails(ctx, vt_raster_blur(ctx, &raster, 1000), VT_ERROR_INVALID_ARGUMENT, "at most");
  vt_raster_free(&raster);
  vt_raster_free(&other);
}

static void test_bytes_and_floats(void **state)
{
  VT_UNUSED(state);
  uint8_t all[3 * 256], back[3 * 256];
  float floats[3 * 256];
  for (int i = 0; i < 3 * 256; i++)
    all[i] = (uint8_t)(i % 256);
  vt_picture_floats(all, 16, 16, floats);
  assert_near(floats[0], -1, 0);
  vt_picture_bytes(floats, 16, 16, back);
  assert_memory_equal(all, back, sizeof all);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_areas, new_context, free_context),
      cmocka_unit_test(test_distance_of_free_polygon),
      cmocka_unit_test_setup_teardown(test_bounds, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_topmost_wins_and_opacity, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_noise_and_blur, new_context, free_context),
      cmocka_unit_test(test_bytes_and_floats),
  };
  return cmocka_run_group_tests_name("worlds/raster", tests, NULL, NULL);
}
