/* SPDX-License-Identifier: Apache-2.0
 *
 * vitrail train: a recipe becomes a model in a folder.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/measures.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "cli/train_curves.h"
#include "cli/train_list.h"
#include "training/train.h"

typedef struct train_settings {
  char *out, *max_memory;
  int64_t seed, steps;
  vt_texts set;
  bool resume, force, list, keys;
} train_settings;

static const vt_field fields[] = {
    {"out", VT_FIELD_STRING, offsetof(train_settings, out), .help = "folder to train in [the recipe's name]"},
    {"seed", VT_FIELD_INT, offsetof(train_settings, seed), "-1", VT_RANGE(-1, 9e15),
     .help = "seed of weights, order and noise; -1: the recipe's"},
    {"steps", VT_FIELD_INT, offsetof(train_settings, steps), "0", VT_RANGE(0, 1e12),
     .help = "steps of every stage; 0: as the recipe says"},
    {"set", VT_FIELD_TEXTS, offsetof(train_settings, set),
     .help = "a setting in place of the recipe's, as block.key=value; may be given several times"},
    {"resume", VT_FIELD_BOOL, offsetof(train_settings, resume),
     .help = "go on from the checkpoint in the folder"},
    {"force", VT_FIELD_BOOL, offsetof(train_settings, force),
     .help = "train anew in a folder that has a training; its files are removed first"},
    {"max_memory", VT_FIELD_STRING, offsetof(train_settings, max_memory),
     .help = "most memory to hold at once, such as 800M or 2G [all that the machine has]"},
    {"list", VT_FIELD_BOOL, offsetof(train_settings, list),
     .help = "list the recipes that come with vitrail"},
    {"keys", VT_FIELD_BOOL, offsetof(train_settings, keys),
     .help =
         "list the keys of recipes with their defaults; with the name of a learner, those of its [model]"},
};

/* ---- where ---- */

typedef struct train_work {
  char *source, *folder; /* recipe; where it is trained */
  vt_texts overrides;    /* owned texts */
  vt_recipe *recipe;
  vt_trainee trainee;
  vt_recipe_result result;
  bool made; /* the folder is ours: it was not there */
} train_work;

/* The operand is a recipe, or the folder of a training that goes on. */
static vt_status find_source(cli *run, const train_settings *settings, const char *operand, train_work *work)
{
  vt_ctx *ctx = run->ctx;
  bool folder = cli_is_folder(operand);
  if (folder && !settings->resume)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s is a folder; add --resume to go on with its training",
                   operand);
  work->source = folder ? vt_path_join(ctx, operand, VT_RECIPE_FILE) : vt_strdup(ctx, operand);
  if (!work->source) return VT_ERROR_OUT_OF_MEMORY;
  if (folder) work->folder = vt_strdup(ctx, operand);
  return folder && !work->folder ? VT_ERROR_OUT_OF_MEMORY : VT_OK;
}

static vt_status add_override(cli *run, train_work *work, char *text)
{
  if (!text) return VT_ERROR_OUT_OF_MEMORY;
  VT_UNUSED(run);
  work->overrides.data[work->overrides.count++] = text;
  return VT_OK;
}

static vt_status read_recipe(cli *run, const train_settings *settings, train_work *work)
{
  vt_ctx *ctx = run->ctx;
  work->overrides.data = vt_alloc_zero(ctx, settings->set.count + 2, sizeof *work->overrides.data);
  if (!work->overrides.data) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < settings->set.count; i++)
    VT_TRY(add_override(run, work, vt_strdup(ctx, settings->set.data[i])));
  if (settings->seed >= 0)
    VT_TRY(add_override(run, work, vt_format(ctx, "recipe.seed=%lld", (long long)settings->seed)));
  if (settings->steps > 0)
    VT_TRY(add_override(run, work, vt_format(ctx, "stage.steps=%lld", (long long)settings->steps)));
  return vt_recipe_read(ctx, work->source, (const char *const *)work->overrides.data, work->overrides.count,
                        &work->recipe);
}

/* The folder holds what --resume needs, or nothing that would be lost. */
static vt_status choose_folder(cli *run, const train_settings *settings, train_work *work)
{
  vt_ctx *ctx = run->ctx;
  run->stage = CLI_OUTPUT;
  if (!work->folder) work->folder = vt_strdup(ctx, settings->out ? settings->out : work->recipe->name);
  if (!work->folder) return VT_ERROR_OUT_OF_MEMORY;
  if (!*work->folder)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "--out: the name of the folder is empty");
  char *checkpoint = vt_trainer_path(ctx, work->folder, VT_CHECKPOINT_FILE);
  if (!checkpoint) return VT_ERROR_OUT_OF_MEMORY;
  bool begun = vt_file_exists(checkpoint);
  vt_free(checkpoint);
  if (settings->resume && !begun)
    return vt_fail(ctx, VT_ERROR_NO_SUCH_FILE, "%s has no %s to go on from", work->folder,
                   VT_CHECKPOINT_FILE);
  if (!settings->resume && !settings->force && vt_file_exists(work->folder))
    return vt_fail(ctx, VT_ERROR_EXISTS,
                   "%s exists; go on with --resume, choose another place with --out DIR, or train anew with "
                   "--force",
                   work->folder);
  return VT_OK;
}

/* It is there, and takes files. */
static vt_status make_folder(cli *run, train_work *work)
{
  vt_ctx *ctx = run->ctx;
  run->stage = CLI_OUTPUT;
  work->made = !vt_file_exists(work->folder);
  VT_TRY(vt_make_directory(ctx, work->folder));
  if (access(work->folder, W_OK | X_OK) != 0)
    return vt_fail(ctx, VT_ERROR_IO, "%s: cannot write into it: %s", work->folder, strerror(errno));
  return VT_OK;
}

/* Of a training that is thrown away; vt_recipe_train() removes the rest. */
static void remove_results(const train_work *work)
{
  static const char *const names[] = {"result.json", "curves.svg", "curves.png"};
  char path[4096];
  for (size_t i = 0; i < VT_COUNT(names); i++)
    if (snprintf(path, sizeof path, "%s/%s", work->folder, names[i]) < (int)sizeof path) (void)unlink(path);
}

static bool has_checkpoint(const train_work *work)
{
  char path[4096];
  int length = snprintf(path, sizeof path, "%s/" VT_CHECKPOINT_FILE, work->folder);
  return length < (int)sizeof path && vt_file_exists(path);
}

/* A training that ended before anything was saved leaves no folder. */
static void remove_beginnings(const train_work *work)
{
  static const char *const names[] = {VT_RECIPE_FILE, VT_LOG_FILE, VT_MODEL_FILE};
  char path[4096];
  for (size_t i = 0; i < VT_COUNT(names); i++)
    if (snprintf(path, sizeof path, "%s/%s", work->folder, names[i]) < (int)sizeof path) (void)unlink(path);
  (void)rmdir(work->folder);
}

/* ---- results ---- */

static json_t *result_json(const train_work *work)
{
  const vt_recipe_result *result = &work->result;
  const vt_trained *last = &result->trained[result->stages > 0 ? result->stages - 1 : 0];
  return json_pack("{s:i, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:f, s:b, s:o, s:o}", "schema_version", 1,
                   "recipe", work->recipe->name, "folder", work->folder, "model", work->recipe->model, "seed",
                   (json_int_t)work->recipe->seed, "parameters", (json_int_t)result->parameters, "steps",
                   (json_int_t)result->steps, "best_step", (json_int_t)last->best_step, "seconds",
                   result->seconds, "stopped_early", last->stopped_early, "validation",
                   cli_measures_json(&last->best), "test", cli_measures_json(&result->test));
}

static vt_status show_result(cli *run, const train_work *work)
{
  const vt_recipe_result *result = &work->result;
  const vt_trained *last = &result->trained[result->stages > 0 ? result->stages - 1 : 0];
  json_t *json = result_json(work);
  if (!json) return vt_fail(run->ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the result");
  char *path = vt_path_join(run->ctx, work->folder, "result.json");
  char *text = json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
  vt_status status =
      path && text ? vt_write_file(run->ctx, path, text, strlen(text)) : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK && run->common.json) status = cli_print_json(run, json);
  free(text);
  vt_free(path);
  json_decref(json);
  if (status != VT_OK || run->common.json) return status;
  printf("%s: %lld numbers trained in %lld steps, %.0f s%s\n", work->recipe->title,
         (long long)result->parameters, (long long)result->steps, result->seconds,
         last->stopped_early ? "; stopped early" : "");
  cli_table table = {0};
  VT_TRY(cli_measures_rows(run, &table, "Validation", &last->best));
  VT_TRY(cli_measures_rows(run, &table, "Test", &result->test));
  cli_table_print(run, &table);
  printf("%s has model.onnx, model.safetensors, curves.png, log.jsonl\n", work->folder);
  return VT_OK;
}

/* Not so when the checkpoint was of another training, say. */
static bool has_stepped(const vt_recipe_result *result)
{
  bool stepped = false;
  for (int i = 0; i < VT_RECIPE_STAGES; i++)
    stepped = stepped || result->trained[i].steps_here > 0;
  return stepped;
}

/* What was saved stays, and how to go on is said. */
static vt_status end_early(cli *run, const train_work *work, vt_status status)
{
  bool saved = has_checkpoint(work);
  if (!saved && work->made) remove_beginnings(work);
  if (status != VT_ERROR_INTERRUPTED) {
    if (saved && has_stepped(&work->result))
      cli_warn(run, "%s keeps the last checkpoint and the best model so far", work->folder);
    return status;
  }
  run->ended = VT_ERROR_INTERRUPTED;
  if (!saved) return status;
  cli_warn(run, "%s; vitrail train %s --resume goes on", vt_ctx_message(run->ctx), work->folder);
  vt_ctx_clear(run->ctx);
  cli_heed_signals(run->ctx, false);
  run->stage = CLI_OUTPUT;
  return cli_train_curves(run, work->folder, work->recipe->title);
}

static vt_status train_recipe(cli *run, const train_settings *settings, const char *operand, train_work *work)
{
  VT_TRY(cli_limit_memory(run, settings->max_memory));
  run->stage = CLI_INPUT;
  VT_TRY(find_source(run, settings, operand, work));
  VT_TRY(read_recipe(run, settings, work));
  VT_TRY(choose_folder(run, settings, work));
  run->stage = CLI_INPUT;
  VT_TRY(vt_trainee_open(run->ctx, work->recipe, &work->trainee));
  VT_TRY(make_folder(run, work));
  if (!settings->resume) remove_results(work);
  run->stage = CLI_RUN;
  vt_status status =
      vt_recipe_train(run->ctx, work->recipe, &work->trainee, work->folder, settings->resume, &work->result);
  cli_progress_end();
  if (status != VT_OK) return end_early(run, work, status);
  run->stage = CLI_OUTPUT;
  VT_TRY(cli_train_curves(run, work->folder, work->recipe->title));
  return show_result(run, work);
}

static void free_work(train_work *work)
{
  vt_trainee_close(&work->trainee);
  vt_recipe_free(work->recipe);
  vt_texts_free(&work->overrides);
  vt_free(work->source);
  vt_free(work->folder);
}

static vt_status train(cli *run, int argc, char **argv)
{
  train_settings settings;
  cli_options options = {0};
  train_work work = {0};
  vt_status status;
  VT_TRY_DONE(
      cli_options_add(run, &options, "Options", fields, VT_COUNT(fields), &settings, sizeof settings));
  VT_TRY_DONE(cli_options_read(run, &options, argc, argv, 0, 1, "RECIPE"));
  if (run->common.help) goto done;
  if (settings.list)
    status = cli_list_recipes(run);
  else if (settings.keys)
    status = cli_list_keys(run, options.operand_count ? options.operands[0] : NULL);
  else if (options.operand_count == 0)
    status = vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT,
                     "RECIPE is missing; vitrail train --list shows those that come with vitrail");
  else
    status = train_recipe(run, &settings, options.operands[0], &work);
done:
  free_work(&work);
  cli_options_free(&options);
  return status;
}

const cli_verb cli_train = {
    .name = "train",
    .operands = "RECIPE",
    .summary = "a small model, trained on generated data by a recipe",
    .examples = "  vitrail train --list                           recipes that come with vitrail\n"
                "  vitrail train --keys                           what a recipe may say\n"
                "  vitrail train scenes-object                    trains in scenes-object/, two minutes\n"
                "  vitrail train scenes-object --seed 1 --out b   the same with other weights and order\n"
                "  vitrail train mine.recipe --set stage.lr=0.01  a recipe of your own, one setting changed\n"
                "  vitrail train b --resume                       goes on after Ctrl-C\n"
                "  vitrail train glyphs-mixture                   on worlds mixed by weight, a minute\n"
                "  vitrail train glyphs-adapters                  then low-rank adapters, a minute\n",
    .description =
        "A recipe is a text file that names a network, a world and how to train (docs/training.md). Where a "
        "world stands, a mixture may: scenes/object*0.7+scenes/object(form=two)*0.3, measured as a whole and "
        "by "
        "part; data=MIXTURE in a stage is for that stage alone. lora=TARGETS/RANK/ALPHA in a stage trains "
        "adapters "
        "beside the linear layers that the patterns fit, and no weight; model.onnx has them in its weights. "
        "The "
        "folder "
        "gets checkpoint.safetensors, model.safetensors (the best one by the first measure on the validation "
        "items), log.jsonl, curves.svg and .png, recipe.txt, result.json and model.onnx, which every other "
        "command "
        "reads. Ctrl-C saves; a training that goes on with --resume ends with the same bytes as one that was "
        "never interrupted (same number of threads, build and processor).",
    .run = train,
};
