/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradients with little memory: the forward run keeps only what lies between stretches of the graph; the
 * backward pass goes from the last stretch to the first, runs each once more onto the tape, and carries the
 * gradients of what goes in to the stretch before. What was carried is the first term of each sum, so that
 * sums are made in the order of a pass over the whole graph, and have the same bits.
 */
#include "graph/trace.h"

#include "base/context.h"

/* ---- where to cut ---- */

/* Elements of a value as far as the file tells, open sizes taken as 1. */
static double size_of(const vt_value *value)
{
  double size = 1;
  for (int axis = 0; axis < value->rank; axis++)
    if (value->dims[axis] > 1) size *= (double)value->dims[axis];
  return size;
}

/* made[i]: elements made by the nodes before i; across[i]: elements that a cut before node i has to keep. */
static void measure(const vt_trace *trace, double *made, double *across)
{
  const vt_graph *graph = trace->graph;
  for (int i = 0; i < trace->executed; i++) {
    made[i + 1] = made[i];
    for (int k = 0; k < graph->nodes[i].output_count; k++) {
      int value = graph->nodes[i].outputs[k];
      if (value == VT_NO_VALUE) continue;
      double size = size_of(&graph->values[value]);
      int last = trace->last_use[value] < trace->executed ? trace->last_use[value] : trace->executed - 1;
      made[i + 1] += size;
      if (last <= i) continue;
      across[i + 1] += size;
      across[last + 1] -= size;
    }
  }
  for (int i = 1; i <= trace->executed; i++)
    across[i] += across[i - 1];
}

/* Stretches make about equally much; each cut is where least has to be kept within half a stretch of that. */
static void cut(vt_trace *trace, int parts, const double *made, const double *across)
{
  double share = made[trace->executed] / parts;
  int previous = 0, count = 0;
  trace->cuts[count++] = 0;
  for (int k = 1; k < parts; k++) {
    int best = -1;
    for (int i = previous + 1; i < trace->executed && made[i] <= (k + 0.5) * share; i++)
      if (made[i] >= (k - 0.5) * share && (best < 0 || across[i] < across[best])) best = i;
    if (best < 0) continue;
    trace->cuts[count++] = previous = best;
  }
  trace->part_count = count;
  trace->cuts[count] = trace->executed;
  for (int part = 0; part < count; part++)
    for (int i = trace->cuts[part]; i < trace->cuts[part + 1]; i++)
      trace->part_of[i] = part;
}

vt_status vt_trace_divide(vt_ctx *ctx, vt_trace *trace, int parts)
{
  size_t nodes = (size_t)trace->executed + 2, values = (size_t)trace->graph->value_count + 1;
  if (parts > trace->executed) parts = trace->executed;
  if (parts < 1) parts = 1;
  if (!trace->cuts)
    trace->cuts = vt_alloc_zero(ctx, (size_t)trace->graph->node_count + 2, sizeof *trace->cuts);
  if (!trace->part_of)
    trace->part_of = vt_alloc_zero(ctx, (size_t)trace->graph->node_count + 2, sizeof *trace->part_of);
  if (!trace->held) trace->held = vt_alloc_zero(ctx, values, sizeof *trace->held);
  if (!trace->pending) trace->pending = vt_alloc_zero(ctx, values, sizeof *trace->pending);
  if (!trace->depends) trace->depends = vt_alloc_zero(ctx, values, sizeof *trace->depends);
  double *made = vt_alloc_zero(ctx, nodes, sizeof *made), *across = vt_alloc_zero(ctx, nodes, sizeof *across);
  bool enough =
      trace->cuts && trace->part_of && trace->held && trace->pending && trace->depends && made && across;
  if (enough) {
    measure(trace, made, across);
    cut(trace, parts, made, across);
    memset(trace->depends, 0, values * sizeof *trace->depends);
  }
  vt_free(made);
  vt_free(across);
  return enough ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

int vt_trace_more_parts(const vt_ctx *ctx, const vt_trace *trace, vt_status status)
{
  if (status != VT_ERROR_OUT_OF_MEMORY || atomic_load(&ctx->memory->limit) <= 0) return 0;
  int more = trace->parts_asked < 2 ? 4 : trace->parts_asked < 1 << 20 ? 4 * trace->parts_asked : 0;
  if (more > trace->executed) more = trace->executed;
  return more > trace->parts_asked ? more : 0;
}

void vt_trace_drop_parts(vt_trace *trace)
{
  for (int i = 0; trace->held && trace->pending && i < trace->graph->value_count; i++) {
    vt_tensor_free(trace->held[i]);
    vt_tensor_free(trace->pending[i]);
    trace->held[i] = trace->pending[i] = NULL;
  }
}

/* ---- the forward run ---- */

/* Node that makes a value in this run; −1: it is there before the first, as inputs are. */
static int maker(const vt_trace *trace, int value)
{
  int producer = trace->graph->values[value].producer;
  return producer >= 0 && trace->needed[producer] ? producer : -1;
}

static bool cut_by_hook(const vt_trace *trace, int value)
{
  for (size_t i = 0; i < trace->hook_count; i++)
    if (trace->hooks[i].value == value && trace->hooks[i].kind != VT_HOOK_ADD &&
        trace->hooks[i].kind != VT_HOOK_SCALE)
      return true;
  return false;
}

vt_status vt_trace_hold(vt_ctx *ctx, vt_trace *trace, int value)
{
  int producer = maker(trace, value), last = trace->last_use[value];
  if (trace->hooked[value] && cut_by_hook(trace, value)) trace->depends[value] = false;
  if (trace->watched[value]) trace->depends[value] = true;
  if (producer >= 0) {
    if (last >= trace->executed) last = trace->executed - 1;
    if (last <= producer || trace->part_of[last] == trace->part_of[producer]) return VT_OK;
  }
  vt_tensor_free(trace->held[value]);
  trace->held[value] = vt_tensor_keep(ctx, trace->tensors[value]);
  return trace->held[value] ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

/* ---- the backward pass ---- */

/* Puts what lies before a stretch in place, variables where they depend on something watched. */
static vt_status bring_held(vt_ctx *ctx, vt_trace *trace)
{
  const vt_graph *graph = trace->graph;
  for (int i = 0; i < graph->value_count; i++) {
    trace->tensors[i] = NULL;
    if (trace->held[i]) {
      VT_TRY(vt_trace_show(ctx, trace->held[i], &trace->tensors[i]));
      if (trace->depends[i]) VT_TRY(vt_tape_watch(ctx, trace->tape, trace->tensors[i]));
    } else if (graph->values[i].constant) {
      bool wide = trace->precision == VT_F64 && trace->widened[i];
      trace->tensors[i] = wide ? trace->widened[i] : graph->values[i].constant;
    }
  }
  return VT_OK;
}

static vt_status replay(vt_ctx *ctx, vt_trace *trace, int part)
{
  vt_tape_clear(trace->tape);
  vt_tape_set_rules(trace->tape, trace->rules);
  VT_TRY(bring_held(ctx, trace));
  vt_tape *outer = vt_tape_stop(ctx);
  vt_tape_start(ctx, trace->tape);
  trace->keeping = trace->holding = false;
  vt_status status = vt_trace_run_nodes(ctx, trace, trace->cuts[part], trace->cuts[part + 1]);
  vt_tape_start(ctx, outer);
  return status;
}

static vt_status set_kept(vt_ctx *ctx, vt_tensor **place, const vt_tensor *tensor)
{
  vt_tensor *kept = vt_tensor_keep(ctx, tensor);
  if (!kept) return VT_ERROR_OUT_OF_MEMORY;
  vt_tensor_free(*place);
  *place = kept;
  return VT_OK;
}

/* Whether any gradient arrives at what the stretch makes. */
static bool is_reached(const vt_trace *trace, int part)
{
  for (int i = trace->cuts[part]; i < trace->cuts[part + 1]; i++)
    for (int k = 0; k < trace->graph->nodes[i].output_count; k++) {
      int value = trace->graph->nodes[i].outputs[k];
      if (value != VT_NO_VALUE && trace->pending[value]) return true;
    }
  return false;
}

/* Carries gradients to what went in, and hands out those of watched tensors that were made here. */
static vt_status hand_on(vt_ctx *ctx, vt_trace *trace, int part)
{
  for (int i = 0; i < trace->graph->value_count; i++) {
    int producer = maker(trace, i);
    vt_tensor *tensor = trace->tensors[i];
    vt_tensor *found = tensor ? vt_tape_gradient(trace->tape, tensor) : NULL;
    if (trace->held[i] && trace->depends[i] && producer < trace->cuts[part]) {
      if (found) VT_TRY(set_kept(ctx, &trace->pending[i], found));
    } else if (producer >= trace->cuts[part] && producer < trace->cuts[part + 1]) {
      if (found && trace->watched[i]) VT_TRY(set_kept(ctx, &trace->gradients[i], found));
      vt_tensor_free(trace->pending[i]);
      trace->pending[i] = NULL;
    }
  }
  return VT_OK;
}

/* What was held for stretches that are done goes. */
static void let_go(vt_trace *trace, int part)
{
  for (int i = 0; i < trace->graph->value_count; i++) {
    int producer = maker(trace, i);
    if (producer < 0 || (part > 0 && producer < trace->cuts[part - 1])) continue;
    vt_tensor_free(trace->held[i]);
    trace->held[i] = NULL;
  }
}

static vt_status step_back(vt_ctx *ctx, vt_trace *trace, int part, vt_trace *reference, vt_tensor **of,
                           vt_tensor **seeds)
{
  if (!is_reached(trace, part)) return VT_OK;
  VT_TRY(replay(ctx, trace, part));
  if (reference) VT_TRY(replay(ctx, reference, part));
  int count = 0;
  for (int i = 0; i < trace->graph->value_count; i++)
    if (trace->pending[i] && trace->tensors[i] && vt_tape_has(trace->tape, trace->tensors[i])) {
      of[count] = trace->tensors[i];
      seeds[count++] = trace->pending[i];
    }
  const vt_backward_options options = {.reference = reference ? reference->tape : NULL};
  VT_TRY(vt_tape_backward(ctx, trace->tape, of, seeds, count, &options));
  return hand_on(ctx, trace, part);
}

static vt_status walk_back(vt_ctx *ctx, vt_trace *trace, vt_trace *reference, bool keep, vt_tensor **of,
                           vt_tensor **seeds)
{
  for (int part = trace->part_count; part-- > 0;) {
    size_t mark = vt_tensor_mark(ctx);
    vt_status status = step_back(ctx, trace, part, reference, of, seeds);
    vt_tape_clear(trace->tape);
    if (reference) vt_tape_clear(reference->tape);
    vt_tensor_release(ctx, mark);
    VT_TRY(status);
    if (!keep) let_go(trace, part);
  }
  for (int i = 0; i < trace->graph->value_count; i++)
    if (trace->watched[i] && maker(trace, i) < 0 && trace->pending[i])
      VT_TRY(set_kept(ctx, &trace->gradients[i], trace->pending[i]));
  return VT_OK;
}

/* Seeds in the order given: the first term of each sum. */
static vt_status plant(vt_ctx *ctx, vt_trace *trace, const int *values, vt_tensor *const *seeds, int count)
{
  for (int i = 0; i < trace->graph->value_count; i++) {
    vt_tensor_free(trace->pending[i]);
    vt_tensor_free(trace->gradients[i]);
    trace->pending[i] = trace->gradients[i] = NULL;
  }
  for (int i = 0; i < count; i++) {
    vt_tensor *sum = seeds[i];
    if (!trace->depends[values[i]]) continue;
    if (trace->pending[values[i]])
      VT_TRY(vt_compute(ctx, "Add", NULL, 2, (vt_tensor *[]){trace->pending[values[i]], seeds[i]}, &sum));
    VT_TRY(set_kept(ctx, &trace->pending[values[i]], sum));
  }
  return VT_OK;
}

vt_status vt_trace_backward_parts(vt_ctx *ctx, vt_trace *trace, const int *values, vt_tensor *const *seeds,
                                  int count, vt_trace *reference, bool keep)
{
  size_t room = (size_t)trace->graph->value_count + 1;
  if (trace->spent)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "values were let go by an earlier backward pass; ask for them to be kept");
  if (reference && (reference->spent || reference->parts_asked != trace->parts_asked))
    VT_TRY(vt_trace_hold_again(ctx, reference, trace->parts_asked));
  trace->spent = !keep;
  vt_tensor **of = vt_alloc_zero(ctx, room, sizeof *of), **given = vt_alloc_zero(ctx, room, sizeof *given);
  vt_status status = of && given ? plant(ctx, trace, values, seeds, count) : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = walk_back(ctx, trace, reference, keep, of, given);
  vt_free(of);
  vt_free(given);
  if (status != VT_OK || !keep) vt_trace_drop_parts(trace);
  if (status != VT_OK) trace->spent = true;
  return status;
}
