/* SPDX-License-Identifier: Apache-2.0
 *
 * Losses: functions from (context, tensors) to a scalar, or to one number an element where `terms` asks for
 * that. Composed of operators, so that all have gradients; targets, masks and weights count as fixed unless
 * they are variables themselves. σ is the logistic function, ⟨·⟩ the mean over what counts.
 *
 * Every function is void (nn/eager.h) after a failure.
 */
#ifndef VT_NN_LOSS_H
#define VT_NN_LOSS_H

#include "nn/scope.h"

typedef enum vt_reduction {
  VT_MEAN, /* sum divided by how many elements count; 0 when none does */
  VT_SUM,
  VT_EACH /* one number an element, 0 where the mask is */
} vt_reduction;

/* What of a loss counts, and how much. Shapes broadcast to that of the elements. */
typedef struct vt_terms {
  vt_tensor *mask;    /* bool, or f32 of 0 and 1. Nothing at 0 counts, NaN included. NULL: all */
  vt_tensor *weights; /* f32 factors; they do not change what the mean divides by. NULL: 1 */
  vt_reduction reduction;
} vt_terms;
/* Reduces numbers (already 0 where the mask is). For losses of other files. */
vt_tensor *vt_reduce_terms(vt_ctx *ctx, vt_tensor *each, vt_terms terms);
/* x, 0 where the mask is 0; NULL mask: x. */
vt_tensor *vt_masked(vt_ctx *ctx, vt_tensor *x, vt_tensor *mask);

/* ---- classes ---- */

typedef struct vt_entropy_settings {
  int axis;           /* of the classes: 0: the last ([N, C], [N, T, V]); 1: [N, C, H, W] and the like */
  double smoothing;   /* ε: share of the target that goes to all classes alike */
  vt_tensor *classes; /* f32 [C], weight w of each class; NULL: 1 */
  vt_terms terms;     /* over targets; a mask excludes like `ignore` does */
} vt_entropy_settings;
/* −(1 − ε) w[t] log p[t] − ε/C Σ_k w[k] log p[k], p = softmax(scores); the mean divides by Σ w[t], as in
 * PyTorch's cross_entropy. targets i64 or i32 of the shape of `scores` without the class axis; those equal to
 * `ignore` count nothing (−1 where no class is to be ignored). Smoothing: Szegedy et al. 2016. */
vt_tensor *vt_cross_entropy(vt_ctx *ctx, vt_tensor *scores, vt_tensor *targets, int64_t ignore,
                            vt_entropy_settings settings);
/* −Σ_k q[k] log p[k] for shares q [..., C] of the classes (several positives, soft labels); terms over
 * rows. */
vt_tensor *vt_soft_cross_entropy(vt_ctx *ctx, vt_tensor *scores, vt_tensor *shares, vt_terms terms);
/* −Σ_k p[k] log p[k] in nats, p = softmax(scores [..., C]); terms over rows. */
vt_tensor *vt_entropy(vt_ctx *ctx, vt_tensor *scores, vt_terms terms);

typedef struct vt_kl_settings {
  double temperature; /* scores are divided by it and the result multiplied by its square (Hinton et al. 2015)
                       * 0: 1 */
  bool symmetric;     /* KL(p‖q) + KL(q‖p) */
  vt_terms terms;     /* over rows */
} vt_kl_settings;
/* KL(p‖q) = Σ_k p[k] (log p[k] − log q[k]) of the softmaxes of two [..., C] scores. */
vt_tensor *vt_kl(vt_ctx *ctx, vt_tensor *p_scores, vt_tensor *q_scores, vt_kl_settings settings);

/* ---- evidence for classes (nn/evidence.h) ---- */

/* e of scores of any shape, on the tape. */
vt_tensor *vt_evidence(vt_ctx *ctx, vt_tensor *scores);

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

/* ---- yes or no, in logit form ---- */

/* −w⁺ t log σ(x) − (1 − t) log(1 − σ(x)); positive: w⁺, broadcasts; NULL: 1. targets f32 in [0, 1]. */
vt_tensor *vt_binary_cross_entropy(vt_ctx *ctx, vt_tensor *scores, vt_tensor *targets, vt_tensor *positive,
                                   vt_terms terms);
/* The same (w⁺ = 1) times (1 − p_t)^γ and α for t = 1, 1 − α for t = 0, with p_t = p t + (1 − p)(1 − t)
 * (Lin et al. 2017, who use α .25, γ 2). alpha < 0: no α factor. */
vt_tensor *vt_focal(vt_ctx *ctx, vt_tensor *scores, vt_tensor *targets, double alpha, double gamma,
                    vt_terms terms);

/* ---- overlap ---- */

typedef enum vt_squashing { VT_BY_SIGMOID, VT_BY_SOFTMAX, VT_AS_IT_IS } vt_squashing;
typedef struct vt_dice_settings {
  vt_squashing squashing; /* of scores [N, C, …]; softmax over axis 1 */
  double smooth;          /* s */
  double scale;           /* k: sums are divided by it before s is added; 0: 1 */
  bool batch;             /* sums over all items of a channel; otherwise each item has its own */
  bool skip_background;   /* channel 0 takes part in the softmax, not in the mean */
  vt_tensor *mask;        /* of pixels, broadcasts to the scores; NULL: all */
} vt_dice_settings;
/* 1 − (2 Σ p t / k + s) / ((Σ p + Σ t) / k + s), mean over items and channels (Milletari et al. 2016, with
 * plain sums below). targets f32 of the shape of scores. */
vt_tensor *vt_dice(vt_ctx *ctx, vt_tensor *scores, vt_tensor *targets, vt_dice_settings settings);

/* Generalised IoU of boxes [..., 4] (x0, y0, x1, y1; x0 ≤ x1) pair by pair, in (−1, 1]: IoU − (hull − union)
 * / hull (Rezatofighi et al. 2019). The loss is 1 − GIoU. */
vt_tensor *vt_giou(vt_ctx *ctx, vt_tensor *boxes, vt_tensor *others);
vt_tensor *vt_giou_loss(vt_ctx *ctx, vt_tensor *boxes, vt_tensor *others, vt_terms terms);

/* ---- numbers ---- */

typedef enum vt_distance {
  VT_SQUARED,    /* d² */
  VT_ABSOLUTE,   /* |d| */
  VT_HUBER,      /* d² / 2 where |d| ≤ δ, δ (|d| − δ/2) beyond; δ = size (0: 1) */
  VT_CHARBONNIER /* sqrt(d² + ε²); ε = size (0: 1e-3) (Charbonnier et al. 1994) */
} vt_distance;
/* Of d = prediction − target; shapes broadcast; terms over elements. */
vt_tensor *vt_distance_loss(vt_ctx *ctx, vt_distance distance, vt_tensor *prediction, vt_tensor *target,
                            double size, vt_terms terms);
/* ⟨|x[h+1] − x[h]|⟩ + ⟨|x[w+1] − x[w]|⟩ over the last two axes; squared: of the squares (Rudin et
 * al. 1992). */
vt_tensor *vt_total_variation(vt_ctx *ctx, vt_tensor *x, bool squared);

/* ---- near and far ---- */

/* 1 / temperature as a learned parameter: the scope's "logit_scale" is its logarithm and begins at
 * log(1 / begin); the result is at most `most` (0: 100, as in Radford et al. 2021). Scalar. */
vt_tensor *vt_learned_scale(vt_scope s, double begin, double most);

typedef struct vt_contrast_settings {
  vt_tensor *positives; /* f32 or bool [N, M], 1: belongs together; NULL: the diagonal */
  vt_tensor *pairs;     /* f32 or bool [N, M], 0: takes no part (an item and itself); NULL: all do */
  bool symmetric;       /* mean of rows and columns */
  bool together;        /* −log Σ_pos softmax, instead of the mean of −log softmax over the positives */
} vt_contrast_settings;
/* InfoNCE (van den Oord et al. 2018) on similarities [N, M] already divided by their temperature:
 * −log softmax_row at the positive. Several positives: their mean (L_out of Khosla et al. 2020) or, together,
 * their sum inside the logarithm (Miech et al. 2020). Rows without a positive count nothing. */
vt_tensor *vt_contrast(vt_ctx *ctx, vt_tensor *similarities, vt_contrast_settings settings);
/* The same of rows a [N, D] and b [M, D]: similarities are cosines times `scale` (scalar, 1 /
 * temperature). */
vt_tensor *vt_info_nce(vt_ctx *ctx, vt_tensor *a, vt_tensor *b, vt_tensor *scale,
                       vt_contrast_settings settings);

/* max(0, near − far + margin) of distances to what is alike and what is not (Schroff et al. 2015). */
vt_tensor *vt_triplet(vt_ctx *ctx, vt_tensor *near, vt_tensor *far, double margin, vt_terms terms);
/* max(0, α + y (d − β)), y = 1 where `same`, −1 elsewhere, summed and divided by how many are above 0 (Wu et
 * al. 2017, who use α .2 and a learned β that begins at 1.2). distances and same (f32 or bool) of one shape;
 * beta broadcasts; pairs: 0 where one takes no part; NULL: all do. */
vt_tensor *vt_margin(vt_ctx *ctx, vt_tensor *distances, vt_tensor *same, vt_tensor *beta, double alpha,
                     vt_tensor *pairs);
/* −log Σ_j a_j σ(s⁺ − s_j) for scores s⁺ [N] of what was taken and s [N, K] of what was not; a = 1/K, or
 * softmax_j(s_j) when weighted (Hidasi and Karatzoglou 2018). K = 1: BPR (Rendle et al. 2009), −log σ(s⁺ −
 * s). Terms over N. */
vt_tensor *vt_ranking(vt_ctx *ctx, vt_tensor *taken, vt_tensor *others, bool weighted, vt_terms terms);

#endif
