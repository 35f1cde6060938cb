/* SPDX-License-Identifier: Apache-2.0
 *
 * Old forms of operators in the form of opset 21: the table of rules, and their application. What changed
 * between versions is told in the ONNX documentation ("Changelog").
 */
#include "graph/lift.h"

/* Applies to nodes of an opset below `below`. To add a rule: its line here, its function
 * in the family's lift_*.c. */
static const struct {
  const char *op;
  int below;
  vt_lift_fn rule;
} rules[] = {
    {"Add", 7, vt_lift_broadcast},
    {"And", 7, vt_lift_broadcast},
    {"BatchNormalization", 14, vt_lift_batch_norm},
    {"Cast", 6, vt_lift_cast},
    {"Clip", 11, vt_lift_clip},
    {"Concat", 4, vt_lift_concat},
    {"Div", 7, vt_lift_broadcast},
    {"Dropout", VT_ONNX_OPSET + 1, vt_lift_dropout},
    {"Equal", 7, vt_lift_broadcast},
    {"Gemm", 7, vt_lift_gemm},
    {"GlobalLpPool", 2, vt_lift_pool_norm},
    {"Greater", 7, vt_lift_broadcast},
    {"GridSample", 20, vt_lift_grid_sample},
    {"GroupNormalization", 21, vt_lift_group_norm},
    {"Hardmax", 13, vt_lift_softmax},
    {"Less", 7, vt_lift_broadcast},
    {"LogSoftmax", 13, vt_lift_softmax},
    {"LpPool", 2, vt_lift_pool_norm},
    {"Mul", 7, vt_lift_broadcast},
    {"Or", 7, vt_lift_broadcast},
    {"Pad", 11, vt_lift_pad},
    {"Pow", 7, vt_lift_broadcast},
    {"PRelu", 7, vt_lift_prelu},
    {"ReduceL1", 18, vt_lift_axes},
    {"ReduceL2", 18, vt_lift_axes},
    {"ReduceLogSum", 18, vt_lift_axes},
    {"ReduceLogSumExp", 18, vt_lift_axes},
    {"ReduceMax", 18, vt_lift_axes},
    {"ReduceMean", 18, vt_lift_axes},
    {"ReduceMin", 18, vt_lift_axes},
    {"ReduceProd", 18, vt_lift_axes},
    {"ReduceSum", 13, vt_lift_axes},
    {"ReduceSumSquare", 18, vt_lift_axes},
    {"Reshape", 5, vt_lift_reshape},
    {"Resize", 11, vt_lift_resize},
    {"RoiAlign", 16, vt_lift_roi_align},
    {"Scatter", VT_ONNX_OPSET + 1, vt_lift_scatter},
    {"Slice", 10, vt_lift_slice},
    {"Softmax", 13, vt_lift_softmax},
    {"Split", 18, vt_lift_split},
    {"Squeeze", 13, vt_lift_axes},
    {"Sub", 7, vt_lift_broadcast},
    {"Tile", 6, vt_lift_tile},
    {"TopK", 10, vt_lift_topk},
    {"Unsqueeze", 13, vt_lift_axes},
    {"Upsample", VT_ONNX_OPSET + 1, vt_lift_upsample},
    {"Xor", 7, vt_lift_broadcast},
};

/* A copy whose lists may be changed; the tensors and names in them are shared. */
static vt_status own_node(vt_lift *lift, Onnx__NodeProto **node)
{
  vt_arena *arena = &lift->reader->arena;
  const Onnx__NodeProto *old = *node;
  Onnx__NodeProto *copy = vt_arena_take(arena, sizeof *copy);
  char **inputs = vt_arena_zero(arena, old->n_input, sizeof *inputs);
  char **outputs = vt_arena_zero(arena, old->n_output, sizeof *outputs);
  Onnx__AttributeProto **attributes = vt_arena_zero(arena, old->n_attribute, sizeof *attributes);
  if (!copy || !inputs || !outputs || !attributes) return vt_ctx_status(arena->ctx);
  if (old->n_input) memcpy(inputs, old->input, old->n_input * sizeof *inputs);
  if (old->n_output) memcpy(outputs, old->output, old->n_output * sizeof *outputs);
  if (old->n_attribute) memcpy(attributes, old->attribute, old->n_attribute * sizeof *attributes);
  *copy = *old;
  copy->input = inputs;
  copy->output = outputs;
  copy->attribute = attributes;
  *node = copy;
  return VT_OK;
}

static vt_lift_fn find_rule(const vt_pending *item)
{
  if (!item->node->op_type || strcmp(vt_onnx_domain(item->node->domain), "") != 0) return NULL;
  for (size_t i = 0; i < VT_COUNT(rules); i++)
    if (item->opset < rules[i].below && strcmp(rules[i].op, item->node->op_type) == 0) return rules[i].rule;
  return NULL;
}

static vt_status lift_node(vt_lift *lift, const vt_pending *item)
{
  vt_ctx *ctx = lift->reader->ctx;
  Onnx__NodeProto *node = item->node;
  vt_lift_fn rule = find_rule(item);
  bool hint =
      item->opset < 6 && vt_onnx_attribute(node, "consumed_inputs"); /* told where memory may be reused */
  if (rule || hint) VT_TRY(own_node(lift, &node));
  if (hint) vt_lift_remove(node, "consumed_inputs");
  if (rule && rule(lift, node, item->opset) != VT_OK) {
    if (vt_ctx_status(ctx) == VT_OK) return vt_fail(ctx, VT_ERROR_RUNTIME, "a node could not be lifted");
    return vt_fail_prefix(ctx, "node '%s' (%s)", vt_onnx_node_name(item->node), item->node->op_type);
  }
  VT_TRY(vt_pending_add(lift->reader, &lift->done, node, item->opset));
  for (size_t i = 0; i < lift->after.count; i++)
    VT_TRY(vt_pending_add(lift->reader, &lift->done, lift->after.items[i].node, lift->after.items[i].opset));
  lift->after.count = 0;
  return VT_OK;
}

static vt_status note_infos(vt_lift *lift, Onnx__ValueInfoProto **infos, size_t count, int *used)
{
  for (size_t i = 0; i < count; i++) {
    if (!infos[i]->name) continue;
    lift->info[*used] = infos[i];
    VT_TRY(vt_names_put(lift->reader->ctx, &lift->infos, infos[i]->name, (*used)++));
  }
  return VT_OK;
}

/* Fills what rules may ask about values. */
static vt_status note_values(vt_lift *lift)
{
  vt_ctx *ctx = lift->reader->ctx;
  const Onnx__GraphProto *graph = lift->reader->model->graph;
  const vt_pending_list *pending = &lift->reader->pending;
  for (size_t i = 0; i < pending->count; i++)
    for (size_t k = 0; k < pending->items[i].node->n_output; k++)
      VT_TRY(vt_names_put(ctx, &lift->producers, pending->items[i].node->output[k], (int)i));
  for (size_t i = 0; i < graph->n_initializer; i++)
    if (graph->initializer[i]->name)
      VT_TRY(vt_names_put(ctx, &lift->constants, graph->initializer[i]->name, (int)i));
  lift->info = vt_arena_zero(&lift->reader->arena, graph->n_input + graph->n_output + graph->n_value_info,
                             sizeof *lift->info);
  if (!lift->info) return vt_ctx_status(ctx);
  int used = 0;
  VT_TRY(note_infos(lift, graph->output, graph->n_output, &used));
  VT_TRY(note_infos(lift, graph->value_info, graph->n_value_info, &used));
  return note_infos(lift, graph->input, graph->n_input, &used);
}

vt_status vt_onnx_lift(vt_reader *reader)
{
  vt_lift lift = {.reader = reader};
  vt_status status = note_values(&lift);
  for (size_t i = 0; i < reader->pending.count && status == VT_OK; i++)
    status = lift_node(&lift, &reader->pending.items[i]);
  vt_names_free(&lift.producers);
  vt_names_free(&lift.constants);
  vt_names_free(&lift.infos);
  vt_free(lift.after.items);
  vt_free(reader->pending.items);
  reader->pending = lift.done;
  return status;
}
