/* SPDX-License-Identifier: Apache-2.0
 *
 * What tests of learners share: a world's items, and a short training on them.
 */
#ifndef VT_TESTS_LEARNING_H
#define VT_TESTS_LEARNING_H

#include "nn/trainer.h"
#include "test.h"
#include "training/export.h"

static inline vt_dataset *open_set(vt_ctx *ctx, const char *id, vt_split split, int64_t count,
                                   vt_world **world)
{
  vt_dataset *set;
  if (!*world) assert_ok(ctx, vt_world_open(ctx, id, NULL, 0, 3, world));
  assert_ok(ctx, vt_world_dataset(ctx, *world, split, count, &set));
  return set;
}

/* Measures on the training items after `steps` steps of 16 items. */
static inline void learn(vt_ctx *ctx, const vt_learner *learner, vt_parameters *parameters, int64_t steps,
                         vt_measures *out)
{
  vt_optimiser_settings optimiser = vt_optimiser_default();
  optimiser.rate = 3e-3;
  vt_schedule_settings schedule;
  vt_trainer_settings settings;
  assert_ok(ctx,
            vt_params_defaults(ctx, vt_schedule_fields, vt_schedule_field_count, &schedule, sizeof schedule));
  assert_ok(ctx,
            vt_params_defaults(ctx, vt_trainer_fields, vt_trainer_field_count, &settings, sizeof settings));
  settings.steps = settings.validate_every = steps;
  settings.batch = 16;
  vt_training training = {.task = &learner->task,
                          .train = learner->set,
                          .validation = learner->set,
                          .parameters = parameters,
                          .settings = &settings,
                          .optimiser = &optimiser,
                          .schedule = &schedule};
  vt_trained trained;
  assert_ok(ctx, vt_trainer_run(ctx, &training, &trained));
  *out = trained.last;
  vt_params_free(vt_schedule_fields, vt_schedule_field_count, &schedule);
  vt_params_free(vt_trainer_fields, vt_trainer_field_count, &settings);
}

/* The whole of it: what a learner of this kind with these settings measures on pictures of 32 pixels. The
 * graph that it exports must give what the model gives (vt_learner_graph compares them). */
static inline void learns(vt_ctx *ctx, const char *kind, const char *const *settings, size_t count,
                          const char *world_id, int64_t items, int64_t steps, vt_measures *out)
{
  vt_world *world;
  assert_ok(ctx, vt_world_open(ctx, world_id, (const char *const[]){"px=32"}, 1, 3, &world));
  vt_dataset *set = open_set(ctx, world_id, VT_TRAIN, items, &world);
  vt_learner *learner;
  vt_parameters *parameters;
  vt_graph *graph;
  assert_ok(ctx, vt_learner_open(ctx, kind, settings, count, world, set, &learner));
  assert_ok(ctx, vt_parameters_new(ctx, 1, &parameters));
  learn(ctx, learner, parameters, steps, out);
  assert_ok(ctx, vt_learner_graph(ctx, learner, parameters, &graph));
  vt_graph_free(graph);
  vt_parameters_free(parameters);
  vt_learner_close(learner);
  vt_dataset_free(set);
  vt_world_close(world);
}

#endif
