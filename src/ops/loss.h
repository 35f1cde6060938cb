/* SPDX-License-Identifier: Apache-2.0
 *
 * Attributes of the losses and what they are backwards.
 */
#ifndef VT_OPS_LOSS_H
#define VT_OPS_LOSS_H

#include "ops/gradient.h"

enum { VT_LOSS_NONE, VT_LOSS_SUM, VT_LOSS_MEAN };

typedef struct vt_loss_settings {
  int64_t ignore_index;
  int reduction;
} vt_loss_settings;

/* Of each target the number that makes its column of scores log probabilities when subtracted. Caller frees
 * with vt_free(). NULL when memory is short. */
double *vt_loss_offsets(vt_ctx *ctx, const vt_tensor *scores);

/* Gradients of scores and weights. Both read the values of all inputs. */
vt_status vt_likelihood_backward(vt_ctx *ctx, const vt_gradient *gradient);
vt_status vt_entropy_backward(vt_ctx *ctx, const vt_gradient *gradient);

#endif
