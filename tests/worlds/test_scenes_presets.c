/* SPDX-License-Identifier: Apache-2.0
 *
 * scenes/combo, /super, /rules, /seg: what each promises.
 */
#include "worlds/world_case.h"

static const char *const ids[] = {"scenes/combo", "scenes/super",   "scenes/rules",
                                  "scenes/seg",   "scenes/caption", "scenes/refer"};

static void test_truth_and_purity(void **state)
{
  for (size_t p = 0; p < VT_COUNT(ids); p++)
    check_scenes_preset(*state, ids[p]);
}

/* Chance is 1/24, 1/6, 1/20; the rules name colours of parts, so theirs may show a little more. */
static void test_colour_tells_little(void **state)
{
  vt_ctx *ctx = *state;
  static const double most[] = {.09, .23, .16};
  for (int p = 0; p < 3; p++) {
    vt_world *world = open_scenes(ctx, ids[p], NULL);
    double accuracy = colour_leak(ctx, world, 1200);
    if (accuracy > most[p]) fail_msg("%s: mean colours give %.3f", ids[p], accuracy);
    vt_world_close(world);
  }
}

/* One batch of a preset with all fields; the set is freed by the caller. */
static vt_dataset *batch_of(vt_ctx *ctx, const vt_world *world, int count, vt_batch *batch)
{
  static int64_t indices[64];
  vt_dataset *set;
  for (int i = 0; i < count; i++)
    indices[i] = i;
  assert_ok(ctx, vt_world_dataset(ctx, world, VT_TRAIN, 0, &set));
  assert_ok(ctx, vt_batch_make(ctx, set, indices, count, 0, NULL, batch));
  return set;
}

/* The class follows from the predicates of the picture, and a patch inside the mask has the shape's. */
static void test_combo_predicates(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_scenes(ctx, "scenes/combo", NULL);
  vt_batch batch;
  vt_dataset *set = batch_of(ctx, world, 64, &batch);
  const int64_t *label = vt_batch_get(ctx, &batch, "label")->data;
  const uint8_t *picture = vt_batch_get(ctx, &batch, "predicates")->data;
  const uint8_t *patches = vt_batch_get(ctx, &batch, "patch_predicates")->data;
  const uint8_t *mask = vt_batch_get(ctx, &batch, "mask")->data;
  for (int n = 0; n < 64; n++) {
    char name[160] = "", text[64];
    const char *shape = "", *texture = "";
    static char words[2][64];
    for (int p = 0; p < VT_PREDICATES; p++) {
      if (!picture[n * VT_PREDICATES + p]) continue;
      vt_predicate_name(p, text);
      if (strncmp(text, "noun ", 5) == 0 && p <= VT_CRESCENT) shape = strcpy(words[0], text + 5);
      if (strncmp(text, "texture ", 8) == 0) texture = strcpy(words[1], text + 8);
    }
    snprintf(name, sizeof name, "%s %s", texture, shape);
    assert_string_equal(name, world->classes[label[n]]);
    int shape_bit = 0;
    while (strcmp(vt_noun_rows[shape_bit].name, shape) != 0)
      shape_bit++;
    uint8_t whole[64];
    vt_bits_patches(mask + n * 4096, 64, 64, 8, VT_PATCH_HALF, whole);
    for (int i = 0; i < 64; i++)
      if (whole[i]) assert_int_equal(patches[(n * 64 + i) * VT_PREDICATES + shape_bit], 1);
  }
  vt_dataset_free(set);
  vt_world_close(world);
}

/* A clan has four kinds of four bodies and four kits; a body is in four clans, a kit in all six. */
static void test_super_cuts_across(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_scenes(ctx, "scenes/super", NULL);
  vt_scenes_item *item = malloc(sizeof *item);
  int clan_of[VT_BODIES][VT_KITS];
  memset(clan_of, -1, sizeof clan_of);
  for (int i = 0; i < 800; i++) {
    assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, i, item));
    vt_noun noun = item->scene.nodes[item->main].noun;
    int *clan = &clan_of[vt_noun_body(noun)][vt_noun_kit(noun)];
    assert_true(*clan < 0 || *clan == item->scene.label);
    *clan = item->scene.label;
  }
  for (int body = 0; body < VT_BODIES; body++)
    for (int a = 0; a < VT_KITS; a++) {
      assert_true(clan_of[body][a] >= 0);
      for (int b = 0; b < a; b++)
        assert_int_not_equal(clan_of[body][a], clan_of[body][b]);
    }
  for (int kit = 0; kit < VT_KITS; kit++)
    for (int a = 0; a < VT_BODIES; a++)
      for (int b = 0; b < a; b++)
        assert_int_not_equal(clan_of[a][kit], clan_of[b][kit]);
  free(item);
  vt_world_close(world);
}

/* Each group has one true concept; a class's rule is what its items always share, and no other class's items
 * fit it; patches are NaN exactly where the thing is not. */
static void test_rules(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = open_scenes(ctx, "scenes/rules", NULL);
  enum { ITEMS = 64, ROUNDS = 25, CONCEPTS = 23, SPATIAL = 18 };
  static float seen[ITEMS * ROUNDS][CONCEPTS];
  static int64_t labels[ITEMS * ROUNDS];
  vt_dataset *set;
  assert_ok(ctx, vt_world_dataset(ctx, world, VT_TRAIN, 0, &set));
  for (int round = 0; round < ROUNDS; round++) {
    int64_t indices[ITEMS];
    vt_batch batch;
    size_t mark = vt_tensor_mark(ctx);
    uint32_t fields = 0;
    for (int i = 0; i < ITEMS; i++)
      indices[i] = round * ITEMS + i;
    fields |= 1u << vt_dataset_find(set, "label") | 1u << vt_dataset_find(set, "concepts");
    fields |= 1u << vt_dataset_find(set, "patch_targets") | 1u << vt_dataset_find(set, "mask");
    assert_ok(ctx, vt_batch_make(ctx, set, indices, ITEMS, 0, &fields, &batch));
    memcpy(seen[round * ITEMS], vt_batch_get(ctx, &batch, "concepts")->data, sizeof seen[0] * ITEMS);
    memcpy(labels + round * ITEMS, vt_batch_get(ctx, &batch, "label")->data, sizeof labels[0] * ITEMS);
    const float *targets = vt_batch_get(ctx, &batch, "patch_targets")->data;
    const uint8_t *mask = vt_batch_get(ctx, &batch, "mask")->data;
    for (int n = 0; n < ITEMS; n++) {
      uint8_t any[64];
      vt_bits_patches(mask + n * 4096, 64, 64, 8, VT_PATCH_ANY, any);
      for (int i = 0; i < 64; i++)
        for (int c = 0; c < SPATIAL; c++) {
          float target = targets[(n * 64 + i) * SPATIAL + c];
          assert_int_equal(isnan(target), !any[i]);
          if (target == 1) assert_true(seen[round * ITEMS + n][c] == 1);
        }
    }
    vt_tensor_release(ctx, mark);
  }
  for (int label = 0; label < 20; label++) {
    int always[CONCEPTS], literals = 0, count = 0;
    for (int c = 0; c < SPATIAL; c++)
      always[c] = 1;
    for (int n = 0; n < ITEMS * ROUNDS; n++) {
      for (int c = 0; c < SPATIAL && labels[n] == label; c++)
        always[c] &= seen[n][c] == 1;
      count += labels[n] == label;
    }
    assert_true(count > 30);
    for (int c = 0; c < SPATIAL; c++)
      literals += always[c];
    assert_in_range(literals, 3, 4);
    for (int n = 0; n < ITEMS * ROUNDS; n++) {
      bool fits = true;
      for (int c = 0; c < SPATIAL; c++)
        fits &= !always[c] || seen[n][c] == 1;
      assert_int_equal(fits, labels[n] == label);
    }
  }
  for (int n = 0; n < ITEMS * ROUNDS; n++)
    for (int group = 0; group < 6; group++)
      assert_true(seen[n][3 * group] + seen[n][3 * group + 1] + seen[n][3 * group + 2] == 1);
  vt_dataset_free(set);
  vt_world_close(world);
}

/* Parts lie in classes; void is a thin line; sizes spread as the option says; centroids are inside. */
static void test_seg(void **state)
{
  vt_ctx *ctx = *state;
  double spread[2];
  for (int fixed = 0; fixed < 2; fixed++) {
    vt_world *world = open_scenes(ctx, "scenes/seg", fixed ? "scale=fixed" : NULL);
    vt_batch batch;
    vt_dataset *set = batch_of(ctx, world, 48, &batch);
    const int64_t *mask = vt_batch_get(ctx, &batch, "mask")->data;
    const uint8_t *parts = vt_batch_get(ctx, &batch, "parts")->data;
    const float *centroids = vt_batch_get(ctx, &batch, "centroids")->data;
    int64_t counts[8] = {0};
    for (int i = 0; i < 48 * 96 * 96; i++) {
      assert_in_range(mask[i], 0, 7);
      counts[mask[i]]++;
      if (mask[i] > 1) assert_true(parts[i] > 0);
      if (mask[i] == 1) assert_int_equal(parts[i], 0);
    }
    int64_t things = 0;
    for (int c = 2; c < 8; c++) {
      assert_true(counts[c] > 300);
      things += counts[c];
    }
    assert_true(counts[0] > 0 && counts[0] < things);
    for (int n = 0; n < 48; n++)
      for (int i = 0; i < 32; i++) {
        const float *row = centroids + (n * 32 + i) * 4;
        if (row[0] < 0) continue;
        assert_true(row[0] < 96 && row[1] >= 0 && row[1] < 96 && row[3] >= 2 && row[3] < 8 && row[2] >= 1);
      }
    vt_scenes_item *item = malloc(sizeof *item);
    double least = 9, largest = 0;
    for (int i = 0; i < 200; i++) {
      assert_ok(ctx, vt_world_record(ctx, world, VT_TRAIN, i, item));
      for (int k = -1; (k = vt_scene_next(&item->scene, k, VT_NODE_OBJECT, VT_NOUN_NONE)) >= 0;) {
        least = fmin(least, item->scene.nodes[k].scale);
        largest = fmax(largest, item->scene.nodes[k].scale);
      }
    }
    spread[fixed] = largest / least;
    free(item);
    vt_dataset_free(set);
    vt_world_close(world);
  }
  assert_true(spread[0] > 2.7 && spread[0] <= 3.001 && spread[1] <= 1.106);
}

static void test_short_memory(void **state)
{
  vt_ctx *ctx = *state;
  for (size_t p = 0; p < VT_COUNT(ids); p++) {
    vt_world *world = open_scenes(ctx, ids[p], NULL);
    check_short_memory(ctx, world, 6);
    vt_world_close(world);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_truth_and_purity, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_colour_tells_little, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_combo_predicates, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_super_cuts_across, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_rules, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_seg, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_short_memory, new_context, free_context),
  };
  return cmocka_run_group_tests_name("worlds/scenes_presets", tests, NULL, NULL);
}
