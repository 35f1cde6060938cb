/* SPDX-License-Identifier: Apache-2.0
 *
 * Running a graph operator by operator, as it is stored. Tensors are let go at their last use.
 */
#include "graph/graph.h"

static const char *declared_text(const vt_value *value, char buffer[256])
{
  int used = snprintf(buffer, 256, "%s[", vt_type_name(value->type));
  for (int axis = 0; axis < value->rank && used < 200; axis++) {
    const char *comma = axis ? "," : "";
    if (value->dims[axis] >= 0)
      used += snprintf(buffer + used, (size_t)(256 - used), "%s%lld", comma, (long long)value->dims[axis]);
    else
      used += snprintf(buffer + used, (size_t)(256 - used), "%s%.20s", comma,
                       value->dim_names[axis] ? value->dim_names[axis] : "?");
  }
  snprintf(buffer + used, (size_t)(256 - used), "]");
  return buffer;
}

static vt_status check_input(vt_ctx *ctx, const vt_value *value, const vt_tensor *tensor)
{
  char expected[256], given[160];
  if (!tensor) return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "input '%s' is missing", value->name);
  bool fits = value->type == VT_UNDEFINED || value->type == tensor->type;
  if (value->rank >= 0 && value->declared) {
    fits = fits && tensor->rank == value->rank;
    for (int axis = 0; fits && axis < value->rank; axis++)
      fits = value->dims[axis] < 0 || value->dims[axis] == tensor->dims[axis];
  }
  if (fits) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "input '%s' is declared as %s, but %s was given%s",
                 value->name, declared_text(value, expected), vt_shape_text(tensor, given),
                 tensor->type == value->type && tensor->rank == value->rank
                     ? "; declared sizes can be ignored on request if the model takes others"
                     : "");
}

vt_status vt_graph_check_inputs(vt_ctx *ctx, const vt_graph *graph, vt_tensor *const *inputs)
{
  for (int i = 0; i < graph->input_count; i++)
    VT_TRY(check_input(ctx, &graph->values[graph->inputs[i]], inputs[i]));
  return VT_OK;
}

typedef struct trace_run {
  const vt_graph *graph;
  vt_tensor **tensors; /* by value */
  int *last_use;       /* by value: node after which it may go; −1: nobody uses it; node_count: stays */
  vt_tensor **slots;   /* inputs and outputs of one call */
} trace_run;

static void find_last_uses(trace_run *trace)
{
  const vt_graph *graph = trace->graph;
  for (int i = 0; i < graph->value_count; i++)
    trace->last_use[i] = graph->values[i].producer < 0 ? graph->node_count : -1;
  for (int i = 0; i < graph->node_count; i++)
    for (int k = 0; k < graph->nodes[i].input_count; k++) {
      int value = graph->nodes[i].inputs[k];
      if (value != VT_NO_VALUE && trace->last_use[value] < i) trace->last_use[value] = i;
    }
  for (int i = 0; i < graph->output_count; i++)
    trace->last_use[graph->outputs[i]] = graph->node_count;
}

static vt_status run_node(vt_ctx *ctx, trace_run *trace, int number)
{
  const vt_node *node = &trace->graph->nodes[number];
  vt_tensor **inputs = trace->slots, **outputs = trace->slots + node->input_count;
  for (int k = 0; k < node->input_count; k++)
    inputs[k] = node->inputs[k] == VT_NO_VALUE ? NULL : trace->tensors[node->inputs[k]];
  for (int k = 0; k < node->output_count; k++) {
    outputs[k] = NULL;
    if (node->outputs[k] != VT_NO_VALUE && !(outputs[k] = vt_tensor_empty(ctx)))
      return VT_ERROR_OUT_OF_MEMORY;
  }
  VT_TRY(vt_apply(ctx, node->op, node->attributes, node->name, node->input_count, inputs, node->output_count,
                  outputs));
  for (int k = 0; k < node->output_count; k++) {
    int value = node->outputs[k];
    if (value != VT_NO_VALUE) trace->tensors[value] = outputs[k];
    if (outputs[k] && (value == VT_NO_VALUE || trace->last_use[value] < 0)) vt_tensor_drop(outputs[k]);
  }
  for (int k = 0; k < node->input_count; k++)
    if (node->inputs[k] != VT_NO_VALUE && trace->last_use[node->inputs[k]] == number)
      vt_tensor_drop(trace->tensors[node->inputs[k]]);
  return VT_OK;
}

/* A graph output that is an input or a constant gets a header of its own. */
static vt_status hand_out(vt_ctx *ctx, const trace_run *trace, vt_tensor **outputs)
{
  const vt_graph *graph = trace->graph;
  for (int i = 0; i < graph->output_count; i++) {
    vt_tensor *tensor = trace->tensors[graph->outputs[i]];
    if (graph->values[graph->outputs[i]].producer < 0) {
      vt_tensor *shown = vt_tensor_empty(ctx);
      if (!shown) return VT_ERROR_OUT_OF_MEMORY;
      VT_TRY(vt_tensor_set_shape(ctx, shown, tensor->type, tensor->rank, tensor->dims));
      vt_tensor_share(shown, tensor);
      tensor = shown;
    }
    outputs[i] = tensor;
  }
  return VT_OK;
}

static vt_status run(vt_ctx *ctx, const vt_graph *graph, vt_tensor *const *inputs, vt_tensor **outputs)
{
  VT_TRY(vt_graph_check_inputs(ctx, graph, inputs));
  size_t most_slots = 1, values = (size_t)graph->value_count + 1;
  for (int i = 0; i < graph->node_count; i++) {
    size_t slots = (size_t)graph->nodes[i].input_count + (size_t)graph->nodes[i].output_count;
    if (slots > most_slots) most_slots = slots;
  }
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  trace_run trace = {.graph = graph};
  trace.tensors = vt_alloc_zero(ctx, values, sizeof *trace.tensors);
  trace.last_use = vt_alloc_zero(ctx, values, sizeof *trace.last_use);
  trace.slots = vt_alloc_zero(ctx, most_slots, sizeof *trace.slots);
  if (!trace.tensors || !trace.last_use || !trace.slots) goto done;
  for (int i = 0; i < graph->value_count; i++)
    trace.tensors[i] = graph->values[i].constant;
  for (int i = 0; i < graph->input_count; i++)
    trace.tensors[graph->inputs[i]] = inputs[i];
  find_last_uses(&trace);
  for (int i = 0; i < graph->node_count; i++) {
    VT_TRY_DONE(vt_check_cancel(ctx));
    VT_TRY_DONE(run_node(ctx, &trace, i));
  }
  status = hand_out(ctx, &trace, outputs);
done:
  vt_free(trace.tensors);
  vt_free(trace.last_use);
  vt_free(trace.slots);
  return status;
}

vt_status vt_graph_run(vt_ctx *ctx, const vt_graph *graph, vt_tensor *const *inputs, vt_tensor **outputs)
{
  vt_status status = run(ctx, graph, inputs, outputs);
  return status == VT_OK ? VT_OK : vt_fail_prefix(ctx, "%s", graph->path);
}
