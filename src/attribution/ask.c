/* SPDX-License-Identifier: Apache-2.0
 *
 * Many questions to a model, in slices between which budgets and the cancel flag are looked at.
 */
#include "attribution/ask.h"

enum { SLICE = 256 };

vt_status vt_ask_stopped(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation, vt_status status)
{
  if (status != VT_ERROR_LIMIT && status != VT_ERROR_INTERRUPTED) return status;
  const char *reason = task->scorer ? vt_scorer_partial_reason(task->scorer, status) : "interrupted";
  if (!reason) return status;
  vt_ctx_clear(ctx);
  vt_free(explanation->partial_reason);
  explanation->partial = true;
  explanation->partial_reason = vt_strdup(ctx, reason);
  return explanation->partial_reason ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

vt_status vt_ask_too_few(vt_ctx *ctx, const vt_explanation *explanation, const char *method, int64_t done,
                         int64_t least)
{
  return vt_fail(ctx, VT_ERROR_LIMIT,
                 "%s was stopped (%s) after %lld answers and needs at least %lld to say anything", method,
                 explanation->partial_reason ? explanation->partial_reason : "limit", (long long)done,
                 (long long)least);
}

typedef struct asking {
  const vt_task *task;
  vt_compose_fn compose;
  void *user;
  int64_t first;  /* input that is item 0 */
  double *scores; /* of this slice */
  vt_scored scored[SLICE];
} asking;

static void compose_one(void *user, int item, float *input)
{
  const asking *a = user;
  a->compose(a->user, (int)(a->first + item), input);
}

static vt_status see_score(vt_ctx *ctx, void *user, const vt_sight *sight)
{
  VT_UNUSED(ctx);
  const asking *a = user;
  a->scores[sight->item] = sight->score;
  return VT_OK;
}

static vt_status ask_slice(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation, int items,
                           asking *a)
{
  VT_TRY(vt_check_cancel(ctx));
  if (!task->model) {
    vt_look look = {.target = &task->target};
    return vt_task_look(ctx, task, explanation, items, &look, compose_one, see_score, a);
  }
  if (!task->scorer) return vt_task_score(ctx, task, explanation, items, compose_one, a, a->scores);
  VT_TRY(vt_scorer_inputs(ctx, task->scorer, items, compose_one, a, a->scored));
  for (int i = 0; i < items; i++)
    a->scores[i] = a->scored[i].target;
  return VT_OK;
}

vt_status vt_ask_inputs(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation, int64_t count,
                        vt_compose_fn compose, void *user, double *scores, int64_t *done)
{
  asking a = {.task = task, .compose = compose, .user = user};
  *done = 0;
  while (*done < count) {
    int64_t left = task->scorer ? vt_scorer_left(task->scorer) : INT64_MAX, items = count - *done;
    if (items > SLICE) items = SLICE;
    if (items > left && left > 0) items = left;
    a.first = *done;
    a.scores = scores + *done;
    vt_progress(ctx, "asking", (double)*done, (double)count);
    vt_status status = ask_slice(ctx, task, explanation, (int)items, &a);
    if (status != VT_OK) return vt_ask_stopped(ctx, task, explanation, status);
    *done += items;
  }
  vt_progress(ctx, "asking", (double)count, (double)count);
  return VT_OK;
}
