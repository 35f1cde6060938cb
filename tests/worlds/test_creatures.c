/* SPDX-License-Identifier: Apache-2.0 */
#include "world_case.h"
#include "worlds/creatures.h"

enum { PX = 64, PIXELS = PX * PX };

static int bits_of(unsigned parts)
{
  int count = 0;
  for (int i = 0; i < VT_CREATURE_PARTS; i++)
    count += parts >> i & 1;
  return count;
}

/* How many species have each look, and in which range. */
static void check_sharing(const vt_creature_table *table, int looks, int least, int most)
{
  for (int part = 0; part < VT_CREATURE_PARTS; part++)
    for (int look = 0; look < looks; look++) {
      int count = 0;
      for (int i = 0; i < table->count; i++)
        count += table->species[i][part] == look;
      assert_in_range(count, least, most);
    }
}

/* Twins differ in one attribute of one part, each part once; pairs in at least four parts. */
static void test_odd_table(void **state)
{
  VT_UNUSED(state);
  const vt_creature_table *table = &vt_creatures_odd_table;
  check_sharing(table, 3, 3, 5);
  for (int one = 0; one < table->count; one++)
    for (int other = 0; other < table->count; other++) {
      unsigned apart = vt_creature_difference(table, one, other);
      if (one / 2 != other / 2) {
        assert_true(bits_of(apart) >= 4);
      } else if (one != other) {
        vt_creature_part part = (vt_creature_part)(one / 2);
        assert_int_equal(apart, 1u << part);
        assert_int_equal(vt_creature_neighbour(table, one), other);
        vt_trait a = vt_creature_look(table, one, part), b = vt_creature_look(table, other, part);
        int differ = 0;
        for (int i = 0; i < VT_CREATURE_ATTRIBUTES; i++)
          differ += a.value[i] != b.value[i];
        assert_int_equal(differ, 1);
        assert_int_equal(a.value[VT_CREATURE_SHAPE], b.value[VT_CREATURE_SHAPE]);
      }
    }
}

static void test_fine_table(void **state)
{
  VT_UNUSED(state);
  const vt_creature_table *table = &vt_creatures_fine_table;
  check_sharing(table, 4, 3, 7);
  for (int one = 0; one < table->count; one++)
    for (int other = 0; other < one; other++) {
      int apart = bits_of(vt_creature_difference(table, one, other));
      if (one / 4 == other / 4)
        assert_int_equal(apart, 2);
      else
        assert_true(apart >= 4);
    }
}

/* Areas add up; visible ⊆ full ⊆ touched; removing a part changes pixels it touches and no others. */
static void check_truth(vt_ctx *ctx, const vt_creature *creature)
{
  static uint8_t rgb[3 * PIXELS], without[3 * PIXELS], visible[PIXELS], full[PIXELS], touched[PIXELS];
  static uint16_t labels[PIXELS], fewer[PIXELS];
  assert_ok(ctx, vt_creature_render(ctx, creature, rgb, labels));
  int64_t sum = 0, area[3], labelled = 0;
  for (int i = 0; i < PIXELS; i++) {
    assert_in_range(labels[i], 0, VT_CREATURE_OCCLUDER);
    assert_true(creature->occluder.shape || labels[i] != VT_CREATURE_OCCLUDER);
    labelled += labels[i] > 0 && labels[i] <= VT_CREATURE_PARTS;
  }
  for (int part = 0; part < VT_CREATURE_PARTS; part++) {
    assert_ok(ctx,
              vt_creature_mask(ctx, creature, (vt_creature_part)part, VT_MASK_VISIBLE, visible, &area[0]));
    assert_ok(ctx, vt_creature_mask(ctx, creature, (vt_creature_part)part, VT_MASK_FULL, full, &area[1]));
    assert_ok(ctx,
              vt_creature_mask(ctx, creature, (vt_creature_part)part, VT_MASK_TOUCHED, touched, &area[2]));
    sum += area[0];
    vt_creature copy = *creature;
    vt_creature_drop(&copy, (vt_creature_part)part);
    assert_ok(ctx, vt_creature_render(ctx, &copy, without, fewer));
    int64_t changed = 0;
    for (int i = 0; i < PIXELS; i++) {
      bool same = memcmp(rgb + 3 * i, without + 3 * i, 3) == 0;
      assert_true(same || touched[i]);
      assert_true(visible[i] <= full[i] && full[i] <= touched[i]);
      assert_int_equal(visible[i], labels[i] == part + 1);
      assert_true(fewer[i] != part + 1);
      changed += !same && visible[i];
    }
    assert_true(area[0] < 12 || changed > area[0] / 2);
    /* a visible key-point lies in its part */
    vt_keypoint point = vt_creature_keypoint(creature, labels, (vt_creature_part)part);
    if (point.visible) assert_int_equal(visible[(int)point.y * PX + (int)point.x], 1);
    assert_false(vt_creature_keypoint(&copy, fewer, (vt_creature_part)part).visible);
  }
  assert_int_equal(sum, labelled);
}

static void test_truth(void **state)
{
  vt_ctx *ctx = *state;
  static const char *const ids[2] = {"creatures/odd", "creatures/fine"};
  for (int k = 0; k < 3; k++) {
    vt_world *world = open_with(ctx, ids[k % 2], k == 2 ? "pretrain=true" : NULL, NULL);
    vt_creature creature;
    for (int i = 0; i < 60; i++) {
      assert_ok(ctx, vt_world_record(ctx, world, VT_TEST, i, &creature));
      check_truth(ctx, &creature);
      assert_int_equal(creature.species, k == 2 ? -1 : i % world->class_count);
      if (k < 2) assert_int_equal(vt_creature_species_of(world->shared, &creature), creature.species);
    }
    vt_world_close(world);
  }
}

/* Without anything in front a key-point is visible nearly always, so the points are good ones; parts are
 * large enough to be read. */
static void test_parts_are_readable(void **state)
{
  vt_ctx *ctx = *state;
  enum { ITEMS = 400 };
  for (int k = 0; k < 2; k++) {
    vt_world *world = k ? open_with(ctx, "creatures/fine", "occlude=0", "pretrain=true")
                        : open_with(ctx, "creatures/odd", NULL, NULL);
    int seen[VT_CREATURE_PARTS] = {0}, small[VT_CREATURE_PARTS] = {0};
    static uint16_t labels[PIXELS];
    for (int i = 0; i < ITEMS; i++) {
      vt_creature creature;
      assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, i, &creature));
      assert_ok(ctx, vt_creature_render(ctx, &creature, NULL, labels));
      int area[VT_CREATURE_OCCLUDER + 1] = {0};
      for (int p = 0; p < PIXELS; p++)
        area[labels[p]]++;
      for (int part = 0; part < VT_CREATURE_PARTS; part++) {
        seen[part] += vt_creature_keypoint(&creature, labels, (vt_creature_part)part).visible;
        small[part] += area[part + 1] < 10;
      }
    }
    for (int part = 0; part < VT_CREATURE_PARTS; part++) {
      print_message("# %s %s: key-point visible in %d of %d, under 10 pixels in %d\n", world->preset->id,
                    vt_creature_part_names[part], seen[part], ITEMS, small[part]);
      assert_true(seen[part] > .9 * ITEMS);
      assert_true(small[part] < .05 * ITEMS);
    }
    vt_world_close(world);
  }
}

/* Giving the odd part the twin's look makes the twin; any other single change of colour makes no species.
 * The edited picture differs inside the part only. */
static void test_edits(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_with(ctx, "creatures/odd", NULL, NULL);
  const vt_creature_table *table = vt_creatures_table(world);
  static uint8_t before[3 * PIXELS], after[3 * PIXELS], touched[PIXELS];
  for (int i = 0; i < 24; i++) {
    vt_creature creature, copy;
    assert_ok(ctx, vt_world_record(ctx, world, VT_TEST, i, &creature));
    assert_ok(ctx, vt_creature_render(ctx, &creature, before, NULL));
    int twin = vt_creature_neighbour(table, creature.species);
    for (int part = 0; part < VT_CREATURE_PARTS; part++) {
      bool odd = vt_creature_difference(table, creature.species, twin) >> part & 1;
      copy = creature;
      vt_trait look = vt_creature_look(table, twin, (vt_creature_part)part);
      if (odd) {
        for (int a = 0; a < VT_CREATURE_ATTRIBUTES; a++)
          assert_ok(ctx, vt_creature_set(ctx, &copy, (vt_creature_part)part, (vt_creature_attribute)a,
                                         look.value[a]));
      } else {
        vt_creature_recolour(&copy, (vt_creature_part)part,
                             creature.traits[part].value[VT_CREATURE_COLOUR] == VT_CYAN ? VT_BROWN : VT_CYAN);
      }
      assert_int_equal(vt_creature_species_of(table, &copy), odd ? twin : -1);
      assert_ok(ctx, vt_creature_render(ctx, &copy, after, NULL));
      assert_ok(ctx,
                vt_creature_mask(ctx, &creature, (vt_creature_part)part, VT_MASK_TOUCHED, touched, NULL));
      int changed = 0;
      for (int p = 0; p < PIXELS; p++) {
        bool same = memcmp(before + 3 * p, after + 3 * p, 3) == 0;
        assert_true(same || touched[p]);
        changed += !same;
      }
      assert_true(changed > 5);
    }
    assert_fails(ctx, vt_creature_set(ctx, &copy, VT_CREATURE_LEG, VT_CREATURE_SHAPE, 4),
                 VT_ERROR_INVALID_ARGUMENT, "shape 4 of the leg");
  }
  vt_world_close(world);
}

static void test_pure(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_with(ctx, "creatures/odd", NULL, NULL);
  check_scenes_pure(ctx, world);
  vt_world_close(world);
  world = open_with(ctx, "creatures/fine", "shift=noise", NULL);
  check_scenes_pure(ctx, world);
  check_short_memory(ctx, world, 3);
  vt_world_close(world);
}

/* Mean colour is no way to the species: well under what one body colour would give (a third, a fifth). */
static void test_colour_tells_little(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_with(ctx, "creatures/odd", NULL, NULL);
  double odd = channel_leak(ctx, world, 1200);
  vt_world_close(world);
  world = open_with(ctx, "creatures/fine", NULL, NULL);
  double fine = channel_leak(ctx, world, 1200);
  vt_world_close(world);
  print_message("# mean colour tells %.3f of odd (chance .083), %.3f of fine (chance .05)\n", odd, fine);
  assert_true(odd < .2 && fine < .15);
}

/* Later passes of training items are other views of the same creature; test items stay. */
static void test_augmentation(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_with(ctx, "creatures/fine", "occlude=1", NULL);
  int moved = 0, hidden = 0;
  static uint16_t labels[2][PIXELS];
  for (int i = 0; i < 100; i++) {
    vt_creature creature, again, test;
    assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, i, &creature));
    vt_creatures_view(world, &creature, 0, &again);
    assert_memory_equal(&creature, &again, sizeof again);
    vt_creatures_view(world, &creature, 1, &again);
    assert_memory_equal(creature.traits, again.traits, sizeof again.traits);
    assert_ok(ctx, vt_creature_render(ctx, &creature, NULL, labels[0]));
    assert_ok(ctx, vt_creature_render(ctx, &again, NULL, labels[1]));
    int covered[2] = {0};
    for (int k = 0; k < 2; k++)
      for (int p = 0; p < PIXELS; p++)
        covered[k] += labels[k][p] == VT_CREATURE_OCCLUDER;
    moved += memcmp(labels[0], labels[1], sizeof labels[0]) != 0;
    hidden += covered[1] > covered[0] / 2 && covered[1] < 2 * covered[0];
    assert_ok(ctx, vt_world_record(ctx, world, VT_TEST, i, &creature));
    vt_creatures_view(world, &creature, 5, &test);
    assert_memory_equal(&creature, &test, sizeof test);
  }
  assert_int_equal(moved, 100);
  assert_true(hidden > 85);
  vt_world_close(world);
}

/* Blocks are erased in training items alone, others in each pass, and half the items stay whole. */
static void test_erasing(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *plain = open_with(ctx, "creatures/fine", "augment=false", NULL);
  vt_world *erased = open_with(ctx, "creatures/fine", "augment=false", "block_erase=0.5");
  vt_dataset *sets[4];
  int64_t indices[24];
  int changed[3] = {0};
  vt_batch batches[5];
  size_t mark = vt_tensor_mark(ctx);
  for (int i = 0; i < 24; i++)
    indices[i] = i;
  for (int i = 0; i < 4; i++)
    assert_ok(ctx, vt_world_dataset(ctx, i % 2 ? erased : plain, i < 2 ? VT_TRAIN : VT_TEST, 0, &sets[i]));
  uint32_t images = 1;
  assert_int_equal(vt_dataset_find(sets[0], "image"), 0);
  for (int i = 0; i < 4; i++)
    assert_ok(ctx, vt_batch_make(ctx, sets[i], indices, 24, 0, &images, &batches[i]));
  assert_ok(ctx, vt_batch_make(ctx, sets[1], indices, 24, 1, &images, &batches[4]));
  assert_memory_equal(batches[2].tensors[0]->data, batches[3].tensors[0]->data,
                      vt_bytes(batches[2].tensors[0]));
  size_t floats = 3 * PIXELS;
  const float *whole = batches[0].tensors[0]->data, *first = batches[1].tensors[0]->data,
              *second = batches[4].tensors[0]->data;
  for (size_t i = 0; i < 24; i++) {
    changed[0] += memcmp(whole + i * floats, first + i * floats, floats * sizeof *whole) != 0;
    changed[1] += memcmp(whole + i * floats, second + i * floats, floats * sizeof *whole) != 0;
    changed[2] += memcmp(first + i * floats, second + i * floats, floats * sizeof *whole) != 0;
  }
  assert_in_range(changed[0], 6, 18);
  assert_in_range(changed[1], 6, 18);
  assert_in_range(changed[2], 10, 24);
  vt_tensor_release(ctx, mark);
  for (int i = 0; i < 4; i++)
    vt_dataset_free(sets[i]);
  vt_world_close(plain);
  vt_world_close(erased);
}

/* Every setting changes what is made. */
static void test_settings_matter(void **state)
{
  vt_ctx *ctx = *state;
  static const char *const settings[] = {"px=96",     "pretrain=true", "nuisance=0.3", "occlude=1",
                                         "crop=true", "shift=blur",    "shift=noise",  NULL};
  for (int i = 0; settings[i]; i++) {
    vt_world *usual = open_with(ctx, "creatures/odd", NULL, NULL);
    vt_world *other = open_with(ctx, "creatures/odd", settings[i], NULL);
    vt_creature record;
    vt_item a, b;
    assert_ok(ctx, vt_world_record(ctx, usual, VT_TRAIN, 3, &record));
    assert_ok(ctx, vt_world_show(ctx, usual, &record, &a));
    assert_ok(ctx, vt_world_record(ctx, other, VT_TRAIN, 3, &record));
    assert_ok(ctx, vt_world_show(ctx, other, &record, &b));
    assert_true(a.width != b.width || memcmp(a.image, b.image, 3 * PIXELS) != 0);
    vt_item_free(&a);
    vt_item_free(&b);
    vt_world_close(usual);
    vt_world_close(other);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_odd_table),
      cmocka_unit_test(test_fine_table),
      cmocka_unit_test_setup_teardown(test_truth, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_parts_are_readable, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_edits, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_pure, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_colour_tells_little, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_augmentation, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_erasing, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_settings_matter, new_context, free_context),
  };
  return cmocka_run_group_tests_name("worlds/creatures", tests, NULL, NULL);
}
