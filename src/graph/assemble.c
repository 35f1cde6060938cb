/* SPDX-License-Identifier: Apache-2.0
 *
 * Putting a graph together in memory.
 */
#include "graph/assemble.h"

#include "graph/onnx.h"

vt_status vt_graph_new(vt_ctx *ctx, const char *path, vt_graph **out)
{
  *out = NULL;
  vt_graph *graph = vt_alloc_zero(ctx, 1, sizeof *graph);
  if (!graph) return VT_ERROR_OUT_OF_MEMORY;
  graph->path = vt_strdup(ctx, path);
  graph->producer = vt_strdup(ctx, "vitrail");
  graph->opset = VT_ONNX_OPSET;
  graph->ir_version = 10;
  if (!graph->path || !graph->producer) {
    vt_graph_free(graph);
    return VT_ERROR_OUT_OF_MEMORY;
  }
  *out = graph;
  return VT_OK;
}

vt_status vt_graph_add_value(vt_ctx *ctx, vt_graph *graph, const char *name, int *out)
{
  size_t capacity = (size_t)graph->value_capacity;
  VT_TRY(vt_grow(ctx, &graph->values, &capacity, (size_t)graph->value_count, sizeof *graph->values));
  graph->value_capacity = (int)capacity;
  vt_value *value = &graph->values[graph->value_count];
  *value = (vt_value){.rank = -1, .producer = -1};
  value->name = vt_strdup(ctx, name);
  if (!value->name) return VT_ERROR_OUT_OF_MEMORY;
  *out = graph->value_count++;
  return vt_names_put(ctx, &graph->names, value->name, *out);
}

vt_status vt_graph_add_fresh(vt_ctx *ctx, vt_graph *graph, const char *wish, int *out)
{
  if (vt_names_find(&graph->names, wish) < 0) return vt_graph_add_value(ctx, graph, wish, out);
  for (long number = 2;; number++) {
    char *name = vt_format(ctx, "%s#%ld", wish, number);
    if (!name) return VT_ERROR_OUT_OF_MEMORY;
    bool taken = vt_names_find(&graph->names, name) >= 0;
    vt_status status = taken ? VT_OK : vt_graph_add_value(ctx, graph, name, out);
    vt_free(name);
    if (!taken) return status;
  }
}

void vt_graph_set_constant(vt_graph *graph, int index, vt_tensor *tensor)
{
  vt_value *value = &graph->values[index];
  value->constant = tensor;
  value->type = tensor->type;
  value->rank = tensor->rank;
  memcpy(value->dims, tensor->dims, sizeof value->dims);
  value->declared = true;
}

vt_status vt_graph_add_integers(vt_ctx *ctx, vt_graph *graph, const char *wish, vt_type type, int rank,
                                int64_t count, const int64_t *data, int *out)
{
  vt_tensor *tensor;
  VT_TRY(vt_tensor_new_alone(ctx, type, rank, &count, &tensor));
  vt_status status = vt_graph_add_fresh(ctx, graph, wish, out);
  if (status != VT_OK) {
    vt_tensor_free(tensor);
    return status;
  }
  for (int64_t i = 0; i < count; i++) {
    if (type == VT_I32)
      ((int32_t *)tensor->data)[i] = (int32_t)data[i];
    else
      ((int64_t *)tensor->data)[i] = data[i];
  }
  vt_graph_set_constant(graph, *out, tensor);
  return VT_OK;
}

static vt_status fill_node(vt_ctx *ctx, vt_node *node, const void *attributes, const char *name,
                           int input_count, const int *inputs, int output_count, const int *outputs)
{
  node->name = vt_strdup(ctx, name);
  node->inputs = vt_alloc_zero(ctx, input_count ? (size_t)input_count : 1, sizeof *node->inputs);
  node->outputs = vt_alloc_zero(ctx, output_count ? (size_t)output_count : 1, sizeof *node->outputs);
  if (!node->name || !node->inputs || !node->outputs) return VT_ERROR_OUT_OF_MEMORY;
  if (input_count) memcpy(node->inputs, inputs, sizeof *inputs * (size_t)input_count);
  if (output_count) memcpy(node->outputs, outputs, sizeof *outputs * (size_t)output_count);
  node->input_count = input_count;
  node->output_count = output_count;
  return vt_attributes_copy(ctx, node->op, attributes, &node->attributes);
}

vt_status vt_graph_add_node(vt_ctx *ctx, vt_graph *graph, const vt_op *op, const void *attributes,
                            const char *name, int input_count, const int *inputs, int output_count,
                            const int *outputs, int *out)
{
  size_t capacity = (size_t)graph->node_capacity;
  VT_TRY(vt_grow(ctx, &graph->nodes, &capacity, (size_t)graph->node_count, sizeof *graph->nodes));
  graph->node_capacity = (int)capacity;
  vt_node *node = &graph->nodes[graph->node_count];
  *node = (vt_node){.op = op};
  graph->node_count++; /* what is there of it is freed with the graph */
  VT_TRY(fill_node(ctx, node, attributes, name, input_count, inputs, output_count, outputs));
  for (int k = 0; k < output_count; k++)
    if (outputs[k] != VT_NO_VALUE) graph->values[outputs[k]].producer = graph->node_count - 1;
  if (out) *out = graph->node_count - 1;
  return VT_OK;
}

static vt_status set_from_text(vt_ctx *ctx, const vt_op *op, void *attributes, const char *text)
{
  while (text && *text) {
    char pair[128];
    size_t length = strcspn(text, " ");
    snprintf(pair, sizeof pair, "%.*s", (int)length, text);
    char *equals = strchr(pair, '=');
    if (!equals)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "'%s' sets no attribute of %s", pair, op->name);
    *equals = 0;
    VT_TRY(vt_params_set(ctx, op->fields, op->field_count, attributes, pair, equals + 1));
    text += length + (text[length] == ' ');
  }
  return VT_OK;
}

vt_status vt_graph_add_call(vt_ctx *ctx, vt_graph *graph, const char *name, const char *attributes,
                            const char *wish, int input_count, const int *inputs, int *out)
{
  const vt_op *op = vt_op_find(NULL, name);
  if (!op) return vt_fail(ctx, VT_ERROR_UNSUPPORTED, "no operator %s", name);
  void *settings = NULL;
  int made = VT_NO_VALUE; /* `out` may be one of the inputs */
  VT_TRY(vt_attributes_copy(ctx, op, NULL, &settings));
  vt_status status = set_from_text(ctx, op, settings, attributes);
  if (status == VT_OK) status = vt_graph_add_fresh(ctx, graph, wish, &made);
  if (status == VT_OK)
    status = vt_graph_add_node(ctx, graph, op, settings, graph->values[made].name, input_count, inputs, 1,
                               &made, NULL);
  vt_attributes_free(op, settings);
  *out = made;
  return status;
}

static vt_status add_end(vt_ctx *ctx, int **list, int *count, int value)
{
  int *longer = vt_realloc(ctx, *list, sizeof **list * ((size_t)*count + 1));
  if (!longer) return VT_ERROR_OUT_OF_MEMORY;
  longer[(*count)++] = value;
  *list = longer;
  return VT_OK;
}

vt_status vt_graph_add_input(vt_ctx *ctx, vt_graph *graph, int value)
{
  return add_end(ctx, &graph->inputs, &graph->input_count, value);
}

vt_status vt_graph_add_output(vt_ctx *ctx, vt_graph *graph, int value)
{
  return add_end(ctx, &graph->outputs, &graph->output_count, value);
}

/* ---- what a graph is ---- */

static void tell_tensor(vt_ctx *ctx, vt_text *text, const vt_tensor *tensor)
{
  char shape[160], sum[65];
  vt_sha256_hex(tensor->data ? tensor->data : "", tensor->data ? vt_bytes(tensor) : 0, sum);
  vt_text_addf(ctx, text, " %s %s", vt_shape_text(tensor, shape), sum);
}

static void tell_node(vt_ctx *ctx, vt_text *text, const vt_node *node)
{
  const vt_op *op = node->op;
  vt_text_addf(ctx, text, "%s %s", op->domain ? op->domain : "", op->name);
  for (size_t i = 0; i < op->field_count && node->attributes; i++) {
    const vt_field *field = &op->fields[i];
    char *value = vt_params_text(ctx, field, node->attributes);
    vt_text_addf(ctx, text, " %s=%s", field->name, value ? value : "");
    vt_free(value);
    const void *slot = (const char *)node->attributes + field->offset;
    if (field->kind == VT_FIELD_TENSOR && *(vt_tensor *const *)slot)
      tell_tensor(ctx, text, *(vt_tensor *const *)slot);
  }
  for (int k = 0; k < node->input_count; k++)
    vt_text_addf(ctx, text, " %d", node->inputs[k]);
  vt_text_add(ctx, text, " ->");
  for (int k = 0; k < node->output_count; k++)
    vt_text_addf(ctx, text, " %d", node->outputs[k]);
  vt_text_add(ctx, text, "\n");
}

vt_status vt_graph_hash(vt_ctx *ctx, vt_graph *graph)
{
  vt_text text = {0};
  for (int i = 0; i < graph->input_count; i++) {
    const vt_value *value = &graph->values[graph->inputs[i]];
    vt_text_addf(ctx, &text, "in %d %s %s", graph->inputs[i], value->name, vt_type_name(value->type));
    for (int axis = 0; axis < value->rank; axis++)
      vt_text_addf(ctx, &text, " %lld", (long long)value->dims[axis]);
    vt_text_add(ctx, &text, "\n");
  }
  for (int i = 0; i < graph->output_count; i++)
    vt_text_addf(ctx, &text, "out %d %s\n", graph->outputs[i], graph->values[graph->outputs[i]].name);
  for (int i = 0; i < graph->value_count; i++)
    if (graph->values[i].constant) {
      vt_text_addf(ctx, &text, "const %d", i);
      tell_tensor(ctx, &text, graph->values[i].constant);
      vt_text_add(ctx, &text, "\n");
    }
  for (int i = 0; i < graph->node_count; i++)
    tell_node(ctx, &text, &graph->nodes[i]);
  bool failed = text.failed;
  if (!failed) vt_sha256_hex(text.data ? text.data : "", text.length, graph->sha256);
  vt_text_free(&text);
  return failed ? VT_ERROR_OUT_OF_MEMORY : VT_OK;
}
