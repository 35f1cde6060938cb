/* SPDX-License-Identifier: Apache-2.0
 *
 * A session: one arena, every step bound to its addresses once, and the loop that runs them.
 */
#include <omp.h>

#include "base/context.h"
#include "graph/plan.h"
#include "graph/plan_dnnl.h"

vt_status vt_team_enter(vt_ctx *ctx, int threads, vt_team *saved)
{
  if (threads > 1 && omp_in_parallel())
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "a plan of %d threads cannot be used inside a parallel region; compile it for 1 thread",
                   threads);
  if (threads > omp_get_thread_limit())
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a plan of %d threads, but OpenMP may start only %d",
                   threads, omp_get_thread_limit());
  saved->threads = omp_get_max_threads();
  saved->dynamic = omp_get_dynamic();
  saved->context_threads = ctx->threads;
  if (saved->dynamic) omp_set_dynamic(0);
  if (saved->threads != threads) omp_set_num_threads(threads);
  ctx->threads = threads;
  return VT_OK;
}

void vt_team_leave(vt_ctx *ctx, const vt_team *saved)
{
  if (omp_get_max_threads() != saved->threads) omp_set_num_threads(saved->threads);
  if (saved->dynamic) omp_set_dynamic(saved->dynamic);
  ctx->threads = saved->context_threads;
}

static void *address(const vt_session *session, int buffer)
{
  const vt_buffer *b = &session->plan->buffers[buffer];
  if (b->constant) return b->constant->data;
  const vt_buffer *root = &session->plan->buffers[b->root];
  return root->constant ? root->constant->data : session->arena + root->offset;
}

static vt_status bind_primitive(vt_ctx *ctx, vt_session *session, const vt_step *step, vt_bound **out)
{
  void **memory = vt_alloc_zero(ctx, (size_t)step->slot_count, sizeof *memory);
  if (!memory) return VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; i < step->slot_count; i++)
    memory[i] = address(session, step->slots[i].buffer);
  vt_status status = vt_bound_new(ctx, session->plan->engine, step->primitive, memory, session->scratch, out);
  vt_free(memory);
  return status;
}

static void bind_call(vt_session *session, const vt_step *step, vt_tensor *tensors, vt_tensor **pointers,
                      vt_call *call)
{
  for (int i = 0; i < step->slot_count; i++) {
    pointers[i] = NULL;
    if (step->slots[i].buffer < 0) continue;
    tensors[i] = step->slots[i].tensor;
    tensors[i].data = address(session, step->slots[i].buffer);
    pointers[i] = &tensors[i];
  }
  *call = (vt_call){step->op,
                    step->attributes,
                    step->name,
                    step->input_count,
                    step->slot_count - step->input_count,
                    pointers,
                    pointers + step->input_count};
}

static vt_status bind_all(vt_ctx *ctx, vt_session *session)
{
  const vt_plan *plan = session->plan;
  size_t slots = 0, at = 0;
  for (size_t i = 0; i < plan->step_count; i++)
    slots += (size_t)plan->steps[i].slot_count;
  session->arena = vt_alloc(ctx, plan->arena_bytes);
  session->scratch = vt_alloc(ctx, plan->scratch_bytes);
  session->tensors = vt_alloc_zero(ctx, slots, sizeof *session->tensors);
  session->pointers = vt_alloc_zero(ctx, slots, sizeof *session->pointers);
  session->calls = vt_alloc_zero(ctx, plan->step_count, sizeof *session->calls);
  session->implementations = vt_alloc_zero(ctx, plan->step_count, sizeof *session->implementations);
  session->bound = vt_alloc_zero(ctx, plan->step_count, sizeof *session->bound);
  if (!session->arena || !session->scratch || !session->tensors || !session->pointers || !session->calls ||
      !session->implementations || !session->bound)
    return VT_ERROR_OUT_OF_MEMORY;
  memset(session->arena, 0,
         plan->arena_bytes); /* a run before inputs were written must not read what is not there */
  VT_TRY(vt_lane_new(ctx, plan->engine, &session->lane));
  for (size_t i = 0; i < plan->step_count; i++) {
    const vt_step *step = &plan->steps[i];
    if (step->kind == VT_STEP_PRIMITIVE) {
      VT_TRY(bind_primitive(ctx, session, step, &session->bound[i]));
    } else if (step->kind == VT_STEP_CALL) {
      bind_call(session, step, session->tensors + at, session->pointers + at, &session->calls[i]);
      session->implementations[i] = vt_call_implementation(&session->calls[i]);
    }
    at += (size_t)step->slot_count;
  }
  return VT_OK;
}

vt_status vt_session_new(vt_ctx *ctx, const vt_plan *plan, vt_session **out)
{
  *out = NULL;
  vt_session *session = vt_alloc_zero(ctx, 1, sizeof *session);
  if (!session) return VT_ERROR_OUT_OF_MEMORY;
  session->plan = plan;
  vt_status status = bind_all(ctx, session);
  if (status != VT_OK) {
    vt_session_free(session);
    return vt_fail_prefix(ctx, "%s: work space of %.0f MB", plan->graph->path,
                          (double)(plan->arena_bytes + plan->scratch_bytes) / 1e6);
  }
  *out = session;
  return VT_OK;
}

void vt_session_free(vt_session *session)
{
  if (!session) return;
  for (size_t i = 0; session->bound && i < session->plan->step_count; i++)
    vt_bound_free(session->bound[i]);
  vt_lane_free(session->lane);
  vt_free(session->bound);
  vt_free(session->implementations);
  vt_free(session->calls);
  vt_free(session->pointers);
  vt_free(session->tensors);
  vt_free(session->scratch);
  vt_free(session->arena);
  vt_free(session);
}

void *vt_session_input(vt_session *session, int index)
{
  if (index < 0 || index >= session->plan->input_count || session->plan->inputs[index] < 0) return NULL;
  return address(session, session->plan->inputs[index]);
}

const void *vt_session_output(const vt_session *session, int index)
{
  if (index < 0 || index >= session->plan->output_count) return NULL;
  return address(session, session->plan->outputs[index]);
}

static vt_status run_step(vt_ctx *ctx, vt_session *session, size_t index)
{
  const vt_step *step = &session->plan->steps[index];
  vt_status status = VT_OK;
  switch (step->kind) {
  case VT_STEP_PRIMITIVE:
    return vt_bound_run(ctx, session->bound[index], session->lane);
  case VT_STEP_CALL:
    status = session->implementations[index]->run(ctx, &session->calls[index]);
    break;
  case VT_STEP_COPY:
    memcpy(address(session, step->slots[1].buffer), address(session, step->slots[0].buffer),
           vt_bytes(&step->result));
    break;
  }
  if (status != VT_OK && strncmp(vt_ctx_message(ctx), "node '", 6) != 0)
    vt_fail_prefix(ctx, "node '%s' (%s)", step->name, step->op_name);
  return status;
}

vt_status vt_session_run(vt_ctx *ctx, vt_session *session)
{
  vt_team team;
  VT_TRY(vt_team_enter(ctx, session->plan->threads, &team));
  size_t mark = vt_tensor_mark(ctx);
  vt_status status = VT_OK;
  for (size_t i = 0; i < session->plan->step_count && status == VT_OK; i++) {
    double start = session->seconds ? vt_clock_seconds() : 0;
    status = run_step(ctx, session, i);
    if (session->seconds) session->seconds[i] += vt_clock_seconds() - start;
  }
  vt_tensor_release(ctx, mark);
  vt_team_leave(ctx, &team);
  return status;
}
