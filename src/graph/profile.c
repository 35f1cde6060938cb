/* SPDX-License-Identifier: Apache-2.0
 *
 * Timing of each step.
 */
#include "graph/profile.h"

#include "graph/plan_dnnl.h"

static const char *implementation_name(const vt_session *session, size_t index)
{
  const vt_step *step = &session->plan->steps[index];
  switch (step->kind) {
  case VT_STEP_PRIMITIVE:
    return vt_primitive_name(step->primitive);
  case VT_STEP_CALL:
    return session->implementations[index]->name;
  case VT_STEP_COPY:
    break;
  }
  return "memcpy";
}

vt_status vt_profile_run(vt_ctx *ctx, vt_session *session, int warm_up, int runs, vt_profile **out)
{
  *out = NULL;
  if (runs < 1)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a profile needs at least one run, not %d", runs);
  const vt_plan *plan = session->plan;
  vt_profile *profile = vt_alloc_zero(ctx, 1, sizeof *profile);
  double *seconds = vt_alloc_zero(ctx, plan->step_count, sizeof *seconds);
  vt_status status = profile && seconds ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK && !(profile->rows = vt_alloc_zero(ctx, plan->step_count, sizeof *profile->rows)))
    status = VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; i < warm_up && status == VT_OK; i++)
    status = vt_session_run(ctx, session);
  session->seconds = seconds;
  for (int i = 0; i < runs && status == VT_OK; i++)
    status = vt_session_run(ctx, session);
  session->seconds = NULL;
  if (status == VT_OK) {
    profile->count = plan->step_count;
    profile->runs = runs;
    profile->gflop = plan->flops / 1e9;
    profile->arena_bytes = plan->arena_bytes;
    profile->scratch_bytes = plan->scratch_bytes;
    for (size_t i = 0; i < plan->step_count; i++) {
      const vt_step *step = &plan->steps[i];
      profile->rows[i] = (vt_profile_row){
          .name = step->name,
          .op = step->op_name,
          .implementation = implementation_name(session, i),
          .milliseconds = seconds[i] * 1e3 / runs,
          .gflop = step->flops / 1e9,
          .shape = step->result,
          .fused = step->fused,
          .layout_change = step->kind == VT_STEP_PRIMITIVE && strcmp(step->op_name, "reorder") == 0,
      };
      profile->milliseconds += profile->rows[i].milliseconds;
    }
    *out = profile;
    profile = NULL;
  }
  vt_free(seconds);
  vt_profile_free(profile);
  return status;
}

void vt_profile_free(vt_profile *profile)
{
  if (!profile) return;
  vt_free(profile->rows);
  vt_free(profile);
}
