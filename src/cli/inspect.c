/* SPDX-License-Identifier: Apache-2.0
 *
 * vitrail inspect: what is in a model file.
 */
#include <math.h>
#include <stdlib.h>

#include "cli/bundled.h"
#include "cli/inside.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "explain/explanation.h"
#include "graph/graph.h"

typedef struct inspect_settings {
  bool layers;
} inspect_settings;

static const vt_field fields[] = {
    {"layers", VT_FIELD_BOOL, offsetof(inspect_settings, layers),
     .help = "list every node with the name and shape of its result (names for --embedding)"},
};

/* How often each operator occurs, by name. */
typedef struct tally {
  const char *name;
  int count;
} tally;

static int by_name(const void *a, const void *b)
{
  return strcmp(((const tally *)a)->name, ((const tally *)b)->name);
}

static vt_status count_operators(vt_ctx *ctx, const vt_graph *graph, tally **out, int *kinds)
{
  tally *list = vt_alloc_zero(ctx, (size_t)graph->node_count + 1, sizeof *list);
  *out = list;
  *kinds = 0;
  if (!list) return VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; i < graph->node_count; i++) {
    const char *name = graph->nodes[i].op->name;
    int at = 0;
    while (at < *kinds && strcmp(list[at].name, name) != 0)
      at++;
    if (at == *kinds) list[(*kinds)++].name = name;
    list[at].count++;
  }
  qsort(list, (size_t)*kinds, sizeof *list, by_name);
  return VT_OK;
}

/* "f32[1,3,224,224]", '?' for open sizes. */
const char *cli_value_text(const vt_value *value, char buffer[160])
{
  int used = snprintf(buffer, 160, "%s", vt_type_name(value->type));
  if (value->rank < 0) return buffer;
  used += snprintf(buffer + used, 160 - (size_t)used, "[");
  for (int i = 0; i < value->rank && used < 130; i++)
    if (value->dims[i] < 0)
      used += snprintf(buffer + used, 160 - (size_t)used, "%s%.20s", i ? "," : "",
                       value->dim_names[i] ? value->dim_names[i] : "?");
    else
      used += snprintf(buffer + used, 160 - (size_t)used, "%s%lld", i ? "," : "", (long long)value->dims[i]);
  snprintf(buffer + used, 160 - (size_t)used, "]");
  return buffer;
}

/* A header with the value's shape, open sizes taken as 1. False when the shape is not known. */
static bool header_of(vt_ctx *ctx, const vt_value *value, vt_tensor *header)
{
  if (value->constant) {
    *header = *value->constant;
    return true;
  }
  int64_t dims[VT_MAX_RANK];
  if (value->rank < 0 || value->type == VT_UNDEFINED) return false;
  for (int i = 0; i < value->rank; i++)
    dims[i] = value->dims[i] < 0 ? 1 : value->dims[i];
  *header = (vt_tensor){0};
  return vt_tensor_set_shape(ctx, header, value->type, value->rank, dims) == VT_OK;
}

/* Floating-point operations of a node for one item; NaN when a shape is not known. */
static double node_flops(vt_ctx *ctx, const vt_graph *graph, const vt_node *node)
{
  enum { MOST = 64 };
  vt_tensor headers[2 * MOST], *inputs[MOST] = {0}, *outputs[MOST] = {0};
  if (node->input_count > MOST || node->output_count > MOST) return NAN;
  for (int i = 0; i < node->input_count; i++) {
    if (node->inputs[i] == VT_NO_VALUE) continue;
    if (!header_of(ctx, &graph->values[node->inputs[i]], &headers[i])) return NAN;
    inputs[i] = &headers[i];
  }
  for (int i = 0; i < node->output_count; i++) {
    if (node->outputs[i] == VT_NO_VALUE) continue;
    if (!header_of(ctx, &graph->values[node->outputs[i]], &headers[MOST + i])) return NAN;
    outputs[i] = &headers[MOST + i];
  }
  vt_call call = {node->op,           node->attributes, node->name, node->input_count,
                  node->output_count, inputs,           outputs};
  return vt_call_flops(&call);
}

static double graph_flops(vt_ctx *ctx, const vt_graph *graph, int *unknown)
{
  double sum = 0;
  *unknown = 0;
  for (int i = 0; i < graph->node_count; i++) {
    double flops = node_flops(ctx, graph, &graph->nodes[i]);
    if (isnan(flops))
      (*unknown)++;
    else
      sum += flops;
  }
  return sum;
}

static const vt_value *first_result(const vt_graph *graph, const vt_node *node)
{
  for (int i = 0; i < node->output_count; i++)
    if (node->outputs[i] != VT_NO_VALUE) return &graph->values[node->outputs[i]];
  return NULL;
}

static json_t *value_json(const vt_value *value)
{
  json_t *shape = json_array();
  for (int i = 0; i < value->rank; i++)
    json_array_append_new(shape, value->dims[i] >= 0   ? json_integer(value->dims[i])
                                 : value->dim_names[i] ? vt_json_outside(value->dim_names[i])
                                                       : json_null());
  if (value->rank < 0) {
    json_decref(shape);
    shape = json_null();
  }
  return json_pack("{s:o, s:s, s:o}", "name", vt_json_outside(value->name), "type", vt_type_name(value->type),
                   "shape", shape);
}

static vt_status print_json(cli *run, const vt_graph *graph, bool layers)
{
  tally *operators = NULL;
  int kinds, unknown;
  VT_TRY(count_operators(run->ctx, graph, &operators, &kinds));
  json_t *root = json_object(), *inputs = json_array(), *outputs = json_array(), *counts = json_object();
  for (int i = 0; i < graph->input_count; i++)
    json_array_append_new(inputs, value_json(&graph->values[graph->inputs[i]]));
  for (int i = 0; i < graph->output_count; i++)
    json_array_append_new(outputs, value_json(&graph->values[graph->outputs[i]]));
  for (int i = 0; i < kinds; i++)
    json_object_set_new(counts, operators[i].name, json_integer(operators[i].count));
  vt_free(operators);
  double flops = graph_flops(run->ctx, graph, &unknown);
  json_object_set_new(root, "path", vt_json_outside(graph->path));
  json_object_set_new(root, "sha256", json_string(graph->sha256));
  json_object_set_new(root, "opset", json_integer(graph->opset));
  json_object_set_new(root, "ir_version", json_integer(graph->ir_version));
  json_object_set_new(root, "producer", vt_json_outside(graph->producer));
  json_object_set_new(root, "inputs", inputs);
  json_object_set_new(root, "outputs", outputs);
  json_object_set_new(root, "nodes", json_integer(graph->node_count));
  json_object_set_new(root, "operators", counts);
  json_object_set_new(root, "parameters", json_integer(graph->parameter_count));
  json_object_set_new(root, "flops", json_real(flops));
  json_object_set_new(root, "nodes_of_unknown_flops", json_integer(unknown));
  json_object_set_new(root, "unsupported", json_array());
  if (layers) {
    json_t *list = json_array();
    for (int i = 0; i < graph->node_count; i++) {
      const vt_node *node = &graph->nodes[i];
      const vt_value *result = first_result(graph, node);
      json_array_append_new(list,
                            json_pack("{s:o, s:s, s:o}", "node", vt_json_outside(node->name), "operator",
                                      node->op->name, "result", result ? value_json(result) : json_null()));
    }
    json_object_set_new(root, "layers", list);
  }
  vt_status status = cli_print_json(run, root);
  json_decref(root);
  return status;
}

static vt_status print_values(cli *run, const vt_graph *graph, const char *title, const int *values,
                              int count)
{
  char shape[160];
  cli_table table = {0};
  VT_TRY(cli_table_row(run->ctx, &table, "%s\tShape", title));
  for (int i = 0; i < count; i++)
    VT_TRY(cli_table_row(run->ctx, &table, "%s\t%s", graph->values[values[i]].name,
                         cli_value_text(&graph->values[values[i]], shape)));
  cli_table_print(run, &table);
  printf("\n");
  return VT_OK;
}

static vt_status print_layers(cli *run, const vt_graph *graph)
{
  char shape[160];
  cli_table table = {0};
  VT_TRY(cli_table_row(run->ctx, &table, "Node\tOperator\tResult\tShape\t>MFLOP"));
  for (int i = 0; i < graph->node_count; i++) {
    const vt_node *node = &graph->nodes[i];
    const vt_value *result = first_result(graph, node);
    VT_TRY(cli_table_row(run->ctx, &table, "%s\t%s\t%s\t%s\t%.2f", node->name, node->op->name,
                         result ? result->name : "", result ? cli_value_text(result, shape) : "",
                         node_flops(run->ctx, graph, node) / 1e6));
  }
  printf("\n");
  cli_table_print(run, &table);
  return VT_OK;
}

static vt_status print_text(cli *run, const vt_graph *graph, bool layers)
{
  tally *operators = NULL;
  int kinds, unknown;
  double flops = graph_flops(run->ctx, graph, &unknown);
  printf("%s\n", graph->path);
  printf("opset %lld, IR version %lld%s%s\nSHA-256 %s\n\n", (long long)graph->opset,
         (long long)graph->ir_version, graph->producer && *graph->producer ? ", made by " : "",
         graph->producer ? graph->producer : "", graph->sha256);
  VT_TRY(print_values(run, graph, "Input", graph->inputs, graph->input_count));
  VT_TRY(print_values(run, graph, "Output", graph->outputs, graph->output_count));
  VT_TRY(count_operators(run->ctx, graph, &operators, &kinds));
  cli_table table = {0};
  vt_status status = cli_table_row(run->ctx, &table, "Operator\t>Nodes");
  for (int i = 0; i < kinds && status == VT_OK; i++)
    status = cli_table_row(run->ctx, &table, "%s\t%d", operators[i].name, operators[i].count);
  vt_free(operators);
  VT_TRY(status);
  cli_table_print(run, &table);
  printf("\n%d nodes, %lld parameters, %.4g GFLOP an item", graph->node_count,
         (long long)graph->parameter_count, flops / 1e9);
  if (unknown > 0) printf(" (without %d nodes whose shape depends on data)", unknown);
  printf("\nEvery operator is supported.\n");
  return layers ? print_layers(run, graph) : VT_OK;
}

static vt_status inspect(cli *run, int argc, char **argv)
{
  inspect_settings settings;
  cli_options options = {0};
  vt_graph *graph = NULL;
  vt_status status;
  VT_TRY_DONE(
      cli_options_add(run, &options, "Options", fields, VT_COUNT(fields), &settings, sizeof settings));
  VT_TRY_DONE(cli_options_read(run, &options, argc, argv, 1, 1, "MODEL"));
  if (run->common.help) goto done;
  run->stage = CLI_MODEL;
  VT_TRY_DONE(cli_graph_read(run, options.operands[0], &graph));
  status =
      run->common.json ? print_json(run, graph, settings.layers) : print_text(run, graph, settings.layers);
done:
  vt_graph_free(graph);
  cli_options_free(&options);
  return status;
}

const cli_verb cli_inspect = {
    .name = "inspect",
    .operands = "MODEL.onnx",
    .summary = "inputs, outputs, operators and layers of a model",
    .examples =
        "  vitrail inspect model.onnx\n"
        "  vitrail inspect model.onnx --layers | grep -i pool      names for --embedding\n"
        "  vitrail inspect model.onnx --json | jq .operators\n"
        "  vitrail inspect bundled                                 the small model inside the program\n",
    .description = "When the model needs operators that vitrail lacks, all of them are named with their "
                   "nodes and the exit code is 3.",
    .run = inspect,
};
