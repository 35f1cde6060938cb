/* SPDX-License-Identifier: Apache-2.0 */
#include "comparison/judge.h"

#include <math.h>

#include "tensor/tensor.h"

vt_status vt_contest_check(vt_ctx *ctx, const vt_contest *contest, bool masks, bool parts)
{
  for (size_t i = 0; i < contest->criterion_count; i++) {
    unsigned needs = contest->criteria[i].metric->needs;
    if (needs & VT_NEEDS_MASKS && !masks)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                     "'%s' compares with a mask of what decides, and no truth is given",
                     contest->criteria[i].label);
    if (needs & VT_NEEDS_PARTS && !parts)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                     "'%s' needs parts with true effects; vitrail truth has them",
                     contest->criteria[i].label);
  }
  for (size_t i = 0; i < contest->contender_count; i++)
    if (contest->contenders[i].kind == VT_CONTENDER_ORACLE && !masks)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                     "'%s' is the mask of what decides, and no truth is given", contest->contenders[i].label);
  return VT_OK;
}

static bool wanted(const vt_contest *contest, const vt_judge_sink *sink, int contender, int criterion,
                   vt_granularity granularity)
{
  if (granularity == VT_AS_IT_IS ? !contest->as_it_is : !contest->equal) return false;
  return !sink->wanted || sink->wanted(sink->user, contender, criterion, granularity);
}

static bool any_wanted(const vt_contest *contest, const vt_judge_sink *sink, int contender)
{
  for (int i = 0; i < (int)contest->criterion_count; i++)
    if (wanted(contest, sink, contender, i, VT_AS_IT_IS) ||
        wanted(contest, sink, contender, i, VT_EQUAL_GRANULARITY))
      return true;
  return false;
}

/* ---- one contender ---- */

typedef struct judging {
  const vt_contest *contest;
  const vt_bench *bench;
  const vt_judge_sink *sink;
  int64_t budget; /* 0: none */
} judging;

/* A failure that is this contender's or metric's alone becomes a text; one that ends everything stays. */
static vt_status keep_failure(vt_ctx *ctx, vt_status status, char **error)
{
  if (status == VT_OK || status == VT_ERROR_INTERRUPTED) return status;
  char *text = vt_strdup(ctx, vt_ctx_message(ctx));
  if (!text) return status;
  vt_ctx_clear(ctx);
  vt_free(*error);
  *error = text;
  return VT_OK;
}

static vt_status hand_over(vt_ctx *ctx, const judging *work, vt_outcome *outcome)
{
  vt_status status = work->sink->measured(ctx, work->sink->user, outcome);
  vt_measure_free(&outcome->measure);
  return status;
}

static vt_status copy_measure(vt_ctx *ctx, const vt_measure *from, vt_measure *out)
{
  size_t bytes = (size_t)from->points * sizeof *from->scores;
  *out = *from;
  out->scores = from->scores ? vt_alloc(ctx, bytes) : NULL;
  out->areas = from->areas ? vt_alloc(ctx, bytes) : NULL;
  out->note = from->note ? vt_strdup(ctx, from->note) : NULL;
  if ((from->scores && !out->scores) || (from->areas && !out->areas) || (from->note && !out->note)) {
    vt_measure_free(out);
    return VT_ERROR_OUT_OF_MEMORY;
  }
  if (bytes && from->scores) memcpy(out->scores, from->scores, bytes);
  if (bytes && from->areas) memcpy(out->areas, from->areas, bytes);
  return VT_OK;
}

/* One figure. `error` receives an owned text when the metric failed. */
static vt_status measure_one(vt_ctx *ctx, const judging *work, vt_made *made, vt_outcome *outcome,
                             char **error)
{
  const vt_criterion *by = &work->contest->criteria[outcome->criterion];
  double start = vt_clock_seconds();
  size_t mark = vt_tensor_mark(ctx);
  vt_status status = keep_failure(
      ctx, vt_bench_measure(ctx, work->bench, made, by, outcome->granularity, &outcome->measure), error);
  vt_tensor_release(ctx, mark);
  outcome->seconds = vt_clock_seconds() - start;
  if (*error) {
    outcome->error = *error;
    outcome->measure =
        (vt_measure){.metric = by->metric, .protocol = by->protocol, .value = NAN, .normalised = NAN};
  }
  return status == VT_OK ? vt_check_cancel(ctx) : status; /* what was cut short is no figure */
}

/* Both granularities of one criterion, measured once where they are the same. */
static vt_status measure(vt_ctx *ctx, const judging *work, int contender, vt_made *made, const char *failure,
                         int criterion)
{
  const vt_criterion *by = &work->contest->criteria[criterion];
  bool want[2], same = made && vt_bench_same(work->bench, made, by), copied = false;
  char *error = NULL;
  vt_outcome kept = {0}; /* a copy of the first figure for the second */
  vt_status status = VT_OK;
  for (int g = VT_AS_IT_IS; g <= VT_EQUAL_GRANULARITY; g++)
    want[g] = wanted(work->contest, work->sink, contender, criterion, (vt_granularity)g);
  for (int g = VT_AS_IT_IS; status == VT_OK && g <= VT_EQUAL_GRANULARITY; g++) {
    vt_outcome outcome = {
        .contender = contender,
        .criterion = criterion,
        .granularity = (vt_granularity)g,
        .measure = {.metric = by->metric, .protocol = by->protocol, .value = NAN, .normalised = NAN},
        .error = failure};
    if (!want[g]) continue;
    if (copied) {
      outcome = kept;
      outcome.granularity = VT_EQUAL_GRANULARITY;
      kept.measure = (vt_measure){0};
    } else if (made) {
      vt_free(error);
      error = NULL;
      status = measure_one(ctx, work, made, &outcome, &error);
    }
    if (status == VT_OK && g == VT_AS_IT_IS && same && want[VT_EQUAL_GRANULARITY]) {
      kept = outcome;
      status = copy_measure(ctx, &outcome.measure, &kept.measure);
      copied = status == VT_OK;
    }
    if (status == VT_OK)
      status = hand_over(ctx, work, &outcome);
    else
      vt_measure_free(&outcome.measure);
  }
  vt_measure_free(&kept.measure);
  vt_free(error);
  return status;
}

static vt_status judge_made(vt_ctx *ctx, const judging *work, int contender, vt_made *made,
                            const char *failure)
{
  const vt_judge_sink *sink = work->sink;
  if (sink->explained) VT_TRY(sink->explained(ctx, sink->user, contender, made, failure));
  for (int i = 0; i < (int)work->contest->criterion_count; i++)
    VT_TRY(measure(ctx, work, contender, made, failure, i));
  return VT_OK;
}

/* `budget` receives the calls of the explanation; NULL: nobody asks. */
static vt_status judge_contender(vt_ctx *ctx, const judging *work, int contender, int64_t *budget)
{
  vt_made *made = NULL;
  char *failure = NULL;
  size_t mark = vt_tensor_mark(ctx);
  vt_status status = keep_failure(
      ctx, vt_bench_explain(ctx, work->bench, &work->contest->contenders[contender], work->budget, &made),
      &failure);
  vt_tensor_release(ctx, mark);
  if (status == VT_OK && budget) *budget = made ? made->calls : 0;
  if (status == VT_OK) status = judge_made(ctx, work, contender, made, failure);
  vt_made_free(made);
  vt_free(failure);
  return status;
}

/* A row of its own for each, when nobody knows what the budget is. */
static vt_status refuse(vt_ctx *ctx, const judging *work, int contender)
{
  char text[200];
  snprintf(text, sizeof text, "no budget is known: '%.100s' explained nothing, or took no calls",
           work->contest->contenders[work->contest->budget_of].label);
  return judge_made(ctx, work, contender, NULL, text);
}

vt_status vt_judge(vt_ctx *ctx, const vt_contest *contest, const vt_bench *bench, const vt_judge_sink *sink)
{
  judging work = {contest, bench, sink, 0};
  int first = contest->budget_of;
  int64_t budget = 0;
  if (first >= 0) {
    bool open = false; /* something is wanted that hangs on the budget */
    for (int i = 0; i < (int)contest->contender_count; i++)
      open = open || any_wanted(contest, sink, i);
    if (sink->known_budget) budget = sink->known_budget(sink->user);
    if (any_wanted(contest, sink, first) || (open && budget <= 0))
      VT_TRY(judge_contender(ctx, &work, first, &budget));
  }
  work.budget = budget;
  for (int i = 0; i < (int)contest->contender_count; i++) {
    const vt_contender *contender = &contest->contenders[i];
    if (i == first || !any_wanted(contest, sink, i)) continue;
    bool samples = contender->kind == VT_CONTENDER_METHOD && contender->method->samples;
    VT_TRY(first >= 0 && budget <= 0 && samples ? refuse(ctx, &work, i)
                                                : judge_contender(ctx, &work, i, NULL));
  }
  return VT_OK;
}
