/* SPDX-License-Identifier: Apache-2.0
 *
 * From nodes to steps. A value lies in the layout of the step that made it; whoever needs another one adds a
 * reorder, once for all later readers.
 */
#include "graph/lower.h"

#include <stdlib.h>

enum { KEPT = 1 << 28 }; /* `pending` of memory that no step may overwrite */

const vt_tensor *vt_lower_shape(const vt_lowering *l, int value)
{
  return &l->draft->values[value].tensor;
}

static vt_buffer *buffer_at(const vt_lowering *l, int index)
{
  return &l->plan->buffers[index];
}

vt_view vt_lower_view(const vt_lowering *l, int value, int buffer)
{
  return vt_view_of(vt_lower_shape(l, value), buffer_at(l, buffer)->layout);
}

/* Readers of the value still to come. */
static int64_t uses(const vt_lowering *l, int value)
{
  const vt_draft_value *v = &l->draft->values[value];
  return v->use_count + (v->exposed ? KEPT : 0);
}

vt_status vt_lower_own(vt_ctx *ctx, vt_lowering *l, int value, int *buffer)
{
  *buffer = l->own[value];
  if (*buffer >= 0) return VT_OK;
  const vt_draft_value *v = &l->draft->values[value];
  if (!v->constant)
    return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "tensor '%s' is read before it is made",
                   l->draft->graph->values[value].name);
  VT_TRY(vt_plan_add_buffer(ctx, l->plan, 0, buffer));
  buffer_at(l, *buffer)->pending = KEPT;
  buffer_at(l, *buffer)->constant = vt_tensor_keep(ctx, v->constant);
  if (!buffer_at(l, *buffer)->constant) return VT_ERROR_OUT_OF_MEMORY;
  l->own[value] = l->rows[value] = *buffer;
  return VT_OK;
}

vt_status vt_lower_new(vt_ctx *ctx, vt_lowering *l, const vt_view *view, int *buffer)
{
  vt_layout *layout = NULL;
  if (view->layout) {
    VT_TRY(vt_layout_copy(ctx, view->layout, &layout));
    VT_TRY(vt_plan_own_layout(ctx, l->plan, layout));
  }
  VT_TRY(vt_plan_add_buffer(ctx, l->plan, vt_view_bytes(view), buffer));
  buffer_at(l, *buffer)->layout = layout;
  buffer_at(l, *buffer)->pending = KEPT;
  return VT_OK;
}

static vt_status new_rows(vt_ctx *ctx, vt_lowering *l, int value, int *buffer)
{
  return vt_plan_add_buffer(ctx, l->plan, vt_bytes(vt_lower_shape(l, value)), buffer);
}

vt_status vt_lower_primitive(vt_ctx *ctx, vt_lowering *l, int node, vt_primitive *primitive,
                             const int *buffers, double flops, int fused)
{
  int count = vt_primitive_argument_count(primitive);
  vt_step step = {.kind = VT_STEP_PRIMITIVE,
                  .primitive = primitive,
                  .slot_count = count,
                  .input_count = count - 1,
                  .flops = flops,
                  .fused = fused};
  step.name = node >= 0 ? l->draft->graph->nodes[node].name : "";
  step.op_name = node >= 0 ? l->draft->graph->nodes[node].op->name : "reorder";
  step.slots = vt_alloc_zero(ctx, (size_t)count, sizeof *step.slots);
  if (!step.slots) {
    vt_primitive_free(primitive);
    return VT_ERROR_OUT_OF_MEMORY;
  }
  for (int i = 0; i < count; i++)
    step.slots[i].buffer = buffers[i];
  vt_view result = vt_primitive_argument(primitive, count - 1);
  step.result = (vt_tensor){.type = VT_F32, .rank = result.rank};
  memcpy(step.result.dims, result.dims, sizeof step.result.dims);
  return vt_plan_add_step(ctx, l->plan, &step);
}

static vt_status reorder(vt_ctx *ctx, vt_lowering *l, const vt_view *from, int source, const vt_view *to,
                         int target)
{
  vt_primitive *primitive;
  VT_TRY(vt_primitive_reorder(ctx, l->plan->engine, from, to, &primitive));
  return vt_lower_primitive(ctx, l, -1, primitive, (const int[]){source, target}, 0, 0);
}

vt_status vt_lower_rows(vt_ctx *ctx, vt_lowering *l, int value, int *buffer)
{
  int own;
  VT_TRY(vt_lower_own(ctx, l, value, &own));
  *buffer = l->rows[value];
  if (*buffer >= 0) return VT_OK;
  vt_view from = vt_lower_view(l, value, own), to = vt_view_of(vt_lower_shape(l, value), NULL);
  VT_TRY(vt_lower_new(ctx, l, &to, buffer));
  VT_TRY(reorder(ctx, l, &from, own, &to, *buffer));
  l->rows[value] = *buffer;
  return VT_OK;
}

vt_status vt_lower_as(vt_ctx *ctx, vt_lowering *l, int value, const vt_view *wanted, bool alone, int *buffer)
{
  int own;
  VT_TRY(vt_lower_own(ctx, l, value, &own));
  vt_view now = vt_lower_view(l, value, own);
  if (!wanted->layout && !alone) return vt_lower_rows(ctx, l, value, buffer);
  bool fits = vt_view_same_layout(&now, wanted);
  if (fits && !alone) {
    *buffer = own;
    return VT_OK;
  }
  vt_view to = now;
  to.layout = wanted->layout;
  VT_TRY(vt_lower_new(ctx, l, &to, buffer));
  VT_TRY(reorder(ctx, l, &now, own, &to, *buffer));
  /* later readers most likely want that too; the row-major form is still known */
  if (!alone && l->rows[value] == own) l->own[value] = *buffer;
  return VT_OK;
}

bool vt_lower_disposable(const vt_lowering *l, int value)
{
  int own = l->own[value];
  if (own < 0) return false;
  const vt_buffer *root = buffer_at(l, buffer_at(l, own)->root);
  return root->pending == 1 && root->input < 0 && !root->constant;
}

vt_status vt_lower_made(vt_ctx *ctx, vt_lowering *l, int value, const vt_view *view, int buffer)
{
  vt_buffer *b = buffer_at(l, buffer);
  bool rows = vt_view_is_rows(view);
  if (!rows && view->rank != vt_lower_shape(l, value)->rank) {
    /* the primitive sees more axes than the value has: back to plain order at once */
    vt_view plain = *view;
    plain.layout = NULL;
    int target;
    VT_TRY(vt_lower_new(ctx, l, &plain, &target));
    VT_TRY(reorder(ctx, l, view, buffer, &plain, target));
    buffer = target;
    b = buffer_at(l, buffer);
    rows = true;
  }
  if (rows && view->rank != vt_lower_shape(l, value)->rank) b->layout = NULL;
  buffer_at(l, b->root)->pending = uses(l, value);
  l->own[value] = buffer;
  l->rows[value] = rows ? buffer : -1;
  return VT_OK;
}

vt_status vt_lower_constant(vt_ctx *ctx, vt_lowering *l, const float *data, const vt_view *wanted,
                            int *buffer)
{
  int64_t bytes = (int64_t)vt_view_bytes(wanted);
  vt_tensor *tensor;
  VT_TRY(vt_tensor_new_alone(ctx, VT_U8, 1, &bytes, &tensor));
  vt_status status = VT_OK;
  if (!wanted->layout) {
    memcpy(tensor->data, data, (size_t)bytes);
  } else {
    vt_view plain = *wanted;
    plain.layout = NULL;
    plain.any = false;
    vt_primitive *primitive = NULL;
    vt_bound *bound = NULL;
    vt_lane *lane = NULL;
    void *scratch = NULL;
    union {
      const float *read;
      void *memory;
    } source = {data}; /* oneDNN takes one kind of pointer for what it reads and writes */
    status = vt_primitive_reorder(ctx, l->plan->engine, &plain, wanted, &primitive);
    if (status == VT_OK && !(scratch = vt_alloc(ctx, vt_primitive_scratch(primitive))))
      status = VT_ERROR_OUT_OF_MEMORY;
    if (status == VT_OK) status = vt_lane_new(ctx, l->plan->engine, &lane);
    if (status == VT_OK)
      status = vt_bound_new(ctx, l->plan->engine, primitive, (void *const[]){source.memory, tensor->data},
                            scratch, &bound);
    if (status == VT_OK) status = vt_bound_run(ctx, bound, lane);
    vt_bound_free(bound);
    vt_lane_free(lane);
    vt_free(scratch);
    vt_primitive_free(primitive);
  }
  if (status == VT_OK) status = vt_plan_add_buffer(ctx, l->plan, 0, buffer);
  if (status != VT_OK) {
    vt_tensor_free(tensor);
    return status;
  }
  buffer_at(l, *buffer)->constant = tensor;
  buffer_at(l, *buffer)->pending = KEPT;
  return VT_OK;
}

/* ---- nodes run by their row ---- */

/* Element-by-element work on memory without gaps need not know the layout: it sees a list. */
static bool runs_flat(const vt_lowering *l, int node)
{
  const vt_node *n = &l->draft->graph->nodes[node];
  int value = vt_draft_input(l->draft, node, 0), own = value >= 0 ? l->own[value] : -1;
  int result = vt_draft_output(l->draft, node, 0);
  if (!(n->op->flags & VT_OP_ELEMENTWISE) || own < 0 || l->rows[value] >= 0 || result < 0) return false;
  for (int i = 1; i < n->input_count; i++) {
    int other = vt_draft_input(l->draft, node, i);
    if (other >= 0 && (!vt_draft_constant(l->draft, other) || vt_count(vt_lower_shape(l, other)) != 1))
      return false;
  }
  vt_view view = vt_lower_view(l, value, own);
  return vt_lower_shape(l, result)->type == VT_F32 && vt_lower_shape(l, value)->type == VT_F32 &&
         vt_same_shape(vt_lower_shape(l, value), vt_lower_shape(l, result)) && vt_view_is_dense(&view);
}

static void flatten(vt_tensor *tensor)
{
  tensor->dims[0] = vt_count(tensor);
  tensor->rank = 1;
}

static vt_status fill_call(vt_ctx *ctx, vt_lowering *l, int node, vt_step *step, bool flat)
{
  const vt_node *n = &l->draft->graph->nodes[node];
  for (int i = 0; i < n->input_count; i++) {
    int value = vt_draft_input(l->draft, node, i);
    vt_slot *slot = &step->slots[i];
    slot->buffer = -1;
    if (value < 0) continue;
    slot->tensor = *vt_lower_shape(l, value);
    slot->tensor.data = NULL;
    if (flat && i == 0) {
      slot->buffer = l->own[value];
      flatten(&slot->tensor);
    } else {
      VT_TRY(vt_lower_rows(ctx, l, value, &slot->buffer));
    }
  }
  for (int i = 0; i < n->output_count; i++) {
    int value = vt_draft_output(l->draft, node, i);
    vt_slot *slot = &step->slots[n->input_count + i];
    slot->buffer = -1;
    slot->written = true;
    if (value < 0) continue;
    slot->tensor = *vt_lower_shape(l, value);
    vt_view view = vt_view_of(&slot->tensor, flat ? buffer_at(l, step->slots[0].buffer)->layout : NULL);
    if (flat) {
      VT_TRY(vt_lower_new(ctx, l, &view, &slot->buffer));
      flatten(&slot->tensor);
    } else {
      VT_TRY(new_rows(ctx, l, value, &slot->buffer));
    }
    VT_TRY(vt_lower_made(ctx, l, value, &view, slot->buffer));
    if (step->result.type == VT_UNDEFINED) step->result = *vt_lower_shape(l, value);
  }
  return VT_OK;
}

static vt_status lower_call(vt_ctx *ctx, vt_lowering *l, int node)
{
  const vt_node *n = &l->draft->graph->nodes[node];
  vt_step step = {.kind = VT_STEP_CALL,
                  .name = n->name,
                  .op_name = n->op->name,
                  .op = n->op,
                  .attributes = n->attributes,
                  .input_count = n->input_count,
                  .slot_count = n->input_count + n->output_count};
  step.slots = vt_alloc_zero(ctx, (size_t)step.slot_count, sizeof *step.slots);
  if (!step.slots) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = fill_call(ctx, l, node, &step, runs_flat(l, node));
  if (status != VT_OK) {
    vt_free(step.slots);
    return status;
  }
  step.flops = vt_draft_flops(l->draft, node);
  return vt_plan_add_step(ctx, l->plan, &step);
}

/* The result is the input under another shape: no step, the same bytes. */
static vt_status lower_same_bytes(vt_ctx *ctx, vt_lowering *l, int node)
{
  int from = vt_draft_input(l->draft, node, 0), to = vt_draft_output(l->draft, node, 0), rows, alias;
  VT_TRY(vt_lower_rows(ctx, l, from, &rows));
  VT_TRY(vt_plan_add_buffer(ctx, l->plan, vt_bytes(vt_lower_shape(l, to)), &alias));
  int root = buffer_at(l, rows)->root;
  buffer_at(l, alias)->root = root;
  buffer_at(l, root)->pending += uses(l, to);
  l->own[to] = l->rows[to] = alias;
  return VT_OK;
}

static vt_status lower_node(vt_ctx *ctx, vt_lowering *l, int node)
{
  const vt_node *n = &l->draft->graph->nodes[node];
  bool done = false, single = true;
  for (int i = 1; i < n->output_count; i++)
    if (n->outputs[i] >= 0) single = false;
  if ((n->op->flags & VT_OP_VIEW) && single && vt_draft_output(l->draft, node, 0) >= 0)
    return lower_same_bytes(ctx, l, node);
  VT_TRY(vt_lower_image(ctx, l, node, &done));
  return done ? VT_OK : lower_call(ctx, l, node);
}

/* The inputs of a node have been read by it. */
static void consume(vt_lowering *l, int node)
{
  for (int i = 0; i < l->draft->graph->nodes[node].input_count; i++) {
    int value = vt_draft_input(l->draft, node, i);
    if (value >= 0 && l->own[value] >= 0) buffer_at(l, buffer_at(l, l->own[value])->root)->pending--;
  }
}

static vt_status lower_part(vt_ctx *ctx, vt_lowering *l, int node)
{
  VT_TRY(lower_node(ctx, l, node));
  consume(l, node);
  return VT_OK;
}

static int by_number(const void *a, const void *b)
{
  return *(const int *)a - *(const int *)b;
}

static vt_status lower_fusion(vt_ctx *ctx, vt_lowering *l, const vt_fusion *fusion)
{
  bool done = false;
  VT_TRY(vt_lower_fusion(ctx, l, fusion, &done));
  int parts[VT_PARTS];
  memcpy(parts, fusion->parts, sizeof parts);
  qsort(parts, (size_t)fusion->part_count, sizeof *parts, by_number);
  for (int i = 0; i < fusion->part_count; i++)
    if (done)
      consume(l, parts[i]);
    else
      VT_TRY(lower_part(ctx, l, parts[i]));
  return VT_OK;
}

/* ---- outputs ---- */

static vt_status lower_output(vt_ctx *ctx, vt_lowering *l, int index, int value)
{
  vt_plan *plan = l->plan;
  int rows;
  plan->output_shapes[index] = *vt_lower_shape(l, value);
  plan->output_shapes[index].data = NULL;
  VT_TRY(vt_lower_rows(ctx, l, value, &rows));
  vt_buffer *b = buffer_at(l, rows);
  bool own = b->root == rows && b->input < 0 && !b->output;
  if (own || b->constant) { /* a constant is read where it lies */
    b->output = !b->constant;
    plan->outputs[index] = rows;
    return VT_OK;
  }
  int copy;
  VT_TRY(new_rows(ctx, l, value, &copy));
  buffer_at(l, copy)->output = true;
  plan->outputs[index] = copy;
  vt_step step = {.kind = VT_STEP_COPY,
                  .name = l->draft->graph->values[value].name,
                  .op_name = "copy",
                  .slot_count = 2,
                  .input_count = 1,
                  .result = plan->output_shapes[index]};
  step.slots = vt_alloc_zero(ctx, 2, sizeof *step.slots);
  if (!step.slots) return VT_ERROR_OUT_OF_MEMORY;
  step.slots[0] = (vt_slot){.tensor = step.result, .buffer = rows};
  step.slots[1] = (vt_slot){.tensor = step.result, .buffer = copy, .written = true};
  return vt_plan_add_step(ctx, plan, &step);
}

static vt_status lower_inputs(vt_ctx *ctx, vt_lowering *l)
{
  const vt_graph *graph = l->draft->graph;
  for (int i = 0; i < graph->input_count; i++) {
    int value = graph->inputs[i];
    l->plan->inputs[i] = -1;
    if (l->draft->values[value].constant) continue;
    int buffer;
    VT_TRY(new_rows(ctx, l, value, &buffer));
    buffer_at(l, buffer)->input = i;
    buffer_at(l, buffer)->pending = KEPT;
    l->plan->inputs[i] = l->own[value] = l->rows[value] = buffer;
  }
  return VT_OK;
}

static vt_status lower_all(vt_ctx *ctx, vt_lowering *l, const int *outputs)
{
  const vt_graph *graph = l->draft->graph;
  for (int i = 0; i < graph->value_count; i++)
    l->own[i] = l->rows[i] = -1;
  VT_TRY(lower_inputs(ctx, l));
  for (int i = 0; i < graph->node_count; i++) {
    if (!l->draft->live[i]) continue;
    VT_TRY(vt_check_cancel(ctx));
    if (l->fusions->last_of[i] >= 0)
      VT_TRY(lower_fusion(ctx, l, &l->fusions->list[l->fusions->last_of[i]]));
    else if (!l->fusions->taken[i])
      VT_TRY(lower_part(ctx, l, i));
  }
  for (int i = 0; i < l->plan->output_count; i++)
    VT_TRY(lower_output(ctx, l, i, outputs[i]));
  return VT_OK;
}

vt_status vt_lower(vt_ctx *ctx, vt_plan *plan, const vt_draft *draft, const vt_fusions *fusions,
                   const int *outputs)
{
  size_t count = (size_t)draft->graph->value_count;
  vt_lowering l = {plan, draft, fusions, vt_alloc_zero(ctx, count, sizeof(int)),
                   vt_alloc_zero(ctx, count, sizeof(int))};
  vt_status status = l.own && l.rows ? lower_all(ctx, &l, outputs) : VT_ERROR_OUT_OF_MEMORY;
  vt_free(l.own);
  vt_free(l.rows);
  return status;
}
