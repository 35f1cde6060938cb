/* SPDX-License-Identifier: Apache-2.0
 *
 * The set function of LiMA and SMDL:
 *   F(S) = w₁·cons + w₂·colla + w₃·conf + w₄·eff          (01-lima §2, weights in the paper's order)
 *   cons  = p_y(S)              only the regions of S shown
 *   colla = 1 − p_y(V∖S)        the regions of S removed
 *   conf  = 1 − H(p(S))/ln K    sureness of the answer for S
 *   eff   = Σ_{i∈S} min_{j∈S, j≠i} d_ij, d_ij = arccos(ê_i·ê_j)/π, 0 when |S| ≤ 1
 */
#ifndef VT_ATTRIBUTION_OBJECTIVE_H
#define VT_ATTRIBUTION_OBJECTIVE_H

#include "explain/method.h"

typedef struct vt_objective_weights {
  double consistency, collaboration, confidence, effectiveness;
} vt_objective_weights;

/* From a list of four numbers, each finite and ≥ 0. */
vt_status vt_objective_weights_from(vt_ctx *ctx, const vt_reals *list, vt_objective_weights *out);

double vt_objective(const vt_objective_weights *weights, const vt_scored *shown, const vt_scored *removed,
                    double effectiveness);

/* Distances between the embeddings of single regions, [count, count], 0 on the diagonal. Costs `count` model
 * calls. Caller frees with vt_free(). */
vt_status vt_region_distances(vt_ctx *ctx, vt_scorer *scorer, const vt_model *model, int count, double **out);

/* A growing set with its effectiveness; `distances` NULL: eff is 0 throughout. */
typedef struct vt_diversity {
  const double *distances; /* [count, count], borrowed */
  int count, size;
  int *members;    /* [size] in order of arrival */
  double *nearest; /* [size] distance of each to its nearest other member */
  double value;
} vt_diversity;
vt_status vt_diversity_init(vt_ctx *ctx, vt_diversity *set, const double *distances, int count);
void vt_diversity_free(vt_diversity *set);
/* eff(S + region), in O(|S|). */
double vt_diversity_with(const vt_diversity *set, int region);
void vt_diversity_add(vt_diversity *set, int region);

#endif
