/* SPDX-License-Identifier: Apache-2.0
 *
 * Greedy searches over regions, from one end (SMDL, "plain greedy") or from both (LiMA, 01-lima §4).
 */
#ifndef VT_ATTRIBUTION_SEARCH_H
#define VT_ATTRIBUTION_SEARCH_H

#include "attribution/objective.h"

typedef struct vt_search_options {
  vt_objective_weights weights;
  int pending;     /* n_p: candidates examined for the back; 0: search from the front only */
  bool imply_last; /* front only: the last region is appended without evaluation (SMDL) */
} vt_search_options;

/* Fills order, curves, objective, violation counts, known and partial of `explanation` (made for
 * task->regions). Every curve point is a model output of the prefix it stands for. When the budget, the time
 * or the user ends it early, the front found so far stays, then the open candidates by their last F, then the
 * back: a valid order, marked partial. */
vt_status vt_search(vt_ctx *ctx, const vt_task *task, const vt_search_options *options,
                    vt_explanation *explanation);

/* Model calls of a search, without full, blank and embeddings (01-lima §5): an upper bound by 2 for each
 * round in which the front's choice is among the pending. */
int64_t vt_search_calls(int regions, int pending, bool imply_last);

#endif
