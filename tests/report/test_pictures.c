/* SPDX-License-Identifier: Apache-2.0
 *
 * Pictures: where things land on the photograph, and what happens to maps that say nothing.
 */
#include "report/example.h"

static const float rising[COLUMNS] = {-4, -3, -2, -1};

static const uint8_t *pixel(const vt_image *image, int x, int y)
{
  return image->pixels + 3 * (y * image->width + x);
}

static void open_scene(example *made, const float values[COLUMNS], vt_view *scene)
{
  example_open(made, values);
  assert_ok(made->ctx, vt_report_scene(made->ctx, &made->report, scene));
}

static void overlay_mixes_half_and_half_at_the_right_place(void **state)
{
  (void)state;
  example made;
  vt_view scene;
  vt_image *overlay;
  open_scene(&made, rising, &scene);
  assert_ok(made.ctx, vt_overlay_picture(made.ctx, &scene, &overlay));
  assert_int_equal(overlay->width, PHOTO_WIDTH);
  assert_int_equal(overlay->height, PHOTO_HEIGHT);
  /* the middle of column 3: input x = 10.5, photo x = 10.5·4 + 6 = 48; viridis' last colour over grey 200 */
  static const uint8_t last[3] = {0xfd, 0xe7, 0x25}, first[3] = {0x44, 0x01, 0x54};
  for (int c = 0; c < 3; c++) {
    assert_int_equal(pixel(overlay, 48, 8)[c], (last[c] + 200 + 1) / 2);
    assert_int_equal(pixel(overlay, 12, 8)[c], (first[c] + 200 + 1) / 2);
    assert_int_equal(pixel(overlay, 2, 2)[c], 100);  /* not seen by the model: half the light */
    assert_int_equal(pixel(overlay, 55, 8)[c], 100); /* 6 + 12·4 = 54: just outside */
  }
  vt_image_free(overlay);
  example_close(&made);
}

static void zero_of_a_signed_map_is_white(void **state)
{
  (void)state;
  static const float both[COLUMNS] = {-1, 0, 0, 3};
  example made;
  vt_view scene;
  vt_image *overlay;
  open_scene(&made, both, &scene);
  assert_true(scene.scale.is_signed);
  assert_ok(made.ctx, vt_overlay_picture(made.ctx, &scene, &overlay));
  for (int c = 0; c < 3; c++)
    assert_int_equal(pixel(overlay, 30, 8)[c], 228); /* (255 + 200)/2 rounded up */
  vt_image_free(overlay);
  example_close(&made);
}

static void constant_maps_give_a_neutral_picture_and_a_warning(void **state)
{
  (void)state;
  static const float zeros[COLUMNS] = {0}, nan_too[COLUMNS] = {NAN, 2, 2, 2};
  example made;
  vt_view scene;
  vt_image *overlay;
  open_scene(&made, zeros, &scene);
  assert_ok(made.ctx, vt_overlay_picture(made.ctx, &scene, &overlay));
  for (int c = 0; c < 3; c++)
    assert_int_equal(pixel(overlay, 48, 8)[c], 164); /* grey 128 over 200 */
  assert_ok(made.ctx, vt_report_check(made.ctx, &made.report));
  assert_int_equal(json_array_size(made.explanation->warnings), 1);
  vt_image_free(overlay);
  example_close(&made);
  example_open(&made, nan_too);
  assert_ok(made.ctx, vt_report_check(made.ctx, &made.report));
  assert_int_equal(json_array_size(made.explanation->warnings), 2);
  example_close(&made);
}

static void subset_keeps_the_set_and_dims_the_rest(void **state)
{
  (void)state;
  example made;
  vt_view scene;
  vt_image *subset;
  open_scene(&made, rising, &scene);
  const char *why;
  assert_int_equal(vt_view_minimal_set(made.explanation, &why), 2); /* keep: columns 2 and 0 */
  assert_ok(made.ctx, vt_subset_picture(made.ctx, &scene, &subset));
  for (int c = 0; c < 3; c++) {
    assert_int_equal(pixel(subset, 36, 20)[c], 200); /* column 2 */
    assert_int_equal(pixel(subset, 12, 20)[c], 200); /* column 0 */
    assert_int_equal(pixel(subset, 24, 20)[c], 70);  /* column 1: 0.35·200 */
    assert_int_equal(pixel(subset, 48, 20)[c], 70);
  }
  vt_image_free(subset);
  made.explanation->mistake.present = true; /* then the highest score counts */
  assert_int_equal(vt_view_minimal_set(made.explanation, NULL), 3);
  example_close(&made);
}

static void regions_picture_marks_borders_and_ranks(void **state)
{
  (void)state;
  example made;
  vt_view scene;
  vt_image *regions;
  open_scene(&made, rising, &scene);
  assert_ok(made.ctx, vt_regions_picture(made.ctx, &scene, &regions));
  /* the border of columns 0 and 1 at photo x = 18 separates set from rest: orange, red well above blue */
  const uint8_t *border = pixel(regions, 18, 8);
  assert_true(border[0] > border[2] + 40);
  /* the rank of column 2 stands at its innermost place and is drawn in the colour of rank 1, yellow */
  vt_anchor *anchors;
  assert_ok(made.ctx, vt_view_anchors(made.ctx, &scene, &anchors));
  assert_true(anchors[2].x > 6 && anchors[2].x < 9);
  assert_true(anchors[2].radius >= 1.3 && anchors[2].radius <= 2);
  vt_free(anchors);
  assert_string_equal(vt_region_where(made.explanation, 0), "left");
  assert_string_equal(vt_region_where(made.explanation, 3), "right");
  vt_image_free(regions);
  example_close(&made);
}

static void labels_outside_the_input_are_marked(void **state)
{
  (void)state;
  example made;
  vt_view scene;
  int32_t *labels;
  open_scene(&made, rising, &scene);
  assert_ok(made.ctx, vt_view_labels(made.ctx, &scene, &labels));
  for (int y = 0; y < PHOTO_HEIGHT; y++)
    for (int x = 0; x < PHOTO_WIDTH; x++) {
      bool inside = x >= 6 && x < 54 && y >= 5 && y < 37;
      int32_t expected = inside ? (x - 6) / 12 : -1;
      if (labels[y * PHOTO_WIDTH + x] != expected)
        fail_msg("photo pixel %d, %d: label %d instead of %d", x, y, labels[y * PHOTO_WIDTH + x], expected);
    }
  vt_free(labels);
  example_close(&made);
}

static void unusable_requests_are_refused(void **state)
{
  (void)state;
  example made;
  vt_view scene;
  example_open(&made, rising);
  made.report.colour_map = "plasma";
  assert_fails(made.ctx, vt_report_scene(made.ctx, &made.report, &scene), VT_ERROR_INVALID_ARGUMENT,
               "plasma");
  made.report.colour_map = "blue-white-red";
  assert_fails(made.ctx, vt_report_scene(made.ctx, &made.report, &scene), VT_ERROR_INVALID_ARGUMENT,
               "blue-white-red");
  made.report.colour_map = NULL;
  made.report.placement.scale_x = 0;
  assert_fails(made.ctx, vt_report_scene(made.ctx, &made.report, &scene), VT_ERROR_INVALID_ARGUMENT,
               "scale 0");
  example_close(&made);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(overlay_mixes_half_and_half_at_the_right_place),
      cmocka_unit_test(zero_of_a_signed_map_is_white),
      cmocka_unit_test(constant_maps_give_a_neutral_picture_and_a_warning),
      cmocka_unit_test(subset_keeps_the_set_and_dims_the_rest),
      cmocka_unit_test(regions_picture_marks_borders_and_ranks),
      cmocka_unit_test(labels_outside_the_input_are_marked),
      cmocka_unit_test(unusable_requests_are_refused),
  };
  return cmocka_run_group_tests_name("report/pictures", tests, NULL, NULL);
}
