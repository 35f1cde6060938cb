/* SPDX-License-Identifier: Apache-2.0
 *
 * A Gaussian process over subsets of regions: from the scores of subsets asked so far to a guess for others,
 * interactions included. Its covariance is one of how many regions two subsets differ in,
 *   k(h) = c₀ + c₁ (1 − 2h/k) + c₂ exp(−h/ℓ)
 * (a constant, one weight a region, and interactions that die away with ℓ), which of a small grid by marginal
 * likelihood. Scores that are probabilities are modelled as log-odds.
 */
#ifndef VT_ATTRIBUTION_SURROGATE_H
#define VT_ATTRIBUTION_SURROGATE_H

#include "explain/scorer.h"

typedef struct vt_surrogate vt_surrogate;

/* Room for `most` points of `regions` regions. */
vt_status vt_surrogate_new(vt_ctx *ctx, int regions, int most, bool probability, vt_surrogate **out);
void vt_surrogate_free(vt_surrogate *surrogate);
int vt_surrogate_count(const vt_surrogate *surrogate);
/* One more point; a subset that is there already, or one beyond the room, is left out. */
void vt_surrogate_add(vt_surrogate *surrogate, const uint64_t *bits, double score);
/* Takes in what was added. Chooses the covariance anew whenever the points grew by half. */
vt_status vt_surrogate_fit(vt_ctx *ctx, vt_surrogate *surrogate);
/* Guess for a subset's score, after a fit of at least one point. */
double vt_surrogate_guess(const vt_surrogate *surrogate, const uint64_t *bits);

#endif
