/* SPDX-License-Identifier: Apache-2.0
 *
 * The trainer: a task, data and settings become a trained model, with validation, early stop, checkpoints and
 * a log. Order of items, their augmentation and all noise are functions of (seed, step), so a training that
 * was interrupted and goes on ends with the bytes of one that was not (same threads, build and processor).
 *
 * In the folder: `checkpoint.safetensors`, `model.safetensors` (the best one so far) and `log.jsonl`: lines
 * {"step", "loss", "parts", "lr", "norm", "seconds"} and {"step", "validation": {…}, "best"}.
 */
#ifndef VT_NN_TRAINER_H
#define VT_NN_TRAINER_H

#include "nn/checkpoint.h"
#include "nn/task.h"

typedef struct vt_trainer_settings {
  int64_t steps, epochs; /* epochs count when steps is 0 */
  int64_t batch, accumulate;
  int64_t seed;
  int64_t validate_every, patience, save_every, log_every;
  bool shuffle;
  bool bf16;   /* vt_ctx_set_short_products() in training steps, not in validation */
  char *train; /* "a.*,b.*": patterns of parameters that are trained; NULL: all */
  char *loss;  /* "entropy:1,size:.1": weights of loss parts in place of those in the code; NULL: none */
} vt_trainer_settings;

extern const vt_field vt_trainer_fields[];
extern const size_t vt_trainer_field_count;

typedef struct vt_training {
  const vt_learning_task *task;
  const vt_dataset *train, *validation; /* validation NULL: none, and the last model is the best */
  vt_parameters *parameters;            /* filled by the first forward pass, or before */
  const vt_trainer_settings *settings;
  const vt_optimiser_settings *optimiser;
  const vt_schedule_settings *schedule;
  const char *folder;          /* exists; NULL: nothing is written */
  const vt_lora *lora;         /* adapters of all runs of the model; NULL: none. Which of their parameters are
                                   trained is a matter of settings->train */
  const json_t *config;        /* object: what decides the numbers beside settings and data; may be NULL */
  const char *const *metadata; /* of model files, pairs of key and text; may be NULL */
  int64_t stage;               /* of a recipe in several */
  const vt_checkpoint *resume; /* the training goes on from the folder's checkpoint, which was looked at and
                                   is of this stage; NULL: it begins */
} vt_training;

typedef struct vt_trained {
  int64_t steps, best_step; /* best_step −1: nothing was validated */
  vt_measures best, last;   /* measures of the best model and of the last */
  vt_step_report report;    /* of the last step */
  double seconds;           /* here, without what went before a resume */
  int64_t steps_here;
  bool stopped_early;
} vt_trained;

/* Leaves the best model's values in the store (averages in place of values where "ema" is on). Failures:
 * VT_ERROR_INTERRUPTED: the checkpoint holds where it stood; VT_ERROR_NOT_FINITE: step, part and parameter
 * are named; VT_ERROR_IO: disk full and the like. Earlier files stay whole. */
vt_status vt_trainer_run(vt_ctx *ctx, const vt_training *training, vt_trained *out);

/* What can be known before: patterns of "train" fit parameters of the store, "loss" is a list of weights. */
vt_status vt_trainer_check(vt_ctx *ctx, const vt_trainer_settings *settings, const vt_parameters *parameters);
/* Whether patterns as in "train" fit the name of a parameter; NULL and "" fit all. */
bool vt_trainer_trains(const char *patterns, const char *name);

/* "DIR/checkpoint.safetensors", "DIR/model.safetensors", "DIR/log.jsonl"; caller frees. */
char *vt_trainer_path(vt_ctx *ctx, const char *folder, const char *name);
#define VT_CHECKPOINT_FILE "checkpoint.safetensors"
#define VT_MODEL_FILE      "model.safetensors"
#define VT_LOG_FILE        "log.jsonl"

#endif
