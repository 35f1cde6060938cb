/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidential classification (Sensoy et al. 2018; 02-smdl): scores of K classes are read as evidence e for a
 * Dirichlet distribution with α = e + 1, S = Σ α. What a network knows nothing about has no evidence for any
 * class: its uncertainty u = K / S is 1.
 *
 * One evidence function serves training and use: e = exp(score cut to ±VT_EVIDENCE_MOST). (The paper's code
 * trains on relu(score) and uses the clamped exp: a network is then asked something else than it learned.)
 */
#ifndef VT_NN_EVIDENCE_H
#define VT_NN_EVIDENCE_H

#include <stddef.h>

#define VT_EVIDENCE_MOST 10.0 /* of the exponent: e stays within 4.5e-5 and 22026 */

/* K / Σ_k (e_k + 1) in (0, 1], of one row of scores. */
double vt_evidential_uncertainty(const float *scores, size_t classes);
/* α_k / S, the expected probability of class `index`. */
double vt_evidential_probability(const float *scores, size_t classes, size_t index);

#endif
