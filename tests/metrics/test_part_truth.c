/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of scenes and their effects, on models whose answers can be computed without them.
 */
#include <math.h>

#include "metrics/part_truth.h"
#include "test.h"
#include "worlds/scenes.h"

enum { SIDE = 64, PIXELS = SIDE * SIDE, CLASSES = 12 };

static double weight(int class_number, size_t place)
{
  return vt_random_uniform(5, vt_stream("weight", (uint64_t)class_number), place) - .5;
}

/* Logit of class k: sum of weight(k, i) · x[i]; or nothing but zeros. */
static vt_status add_up(vt_ctx *ctx, void *user, int count, const float *inputs, float *outputs)
{
  (void)ctx;
  const bool *blind = user;
  for (int n = 0; n < count; n++)
    for (int k = 0; k < CLASSES; k++) {
      double sum = 0;
      for (size_t i = 0; i < 3 * PIXELS && !*blind; i++)
        sum += weight(k, i) * (double)inputs[(size_t)n * 3 * PIXELS + i];
      outputs[n * CLASSES + k] = (float)sum;
    }
  return VT_OK;
}

typedef struct fixture {
  vt_ctx *ctx;
  vt_world *world;
  vt_model *model;
  bool blind;
  vt_scenes_item item;
} fixture;

static void open_fixture(fixture *at, vt_ctx *ctx, const char *setting)
{
  at->ctx = ctx;
  at->blind = false;
  assert_ok(ctx, vt_world_open(ctx, "scenes/object", &setting, setting != NULL, 4, &at->world));
  assert_ok(ctx, vt_model_from_function(ctx, add_up, &at->blind, 3, SIDE, SIDE, CLASSES, true, &at->model));
}

static void close_fixture(fixture *at)
{
  vt_model_free(at->model);
  vt_world_close(at->world);
}

static const vt_part *find(const vt_part_truth *truth, const char *name)
{
  for (int p = 0; p < truth->count; p++)
    if (strcmp(truth->parts[p].name, name) == 0) return &truth->parts[p];
  return NULL;
}

/* Draws the scene without all parts of that noun, and adds up what that changes. */
static double effect_by_hand(fixture *at, vt_noun noun)
{
  static uint8_t whole[3 * PIXELS], without[3 * PIXELS];
  vt_scene scene = at->item.scene;
  assert_ok(at->ctx, vt_scene_render(at->ctx, &scene, whole, NULL));
  for (int part = -1; (part = vt_scene_next_part(&at->item.scene, part, at->item.main, noun)) >= 0;)
    vt_scene_drop(&scene, part);
  assert_ok(at->ctx, vt_scene_render(at->ctx, &scene, without, NULL));
  double sum = 0;
  for (size_t i = 0; i < PIXELS; i++)
    for (size_t c = 0; c < 3; c++)
      sum += weight(scene.label, c * PIXELS + i) * (whole[3 * i + c] - without[3 * i + c]) / 255.;
  return sum;
}

static void test_effects(void **state)
{
  static const vt_noun nouns[] = {VT_BODY, VT_WHEEL, VT_FLAG, VT_LEG,    VT_EAR,
                                  VT_WING, VT_FIN,   VT_EYE,  VT_WINDOW, VT_PATCH};
  fixture at;
  open_fixture(&at, *state, NULL);
  int compared = 0;
  double total = 0;
  for (int index = 0; index < 4; index++) {
    vt_part_truth truth;
    assert_ok(at.ctx, vt_world_record(at.ctx, at.world, VT_TEST, index, &at.item));
    assert_ok(at.ctx, vt_part_truth_make(at.ctx, at.world, VT_TEST, index, at.model, &truth));
    assert_int_equal(truth.label, at.item.scene.label);
    for (size_t n = 0; n < VT_COUNT(nouns); n++) {
      const vt_part *part = find(&truth, vt_noun_rows[nouns[n]].name);
      bool there = vt_scene_next_part(&at.item.scene, -1, at.item.main, nouns[n]) >= 0;
      if (!part) {
        assert_true(!there || truth.hidden > 0);
        continue;
      }
      assert_true(there);
      /* logits are floats of about 100 */
      assert_near(part->logit, effect_by_hand(&at, nouns[n]), 1e-4);
      total += fabs(part->logit);
      compared++;
    }
    vt_part_truth_free(&truth);
  }
  assert_true(compared >= 12 && total > 1);
  close_fixture(&at);
}

/* Both parts of the kit and the body decide, marks and scraps do not; masks do not overlap, and together the
 * thing's parts are the thing. */
static void test_parts(void **state)
{
  fixture at;
  open_fixture(&at, *state, NULL);
  int marks = 0, scraps = 0;
  for (int index = 0; index < 12; index++) {
    vt_part_truth truth;
    assert_ok(at.ctx, vt_world_record(at.ctx, at.world, VT_TEST, index, &at.item));
    assert_ok(at.ctx, vt_part_truth_make(at.ctx, at.world, VT_TEST, index, at.model, &truth));
    int32_t labels[PIXELS];
    vt_part_truth_labels(&truth, labels);
    for (int i = 0; i < PIXELS; i++) {
      int owners = 0, of_thing = 0, deciding = 0;
      for (int p = 0; p < truth.count; p++) {
        if (!truth.parts[p].mask[i]) continue;
        owners++;
        of_thing += vt_part_of_thing(truth.parts[p].kind);
        deciding += vt_part_decides(truth.parts[p].kind);
        assert_int_equal(labels[i], p);
      }
      assert_true(owners <= 1);
      assert_int_equal(of_thing, truth.thing[i]);
      assert_int_equal(deciding, truth.deciding[i]);
      if (!owners) assert_int_equal(labels[i], truth.count);
    }
    int kit = vt_noun_kit(at.item.scene.nodes[at.item.main].noun);
    for (int p = 0; p < truth.count; p++) {
      const vt_part *part = &truth.parts[p];
      assert_true(part->area > 0);
      bool of_kit = strcmp(part->name, vt_noun_rows[vt_kit_parts[kit][0]].name) == 0 ||
                    strcmp(part->name, vt_noun_rows[vt_kit_parts[kit][1]].name) == 0;
      assert_int_equal(part->kind == VT_PART_KIT, of_kit);
      assert_int_equal(part->kind == VT_PART_BODY, strcmp(part->name, "body") == 0);
      marks += part->kind == VT_PART_MARK;
      scraps += part->kind == VT_PART_SCRAP;
      if (p > 0) /* the thing's stand first */
        assert_true(vt_part_of_thing(truth.parts[p - 1].kind) || !vt_part_of_thing(part->kind));
    }
    vt_part_truth_free(&truth);
  }
  assert_true(marks > 3 && scraps > 6);
  close_fixture(&at);
}

/* A model that does not look loses nothing without anything. */
static void test_blind(void **state)
{
  fixture at;
  open_fixture(&at, *state, NULL);
  at.blind = true;
  vt_part_truth truth;
  assert_ok(at.ctx, vt_part_truth_make(at.ctx, at.world, VT_TEST, 3, at.model, &truth));
  assert_near(truth.probability, 1. / CLASSES, 1e-12);
  for (int p = 0; p < truth.count; p++) {
    assert_near(truth.parts[p].logit, 0, 0);
    assert_near(truth.parts[p].probability, 0, 0);
    assert_int_equal(truth.parts[p].answer, 0);
  }
  vt_part_truth_free(&truth);
  close_fixture(&at);
}

static int count_kind(const vt_part_truth *truth, vt_part_kind kind)
{
  int count = 0;
  for (int p = 0; p < truth->count; p++)
    count += truth->parts[p].kind == kind;
  return count;
}

/* Three marks that make the class together; a second thing beside the first. */
static void test_forms(void **state)
{
  fixture at;
  vt_part_truth truth;
  open_fixture(&at, *state, "form=marks");
  assert_ok(at.ctx, vt_part_truth_make(at.ctx, at.world, VT_TEST, 0, at.model, &truth));
  assert_int_equal(count_kind(&truth, VT_PART_SIGN), 3);
  assert_memory_equal(truth.thing, truth.deciding, PIXELS);
  vt_part_truth_free(&truth);
  close_fixture(&at);
  open_fixture(&at, *state, "form=two");
  assert_ok(at.ctx, vt_part_truth_make(at.ctx, at.world, VT_TEST, 0, at.model, &truth));
  assert_int_equal(count_kind(&truth, VT_PART_OTHER), 1);
  assert_int_equal(count_kind(&truth, VT_PART_BODY), 1);
  vt_part_truth_free(&truth);
  close_fixture(&at);
}

static void test_refusals(void **state)
{
  fixture at;
  vt_part_truth truth;
  open_fixture(&at, *state, "px=32");
  assert_fails(at.ctx, vt_part_truth_make(at.ctx, at.world, VT_TEST, 0, at.model, &truth),
               VT_ERROR_INVALID_ARGUMENT, "set px");
  close_fixture(&at);
  vt_world *glyphs;
  open_fixture(&at, *state, NULL);
  assert_ok(at.ctx, vt_world_open(at.ctx, "glyphs", NULL, 0, 0, &glyphs));
  assert_fails(at.ctx, vt_part_truth_make(at.ctx, glyphs, VT_TEST, 0, at.model, &truth),
               VT_ERROR_INVALID_ARGUMENT, "scenes/object");
  vt_world_close(glyphs);
  vt_model *other;
  assert_ok(at.ctx, vt_model_from_function(at.ctx, add_up, &at.blind, 3, SIDE, SIDE, 3, true, &other));
  assert_fails(at.ctx, vt_part_truth_make(at.ctx, at.world, VT_TEST, 0, other, &truth),
               VT_ERROR_INVALID_ARGUMENT, "3 classes");
  vt_model_free(other);
  close_fixture(&at);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_effects, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_parts, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_blind, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_forms, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_refusals, new_context, free_context),
  };
  return cmocka_run_group_tests_name("metrics/part_truth", tests, NULL, NULL);
}
