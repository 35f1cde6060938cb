/* SPDX-License-Identifier: Apache-2.0
 *
 * One search from start to end: what is known beforehand, the strategy, what is kept when it ends early.
 */
#include "attribution/search_steps.h"

/* By vt_search_kind. */
static const vt_search_strategy *const strategies[VT_SEARCH_KINDS] = {
    [VT_SEARCH_BIDIRECTIONAL] = &vt_search_bidirectional,
    [VT_SEARCH_GREEDY] = &vt_search_greedy,
    [VT_SEARCH_LAZY] = &vt_search_lazy,
    [VT_SEARCH_STOCHASTIC] = &vt_search_stochastic,
    [VT_SEARCH_BEAM] = &vt_search_beam,
    [VT_SEARCH_PRIOR] = &vt_search_prior,
    [VT_SEARCH_BACKWARD] = &vt_search_backward,
    [VT_SEARCH_COARSE] = &vt_search_coarse,
    [VT_SEARCH_EFFICIENT_V1] = &vt_search_efficient_v1,
    [VT_SEARCH_ONE_SHOT] = &vt_search_one_shot,
};

/* The whole picture and nothing: both ends of both curves. */
static vt_status score_ends(vt_ctx *ctx, vt_search_state *s)
{
  vt_explanation *out = s->out;
  vt_scored ends[2];
  memcpy(s->subsets, s->all_bits, (size_t)s->words * sizeof(uint64_t));
  memset(s->subsets + s->words, 0, (size_t)s->words * sizeof(uint64_t));
  VT_TRY(vt_scorer_subsets(ctx, s->task->scorer, s->subsets, 2, ends));
  s->full = ends[0];
  s->blank = ends[1];
  out->full = out->deletion[0] = out->insertion[s->count] = s->full.target;
  out->blank = out->insertion[0] = out->deletion[s->count] = s->blank.target;
  if (out->insertion_second) {
    out->insertion_second[0] = s->blank.second;
    out->insertion_second[s->count] = s->full.second;
  }
  out->objective[s->count - 1] = vt_objective(&s->options->weights, &s->full, &s->blank, 0);
  s->front_value = vt_objective(&s->options->weights, &s->blank, &s->full, 0);
  return VT_OK;
}

vt_status vt_search(vt_ctx *ctx, const vt_task *task, const vt_search_options *options,
                    vt_explanation *explanation)
{
  vt_search_state s = {.task = task, .options = options, .out = explanation};
  s.count = vt_regions_count(task->regions);
  s.words = vt_scorer_words(task->scorer);
  double *distances = NULL;
  vt_status status = VT_OK;
  if (options->weights.effectiveness > 0 && vt_model_embedding_floats(task->model) > 0)
    VT_TRY_DONE(vt_region_distances(ctx, task->scorer, task->model, s.count, &distances));
  VT_TRY_DONE(vt_steps_init(ctx, &s, distances));
  VT_TRY_DONE(score_ends(ctx, &s));
  status = strategies[options->kind]->run(ctx, &s);
  const char *reason = vt_scorer_partial_reason(task->scorer, status);
  if (reason) {
    explanation->partial = true;
    vt_ctx_clear(ctx);
    explanation->partial_reason = vt_strdup(ctx, reason);
    status = explanation->partial_reason ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  }
  if (status == VT_OK) {
    vt_progress(ctx, "searching", s.count, s.count);
    status = vt_steps_finish(ctx, &s);
  }
done:
  vt_steps_free(&s);
  vt_free(distances);
  return status;
}

int64_t vt_search_calls(const vt_search_options *options, int regions)
{
  return strategies[options->kind]->calls(options, regions);
}

int64_t vt_search_curve_calls(const vt_search_options *options, int regions)
{
  int64_t (*points)(int) = strategies[options->kind]->points;
  return points ? points(regions) : 0;
}
