/* SPDX-License-Identifier: Apache-2.0
 *
 * vitrail trace: any tensor of a model, read and changed by name.
 */
#include "cli/inside.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "explain/explanation.h"

typedef struct trace_settings {
  vt_texts read;
  char *stop_at;
  bool list;
} trace_settings;

static const vt_field fields[] = {
    {"read", VT_FIELD_TEXTS, offsetof(trace_settings, read),
     .help = "name of a tensor to read, as it is after the changes [the model's outputs]"},
    {"stop_at", VT_FIELD_STRING, offsetof(trace_settings, stop_at),
     .help = "run up to this tensor only, and read it"},
    {"list", VT_FIELD_BOOL, offsetof(trace_settings, list),
     .help = "list the names of all tensors with their shapes, then stop; no input is needed"},
};

/* ---- names ---- */

/* All aliases of a value with commas between them; empty when there is none. */
static vt_status aliases_of(cli *run, const cli_inside *inside, const char *name, vt_text *out)
{
  const char *alias, *stands_for;
  vt_text_add(run->ctx, out, "");
  for (int i = 0; vt_trace_alias(inside->trace, i, &alias, &stands_for); i++)
    if (strcmp(stands_for, name) == 0) vt_text_addf(run->ctx, out, "%s%s", out->length ? ", " : "", alias);
  return out->failed ? VT_ERROR_OUT_OF_MEMORY : VT_OK;
}

/* What makes a value: "input", "constant", an operator; NULL: nothing does. */
static const char *origin(const vt_graph *graph, int value)
{
  if (graph->values[value].constant) return "constant";
  for (int i = 0; i < graph->input_count; i++)
    if (graph->inputs[i] == value) return "input";
  int node = graph->values[value].producer;
  return node < 0 ? NULL : graph->nodes[node].op->name;
}

static vt_status list_value(cli *run, const cli_inside *inside, int value, cli_table *table, json_t *list)
{
  const vt_value *of = &inside->graph->values[value];
  const char *from = origin(inside->graph, value);
  vt_text aliases = {0};
  vt_value shown = *of;
  char shape[160];
  if (!from) return VT_OK;
  if (of->constant) {
    shown.type = of->constant->type;
    shown.rank = of->constant->rank;
    memcpy(shown.dims, of->constant->dims, sizeof shown.dims);
  }
  vt_status status = aliases_of(run, inside, of->name, &aliases);
  if (status == VT_OK && list)
    json_array_append_new(list,
                          json_pack("{s:o, s:s, s:s, s:s}", "name", vt_json_outside(of->name), "shape",
                                    cli_value_text(&shown, shape), "from", from, "alias", aliases.data));
  else if (status == VT_OK)
    status = cli_table_row(run->ctx, table, "%s\t%s\t%s\t%s", of->name, cli_value_text(&shown, shape), from,
                           aliases.data);
  vt_text_free(&aliases);
  return status;
}

static vt_status list_values(cli *run, const cli_inside *inside, cli_table *table, json_t *list)
{
  const vt_graph *graph = inside->graph;
  for (int value = 0; value < graph->value_count; value++)
    if (graph->values[value].producer < 0) VT_TRY(list_value(run, inside, value, table, list));
  for (int i = 0; i < graph->node_count; i++)
    for (int k = 0; k < graph->nodes[i].output_count; k++)
      if (graph->nodes[i].outputs[k] != VT_NO_VALUE && !graph->values[graph->nodes[i].outputs[k]].constant)
        VT_TRY(list_value(run, inside, graph->nodes[i].outputs[k], table, list));
  return VT_OK;
}

static vt_status print_list(cli *run, const cli_inside *inside)
{
  cli_table table = {0};
  run->stage = CLI_OUTPUT;
  if (run->common.json) {
    json_t *list = json_array();
    vt_status status = list_values(run, inside, NULL, list);
    json_t *json = json_pack("{s:i, s:o, s:o}", "schema_version", 1, "model", vt_json_outside(inside->model),
                             "names", list);
    if (status == VT_OK) status = cli_print_json(run, json);
    json_decref(json);
    return status;
  }
  vt_status status = cli_table_row(run->ctx, &table, "Tensor\tShape\tFrom\tAlias");
  if (status == VT_OK) status = list_values(run, inside, &table, NULL);
  if (status == VT_OK)
    cli_table_print(run, &table);
  else
    cli_table_free(&table);
  return status;
}

/* ---- values ---- */

/* The names to read, each once: --read, --stop-at, or the outputs. At most `most`. */
static int wanted_names(const cli_inside *inside, const trace_settings *settings, const char **names)
{
  int count = 0;
  size_t asked = settings->read.count + (settings->stop_at ? 1 : 0);
  size_t all = asked ? asked : (size_t)inside->graph->output_count;
  for (size_t i = 0; i < all; i++) {
    const char *name = !asked                     ? vt_graph_output_name(inside->graph, (int)i)
                       : i < settings->read.count ? settings->read.data[i]
                                                  : settings->stop_at;
    bool known = false;
    for (int k = 0; k < count; k++)
      known |= strcmp(names[k], name) == 0;
    if (!known) names[count++] = name;
  }
  return count;
}

static vt_status compute(cli *run, cli_inside *inside, const trace_settings *settings, const char **names,
                         int count, vt_tensor **tensors)
{
  run->stage = CLI_USAGE;
  for (int i = 0; i < count; i++)
    VT_TRY(vt_trace_read(run->ctx, inside->trace, names[i]));
  if (settings->stop_at) VT_TRY(vt_trace_stop_at(run->ctx, inside->trace, settings->stop_at));
  VT_TRY(cli_inside_prepare(run, inside));
  VT_TRY(vt_trace_run(run->ctx, inside->trace, inside->inputs));
  for (int i = 0; i < count; i++)
    VT_TRY(vt_trace_value(run->ctx, inside->trace, names[i], &tensors[i]));
  return VT_OK;
}

static vt_status read_tensors(cli *run, cli_inside *inside, const trace_settings *settings)
{
  size_t most = settings->read.count + (size_t)inside->graph->output_count + 1;
  const char **names = vt_alloc_zero(run->ctx, most, sizeof *names);
  vt_tensor **tensors = vt_alloc_zero(run->ctx, most, sizeof *tensors);
  vt_status status = names && tensors ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    int count = wanted_names(inside, settings, names);
    status = compute(run, inside, settings, names, count, tensors);
    json_t *json = json_pack("{s:i, s:o}", "schema_version", 1, "model", vt_json_outside(inside->model));
    if (status == VT_OK) status = cli_inside_results(run, inside, names, tensors, count, json);
    json_decref(json);
  }
  vt_free(names);
  vt_free(tensors);
  return status;
}

static vt_status trace(cli *run, int argc, char **argv)
{
  trace_settings settings;
  cli_inside inside = {0};
  cli_options options = {0};
  vt_status status;
  VT_TRY_DONE(
      cli_options_add(run, &options, "Options", fields, VT_COUNT(fields), &settings, sizeof settings));
  VT_TRY_DONE(cli_inside_options(run, &inside, true, &options));
  VT_TRY_DONE(cli_options_read(run, &options, argc, argv, 1, 1, "MODEL"));
  if (run->common.help) goto done;
  VT_TRY_DONE(cli_inside_open(run, &inside, options.operands[0]));
  status = settings.list ? print_list(run, &inside) : read_tensors(run, &inside, &settings);
done:
  cli_inside_close(&inside);
  cli_options_free(&options);
  return status;
}

const cli_verb cli_trace = {
    .name = "trace",
    .operands = "MODEL.onnx",
    .summary = "read and change any tensor of a model by name",
    .examples =
        "  vitrail trace model.onnx --list | grep -i pool               the names\n"
        "  vitrail trace model.onnx --input cat.jpg                     the outputs\n"
        "  vitrail trace model.onnx --input cat.jpg --read features --out features.npz\n"
        "  vitrail trace model.onnx --input cat.jpg --zero features --read logits\n"
        "  vitrail trace vit.onnx --input cat.jpg --read blocks.3.attn.hook_pattern --out pattern.npz\n"
        "  vitrail trace text.onnx --input input_ids=ids.npy --input attention_mask=mask.npy\n",
    .description =
        "The graph runs operator by operator, as the file has it. Names are those of the file; where "
        "attention blocks are recognised, names such as blocks.0.attn.hook_pattern stand for their tensors "
        "(--list shows which). In the .npz file each array has the name that was asked for. --input, --read, "
        "--replace, --zero, --scale and --add may be given several times.",
    .run = trace,
};
