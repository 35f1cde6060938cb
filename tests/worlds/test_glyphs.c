/* SPDX-License-Identifier: Apache-2.0 */
#include "world_case.h"
#include "worlds/glyphs.h"

enum { PX = 28, PIXELS = PX * PX };

static double mean_of(const uint8_t *grey, const uint8_t *stroke, bool inside)
{
  double sum = 0;
  int count = 0;
  for (int i = 0; i < PIXELS; i++)
    if ((stroke[i] > 0) == inside) sum += grey[i], count++;
  return sum / count;
}

/* Strokes are bright, nothing else is; shapes with two strokes show both; a glyph is not cut off. */
static void test_truth(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_with(ctx, "glyphs", NULL, NULL);
  static uint8_t grey[PIXELS], stroke[PIXELS];
  int at_edge = 0;
  for (int i = 0; i < 500; i++) {
    vt_glyph glyph;
    assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, i, &glyph));
    assert_ok(ctx, vt_glyph_render(ctx, &glyph, grey, stroke));
    bool two = strcmp(vt_glyph_names[glyph.label], "cross") == 0 ||
               strcmp(vt_glyph_names[glyph.label], "tee") == 0 ||
               strcmp(vt_glyph_names[glyph.label], "fork") == 0;
    int seen[4] = {0};
    for (int p = 0; p < PIXELS; p++) {
      assert_in_range(stroke[p], 0, 2);
      seen[stroke[p]]++;
      at_edge += stroke[p] && (p % PX == 0 || p % PX == PX - 1 || p < PX || p >= PIXELS - PX);
    }
    assert_true(seen[1] > 15 && (seen[2] > 8) == two);
    assert_true(mean_of(grey, stroke, true) > 150 && mean_of(grey, stroke, false) < 50);
  }
  assert_true(at_edge < 500); /* less than a pixel a glyph */
  vt_world_close(world);
}

/* Without jitter all items of a class have the same strokes, with it no two. */
static void test_jitter(void **state)
{
  vt_ctx *ctx = *state;
  for (int moved = 0; moved < 2; moved++) {
    vt_world *world = open_with(ctx, "glyphs", moved ? "jitter=1" : "jitter=0", "noise=0");
    static uint8_t grey[2][PIXELS];
    for (int i = 0; i < 20; i++) {
      vt_glyph glyph;
      assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, i, &glyph));
      assert_ok(ctx, vt_glyph_render(ctx, &glyph, grey[0], NULL));
      assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, i + VT_GLYPHS, &glyph));
      assert_ok(ctx, vt_glyph_render(ctx, &glyph, grey[1], NULL));
      assert_int_equal(memcmp(grey[0], grey[1], PIXELS) != 0, moved);
    }
    vt_world_close(world);
  }
}

static void test_pure(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_with(ctx, "glyphs", NULL, NULL);
  check_scenes_pure(ctx, world);
  check_short_memory(ctx, world, 3);
  vt_world_close(world);
}

/* The amount of ink is a weak hint. */
static void test_ink_tells_little(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_with(ctx, "glyphs", NULL, NULL);
  double leak = channel_leak(ctx, world, 2000);
  print_message("# ink tells %.3f (chance .1)\n", leak);
  assert_true(leak < .3);
  vt_world_close(world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_truth, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_jitter, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_pure, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_ink_tells_little, new_context, free_context),
  };
  return cmocka_run_group_tests_name("worlds/glyphs", tests, NULL, NULL);
}
