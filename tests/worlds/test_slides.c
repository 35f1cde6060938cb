/* SPDX-License-Identifier: Apache-2.0 */
#include "world_case.h"
#include "worlds/corpus.h"
#include "worlds/scene_vocabulary.h"
#include "worlds/slides.h"
#include "worlds/world_words.h"

enum { PX = 64, PIXELS = PX * PX };

static int changed(const uint8_t *a, const uint8_t *b, int pixel)
{
  return abs(a[3 * pixel] - b[3 * pixel]) + abs(a[3 * pixel + 1] - b[3 * pixel + 1]) +
         abs(a[3 * pixel + 2] - b[3 * pixel + 2]);
}

/* A structure and its nuclei are all that taking it away changes, up to the blur's reach. */
static void test_structures(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_with(ctx, "slides/tissue", "second=1", NULL);
  static uint8_t rgb[3 * PIXELS], without[3 * PIXELS];
  static uint16_t structures[PIXELS], nuclei[PIXELS];
  int pairs = 0, nucleus_count = 0;
  for (int i = 0; i < 150; i++) {
    vt_slide slide, less;
    assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, i, &slide));
    assert_ok(ctx, vt_slide_render(ctx, &slide, rgb, structures, nuclei));
    assert_int_equal(slide.structures[0].tissue, slide.label);
    int area[3] = {0};
    for (int k = 0; k < PIXELS; k++) {
      assert_true(structures[k] <= slide.structure_count && nuclei[k] <= slide.nucleus_count);
      area[structures[k]]++;
      const vt_nucleus *nucleus = nuclei[k] ? &slide.nuclei[nuclei[k] - 1] : NULL;
      if (nucleus && nucleus->structure >= 0) assert_int_equal(structures[k], nucleus->structure + 1);
    }
    assert_true(area[1] > PIXELS / 25 && area[1] < PIXELS / 3);
    if (slide.structure_count == 2) {
      pairs++;
      assert_int_not_equal(slide.structures[1].tissue, slide.label);
      assert_true(area[2] > 100 && area[2] < area[1]);
    }
    nucleus_count += slide.nucleus_count;
    less = slide;
    for (int n = 0; n < less.nucleus_count; n++)
      if (less.nuclei[n].structure == 0) less.nuclei[n].x = -100;
    less.structures[0].x = -100;
    assert_ok(ctx, vt_slide_render(ctx, &less, without, NULL, NULL));
    int outside = 0, inside = 0;
    for (int k = 0; k < PIXELS; k++) {
      bool near = false;
      for (int dy = -3; dy <= 3; dy++)
        for (int dx = -3; dx <= 3; dx++) {
          int x = k % PX + dx, y = k / PX + dy;
          near = near || (x >= 0 && x < PX && y >= 0 && y < PX && structures[y * PX + x] == 1);
        }
      if (!near) outside += changed(rgb, without, k) > 12;
      if (structures[k] == 1) inside += changed(rgb, without, k) > 12;
    }
    assert_true(inside > area[1] * 7 / 10);
    assert_true(outside == 0);
  }
  assert_true(pairs > 90);
  print_message("# %.1f nuclei a slide\n", nucleus_count / 150.);
  assert_in_range(nucleus_count / 150, 12, 30);
  vt_world_close(world);
}

/* Every word of captions and prompts has a token, every token a word that somebody says. */
static void test_words(void **state)
{
  vt_ctx *ctx = *state;
  static const char *const ids[] = {"slides/tissue", "scenes/object"};
  for (size_t i = 0; i < VT_COUNT(ids); i++) {
    vt_world *world = open_with(ctx, ids[i], NULL, NULL);
    vt_world_words words;
    assert_true(vt_world_words_of(world, &words));
    for (int p = 0; words.prompts[p]; p++)
      for (int c = 0; c < world->class_count; c++) {
        char text[160];
        int64_t tokens[24];
        vt_prompt_say(words.prompts[p], world->classes[c], text, sizeof text);
        assert_null(strchr(text, '%'));
        words.tokens(text, 24, tokens);
        assert_int_equal(tokens[0], VT_TOKEN_BOS);
        for (int t = 0; t < 24; t++)
          assert_true(tokens[t] != VT_TOKEN_UNK && tokens[t] >= 0 && tokens[t] < words.count);
      }
    vt_world_close(world);
  }
  vt_world *world = open_with(ctx, "glyphs", NULL, NULL);
  vt_world_words words;
  assert_false(vt_world_words_of(world, &words));
  vt_world_close(world);
}

static void test_captions(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_with(ctx, "slides/tissue", NULL, NULL);
  int count, seen[256] = {0}, named = 0, missing = 0;
  const char *const *spelling = vt_slide_words(&count);
  assert_true(count < 256);
  for (int i = VT_TOKEN_SPECIALS + 1; i < count; i++)
    assert_true(strcmp(spelling[i - 1], spelling[i]) < 0);
  for (int i = 0; i < 2000; i++) {
    vt_slide slide;
    char text[256];
    int64_t tokens[VT_SLIDE_TOKENS];
    assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, i, &slide));
    vt_slide_caption(&slide, slide.nuisance, text, sizeof text);
    vt_slide_tokens(text, VT_SLIDE_TOKENS, tokens);
    for (int t = 0; t < VT_SLIDE_TOKENS; t++) {
      assert_int_not_equal(tokens[t], VT_TOKEN_UNK);
      seen[tokens[t]]++;
    }
    named += strstr(text, vt_tissue_names[slide.label]) != NULL;
    for (int other = 0; other < VT_TISSUES; other++)
      assert_true(other == slide.label || !strstr(text, vt_tissue_names[other]));
  }
  for (int i = VT_TOKEN_SPECIALS; i < count; i++)
    if (!seen[i]) missing++, print_message("# nobody says %s\n", spelling[i]);
  assert_int_equal(missing, 0);
  assert_in_range(named, 1200, 1600); /* 70 % */
  vt_world_close(world);
}

/* What a scene's prompt says of the colour is true, and it is another one in the next pass. */
static void test_scene_prompts(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_with(ctx, "scenes/object", NULL, NULL);
  int colours = 0, same = 0;
  for (int i = 0; i < 200; i++) {
    vt_scenes_item item;
    char text[2][160];
    assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, i, &item));
    for (int k = 0; k < 2; k++)
      vt_scene_prompt_say(&item.scene, item.main, world->classes[item.label], (uint64_t)(2 * i + k), text[k],
                          sizeof text[k]);
    assert_non_null(strstr(text[0], world->classes[item.label]));
    same += strcmp(text[0], text[1]) == 0;
    for (int c = 0; c < VT_COLOURS; c++) {
      char said[64];
      snprintf(said, sizeof said, " %s %s", vt_colour_names[c], world->classes[item.label]);
      if (!strstr(text[0], said)) continue;
      assert_int_equal(c, item.scene.nodes[item.main].colour);
      colours++;
    }
  }
  assert_in_range(colours, 25, 75);
  assert_true(same < 70);
  vt_world_close(world);
}

static void test_pure(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_with(ctx, "slides/tissue", NULL, NULL);
  check_scenes_pure(ctx, world);
  check_short_memory(ctx, world, 4);
  vt_world_close(world);
}

/* Colours are those of stains and nuisance; how much of each a structure has is a hint (chance .333). */
static void test_colour_tells_little(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_with(ctx, "slides/tissue", NULL, NULL);
  double leak = channel_leak(ctx, world, 1500);
  print_message("# colour tells %.3f (chance .333)\n", leak);
  assert_true(leak < .9);
  vt_world_close(world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_structures, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_words, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_captions, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_scene_prompts, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_pure, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_colour_tells_little, new_context, free_context),
  };
  return cmocka_run_group_tests_name("worlds/slides", tests, NULL, NULL);
}
