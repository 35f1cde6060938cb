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

/* log Σ e^score of one column of `scores`, [classes, inner] from `start` on. */
double vt_loss_log_of_sum(const vt_tensor *scores, int64_t start, int64_t classes, int64_t inner);

/* Gradients of scores and weights. Both read the values of all inputs. */
vt_status vt_likelihood_backward(vt_ctx *ctx, const vt_gradient *gradient);
vt_status vt_entropy_backward(vt_ctx *ctx, const vt_gradient *gradient);

#endif
