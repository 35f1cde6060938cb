/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of what opset 17 lacks, and the walk over a graph.
 */
#include "graph/export.h"

static const struct {
  const char *domain, *op;
  vt_export_fn function;
} table[] = {
    {"", "AveragePool", vt_export_pool},
    {"", "BatchNormalization", vt_export_batch_norm},
    {"", "Dropout", vt_export_dropout},
    {"", "Gelu", vt_export_gelu},
    {"", "GridSample", vt_export_grid_sample},
    {"", "GroupNormalization", vt_export_group_norm},
    {"", "LpPool", vt_export_pool},
    {"", "Mish", vt_export_mish},
    {"", "Pad", vt_export_pad},
    {"", "RMSNormalization", vt_export_rms_norm},
    {"", "ReduceL1", vt_export_reduce},
    {"", "ReduceL2", vt_export_reduce},
    {"", "ReduceLogSum", vt_export_reduce},
    {"", "ReduceLogSumExp", vt_export_reduce},
    {"", "ReduceMax", vt_export_reduce},
    {"", "ReduceMean", vt_export_reduce},
    {"", "ReduceMin", vt_export_reduce},
    {"", "ReduceProd", vt_export_reduce},
    {"", "ReduceSumSquare", vt_export_reduce},
    {"", "Resize", vt_export_resize},
    {"", "ScatterElements", vt_export_scatter},
    {"", "ScatterND", vt_export_scatter},
    {"", "Split", vt_export_split},
    {"vt", "AdaptiveAveragePool", vt_export_adaptive_pool},
    {"vt", "GradientScale", vt_export_identity},
    {"vt", "JumpReLU", vt_export_jump_relu},
    {"vt", "SegmentReduce", vt_export_segment},
    {"vt", "SelectiveScan", vt_export_selective_scan},
    {"vt", "SquaredDistance", vt_export_squared_distance},
    {"vt", "Step", vt_export_step},
    {"vt", "StopGradient", vt_export_identity},
    {"vt", "StraightThrough", vt_export_identity},
};

/* ---- helps ---- */

int vt_export_input(const vt_export *e, int index)
{
  return index < e->node->input_count ? e->node->inputs[index] : VT_NO_VALUE;
}

const vt_value *vt_export_value(const vt_export *e, int index)
{
  int value = vt_export_input(e, index);
  return value == VT_NO_VALUE ? NULL : &e->to->values[value];
}

static void note(vt_export *e, vt_status status)
{
  if (e->status == VT_OK) e->status = status;
}

void vt_export_refuse(vt_export *e, const char *format, ...)
{
  char why[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(why, sizeof why, format, arguments);
  va_end(arguments);
  const vt_op *op = e->node->op;
  if (e->status == VT_OK)
    note(e, vt_fail(e->ctx, VT_ERROR_UNSUPPORTED, "node '%s' (%s%s%s) cannot be written in opset %d: %s",
                    e->node->name, op->domain ? op->domain : "", op->domain ? "." : "", op->name,
                    VT_EXPORT_OPSET, why));
}

int vt_export_call(vt_export *e, const char *op, const char *attributes, int count, const int *inputs)
{
  int made = VT_NO_VALUE;
  if (e->status == VT_OK)
    note(e, vt_graph_add_call(e->ctx, e->to, op, attributes, e->node->name, count, inputs, &made));
  return made;
}

void vt_export_result(vt_export *e, const char *op, const char *attributes, int count, const int *inputs)
{
  int made = vt_export_call(e, op, attributes, count, inputs);
  if (e->status != VT_OK) return;
  vt_node *last = &e->to->nodes[e->to->node_count - 1];
  e->to->values[made].producer = -1; /* stays without a node and is not written */
  last->outputs[0] = e->node->outputs[0];
  e->to->values[last->outputs[0]].producer = e->to->node_count - 1;
}

void vt_export_keep(vt_export *e, int count, const int *inputs)
{
  const vt_node *node = e->node;
  if (e->status == VT_OK)
    note(e, vt_graph_add_node(e->ctx, e->to, node->op, node->attributes, node->name, count, inputs,
                              node->output_count, node->outputs, NULL));
}

int vt_export_integers(vt_export *e, int count, const int64_t *data)
{
  int made = VT_NO_VALUE;
  if (e->status == VT_OK)
    note(e, vt_graph_add_integers(e->ctx, e->to, "constant", VT_I64, 1, count, data, &made));
  return made;
}

int vt_export_tensor(vt_export *e, vt_tensor *tensor)
{
  int made = VT_NO_VALUE;
  if (e->status == VT_OK) note(e, vt_graph_add_fresh(e->ctx, e->to, "constant", &made));
  if (e->status == VT_OK)
    vt_graph_set_constant(e->to, made, tensor);
  else
    vt_tensor_free(tensor);
  return e->status == VT_OK ? made : VT_NO_VALUE;
}

int vt_export_number(vt_export *e, double value)
{
  if (e->status != VT_OK) return VT_NO_VALUE;
  vt_tensor *tensor;
  vt_type type = vt_export_type(e);
  vt_status status = vt_tensor_new_alone(e->ctx, type, 0, NULL, &tensor);
  if (status != VT_OK) {
    note(e, status);
    return VT_NO_VALUE;
  }
  if (type == VT_F64)
    *(double *)tensor->data = value;
  else if (type == VT_F16 || type == VT_BF16)
    *(uint16_t *)tensor->data = type == VT_F16 ? vt_f32_to_f16((float)value) : vt_f32_to_bf16((float)value);
  else if (type == VT_F32)
    *(float *)tensor->data = (float)value;
  else
    memset(tensor->data, 0, vt_bytes(tensor));
  return vt_export_tensor(e, tensor);
}

vt_type vt_export_type(const vt_export *e)
{
  const vt_value *value = vt_export_value(e, 0);
  return value && value->type != VT_UNDEFINED ? value->type : VT_F32;
}

int vt_export_rank(vt_export *e, int index)
{
  const vt_value *value = vt_export_value(e, index);
  if (value && value->rank >= 0) return value->rank;
  vt_export_refuse(e, "the number of dimensions of input %d is not known", index);
  return -1;
}

/* ---- the walk ---- */

static vt_status copy_value(vt_ctx *ctx, const vt_value *value, vt_graph *to)
{
  int placed;
  VT_TRY(vt_graph_add_value(ctx, to, value->name, &placed));
  vt_value *copy = &to->values[placed];
  copy->type = value->type;
  copy->rank = value->rank;
  copy->declared = value->declared;
  memcpy(copy->dims, value->dims, sizeof copy->dims);
  for (int axis = 0; axis < value->rank; axis++)
    if (value->dim_names[axis] && !(copy->dim_names[axis] = vt_strdup(ctx, value->dim_names[axis])))
      return VT_ERROR_OUT_OF_MEMORY;
  if (value->constant && !(copy->constant = vt_tensor_keep(ctx, value->constant)))
    return VT_ERROR_OUT_OF_MEMORY;
  if (value->constant) vt_graph_set_constant(to, placed, copy->constant);
  return VT_OK;
}

static vt_status export_node(vt_export *e)
{
  const vt_op *op = e->node->op;
  const char *domain = op->domain && strcmp(op->domain, "ai.onnx") != 0 ? op->domain : "";
  for (size_t i = 0; i < VT_COUNT(table); i++)
    if (strcmp(table[i].op, op->name) == 0 && strcmp(table[i].domain, domain) == 0) {
      table[i].function(e);
      return e->status;
    }
  if (domain[0])
    vt_export_refuse(e, "no combination of ONNX operators computes it");
  else if (op->since > VT_EXPORT_OPSET)
    vt_export_refuse(e, "the operator came with opset %d", op->since);
  else
    vt_export_keep(e, e->node->input_count, e->node->inputs);
  return e->status;
}

static vt_status export_all(vt_ctx *ctx, const vt_graph *from, vt_graph *to)
{
  for (int i = 0; i < from->value_count; i++)
    VT_TRY(copy_value(ctx, &from->values[i], to));
  vt_export e = {.ctx = ctx, .from = from, .to = to};
  for (int i = 0; i < from->node_count; i++) {
    e.node = &from->nodes[i];
    VT_TRY(export_node(&e));
  }
  for (int i = 0; i < from->input_count; i++)
    VT_TRY(vt_graph_add_input(ctx, to, from->inputs[i]));
  for (int i = 0; i < from->output_count; i++)
    VT_TRY(vt_graph_add_output(ctx, to, from->outputs[i]));
  return VT_OK;
}

vt_status vt_graph_export(vt_ctx *ctx, const vt_graph *graph, vt_graph **out)
{
  vt_graph *to;
  *out = NULL;
  VT_TRY(vt_graph_new(ctx, graph->path, &to));
  vt_status status = export_all(ctx, graph, to);
  if (status != VT_OK) {
    vt_graph_free(to);
    return vt_ctx_status(ctx) == VT_OK ? vt_fail(ctx, status, "the graph could not be written") : status;
  }
  *out = to;
  return VT_OK;
}
