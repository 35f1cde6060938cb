/* SPDX-License-Identifier: Apache-2.0
 *
 * What is trained, opened: data, learner, parameters, adapters.
 */
#include "training/train.h"

#include "training/adapters.h"
#include "training/export.h"

vt_status vt_recipe_blame(vt_ctx *ctx, const vt_recipe *recipe, const char *block, const char *name,
                          vt_status status)
{
  if (status != VT_ERROR_INVALID_ARGUMENT && status != VT_ERROR_INVALID_DATA) return status;
  vt_fail_prefix(ctx, "%s: [%s%s]", recipe->source, block, name);
  return vt_fail_restate(ctx, VT_ERROR_INVALID_DATA);
}

/* ---- adapters ---- */

static vt_status make_adapters(vt_ctx *ctx, const vt_recipe *recipe, vt_trainee *out)
{
  int count = 0;
  out->adapters = vt_alloc_zero(ctx, VT_RECIPE_STAGES, sizeof *out->adapters);
  if (!out->adapters) return VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; i < recipe->stage_count; i++) {
    if (!recipe->stages[i].more.lora) continue;
    vt_adapter *adapter = &out->adapters[count++];
    *adapter = recipe->stages[i].adapter;
    adapter->off = true;
    VT_TRY(vt_recipe_blame(ctx, recipe, "stage ", recipe->stages[i].name,
                           vt_adapter_fits(ctx, out->learner, adapter)));
  }
  out->learner->lora = (vt_lora){out->adapters, count};
  return VT_OK;
}

vt_status vt_trainee_begin_stage(vt_ctx *ctx, vt_trainee *trainee, const vt_recipe *recipe, int stage)
{
  for (int i = 0, adapter = 0; i <= stage; i++) {
    if (!recipe->stages[i].more.lora) continue;
    vt_adapter *own = &trainee->adapters[adapter++];
    if (!own->off) continue;
    own->off = false;
    VT_TRY(vt_learner_begin(ctx, trainee->learner, trainee->parameters));
  }
  return VT_OK;
}

/* ---- data and learner ---- */

/* Parts of a mixture are looked at before the learner sees it whole: what they do not share is no field of
 * it, and the message should name the world that differs. */
static vt_status check_mixture(vt_ctx *ctx, const vt_recipe *recipe, const vt_mixture *items)
{
  vt_learner *learner;
  if (items->count < 2) return VT_OK;
  VT_TRY(vt_learner_open(ctx, recipe->model, (const char *const *)recipe->model_settings.data,
                         recipe->model_settings.count, items->worlds[0], items->parts[0], &learner));
  vt_status status = vt_mixture_fits(ctx, items, items, learner);
  vt_learner_close(learner);
  return status;
}

static vt_status open_learner(vt_ctx *ctx, const vt_recipe *recipe, vt_trainee *out)
{
  const vt_mixture *items = &out->data[VT_TRAIN];
  VT_TRY(vt_learner_open(ctx, recipe->model, (const char *const *)recipe->model_settings.data,
                         recipe->model_settings.count, items->worlds[0], items->set, &out->learner));
  VT_TRY(vt_parameters_new(ctx, (uint64_t)recipe->seed, &out->parameters));
  return vt_learner_begin(ctx, out->learner, out->parameters);
}

static vt_status fits_whole(vt_ctx *ctx, const vt_trainee *trainee, const vt_mixture *items)
{
  VT_TRY(vt_mixture_fits(ctx, items, items, trainee->learner));
  return vt_trainee_fits(ctx, trainee, items->set);
}

/* A stage's own data: other items of what the learner was made for. */
static vt_status open_stage_data(vt_ctx *ctx, const vt_recipe *recipe, int stage, vt_trainee *out)
{
  if (!recipe->stages[stage].more.data) return VT_OK;
  vt_recipe_data data = recipe->train;
  data.world = recipe->stages[stage].more.data;
  VT_TRY(vt_mixture_open(ctx, &data, &out->stage_data[stage]));
  return vt_mixture_fits(ctx, &out->stage_data[stage], &out->data[VT_TRAIN], out->learner);
}

/* The last stage's mistakes are told before the first one's hours: stages are checked with all parameters
 * that they will have. */
static vt_status check_stage(vt_ctx *ctx, const vt_recipe *recipe, int stage, vt_trainee *trainee)
{
  vt_trainer_settings settings = recipe->stages[stage].training;
  VT_TRY(vt_trainee_begin_stage(ctx, trainee, recipe, stage));
  VT_TRY(vt_stage_trains(ctx, &recipe->stages[stage], &settings.train));
  vt_status status = vt_trainer_check(ctx, &settings, trainee->parameters);
  vt_free(settings.train);
  return status;
}

static vt_status check_each(vt_ctx *ctx, const vt_recipe *recipe, vt_trainee *out)
{
  for (int i = 0; i < recipe->stage_count; i++)
    VT_TRY(vt_recipe_blame(ctx, recipe, "stage ", recipe->stages[i].name, check_stage(ctx, recipe, i, out)));
  return VT_OK;
}

/* Adapters are made for this in a store that is thrown away: they belong to their stage. */
static vt_status check_stages(vt_ctx *ctx, const vt_recipe *recipe, vt_trainee *out)
{
  vt_parameters *kept = out->parameters, *store;
  if (out->learner->lora.count == 0) return check_each(ctx, recipe, out);
  VT_TRY(vt_parameters_new(ctx, (uint64_t)recipe->seed, &store));
  out->parameters = store;
  vt_status status = vt_learner_begin(ctx, out->learner, store);
  if (status == VT_OK) status = check_each(ctx, recipe, out);
  vt_parameters_free(store);
  out->parameters = kept;
  for (int i = 0; i < out->learner->lora.count; i++)
    out->adapters[i].off = true;
  return status;
}

static vt_status open_trainee(vt_ctx *ctx, const vt_recipe *recipe, vt_trainee *out)
{
  static const char *const blocks[VT_SPLITS] = {"data", "validation", "test"};
  const vt_recipe_data *data[VT_SPLITS] = {&recipe->train, &recipe->validation, &recipe->test};
  for (int i = 0; i < VT_SPLITS; i++)
    VT_TRY(vt_recipe_blame(ctx, recipe, blocks[i], "", vt_mixture_open(ctx, data[i], &out->data[i])));
  VT_TRY(vt_recipe_blame(ctx, recipe, "data", "", check_mixture(ctx, recipe, &out->data[VT_TRAIN])));
  VT_TRY(vt_recipe_blame(ctx, recipe, "model", "", open_learner(ctx, recipe, out)));
  for (int i = 0; i < VT_SPLITS; i++)
    VT_TRY(vt_recipe_blame(ctx, recipe, blocks[i], "", fits_whole(ctx, out, &out->data[i])));
  for (int i = 0; i < recipe->stage_count; i++)
    VT_TRY(
        vt_recipe_blame(ctx, recipe, "stage ", recipe->stages[i].name, open_stage_data(ctx, recipe, i, out)));
  VT_TRY(make_adapters(ctx, recipe, out));
  return check_stages(ctx, recipe, out);
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
  vt_free(trainee->adapters);
  for (int i = 0; i < VT_SPLITS; i++)
    vt_mixture_close(&trainee->data[i]);
  for (int i = 0; i < VT_RECIPE_STAGES; i++)
    vt_mixture_close(&trainee->stage_data[i]);
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
  for (int i = 0; i < trainee->learner->lora.count; i++)
    trainee->adapters[i].off = !vt_adapter_present(store, trainee->adapters[i].name);
  return VT_OK;
}

vt_status vt_trainee_fits(vt_ctx *ctx, const vt_trainee *trainee, const vt_dataset *set)
{
  const vt_dataset *trained = trainee->data[VT_TRAIN].set;
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

vt_status vt_trainee_measure(vt_ctx *ctx, const vt_trainee *trainee, const vt_mixture *items, int64_t batch,
                             vt_measures *out)
{
  vt_run run = {
      .ctx = ctx, .parameters = trainee->parameters, .locked = true, .lora = &trainee->learner->lora};
  *out = (vt_measures){0};
  vt_status status = vt_mixture_measure(&run, items, &trainee->learner->task, batch, out);
  vt_run_end(&run);
  return status;
}
