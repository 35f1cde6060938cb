/* SPDX-License-Identifier: Apache-2.0
 *
 * Models and unfinished trainings as files: names and counts of parameters as JSON beside the tensors.
 */
#include "nn/checkpoint.h"

#include <math.h>
#include <stdlib.h>

#include "data/safetensors.h"

static const char parameters_key[] = "vitrail.parameters", training_key[] = "vitrail.training",
                  config_key[] = "vitrail.config", build_key[] = "vitrail.build";

static vt_status no_memory(vt_ctx *ctx)
{
  return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the description of parameters");
}

/* ---- writing ---- */

/* Tensors with their names; names of the optimiser's are owned. */
typedef struct tensor_list {
  const char **names;
  vt_tensor **tensors;
  char **owned;
  int count, owned_count;
} tensor_list;

enum { MOST_PER_PARAMETER = 4 };

static vt_status list_begin(vt_ctx *ctx, const vt_parameters *parameters, tensor_list *list)
{
  size_t most = (size_t)vt_parameters_count(parameters) * MOST_PER_PARAMETER + 1;
  *list = (tensor_list){0};
  list->names = vt_alloc_zero(ctx, most, sizeof *list->names);
  list->tensors = vt_alloc_zero(ctx, most, sizeof *list->tensors);
  list->owned = vt_alloc_zero(ctx, most, sizeof *list->owned);
  return list->names && list->tensors && list->owned ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

static void list_end(tensor_list *list)
{
  for (int i = 0; i < list->owned_count; i++)
    vt_free(list->owned[i]);
  vt_free(list->owned);
  vt_free(list->names);
  vt_free(list->tensors);
}

/* States may be results of layers in any layout; files are row-major. */
static vt_status list_add(vt_ctx *ctx, tensor_list *list, const char *name, vt_tensor *tensor)
{
  char shape[160];
  if (tensor->layout != VT_STORED_ROW_MAJOR)
    return vt_fail(ctx, VT_ERROR_RUNTIME, "%s is stored channels-last (%s)", name,
                   vt_shape_text(tensor, shape));
  list->names[list->count] = name;
  list->tensors[list->count++] = tensor;
  return VT_OK;
}

static vt_status list_add_beside(vt_ctx *ctx, tensor_list *list, const char *kind, const char *name,
                                 vt_tensor *tensor)
{
  if (!tensor) return VT_OK;
  char *full = vt_format(ctx, "%s/%s", kind, name);
  if (!full) return VT_ERROR_OUT_OF_MEMORY;
  list->owned[list->owned_count++] = full;
  return list_add(ctx, list, full, tensor);
}

static vt_status list_parameters(vt_ctx *ctx, const vt_parameters *parameters, bool optimiser,
                                 tensor_list *list)
{
  for (int i = 0; i < vt_parameters_count(parameters); i++) {
    const vt_parameter *parameter = vt_parameters_at(parameters, i);
    VT_TRY(list_add(ctx, list, parameter->name, parameter->value));
    if (!optimiser) continue;
    VT_TRY(list_add_beside(ctx, list, "moment.0", parameter->name, parameter->moments[0]));
    VT_TRY(list_add_beside(ctx, list, "moment.1", parameter->name, parameter->moments[1]));
    VT_TRY(list_add_beside(ctx, list, "average", parameter->name, parameter->average));
  }
  return VT_OK;
}

/* [[name, is state, steps], …] in the order of making, as text (caller frees with free()). */
static char *describe(const vt_parameters *parameters, bool optimiser)
{
  json_t *list = json_array();
  for (int i = 0; list && i < vt_parameters_count(parameters); i++) {
    const vt_parameter *parameter = vt_parameters_at(parameters, i);
    json_t *entry = json_pack("[s,b,I]", parameter->name, parameter->state,
                              (json_int_t)(optimiser ? parameter->steps : 0));
    if (!entry || json_array_append_new(list, entry) != 0) {
      json_decref(list);
      return NULL;
    }
  }
  char *text = list ? json_dumps(list, JSON_COMPACT) : NULL;
  json_decref(list);
  return text;
}

/* Writes the list with metadata: the caller's pairs and ours, which have `extra` entries. */
static vt_status write_list(vt_ctx *ctx, const char *path, const tensor_list *list,
                            const char *const *metadata, const char *const *own)
{
  size_t given = 0, added = 0;
  while (metadata && metadata[2 * given])
    given++;
  while (own[2 * added])
    added++;
  const char **pairs = vt_alloc_zero(ctx, 2 * (given + added) + 1, sizeof *pairs);
  if (!pairs) return VT_ERROR_OUT_OF_MEMORY;
  if (given) memcpy(pairs, metadata, 2 * given * sizeof *pairs);
  memcpy(pairs + 2 * given, own, 2 * added * sizeof *pairs);
  vt_status status = vt_safetensors_write(ctx, path, list->names, list->tensors, list->count, pairs);
  vt_free(pairs);
  return status;
}

vt_status vt_weights_write(vt_ctx *ctx, const char *path, const vt_parameters *parameters,
                           const char *const *metadata)
{
  tensor_list list;
  char *text = describe(parameters, false);
  vt_status status = list_begin(ctx, parameters, &list);
  if (status == VT_OK && !text) status = no_memory(ctx);
  if (status == VT_OK) status = list_parameters(ctx, parameters, false, &list);
  if (status == VT_OK)
    status = write_list(ctx, path, &list, metadata,
                        (const char *const[]){parameters_key, text, build_key, vt_version(), NULL});
  list_end(&list);
  free(text);
  return status;
}

vt_checkpoint vt_checkpoint_begin(int64_t stage)
{
  return (vt_checkpoint){.stage = stage, .validated = -1, .best_step = -1, .plateau = vt_plateau_begin()};
}

/* Numbers with 17 digits, so that they come back with the same bits. */
static char *training_text(const vt_checkpoint *c)
{
  json_t *json =
      json_pack("{s:I, s:I, s:I, s:I, s:f, s:I, s:b, s:i, s:{s:f, s:f, s:I, s:b}}", "stage",
                (json_int_t)c->stage, "step", (json_int_t)c->step, "validated", (json_int_t)c->validated,
                "best_step", (json_int_t)c->best_step, "best", c->best, "waited", (json_int_t)c->waited,
                "finished", c->finished, "threads", c->threads, "plateau", "share", c->plateau.share, "best",
                c->plateau.best, "waited", (json_int_t)c->plateau.waited, "any", c->plateau.any);
  char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
  json_decref(json);
  return text;
}

vt_status vt_checkpoint_write(vt_ctx *ctx, const char *path, const vt_parameters *parameters,
                              const vt_checkpoint *checkpoint, const json_t *config)
{
  tensor_list list;
  char *description = describe(parameters, true), *training = training_text(checkpoint),
       *config_text = json_dumps(config, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(17));
  vt_status status = list_begin(ctx, parameters, &list);
  if (status == VT_OK && !(description && training && config_text)) status = no_memory(ctx);
  if (status == VT_OK) status = list_parameters(ctx, parameters, true, &list);
  if (status == VT_OK)
    status = write_list(ctx, path, &list, NULL,
                        (const char *const[]){parameters_key, description, training_key, training, config_key,
                                              config_text, build_key, vt_version(), NULL});
  list_end(&list);
  free(description);
  free(training);
  free(config_text);
  return status;
}

/* ---- reading ---- */

static vt_status foreign(vt_ctx *ctx, vt_status status, const char *what)
{
  return vt_fail(ctx, status, "not written by vitrail as a %s", what);
}

/* The JSON of a metadata text, NULL with a failure. */
static json_t *metadata_json(vt_ctx *ctx, const vt_safetensors *file, const char *key, vt_status kind,
                             const char *what)
{
  json_error_t error;
  const char *text = vt_safetensors_metadata_get(file, key);
  json_t *json = text ? json_loads(text, JSON_REJECT_DUPLICATES, &error) : NULL;
  if (!json) (void)foreign(ctx, kind, what);
  return json;
}

/* The tensor KIND/NAME into a slot, when the file has it; its shape must be the value's. */
static vt_status read_beside(vt_ctx *ctx, const vt_safetensors *file, const char *kind,
                             const vt_parameter *parameter, vt_tensor **slot, size_t *used)
{
  vt_tensor *tensor;
  vt_tensor_free(*slot);
  *slot = NULL;
  char *name = vt_format(ctx, "%s/%s", kind, parameter->name);
  if (!name) return VT_ERROR_OUT_OF_MEMORY;
  bool there = vt_safetensors_find(file, name) >= 0;
  vt_status status = there ? vt_safetensors_tensor(ctx, file, name, &tensor) : VT_OK;
  if (there && status == VT_OK && (tensor->type != VT_F32 || !vt_same_shape(tensor, parameter->value)))
    status = vt_fail(ctx, VT_ERROR_INVALID_DATA, "'%s' has not the shape of its parameter", name);
  if (there && status == VT_OK) {
    *slot = vt_tensor_keep(ctx, tensor);
    if (!*slot) status = vt_ctx_status(ctx);
    (*used)++;
  }
  vt_free(name);
  return status;
}

static vt_status read_parameter(vt_ctx *ctx, const vt_safetensors *file, vt_parameters *parameters,
                                const json_t *entry, bool optimiser, vt_status kind, size_t *used)
{
  vt_tensor *value;
  const char *name = json_string_value(json_array_get(entry, 0));
  const json_t *state = json_array_get(entry, 1), *steps = json_array_get(entry, 2);
  if (!name || !json_is_boolean(state) || !json_is_integer(steps) || json_integer_value(steps) < 0)
    return vt_fail(ctx, kind, "the list of parameters is damaged");
  VT_TRY(vt_safetensors_tensor(ctx, file, name, &value));
  (*used)++;
  VT_TRY(vt_parameters_put(ctx, parameters, name, value, json_is_true(state)));
  vt_parameter *parameter = vt_parameters_find(parameters, name);
  if (parameter->state != json_is_true(state))
    return vt_fail(ctx, kind, "%s is a state here and a parameter there", name);
  if (!optimiser) return VT_OK;
  parameter->steps = json_integer_value(steps);
  VT_TRY(read_beside(ctx, file, "moment.0", parameter, &parameter->moments[0], used));
  VT_TRY(read_beside(ctx, file, "moment.1", parameter, &parameter->moments[1], used));
  return read_beside(ctx, file, "average", parameter, &parameter->average, used);
}

static vt_status read_parameters(vt_ctx *ctx, const vt_safetensors *file, vt_parameters *parameters,
                                 bool optimiser, vt_status kind, const char *what)
{
  size_t index, used = 0;
  json_t *entry, *list = metadata_json(ctx, file, parameters_key, kind, what);
  if (!list) return kind;
  size_t mark = vt_tensor_mark(ctx);
  vt_status status = json_is_array(list) ? VT_OK : foreign(ctx, kind, what);
  json_array_foreach(list, index, entry)
  {
    if (status != VT_OK) break;
    status = read_parameter(ctx, file, parameters, entry, optimiser, kind, &used);
  }
  vt_tensor_release(ctx, mark);
  if (status == VT_OK && used != vt_safetensors_count(file))
    status = vt_fail(ctx, kind, "has tensors that belong to no parameter, or parameters named twice");
  json_decref(list);
  return status;
}

static json_t *all_texts(vt_ctx *ctx, const vt_safetensors *file)
{
  json_t *texts = json_object();
  for (size_t i = 0; texts && i < vt_safetensors_metadata_count(file); i++) {
    const char *key, *value;
    vt_safetensors_metadata(file, i, &key, &value);
    if (json_object_set_new(texts, key, json_string(value)) != 0) {
      json_decref(texts);
      texts = NULL;
    }
  }
  if (!texts) (void)no_memory(ctx);
  return texts;
}

/* "PATH: " before the message unless it stands there. */
static vt_status name_file(vt_ctx *ctx, const char *path, vt_status status)
{
  if (status == VT_OK || strncmp(vt_ctx_message(ctx), path, strlen(path)) == 0) return status;
  return vt_fail_prefix(ctx, "%s", path);
}

vt_status vt_weights_read(vt_ctx *ctx, const char *path, vt_parameters *parameters, json_t **texts)
{
  vt_safetensors *file;
  if (texts) *texts = NULL;
  vt_status status = vt_safetensors_open(ctx, path, &file);
  if (status == VT_ERROR_INVALID_DATA) status = vt_fail_restate(ctx, VT_ERROR_INVALID_MODEL);
  if (status != VT_OK) return name_file(ctx, path, status);
  if (vt_safetensors_metadata_get(file, training_key))
    status = vt_fail(ctx, VT_ERROR_INVALID_MODEL, "is a checkpoint of a training, not a model");
  if (status == VT_OK)
    status = read_parameters(ctx, file, parameters, false, VT_ERROR_INVALID_MODEL, "model");
  if (status == VT_OK && texts) {
    *texts = all_texts(ctx, file);
    if (!*texts) status = vt_ctx_status(ctx);
  }
  vt_safetensors_close(file);
  return name_file(ctx, path, status);
}

static vt_status parse_training(vt_ctx *ctx, const json_t *json, vt_checkpoint *out)
{
  json_int_t stage, step, validated, best_step, waited, plateau_waited;
  int finished, any, threads;
  int bad =
      json_unpack((json_t *)json, "{s:I, s:I, s:I, s:I, s:F, s:I, s:b, s:i, s:{s:F, s:F, s:I, s:b}}", "stage",
                  &stage, "step", &step, "validated", &validated, "best_step", &best_step, "best", &out->best,
                  "waited", &waited, "finished", &finished, "threads", &threads, "plateau", "share",
                  &out->plateau.share, "best", &out->plateau.best, "waited", &plateau_waited, "any", &any);
  if (bad || stage < 0 || step < 0 || validated < -1 || best_step < -1 || waited < 0 || plateau_waited < 0 ||
      !isfinite(out->best) || !isfinite(out->plateau.share))
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "its note on the training is damaged");
  out->stage = stage;
  out->step = step;
  out->validated = validated;
  out->best_step = best_step;
  out->waited = waited;
  out->finished = finished;
  out->threads = threads;
  out->plateau.waited = plateau_waited;
  out->plateau.any = any;
  return VT_OK;
}

/* Names the first setting that differs, and both values. */
static vt_status compare_configs(vt_ctx *ctx, const json_t *there, const json_t *here, const char *path)
{
  const char *key;
  json_t *value;
  const json_t *both[2] = {here, there};
  for (int side = 0; side < 2; side++)
    json_object_foreach((json_t *)both[side], key, value)
    {
      const json_t *other = json_object_get(both[1 - side], key);
      if (json_is_object(value) && json_is_object(other)) {
        VT_TRY(compare_configs(ctx, json_object_get(there, key), json_object_get(here, key), key));
        continue;
      }
      /* 2 and 2.0 are the same setting */
      if (json_is_number(value) && json_is_number(other) &&
          json_number_value(value) == json_number_value(other))
        continue;
      if (other && json_equal(value, other)) continue;
      char *mine = json_dumps(json_object_get(here, key), JSON_ENCODE_ANY | JSON_COMPACT),
           *its = json_dumps(json_object_get(there, key), JSON_ENCODE_ANY | JSON_COMPACT);
      (void)vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                    "belongs to another training: %s%s%s is %.80s there and %.80s here", path,
                    *path ? "." : "", key, its ? its : "absent", mine ? mine : "absent");
      free(mine);
      free(its);
      return VT_ERROR_INVALID_ARGUMENT;
    }
  return VT_OK;
}

static vt_status look(vt_ctx *ctx, const vt_safetensors *file, vt_checkpoint *out, json_t **config)
{
  const char *what = "checkpoint of a training";
  *config = NULL;
  json_t *training = metadata_json(ctx, file, training_key, VT_ERROR_INVALID_DATA, what);
  if (!training) return VT_ERROR_INVALID_DATA;
  vt_status status = parse_training(ctx, training, out);
  json_decref(training);
  VT_TRY(status);
  *config = metadata_json(ctx, file, config_key, VT_ERROR_INVALID_DATA, what);
  if (*config && json_is_object(*config)) return VT_OK;
  json_decref(*config);
  *config = NULL;
  return foreign(ctx, VT_ERROR_INVALID_DATA, what);
}

vt_status vt_checkpoint_look(vt_ctx *ctx, const char *path, vt_checkpoint *out, json_t **config)
{
  vt_safetensors *file;
  json_t *found = NULL;
  vt_status status = vt_safetensors_open(ctx, path, &file);
  if (status != VT_OK) return name_file(ctx, path, status);
  status = look(ctx, file, out, &found);
  vt_safetensors_close(file);
  if (config)
    *config = found;
  else
    json_decref(found);
  return name_file(ctx, path, status);
}

vt_status vt_checkpoint_read(vt_ctx *ctx, const char *path, vt_parameters *parameters, const json_t *config,
                             vt_checkpoint *out)
{
  vt_safetensors *file;
  json_t *there = NULL;
  vt_status status = vt_safetensors_open(ctx, path, &file);
  if (status != VT_OK) return name_file(ctx, path, status);
  status = look(ctx, file, out, &there);
  if (status == VT_OK) status = compare_configs(ctx, there, config, "");
  if (status == VT_OK)
    status = read_parameters(ctx, file, parameters, true, VT_ERROR_INVALID_DATA, "checkpoint of a training");
  json_decref(there);
  vt_safetensors_close(file);
  return name_file(ctx, path, status);
}
