/* SPDX-License-Identifier: Apache-2.0
 *
 * Learners: what they read from data, what they refuse, and that they learn.
 */
#include "nn/trainer.h"
#include "test.h"
#include "training/learner.h"

static vt_dataset *open_set(vt_ctx *ctx, const char *id, vt_split split, int64_t count, vt_world **world)
{
  vt_dataset *set;
  if (!*world) assert_ok(ctx, vt_world_open(ctx, id, NULL, 0, 3, world));
  assert_ok(ctx, vt_world_dataset(ctx, *world, split, count, &set));
  return set;
}

static void test_refusals(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = NULL, *words = NULL;
  vt_learner *learner;
  vt_dataset *set = open_set(ctx, "scenes/object", VT_TRAIN, 8, &world);
  assert_fails(ctx, vt_learner_open(ctx, "resnt", NULL, 0, world, set, &learner), VT_ERROR_INVALID_ARGUMENT,
               "did you mean 'resnet'");
  assert_null(learner);
  assert_fails(ctx, vt_learner_open(ctx, "resnet", (const char *const[]){"widht=3"}, 1, world, set, &learner),
               VT_ERROR_INVALID_ARGUMENT, "widths");
  assert_fails(ctx,
               vt_learner_open(ctx, "resnet", (const char *const[]){"widths=8,16", "blocks=1,2,3"}, 2, world,
                               set, &learner),
               VT_ERROR_INVALID_ARGUMENT, "3 numbers for 2 stages");
  vt_dataset *texts = open_set(ctx, "corpora/ioi", VT_TRAIN, 8, &words);
  assert_fails(ctx, vt_learner_open(ctx, "resnet", NULL, 0, words, texts, &learner),
               VT_ERROR_INVALID_ARGUMENT, "needs field 'image'");
  vt_dataset_free(set);
  vt_dataset_free(texts);
  vt_world_close(world);
  vt_world_close(words);
}

/* Loss of the first steps against later ones: a learner that is joined wrongly does not learn. */
static void test_resnet_learns(void **state)
{
  vt_ctx *ctx = *state;
  vt_world *world = NULL;
  vt_dataset *set = open_set(ctx, "scenes/object", VT_TRAIN, 64, &world);
  vt_learner *learner;
  assert_ok(ctx, vt_learner_open(ctx, "resnet", (const char *const[]){"widths=8,16,16", "blocks=1"}, 2, world,
                                 set, &learner));
  vt_parameters *parameters;
  assert_ok(ctx, vt_parameters_new(ctx, 1, &parameters));
  vt_optimiser_settings optimiser = vt_optimiser_default();
  optimiser.rate = 3e-3;
  vt_schedule_settings schedule;
  vt_trainer_settings settings;
  assert_ok(ctx,
            vt_params_defaults(ctx, vt_schedule_fields, vt_schedule_field_count, &schedule, sizeof schedule));
  assert_ok(ctx,
            vt_params_defaults(ctx, vt_trainer_fields, vt_trainer_field_count, &settings, sizeof settings));
  settings.steps = 120;
  settings.batch = 16;
  vt_training training = {.task = &learner->task,
                          .train = set,
                          .validation = set,
                          .parameters = parameters,
                          .settings = &settings,
                          .optimiser = &optimiser,
                          .schedule = &schedule};
  vt_trained trained;
  assert_ok(ctx, vt_trainer_run(ctx, &training, &trained));
  /* chance is 1/12; these 64 pictures can be known by heart */
  assert_true(vt_measures_get(&trained.last, "accuracy") > .5);
  vt_params_free(vt_schedule_fields, vt_schedule_field_count, &schedule);
  vt_params_free(vt_trainer_fields, vt_trainer_field_count, &settings);
  vt_parameters_free(parameters);
  vt_learner_close(learner);
  vt_dataset_free(set);
  vt_world_close(world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_refusals, new_context, free_context),
      cmocka_unit_test_setup_teardown(test_resnet_learns, new_context, free_context),
  };
  return cmocka_run_group_tests_name("training/learners", tests, NULL, NULL);
}
