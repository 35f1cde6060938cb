/* SPDX-License-Identifier: Apache-2.0
 *
 * The trainer's loop: step, log, validate, save, until the steps are done, nothing gets better, or somebody
 * says stop.
 */
#include "nn/trainer.h"

#include <math.h>

#include "base/context.h"
#include "nn/trainer_inside.h"

#define FIELD(name_, kind_, member, fallback_, ...)                                                          \
  {                                                                                                          \
    name_, kind_, offsetof(vt_trainer_settings, member), fallback_, __VA_ARGS__                              \
  }

const vt_field vt_trainer_fields[] = {
    FIELD("steps", VT_FIELD_INT, steps, "0", VT_RANGE(0, 1e12), .help = "steps to train; 0: by epochs"),
    FIELD("epochs", VT_FIELD_INT, epochs, "10", VT_RANGE(1, 1e9), .help = "passes over the data"),
    FIELD("batch", VT_FIELD_INT, batch, "64", VT_RANGE(1, 1000000), .help = "items in a pass"),
    FIELD("accumulate", VT_FIELD_INT, accumulate, "1", VT_RANGE(1, 100000),
          .help = "passes whose gradients make one step"),
    FIELD("seed", VT_FIELD_INT, seed, "0", VT_RANGE(0, 9e15), .help = "seed of weights, order, noise"),
    FIELD("validate_every", VT_FIELD_INT, validate_every, "0", VT_RANGE(0, 1e12),
          .help = "steps between validations; 0: a tenth of all"),
    FIELD("patience", VT_FIELD_INT, patience, "0", VT_RANGE(0, 1e9),
          .help = "validations without improvement after which training stops; 0: it does not"),
    FIELD("save_every", VT_FIELD_INT, save_every, "0", VT_RANGE(0, 1e12),
          .help = "steps between checkpoints; 0: at validations"),
    FIELD("log_every", VT_FIELD_INT, log_every, "10", VT_RANGE(1, 1e12),
          .help = "steps between lines of the log"),
    FIELD("shuffle", VT_FIELD_BOOL, shuffle, "true", .help = "another order of items in each epoch"),
    FIELD("bf16", VT_FIELD_BOOL, bf16, "false",
          .help = "round the factors of large matrix products to bfloat16 where the processor has that"),
    FIELD("train", VT_FIELD_STRING, train, NULL,
          .help = "patterns of parameters that are trained, as 'head.*,norm.*'; nothing: all"),
    FIELD("loss", VT_FIELD_STRING, loss, NULL,
          .help = "weights of loss parts, as 'entropy:1,size:.1'; nothing: as the task says"),
};
const size_t vt_trainer_field_count = VT_COUNT(vt_trainer_fields);

char *vt_trainer_path(vt_ctx *ctx, const char *folder, const char *name)
{
  return vt_path_join(ctx, folder, name);
}

typedef struct trainer {
  const vt_training *training;
  vt_sampler sampler;
  vt_step *step;
  vt_training_log log;
  vt_loss_weight *weights;
  uint32_t fields;
  int64_t total, validate_every;
  vt_checkpoint at;
  size_t groups;    /* of parameters, before this training's */
  vt_tensor **best; /* copies of values and states at the best validation; NULL: none */
  int best_count;
  char *checkpoint_path, *model_path;
  json_t *config;
  vt_trained *out;
  double rate;
} trainer;

/* ---- what decides the numbers ---- */

static vt_status add_settings(vt_ctx *ctx, json_t *config, const char *name, const vt_field *fields,
                              size_t count, const void *settings)
{
  json_t *json = vt_params_json(ctx, fields, count, settings);
  if (json && json_object_set_new(config, name, json) == 0) return VT_OK;
  return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the settings");
}

static vt_status make_config(vt_ctx *ctx, trainer *t)
{
  const vt_training *g = t->training;
  t->config = g->config ? json_deep_copy(g->config) : json_object();
  if (!t->config) return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the settings");
  VT_TRY(add_settings(ctx, t->config, "training", vt_trainer_fields, vt_trainer_field_count, g->settings));
  VT_TRY(
      add_settings(ctx, t->config, "optimiser", vt_optimiser_fields, vt_optimiser_field_count, g->optimiser));
  VT_TRY(add_settings(ctx, t->config, "schedule", vt_schedule_fields, vt_schedule_field_count, g->schedule));
  json_t *data = json_pack("{s:s, s:s, s:I}", "name", g->train->name, "key", g->train->key, "count",
                           (json_int_t)g->train->count);
  if (g->validation) json_object_set_new(data, "validation", json_string(g->validation->key));
  if (json_object_set_new(t->config, "data", data) != 0)
    return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the settings");
  json_object_del(json_object_get(t->config, "training"), "log_every"); /* decides no number */
  return VT_OK;
}

/* ---- the best model ---- */

static void drop_best(trainer *t)
{
  for (int i = 0; t->best && i < t->best_count; i++)
    vt_tensor_free(t->best[i]);
  vt_free(t->best);
  t->best = NULL;
}

static vt_status copy_of(vt_ctx *ctx, const vt_tensor *value, vt_tensor **out)
{
  *out = vt_tensor_alone(ctx);
  if (!*out) return vt_ctx_status(ctx);
  VT_TRY(vt_tensor_set_shape(ctx, *out, value->type, value->rank, value->dims));
  VT_TRY(vt_tensor_allocate(ctx, *out));
  if (vt_bytes(value)) memcpy((*out)->data, value->data, vt_bytes(value));
  return VT_OK;
}

/* Copies the values as they stand. */
static vt_status keep_best(vt_ctx *ctx, trainer *t)
{
  const vt_parameters *parameters = t->training->parameters;
  drop_best(t);
  t->best_count = vt_parameters_count(parameters);
  t->best = vt_alloc_zero(ctx, (size_t)t->best_count + 1, sizeof(vt_tensor *));
  if (!t->best) return VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; i < t->best_count; i++)
    VT_TRY(copy_of(ctx, vt_parameters_at(parameters, i)->value, &t->best[i]));
  return VT_OK;
}

/* The best values become the values. */
static void take_best(trainer *t)
{
  for (int i = 0; t->best && i < t->best_count; i++) {
    vt_parameter *parameter = vt_parameters_at(t->training->parameters, i);
    vt_tensor *old = parameter->value;
    parameter->value = t->best[i];
    t->best[i] = old;
  }
}

/* The best model of a training that goes on, from its file, by way of a store of its own. */
static vt_status load_best(vt_ctx *ctx, trainer *t)
{
  vt_parameters *store;
  VT_TRY(vt_parameters_new(ctx, 0, &store));
  size_t mark = vt_tensor_mark(ctx);
  vt_status status = vt_weights_read(ctx, t->model_path, store, NULL);
  t->best_count = vt_parameters_count(t->training->parameters);
  t->best = vt_alloc_zero(ctx, (size_t)t->best_count + 1, sizeof(vt_tensor *));
  if (!t->best) status = VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; i < t->best_count && status == VT_OK; i++) {
    const vt_parameter *own = vt_parameters_at(t->training->parameters, i),
                       *other = vt_parameters_find(store, own->name);
    if (!other || !vt_same_shape(own->value, other->value))
      status = vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s: not the model of this checkpoint (%s)", t->model_path,
                       own->name);
    else
      status = copy_of(ctx, other->value, &t->best[i]);
  }
  vt_tensor_release(ctx, mark);
  vt_parameters_free(store);
  return status;
}

static vt_status save_model(vt_ctx *ctx, const trainer *t)
{
  if (!t->model_path) return VT_OK;
  return vt_weights_write(ctx, t->model_path, t->training->parameters, t->training->metadata);
}

static vt_status save_checkpoint(vt_ctx *ctx, trainer *t)
{
  if (!t->checkpoint_path) return VT_OK;
  t->at.threads = vt_ctx_threads(ctx);
  return vt_checkpoint_write(ctx, t->checkpoint_path, t->training->parameters, &t->at, t->config);
}

/* ---- a step ---- */

/* run.step counts passes since the beginning: the batch is a function of it. */
static void loss_of_pass(vt_scope s, void *user, vt_losses *losses)
{
  trainer *t = user;
  vt_ctx *ctx = s.run->ctx;
  vt_batch batch;
  const int64_t *indices;
  int64_t epoch;
  if (vt_sampler_take(ctx, &t->sampler, (int64_t)s.run->step, &indices, &epoch) != VT_OK ||
      vt_batch_make(ctx, t->training->train, indices, (int)t->sampler.batch, (uint64_t)epoch, &t->fields,
                    &batch) != VT_OK)
    return;
  t->training->task->loss(s, &batch, t->training->task->user, losses);
}

static vt_status step_once(vt_ctx *ctx, trainer *t, double started)
{
  const vt_training *g = t->training;
  int64_t passes = t->step->passes, epoch = (t->sampler.per_epoch + passes - 1) / passes;
  VT_TRY(vt_check_cancel(ctx));
  t->rate =
      g->optimiser->rate * vt_schedule_share(g->schedule, t->at.step, t->total, epoch) * t->at.plateau.share;
  bool before = vt_ctx_short_products(ctx);
  vt_ctx_set_short_products(ctx, g->settings->bf16);
  vt_status status = vt_train_step(ctx, t->step, loss_of_pass, t, t->rate, &t->out->report);
  vt_ctx_set_short_products(ctx, before);
  VT_TRY(status);
  t->at.step++;
  t->out->steps_here++;
  if (t->out->steps_here == 1) VT_TRY(vt_check_patterns(ctx, g->parameters, g->settings->train));
  char what[64];
  snprintf(what, sizeof what, "training, loss %.4g", t->out->report.loss);
  vt_progress(ctx, what, (double)t->at.step, (double)t->total);
  if (t->at.step % g->settings->log_every != 0 && t->at.step != t->total) return VT_OK;
  return vt_log_step(ctx, &t->log, g->stage, t->at.step, &t->out->report, t->rate,
                     vt_clock_seconds() - started);
}

/* ---- validation ---- */

static bool validation_due(const trainer *t)
{
  return t->training->validation && t->at.step > 0 && t->at.validated != t->at.step &&
         (t->at.step % t->validate_every == 0 || t->at.step == t->total);
}

/* With averages in place of values, when there are any. */
static vt_status measure(vt_ctx *ctx, trainer *t, vt_measures *out)
{
  const vt_training *g = t->training;
  vt_run run = {.ctx = ctx,
                .parameters = g->parameters,
                .locked = true,
                .seed = (uint64_t)g->settings->seed,
                .lora = g->lora};
  *out = (vt_measures){0};
  vt_status status = g->task->measure(&run, g->validation, g->settings->batch, g->task->user, out);
  vt_run_end(&run);
  if (status == VT_OK && out->count == 0)
    status = vt_fail(ctx, VT_ERROR_RUNTIME, "task %s measures nothing", g->task->id);
  if (status == VT_OK && !isfinite(out->items[0].value))
    status = vt_fail(ctx, VT_ERROR_NOT_FINITE, "step %lld: %s of the validation is not finite",
                     (long long)t->at.step, out->items[0].name);
  return status;
}

static vt_status judge(vt_ctx *ctx, trainer *t)
{
  const vt_training *g = t->training;
  vt_measures *last = &t->out->last;
  double value = last->items[0].value;
  bool lower = last->items[0].lower;
  bool better = t->at.best_step < 0 || (lower ? value < t->at.best : value > t->at.best);
  t->at.validated = t->at.step;
  vt_plateau_tell(g->schedule, &t->at.plateau, value, lower);
  t->at.waited = better ? 0 : t->at.waited + 1;
  if (better) {
    t->at.best = value;
    t->at.best_step = t->at.step;
    t->out->best = *last;
    VT_TRY(keep_best(ctx, t));
    VT_TRY(save_model(ctx, t));
  }
  if (g->settings->patience > 0 && t->at.waited >= g->settings->patience) t->out->stopped_early = true;
  return vt_log_validation(ctx, &t->log, g->stage, t->at.step, last, better);
}

static vt_status validate(vt_ctx *ctx, trainer *t)
{
  vt_parameters_swap_averages(t->training->parameters);
  vt_status status = measure(ctx, t, &t->out->last);
  if (status == VT_OK) status = judge(ctx, t);
  vt_parameters_swap_averages(t->training->parameters);
  return status;
}

/* ---- the run ---- */

static bool save_due(const trainer *t, bool validated)
{
  int64_t every = t->training->settings->save_every;
  return validated || t->at.finished || (every > 0 && t->at.step % every == 0);
}

static vt_status loop(vt_ctx *ctx, trainer *t)
{
  double started = vt_clock_seconds();
  while (!t->at.finished) {
    bool due = validation_due(t);
    if (due) VT_TRY(validate(ctx, t));
    t->at.finished = t->at.step >= t->total || t->out->stopped_early;
    if (t->at.step > 0 && save_due(t, due)) VT_TRY(save_checkpoint(ctx, t));
    t->out->seconds = vt_clock_seconds() - started;
    if (!t->at.finished) VT_TRY(step_once(ctx, t, started));
  }
  return VT_OK;
}

/* The checkpoint of an interrupted training is written although the context is told to stop. */
static vt_status save_interrupted(vt_ctx *ctx, trainer *t)
{
  const volatile int *flag = ctx->cancel;
  if (!t->checkpoint_path || t->at.step == 0) return VT_ERROR_INTERRUPTED;
  vt_ctx_clear(ctx);
  vt_ctx_set_cancel(ctx, NULL);
  vt_status status = save_checkpoint(ctx, t);
  vt_ctx_set_cancel(ctx, flag);
  if (status != VT_OK) return vt_fail_prefix(ctx, "interrupted, and the checkpoint could not be written");
  return vt_fail(ctx, VT_ERROR_INTERRUPTED, "interrupted at step %lld of %lld; %s has it",
                 (long long)t->at.step, (long long)t->total, t->checkpoint_path);
}

static vt_status finish(vt_ctx *ctx, trainer *t)
{
  t->out->steps = t->at.step;
  t->out->best_step = t->at.best_step;
  if (t->best) {
    take_best(t);
    return t->out->best.count ? VT_OK : measure(ctx, t, &t->out->best); /* it was best before the resume */
  }
  vt_parameters_swap_averages(t->training->parameters); /* nothing was validated: the last is the best */
  return save_model(ctx, t);
}

static vt_status begin(vt_ctx *ctx, trainer *t)
{
  const vt_training *g = t->training;
  const vt_trainer_settings *settings = g->settings;
  VT_TRY(vt_fields_of(ctx, g->train, g->task->fields, &t->fields));
  VT_TRY(vt_sampler_begin(ctx, g->train, settings->batch, settings->shuffle, (uint64_t)settings->seed,
                          &t->sampler));
  t->total = settings->steps;
  if (t->total == 0) t->total = settings->epochs * t->sampler.per_epoch / settings->accumulate;
  if (t->total < 1) t->total = 1;
  t->validate_every = settings->validate_every > 0 ? settings->validate_every : (t->total + 9) / 10;
  VT_TRY(make_config(ctx, t));
  VT_TRY(vt_train_patterns(ctx, g->parameters, settings->train));
  if (g->folder) {
    t->checkpoint_path = vt_path_join(ctx, g->folder, VT_CHECKPOINT_FILE);
    t->model_path = vt_path_join(ctx, g->folder, VT_MODEL_FILE);
    if (!t->checkpoint_path || !t->model_path) return VT_ERROR_OUT_OF_MEMORY;
  }
  VT_TRY(vt_step_new(ctx, g->parameters, g->optimiser, (uint64_t)settings->seed, &t->step));
  t->step->passes = (int)settings->accumulate;
  t->step->run.lora = g->lora;
  VT_TRY(vt_loss_weights_parse(ctx, settings->loss, &t->weights, &t->step->override_count));
  t->step->overrides = t->weights;
  t->at = vt_checkpoint_begin(g->stage);
  return VT_OK;
}

static vt_status go_on(vt_ctx *ctx, trainer *t)
{
  const vt_training *g = t->training;
  if (!g->resume) return VT_OK;
  if (!g->folder) return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "to go on, a training needs its folder");
  VT_TRY(vt_checkpoint_read(ctx, t->checkpoint_path, g->parameters, t->config, &t->at));
  if (t->at.stage != g->stage || t->at.step > t->total)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s: stage %lld, step %lld does not fit this training",
                   t->checkpoint_path, (long long)t->at.stage, (long long)t->at.step);
  if (t->at.threads != vt_ctx_threads(ctx))
    vt_log(VT_LOG_WARNING, "the checkpoint was made with %d threads, now there are %d: last bits may differ",
           t->at.threads, vt_ctx_threads(ctx));
  t->step->updates = t->at.step;
  t->step->run.step = (uint64_t)(t->at.step * t->step->passes);
  return t->at.best_step >= 0 ? load_best(ctx, t) : VT_OK;
}

static void end(trainer *t)
{
  vt_parameters *parameters = t->training->parameters;
  drop_best(t);
  vt_parameters_ungroup(parameters, vt_parameters_group_count(parameters) - t->groups);
  vt_sampler_end(&t->sampler);
  vt_step_free(t->step);
  vt_log_end(&t->log);
  vt_free(t->weights);
  vt_free(t->checkpoint_path);
  vt_free(t->model_path);
  json_decref(t->config);
}

vt_status vt_trainer_run(vt_ctx *ctx, const vt_training *training, vt_trained *out)
{
  trainer t = {.training = training, .out = out};
  *out = (vt_trained){.best_step = -1};
  VT_TRY(vt_ctx_status(ctx));
  t.groups = vt_parameters_group_count(training->parameters);
  vt_status status = begin(ctx, &t);
  if (status == VT_OK) status = go_on(ctx, &t);
  if (status == VT_OK)
    status = vt_log_begin(ctx, training->folder, training->stage, training->resume ? t.at.step : -1, &t.log);
  if (status == VT_OK) status = loop(ctx, &t);
  if (status == VT_ERROR_INTERRUPTED) status = save_interrupted(ctx, &t);
  if (status == VT_OK) status = finish(ctx, &t);
  end(&t);
  return status;
}
