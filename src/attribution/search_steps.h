/* SPDX-License-Identifier: Apache-2.0
 *
 * Steps that searches are made of: score candidates, send one to the front or to the back, keep the curve
 * points that fall out. A search is a file search_NAME.c ending in a vt_search_strategy, and its line in
 * search.c.
 */
#ifndef VT_ATTRIBUTION_SEARCH_STEPS_H
#define VT_ATTRIBUTION_SEARCH_STEPS_H

#include "attribution/search.h"

typedef struct vt_search_state {
  const vt_task *task;
  const vt_search_options *options;
  vt_explanation *out;
  int count; /* k */
  int words; /* of a subset */
  int *open; /* [open_count] regions in neither set, rising */
  int open_count;
  int *back; /* regions of the back, in order of arrival: the last of the order first */
  int front_count, back_count;
  uint64_t *front_bits, *back_bits, *all_bits; /* [words] each */
  uint64_t *subsets;                           /* [2·count, words] of one round */
  vt_scored *scored;                           /* [2·count]: set + candidate, then the complements */
  vt_scored full, blank;
  /* By region. What puts open regions in order when a search ends early: F(front + region) when it was last a
   * candidate, or what a prior says. */
  double *promise;
  int *promised_at; /* how many were at the front then; −1: never asked */
  double *earlier;  /* the same, one asking before, for the violation rate */
  int *earlier_at;
  double *proxy;   /* by region, of the last front round: F with the back's effectiveness (§4 step 3) */
  int *candidates; /* [count] room for a strategy's choice */
  vt_diversity front_diversity, back_diversity;
  int64_t triples, violations;      /* of diminishing returns */
  double front_value, before_value; /* F(front), F(front before its last pick) */
} vt_search_state;

typedef struct vt_search_strategy {
  const char *id;
  /* Orders all open regions. Errors that vt_scorer_partial_reason() knows end the search, not the run. */
  vt_status (*run)(vt_ctx *ctx, vt_search_state *s);
  int64_t (*calls)(const vt_search_options *options, int regions);
  int64_t (*points)(int regions); /* curve points it leaves open; NULL: none */
} vt_search_strategy;

extern const vt_search_strategy vt_search_bidirectional, vt_search_greedy, vt_search_lazy,
    vt_search_stochastic, vt_search_beam, vt_search_prior, vt_search_backward, vt_search_coarse,
    vt_search_efficient_v1, vt_search_one_shot;

/* Scores `set` + c and its complement for each of `count` regions into s->scored: entries [0, count) and
 * [count, 2·count). */
vt_status vt_steps_score(vt_ctx *ctx, vt_search_state *s, const uint64_t *set, const int *regions, int count);
/* F of the front + candidate i of the `count` last scored. */
double vt_steps_value(const vt_search_state *s, int region, int i, int count);

/* `region` joins the front or the back. The points of its prefix are taken from `shown` (front: the prefix;
 * back: the back set) and `removed` (the complement of `shown`); both NULL: not evaluated. */
void vt_steps_to_front(vt_search_state *s, int region, const vt_scored *shown, const vt_scored *removed);
void vt_steps_to_back(vt_search_state *s, int region, const vt_scored *shown, const vt_scored *removed);

/* One round of the front: of `count` candidates (open regions, rising), the one with the highest F joins it.
 * Its place among them comes back in `best`. Counts violations of diminishing returns on the way. */
vt_status vt_steps_front_round(vt_ctx *ctx, vt_search_state *s, const int *candidates, int count, int *best);
/* One round of the back: the one whose F with the back set is lowest joins it. */
vt_status vt_steps_back_round(vt_ctx *ctx, vt_search_state *s, const int *candidates, int count);
/* Random half number `row` of the picture as a subset (zeroed before); odd rows are what the one before them
 * leaves out. */
void vt_steps_half(const vt_search_state *s, int row, uint64_t *bits);
/* Before each round: progress and whether the user wants to stop. */
vt_status vt_steps_next(vt_ctx *ctx, const vt_search_state *s);
/* The only open region takes the place that is left, unasked. */
void vt_steps_imply_last(vt_search_state *s);

/* Picks `wanted` (or all) of the open regions with the highest (or lowest) `value` [count, by region]; ties:
 * the first region. They come out rising. Returns how many. */
int vt_steps_pick(const vt_search_state *s, const double *value, bool highest, int wanted, int *out);

/* The search from both ends inside a window of `prior` [count, by region] (search_windowed.c), and its calls.
 */
vt_status vt_search_windowed(vt_ctx *ctx, vt_search_state *s, const double *prior);
int64_t vt_search_windowed_calls(int window, int regions);

vt_status vt_steps_init(vt_ctx *ctx, vt_search_state *s, const double *distances);
void vt_steps_free(vt_search_state *s); /* members only */
/* The order from front, open regions and back, and what is still missing of the objective. */
vt_status vt_steps_finish(vt_ctx *ctx, vt_search_state *s);

#endif
