/* SPDX-License-Identifier: Apache-2.0
 *
 * Backward elimination, guided: from the whole picture down, each round takes away the region without which F
 * of the rest is highest. Forward searches are blind at their start, where no region alone says anything;
 * this one is at its best there, when few regions are left and each counts (in the manner of sufficient input
 * subsets: Carter, Mueller, Jain, Gifford, AISTATS 2019).
 *
 * What need not be asked is guessed: everything asked so far trains one surrogate (surrogate.h). While many
 * regions are left, a round asks of a window of those that seem to matter least the one term of F in which
 * they differ more, and the other term of the few that then lead. Once few are left all are asked how the
 * score does without them.
 *
 * Between few regions the score of what is left swings more than that of the picture without it, so that the
 * order would serve Insertion alone; a tilt towards the complement makes up for it.
 */
#include <math.h>

#include "attribution/search_steps.h"
#include "attribution/surrogate.h"

/* Points that the surrogate learns from; later ones are not needed for good guesses. */
enum { SURROGATE_MOST = 1000 };

/* What is left of the front when `region` is taken away. */
typedef struct candidate {
  int region;
  double shown, removed; /* weighted terms of F: guessed, then asked */
  vt_scored asked[2];    /* answers: what is left alone, the picture without it */
} candidate;

typedef struct guided {
  vt_surrogate *surrogate;
  candidate *candidates; /* [count] */
  int count;
} guided;

/* Effectiveness is one of what is left, and changes little when one of many goes: left out. */
static double total(const candidate *c)
{
  return c->shown + c->removed;
}

/* The back with `region`, or (`shown`) what is left. */
static void subset_of(const vt_search_state *s, int region, bool shown, uint64_t *bits)
{
  memcpy(bits, s->back_bits, (size_t)s->words * sizeof *bits);
  vt_subset_add(bits, region);
  for (int w = 0; shown && w < s->words; w++)
    bits[w] = s->all_bits[w] & ~bits[w];
}

static void take_answer(const vt_search_state *s, candidate *c, bool removed, const vt_scored *answer)
{
  const vt_objective_weights *w = &s->options->weights;
  c->asked[removed] = *answer;
  if (removed)
    c->removed = s->options->tilt * w->collaboration * (1 - answer->target);
  else
    c->shown = w->consistency * answer->target + w->confidence * answer->confidence;
}

static void guess_all(vt_search_state *s, guided *g)
{
  const vt_objective_weights *w = &s->options->weights;
  uint64_t *bits = s->subsets;
  g->count = s->open_count;
  for (int i = 0; i < g->count; i++) {
    candidate *c = &g->candidates[i];
    *c = (candidate){.region = s->open[i]};
    subset_of(s, c->region, true, bits);
    c->shown = w->consistency * vt_surrogate_guess(g->surrogate, bits);
    subset_of(s, c->region, false, bits);
    c->removed = s->options->tilt * w->collaboration * (1 - vt_surrogate_guess(g->surrogate, bits));
    s->promise[c->region] = -total(c); /* the more is lost without it, the earlier it comes */
  }
}

/* The best `wanted` candidates come first, high first; ties: the first region. */
static int lead(candidate *candidates, int count, int wanted)
{
  if (wanted > count) wanted = count;
  for (int place = 0; place < wanted; place++) {
    int best = place;
    for (int i = place + 1; i < count; i++) {
      double more = total(&candidates[i]) - total(&candidates[best]);
      if (more > 0 || (more == 0 && candidates[i].region < candidates[best].region)) best = i;
    }
    candidate swap = candidates[place];
    candidates[place] = candidates[best];
    candidates[best] = swap;
  }
  return wanted;
}

static vt_status ask(vt_ctx *ctx, vt_search_state *s, guided *g, int count, bool removed)
{
  size_t words = (size_t)s->words;
  for (int i = 0; i < count; i++)
    subset_of(s, g->candidates[i].region, !removed, s->subsets + (size_t)i * words);
  VT_TRY(vt_scorer_subsets(ctx, s->task->scorer, s->subsets, count, s->scored));
  for (int i = 0; i < count; i++) {
    vt_surrogate_add(g->surrogate, s->subsets + (size_t)i * words, s->scored[i].target);
    take_answer(s, &g->candidates[i], removed, &s->scored[i]);
  }
  return VT_OK;
}

/* Variance of one term over the first `count` candidates. */
static double variance(const candidate *candidates, int count, bool removed)
{
  double sum = 0, squares = 0;
  for (int i = 0; i < count; i++) {
    double value = removed ? candidates[i].removed : candidates[i].shown;
    sum += value;
    squares += value * value;
  }
  return squares / count - sum / count * (sum / count);
}

/* How many candidates the round asks in which `open` regions are left. */
static int window_of(const vt_search_options *options, int open)
{
  return open <= options->last || open < options->window ? open : options->window;
}

static vt_status round_of(vt_ctx *ctx, vt_search_state *s, guided *g)
{
  VT_TRY(vt_steps_next(ctx, s));
  VT_TRY(vt_surrogate_fit(ctx, g->surrogate));
  guess_all(s, g);
  int window = lead(g->candidates, g->count, window_of(s->options, s->open_count));
  bool removed = s->open_count > s->options->last &&
                 variance(g->candidates, window, true) > variance(g->candidates, window, false);
  VT_TRY(ask(ctx, s, g, window, removed));
  int leaders = lead(g->candidates, window, s->options->leaders);
  VT_TRY(ask(ctx, s, g, leaders, !removed));
  lead(g->candidates, leaders, 1);
  const candidate *best = &g->candidates[0];
  vt_steps_to_back(s, best->region, &best->asked[1], &best->asked[0]);
  return VT_OK;
}

/* Random halves of the picture, each with the other half, are what guesses start from. */
static vt_status ask_halves(vt_ctx *ctx, vt_search_state *s, guided *g)
{
  size_t words = (size_t)s->words, halves = (size_t)s->options->halves;
  uint64_t *bits = vt_alloc_zero(ctx, halves * words + 1, sizeof *bits);
  vt_scored *scored = vt_alloc_zero(ctx, halves + 1, sizeof *scored);
  vt_status status = bits && scored ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (size_t row = 0; row < halves && status == VT_OK; row++)
    vt_steps_half(s, (int)row, bits + row * words);
  if (status == VT_OK) status = vt_scorer_subsets(ctx, s->task->scorer, bits, (int)halves, scored);
  for (size_t row = 0; row < halves && status == VT_OK; row++)
    vt_surrogate_add(g->surrogate, bits + row * words, scored[row].target);
  vt_free(bits);
  vt_free(scored);
  return status;
}

static int64_t calls(const vt_search_options *options, int regions)
{
  int64_t calls = regions > 1 ? options->halves : 0;
  for (int open = regions; open > 1; open--) {
    int window = window_of(options, open);
    calls += window + (options->leaders < window ? options->leaders : window);
  }
  return calls;
}

static vt_status run(vt_ctx *ctx, vt_search_state *s)
{
  guided g = {0};
  bool probability = vt_scorer_options_of(s->task->scorer)->score == VT_SCORE_PROBABILITY;
  int64_t most = calls(s->options, s->count) + 2;
  g.candidates = vt_alloc_zero(ctx, (size_t)s->count, sizeof *g.candidates);
  vt_status status = g.candidates ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK)
    status = vt_surrogate_new(ctx, s->count, (int)(most < SURROGATE_MOST ? most : SURROGATE_MOST),
                              probability, &g.surrogate);
  if (status == VT_OK) {
    vt_surrogate_add(g.surrogate, s->all_bits, s->full.target);
    vt_surrogate_add(g.surrogate, s->front_bits, s->blank.target);
    if (s->count > 1) status = ask_halves(ctx, s, &g);
  }
  while (status == VT_OK && s->open_count > 1)
    status = round_of(ctx, s, &g);
  if (status == VT_OK) vt_steps_imply_last(s);
  vt_surrogate_free(g.surrogate);
  vt_free(g.candidates);
  return status;
}

const vt_search_strategy vt_search_backward = {"backward", run, calls, NULL};
