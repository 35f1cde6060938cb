/* SPDX-License-Identifier: Apache-2.0
 *
 * The picture of parts and maps: its size, and which colours stand where.
 */
#include "report/part_picture.h"
#include "test.h"

enum { SIDE = 50, ZOOM = 4, TILE = SIDE * ZOOM, GAP = 14, HEAD = 44 };

static const uint8_t *at(const vt_image *image, int tile, int x, int y)
{
  int left = GAP + tile * (TILE + GAP);
  return image->pixels + 3 * ((size_t)(HEAD + y * ZOOM + ZOOM / 2) * (size_t)image->width +
                              (size_t)(left + x * ZOOM + ZOOM / 2));
}

static void test_tiles(void **state)
{
  vt_ctx *ctx = *state;
  vt_image *picture, *image;
  uint8_t mask[SIDE * SIDE] = {0}, good[SIDE * SIDE] = {0}, bad[SIDE * SIDE] = {0};
  float map[SIDE * SIDE];
  assert_ok(ctx, vt_image_new(ctx, SIDE, SIDE, 3, &picture));
  memset(picture->pixels, 200, (size_t)SIDE * SIDE * 3);
  picture->pixels[0] = 7;
  for (int i = 0; i < SIDE * SIDE; i++) {
    int x = i % SIDE;
    good[i] = x >= 10 && x < 20;
    bad[i] = x >= 30 && x < 40;
    mask[i] = good[i];
    map[i] = good[i] ? -2 : bad[i] ? 2 : 0;
  }
  const vt_shown_part parts[2] = {{"good", good, 3}, {"bad", bad, -3}};
  const vt_shown_map maps[1] = {{"turned round", map, {"one line"}}};
  assert_ok(ctx, vt_part_picture(ctx, picture, "title", mask, parts, 2, maps, 1, &image));
  assert_int_equal(image->width, GAP + 3 * (TILE + GAP));
  assert_true(image->height > HEAD + TILE);
  assert_int_equal(at(image, 0, 0, 0)[0], 7);
  const uint8_t *for_it = at(image, 1, 15, 25), *against = at(image, 1, 35, 25),
                *neither = at(image, 1, 25, 25);
  assert_true(for_it[0] > for_it[2] + 40);
  assert_true(against[2] > against[0] + 40);
  assert_true(neither[0] == neither[1] && neither[1] == neither[2]);
  assert_true(at(image, 2, 15, 25)[2] > at(image, 2, 15, 25)[0] + 40);
  assert_true(at(image, 2, 35, 25)[0] > at(image, 2, 35, 25)[2] + 40);
  vt_image_free(image);
  assert_fails(ctx, vt_part_picture(ctx, picture, "title", mask, parts, 2, maps, 63, &image),
               VT_ERROR_INVALID_ARGUMENT, "63 maps");
  vt_image_free(picture);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_tiles, new_context, free_context),
  };
  return cmocka_run_group_tests_name("report/part_picture", tests, NULL, NULL);
}
