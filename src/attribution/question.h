/* SPDX-License-Identifier: Apache-2.0
 *
 * What a request asks of a model and a picture: which number, of which class, against which other, how like
 * which text, where. From settings in text form to a target, and to words that say it.
 */
#ifndef VT_ATTRIBUTION_QUESTION_H
#define VT_ATTRIBUTION_QUESTION_H

#include "attribution/attribute.h"

typedef struct vt_question {
  vt_score_kind score;
  /* what the scorer is made with; tensors behind it live in the context */
  int target, contrast;
  const float *direction, *against, *weights;
  size_t direction_count, weight_count;
  double factor;
  /* mean of a part of a map */
  float *own_weights; /* owned */
  int channel;        /* −1: all */
  double mask_share;  /* of the output's places that the mask covers */
  /* of a detector */
  struct vt_wanted *wanted; /* owned; NULL: no box is asked about */
  struct vt_found *found;   /* owned, [found_count]: what the whole picture shows */
  int found_count;
  int detection; /* number of the one that is asked about, −1: none of them */
  int label;     /* its class */
} vt_question;

/* The score that a request means: the one it names, or where it names none ("probability") the one that
 * belongs to what else it gives: a contrast class means the margin, a text or a direction the similarity,
 * a mask the mean, a box or the number of a detection (and any detector) the detection. `model` NULL:
 * arrays. VT_ERROR_INVALID_ARGUMENT when settings contradict each other. */
vt_status vt_request_score(vt_ctx *ctx, const vt_request *request, const vt_model *model, vt_score_kind *out);

/* `picture`: what the model sees; `placement`: where it lies in the photograph, for masks and boxes.
 * Detectors are asked once. vt_question_free() in any case. */
vt_status vt_question_read(vt_ctx *ctx, vt_model *model, const vt_request *request, const vt_image *picture,
                           const vt_placement *placement, vt_question *out);
void vt_question_free(vt_question *question); /* members only */
/* Sets what the question adds to a scorer's options. */
void vt_question_options(const vt_question *question, vt_scorer_options *options);
/* Says in the explanation what was asked: `options` are the scorer's, with classes resolved. */
vt_status vt_question_describe(vt_ctx *ctx, const vt_question *question, const vt_model *model,
                               const vt_request *request, const vt_placement *placement,
                               const vt_scorer_options *options, vt_explanation *explanation);

/* ---- parts of it (question_detection.c, question_mean.c) ---- */

vt_status vt_question_read_detection(vt_ctx *ctx, vt_model *model, const vt_request *request,
                                     const vt_image *picture, const vt_placement *placement,
                                     vt_question *out);
void vt_question_describe_detection(vt_ctx *ctx, const vt_question *question, const vt_model *model,
                                    const vt_placement *placement, vt_text *words, json_t *details);
vt_status vt_question_read_mean(vt_ctx *ctx, const vt_model *model, const vt_request *request,
                                const vt_placement *placement, vt_question *out);
void vt_question_describe_mean(vt_ctx *ctx, const vt_question *question, const vt_request *request,
                               vt_text *words, json_t *details);

#endif
