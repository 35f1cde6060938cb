/* SPDX-License-Identifier: Apache-2.0
 *
 * Shapes, channels and dependence, each one walk over the nodes.
 */
#include "attribution/layer_shapes.h"

#include "data/picture.h"
#include "graph/draft.h"

const char *vt_task_reads(const vt_task *task)
{
  bool embedded = task->target.score == VT_SCORE_SIMILARITY && task->subject->embedding;
  return embedded ? task->subject->embedding : task->subject->output;
}

/* ---- shapes ---- */

static void note_shape(vt_layer_shape *shape, const vt_tensor *tensor)
{
  shape->type = tensor->type;
  shape->rank = tensor->rank;
  memcpy(shape->dims, tensor->dims, sizeof shape->dims);
}

/* The inputs of one item as shapes without data, so that nothing but true constants is evaluated. */
static vt_status input_shapes(vt_ctx *ctx, const vt_subject *subject, vt_tensor **inputs)
{
  for (int i = 0; i < vt_graph_input_count(subject->graph); i++) {
    const vt_tensor *given = subject->inputs ? subject->inputs[i] : NULL;
    inputs[i] = vt_tensor_empty(ctx);
    if (!inputs[i]) return VT_ERROR_OUT_OF_MEMORY;
    VT_TRY(given ? vt_tensor_set_shape(ctx, inputs[i], given->type, given->rank, given->dims)
                 : vt_tensor_set_shape(ctx, inputs[i], subject->type, subject->rank, subject->dims));
  }
  return VT_OK;
}

static vt_status shapes_by_rule(vt_ctx *ctx, const vt_subject *subject, vt_layer_shape *shapes)
{
  const vt_graph *graph = subject->graph;
  vt_tensor **inputs = vt_alloc_zero(ctx, (size_t)graph->input_count + 1, sizeof *inputs);
  if (!inputs) return VT_ERROR_OUT_OF_MEMORY;
  size_t mark = vt_tensor_mark(ctx);
  vt_draft draft = {0};
  vt_status status = input_shapes(ctx, subject, inputs);
  if (status == VT_OK)
    status = vt_draft_build(ctx, graph, inputs, graph->outputs, graph->output_count, &draft);
  for (int i = 0; i < graph->value_count && status == VT_OK; i++)
    if (draft.values[i].known) note_shape(&shapes[i], &draft.values[i].tensor);
  vt_draft_free(&draft);
  vt_tensor_release(ctx, mark);
  vt_free(inputs);
  return status;
}

typedef struct survey {
  const vt_task *task;
  vt_layer_shape *shapes;
} survey;

static void compose_input(void *user, int item, float *input)
{
  VT_UNUSED(item);
  const survey *found = user;
  memcpy(input, found->task->input, vt_subject_floats(found->task->subject) * sizeof *input);
}

static vt_status note_value(vt_ctx *ctx, void *user, const char *name, vt_tensor *value)
{
  VT_UNUSED(ctx);
  const survey *found = user;
  note_shape(&found->shapes[vt_graph_find(found->task->subject->graph, name)], value);
  return VT_OK;
}

static vt_status prepare_survey(vt_ctx *ctx, void *user, int item, vt_trace *trace)
{
  VT_UNUSED(item);
  const vt_graph *graph = ((survey *)user)->task->subject->graph;
  for (int i = 0; i < graph->value_count; i++)
    if (graph->values[i].producer >= 0)
      VT_TRY(vt_trace_edit(ctx, trace, graph->values[i].name, note_value, user));
  return VT_OK;
}

static vt_status see_nothing(vt_ctx *ctx, void *user, const vt_sight *sight)
{
  VT_UNUSED(ctx);
  VT_UNUSED(user);
  VT_UNUSED(sight);
  return VT_OK;
}

/* Hooks that look and change nothing: no more than one tensor is held at a time. */
static vt_status shapes_by_run(vt_ctx *ctx, const vt_task *task, vt_layer_shape *shapes)
{
  survey found = {.task = task, .shapes = shapes};
  vt_look look = {.prepare = prepare_survey};
  return vt_subject_look(ctx, task->subject, 1, &look, compose_input, see_nothing, &found);
}

/* ---- channels ---- */

static bool is_one_of(const vt_node *node, const char *list)
{
  size_t length = strlen(node->op->name);
  for (const char *at = list; (at = strstr(at, node->op->name)); at += length)
    if ((at == list || at[-1] == ' ') && (at[length] == ' ' || !at[length])) return true;
  return false;
}

/* Operators whose pictures have their channels second, by definition. */
static bool has_channels_second(const vt_node *node)
{
  return is_one_of(node, "Conv ConvTranspose ConvInteger QLinearConv DeformConv MaxPool AveragePool LpPool "
                         "GlobalMaxPool GlobalAveragePool GlobalLpPool BatchNormalization "
                         "InstanceNormalization GroupNormalization LRN DepthToSpace SpaceToDepth GridSample "
                         "MaxUnpool MaxRoiPool RoiAlign");
}

/* Operators behind which axes mean something else. */
static bool mixes_axes(const vt_node *node)
{
  return is_one_of(node, "Reshape Flatten MatMul Gemm Gather GatherND Unsqueeze Squeeze Einsum Shape "
                         "Loop Scan If");
}

static int transposed_axis(const vt_node *node, int axis)
{
  const vt_ints *order = vt_attribute_ints(node, "perm");
  if (!order || !order->present) return 3 - axis;
  for (int i = 0; i < (int)order->count && i < 4; i++)
    if (order->data[i] == axis) return i;
  return -1;
}

static void set_axis(vt_layer_shape *shapes, int value, int axis)
{
  if (value >= 0 && shapes[value].rank == 4) shapes[value].channel_axis = axis;
}

static void find_channels(const vt_graph *graph, vt_layer_shape *shapes)
{
  for (int i = 0; i < graph->node_count; i++) {
    const vt_node *node = &graph->nodes[i];
    int axis = -1;
    for (int k = 0; k < node->input_count && axis < 0; k++)
      if (node->inputs[k] >= 0 && !graph->values[node->inputs[k]].constant)
        axis = shapes[node->inputs[k]].channel_axis;
    if (has_channels_second(node)) {
      axis = 1;
      if (node->input_count && node->inputs[0] >= 0 && shapes[node->inputs[0]].channel_axis < 0)
        set_axis(shapes, node->inputs[0], 1);
    } else if (axis >= 0 && is_one_of(node, "Transpose"))
      axis = transposed_axis(node, axis);
    else if (mixes_axes(node))
      axis = -1;
    for (int k = 0; k < node->output_count; k++)
      set_axis(shapes, node->outputs[k], axis);
  }
}

/* ---- dependence ---- */

static vt_status find_between(vt_ctx *ctx, const vt_graph *graph, int from, int to, vt_layer_shape *shapes)
{
  bool *reached = vt_alloc_zero(ctx, (size_t)graph->value_count + 1, sizeof *reached);
  bool *needed = vt_alloc_zero(ctx, (size_t)graph->value_count + 1, sizeof *needed);
  vt_status status = reached && needed ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    reached[from] = needed[to] = true;
    for (int i = 0; i < graph->node_count; i++) {
      const vt_node *node = &graph->nodes[i];
      bool some = false;
      for (int k = 0; k < node->input_count; k++)
        some = some || (node->inputs[k] >= 0 && reached[node->inputs[k]]);
      for (int k = 0; k < node->output_count; k++)
        if (node->outputs[k] >= 0 && some && !(node->op->flags & VT_OP_NOT_REAL))
          reached[node->outputs[k]] = true;
    }
    for (int i = graph->node_count - 1; i >= 0; i--) {
      const vt_node *node = &graph->nodes[i];
      bool some = false;
      for (int k = 0; k < node->output_count; k++)
        some = some || (node->outputs[k] >= 0 && needed[node->outputs[k]]);
      if (node->op->flags & VT_OP_NOT_REAL) continue; /* shapes and comparisons are no way for a gradient */
      for (int k = 0; k < node->input_count; k++)
        if (node->inputs[k] >= 0 && some) needed[node->inputs[k]] = true;
    }
    for (int i = 0; i < graph->value_count; i++)
      shapes[i].between = reached[i] && needed[i];
  }
  vt_free(reached);
  vt_free(needed);
  return status;
}

static vt_status fill(vt_ctx *ctx, const vt_task *task, vt_layer_shape *shapes)
{
  const vt_subject *subject = task->subject;
  const vt_graph *graph = subject->graph;
  int from = vt_graph_find(graph, subject->varying), to = vt_graph_find(graph, vt_task_reads(task));
  if (from < 0 || to < 0)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s has no tensor '%s'", graph->path,
                   from < 0 ? subject->varying : vt_task_reads(task));
  for (int i = 0; i < graph->value_count; i++)
    shapes[i] = (vt_layer_shape){.rank = -1, .channel_axis = -1};
  vt_status status = shapes_by_rule(ctx, subject, shapes);
  if (status == VT_ERROR_DATA_DEPENDENT) {
    vt_ctx_clear(ctx);
    status = shapes_by_run(ctx, task, shapes);
  }
  VT_TRY(status);
  shapes[from].type = subject->type;
  shapes[from].rank = subject->rank;
  memcpy(shapes[from].dims, subject->dims, sizeof subject->dims);
  if (task->model) set_axis(shapes, from, vt_model_preprocess(task->model)->channels_last ? 3 : 1);
  find_channels(graph, shapes);
  return find_between(ctx, graph, from, to, shapes);
}

vt_status vt_layer_shapes(vt_ctx *ctx, const vt_task *task, vt_layer_shape **out)
{
  *out = vt_alloc_zero(ctx, (size_t)task->subject->graph->value_count + 1, sizeof **out);
  if (!*out) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = fill(ctx, task, *out);
  if (status == VT_OK) return VT_OK;
  vt_free(*out);
  *out = NULL;
  return status;
}
