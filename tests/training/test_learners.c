/* SPDX-License-Identifier: Apache-2.0
 *
 * Learners: what they read from data, what they refuse, and that they learn.
 */
#include "learning.h"

#define SETTINGS(...)                                                                                        \
  (const char *const[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)

static void refuses(vt_ctx *ctx, const char *kind, const char *setting, const vt_world *world,
                    const vt_dataset *set, const char *message)
{
  vt_learner *learner;
  assert_fails(ctx, vt_learner_open(ctx, kind, &setting, setting ? 1 : 0, world, set, &learner),
               VT_ERROR_INVALID_ARGUMENT, message);
  assert_null(learner);
}

static void test_refusals(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = NULL, *words = NULL;
  vt_learner *learner;
  vt_dataset *set = open_set(ctx, "scenes/object", VT_TRAIN, 8, &world);
  refuses(ctx, "resnt", NULL, world, set, "did you mean 'resnet'");
  refuses(ctx, "resnet", "widht=3", world, set, "widths");
  assert_fails(ctx,
               vt_learner_open(ctx, "resnet", SETTINGS("widths=8,16", "blocks=1,2,3"), world, set, &learner),
               VT_ERROR_INVALID_ARGUMENT, "3 numbers for 2 stages");
  vt_dataset *texts = open_set(ctx, "corpora/ioi", VT_TRAIN, 8, &words);
  refuses(ctx, "resnet", NULL, words, texts, "needs field 'image'");
  refuses(ctx, "vit", NULL, words, texts, "needs field 'image'");
  refuses(ctx, "unet", NULL, words, texts, "needs field 'image'");
  vt_dataset_free(set);
  vt_dataset_free(texts);
  vt_world_close(world);
  vt_world_close(words);
}

/* What does not fit the data is said when the learner is opened, not when the first step runs. */
static void test_settings_that_do_not_fit(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = NULL, *masks = NULL;
  vt_learner *learner;
  vt_dataset *set = open_set(ctx, "creatures/odd", VT_TRAIN, 8, &world);
  refuses(ctx, "vit", "patch=7", world, set, "7 pixels do not divide pictures of 64");
  refuses(ctx, "vit", "heads=7", world, set, "7 do not divide the width 64");
  refuses(ctx, "vit", "stem=16,16,16,16,16", world, set, "5 convolutions; 4 at most");
  refuses(ctx, "vit", "stem=12", world, set, "no multiple of 8");
  assert_fails(
      ctx,
      vt_learner_open(ctx, "vit", SETTINGS("positions=rotary", "width=24", "heads=4"), world, set, &learner),
      VT_ERROR_INVALID_ARGUMENT, "width of a head that is a multiple of 4, not 6");
  refuses(ctx, "unet", NULL, world, set, "needs field 'mask'");
  refuses(ctx, "mixer", "stem=", world, set, "one convolution or more");
  refuses(ctx, "mixer", "stem=12", world, set, "no multiple of 8");
  vt_dataset *pictures = open_set(ctx, "scenes/seg", VT_TRAIN, 8, &masks);
  refuses(ctx, "unet", "widths=8,8,8,8,8,8,8", masks, pictures, "no multiple of 64");
  refuses(ctx, "vit", NULL, masks, pictures, "needs field 'label'");
  vt_dataset_free(set);
  vt_dataset_free(pictures);
  vt_world_close(world);
  vt_world_close(masks);
}

/* A learner that is joined wrongly does not learn. Chance is 1/12; so few pictures can be known by heart. */

static void test_resnet_learns(void **state)
{
  vt_measures measures;
  learns(*state, "resnet", SETTINGS("widths=16,32,32", "blocks=1"), "scenes/object", 64, 120, &measures);
  assert_true(vt_measures_get(&measures, "accuracy") > .5);
}

/* The same as evidence, with other classes punished towards the end: what is known has little uncertainty,
 * which begins at about ½ (no score, e = 1 for all). */
static void test_evidence_is_learned(void **state)
{
  vt_measures measures;
  learns(*state, "resnet",
         SETTINGS("widths=16,32,32", "blocks=1", "objective=evidential-log", "annealing=1000"),
         "scenes/object", 64, 120, &measures);
  assert_true(vt_measures_get(&measures, "accuracy") > .5);
  assert_true(vt_measures_get(&measures, "uncertainty") < .4);
  for (int form = 0; form < 2; form++)
    learns(*state, "vit",
           SETTINGS("width=32", "layers=1", "patch=8",
                    form ? "objective=evidential-digamma" : "objective=evidential-squared", "annealing=1",
                    "noise=0.2"),
           "creatures/odd", 48, 2, &measures);
  assert_true(vt_measures_get(&measures, "uncertainty") > 0);
}

static void test_vit_learns(void **state)
{
  vt_measures measures;
  learns(*state, "vit", SETTINGS("width=32", "layers=2", "patch=4"), "creatures/odd", 48, 100, &measures);
  assert_true(vt_measures_get(&measures, "accuracy") > .5);
}

/* Scans in both directions; the exported graph, which learns() compares, has their steps. */
static void test_mixer_learns(void **state)
{
  vt_measures measures;
  learns(*state, "mixer", SETTINGS("width=32", "layers=2", "stem=16,32,32", "states=4"), "creatures/odd", 48,
         100, &measures);
  assert_true(vt_measures_get(&measures, "accuracy") > .5);
}

/* Everything else that the settings of a ViT switch. */
static void test_vit_forms(void **state)
{
  vt_measures measures;
  learns(*state, "vit",
         SETTINGS("width=32", "layers=2", "stem=16,16,32", "pool=mean", "positions=sinusoid", "dropout=.1",
                  "drop_path=.1", "smoothing=.1"),
         "creatures/odd", 48, 2, &measures);
  assert_true(vt_measures_get(&measures, "entropy") < 10);
  learns(*state, "vit",
         SETTINGS("width=32", "layers=1", "patch=16", "pool=query", "cls=true", "positions=rotary",
                  "hidden=48", "pattern_dropout=.1", "init_std=.02"),
         "creatures/odd", 48, 2, &measures);
  assert_true(vt_measures_get(&measures, "entropy") < 10);
}

/* Background alone is .933 of these pixels and a mean IoU of .133. */
static void test_unet_learns(void **state)
{
  vt_measures measures;
  learns(*state, "unet", SETTINGS("widths=16,32,32"), "scenes/seg", 16, 60, &measures);
  assert_true(vt_measures_get(&measures, "miou") > .25);
  assert_true(vt_measures_get(&measures, "accuracy") > .95);
  learns(*state, "unet", SETTINGS("widths=16,16", "resize=true", "gated=true", "dropout=.1"), "scenes/seg", 8,
         2, &measures);
  assert_true(vt_measures_get(&measures, "accuracy") >= 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_refusals, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_settings_that_do_not_fit, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_resnet_learns, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_evidence_is_learned, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_vit_learns, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_mixer_learns, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_vit_forms, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_unet_learns, new_context, free_context),
  };
  return cmocka_run_group_tests_name("training/learners", tests, NULL, NULL);
}
