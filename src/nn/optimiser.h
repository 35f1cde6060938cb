/* SPDX-License-Identifier: Apache-2.0
 *
 * Optimisers: parameters moved along their gradients. All state is in the parameters (moments, averages, how
 * often each was moved), so a step is a function of parameters, settings and rate.
 *
 * Definitions are PyTorch's, g the gradient, w the value, t how often this parameter was moved, this time
 * included, λ the decay:
 *   SGD    g += λ w; b = g at t = 1, μ b + g later; w −= rate · (nesterov ? g + μ b : b)
 *   Adam   g += λ w; m = β1 m + (1 − β1) g; v = β2 v + (1 − β2) g²;
 *          w −= rate · m / (1 − β1^t) / (sqrt(v / (1 − β2^t)) + ε)        (Kingma & Ba 2015)
 *   AdamW  w −= rate · λ w; then Adam's step without λ                    (Loshchilov & Hutter 2019)
 */
#ifndef VT_NN_OPTIMISER_H
#define VT_NN_OPTIMISER_H

#include "base/params.h"
#include "nn/scope.h"

typedef enum vt_optimiser_kind { VT_ADAMW, VT_ADAM, VT_SGD } vt_optimiser_kind;

typedef struct vt_optimiser_settings {
  int kind;    /* vt_optimiser_kind */
  double rate; /* "lr": the highest; a schedule gives its share of it */
  double momentum;
  bool nesterov;
  double beta1, beta2, epsilon;
  double decay;   /* "wd"; times the parameter's own factor */
  bool decay_all; /* vectors and numbers too; otherwise only what has two axes or more */
  double clip;    /* longest gradient over all parameters (Euclidean norm); 0: any */
  double average; /* "ema": share that the average of values keeps each step; 0: no average */
} vt_optimiser_settings;

extern const vt_field vt_optimiser_fields[];
extern const size_t vt_optimiser_field_count;
/* The defaults of the table. */
vt_optimiser_settings vt_optimiser_default(void);

/* One step with this rate (settings->rate times the schedule's factor) on all parameters that are trained and
 * have a gradient; then projections and averages. `norm` (may be NULL): length of the gradient before
 * clipping, its squares summed in f64 in a fixed order. A gradient that is not finite is
 * VT_ERROR_NOT_FINITE, which names the first parameter that has one, and nothing is changed. Gradients
 * stay. */
vt_status vt_optimiser_step(vt_ctx *ctx, vt_parameters *parameters, const vt_optimiser_settings *settings,
                            double rate, double *norm);

/* Length of the gradient alone, with the same failure. */
vt_status vt_gradient_norm(vt_ctx *ctx, vt_parameters *parameters, double *norm);

/* Exchanges values and averages where there are averages: models are validated and saved with their averages,
 * and trained without. Call again to go back. */
void vt_parameters_swap_averages(vt_parameters *parameters);
/* Forgets moments, averages and counts: before another stage of training. */
void vt_parameters_forget(vt_parameters *parameters);

#endif
