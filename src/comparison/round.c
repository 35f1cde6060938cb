/* SPDX-License-Identifier: Apache-2.0
 *
 * All outcomes of a picture at once.
 */
#include "comparison/judge.h"

typedef struct collecting {
  vt_round *round;
  const vt_contest *contest;
} collecting;

static vt_status take_explanation(vt_ctx *ctx, void *user, int contender, const vt_made *made,
                                  const char *error)
{
  vt_round_contender *kept = &((collecting *)user)->round->contenders[contender];
  if (!made) return (kept->error = vt_strdup(ctx, error)) ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  kept->partial = made->partial;
  kept->calls = made->calls;
  kept->forwards = made->forwards;
  kept->samples = made->samples;
  kept->seconds = made->seconds;
  return VT_OK;
}

/* Where the outcome stands: the contender of a budget comes first, but is not first in the list. */
static size_t place_of(const collecting *self, const vt_outcome *outcome)
{
  size_t both = (size_t)self->contest->as_it_is + (size_t)self->contest->equal,
         later = outcome->granularity == VT_EQUAL_GRANULARITY && self->contest->as_it_is;
  return ((size_t)outcome->contender * self->contest->criterion_count + (size_t)outcome->criterion) * both +
         later;
}

static vt_status take_outcome(vt_ctx *ctx, void *user, vt_outcome *outcome)
{
  collecting *self = user;
  size_t place = place_of(self, outcome);
  char *error = outcome->error ? vt_strdup(ctx, outcome->error) : NULL;
  if (outcome->error && !error) return VT_ERROR_OUT_OF_MEMORY;
  self->round->errors[place] = error;
  self->round->outcomes[place] = *outcome;
  self->round->outcomes[place].error = error;
  outcome->measure = (vt_measure){0}; /* it is the round's now */
  return VT_OK;
}

vt_status vt_judge_picture(vt_ctx *ctx, const vt_contest *contest, const vt_exhibit *exhibit, vt_round *out)
{
  vt_bench bench;
  *out = (vt_round){.contender_count = contest->contender_count};
  collecting self = {out, contest};
  vt_judge_sink sink = {.user = &self, .explained = take_explanation, .measured = take_outcome};
  size_t count = contest->contender_count * contest->criterion_count *
                 ((size_t)contest->as_it_is + (size_t)contest->equal);
  out->contenders = vt_alloc_zero(ctx, contest->contender_count, sizeof *out->contenders);
  out->outcomes = vt_alloc_zero(ctx, count, sizeof *out->outcomes);
  out->errors = vt_alloc_zero(ctx, count, sizeof *out->errors);
  vt_status status = out->contenders && out->outcomes && out->errors ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    out->outcome_count = count;
    status = vt_bench_open(ctx, exhibit, &contest->terms, &bench);
  }
  if (status == VT_OK) {
    out->target = bench.target;
    out->predicted = bench.predicted;
    out->full = bench.full;
    out->blank = bench.blank_score;
    status = vt_judge(ctx, contest, &bench, &sink);
    vt_bench_close(&bench);
  }
  if (status != VT_OK) vt_round_free(out);
  return status;
}

void vt_round_free(vt_round *round)
{
  for (size_t i = 0; round->contenders && i < round->contender_count; i++)
    vt_free(round->contenders[i].error);
  for (size_t i = 0; i < round->outcome_count; i++) {
    vt_measure_free(&round->outcomes[i].measure);
    vt_free(round->errors[i]);
  }
  vt_free(round->contenders);
  vt_free(round->outcomes);
  vt_free(round->errors);
  *round = (vt_round){0};
}

const vt_outcome *vt_round_find(const vt_round *round, int contender, int criterion,
                                vt_granularity granularity)
{
  for (size_t i = 0; i < round->outcome_count; i++) {
    const vt_outcome *outcome = &round->outcomes[i];
    if (outcome->contender == contender && outcome->criterion == criterion &&
        outcome->granularity == granularity)
      return outcome;
  }
  return NULL;
}
