/* SPDX-License-Identifier: Apache-2.0
 *
 * vitrail validate: how good a model is on generated data.
 */
#include <string.h>

#include "cli/bundled.h"
#include "cli/measures.h"
#include "cli/options.h"
#include "cli/output.h"
#include "graph/assemble.h"
#include "training/train.h"

enum { MOST_OUTPUTS = 16 };

typedef struct validate_settings {
  char *data;
  int split;
  int64_t count, world_seed, batch;
  vt_texts set;
} validate_settings;

static const vt_field fields[] = {
    {"data", VT_FIELD_STRING, offsetof(validate_settings, data),
     .help = "world of the items, or a mixture of several [that of the training's test]"},
    {"split", VT_FIELD_CHOICE, offsetof(validate_settings, split), "test", .choices = "train|validation|test",
     .help = "which of its parts"},
    {"count", VT_FIELD_INT, offsetof(validate_settings, count), "0", VT_RANGE(0, 1e9),
     .help = "items; 0: as the training's test has, or as the split usually has"},
    {"world_seed", VT_FIELD_INT, offsetof(validate_settings, world_seed), "-1", VT_RANGE(-1, 9e15),
     .help = "seed of the world; -1: as the training's test has, or 0"},
    {"set", VT_FIELD_TEXTS, offsetof(validate_settings, set),
     .help = "a setting of the world as NAME=VALUE; may be given several times"},
    {"batch", VT_FIELD_INT, offsetof(validate_settings, batch), "64", VT_RANGE(1, 100000),
     .help = "items at once"},
};

typedef struct validation {
  vt_recipe *recipe; /* NULL: the model is an ONNX file */
  vt_trainee trainee;
  vt_graph *graph;
  vt_mixture items;
  vt_measures measures;
} validation;

/* ---- models ---- */

static bool ends_with(const char *path, const char *end)
{
  size_t length = strlen(path), tail = strlen(end);
  return length >= tail && strcmp(path + length - tail, end) == 0;
}

/* The recipe that a model file carries. */
static vt_status recipe_of(vt_ctx *ctx, const char *path, vt_recipe **out)
{
  vt_parameters *store;
  json_t *texts = NULL;
  VT_TRY(vt_parameters_new(ctx, 0, &store));
  vt_status status = vt_weights_read(ctx, path, store, &texts);
  vt_parameters_free(store);
  VT_TRY(status);
  const char *recipe = json_string_value(json_object_get(texts, "recipe"));
  status = recipe ? vt_recipe_parse(ctx, path, recipe, strlen(recipe), NULL, 0, out)
                  : vt_fail(ctx, VT_ERROR_INVALID_MODEL,
                            "%s: carries no recipe: not written by vitrail train", path);
  json_decref(texts);
  return status;
}

static vt_status open_trained(vt_ctx *ctx, const char *path, validation *v)
{
  VT_TRY(recipe_of(ctx, path, &v->recipe));
  VT_TRY(vt_trainee_open(ctx, v->recipe, &v->trainee));
  return vt_trainee_load(ctx, &v->trainee, path);
}

static vt_status open_model(cli *run, const char *operand, validation *v)
{
  vt_ctx *ctx = run->ctx;
  run->stage = CLI_MODEL;
  if (ends_with(operand, ".onnx") || cli_is_bundled(operand)) return cli_graph_read(run, operand, &v->graph);
  if (!cli_is_folder(operand)) return open_trained(ctx, operand, v);
  char *path = vt_trainer_path(ctx, operand, VT_MODEL_FILE);
  if (!path) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = open_trained(ctx, path, v);
  vt_free(path);
  return status;
}

/* ---- data ---- */

/* Settings of the training's test count where it is of the same world, those given come behind. */
static vt_status open_items(cli *run, const validate_settings *settings, validation *v)
{
  vt_ctx *ctx = run->ctx;
  const vt_recipe_data *test = v->recipe ? &v->recipe->test : NULL;
  run->stage = CLI_INPUT;
  if (!settings->data && !test)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "--data WORLD is missing: measured on what?");
  if (settings->data && test && strcmp(settings->data, test->world) != 0) test = NULL;
  size_t known = test ? test->settings.count : 0;
  char **texts = vt_alloc_zero(ctx, known + settings->set.count + 1, sizeof *texts);
  if (!texts) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < known; i++)
    texts[i] = test->settings.data[i];
  for (size_t i = 0; i < settings->set.count; i++)
    texts[known + i] = settings->set.data[i];
  const vt_recipe_data items = {.world = settings->data ? settings->data : test->world,
                                .count = settings->count ? settings->count
                                         : test          ? test->count
                                                         : 0,
                                .seed = settings->world_seed >= 0 ? settings->world_seed
                                        : test                    ? test->seed
                                                                  : 0,
                                .split = (vt_split)settings->split,
                                .settings = {.data = texts, .count = known + settings->set.count}};
  vt_status status = vt_mixture_open(ctx, &items, &v->items);
  vt_free(texts);
  return status;
}

/* ---- measuring ---- */

/* Any graph of one input as a classifier. */
static vt_tensor *run_graph(vt_scope s, vt_tensor *x, const void *user)
{
  vt_ctx *ctx = s.run->ctx;
  vt_tensor *outputs[MOST_OUTPUTS] = {NULL};
  return vt_graph_run(ctx, user, &x, outputs) == VT_OK ? outputs[0] : vt_void(); /* the context has it */
}

static vt_status measure_graph(cli *run, const validate_settings *settings, validation *v)
{
  vt_ctx *ctx = run->ctx;
  vt_classify classify = {.model = run_graph, .settings = v->graph, .input = "image"};
  vt_learning_task task = vt_classify_task(&classify);
  int64_t inputs = vt_graph_input_count(v->graph), outputs = vt_graph_output_count(v->graph);
  run->stage = CLI_MODEL;
  if (inputs != 1 || outputs > MOST_OUTPUTS)
    return vt_fail(ctx, VT_ERROR_UNSUPPORTED,
                   "an ONNX file is measured as a classifier of one input; this one has %lld",
                   (long long)inputs);
  run->stage = CLI_INPUT;
  VT_TRY(vt_mixture_agrees(ctx, &v->items, &v->items, task.fields, true));
  run->stage = CLI_RUN;
  vt_run forward = {.ctx = ctx};
  VT_TRY(vt_parameters_new(ctx, 0, &forward.parameters));
  vt_status status = vt_mixture_measure(&forward, &v->items, &task, settings->batch, &v->measures);
  vt_run_end(&forward);
  vt_parameters_free(forward.parameters);
  return status;
}

static vt_status show(cli *run, const char *operand, vt_split split, const validation *v)
{
  if (run->common.json) {
    json_t *json = json_pack("{s:i, s:s, s:s, s:I, s:o}", "schema_version", 1, "model", operand, "items",
                             v->items.set->name, "count", (json_int_t)v->items.set->count, "measures",
                             cli_measures_json(&v->measures));
    vt_status status = json ? cli_print_json(run, json) : VT_ERROR_OUT_OF_MEMORY;
    json_decref(json);
    return status;
  }
  cli_table table = {0};
  printf("%s on %lld items of %s\n", operand, (long long)v->items.set->count, v->items.set->name);
  VT_TRY(cli_measures_rows(run, &table, vt_split_name(split), &v->measures));
  cli_table_print(run, &table);
  return VT_OK;
}

static vt_status validate_model(cli *run, const validate_settings *settings, const char *operand,
                                validation *v)
{
  VT_TRY(open_model(run, operand, v));
  VT_TRY(open_items(run, settings, v));
  if (v->recipe) {
    VT_TRY(vt_mixture_fits(run->ctx, &v->items, &v->items, v->trainee.learner));
    VT_TRY(vt_trainee_fits(run->ctx, &v->trainee, v->items.set));
  }
  run->stage = CLI_RUN;
  vt_status status =
      v->graph ? measure_graph(run, settings, v)
               : vt_trainee_measure(run->ctx, &v->trainee, &v->items, settings->batch, &v->measures);
  VT_TRY(status);
  return show(run, operand, (vt_split)settings->split, v);
}

static vt_status validate(cli *run, int argc, char **argv)
{
  validate_settings settings;
  cli_options options = {0};
  validation v = {0};
  vt_status status;
  VT_TRY_DONE(
      cli_options_add(run, &options, "Options", fields, VT_COUNT(fields), &settings, sizeof settings));
  VT_TRY_DONE(cli_options_read(run, &options, argc, argv, 1, 1, "MODEL"));
  if (!run->common.help) status = validate_model(run, &settings, options.operands[0], &v);
done:
  vt_mixture_close(&v.items);
  vt_graph_free(v.graph);
  vt_trainee_close(&v.trainee);
  vt_recipe_free(v.recipe);
  cli_options_free(&options);
  return status;
}

const cli_verb cli_validate = {
    .name = "validate",
    .operands = "MODEL",
    .summary = "how good a model is on generated data",
    .examples = "  vitrail validate scenes-object                                   a training folder, on "
                "its test items\n"
                "  vitrail validate scenes-object --set shift=erase --set level=2   … with parts of the "
                "pictures erased\n"
                "  vitrail validate scenes-object --set shift=blur --set level=3    … blurred\n"
                "  vitrail validate model.onnx --data scenes/object --world-seed 7  any classifier\n",
    .description = "MODEL is the folder of a training, its model.safetensors (both carry their recipe, and "
                   "are measured as "
                   "that training measures), or an ONNX file, which is measured as a classifier of the field "
                   "\"image\": the "
                   "order of its classes must be the world's.",
    .run = validate,
};
