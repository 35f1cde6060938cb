/* SPDX-License-Identifier: Apache-2.0
 *
 * One step of training: forward on a tape, loss, backward, optimiser.
 *
 *   static void loss(vt_scope s, void *user, vt_losses *losses)
 *   {
 *     vt_tensor *y = model(s, …);
 *     vt_losses_add(losses, "entropy", vt_cross_entropy(…), 1);
 *   }
 *   vt_step *step;
 *   vt_step_new(ctx, parameters, &optimiser, seed, &step);
 *   for (int i = 0; i < 100; i++)
 *     VT_TRY(vt_train_step(ctx, step, loss, &batch, rate, &report));
 */
#ifndef VT_NN_STEP_H
#define VT_NN_STEP_H

#include "nn/optimiser.h"

enum { VT_LOSS_PARTS = 12 };

/* What a loss consists of: Σ weight · part. */
typedef struct vt_losses {
  vt_ctx *ctx;
  int count;
  struct {
    const char *name; /* borrowed until the step is over */
    vt_tensor *value; /* one number */
    double weight;
  } parts[VT_LOSS_PARTS];
  int override_count; /* weights that take the place of those in the code */
  const struct vt_loss_weight *overrides;
} vt_losses;
typedef struct vt_loss_weight {
  char name[40];
  double weight;
} vt_loss_weight;

/* Adds a part; one that has weight 0 is reported, not followed backwards. */
void vt_losses_add(vt_losses *losses, const char *name, vt_tensor *value, double weight);
/* The sum, a scalar on the tape; void when nothing was added or a call failed. */
vt_tensor *vt_losses_sum(const vt_losses *losses);

typedef struct vt_step_report {
  double loss; /* mean over the passes of the step */
  int part_count;
  struct {
    char name[40];
    double value;
  } parts[VT_LOSS_PARTS];
  double norm; /* of the gradient before clipping */
  int passes;  /* forward and backward passes that went into it */
} vt_step_report;

typedef void (*vt_loss_fn)(vt_scope s, void *user, vt_losses *losses);

/* Borrows parameters and settings. */
typedef struct vt_step {
  vt_parameters *parameters;
  const vt_optimiser_settings *settings;
  vt_tape *tape;
  vt_run run;         /* training; run.step counts forward passes, so that each draws its own noise */
  int64_t updates;    /* of parameters, so far: named in messages */
  int passes;         /* forward and backward passes in one step, each weighted alike; 0: 1 */
  int override_count; /* of loss weights; borrowed */
  const vt_loss_weight *overrides;
} vt_step;

vt_status vt_step_new(vt_ctx *ctx, vt_parameters *parameters, const vt_optimiser_settings *settings,
                      uint64_t seed, vt_step **out);
void vt_step_free(vt_step *step); /* accepts NULL */

/* One forward and backward pass; adds the gradients times `scale` (1 / passes when several make a step) and
 * fills or extends the report (begin with {0}). A loss that is NaN or infinite is VT_ERROR_NOT_FINITE, naming
 * step, part and, when backward shows it, the first parameter whose gradient is not finite. After a failure
 * gradients are dropped and states (running statistics) are what they were before this pass; parameters are
 * untouched. Tensors made on the way are released. */
vt_status vt_step_pass(vt_ctx *ctx, vt_step *step, vt_loss_fn loss, void *user, double scale,
                       vt_step_report *report);
/* The optimiser's step on the gradients gathered, which are then dropped. */
vt_status vt_step_update(vt_ctx *ctx, vt_step *step, double rate, vt_step_report *report);
/* A whole step: step->passes passes and the update. run.step tells a loss which pass it is in. Whatever
 * fails, parameters, states and counts are what they were before the step. The report may be NULL. */
vt_status vt_train_step(vt_ctx *ctx, vt_step *step, vt_loss_fn loss, void *user, double rate,
                        vt_step_report *report);

#endif
