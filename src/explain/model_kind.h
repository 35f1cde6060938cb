/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of vt_model. To add a kind of model: a file with a vt_model_kind and a function that makes a
 * vt_model of it.
 */
#ifndef VT_EXPLAIN_MODEL_KIND_H
#define VT_EXPLAIN_MODEL_KIND_H

#include "base/base.h"
#include "explain/model.h"

struct vt_subject;

/* One call of vt_model_run. */
typedef struct vt_model_job {
  int count, batch;
  vt_compose_fn compose;
  vt_consume_fn consume;
  void *user;
  int failed_item; /* set by the kind: lowest item whose failure is on record, −1: none or not of one item */
} vt_model_job;

typedef struct vt_model_kind {
  const char *name;
  /* Runs all items of the job; see vt_model_run for what it promises. */
  vt_status (*run)(vt_ctx *ctx, vt_model *model, vt_model_job *job);
  void (*free_state)(void *state);
  /* What is inside, for gradients and hooks; NULL: nothing can be seen. */
  vt_status (*subject)(vt_ctx *ctx, const vt_model *model, struct vt_subject *out);
} vt_model_kind;

struct vt_model {
  const vt_model_kind *kind;
  void *state; /* of the kind */
  vt_preprocess *preprocess;
  int classes;
  bool logits;
  bool map; /* the output is no list of classes: [batch, …] of any rank */
  size_t input_floats, output_floats, embedding_floats;
  int output_rank; /* of one item of the output, without its batch axis; 0: a function's, [classes] */
  int64_t output_dims[VT_MAX_RANK];
  struct vt_detector *detector; /* owned: outputs are proposals, one tensor behind the other; NULL: not */
  char **assumptions;           /* sentences */
  size_t assumption_count, assumption_capacity;
  char *notice;    /* see vt_model_notice(); NULL: none */
  char sha256[65]; /* "": not a file */
};

/* An empty model that owns `state`; on failure `state` stays the caller's. */
vt_status vt_model_new(vt_ctx *ctx, const vt_model_kind *kind, void *state, vt_model **out);
/* Adds a sentence about something taken for granted. */
vt_status vt_model_assume(vt_ctx *ctx, vt_model *model, const char *format, ...) VT_PRINTF(3, 4);
/* Preparation of pictures when nothing is said: short side to the size, centre crop, bicubic, [0,1], RGB
 * (grey for one channel). Free with vt_preprocess_free(). */
vt_status vt_preprocess_plain(vt_ctx *ctx, int channels, int height, int width, bool channels_last,
                              vt_preprocess **out);

/* Runs a job; `job->failed_item` says afterwards which item failed. */
vt_status vt_model_run_job(vt_ctx *ctx, vt_model *model, vt_model_job *job);
/* VT_ERROR_NOT_FINITE with the item's number when an output or embedding is NaN or infinite. */
vt_status vt_model_check_finite(vt_ctx *ctx, const vt_model *model, int item, const float *output,
                                const float *embedding);

#endif
