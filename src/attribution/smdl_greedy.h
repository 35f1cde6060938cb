/* SPDX-License-Identifier: Apache-2.0
 *
 * The greedy search of SMDL on four scores whose sources can be chosen, with the measure of how far each
 * score is from what the theory asks of it.
 */
#ifndef VT_ATTRIBUTION_SMDL_GREEDY_H
#define VT_ATTRIBUTION_SMDL_GREEDY_H

#include "attribution/objective.h"
#include "attribution/uncertainty.h"

enum {
  VT_SMDL_CONSISTENCY,
  VT_SMDL_COLLABORATION,
  VT_SMDL_CONFIDENCE,
  VT_SMDL_EFFECTIVENESS,
  VT_SMDL_F, /* their weighted sum */
  VT_SMDL_VALUES
};
/* "consistency" … "objective". */
extern const char *const vt_smdl_value_names[VT_SMDL_VALUES];

/* Where the scores come from. Everything is borrowed. */
typedef struct vt_smdl_judge {
  const vt_task *task;
  vt_objective_weights weights;
  vt_uncertainty *uncertainty; /* confidence = 1 − u(x_S); NULL: 1 − H/ln K of the model explained */
  const double *distances;     /* [k, k] between regions; NULL: effectiveness is 0 */
  /* Consistency and collaboration from the cosine between the embedding and this direction of unit length,
   * [vt_model_embedding_floats()]; NULL: from the target's score. */
  const float *direction;
} vt_smdl_judge;

typedef struct vt_smdl_findings {
  double *steps;   /* [k, VT_SMDL_VALUES] of the prefixes that the search evaluated, NaN elsewhere */
  int64_t triples; /* (A, A + last pick, v) */
  int64_t pairs;   /* (A, v) */
  int64_t not_submodular[VT_SMDL_VALUES]; /* triples with a larger gain for the larger set */
  int64_t not_monotone[VT_SMDL_VALUES];   /* pairs with s(A + v) < s(A) */
} vt_smdl_findings;
void vt_smdl_findings_free(vt_smdl_findings *findings); /* members only */

/* Ranks the regions of the task: plain greedy, the last region implied. `splits` > 1: the regions are
 * dealt out at random (by the task's seed) to that many parts, each part nominates the better half of its
 * regions greedily, the nominated are ranked greedily from nothing, and the others follow by the last F
 * they had in their part. Fills order, known, full, blank, the curve points and objectives that were
 * evaluated, violation figures and partial of the explanation. An end by budget, time or user keeps what
 * was found. */
vt_status vt_smdl_search(vt_ctx *ctx, const vt_smdl_judge *judge, int splits, vt_explanation *explanation,
                         vt_smdl_findings *findings);
/* Model calls of it, without full and blank, embeddings and the uncertainty network, which is asked once for
 * every two of them, and once for nothing shown. */
int64_t vt_smdl_search_calls(int regions, int splits);
/* Regions that the parts nominate: all, with one part. */
int vt_smdl_nominated(int regions, int splits);

#endif
