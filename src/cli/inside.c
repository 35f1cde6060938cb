/* SPDX-License-Identifier: Apache-2.0
 *
 * Running a model with its inside open: inputs, hooks, results.
 */
#include "cli/inside.h"

#include <math.h>

#include "cli/bundled.h"
#include "cli/explain.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "explain/explanation.h"
#include "vitrail/data.h"

static const vt_field fields[] = {
    {"input", VT_FIELD_TEXTS, offsetof(cli_inside_settings, input),
     .help = "[NAME=]FILE: a .npy array of the input's type and shape (i32 and i64 are cast to each other, "
             "f64 to f32), or a picture, prepared as the sidecar says; NAME is needed where the model has "
             "several inputs"},
    {"preprocess", VT_FIELD_STRING, offsetof(cli_inside_settings, preprocess),
     .help = "sidecar file instead of MODEL.json"},
    {"precision", VT_FIELD_CHOICE, offsetof(cli_inside_settings, precision), "f32", .choices = "f32|f64",
     .help = "compute in; f64 is slow, and for checking"},
    {"max_memory", VT_FIELD_STRING, offsetof(cli_inside_settings, max_memory),
     .help = "most memory to hold at once, such as 800M or 2G [all that the machine has]; gradients are then "
             "computed in parts"},
    {"allow_loader", VT_FIELD_STRING, offsetof(cli_inside_settings, allow_loader),
     .help = "also open pictures with this libvips loader, such as svgload"},
    {"out", VT_FIELD_STRING, offsetof(cli_inside_settings, out),
     .help = ".npz file for the tensors, under their names [none: what they are is printed]"},
    {"force", VT_FIELD_BOOL, offsetof(cli_inside_settings, force), .help = "overwrite an existing file"},
};

static const vt_field change_fields[] = {
    {"replace", VT_FIELD_TEXTS, offsetof(cli_inside_changes, replace),
     .help = "NAME=FILE.npy: put this array in the tensor's place"},
    {"zero", VT_FIELD_TEXTS, offsetof(cli_inside_changes, zero), .help = "NAME: set the tensor to zero"},
    {"scale", VT_FIELD_TEXTS, offsetof(cli_inside_changes, scale),
     .help = "NAME=FACTOR: multiply the tensor"},
    {"add", VT_FIELD_TEXTS, offsetof(cli_inside_changes, add),
     .help = "NAME=FILE.npy: add this array, which may repeat along axes; of several changes to one tensor, "
             "replace comes first, then zero, scale, add"},
};

vt_status cli_inside_options(cli *run, cli_inside *inside, bool changes, cli_options *options)
{
  VT_TRY(cli_options_add(run, options, "Inputs and results", fields, VT_COUNT(fields), &inside->settings,
                         sizeof inside->settings));
  if (!changes) return VT_OK;
  return cli_options_add(run, options, "Changes", change_fields, VT_COUNT(change_fields), &inside->changes,
                         sizeof inside->changes);
}

/* ---- model ---- */

static vt_status check_out(cli *run, const cli_inside_settings *settings)
{
  run->stage = CLI_OUTPUT;
  if (!settings->out) return VT_OK;
  if (!*settings->out)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "--out: the name of the file is empty");
  if (!settings->force && vt_file_exists(settings->out))
    return vt_fail(run->ctx, VT_ERROR_EXISTS, "%s exists; choose another name, or overwrite with --force",
                   settings->out);
  return VT_OK;
}

vt_status cli_inside_open(cli *run, cli_inside *inside, const char *model)
{
  const cli_inside_settings *settings = &inside->settings;
  inside->model = model;
  run->stage = CLI_USAGE;
  VT_TRY(cli_limit_memory(run, settings->max_memory));
  if (settings->allow_loader) VT_TRY(vt_allow_loader(run->ctx, settings->allow_loader));
  VT_TRY(check_out(run, settings));
  run->stage = CLI_MODEL;
  VT_TRY(cli_graph_read(run, model, &inside->graph));
  VT_TRY(vt_trace_new(run->ctx, inside->graph, &inside->trace));
  inside->inputs = vt_alloc_zero(run->ctx, (size_t)inside->graph->input_count + 1, sizeof *inside->inputs);
  if (!inside->inputs) return VT_ERROR_OUT_OF_MEMORY;
  run->stage = CLI_USAGE;
  return vt_trace_precision(run->ctx, inside->trace, settings->precision == 1 ? VT_F64 : VT_F32);
}

void cli_inside_close(cli_inside *inside)
{
  vt_trace_free(inside->trace);
  vt_graph_free(inside->graph);
  vt_free(inside->inputs);
}

/* ---- inputs ---- */

static bool is_array(const char *path)
{
  size_t length = strlen(path);
  return length >= 4 && strcmp(path + length - 4, ".npy") == 0;
}

/* Every number must survive the change of its type. */
static vt_status cast_array(cli *run, const char *path, vt_type type, vt_tensor **array)
{
  vt_tensor *from = *array, *to;
  bool whole = (VT_INDICES & VT_T(from->type)) && (VT_INDICES & VT_T(type));
  bool real = (VT_FLOATS & VT_T(from->type)) && (VT_FLOATS & VT_T(type));
  if (type == from->type || type == VT_UNDEFINED || (!whole && !real)) return VT_OK;
  to = *array = vt_tensor_new(run->ctx, type, from->rank, from->dims);
  if (!to) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t i = 0; i < vt_count(from); i++) {
    int64_t number = whole ? vt_get_i64(from, i) : 0;
    if (type == VT_I32 && (number < INT32_MIN || number > INT32_MAX))
      return vt_fail(run->ctx, VT_ERROR_INVALID_DATA, "%s: %lld does not fit into i32", path,
                     (long long)number);
    if (type == VT_I32) ((int32_t *)to->data)[i] = (int32_t)number;
    if (type == VT_I64) ((int64_t *)to->data)[i] = number;
    if (type == VT_F32) ((float *)to->data)[i] = (float)vt_get_f64(from, i);
    if (type == VT_F32 && isinf(((float *)to->data)[i]) && isfinite(vt_get_f64(from, i))) {
      char text[32];
      return vt_fail(run->ctx, VT_ERROR_INVALID_DATA, "%s: %s does not fit into f32", path,
                     vt_number_text(vt_get_f64(from, i), text));
    }
    if (type == VT_F64) ((double *)to->data)[i] = vt_get_f64(from, i);
  }
  return VT_OK;
}

static vt_status read_array(cli *run, const char *path, vt_type type, vt_tensor **out)
{
  run->stage = CLI_INPUT;
  VT_TRY(vt_npy_read(run->ctx, path, out));
  return cast_array(run, path, type, out);
}

/* The sidecar; without one pictures are taken as values in [0, 1], which is said. */
static vt_status read_sidecar(cli *run, const cli_inside *inside, const vt_value *input, vt_preprocess **out)
{
  run->stage = CLI_INPUT;
  if (inside->settings.preprocess) return vt_preprocess_read(run->ctx, inside->settings.preprocess, out);
  if (cli_is_bundled(inside->model)) return vt_bundled_preprocess(run->ctx, out);
  size_t length = strlen(inside->model);
  if (length > 5 && strcmp(inside->model + length - 5, ".onnx") == 0) length -= 5;
  char *path = vt_format(run->ctx, "%.*s.json", (int)length, inside->model);
  if (!path) return VT_ERROR_OUT_OF_MEMORY;
  bool there = vt_file_exists(path);
  vt_status status =
      there ? vt_preprocess_read(run->ctx, path, out) : vt_preprocess_parse(run->ctx, "{}", 2, NULL, out);
  vt_free(path);
  if (there || status != VT_OK) return status;
  vt_preprocess *preprocess = *out;
  preprocess->channels_last =
      input->dims[1] != 1 && input->dims[1] != 3 && (input->dims[3] == 1 || input->dims[3] == 3);
  if (input->dims[preprocess->channels_last ? 3 : 1] == 1) preprocess->channels = 1;
  cli_warn(run, "assumed: no sidecar: values of the picture are scaled to [0, 1], layout %s",
           preprocess->channels_last ? "NHWC" : "NCHW");
  return VT_OK;
}

static vt_status prepare_picture(cli *run, const vt_value *input, vt_preprocess *preprocess,
                                 const vt_image *photo, vt_tensor **out)
{
  int row = preprocess->channels_last ? 1 : 2;
  if (preprocess->height == 0 || preprocess->width == 0) {
    if (input->dims[row] <= 0 || input->dims[row + 1] <= 0 || input->dims[row] > 65536 ||
        input->dims[row + 1] > 65536)
      return vt_fail(run->ctx, VT_ERROR_INVALID_DATA,
                     "neither the sidecar nor the model says how large pictures of input '%s' are",
                     input->name);
    preprocess->height = (int)input->dims[row];
    preprocess->width = (int)input->dims[row + 1];
  }
  vt_image *picture;
  VT_TRY(vt_preprocess_image(run->ctx, preprocess, photo, &picture, NULL));
  int64_t c = preprocess->channels, h = preprocess->height, w = preprocess->width;
  *out = vt_tensor_new(run->ctx, VT_F32, 4,
                       preprocess->channels_last ? (int64_t[]){1, h, w, c} : (int64_t[]){1, c, h, w});
  if (*out) vt_preprocess_floats(preprocess, picture, (*out)->data);
  vt_image_free(picture);
  return *out ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

static vt_status read_picture(cli *run, const cli_inside *inside, const char *path, const vt_value *input,
                              vt_tensor **out)
{
  char shape[160], sha256[65];
  if (input->type != VT_F32 || input->rank != 4)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT,
                   "input '%s' (%s) takes no picture; give a .npy array, not '%s'", input->name,
                   cli_value_text(input, shape), path);
  vt_preprocess *preprocess = NULL;
  vt_image *photo = NULL;
  vt_status status = cli_photo_read(run, path, &photo, sha256);
  if (status == VT_OK) status = read_sidecar(run, inside, input, &preprocess);
  if (status == VT_OK) status = prepare_picture(run, input, preprocess, photo, out);
  vt_preprocess_free(preprocess);
  vt_image_free(photo);
  return status;
}

/* Index of the input that `text` is for, and the path in it. */
static vt_status place_input(cli *run, const cli_inside *inside, const char *text, int *index,
                             const char **path)
{
  const vt_graph *graph = inside->graph;
  for (int i = 0; i < graph->input_count; i++) {
    const char *name = graph->values[graph->inputs[i]].name;
    size_t length = strlen(name);
    if (strncmp(text, name, length) != 0 || text[length] != '=') continue;
    *index = i;
    *path = text + length + 1;
    return VT_OK;
  }
  const char *equals = strchr(text, '=');
  if (graph->input_count == 1 && (!equals || vt_file_exists(text))) {
    *index = 0;
    *path = text;
    return VT_OK;
  }
  vt_text names = {0};
  for (int i = 0; i < graph->input_count; i++)
    vt_text_addf(run->ctx, &names, "%s'%s'", i ? ", " : "", graph->values[graph->inputs[i]].name);
  vt_status status = vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT,
                             "--input '%s' names no input of the model; write NAME=FILE with one of %s", text,
                             names.data ? names.data : "none");
  vt_text_free(&names);
  return status;
}

static vt_status read_inputs(cli *run, cli_inside *inside)
{
  const vt_graph *graph = inside->graph;
  char shape[160];
  for (size_t i = 0; i < inside->settings.input.count; i++) {
    int index = 0;
    const char *path = NULL;
    run->stage = CLI_USAGE;
    VT_TRY(place_input(run, inside, inside->settings.input.data[i], &index, &path));
    const vt_value *input = &graph->values[graph->inputs[index]];
    if (inside->inputs[index])
      return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "--input: '%s' is given twice", input->name);
    VT_TRY(is_array(path) ? read_array(run, path, input->type, &inside->inputs[index])
                          : read_picture(run, inside, path, input, &inside->inputs[index]));
    if (inside->finite && vt_check_finite(run->ctx, inside->inputs[index], path) != VT_OK)
      return vt_fail_prefix(run->ctx, "input '%s'", input->name);
  }
  run->stage = CLI_USAGE;
  for (int i = 0; i < graph->input_count; i++)
    if (!inside->inputs[i])
      return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "--input is missing for '%s' (%s)",
                     graph->values[graph->inputs[i]].name,
                     cli_value_text(&graph->values[graph->inputs[i]], shape));
  run->stage = CLI_INPUT;
  if (vt_graph_check_inputs(run->ctx, graph, inside->inputs) != VT_OK)
    return vt_fail_restate(run->ctx, VT_ERROR_INVALID_DATA);
  return VT_OK;
}

/* ---- hooks ---- */

/* "NAME=VALUE": names may hold '=', so the first one behind a name that exists divides. Caller frees. */
static vt_status split(cli *run, const cli_inside *inside, const char *option, const char *text, char **name,
                       const char **value)
{
  char *copy = vt_strdup(run->ctx, text), *first = copy ? strchr(copy, '=') : NULL;
  if (!copy) return VT_ERROR_OUT_OF_MEMORY;
  if (!first) {
    vt_free(copy);
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "--%s '%s': '=' and a value are missing", option,
                   text);
  }
  char *at = first;
  for (char *next = first; next; next = strchr(next + 1, '=')) {
    *next = 0;
    bool known = vt_trace_lookup(inside->trace, copy) != VT_NO_VALUE;
    *next = '=';
    if (!known) continue;
    at = next;
    break;
  }
  *at = 0;
  *name = copy;
  *value = text + (at - copy) + 1;
  return VT_OK;
}

typedef enum change { REPLACE, ZERO, SCALE, ADD } change;

static vt_status set_array(cli *run, cli_inside *inside, change kind, const char *name, const char *path)
{
  int value;
  vt_tensor *array;
  run->stage = CLI_USAGE;
  VT_TRY(vt_trace_find(run->ctx, inside->trace, name, &value));
  vt_type type = inside->graph->values[value].type;
  vt_status status = read_array(run, path, type, &array);
  /* what the file does not say is f32 far more often than f64 */
  if (status == VT_OK && type == VT_UNDEFINED && array->type == VT_F64)
    status = cast_array(run, path, VT_F32, &array);
  if (status != VT_OK) return status;
  run->stage = CLI_USAGE;
  return kind == REPLACE ? vt_trace_replace(run->ctx, inside->trace, name, array)
                         : vt_trace_add(run->ctx, inside->trace, name, array);
}

static vt_status set_change(cli *run, cli_inside *inside, change kind, const char *option, const char *text)
{
  char *name = NULL;
  const char *value = NULL;
  double factor;
  run->stage = CLI_USAGE;
  if (kind == ZERO) return vt_trace_zero(run->ctx, inside->trace, text);
  VT_TRY(split(run, inside, option, text, &name, &value));
  vt_status status;
  if (kind != SCALE)
    status = set_array(run, inside, kind, name, value);
  else if (vt_parse_number(value, &factor))
    status = vt_trace_scale(run->ctx, inside->trace, name, factor);
  else
    status = vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "--scale %s: '%s' is not a number", name, value);
  vt_free(name);
  return status;
}

vt_status cli_inside_prepare(cli *run, cli_inside *inside)
{
  const cli_inside_changes *given = &inside->changes;
  const struct {
    const vt_texts *texts;
    change kind;
    const char *option;
  } changes[] = {{&given->replace, REPLACE, "replace"},
                 {&given->zero, ZERO, "zero"},
                 {&given->scale, SCALE, "scale"},
                 {&given->add, ADD, "add"}};
  for (size_t i = 0; i < VT_COUNT(changes); i++)
    for (size_t k = 0; k < changes[i].texts->count; k++)
      VT_TRY(set_change(run, inside, changes[i].kind, changes[i].option, changes[i].texts->data[k]));
  VT_TRY(read_inputs(run, inside));
  run->stage = CLI_RUN;
  return VT_OK;
}

/* ---- results ---- */

typedef struct summary {
  double low, mean, high; /* NaN where there is no element */
} summary;

static summary summarise(const vt_tensor *tensor)
{
  int64_t count = vt_count(tensor);
  if (count == 0) return (summary){NAN, NAN, NAN};
  summary s = {vt_get_f64(tensor, 0), 0, vt_get_f64(tensor, 0)};
  for (int64_t i = 0; i < count; i++) {
    double value = vt_get_f64(tensor, i);
    if (value < s.low || isnan(value)) s.low = value;
    if (value > s.high || isnan(value)) s.high = value;
    s.mean += value / (double)count;
  }
  return s;
}

static json_t *number(double value)
{
  return isfinite(value) ? json_real(value) : json_null();
}

static vt_status print_tensors(cli *run, const char *const *names, vt_tensor *const *tensors, int count)
{
  cli_table table = {0};
  vt_status status = cli_table_row(run->ctx, &table, "Tensor\tShape\t>min\t>mean\t>max");
  for (int i = 0; i < count && status == VT_OK; i++) {
    char shape[160], low[32], mean[32], high[32];
    summary s = summarise(tensors[i]);
    status =
        cli_table_row(run->ctx, &table, "%s\t%s\t%s\t%s\t%s", names[i], vt_shape_text(tensors[i], shape),
                      vt_number_text(s.low, low), vt_number_text(s.mean, mean), vt_number_text(s.high, high));
  }
  if (status == VT_OK)
    cli_table_print(run, &table);
  else
    cli_table_free(&table);
  return status;
}

static vt_status print_json(cli *run, const char *const *names, vt_tensor *const *tensors, int count,
                            json_t *json)
{
  json_t *list = json_array();
  for (int i = 0; i < count; i++) {
    summary s = summarise(tensors[i]);
    json_t *shape = json_array();
    for (int axis = 0; axis < tensors[i]->rank; axis++)
      json_array_append_new(shape, json_integer(tensors[i]->dims[axis]));
    json_array_append_new(list, json_pack("{s:o, s:s, s:o, s:o, s:o, s:o}", "name", vt_json_outside(names[i]),
                                          "type", vt_type_name(tensors[i]->type), "shape", shape, "min",
                                          number(s.low), "mean", number(s.mean), "max", number(s.high)));
  }
  json_object_set_new(json, "tensors", list);
  return cli_print_json(run, json);
}

vt_status cli_inside_results(cli *run, const cli_inside *inside, const char *const *names,
                             vt_tensor *const *tensors, int count, json_t *json)
{
  cli_heed_signals(run->ctx, false);
  run->stage = CLI_OUTPUT;
  if (inside->settings.out) {
    VT_TRY(check_out(run, &inside->settings)); /* it may have come to be meanwhile */
    VT_TRY(vt_npz_write(run->ctx, inside->settings.out, names, tensors, count));
    if (!run->common.json) {
      printf("%s: %d tensor%s\n", inside->settings.out, count, count == 1 ? "" : "s");
      return VT_OK;
    }
    json_object_set_new(json, "out", vt_json_outside(inside->settings.out));
  }
  return run->common.json ? print_json(run, names, tensors, count, json)
                          : print_tensors(run, names, tensors, count);
}
