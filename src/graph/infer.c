/* SPDX-License-Identifier: Apache-2.0
 *
 * Types and shapes of inner values, by the operators' own shape rules. Those rules need numbers, so open
 * sizes are given trial numbers, twice over: what comes out the same both times is fixed, what differs
 * depends on an open size. Small values (shape arithmetic) are computed on the way.
 */
#include "graph/onnx.h"

enum {
  FOLD_OUTPUT = 4096, /* elements: larger results are not worth computing for their shape */
  FOLD_INPUT = 65536,
  TRIALS = 2
};

/* Trial numbers of an open first dimension (a batch) and of any other (a width, a length). */
static const int64_t batch_trial[TRIALS] = {2, 3}, size_trial[TRIALS] = {64, 96};

/* The axis where a symbolic name stands first among the inputs decides its trial
 * number, so that it has one. */
static int64_t trial_size(const vt_graph *graph, const char *name, int axis, int trial)
{
  for (int i = 0; name && i < graph->input_count; i++) {
    const vt_value *value = &graph->values[graph->inputs[i]];
    for (int k = 0; k < value->rank; k++)
      if (value->dims[k] < 0 && value->dim_names[k] && strcmp(value->dim_names[k], name) == 0)
        return k == 0 ? batch_trial[trial] : size_trial[trial];
  }
  return axis == 0 ? batch_trial[trial] : size_trial[trial];
}

static vt_status place_inputs(vt_ctx *ctx, const vt_graph *graph, int trial, vt_tensor **tensors)
{
  for (int i = 0; i < graph->value_count; i++)
    tensors[i] = graph->values[i].constant;
  for (int i = 0; i < graph->input_count; i++) {
    const vt_value *value = &graph->values[graph->inputs[i]];
    if (value->type == VT_UNDEFINED || value->rank < 0) continue;
    int64_t dims[VT_MAX_RANK];
    for (int k = 0; k < value->rank; k++)
      dims[k] = value->dims[k] >= 0 ? value->dims[k] : trial_size(graph, value->dim_names[k], k, trial);
    vt_tensor *tensor = vt_tensor_empty(ctx);
    if (!tensor) return VT_ERROR_OUT_OF_MEMORY;
    if (vt_tensor_set_shape(ctx, tensor, value->type, value->rank, dims) != VT_OK) {
      vt_ctx_clear(ctx); /* too large to exist: unknown */
      continue;
    }
    tensors[graph->inputs[i]] = tensor;
  }
  return VT_OK;
}

static bool worth_computing(const vt_call *call)
{
  if (call->op->flags & VT_OP_RANDOM) return false;
  if (!call->op->domain && (strcmp(call->op->name, "Shape") == 0 || strcmp(call->op->name, "Size") == 0))
    return true; /* they read no data */
  int64_t elements = 0;
  for (int i = 0; i < call->input_count; i++)
    if (call->inputs[i]) {
      if (!call->inputs[i]->data || vt_count(call->inputs[i]) > FOLD_INPUT) return false;
      elements += vt_count(call->inputs[i]);
    }
  if (elements > FOLD_INPUT) return false;
  for (int i = 0; i < call->output_count; i++)
    if (call->outputs[i] && vt_count(call->outputs[i]) > FOLD_OUTPUT) return false;
  return true;
}

static vt_status compute(vt_ctx *ctx, const vt_call *call)
{
  if ((call->op->flags & VT_OP_VIEW) && call->outputs[0]) {
    vt_tensor_share(call->outputs[0], call->inputs[0]);
    return VT_OK;
  }
  for (int i = 0; i < call->output_count; i++)
    if (call->outputs[i]) VT_TRY(vt_tensor_allocate(ctx, call->outputs[i]));
  return vt_call_implementation(call)->run(ctx, call);
}

/* Shapes of one node, and values where they are cheap. A rule that fails leaves the outputs unknown. */
static vt_status infer_node(vt_ctx *ctx, const vt_node *node, vt_tensor **tensors, vt_tensor **slots)
{
  vt_tensor **inputs = slots, **outputs = slots + node->input_count;
  for (int k = 0; k < node->input_count; k++) {
    inputs[k] = node->inputs[k] == VT_NO_VALUE ? NULL : tensors[node->inputs[k]];
    if (node->inputs[k] != VT_NO_VALUE && !inputs[k]) return VT_OK;
  }
  int output_count = node->output_count < node->op->min_outputs ? node->op->min_outputs : node->output_count;
  for (int k = 0; k < output_count; k++) {
    bool wanted = k < node->op->min_outputs || node->outputs[k] != VT_NO_VALUE;
    outputs[k] = wanted ? vt_tensor_empty(ctx) : NULL;
    if (wanted && !outputs[k]) return VT_ERROR_OUT_OF_MEMORY;
  }
  vt_call call = {node->op, node->attributes, node->name, node->input_count, output_count, inputs, outputs};
  vt_status status = vt_call_shape(ctx, &call);
  if (status == VT_OK && worth_computing(&call) && compute(ctx, &call) != VT_OK)
    for (int k = 0; k < output_count; k++)
      if (outputs[k]) vt_tensor_drop(outputs[k]);
  vt_ctx_clear(ctx);
  for (int k = 0; status == VT_OK && k < node->output_count; k++)
    if (node->outputs[k] != VT_NO_VALUE && outputs[k]->type != VT_UNDEFINED)
      tensors[node->outputs[k]] = outputs[k];
  return VT_OK;
}

static vt_status infer_once(vt_ctx *ctx, const vt_graph *graph, int trial, vt_tensor **tensors,
                            vt_tensor **slots)
{
  VT_TRY(place_inputs(ctx, graph, trial, tensors));
  for (int i = 0; i < graph->node_count; i++)
    VT_TRY(infer_node(ctx, &graph->nodes[i], tensors, slots));
  return VT_OK;
}

static void conclude(vt_value *value, const vt_tensor *a, const vt_tensor *b)
{
  const vt_tensor *known = a ? a : b;
  if (!known || value->producer < 0) return;
  if (a && b && a->rank != b->rank) { /* the rank itself depends on an open size */
    value->type = known->type;
    value->rank = -1;
    return;
  }
  bool same_rank = value->rank == known->rank;
  value->type = known->type;
  value->rank = known->rank;
  for (int k = 0; k < known->rank; k++) {
    value->dims[k] = a && b && a->dims[k] == b->dims[k] ? a->dims[k] : -1;
    if (same_rank && value->dims[k] < 0) continue; /* a name given by the file stays */
    vt_free(value->dim_names[k]);
    value->dim_names[k] = NULL;
  }
}

vt_status vt_graph_infer(vt_ctx *ctx, vt_graph *graph)
{
  size_t values = (size_t)graph->value_count + 1, slot_count = 1;
  for (int i = 0; i < graph->node_count; i++) {
    const vt_node *node = &graph->nodes[i];
    size_t slots = (size_t)node->input_count + (size_t)node->output_count + (size_t)node->op->min_outputs;
    if (slots > slot_count) slot_count = slots;
  }
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  vt_tensor **tensors = vt_alloc_zero(ctx, values * TRIALS, sizeof *tensors);
  vt_tensor **slots = vt_alloc_zero(ctx, slot_count, sizeof *slots);
  vt_ctx *inner = vt_ctx_child(ctx); /* rules that fail here are no failure of the caller's */
  if (!tensors || !slots || !inner) goto done;
  for (int trial = 0; trial < TRIALS; trial++) {
    status = infer_once(inner, graph, trial, tensors + values * (size_t)trial, slots);
    if (status != VT_OK) {
      vt_fail_adopt(ctx, inner);
      goto done;
    }
  }
  for (int i = 0; i < graph->value_count; i++)
    conclude(&graph->values[i], tensors[i], tensors[values + (size_t)i]);
done:
  if (!inner && vt_ctx_status(ctx) == VT_OK) vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory: a context");
  vt_ctx_free(inner);
  vt_free(tensors);
  vt_free(slots);
  return status;
}

vt_status vt_onnx_check_types(vt_reader *reader)
{
  const vt_graph *graph = reader->graph;
  for (int i = 0; i < graph->node_count; i++) {
    const vt_node *node = &graph->nodes[i];
    for (int k = 0; k < node->input_count; k++) {
      vt_type type = node->inputs[k] == VT_NO_VALUE ? VT_UNDEFINED : graph->values[node->inputs[k]].type;
      uint32_t taken = vt_op_types(node->op, k);
      if (type == VT_UNDEFINED || !taken || taken & VT_T(type)) continue;
      char what[128];
      snprintf(what, sizeof what, "%.64s of %s (input %d)", node->op->name, vt_type_name(type), k);
      VT_TRY(vt_lacking_add(reader, what, node->name));
    }
  }
  return vt_lacking_fail(reader, "element types that are not supported (with their nodes)");
}
