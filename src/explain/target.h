/* SPDX-License-Identifier: Apache-2.0
 *
 * The number that is explained, as a function of a model's raw output, with its gradient in closed form: the
 * same lines score a black box and start a backward pass.
 */
#ifndef VT_EXPLAIN_TARGET_H
#define VT_EXPLAIN_TARGET_H

#include "base/base.h"
#include "vitrail/explain.h"

typedef enum vt_score_kind {
  VT_SCORE_PROBABILITY,
  VT_SCORE_LOGIT,
  VT_SCORE_LOG_PROBABILITY,
  VT_SCORE_MARGIN,     /* logit of the class less that of the contrast class or the strongest other one */
  VT_SCORE_SIMILARITY, /* cosine of the embedding (the output when none is named) and a given direction, less
                        * that with a second direction where there is one */
  VT_SCORE_MEAN,       /* mean of the output, for outputs that are maps, or weighted mean of it */
  VT_SCORE_DETECTION   /* D-RISE score of a box, for detectors (explain/detector.h) */
} vt_score_kind;
enum { VT_SCORE_KINDS = VT_SCORE_DETECTION + 1 };
/* Choices of a setting, in this order. */
#define VT_SCORE_CHOICES "probability|logit|log-probability|margin|similarity|mean|detection"

typedef struct vt_target {
  vt_score_kind score;
  int index;              /* class; of no meaning to similarity and mean */
  int contrast;           /* margin: the other class; negative: the strongest other one */
  const float *direction; /* similarity: [direction_count], any length; borrowed */
  size_t direction_count;
  const float *against; /* similarity: the direction whose cosine is taken off, as long; NULL: none */
  double factor;        /* similarity: of the cosines; 0: 1 */
  const float *weights; /* mean: of the values, [weight_count], with a sum that is not 0; NULL: all alike */
  size_t weight_count;
  const struct vt_wanted *wanted; /* detection: what is looked for; borrowed */
} vt_target;

/* "probability", "logit", … */
const char *vt_score_name(vt_score_kind score);
/* False for similarity, mean and detection, which know no class of the output. */
bool vt_score_has_class(vt_score_kind score);
/* Whether a similarity reads the embedding of this model, rather than its output. */
bool vt_target_reads_embedding(const vt_target *target, const vt_model *model);

/* Value of the target for `values` [count]: raw outputs of one item, logits or probabilities, or its
 * embedding. `gradient` [count] receives its derivative with respect to them; NULL: not wanted. One output
 * (count = 1) is a logit or the probability of the positive class. From probabilities, margins are those
 * of their logarithms. The strongest other class of a margin is the one of lowest index among equals, and
 * held fixed. */
double vt_target_evaluate(const vt_target *target, bool logits, const double *values, size_t count,
                          double *gradient);
/* The same averaged over the straight line from `from` to `to`, in `weights` [count]: Σ weights·(to −
 * from) is the difference of the two values (exactly where the target is linear, else to quadrature with
 * 64 points). Starts rules that explain a difference (DeepLift). */
void vt_target_average_gradient(const vt_target *target, bool logits, const double *from, const double *to,
                                size_t count, double *scratch, double *weights);

/* Checks that the model can have this target: class in range, direction of the right length, logits where
 * logits are asked for. */
vt_status vt_target_check(vt_ctx *ctx, const vt_target *target, const vt_model *model);

#endif
