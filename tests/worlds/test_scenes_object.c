/* SPDX-License-Identifier: Apache-2.0 */
#include "worlds/scenes_case.h"

static const char *const forms[] = {"form=one", "form=two", "form=marks", "form=several", "occlude=1"};

static void test_truth(void **state)
{
  vt_ctx *ctx = *state;
  for (size_t f = 0; f < VT_COUNT(forms); f++) {
    vt_world *world = open_scenes(ctx, "scenes/object", forms[f]);
    vt_scenes_item *item = malloc(sizeof *item);
    for (int i = 0; i < 6; i++) {
      assert_ok(ctx, vt_world_record(ctx, world, VT_TEST, i, item));
      check_scene_truth(ctx, &item->scene);
    }
    free(item);
    vt_world_close(world);
  }
}

static void test_pure(void **state)
{
  vt_ctx *ctx = *state;
  for (size_t f = 0; f < VT_COUNT(forms); f++) {
    vt_world *world = open_scenes(ctx, "scenes/object", forms[f]);
    check_scenes_pure(ctx, world);
    vt_world_close(world);
  }
}

/* The class is body and kit: each of the twelve once, and the object shows the parts of its kit. */
static void test_classes(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_scenes(ctx, "scenes/object", NULL);
  vt_scenes_item *item = malloc(sizeof *item);
  int count[12] = {0};
  for (int i = 0; i < 1200; i++) {
    assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, i, item));
    const vt_scene *scene = &item->scene;
    count[scene->label]++;
    vt_noun noun = scene->nodes[item->main].noun;
    assert_string_equal(vt_noun_rows[noun].name, world->classes[scene->label]);
    assert_int_equal(vt_noun_kit(noun) * 4 + vt_noun_body(noun), scene->label);
    static const vt_noun signs[] = {VT_WHEEL, VT_LEG, VT_WING};
    for (int kit = 0; kit < 3; kit++)
      assert_int_equal(vt_scene_next_part(scene, -1, item->main, signs[kit]) >= 0, kit == vt_noun_kit(noun));
    assert_int_equal(item->label, scene->label);
  }
  for (int i = 0; i < 12; i++) /* 100 expected, standard deviation 9.6 */
    assert_in_range(count[i], 52, 148);
  free(item);
  vt_world_close(world);
}

/* Each of the three marks is needed: changed alone, it gives another class. */
static void test_marks(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_scenes(ctx, "scenes/object", "form=marks");
  vt_scenes_item *item = malloc(sizeof *item);
  vt_noun marks[12][3] = {{0}};
  for (int i = 0; i < 300; i++) {
    assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, i, item));
    int at = -1, label = item->scene.label;
    for (int k = 0; k < 3; k++) {
      at = vt_scene_next(&item->scene, at, VT_NODE_OBJECT, VT_NOUN_NONE);
      assert_true(at >= 0 && vt_scene_below(&item->scene, at, item->main));
      vt_noun noun = item->scene.nodes[at].noun;
      assert_true(marks[label][k] == 0 || marks[label][k] == noun);
      marks[label][k] = noun;
    }
  }
  for (int a = 0; a < 12; a++)
    for (int slot = 0; slot < 3; slot++) {
      int rivals = 0;
      for (int b = 0; b < 12; b++) {
        bool others = true;
        for (int k = 0; k < 3; k++)
          others &= k == slot ? marks[a][k] != marks[b][k] : marks[a][k] == marks[b][k];
        rivals += others;
      }
      assert_true(rivals >= 1);
    }
  free(item);
  vt_world_close(world);
}

/* Chance is 1/12; with 1500 items its standard deviation is .007. Area and background carry a little. */
static void test_colour_tells_nothing(void **state)
{
  vt_ctx *ctx = *state;
  for (int f = 0; f < 3; f += 2) {
    vt_world *world = open_scenes(ctx, "scenes/object", forms[f]);
    double accuracy = colour_leak(ctx, world, 1500);
    if (accuracy > .14) fail_msg("%s: mean colours give %.3f", forms[f], accuracy);
    vt_world_close(world);
  }
  vt_world *world = open_scenes(ctx, "scenes/object", "spurious=1"); /* where they must, in training */
  vt_scenes_item *item = malloc(sizeof *item);
  assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, 0, item));
  assert_true(item->spurious);
  assert_ok(ctx, vt_world_record(ctx, world, VT_TEST, 0, item));
  assert_false(item->spurious);
  free(item);
  vt_world_close(world);
}

/* Every setting changes pictures or labels of the training split. */
static void test_settings_are_used(void **state)
{
  vt_ctx *ctx = *state;
  static const char *const settings[] = {
      "clutter=0",   "nuisance=.5", "block_erase=1", "label_noise=.5",     "spurious=1",
      "occlude=1",   "form=two",    "shift=blur",    "shift=background",   "shift=texture",
      "shift=erase", "form=marks",  "form=several",  "heldout_combos=true"};
  vt_world *plain = open_scenes(ctx, "scenes/object", NULL);
  int64_t indices[24];
  for (int i = 0; i < 24; i++)
    indices[i] = i;
  vt_dataset *plain_set;
  vt_batch expected, got;
  assert_ok(ctx, vt_world_dataset(ctx, plain, VT_TRAIN, 0, &plain_set));
  assert_ok(ctx, vt_batch_make(ctx, plain_set, indices, 24, 0, NULL, &expected));
  for (size_t i = 0; i < VT_COUNT(settings); i++) {
    vt_world *world = open_scenes(ctx, "scenes/object", settings[i]);
    assert_string_not_equal(world->key, plain->key);
    vt_dataset *set;
    assert_ok(ctx, vt_world_dataset(ctx, world, VT_TRAIN, 0, &set));
    assert_ok(ctx, vt_batch_make(ctx, set, indices, 24, 0, NULL, &got));
    bool same = true;
    for (int field = 0; field < set->field_count; field++)
      same &=
          memcmp(expected.tensors[field]->data, got.tensors[field]->data, vt_bytes(got.tensors[field])) == 0;
    if (same) fail_msg("%s changes nothing", settings[i]);
    vt_dataset_free(set);
    vt_world_close(world);
  }
  vt_dataset_free(plain_set);
  vt_world_close(plain);
  vt_world *world;
  const char *bad = "px=65";
  assert_fails(ctx, vt_world_open(ctx, "scenes/object", &bad, 1, 0, &world), VT_ERROR_INVALID_ARGUMENT,
               "multiple of 8");
  bad = "shift=fog";
  assert_fails(ctx, vt_world_open(ctx, "scenes/object", &bad, 1, 0, &world), VT_ERROR_INVALID_ARGUMENT,
               "fog");
}

/* Held-out pairs of class and colour are met in the test split only; shifted items are the same records. */
static void test_heldout_and_shift(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_scenes(ctx, "scenes/object", "heldout_combos=true");
  vt_world *plain = open_scenes(ctx, "scenes/object", NULL),
           *noisy = open_scenes(ctx, "scenes/object", "shift=noise");
  vt_scenes_item *item = malloc(sizeof *item), *other = malloc(sizeof *other);
  int held_out = 0;
  for (int i = 0; i < 800; i++) {
    assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, i, item));
    assert_false(item->held_out);
    assert_ok(ctx, vt_world_record(ctx, world, VT_TEST, i, item));
    held_out += item->held_out;
    assert_ok(ctx, vt_world_record(ctx, plain, VT_TEST, i, item));
    assert_ok(ctx, vt_world_record(ctx, noisy, VT_TEST, i, other));
    assert_memory_equal(item, other, sizeof *item);
  }
  assert_in_range(held_out, 20, 200); /* a tenth of the pairs, which are not equally frequent */
  free(item);
  free(other);
  vt_world_close(world);
  vt_world_close(plain);
  vt_world_close(noisy);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_truth, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_pure, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_classes, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_marks, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_colour_tells_nothing, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_settings_are_used, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_heldout_and_shift, new_context, free_context),
  };
  return cmocka_run_group_tests_name("worlds/scenes_object", tests, NULL, NULL);
}
