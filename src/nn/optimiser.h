/* SPDX-License-Identifier: Apache-2.0
 *
 * Optimisers and learning-rate schedules: from the gradients in the store to new values.
 */
#ifndef VT_NN_OPTIMISER_H
#define VT_NN_OPTIMISER_H

#include "nn/scope.h"

typedef enum vt_optimiser_kind { VT_ADAMW, VT_ADAM, VT_SGD } vt_optimiser_kind;
typedef enum vt_schedule_kind {
  VT_SCHEDULE_CONSTANT,
  VT_SCHEDULE_COSINE, /* from the rate to floor · rate */
  VT_SCHEDULE_LINEAR, /* the same along a line */
  VT_SCHEDULE_WSD,    /* warm-up, stable, and the last fifth falls to floor · rate along a line */
  VT_SCHEDULE_POLY    /* (1 − t)^power */
} vt_schedule_kind;

/* Filled by vt_params_defaults() from vt_optimiser_fields. */
typedef struct vt_optimiser_settings {
  int kind;    /* vt_optimiser_kind */
  double rate; /* learning rate */
  double momentum, beta1, beta2, epsilon;
  bool nesterov;
  double decay;   /* weight decay: decoupled in adamw, added to the gradient in adam and sgd */
  bool decay_all; /* vectors too; otherwise parameters of rank 2 and more */
  double clip;    /* largest norm of all gradients together; 0: none */
  int schedule;   /* vt_schedule_kind */
  double warmup;  /* share of the steps in which the rate rises from 0, along a line */
  double floor;   /* last rate as a share of the first */
  double power;   /* of poly */
  double average; /* decay of the moving average of all parameters; 0: none */
} vt_optimiser_settings;
extern const vt_field vt_optimiser_fields[];
extern const size_t vt_optimiser_field_count;

/* Rate of step `step` (from 0) of `total`: a pure function. */
double vt_schedule_rate(const vt_optimiser_settings *settings, int64_t step, int64_t total);

/* One update of all parameters that are trained and have a gradient, which is dropped; then projections.
 * PyTorch's definitions of SGD, Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019). `step` counts
 * updates from 0. A gradient that is not finite: VT_ERROR_NOT_FINITE names the parameter, and no parameter
 * has changed. `norm`: norm of all gradients before clipping; NULL: not wanted. */
vt_status vt_optimiser_step(vt_ctx *ctx, vt_parameters *parameters, const vt_optimiser_settings *settings,
                            int64_t step, int64_t total, double *norm);
/* Puts the moving averages in place of the values, and again to put the values back. */
void vt_optimiser_swap_average(vt_parameters *parameters);

/* ---- one step of training ---- */

/* Scalar loss of a forward pass. */
typedef vt_tensor *(*vt_loss_fn)(vt_scope s, void *user);
/* Forward with a tape, backward, update; `value`: the loss. A loss that is not finite is
 * VT_ERROR_NOT_FINITE and changes nothing but running statistics. */
vt_status vt_optimiser_train(vt_run *run, const vt_optimiser_settings *settings, int64_t step, int64_t total,
                             vt_loss_fn loss, void *user, double *value);

#endif
