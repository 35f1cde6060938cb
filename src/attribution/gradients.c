/* SPDX-License-Identifier: Apache-2.0
 *
 * One gradient.
 */
#include "attribution/gradients.h"

typedef struct single {
  const float *input;
  size_t floats;
  double *gradient;
} single;

static void compose_single(void *user, int item, float *input)
{
  VT_UNUSED(item);
  const single *one = user;
  memcpy(input, one->input, one->floats * sizeof *input);
}

static vt_status see_single(vt_ctx *ctx, void *user, const vt_sight *sight)
{
  VT_UNUSED(ctx);
  const single *one = user;
  vt_look_add(one->gradient, sight->gradient, 1);
  return VT_OK;
}

vt_status vt_gradient_at(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation, const float *input,
                         const vt_rule_set *rules, double **out)
{
  single one = {.input = input, .floats = vt_subject_floats(task->subject)};
  *out = one.gradient = vt_alloc_zero(ctx, one.floats, sizeof *one.gradient);
  if (!one.gradient) return VT_ERROR_OUT_OF_MEMORY;
  vt_look look = {.target = &task->target, .gradient = true, .rules = rules};
  vt_status status = vt_task_look(ctx, task, explanation, 1, &look, compose_single, see_single, &one);
  if (status == VT_OK) return VT_OK;
  vt_free(one.gradient);
  *out = NULL;
  return status;
}
