/* SPDX-License-Identifier: Apache-2.0
 *
 * vitrail gradient: how one number of a model changes with any of its tensors.
 */
#include "cli/inside.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "explain/explanation.h"

typedef struct gradient_settings {
  char *of;
  vt_texts wrt;
} gradient_settings;

static const vt_field fields[] = {
    {"of", VT_FIELD_STRING, offsetof(gradient_settings, of),
     .help = "NAME[:INDEX]: the number to differentiate: an element of a tensor, by its place in row-major "
             "order or by one number for each size (logits:281, logits:0,281); no INDEX where there is one "
             "element",
     .required = true},
    {"wrt", VT_FIELD_TEXTS, offsetof(gradient_settings, wrt),
     .help = "name of a tensor to differentiate with respect to: input, parameter or inner tensor [the "
             "inputs of type f32 and f64]"},
};

/* ---- the number ---- */

/* Divides --of into name and index; a name may hold ':' itself. Caller frees the name. */
static vt_status split_of(cli *run, const cli_inside *inside, const char *of, char **name, const char **index)
{
  const char *colon = strrchr(of, ':');
  *index = NULL;
  bool whole = !colon || vt_trace_lookup(inside->trace, of) != VT_NO_VALUE;
  *name = vt_strndup(run->ctx, of, whole ? strlen(of) : (size_t)(colon - of));
  if (!whole) *index = colon + 1;
  return *name ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

/* Row-major place of the element, from "7" or "0,1,3". */
static vt_status find_element(cli *run, const char *name, const char *index, const vt_tensor *tensor,
                              int64_t *place)
{
  char shape[160], part[32];
  int64_t numbers[VT_MAX_RANK], count = vt_count(tensor);
  int given = 0;
  vt_shape_text(tensor, shape);
  *place = 0;
  if (!index && count == 1) return VT_OK;
  if (!index)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT,
                   "--of %s: the tensor is %s; say which element: %s:INDEX, with a place from 0 to %lld or "
                   "one number for each of its %d sizes",
                   name, shape, name, (long long)count - 1, tensor->rank);
  for (const char *at = index; at; given++) {
    size_t length = strcspn(at, ",");
    if (given == VT_MAX_RANK || length == 0 || length >= sizeof part) goto malformed;
    memcpy(part, at, length);
    part[length] = 0;
    if (!vt_parse_integer(part, &numbers[given])) goto malformed;
    at = at[length] ? at + length + 1 : NULL;
  }
  if (given == 1 && tensor->rank != 1 && numbers[0] >= 0 && numbers[0] < count) {
    *place = numbers[0];
    return VT_OK;
  }
  if (given == tensor->rank) {
    bool inside = true;
    for (int axis = 0; axis < given; axis++) {
      inside = inside && numbers[axis] >= 0 && numbers[axis] < tensor->dims[axis];
      *place = inside ? *place * tensor->dims[axis] + numbers[axis] : 0;
    }
    if (inside) return VT_OK;
  }
  return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "--of %s:%s: no such element; the tensor is %s", name,
                 index, shape);
malformed:
  return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT,
                 "--of %s:%s: '%s' is no index; write one number, or one for each size with commas", name,
                 index, index);
}

static vt_status differentiate(cli *run, cli_inside *inside, const char *name, const char *index,
                               double *value)
{
  vt_tensor *tensor, *seed;
  int64_t place;
  VT_TRY(vt_trace_run(run->ctx, inside->trace, inside->inputs));
  VT_TRY(vt_trace_value(run->ctx, inside->trace, name, &tensor));
  if (!(VT_FLOATS & VT_T(tensor->type))) return vt_trace_backward(run->ctx, inside->trace, name, NULL, false);
  VT_TRY(find_element(run, name, index, tensor, &place));
  *value = vt_get_f64(tensor, place);
  seed = vt_tensor_new(run->ctx, tensor->type, tensor->rank, tensor->dims);
  if (!seed) return VT_ERROR_OUT_OF_MEMORY;
  memset(seed->data, 0, vt_bytes(seed));
  if (seed->type == VT_F32)
    ((float *)seed->data)[place] = 1;
  else
    ((double *)seed->data)[place] = 1;
  vt_status status = vt_trace_backward(run->ctx, inside->trace, name, seed, false);
  if (status == VT_ERROR_UNSUPPORTED) run->stage = CLI_MODEL;
  return status;
}

/* ---- with respect to what ---- */

static int wanted_names(const cli_inside *inside, const gradient_settings *settings, const char **names)
{
  const vt_graph *graph = inside->graph;
  int count = 0;
  for (int i = 0; i < graph->input_count && settings->wrt.count == 0; i++)
    if (VT_FLOATS & VT_T(graph->values[graph->inputs[i]].type))
      names[count++] = graph->values[graph->inputs[i]].name;
  for (size_t i = 0; i < settings->wrt.count; i++) {
    bool known = false;
    for (int k = 0; k < count; k++)
      known |= strcmp(names[k], settings->wrt.data[i]) == 0;
    if (!known) names[count++] = settings->wrt.data[i];
  }
  return count;
}

static vt_status compute(cli *run, cli_inside *inside, const char *of, const char *index, const char **names,
                         int count, vt_tensor **gradients, double *value)
{
  run->stage = CLI_USAGE;
  if (count == 0)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT,
                   "no input of the model is of type f32 or f64; name a tensor with --wrt");
  VT_TRY(vt_trace_read(run->ctx, inside->trace, of));
  for (int i = 0; i < count; i++)
    VT_TRY(vt_trace_watch(run->ctx, inside->trace, names[i]));
  VT_TRY(cli_inside_prepare(run, inside));
  VT_TRY(differentiate(run, inside, of, index, value));
  for (int i = 0; i < count; i++) {
    VT_TRY(vt_trace_gradient(run->ctx, inside->trace, names[i], &gradients[i]));
    if (!vt_trace_reached(inside->trace, names[i]))
      cli_warn(run, "'%s' does not depend on '%s': its gradient is zero", of, names[i]);
  }
  return VT_OK;
}

static vt_status print_gradients(cli *run, cli_inside *inside, const gradient_settings *settings,
                                 const char *of, const char *index)
{
  size_t most = settings->wrt.count + (size_t)inside->graph->input_count + 1;
  const char **names = vt_alloc_zero(run->ctx, most, sizeof *names);
  vt_tensor **gradients = vt_alloc_zero(run->ctx, most, sizeof *gradients);
  vt_status status = names && gradients ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  double value = 0;
  char text[32];
  if (status == VT_OK) {
    int count = wanted_names(inside, settings, names);
    status = compute(run, inside, of, index, names, count, gradients, &value);
    json_t *json = json_pack("{s:i, s:o, s:o}", "schema_version", 1, "model", vt_json_outside(inside->model),
                             "of", vt_json_outside(settings->of));
    json_t *number = json_real(value); /* NULL for NaN and infinities */
    json_object_set_new(json, "value", number ? number : json_null());
    if (status == VT_OK && !run->common.json)
      printf("%s = %s\n%s", settings->of, vt_number_text(value, text), inside->settings.out ? "" : "\n");
    if (status == VT_OK) status = cli_inside_results(run, inside, names, gradients, count, json);
    json_decref(json);
  }
  vt_free(names);
  vt_free(gradients);
  return status;
}

static vt_status gradient(cli *run, int argc, char **argv)
{
  gradient_settings settings;
  cli_inside inside = {0};
  cli_options options = {0};
  char *of = NULL;
  const char *index = NULL;
  vt_status status;
  VT_TRY_DONE(
      cli_options_add(run, &options, "Options", fields, VT_COUNT(fields), &settings, sizeof settings));
  VT_TRY_DONE(cli_inside_options(run, &inside, true, &options));
  VT_TRY_DONE(cli_options_read(run, &options, argc, argv, 1, 1, "MODEL"));
  if (run->common.help) goto done;
  VT_TRY_DONE(cli_inside_open(run, &inside, options.operands[0]));
  VT_TRY_DONE(split_of(run, &inside, settings.of, &of, &index));
  status = print_gradients(run, &inside, &settings, of, index);
done:
  vt_free(of);
  cli_inside_close(&inside);
  cli_options_free(&options);
  return status;
}

const cli_verb cli_gradient = {
    .name = "gradient",
    .operands = "MODEL.onnx",
    .summary = "gradient of one number of a model with respect to any tensor",
    .examples =
        "  vitrail gradient model.onnx --input cat.jpg --of logits:281                  to the picture\n"
        "  vitrail gradient model.onnx --input cat.jpg --of logits:281 --wrt features --out gradient.npz\n"
        "  vitrail gradient model.onnx --input cat.jpg --of logits:0,281 --wrt conv1.weight --json\n"
        "  vitrail gradient model.onnx --input cat.jpg --of logits:281 --precision f64  to check f32 with\n",
    .description =
        "The number is an element of any tensor, inner ones too. Names and changes are those of 'vitrail "
        "trace'; a gradient does not pass --replace and --zero. In the .npz file each gradient has the name "
        "of its tensor. An operator without a gradient on the way is named, and the exit code is 3. --input, "
        "--wrt, --replace, --zero, --scale and --add may be given several times.",
    .run = gradient,
};
