/* SPDX-License-Identifier: Apache-2.0
 *
 * Compiling a graph for one set of input shapes.
 */
#include "graph/plan.h"

#include "graph/fuse.h"
#include "graph/lower.h"

vt_status vt_plan_add_buffer(vt_ctx *ctx, vt_plan *plan, size_t bytes, int *out)
{
  VT_TRY(vt_grow(ctx, &plan->buffers, &plan->buffer_capacity, plan->buffer_count, sizeof *plan->buffers));
  *out = (int)plan->buffer_count++;
  plan->buffers[*out] = (vt_buffer){.root = *out, .bytes = bytes, .input = -1};
  return VT_OK;
}

static void free_step(vt_step *step)
{
  vt_free(step->slots);
  vt_primitive_free(step->primitive);
}

vt_status vt_plan_add_step(vt_ctx *ctx, vt_plan *plan, const vt_step *step)
{
  vt_status status = vt_grow(ctx, &plan->steps, &plan->step_capacity, plan->step_count, sizeof *plan->steps);
  if (status != VT_OK) {
    vt_step taken = *step;
    free_step(&taken);
    return status;
  }
  plan->steps[plan->step_count++] = *step;
  return VT_OK;
}

vt_status vt_plan_own_layout(vt_ctx *ctx, vt_plan *plan, vt_layout *layout)
{
  vt_status status =
      vt_grow(ctx, &plan->layouts, &plan->layout_capacity, plan->layout_count, sizeof *plan->layouts);
  if (status != VT_OK) {
    vt_layout_free(layout);
    return status;
  }
  plan->layouts[plan->layout_count++] = layout;
  return VT_OK;
}

/* Value numbers of what the plan gives out: the graph's outputs, then the wanted names. */
static vt_status find_outputs(vt_ctx *ctx, const vt_graph *graph, const char *const *wanted, int wanted_count,
                              int *values)
{
  for (int i = 0; i < graph->output_count; i++)
    values[i] = graph->outputs[i];
  for (int i = 0; i < wanted_count; i++) {
    int value = vt_graph_find(graph, wanted[i]);
    if (value < 0) {
      const char **names = vt_alloc_zero(ctx, (size_t)graph->value_count, sizeof *names);
      if (!names) return VT_ERROR_OUT_OF_MEMORY;
      for (int k = 0; k < graph->value_count; k++)
        names[k] = graph->values[k].name ? graph->values[k].name : "";
      const char *near = vt_nearest(wanted[i], names, (size_t)graph->value_count);
      char suggestion[VT_SUGGESTION];
      vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: no tensor is called '%s'%s",
              graph->path ? graph->path : "graph", wanted[i], vt_suggestion(near, suggestion));
      vt_free(names);
      return vt_ctx_status(ctx);
    }
    values[graph->output_count + i] = value;
  }
  return VT_OK;
}

static vt_status compile(vt_ctx *ctx, vt_plan *plan, vt_draft *draft, vt_fusions *fusions,
                         vt_tensor *const *inputs, int *values)
{
  const vt_graph *graph = plan->graph;
  VT_TRY(vt_draft_build(ctx, graph, inputs, values, plan->output_count, draft));
  for (int i = 0; i < graph->node_count; i++)
    if (draft->live[i]) plan->flops += vt_draft_flops(draft, i);
  VT_TRY(vt_fuse(ctx, draft, fusions));
  VT_TRY(vt_engine_new(ctx, &plan->engine));
  for (int i = 0; i < plan->output_count; i++)
    values[i] = vt_draft_resolve(draft, values[i]);
  VT_TRY(vt_lower(ctx, plan, draft, fusions, values));
  for (size_t i = 0; i < plan->step_count; i++)
    if (plan->steps[i].primitive && vt_primitive_scratch(plan->steps[i].primitive) > plan->scratch_bytes)
      plan->scratch_bytes = vt_primitive_scratch(plan->steps[i].primitive);
  return vt_plan_place(ctx, plan);
}

vt_status vt_plan_compile(vt_ctx *ctx, const vt_graph *graph, vt_tensor *const *inputs, int threads,
                          const char *const *wanted, int wanted_count, vt_plan **out)
{
  *out = NULL;
  if (threads < 1)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a plan needs at least one thread, not %d", threads);
  vt_plan *plan = vt_alloc_zero(ctx, 1, sizeof *plan);
  if (!plan) return VT_ERROR_OUT_OF_MEMORY;
  plan->graph = graph;
  plan->threads = threads;
  plan->input_count = graph->input_count;
  plan->output_count = graph->output_count + wanted_count;
  size_t outputs = (size_t)plan->output_count;
  plan->inputs = vt_alloc_zero(ctx, (size_t)plan->input_count, sizeof *plan->inputs);
  plan->outputs = vt_alloc_zero(ctx, outputs, sizeof *plan->outputs);
  plan->output_shapes = vt_alloc_zero(ctx, outputs, sizeof *plan->output_shapes);
  int *values = vt_alloc_zero(ctx, outputs, sizeof *values);
  vt_draft draft = {0};
  vt_fusions fusions = {0};
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  if (plan->inputs && plan->outputs && plan->output_shapes && values)
    status = find_outputs(ctx, graph, wanted, wanted_count, values);
  vt_team team;
  if (status == VT_OK) status = vt_team_enter(ctx, threads, &team);
  if (status == VT_OK) {
    status = compile(ctx, plan, &draft, &fusions, inputs, values);
    vt_team_leave(ctx, &team);
  }
  vt_fusions_free(&fusions);
  vt_draft_free(&draft);
  vt_free(values);
  if (status != VT_OK) {
    vt_plan_free(plan);
    /* dependence on data is a way to go on, not a failure to tell */
    return status == VT_ERROR_DATA_DEPENDENT ? status : vt_fail_prefix(ctx, "%s", graph->path);
  }
  *out = plan;
  return VT_OK;
}

void vt_plan_free(vt_plan *plan)
{
  if (!plan) return;
  for (size_t i = 0; i < plan->step_count; i++)
    free_step(&plan->steps[i]);
  for (size_t i = 0; i < plan->buffer_count; i++)
    vt_tensor_free(plan->buffers[i].constant);
  for (size_t i = 0; i < plan->layout_count; i++)
    vt_layout_free(plan->layouts[i]);
  vt_engine_free(plan->engine);
  vt_free(plan->steps);
  vt_free(plan->buffers);
  vt_free(plan->layouts);
  vt_free(plan->inputs);
  vt_free(plan->outputs);
  vt_free(plan->output_shapes);
  vt_free(plan);
}

int vt_plan_output_count(const vt_plan *plan)
{
  return plan->output_count;
}

const vt_tensor *vt_plan_output(const vt_plan *plan, int index)
{
  return index >= 0 && index < plan->output_count ? &plan->output_shapes[index] : NULL;
}

double vt_plan_flops(const vt_plan *plan)
{
  return plan->flops;
}

size_t vt_plan_session_bytes(const vt_plan *plan)
{
  size_t slots = 0;
  for (size_t i = 0; i < plan->step_count; i++)
    slots += (size_t)plan->steps[i].slot_count;
  return plan->arena_bytes + plan->scratch_bytes + slots * (sizeof(vt_tensor) + sizeof(vt_tensor *)) +
         plan->step_count * (sizeof(vt_call) + 2 * sizeof(void *)) + sizeof(vt_session);
}

int vt_micro_batch(double flops)
{
  enum { MOST = 16 };
  const double enough = 100e6;
  if (!(flops * MOST > enough)) return MOST;
  if (flops >= enough) return 1;
  int items = (int)(enough / flops);
  return items * flops < enough ? items + 1 : items;
}
