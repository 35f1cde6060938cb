/* SPDX-License-Identifier: Apache-2.0
 *
 * Shapes and constants: every shape rule runs once in order; a node whose inputs are all constant is
 * evaluated now; a node that hands its input through is forgotten; what no output needs is dropped.
 */
#include "graph/draft.h"

typedef struct scratch { /* the arguments of one call, as large as the largest node */
  vt_tensor **inputs, **outputs;
} scratch;

static vt_status shape_fails(vt_ctx *ctx, const vt_node *node)
{
  return vt_fail(ctx, VT_ERROR_DATA_DEPENDENT,
                 "node '%s' (%s): the shape of its result depends on data; run this graph by trace",
                 node->name, node->op->name);
}

static vt_tensor *tensor_of(vt_draft *draft, int value)
{
  if (value < 0) return NULL;
  vt_draft_value *v = &draft->values[vt_draft_resolve(draft, value)];
  return v->constant ? v->constant : &v->tensor;
}

/* Makes value `index` the constant `tensor`, which must be one of its own. */
static void set_constant(vt_draft *draft, int index, vt_tensor *tensor)
{
  vt_draft_value *v = &draft->values[index];
  v->constant = tensor;
  v->tensor.type = tensor->type;
  v->tensor.rank = tensor->rank;
  memcpy(v->tensor.dims, tensor->dims, sizeof v->tensor.dims);
  v->tensor.data = tensor->data;
  v->known = true;
}

static vt_status set_inputs(vt_ctx *ctx, vt_draft *draft, vt_tensor *const *inputs)
{
  const vt_graph *graph = draft->graph;
  VT_TRY(vt_graph_check_inputs(ctx, graph, inputs));
  for (int i = 0; i < graph->value_count; i++) {
    if (!graph->values[i].constant) continue;
    vt_tensor *kept = vt_tensor_hold(ctx, graph->values[i].constant);
    if (!kept) return vt_ctx_status(ctx);
    set_constant(draft, i, kept);
  }
  for (int i = 0; i < graph->input_count; i++) {
    const vt_tensor *given = inputs[i];
    vt_draft_value *v = &draft->values[graph->inputs[i]];
    vt_tensor_free(v->constant); /* an initializer that is also an input: the caller's value counts */
    v->constant = NULL;
    v->tensor.data = NULL;
    if (given->data) {
      vt_tensor *kept = vt_tensor_hold(ctx, given);
      if (!kept) return vt_ctx_status(ctx);
      set_constant(draft, graph->inputs[i], kept);
    } else {
      VT_TRY(vt_tensor_set_shape(ctx, &v->tensor, given->type, given->rank, given->dims));
      v->known = true;
    }
  }
  return VT_OK;
}

/* Shape and Size read no data: their results are constants as soon as the shape of their input is known. */
static bool evaluates(vt_draft *draft, int index)
{
  const vt_node *node = &draft->graph->nodes[index];
  if (node->op->flags & VT_OP_RANDOM) return false;
  if (vt_draft_is(draft, index, "Shape") || vt_draft_is(draft, index, "Size")) return true;
  for (int i = 0; i < node->input_count; i++) {
    int value = vt_draft_resolve(draft, node->inputs[i]);
    if (value >= 0 && !draft->values[value].constant) return false;
  }
  return true;
}

static vt_status evaluate(vt_ctx *ctx, vt_draft *draft, const vt_node *node, scratch *s)
{
  size_t mark = vt_tensor_mark(ctx);
  for (int i = 0; i < node->output_count; i++) {
    s->outputs[i] = NULL;
    if (node->outputs[i] >= 0 && !(s->outputs[i] = vt_tensor_empty(ctx))) return vt_ctx_status(ctx);
  }
  vt_status status = vt_apply(ctx, node->op, node->attributes, node->name, node->input_count, s->inputs,
                              node->output_count, s->outputs);
  for (int i = 0; i < node->output_count && status == VT_OK; i++) {
    if (node->outputs[i] < 0) continue;
    vt_tensor *kept = vt_tensor_hold(ctx, s->outputs[i]);
    if (kept)
      set_constant(draft, node->outputs[i], kept);
    else
      status = vt_ctx_status(ctx);
  }
  vt_tensor_release(ctx, mark);
  return status;
}

static bool all_zero(const vt_tensor *list)
{
  if (!list) return false;
  for (int64_t i = 0; i < vt_count(list); i++)
    if (vt_get_f64(list, i) != 0) return false;
  return true;
}

static bool all_positive(const vt_tensor *list)
{
  for (int64_t i = 0; i < vt_count(list); i++)
    if (vt_get_i64(list, i) <= 0) return false;
  return true;
}

/* Does output 0 equal input 0 in shape and bytes? */
static bool hands_through(const vt_draft *draft, int index)
{
  const vt_node *node = &draft->graph->nodes[index];
  int from = vt_draft_input(draft, index, 0), to = node->output_count ? node->outputs[0] : VT_NO_VALUE;
  if (from < 0 || to < 0) return false;
  for (int i = 1; i < node->output_count; i++)
    if (node->outputs[i] >= 0) return false;
  const vt_tensor *a = &draft->values[from].tensor, *b = &draft->values[to].tensor;
  if (a->type != b->type || !vt_same_shape(a, b)) return false;
  if (node->op->flags & VT_OP_VIEW) return true;
  if (vt_draft_is(draft, index, "Cast") || vt_draft_is(draft, index, "Expand")) return true;
  if (vt_draft_is(draft, index, "Concat")) return node->input_count == 1;
  if (vt_draft_is(draft, index, "Pad"))
    return all_zero(vt_draft_constant(draft, vt_draft_input(draft, index, 1)));
  if (vt_draft_is(draft, index, "Slice")) {
    int steps = vt_draft_input(draft, index, 4);
    return steps < 0 || (vt_draft_constant(draft, steps) && all_positive(vt_draft_constant(draft, steps)));
  }
  if (vt_draft_is(draft, index, "Dropout")) {
    int training = vt_draft_input(draft, index, 2);
    return training < 0 || all_zero(vt_draft_constant(draft, training));
  }
  return false;
}

static vt_status visit(vt_ctx *ctx, vt_draft *draft, int index, scratch *s)
{
  const vt_node *node = &draft->graph->nodes[index];
  for (int i = 0; i < node->input_count; i++) {
    s->inputs[i] = tensor_of(draft, node->inputs[i]);
    if (s->inputs[i] && !draft->values[vt_draft_resolve(draft, node->inputs[i])].known)
      return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "node '%s' (%s): nothing produces its input '%s'",
                     node->name, node->op->name, draft->graph->values[node->inputs[i]].name);
  }
  if (evaluates(draft, index)) {
    draft->live[index] = false;
    return evaluate(ctx, draft, node, s);
  }
  for (int i = 0; i < node->output_count; i++)
    s->outputs[i] = node->outputs[i] >= 0 ? &draft->values[node->outputs[i]].tensor : NULL;
  vt_call call = {node->op,           node->attributes, node->name, node->input_count,
                  node->output_count, s->inputs,        s->outputs};
  vt_status status = vt_call_shape(ctx, &call);
  if (status == VT_ERROR_DATA_DEPENDENT) return shape_fails(ctx, node);
  VT_TRY(status);
  for (int i = 0; i < node->output_count; i++)
    if (node->outputs[i] >= 0) draft->values[node->outputs[i]].known = true;
  if (hands_through(draft, index)) {
    draft->values[node->outputs[0]].same_as = vt_draft_resolve(draft, node->inputs[0]);
    draft->live[index] = false;
  }
  return VT_OK;
}

/* Backwards from the outputs: a node lives when somebody needs one of its results. */
static void drop_dead(vt_draft *draft, bool *needed)
{
  const vt_graph *graph = draft->graph;
  for (int i = graph->node_count - 1; i >= 0; i--) {
    const vt_node *node = &graph->nodes[i];
    bool used = false;
    for (int k = 0; k < node->output_count; k++)
      if (node->outputs[k] >= 0 && needed[node->outputs[k]]) used = true;
    if (!used || !draft->live[i]) {
      draft->live[i] = false;
      continue;
    }
    for (int k = 0; k < node->input_count; k++) {
      int value = vt_draft_input(draft, i, k);
      if (value >= 0) needed[value] = true;
    }
  }
}

static vt_status list_users(vt_ctx *ctx, vt_draft *draft)
{
  const vt_graph *graph = draft->graph;
  size_t total = 0;
  for (int i = 0; i < graph->node_count; i++)
    for (int k = 0; draft->live[i] && k < graph->nodes[i].input_count; k++) {
      int value = vt_draft_input(draft, i, k);
      if (value < 0) continue;
      draft->values[value].use_count++;
      total++;
    }
  draft->user_pool = vt_alloc_zero(ctx, total + 1, sizeof *draft->user_pool);
  if (!draft->user_pool) return VT_ERROR_OUT_OF_MEMORY;
  int *next = draft->user_pool;
  for (int i = 0; i < graph->value_count; i++) {
    draft->values[i].users = next;
    next += draft->values[i].use_count;
    draft->values[i].use_count = 0;
  }
  for (int i = 0; i < graph->node_count; i++)
    for (int k = 0; draft->live[i] && k < graph->nodes[i].input_count; k++) {
      int value = vt_draft_input(draft, i, k);
      if (value >= 0) draft->values[value].users[draft->values[value].use_count++] = i;
    }
  return VT_OK;
}

static vt_status build(vt_ctx *ctx, vt_draft *draft, vt_tensor *const *inputs, const int *exposed,
                       int exposed_count, scratch *s, bool *needed)
{
  const vt_graph *graph = draft->graph;
  for (int i = 0; i < graph->value_count; i++)
    draft->values[i].same_as = VT_NO_VALUE;
  for (int i = 0; i < graph->node_count; i++)
    draft->live[i] = true;
  VT_TRY(set_inputs(ctx, draft, inputs));
  /* what no output needs is not even looked at: a dead branch may depend on data */
  for (int i = 0; i < exposed_count; i++)
    needed[exposed[i]] = true;
  drop_dead(draft, needed);
  for (int i = 0; i < graph->node_count; i++) {
    if (!draft->live[i]) continue;
    VT_TRY(vt_check_cancel(ctx));
    VT_TRY(visit(ctx, draft, i, s));
  }
  memset(needed, 0, (size_t)graph->value_count * sizeof *needed);
  for (int i = 0; i < exposed_count; i++) {
    int value = vt_draft_resolve(draft, exposed[i]);
    if (!draft->values[value].known)
      return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "nothing produces the output '%s'",
                     graph->values[exposed[i]].name);
    needed[value] = draft->values[value].exposed = true;
  }
  drop_dead(draft, needed);
  return list_users(ctx, draft);
}

vt_status vt_draft_build(vt_ctx *ctx, const vt_graph *graph, vt_tensor *const *inputs, const int *exposed,
                         int exposed_count, vt_draft *draft)
{
  memset(draft, 0, sizeof *draft);
  draft->graph = graph;
  size_t most_inputs = 1, most_outputs = 1, values = (size_t)graph->value_count;
  for (int i = 0; i < graph->node_count; i++) {
    if ((size_t)graph->nodes[i].input_count > most_inputs) most_inputs = (size_t)graph->nodes[i].input_count;
    if ((size_t)graph->nodes[i].output_count > most_outputs)
      most_outputs = (size_t)graph->nodes[i].output_count;
  }
  draft->values = vt_alloc_zero(ctx, values, sizeof *draft->values);
  draft->live = vt_alloc_zero(ctx, (size_t)graph->node_count, sizeof *draft->live);
  scratch s = {vt_alloc_zero(ctx, most_inputs, sizeof(vt_tensor *)),
               vt_alloc_zero(ctx, most_outputs, sizeof(vt_tensor *))};
  bool *needed = vt_alloc_zero(ctx, values, sizeof *needed);
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  if (draft->values && draft->live && s.inputs && s.outputs && needed)
    status = build(ctx, draft, inputs, exposed, exposed_count, &s, needed);
  vt_free(s.inputs);
  vt_free(s.outputs);
  vt_free(needed);
  return status;
}

void vt_draft_free(vt_draft *draft)
{
  for (int i = 0; draft->values && i < draft->graph->value_count; i++)
    vt_tensor_free(draft->values[i].constant);
  vt_free(draft->values);
  vt_free(draft->live);
  vt_free(draft->user_pool);
  memset(draft, 0, sizeof *draft);
}
