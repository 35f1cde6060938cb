/* SPDX-License-Identifier: Apache-2.0
 *
 * One run under a rule set.
 */
#include "attribution/rule_map.h"

int64_t vt_rule_one_call(const void *settings, int regions, bool embedding)
{
  VT_UNUSED(settings);
  VT_UNUSED(regions);
  VT_UNUSED(embedding);
  return 1;
}

typedef struct ruled {
  const vt_task *task;
  size_t floats;
  double *map;
  vt_rule_start start;
} ruled;

static void compose(void *user, int item, float *input)
{
  VT_UNUSED(item);
  const ruled *one = user;
  memcpy(input, one->task->input, one->floats * sizeof *input);
}

static vt_status see(vt_ctx *ctx, void *user, const vt_sight *sight)
{
  ruled *one = user;
  VT_UNUSED(ctx);
  vt_look_add(one->map, sight->gradient, 1);
  one->start.score = sight->score;
  one->start.relevance = 0;
  for (size_t i = 0; i < sight->read_count; i++)
    one->start.relevance += sight->read[i] * sight->slopes[i];
  return VT_OK;
}

vt_status vt_rule_map_start(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation,
                            const vt_rule_request *request, double **out, vt_rule_start *start)
{
  vt_subject subject = *task->subject;
  vt_task same = *task;
  if (request->graph) subject.graph = request->graph;
  same.subject = &subject;
  ruled one = {.task = &same, .floats = vt_subject_floats(&subject)};
  *out = one.map = vt_alloc_zero(ctx, one.floats, sizeof *one.map);
  if (!one.map) return VT_ERROR_OUT_OF_MEMORY;
  vt_look look = {
      .target = &same.target, .gradient = true, .rules = request->rules, .reference = request->reference};
  look.start = request->start;
  vt_status status = vt_task_look(ctx, &same, explanation, 1, &look, compose, see, &one);
  if (start) *start = one.start;
  if (status == VT_OK) return VT_OK;
  vt_free(one.map);
  *out = NULL;
  return status;
}

vt_status vt_rule_map(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation,
                      const vt_rule_request *request, double **out)
{
  return vt_rule_map_start(ctx, task, explanation, request, out, NULL);
}
