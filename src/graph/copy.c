/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/copy.h"

#include "graph/assemble.h"

static vt_status copy_value(vt_ctx *ctx, const vt_value *from, vt_graph *graph)
{
  int number;
  VT_TRY(vt_graph_add_value(ctx, graph, from->name, &number));
  vt_value *to = &graph->values[number];
  if (from->constant) {
    vt_tensor *constant;
    VT_TRY(vt_tensor_copy_alone(ctx, from->constant, &constant));
    vt_graph_set_constant(graph, number, constant);
  }
  to->type = from->type;
  to->rank = from->rank;
  to->declared = from->declared;
  memcpy(to->dims, from->dims, sizeof to->dims);
  for (int axis = 0; axis < VT_MAX_RANK; axis++)
    if (from->dim_names[axis] && !(to->dim_names[axis] = vt_strdup(ctx, from->dim_names[axis])))
      return VT_ERROR_OUT_OF_MEMORY;
  return VT_OK;
}

static vt_status fill(vt_ctx *ctx, const vt_graph *from, vt_graph *graph)
{
  memcpy(graph->sha256, from->sha256, sizeof graph->sha256);
  graph->opset = from->opset;
  graph->ir_version = from->ir_version;
  graph->parameter_count = from->parameter_count;
  if (from->producer) {
    vt_free(graph->producer);
    if (!(graph->producer = vt_strdup(ctx, from->producer))) return VT_ERROR_OUT_OF_MEMORY;
  }
  for (int v = 0; v < from->value_count; v++)
    VT_TRY(copy_value(ctx, &from->values[v], graph));
  for (int n = 0; n < from->node_count; n++) {
    const vt_node *node = &from->nodes[n];
    VT_TRY(vt_graph_add_node(ctx, graph, node->op, node->attributes, node->name, node->input_count,
                             node->inputs, node->output_count, node->outputs, NULL));
  }
  for (int i = 0; i < from->input_count; i++)
    VT_TRY(vt_graph_add_input(ctx, graph, from->inputs[i]));
  for (int i = 0; i < from->output_count; i++)
    VT_TRY(vt_graph_add_output(ctx, graph, from->outputs[i]));
  return VT_OK;
}

vt_status vt_graph_copy(vt_ctx *ctx, const vt_graph *graph, vt_graph **out)
{
  vt_graph *copy;
  *out = NULL;
  VT_TRY(vt_graph_new(ctx, graph->path, &copy));
  vt_status status = fill(ctx, graph, copy);
  if (status != VT_OK) {
    vt_graph_free(copy);
    return status;
  }
  *out = copy;
  return VT_OK;
}
