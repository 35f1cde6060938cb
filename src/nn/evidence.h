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

#include "nn/loss.h"

#define VT_EVIDENCE_MOST 10.0 /* of the exponent: e stays within 4.5e-5 and 22026 */

/* e of scores of any shape, on the tape. */
vt_tensor *vt_evidence(vt_ctx *ctx, vt_tensor *scores);
/* K / Σ_k (e_k + 1) in (0, 1], of one row of scores. */
double vt_evidential_uncertainty(const float *scores, size_t classes);
/* α_k / S, the expected probability of class `index`. */
double vt_evidential_probability(const float *scores, size_t classes, size_t index);

typedef enum vt_evidential_form {
  VT_EVIDENTIAL_LOG,     /* ln S − ln α_y: the logarithm of the expected likelihood */
  VT_EVIDENTIAL_DIGAMMA, /* ψ(S) − ψ(α_y): the expected cross-entropy */
  VT_EVIDENTIAL_SQUARED /* Σ_k (y_k − α_k/S)² + α_k (S − α_k) / (S² (S + 1)): the expected squared error */
} vt_evidential_form;
/* Of scores [N, K] and labels i64 or i32 [N]; terms over rows. */
vt_tensor *vt_evidential_loss(vt_ctx *ctx, vt_tensor *scores, vt_tensor *labels, vt_evidential_form form,
                              vt_terms terms);
/* KL(Dir(α̃) ‖ Dir(1)) with α̃ = y + (1 − y) α: evidence for classes that are not the label, to be
 * weighted by min(1, step / annealing). Terms over rows. */
vt_tensor *vt_evidential_kl(vt_ctx *ctx, vt_tensor *scores, vt_tensor *labels, vt_terms terms);

#endif
