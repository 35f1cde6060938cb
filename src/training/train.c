/* SPDX-License-Identifier: Apache-2.0
 *
 * Stages of a recipe, one after the other.
 */
#include "training/train.h"

#include <errno.h>
#include <unistd.h>

#include "training/adapters.h"
#include "training/export.h"

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

/* What decides the numbers beside settings of trainer and data. Adapters are named when there are any. */
static json_t *config_of(const vt_recipe *recipe, const vt_trainee *trainee, int number)
{
  const vt_learner *learner = trainee->learner;
  json_t *settings =
      vt_params_json(NULL, learner->kind->fields, learner->kind->field_count, learner->settings);
  json_t *config = json_pack("{s:s, s:o, s:s}", "model", recipe->model, "settings",
                             settings ? settings : json_null(), "stage", recipe->stages[number].name);
  for (int i = 0; config && i <= number; i++) {
    char key[96];
    if (!recipe->stages[i].more.lora) continue;
    snprintf(key, sizeof key, "lora.%s", recipe->stages[i].name);
    if (json_object_set_new(config, key, json_string(recipe->stages[i].more.lora)) == 0) continue;
    json_decref(config);
    config = NULL;
  }
  return config;
}

/* One stage as it is run. */
typedef struct running {
  const vt_recipe_stage *stage;
  vt_trainer_settings settings; /* those of the stage, with what is trained because of adapters */
  json_t *config;
  char frozen[65]; /* hash of what is not trained as the stage began; "": everything is trained */
} running;

/* The hash goes with the checkpoint, so that a stage which goes on is compared with its beginning. A
 * checkpoint of an earlier version has none, and nothing is compared. */
static vt_status note_frozen(vt_ctx *ctx, const vt_trainee *trainee, const char *folder, bool resume,
                             running *r)
{
  if (!r->settings.train || !*r->settings.train) return VT_OK;
  if (resume) {
    vt_checkpoint at;
    json_t *there = NULL;
    char *path = vt_trainer_path(ctx, folder, VT_CHECKPOINT_FILE);
    vt_status status = path ? vt_checkpoint_look(ctx, path, &at, &there) : VT_ERROR_OUT_OF_MEMORY;
    const char *hash = json_string_value(json_object_get(there, "frozen"));
    if (hash) snprintf(r->frozen, sizeof r->frozen, "%s", hash);
    json_decref(there);
    vt_free(path);
    VT_TRY(status);
  } else {
    VT_TRY(hash_frozen(ctx, trainee->parameters, r->settings.train, r->frozen));
  }
  if (!*r->frozen || json_object_set_new(r->config, "frozen", json_string(r->frozen)) == 0) return VT_OK;
  return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the settings");
}

static vt_status check_frozen(vt_ctx *ctx, const vt_trainee *trainee, const running *r)
{
  char after[65];
  if (!*r->frozen) return VT_OK;
  VT_TRY(hash_frozen(ctx, trainee->parameters, r->settings.train, after));
  if (strcmp(r->frozen, after) == 0) return VT_OK;
  return vt_fail(ctx, VT_ERROR_RUNTIME, "stage %s: parameters that it does not train have changed",
                 r->stage->name);
}

static vt_status run_stage(vt_ctx *ctx, const vt_recipe *recipe, vt_trainee *trainee, const char *folder,
                           int number, const vt_checkpoint *resume, vt_trained *out)
{
  const vt_recipe_stage *stage = &recipe->stages[number];
  const vt_mixture *own = &trainee->stage_data[number], *validation = &trainee->data[VT_VALIDATION];
  const vt_learning_task *task = &trainee->learner->task;
  vt_mixture_task both = {task, validation};
  vt_learning_task parted = vt_mixture_as_task(&both);
  const char *metadata[] = {"recipe", recipe->text, "model", recipe->model, NULL};
  running r = {.stage = stage, .settings = stage->training, .config = config_of(recipe, trainee, number)};
  r.settings.train = NULL;
  vt_status status = r.config ? VT_OK : vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the settings");
  if (status == VT_OK) status = vt_stage_trains(ctx, stage, &r.settings.train);
  if (status == VT_OK) status = note_frozen(ctx, trainee, folder, resume != NULL, &r);
  vt_training training = {.task = validation->count > 1 ? &parted : task,
                          .train = own->count ? own->set : trainee->data[VT_TRAIN].set,
                          .validation = validation->set,
                          .parameters = trainee->parameters,
                          .settings = &r.settings,
                          .optimiser = &stage->optimiser,
                          .schedule = &stage->schedule,
                          .folder = folder,
                          .lora = &trainee->learner->lora,
                          .config = r.config,
                          .metadata = metadata,
                          .stage = number,
                          .resume = resume};
  if (status == VT_OK) status = vt_trainer_run(ctx, &training, out);
  /* a checkpoint that does not fit is no fault of the recipe */
  if (!resume) status = vt_recipe_blame(ctx, recipe, "stage ", stage->name, status);
  if (status == VT_OK) status = check_frozen(ctx, trainee, &r);
  vt_free(r.settings.train);
  json_decref(r.config);
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
    VT_TRY(vt_trainee_begin_stage(ctx, trainee, recipe, stage));
    VT_TRY(run_stage(ctx, recipe, trainee, folder, stage, begun && stage == first ? &at : NULL, trained));
    out->seconds += trained->seconds;
    out->steps += trained->steps;
    out->stages++;
  }
  return VT_OK;
}

/* What another training left must not be taken for what this one makes. The checkpoint goes first. */
static vt_status clear(vt_ctx *ctx, const char *folder)
{
  static const char *const names[] = {VT_CHECKPOINT_FILE, VT_RECIPE_FILE, VT_MODEL_FILE,
                                      VT_LOG_FILE,        VT_ONNX_FILE,   VT_SIDECAR_FILE};
  for (size_t i = 0; i < VT_COUNT(names); i++) {
    char *path = vt_trainer_path(ctx, folder, names[i]);
    if (!path) return VT_ERROR_OUT_OF_MEMORY;
    vt_status status = VT_OK;
    if (unlink(path) != 0 && errno != ENOENT)
      status = vt_fail(ctx, VT_ERROR_IO, "%s: cannot be removed: %s", path, strerror(errno));
    vt_free(path);
    VT_TRY(status);
  }
  return VT_OK;
}

vt_status vt_recipe_train(vt_ctx *ctx, const vt_recipe *recipe, vt_trainee *trainee, const char *folder,
                          bool resume, vt_recipe_result *out)
{
  *out = (vt_recipe_result){0};
  if (!resume) VT_TRY(clear(ctx, folder));
  char *path = vt_trainer_path(ctx, folder, VT_RECIPE_FILE);
  if (!path) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = resume ? VT_OK : vt_write_file(ctx, path, recipe->text, strlen(recipe->text));
  vt_free(path);
  if (status == VT_OK) status = run_stages(ctx, recipe, trainee, folder, resume, out);
  VT_TRY(status);
  out->parameters = vt_parameters_numbers(trainee->parameters, false);
  const vt_recipe_stage *last = &recipe->stages[recipe->stage_count - 1];
  VT_TRY(vt_trainee_measure(ctx, trainee, &trainee->data[VT_TEST], last->training.batch, &out->test));
  path = vt_trainer_path(ctx, folder, VT_ONNX_FILE);
  if (!path) return VT_ERROR_OUT_OF_MEMORY;
  status = vt_learner_export(ctx, trainee->learner, trainee->parameters, path);
  vt_free(path);
  return status;
}
