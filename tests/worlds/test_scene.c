/* SPDX-License-Identifier: Apache-2.0
 *
 * The record: its tree, its places, its edits, and damage to pictures.
 */
#include <math.h>

#include "test.h"
#include "worlds/corrupt.h"
#include "worlds/scene.h"

/* A red square of radius .2 with a small blue circle at its right edge, on a grey backdrop. */
static void simple_scene(vt_scene *scene)
{
  vt_scene_start(scene, 100, 1, 1, 7);
  int back = vt_scene_add(scene, -1, VT_BACKDROP);
  scene->nodes[back].x = scene->nodes[back].y = .5f;
  scene->nodes[back].colour = VT_GREY;
  scene->nodes[back].z = -10;
  vt_draw draw = vt_draw_start(1, "test");
  int square = vt_scene_add_thing(scene, -1, VT_SQUARE, .5f, .4f, .2f, VT_RED, VT_RED, &draw);
  int eye = vt_scene_add(scene, square, VT_EYE);
  scene->nodes[eye].x = 1;
  scene->nodes[eye].scale = .25f;
  scene->nodes[eye].colour = VT_BLUE;
}

static void test_places(void **state)
{
  VT_UNUSED(state);
  vt_scene *scene = malloc(sizeof *scene);
  simple_scene(scene);
  vt_place place = vt_scene_place(scene, 2);
  assert_near(place.x, 70, 1e-4);
  assert_near(place.y, 40, 1e-4);
  assert_near(place.radius, 5, 1e-4);
  scene->nodes[1].angle = (float)(3.14159265358979 / 2); /* the eye turns below the square */
  place = vt_scene_place(scene, 2);
  assert_near(place.x, 50, 1e-4);
  assert_near(place.y, 60, 1e-4);
  scene->nodes[1].angle = 0;
  scene->nodes[1].mirror = true;
  assert_near(vt_scene_place(scene, 2).x, 30, 1e-4);
  vt_scene_flip(scene, -1); /* of the whole: right again */
  assert_near(vt_scene_place(scene, 2).x, 70, 1e-4);
  free(scene);
}

static void test_masks(void **state)
{
  vt_ctx *ctx = *state;
  vt_scene *scene = malloc(sizeof *scene);
  simple_scene(scene);
  uint8_t *bits = malloc(100 * 100), patches[25];
  uint16_t *labels = malloc(2 * 100 * 100), *map = malloc(2 * 100 * 100);
  int64_t area;
  int box[4];
  double centroid[2];
  assert_ok(ctx, vt_scene_render(ctx, scene, NULL, labels));
  assert_ok(ctx, vt_scene_mask(ctx, scene, 1, VT_MASK_VISIBLE, bits, &area));
  assert_near((double)area, 1600 + 3.14159 * 25 / 2, 3); /* square and half of the eye */
  assert_true(vt_bits_box(bits, 100, 100, box));
  assert_int_equal(box[0], 30);
  assert_int_equal(box[1], 20);
  assert_int_equal(box[2], 75);
  assert_int_equal(box[3], 60);
  assert_ok(ctx, vt_scene_mask(ctx, scene, 2, VT_MASK_VISIBLE, bits, &area));
  assert_true(vt_bits_centroid(bits, 100, 100, centroid));
  assert_near(centroid[0], 70, 1e-9);
  assert_near(centroid[1], 40, 1e-9);
  vt_bits_patches(bits, 100, 100, 5, VT_PATCH_ANY, patches);
  int any = 0;
  for (int i = 0; i < 25; i++)
    any += patches[i];
  assert_int_equal(any, 2); /* x 65 to 75 in one column, y 35 to 45 in two rows */
  vt_scene_label_map(scene, labels, VT_NODE_OBJECT, map);
  assert_int_equal(map[40 * 100 + 70], 2);
  assert_int_equal(labels[40 * 100 + 70], 3);
  assert_int_equal(map[0], 0);
  vt_keypoint point = vt_scene_keypoint(scene, labels, 2);
  assert_true(point.visible);
  vt_scene_drop(scene, 2);
  assert_ok(ctx, vt_scene_mask(ctx, scene, 1, VT_MASK_VISIBLE, bits, &area));
  assert_int_equal(area, 1600);
  assert_ok(ctx, vt_scene_mask(ctx, scene, 2, VT_MASK_FULL, bits, &area));
  assert_int_equal(area, 0);
  assert_false(vt_bits_box(bits, 100, 100, box));
  assert_false(vt_bits_centroid(bits, 100, 100, centroid));
  free(bits), free(labels), free(map), free(scene);
}

static void test_edits(void **state)
{
  vt_ctx *ctx = *state;
  vt_scene *scene = malloc(sizeof *scene);
  uint8_t *before = malloc(30000), *after = malloc(30000), *mask = malloc(10000);
  simple_scene(scene);
  scene->noise = .05f;
  assert_ok(ctx, vt_scene_render(ctx, scene, before, NULL));
  vt_scene_flip(scene, -1);
  assert_ok(ctx, vt_scene_render(ctx, scene, after, NULL));
  assert_memory_not_equal(before, after, 30000);
  vt_scene_flip(scene, -1);
  assert_ok(ctx, vt_scene_render(ctx, scene, after, NULL));
  assert_memory_equal(before, after, 30000);
  vt_scene_swap_background(scene, 5); /* what lies on top keeps its bytes */
  assert_ok(ctx, vt_scene_render(ctx, scene, after, NULL));
  for (int y = 21; y < 59; y++)
    assert_memory_equal(before + 3 * (y * 100 + 31), after + 3 * (y * 100 + 31), 3 * 38);
  assert_memory_not_equal(before, after, 3000);
  assert_ok(ctx, vt_scene_set(ctx, scene, 1, VT_ATTRIBUTE_COLOUR, VT_GREEN));
  assert_int_equal(scene->nodes[2].colour, VT_BLUE); /* of another colour: left alone */
  assert_ok(ctx, vt_scene_set(ctx, scene, 1, VT_ATTRIBUTE_SIZE, VT_SMALL));
  assert_near(scene->nodes[1].scale, .14, 1e-6);
  assert_ok(ctx, vt_scene_set(ctx, scene, 1, VT_ATTRIBUTE_SHAPE, VT_STAR));
  assert_int_equal(scene->nodes[1].shape, VT_SHAPE_STAR);
  assert_ok(ctx, vt_scene_set(ctx, scene, 1, VT_ATTRIBUTE_POSE, VT_UPSIDE_DOWN));
  assert_near(scene->nodes[1].angle, 3.14159265, 1e-5);
  assert_fails(ctx, vt_scene_set(ctx, scene, 1, VT_ATTRIBUTE_SHAPE, VT_CART), VT_ERROR_INVALID_ARGUMENT,
               "cart");
  assert_fails(ctx, vt_scene_set(ctx, scene, 99, VT_ATTRIBUTE_SIZE, 0), VT_ERROR_INVALID_ARGUMENT, "99");
  assert_fails(ctx, vt_scene_set(ctx, scene, 1, VT_ATTRIBUTE_SIZE, 7), VT_ERROR_INVALID_ARGUMENT, "value 7");
  while (vt_scene_add(scene, -1, VT_CIRCLE) >= 0) /* a full scene says so and stays valid */
    ;
  assert_int_equal(scene->count, VT_SCENE_NODES);
  int depth = 1;
  scene->count = 2;
  while (vt_scene_add(scene, scene->count - 1, VT_EYE) >= 0)
    depth++;
  assert_int_equal(depth, VT_SCENE_DEPTH);
  assert_ok(ctx, vt_scene_render(ctx, scene, after, NULL));
  free(before), free(after), free(mask), free(scene);
}

/* Further levels are further from the picture, level 0 changes nothing, strengths are those named. */
static void test_corruptions(void **state)
{
  vt_ctx *ctx = *state;
  enum { SIDE = 64, BYTES = 3 * SIDE * SIDE };
  static uint8_t picture[BYTES], damaged[BYTES];
  for (int i = 0; i < BYTES; i++) /* smooth and coloured, away from black and white */
    picture[i] = (uint8_t)(128 + 50 * sin(i / 3 % SIDE * .3 + i % 3) * cos(i / 3 / SIDE * .2));
  for (int kind = VT_CORRUPT_NOISE; kind < VT_CORRUPTIONS; kind++) {
    double last = 0;
    for (int level = 0; level <= VT_CORRUPT_LEVELS; level++) {
      memcpy(damaged, picture, BYTES);
      assert_ok(ctx, vt_corrupt(ctx, damaged, SIDE, SIDE, (vt_corruption)kind, level, 3));
      double square = 0;
      int black = 0;
      for (int i = 0; i < BYTES; i++) {
        square += (damaged[i] - picture[i]) * (damaged[i] - picture[i]) / (255. * 255);
        black += damaged[i] == 0;
      }
      double distance = sqrt(square / BYTES);
      if (level == 0) assert_near(distance, 0, 0);
      if (level > 0 && distance <= last)
        fail_msg("%s level %d: %g after %g", vt_corruption_names[kind], level, distance, last);
      last = distance;
      if (kind == VT_CORRUPT_NOISE && level == 3) assert_near(distance, .12, .003);
      if (kind == VT_CORRUPT_COLOUR && level == 3) assert_near(distance, .18, .02);
      if (kind == VT_CORRUPT_ERASE && level == 3) assert_int_equal(black, lround(.4 * 64) * 64 * 3);
    }
  }
  assert_fails(ctx, vt_corrupt(ctx, damaged, SIDE, SIDE, VT_CORRUPT_BLUR, 6, 0), VT_ERROR_INVALID_ARGUMENT,
               "level 6");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_places),
      cmocka_unit_test_setup_teardown(test_masks, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_edits, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_corruptions, new_context, free_context),
  };
  return cmocka_run_group_tests_name("worlds/scene", tests, NULL, NULL);
}
