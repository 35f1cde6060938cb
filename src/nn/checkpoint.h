/* SPDX-License-Identifier: Apache-2.0
 *
 * Models and unfinished trainings as files.
 *
 * A model file is a safetensors file of all parameters and states under their names. A checkpoint has the
 * optimiser's part beside them ("moment.0/NAME", "moment.1/NAME", "average/NAME") and says where the training
 * stood. Both are written whole or not at all, so the last good one survives a full disk.
 */
#ifndef VT_NN_CHECKPOINT_H
#define VT_NN_CHECKPOINT_H

#include "nn/schedule.h"
#include "nn/scope.h"

/* ---- models ---- */

/* Writes values and states. `metadata`: pairs of key and text, NULL-terminated (NULL: none); which tensors
 * are states is kept beside them. */
vt_status vt_weights_write(vt_ctx *ctx, const char *path, const vt_parameters *parameters,
                           const char *const *metadata);
/* Puts them into the store, in the order in which they were made. `texts`: the metadata as an object (new
 * reference; NULL: not wanted). A file that vt_weights_write() did not write: VT_ERROR_INVALID_MODEL. */
vt_status vt_weights_read(vt_ctx *ctx, const char *path, vt_parameters *parameters, json_t **texts);

/* ---- unfinished trainings ---- */

typedef struct vt_checkpoint {
  int64_t stage;      /* of a recipe in several, from 0 */
  int64_t step;       /* steps done in this stage */
  int64_t validated;  /* step of the last validation, −1: none */
  int64_t best_step;  /* −1: none */
  double best;        /* value of the deciding metric there */
  int64_t waited;     /* validations since then */
  bool finished;      /* the stage ended: all its steps, or an early stop */
  vt_plateau plateau; /* of that schedule */
  int threads;
} vt_checkpoint;

/* What a new stage begins with. */
vt_checkpoint vt_checkpoint_begin(int64_t stage);

/* `config`: an object of everything that decides the numbers, to be compared when the training goes on. */
vt_status vt_checkpoint_write(vt_ctx *ctx, const char *path, const vt_parameters *parameters,
                              const vt_checkpoint *checkpoint, const json_t *config);
/* Fills the store and `out`. VT_ERROR_INVALID_DATA: damaged, or no checkpoint; VT_ERROR_INVALID_ARGUMENT: of
 * another config; the message names what differs. The store may have been filled in part then. */
vt_status vt_checkpoint_read(vt_ctx *ctx, const char *path, vt_parameters *parameters, const json_t *config,
                             vt_checkpoint *out);
/* What it says without its tensors; `config` (new reference, may be NULL). */
vt_status vt_checkpoint_look(vt_ctx *ctx, const char *path, vt_checkpoint *out, json_t **config);

#endif
