/* SPDX-License-Identifier: Apache-2.0
 *
 * Pieces of the trainer: the sampler (trainer_sampler.c) and the log (trainer_log.c).
 */
#ifndef VT_NN_TRAINER_INSIDE_H
#define VT_NN_TRAINER_INSIDE_H

#include "nn/trainer.h"

/* Which items a pass sees: full batches of shuffled epochs, what is left over of an epoch is dropped. */
typedef struct vt_sampler {
  const vt_dataset *set;
  uint64_t seed;
  bool shuffle;
  int64_t batch;     /* items in a batch, at most the set's */
  int64_t per_epoch; /* batches in an epoch */
  bool whole;        /* `order` is that of a pass, not of a batch */
  int64_t epoch;     /* whose order is in a whole `order`; −1: none */
  int64_t *order;    /* [set->count] or [batch] */
} vt_sampler;
vt_status vt_sampler_begin(vt_ctx *ctx, const vt_dataset *set, int64_t batch, bool shuffle, uint64_t seed,
                           vt_sampler *out);
void vt_sampler_end(vt_sampler *sampler);
/* A set of 2²² items or fewer is shuffled by vt_dataset_shuffle(), a larger one by vt_dataset_place(), in
 * the memory of a batch. Items of batch `number` since the beginning (borrowed until the next call), and
 * their epoch. */
vt_status vt_sampler_take(vt_ctx *ctx, vt_sampler *sampler, int64_t number, const int64_t **indices,
                          int64_t *epoch);

typedef struct vt_training_log {
  FILE *file; /* NULL: no log */
  char *path;
} vt_training_log;
/* Begins the log of a folder, or goes on behind the lines of this stage up to `step` and of all stages before
 * it; step −1: anew, unless stage > 0. */
vt_status vt_log_begin(vt_ctx *ctx, const char *folder, int64_t stage, int64_t step, vt_training_log *out);
void vt_log_end(vt_training_log *log);
vt_status vt_log_step(vt_ctx *ctx, vt_training_log *log, int64_t stage, int64_t step,
                      const vt_step_report *report, double rate, double seconds);
vt_status vt_log_validation(vt_ctx *ctx, vt_training_log *log, int64_t stage, int64_t step,
                            const vt_measures *measures, bool best);

/* Weights of loss parts from "a:1,b:.5" (caller frees); an error says what is wrong with it. */
vt_status vt_loss_weights_parse(vt_ctx *ctx, const char *text, vt_loss_weight **out, int *count);
/* Freezes all parameters but those of the patterns "a.*,b". */
vt_status vt_train_patterns(vt_ctx *ctx, vt_parameters *parameters, const char *text);
/* Each of the patterns must fit some parameter. */
vt_status vt_check_patterns(vt_ctx *ctx, const vt_parameters *parameters, const char *text);

#endif
