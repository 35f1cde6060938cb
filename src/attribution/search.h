/* SPDX-License-Identifier: Apache-2.0
 *
 * Searches that order regions by the set function of objective.h: from both ends (LiMA, 01-lima §4), from the
 * front (SMDL, "plain greedy"), and ways that ask the model less.
 */
#ifndef VT_ATTRIBUTION_SEARCH_H
#define VT_ATTRIBUTION_SEARCH_H

#include "attribution/objective.h"

typedef enum vt_search_kind {
  VT_SEARCH_BIDIRECTIONAL,
  VT_SEARCH_GREEDY,
  VT_SEARCH_LAZY,
  VT_SEARCH_STOCHASTIC,
  VT_SEARCH_BEAM,
  VT_SEARCH_PRIOR,
  VT_SEARCH_BACKWARD,
  VT_SEARCH_COARSE,
  VT_SEARCH_EFFICIENT_V1,
  VT_SEARCH_ONE_SHOT,
  VT_SEARCH_KINDS
} vt_search_kind;
/* Choices of a setting, in this order. */
#define VT_SEARCH_CHOICES                                                                                    \
  "bidirectional|greedy|lazy|stochastic|beam|prior|backward|coarse|efficient-v1|one-shot"

typedef struct vt_search_options {
  vt_objective_weights weights;
  vt_search_kind kind;
  int pending;  /* n_p ≥ 2: candidates examined for the back; of bidirectional */
  int window;   /* ≥ 1: candidates scored in a round; of lazy, prior, coarse and backward */
  int masks;    /* ≥ 2: random subsets that a prior is fitted to; of prior */
  double share; /* in (0, 1]: of the open regions, scored in a round; of stochastic */
  int width;    /* ≥ 1: fronts kept; of beam */
  int halves;   /* ≥ 0; of backward: random subsets that guesses start from */
  int last;     /* ≥ 0; of backward: regions left from which on all are scored in a round */
  double tilt;  /* > 0; of backward: factor of collaboration while it chooses */
  int leaders;  /* ≥ 1; of backward: candidates of which both terms of F are asked */
  int groups;   /* ≥ 1: of coarse: what regions are merged to at first */
} vt_search_options;

/* Fills order, curves, objective, violation counts, known and partial of `explanation` (made for
 * task->regions). Every curve point is a model output of the prefix it stands for; those that a search did
 * not need stay NaN. When the budget, the time or the user ends it early, the front found so far stays, then
 * the open candidates by the last that is known of them, then the back: a valid order, marked partial. */
vt_status vt_search(vt_ctx *ctx, const vt_task *task, const vt_search_options *options,
                    vt_explanation *explanation);

/* Model calls of a search, without full, blank and embeddings. Exact, but for two: bidirectional asks 2 less
 * for each round in which the front's choice is among the pending (01-lima §5), beam less when fewer fronts
 * than `width` can be told apart. */
int64_t vt_search_calls(const vt_search_options *options, int regions);
/* Calls for the curve points that the search did not need, if the explanation is to have all of them. */
int64_t vt_search_curve_calls(const vt_search_options *options, int regions);

#endif
