/* SPDX-License-Identifier: Apache-2.0
 *
 * Stages of a recipe, one after the other.
 */
#include "training/train.h"

#include "training/export.h"

/* ---- data and learner ---- */

/* A failure that the recipe is to blame for says where in it. */
static vt_status blame(vt_ctx *ctx, const vt_recipe *recipe, const char *block, const char *name,
                       vt_status status)
{
  if (status != VT_ERROR_INVALID_ARGUMENT && status != VT_ERROR_INVALID_DATA) return status;
  vt_fail_prefix(ctx, "%s: [%s%s]", recipe->source, block, name);
  return vt_fail_restate(ctx, VT_ERROR_INVALID_DATA);
}

static vt_status open_data(vt_ctx *ctx, const vt_recipe_data *data, vt_world **world, vt_dataset **set)
{
  VT_TRY(vt_world_open(ctx, data->world, (const char *const *)data->settings.data, data->settings.count,
                       (uint64_t)data->seed, world));
  return vt_world_dataset(ctx, *world, data->split, data->count, set);
}

static vt_status open_learner(vt_ctx *ctx, const vt_recipe *recipe, vt_trainee *out)
{
  VT_TRY(vt_learner_open(ctx, recipe->model, (const char *const *)recipe->model_settings.data,
                         recipe->model_settings.count, out->worlds[VT_TRAIN], out->sets[VT_TRAIN],
                         &out->learner));
  VT_TRY(vt_parameters_new(ctx, (uint64_t)recipe->seed, &out->parameters));
  return vt_learner_begin(ctx, out->learner, out->parameters);
}

static vt_status open_trainee(vt_ctx *ctx, const vt_recipe *recipe, vt_trainee *out)
{
  static const char *const blocks[VT_SPLITS] = {"data", "validation", "test"};
  const vt_recipe_data *data[VT_SPLITS] = {&recipe->train, &recipe->validation, &recipe->test};
  for (int i = 0; i < VT_SPLITS; i++)
    VT_TRY(blame(ctx, recipe, blocks[i], "", open_data(ctx, data[i], &out->worlds[i], &out->sets[i])));
  VT_TRY(blame(ctx, recipe, "model", "", open_learner(ctx, recipe, out)));
  for (int i = 0; i < VT_SPLITS; i++)
    VT_TRY(blame(ctx, recipe, blocks[i], "", vt_trainee_fits(ctx, out, out->sets[i])));
  /* the last stage's mistakes are told before the first one's hours */
  for (int i = 0; i < recipe->stage_count; i++)
    VT_TRY(blame(ctx, recipe, "stage ", recipe->stages[i].name,
                 vt_trainer_check(ctx, &recipe->stages[i].training, out->parameters)));
  return VT_OK;
}

vt_status vt_trainee_open(vt_ctx *ctx, const vt_recipe *recipe, vt_trainee *out)
{
  *out = (vt_trainee){0};
  vt_status status = open_trainee(ctx, recipe, out);
  if (status != VT_OK) vt_trainee_close(out);
  return status;
}

void vt_trainee_close(vt_trainee *trainee)
{
  vt_parameters_free(trainee->parameters);
  vt_learner_close(trainee->learner);
  for (int i = 0; i < VT_SPLITS; i++) {
    vt_dataset_free(trainee->sets[i]);
    vt_world_close(trainee->worlds[i]);
  }
  *trainee = (vt_trainee){0};
}

vt_status vt_trainee_load(vt_ctx *ctx, vt_trainee *trainee, const char *path)
{
  vt_parameters *store;
  VT_TRY(vt_parameters_new(ctx, vt_parameters_seed(trainee->parameters), &store));
  vt_status status = vt_weights_read(ctx, path, store, NULL);
  /* shapes are those of the learner, or the file is of another */
  for (int i = 0; i < vt_parameters_count(trainee->parameters) && status == VT_OK; i++) {
    const vt_parameter *wanted = vt_parameters_at(trainee->parameters, i),
                       *found = vt_parameters_find(store, wanted->name);
    char shape[160];
    if (!found || !vt_same_shape(found->value, wanted->value))
      status = vt_fail(ctx, VT_ERROR_INVALID_MODEL, "%s: parameter '%s' is %s, the recipe's model wants %s",
                       path, wanted->name, found ? "of another shape" : "not there",
                       vt_shape_text(wanted->value, shape));
  }
  if (status != VT_OK) {
    vt_parameters_free(store);
    return status;
  }
  vt_parameters_free(trainee->parameters);
  trainee->parameters = store;
  return VT_OK;
}

vt_status vt_trainee_fits(vt_ctx *ctx, const vt_trainee *trainee, const vt_dataset *set)
{
  const vt_dataset *trained = trainee->sets[VT_TRAIN];
  uint32_t fields;
  VT_TRY(vt_fields_of(ctx, set, trainee->learner->task.fields, &fields));
  int same = 0;
  while (same < set->class_count && same < trained->class_count &&
         strcmp(set->classes[same], trained->classes[same]) == 0)
    same++;
  if (same == set->class_count && same == trained->class_count) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                 "%s has other classes than the model: class %d is %s there and %s here", set->name, same,
                 same < set->class_count ? set->classes[same] : "none",
                 same < trained->class_count ? trained->classes[same] : "none");
}

vt_status vt_trainee_measure(vt_ctx *ctx, const vt_trainee *trainee, const vt_dataset *set, int64_t batch,
                             vt_measures *out)
{
  const vt_learning_task *task = &trainee->learner->task;
  vt_run run = {.ctx = ctx, .parameters = trainee->parameters, .locked = true};
  *out = (vt_measures){0};
  vt_status status = task->measure(&run, set, batch, task->user, out);
  vt_run_end(&run);
  return status;
}

/* ---- what a stage leaves alone ---- */

/* Hash of all parameters that the patterns leave out. */
static vt_status hash_frozen(vt_ctx *ctx, const vt_parameters *parameters, const char *patterns,
                             char hash[65])
{
  vt_text text = {0};
  char one[65];
  for (int i = 0; i < vt_parameters_count(parameters); i++) {
    const vt_parameter *parameter = vt_parameters_at(parameters, i);
    if (parameter->state || vt_trainer_trains(patterns, parameter->name)) continue;
    vt_sha256_hex(parameter->value->data, vt_bytes(parameter->value), one);
    vt_text_addf(ctx, &text, "%s %s\n", parameter->name, one);
  }
  vt_status status = text.failed ? VT_ERROR_OUT_OF_MEMORY : VT_OK;
  if (status == VT_OK) vt_sha256_hex(text.data ? text.data : "", text.data ? strlen(text.data) : 0, hash);
  vt_text_free(&text);
  return status;
}

/* ---- stages ---- */

static json_t *config_of(const vt_recipe *recipe, const vt_trainee *trainee, const vt_recipe_stage *stage)
{
  const vt_learner *learner = trainee->learner;
  json_t *settings =
      vt_params_json(NULL, learner->kind->fields, learner->kind->field_count, learner->settings);
  return json_pack("{s:s, s:o, s:s}", "model", recipe->model, "settings", settings ? settings : json_null(),
                   "stage", stage->name);
}

static vt_status run_stage(vt_ctx *ctx, const vt_recipe *recipe, vt_trainee *trainee, const char *folder,
                           int number, const vt_checkpoint *resume, vt_trained *out)
{
  const vt_recipe_stage *stage = &recipe->stages[number];
  const char *patterns = stage->training.train;
  char before[65] = "", after[65] = "";
  const char *metadata[] = {"recipe", recipe->text, "model", recipe->model, NULL};
  json_t *config = config_of(recipe, trainee, stage);
  if (!config) return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the settings");
  vt_training training = {.task = &trainee->learner->task,
                          .train = trainee->sets[VT_TRAIN],
                          .validation = trainee->sets[VT_VALIDATION],
                          .parameters = trainee->parameters,
                          .settings = &stage->training,
                          .optimiser = &stage->optimiser,
                          .schedule = &stage->schedule,
                          .folder = folder,
                          .config = config,
                          .metadata = metadata,
                          .stage = number,
                          .resume = resume};
  vt_status status = VT_OK;
  if (patterns) status = hash_frozen(ctx, trainee->parameters, patterns, before);
  if (status == VT_OK) status = vt_trainer_run(ctx, &training, out);
  /* a checkpoint that does not fit is no fault of the recipe */
  if (!resume) status = blame(ctx, recipe, "stage ", stage->name, status);
  json_decref(config);
  if (status == VT_OK && patterns) status = hash_frozen(ctx, trainee->parameters, patterns, after);
  if (status == VT_OK && strcmp(before, after) != 0 && !resume)
    status = vt_fail(ctx, VT_ERROR_RUNTIME, "stage %s: parameters that it does not train have changed",
                     stage->name);
  return status;
}

/* Where the training stands: the stage to run, and its checkpoint when it has begun. */
static vt_status find_place(vt_ctx *ctx, const vt_recipe *recipe, vt_trainee *trainee, const char *folder,
                            vt_checkpoint *at, bool *begun, int *stage)
{
  char *path = vt_trainer_path(ctx, folder, VT_CHECKPOINT_FILE);
  if (!path) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_checkpoint_look(ctx, path, at, NULL);
  if (status == VT_OK && at->stage >= recipe->stage_count)
    status = vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: of stage %lld, the recipe has %d", path,
                     (long long)at->stage, recipe->stage_count);
  vt_free(path);
  VT_TRY(status);
  *stage = (int)at->stage;
  *begun = true;
  if (!at->finished || *stage + 1 == recipe->stage_count) return VT_OK;
  *stage += 1;
  *begun = false;
  path = vt_trainer_path(ctx, folder, VT_MODEL_FILE);
  if (!path) return VT_ERROR_OUT_OF_MEMORY;
  status = vt_trainee_load(ctx, trainee, path);
  vt_free(path);
  return status;
}

static vt_status run_stages(vt_ctx *ctx, const vt_recipe *recipe, vt_trainee *trainee, const char *folder,
                            bool resume, vt_recipe_result *out)
{
  vt_checkpoint at;
  bool begun = false;
  int first = 0;
  if (resume) VT_TRY(find_place(ctx, recipe, trainee, folder, &at, &begun, &first));
  for (int stage = first; stage < recipe->stage_count; stage++) {
    vt_trained *trained = &out->trained[out->stages];
    /* a stage begins with the model alone: the optimiser remembers nothing, whether the run was cut or not */
    char *path = stage > first ? vt_trainer_path(ctx, folder, VT_MODEL_FILE) : NULL;
    vt_status status = path ? vt_trainee_load(ctx, trainee, path) : VT_OK;
    vt_free(path);
    VT_TRY(status);
    VT_TRY(run_stage(ctx, recipe, trainee, folder, stage, begun && stage == first ? &at : NULL, trained));
    out->seconds += trained->seconds;
    out->steps += trained->steps;
    out->stages++;
  }
  return VT_OK;
}

vt_status vt_recipe_train(vt_ctx *ctx, const vt_recipe *recipe, vt_trainee *trainee, const char *folder,
                          bool resume, vt_recipe_result *out)
{
  *out = (vt_recipe_result){0};
  char *path = vt_trainer_path(ctx, folder, VT_RECIPE_FILE);
  if (!path) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = resume ? VT_OK : vt_write_file(ctx, path, recipe->text, strlen(recipe->text));
  vt_free(path);
  if (status == VT_OK) status = run_stages(ctx, recipe, trainee, folder, resume, out);
  VT_TRY(status);
  out->parameters = vt_parameters_numbers(trainee->parameters, false);
  const vt_recipe_stage *last = &recipe->stages[recipe->stage_count - 1];
  VT_TRY(vt_trainee_measure(ctx, trainee, trainee->sets[VT_TEST], last->training.batch, &out->test));
  path = vt_trainer_path(ctx, folder, VT_ONNX_FILE);
  if (!path) return VT_ERROR_OUT_OF_MEMORY;
  status = vt_learner_export(ctx, trainee->learner, trainee->parameters, path);
  vt_free(path);
  return status;
}
