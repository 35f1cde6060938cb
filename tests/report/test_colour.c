/* SPDX-License-Identifier: Apache-2.0
 *
 * Colour maps and scales.
 */
#include <math.h>

#include "report/colour.h"
#include "report/scale.h"
#include "test.h"

static void assert_colour(const char *map, double position, uint32_t expected)
{
  uint8_t rgb[3];
  const vt_colour_map *found = vt_colour_map_find(map);
  assert_non_null(found);
  vt_colour_at(found, position, rgb);
  uint32_t got = (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2];
  if (got != expected) fail_msg("%s at %g: %06x instead of %06x", map, position, got, expected);
}

static void published_anchors_are_met(void **state)
{
  (void)state;
  assert_colour("viridis", 0, 0x440154);
  assert_colour("viridis", 4.0 / 9, 0x26828e);
  assert_colour("viridis", 1, 0xfde725);
  assert_colour("inferno", 0, 0x000004);
  assert_colour("inferno", 1, 0xfcffa4);
  assert_colour("turbo", 1, 0x7a0403);
  assert_colour("grey", 0.2, 0x333333);
  /* jet by its formula: blue, cyan, yellow, dark red ends */
  assert_colour("jet", 0, 0x000080);
  assert_colour("jet", 0.375, 0x00ffff);
  assert_colour("jet", 0.625, 0xffff00);
  assert_colour("jet", 1, 0x800000);
}

/* The middle of viridis as matplotlib has it is #21918c; ten anchors must come close to the full table. */
static void curves_between_anchors_are_close(void **state)
{
  (void)state;
  uint8_t rgb[3];
  static const int middle[3] = {0x21, 0x91, 0x8c};
  vt_colour_at(vt_colour_map_find("viridis"), 0.5, rgb);
  for (int c = 0; c < 3; c++)
    if (abs(rgb[c] - middle[c]) > 3) fail_msg("channel %d: %d instead of %d", c, rgb[c], middle[c]);
}

static double lightness(const uint8_t rgb[3])
{
  return 0.2126 * pow(rgb[0] / 255.0, 2.2) + 0.7152 * pow(rgb[1] / 255.0, 2.2) +
         0.0722 * pow(rgb[2] / 255.0, 2.2);
}

static void perceptual_maps_get_lighter(void **state)
{
  (void)state;
  static const char *const names[] = {"viridis", "inferno", "grey"};
  for (size_t n = 0; n < VT_COUNT(names); n++) {
    uint8_t table[VT_COLOUR_STEPS][3];
    vt_colour_table(vt_colour_map_find(names[n]), table);
    for (int i = 8; i < VT_COLOUR_STEPS; i++) /* eight steps apart: rounding of single steps is no fault */
      if (lightness(table[i]) < lightness(table[i - 8])) fail_msg("%s gets darker at entry %d", names[n], i);
  }
}

static void zero_is_white_and_sides_fall(void **state)
{
  (void)state;
  uint8_t table[VT_COLOUR_STEPS][3];
  vt_colour_table(vt_colour_map_find("blue-white-red"), table);
  int middle = vt_colour_index(0.5);
  assert_int_equal(middle, VT_COLOUR_STEPS / 2);
  for (int c = 0; c < 3; c++)
    assert_int_equal(table[middle][c], 255);
  for (int i = 4; i <= VT_COLOUR_STEPS / 2; i++) {
    assert_true(lightness(table[middle - i]) <= lightness(table[middle - i + 4]));
    assert_true(lightness(table[middle + i]) <= lightness(table[middle + i - 4]));
  }
  assert_true(table[0][2] > table[0][0]);                                     /* against: blue */
  assert_true(table[VT_COLOUR_STEPS - 1][0] > table[VT_COLOUR_STEPS - 1][2]); /* for: red */
}

static void positions_outside_are_held(void **state)
{
  (void)state;
  assert_colour("viridis", -3, 0x440154);
  assert_colour("viridis", 7, 0xfde725);
  assert_colour("viridis", NAN, 0x808080);
  assert_null(vt_colour_map_find("rainbow"));
}

static void signed_maps_are_symmetric(void **state)
{
  (void)state;
  vt_ctx *ctx = vt_ctx_new();
  float map[100];
  for (int i = 0; i < 100; i++)
    map[i] = i < 10 ? -0.5f : i < 20 ? 2.0f : 0.0f;
  vt_scale scale;
  assert_ok(ctx, vt_scale_measure(ctx, map, 100, VT_SCALE_CLIP, &scale));
  assert_true(scale.is_signed);
  assert_near(scale.low, -2, 0);
  assert_near(scale.high, 2, 0);
  assert_near(vt_scale_position(&scale, 0), 0.5, 0); /* exactly the white entry */
  assert_near(vt_scale_position(&scale, -0.5), 0.375, 1e-15);
  assert_near(vt_scale_position(&scale, 5), 1, 0);
  vt_ctx_free(ctx);
}

static void one_sided_maps_run_from_least_to_most(void **state)
{
  (void)state;
  vt_ctx *ctx = vt_ctx_new();
  float map[4] = {-3, -1, -2, -1};
  vt_scale scale;
  assert_ok(ctx, vt_scale_measure(ctx, map, 4, VT_SCALE_CLIP, &scale));
  assert_false(scale.is_signed);
  assert_near(vt_scale_position(&scale, -3), 0, 0);
  assert_near(vt_scale_position(&scale, -2), 0.5, 0);
  assert_near(vt_scale_position(&scale, -1), 1, 0);
  vt_ctx_free(ctx);
}

static void clip_leaves_out_single_outliers(void **state)
{
  (void)state;
  vt_ctx *ctx = vt_ctx_new();
  enum { COUNT = 10000 };
  float *map = malloc(COUNT * sizeof *map);
  for (int i = 0; i < COUNT; i++)
    map[i] = (float)(i % 100);
  map[17] = 1e6f; /* 1 of 10 000 is less than 0.1 % */
  vt_scale scale;
  assert_ok(ctx, vt_scale_measure(ctx, map, COUNT, VT_SCALE_CLIP, &scale));
  assert_near(scale.high, 99, 0);
  assert_near(scale.most, 1e6, 0);
  free(map);
  vt_ctx_free(ctx);
}

static void constant_maps_are_neutral(void **state)
{
  (void)state;
  vt_ctx *ctx = vt_ctx_new();
  float zeros[9] = {0}, sevens[4] = {7, 7, 7, 7}, none[3] = {NAN, INFINITY, -INFINITY}, few[1000] = {0};
  char text[192];
  vt_scale scale;
  assert_ok(ctx, vt_scale_measure(ctx, zeros, 9, VT_SCALE_CLIP, &scale));
  assert_true(scale.constant);
  assert_true(isnan(vt_scale_position(&scale, 0)));
  assert_ok(ctx, vt_scale_measure(ctx, sevens, 4, VT_SCALE_CLIP, &scale));
  assert_true(scale.constant);
  assert_non_null(strstr(vt_scale_text(&scale, text), "constant"));
  assert_ok(ctx, vt_scale_measure(ctx, none, 3, VT_SCALE_CLIP, &scale));
  assert_true(scale.constant);
  assert_int_equal(scale.not_finite, 3);
  few[500] = 3; /* the clip would remove the only value that differs: it is not applied */
  assert_ok(ctx, vt_scale_measure(ctx, few, 1000, 0.01, &scale));
  assert_false(scale.constant);
  assert_near(vt_scale_position(&scale, 3), 1, 0);
  vt_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(published_anchors_are_met),
      cmocka_unit_test(curves_between_anchors_are_close),
      cmocka_unit_test(perceptual_maps_get_lighter),
      cmocka_unit_test(zero_is_white_and_sides_fall),
      cmocka_unit_test(positions_outside_are_held),
      cmocka_unit_test(signed_maps_are_symmetric),
      cmocka_unit_test(one_sided_maps_run_from_least_to_most),
      cmocka_unit_test(clip_leaves_out_single_outliers),
      cmocka_unit_test(constant_maps_are_neutral),
  };
  return cmocka_run_group_tests_name("report/colour", tests, NULL, NULL);
}
