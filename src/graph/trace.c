/* SPDX-License-Identifier: Apache-2.0
 *
 * Running a graph operator by operator, as it is stored. Tensors are let go at their last use; what was asked
 * for is kept by the trace.
 */
#include "graph/trace.h"

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

/* ---- a trace ---- */

vt_status vt_trace_new(vt_ctx *ctx, const vt_graph *graph, vt_trace **out)
{
  size_t values = (size_t)graph->value_count + 1, most_slots = 1;
  for (int i = 0; i < graph->node_count; i++) {
    size_t slots = (size_t)graph->nodes[i].input_count + (size_t)graph->nodes[i].output_count;
    if (slots > most_slots) most_slots = slots;
  }
  *out = NULL;
  vt_trace *trace = vt_alloc_zero(ctx, 1, sizeof *trace);
  if (!trace) return VT_ERROR_OUT_OF_MEMORY;
  trace->graph = graph;
  trace->precision = VT_F32;
  trace->stop = VT_NO_VALUE;
  trace->read = vt_alloc_zero(ctx, values, sizeof *trace->read);
  trace->watched = vt_alloc_zero(ctx, values, sizeof *trace->watched);
  trace->hooked = vt_alloc_zero(ctx, values, sizeof *trace->hooked);
  trace->reached = vt_alloc_zero(ctx, values, sizeof *trace->reached);
  trace->tensors = vt_alloc_zero(ctx, values, sizeof *trace->tensors);
  trace->kept = vt_alloc_zero(ctx, values, sizeof *trace->kept);
  trace->widened = vt_alloc_zero(ctx, values, sizeof *trace->widened);
  trace->gradients = vt_alloc_zero(ctx, values, sizeof *trace->gradients);
  trace->given = vt_alloc_zero(ctx, (size_t)graph->input_count + 1, sizeof *trace->given);
  trace->last_use = vt_alloc_zero(ctx, values, sizeof *trace->last_use);
  trace->slots = vt_alloc_zero(ctx, most_slots, sizeof *trace->slots);
  trace->needed = vt_alloc_zero(ctx, (size_t)graph->node_count + 1, sizeof *trace->needed);
  if (!trace->read || !trace->watched || !trace->hooked || !trace->reached || !trace->tensors ||
      !trace->kept || !trace->widened || !trace->gradients || !trace->given || !trace->last_use ||
      !trace->slots || !trace->needed || vt_tape_new(ctx, &trace->tape) != VT_OK) {
    vt_trace_free(trace);
    return VT_ERROR_OUT_OF_MEMORY;
  }
  vt_status status = vt_trace_name_blocks(ctx, trace);
  if (status != VT_OK) {
    vt_trace_free(trace);
    return status;
  }
  *out = trace;
  return VT_OK;
}

void vt_trace_forget(vt_trace *trace)
{
  if (!trace->kept || !trace->gradients || !trace->reached || !trace->given) return;
  for (int i = 0; i < trace->graph->value_count; i++) {
    vt_tensor_free(trace->kept[i]);
    vt_tensor_free(trace->gradients[i]);
    trace->kept[i] = trace->gradients[i] = NULL;
    trace->reached[i] = false;
  }
  for (int i = 0; i < trace->graph->input_count; i++) {
    vt_tensor_free(trace->given[i]);
    trace->given[i] = NULL;
  }
  vt_trace_drop_parts(trace);
  if (trace->tape) vt_tape_clear(trace->tape);
  trace->ran = trace->spent = false;
  trace->parts_asked = trace->part_count = 0;
}

void vt_trace_free(vt_trace *trace)
{
  if (!trace) return;
  vt_trace_forget(trace);
  for (int i = 0; trace->widened && i < trace->graph->value_count; i++)
    vt_tensor_free(trace->widened[i]);
  for (size_t i = 0; i < trace->hook_count; i++)
    vt_tensor_free(trace->hooks[i].tensor);
  for (size_t i = 0; i < trace->alias_count; i++)
    vt_free(trace->aliases[i].name);
  vt_tape_free(trace->tape);
  vt_free(trace->aliases);
  vt_free(trace->hooks);
  vt_free(trace->read);
  vt_free(trace->watched);
  vt_free(trace->hooked);
  vt_free(trace->reached);
  vt_free(trace->tensors);
  vt_free(trace->kept);
  vt_free(trace->widened);
  vt_free(trace->gradients);
  vt_free(trace->given);
  vt_free(trace->cuts);
  vt_free(trace->part_of);
  vt_free(trace->held);
  vt_free(trace->pending);
  vt_free(trace->depends);
  vt_free(trace->last_use);
  vt_free(trace->needed);
  vt_free(trace->slots);
  vt_free(trace);
}

vt_status vt_trace_precision(vt_ctx *ctx, vt_trace *trace, vt_type type)
{
  if (type != VT_F32 && type != VT_F64)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a graph is traced in f32 or f64, not in %s",
                   vt_type_name(type));
  trace->precision = type;
  return VT_OK;
}

/* ---- values ---- */

/* `tensor` as f64, recorded where it is a variable. */
static vt_status widen(vt_ctx *ctx, vt_tensor *tensor, vt_tensor **out)
{
  vt_tensor *like = vt_tensor_new(ctx, VT_F64, 0, NULL);
  *out = NULL;
  if (!like) return VT_ERROR_OUT_OF_MEMORY;
  return vt_apply(ctx, vt_op_find(NULL, "CastLike"), NULL, "", 2, (vt_tensor *[]){tensor, like}, 1, out);
}

vt_status vt_trace_show(vt_ctx *ctx, const vt_tensor *tensor, vt_tensor **out)
{
  *out = vt_tensor_empty(ctx);
  if (!*out) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_tensor_set_shape(ctx, *out, tensor->type, tensor->rank, tensor->dims));
  vt_tensor_share(*out, tensor);
  (*out)->record = tensor->record; /* a run that is recorded belongs to what stands around it */
  return VT_OK;
}

/* A header of the trace's for a value of the context, a variable where that is one. */
static vt_status keep(vt_ctx *ctx, vt_trace *trace, int value)
{
  const vt_tensor *tensor = trace->tensors[value];
  vt_tensor *kept = vt_tensor_keep(ctx, tensor);
  if (!kept) return VT_ERROR_OUT_OF_MEMORY;
  kept->tape = tensor->tape;
  kept->variable = tensor->variable;
  vt_tensor_free(trace->kept[value]);
  trace->kept[value] = kept;
  return VT_OK;
}

/* Hooks, watching and keeping, for a value that has just come to be. */
static vt_status arrive(vt_ctx *ctx, vt_trace *trace, int value, bool keep_it)
{
  vt_tensor *made = trace->tensors[value];
  if (trace->hooked[value]) {
    VT_TRY(vt_trace_apply_hooks(ctx, trace, value, &trace->tensors[value]));
    if (made != trace->tensors[value] && trace->graph->values[value].producer >= 0) vt_tensor_drop(made);
  }
  if (trace->watched[value]) {
    vt_status status = vt_tape_watch(ctx, trace->tape, trace->tensors[value]);
    if (status != VT_OK)
      return vt_fail_prefix(ctx, "%s: tensor '%s'", trace->graph->path, trace->graph->values[value].name);
  }
  if (trace->holding) VT_TRY(vt_trace_hold(ctx, trace, value));
  bool wanted = keep_it || trace->read[value] || trace->watched[value];
  return wanted && trace->keeping ? keep(ctx, trace, value) : VT_OK;
}

/* Constants are shared between threads: those that are looked at get a header of their own. */
static vt_status bring_constant(vt_ctx *ctx, vt_trace *trace, int value)
{
  vt_tensor *constant = trace->graph->values[value].constant;
  if (trace->precision == VT_F64 && constant->type == VT_F32) {
    if (!trace->widened[value]) {
      vt_tensor *wide;
      VT_TRY(widen(ctx, constant, &wide));
      if (!(trace->widened[value] = vt_tensor_keep(ctx, wide))) return VT_ERROR_OUT_OF_MEMORY;
    }
    constant = trace->widened[value];
  }
  trace->tensors[value] = constant;
  if (!trace->hooked[value] && !trace->watched[value] && !trace->read[value]) return VT_OK;
  VT_TRY(vt_trace_show(ctx, constant, &trace->tensors[value]));
  return arrive(ctx, trace, value, false);
}

static vt_status bring_inputs(vt_ctx *ctx, vt_trace *trace)
{
  const vt_graph *graph = trace->graph;
  vt_tensor *const *inputs = trace->given;
  for (int i = 0; i < graph->value_count; i++) {
    trace->tensors[i] = NULL;
    if (graph->values[i].constant) VT_TRY(bring_constant(ctx, trace, i));
  }
  for (int i = 0; i < graph->input_count; i++) {
    int value = graph->inputs[i];
    if (trace->precision == VT_F64 && inputs[i]->type == VT_F32)
      VT_TRY(widen(ctx, inputs[i], &trace->tensors[value]));
    else
      VT_TRY(vt_trace_show(ctx, inputs[i], &trace->tensors[value]));
    VT_TRY(arrive(ctx, trace, value, true));
  }
  return VT_OK;
}

static bool is_output(const vt_graph *graph, int value)
{
  for (int i = 0; i < graph->output_count; i++)
    if (graph->outputs[i] == value) return true;
  return false;
}

/* Values whose node a lazy run leaves out come from their replacements. */
static vt_status bring_stand_ins(vt_ctx *ctx, vt_trace *trace)
{
  for (int i = 0; i < trace->graph->value_count; i++) {
    const vt_hook *hook = vt_trace_stand_in(trace, i);
    if (!hook) continue;
    if (trace->precision == VT_F64 && hook->tensor->type == VT_F32)
      VT_TRY(widen(ctx, hook->tensor, &trace->tensors[i]));
    else
      VT_TRY(vt_trace_show(ctx, hook->tensor, &trace->tensors[i]));
    VT_TRY(arrive(ctx, trace, i, is_output(trace->graph, i)));
  }
  return VT_OK;
}

/* ---- the walk ---- */

static void find_last_uses(vt_trace *trace)
{
  const vt_graph *graph = trace->graph;
  for (int i = 0; i < graph->value_count; i++)
    trace->last_use[i] = graph->values[i].producer < 0 ? graph->node_count : -1;
  for (int i = 0; i < graph->node_count; i++)
    for (int k = 0; k < graph->nodes[i].input_count && trace->needed[i]; k++) {
      int value = graph->nodes[i].inputs[k];
      if (value != VT_NO_VALUE && trace->last_use[value] < i) trace->last_use[value] = i;
    }
}

static vt_status run_node(vt_ctx *ctx, vt_trace *trace, int number)
{
  const vt_node *node = &trace->graph->nodes[number];
  vt_tensor **inputs = trace->slots, **outputs = trace->slots + node->input_count;
  bool depends = false;
  for (int k = 0; k < node->input_count; k++) {
    inputs[k] = node->inputs[k] == VT_NO_VALUE ? NULL : trace->tensors[node->inputs[k]];
    depends |= inputs[k] && trace->holding && trace->depends[node->inputs[k]];
  }
  for (int k = 0; k < node->output_count; k++) {
    outputs[k] = NULL;
    if (node->outputs[k] != VT_NO_VALUE && !(outputs[k] = vt_tensor_empty(ctx)))
      return VT_ERROR_OUT_OF_MEMORY;
  }
  VT_TRY(vt_apply(ctx, node->op, node->attributes, node->name, node->input_count, inputs, node->output_count,
                  outputs));
  for (int k = 0; k < node->output_count; k++) {
    int value = node->outputs[k];
    if (!outputs[k]) continue;
    if (value == VT_NO_VALUE) {
      vt_tensor_drop(outputs[k]);
      continue;
    }
    trace->tensors[value] = outputs[k];
    if (trace->precision == VT_F64 && outputs[k]->type == VT_F32)
      VT_TRY(widen(ctx, outputs[k], &trace->tensors[value]));
    if (trace->holding) trace->depends[value] = depends && (VT_FLOATS & VT_T(outputs[k]->type));
    VT_TRY(arrive(ctx, trace, value, is_output(trace->graph, value)));
    if (trace->last_use[value] < 0) vt_tensor_drop(trace->tensors[value]);
  }
  for (int k = 0; k < node->input_count; k++)
    if (node->inputs[k] != VT_NO_VALUE && trace->last_use[node->inputs[k]] == number)
      vt_tensor_drop(trace->tensors[node->inputs[k]]);
  return VT_OK;
}

/* Number of nodes to run: all, or up to the one that makes the tensor to stop at. */
static int nodes_to_run(const vt_trace *trace)
{
  return trace->stop == VT_NO_VALUE ? trace->graph->node_count
                                    : trace->graph->values[trace->stop].producer + 1;
}

/* Whatever is asked of a tensor that the run does not come to would be silence. */
static vt_status check_reach(vt_ctx *ctx, const vt_trace *trace)
{
  const vt_graph *graph = trace->graph;
  for (int i = 0; i < graph->value_count; i++) {
    if (!trace->hooked[i] && !trace->read[i] && !trace->watched[i]) continue;
    if (graph->values[i].producer >= trace->executed)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                     "%s: tensor '%s' is never made: the run stops at '%s' before it", graph->path,
                     graph->values[i].name, graph->values[trace->stop].name);
    bool made = graph->values[i].constant || graph->values[i].producer >= 0;
    for (int k = 0; !made && k < graph->input_count; k++)
      made = graph->inputs[k] == i;
    if (!made)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: tensor '%s' is made by no node of the graph",
                     graph->path, graph->values[i].name);
  }
  return VT_OK;
}

vt_status vt_trace_run_nodes(vt_ctx *ctx, vt_trace *trace, int first, int last)
{
  for (int i = first; i < last; i++) {
    VT_TRY(vt_check_cancel(ctx));
    if (trace->needed[i]) VT_TRY(run_node(ctx, trace, i));
  }
  return VT_OK;
}

static vt_status walk(vt_ctx *ctx, vt_trace *trace)
{
  const vt_graph *graph = trace->graph;
  VT_TRY(bring_inputs(ctx, trace));
  VT_TRY(bring_stand_ins(ctx, trace));
  VT_TRY(vt_trace_run_nodes(ctx, trace, 0, trace->executed));
  for (int i = 0; i < graph->output_count && trace->keeping; i++) { /* outputs that are constants */
    int value = graph->outputs[i];
    if (!trace->kept[value] && graph->values[value].constant) VT_TRY(keep(ctx, trace, value));
  }
  return VT_OK;
}

static bool any_watched(const vt_trace *trace)
{
  for (int i = 0; i < trace->graph->value_count; i++)
    if (trace->watched[i]) return true;
  return false;
}

/* From trace->given, with what is watched on the tape or, in several parts, held. */
static vt_status forward(vt_ctx *ctx, vt_trace *trace, int parts, bool keeping)
{
  bool watched = any_watched(trace);
  trace->parts_asked = watched ? parts : 1;
  trace->part_count = 1;
  trace->keeping = keeping;
  trace->holding = trace->parts_asked > 1;
  trace->spent = false;
  if (trace->holding) VT_TRY(vt_trace_divide(ctx, trace, parts));
  size_t mark = vt_tensor_mark(ctx);
  vt_tape *outer = vt_tape_stop(ctx);
  vt_tape_set_rules(trace->tape, trace->rules);
  if (watched && !trace->holding) vt_tape_start(ctx, trace->tape);
  vt_status status = walk(ctx, trace);
  vt_tape_start(ctx, outer);
  vt_tensor_release(ctx, mark);
  trace->ran = status == VT_OK;
  return status;
}

static vt_status run(vt_ctx *ctx, vt_trace *trace, vt_tensor *const *inputs, int parts)
{
  for (int i = 0; i < trace->graph->input_count; i++)
    if (!(trace->given[i] = vt_tensor_keep(ctx, inputs[i]))) return VT_ERROR_OUT_OF_MEMORY;
  return forward(ctx, trace, parts, true);
}

vt_status vt_trace_hold_again(vt_ctx *ctx, vt_trace *trace, int parts)
{
  vt_trace_drop_parts(trace);
  vt_tape_clear(trace->tape);
  return forward(ctx, trace, parts, false);
}

static vt_status check_run(vt_ctx *ctx, vt_trace *trace, vt_tensor *const *inputs)
{
  VT_TRY(vt_graph_check_inputs(ctx, trace->graph, inputs));
  trace->executed = nodes_to_run(trace);
  VT_TRY(check_reach(ctx, trace));
  vt_trace_find_needed(trace);
  find_last_uses(trace);
  return VT_OK;
}

vt_status vt_trace_run(vt_ctx *ctx, vt_trace *trace, vt_tensor *const *inputs)
{
  int parts = trace->segments > 1 ? trace->segments : 1;
  vt_trace_forget(trace);
  vt_status status = check_run(ctx, trace, inputs);
  if (status == VT_OK) status = run(ctx, trace, inputs, parts);
  while (any_watched(trace) && (parts = vt_trace_more_parts(ctx, trace, status)) > 0) {
    vt_ctx_clear(ctx);
    vt_trace_forget(trace);
    status = run(ctx, trace, inputs, parts);
  }
  if (status == VT_OK) return VT_OK;
  vt_trace_forget(trace);
  /* some messages name the file already */
  if (strncmp(vt_ctx_message(ctx), trace->graph->path, strlen(trace->graph->path)) != 0)
    vt_fail_prefix(ctx, "%s", trace->graph->path);
  return status;
}

vt_status vt_trace_value(vt_ctx *ctx, vt_trace *trace, const char *name, vt_tensor **out)
{
  int value;
  *out = NULL;
  VT_TRY(vt_trace_find(ctx, trace, name, &value));
  *out = trace->kept[value] ? trace->kept[value] : trace->graph->values[value].constant;
  if (!trace->kept[value] && trace->precision == VT_F64 && trace->widened[value])
    *out = trace->widened[value];
  if (*out) return VT_OK;
  const char *why = !trace->ran ? "nothing was run yet, or the run failed"
                    : trace->graph->values[value].producer >= trace->executed
                        ? "the run stopped before it"
                        : "it was not asked for before the run (vt_trace_read)";
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: the value of tensor '%s' is not there: %s",
                 trace->graph->path, name, why);
}

vt_status vt_graph_run(vt_ctx *ctx, const vt_graph *graph, vt_tensor *const *inputs, vt_tensor **outputs)
{
  vt_trace *trace;
  VT_TRY(vt_trace_new(ctx, graph, &trace));
  vt_status status = vt_trace_run(ctx, trace, inputs);
  for (int i = 0; i < graph->output_count && status == VT_OK; i++)
    status = vt_trace_show(ctx, trace->kept[graph->outputs[i]], &outputs[i]);
  vt_trace_free(trace);
  return status;
}
