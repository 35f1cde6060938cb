/* SPDX-License-Identifier: Apache-2.0
 *
 * Attribute of Softmax, LogSoftmax and Hardmax, and what the first two are backwards.
 */
#ifndef VT_OPS_SOFTMAX_H
#define VT_OPS_SOFTMAX_H

#include "ops/gradient.h"

typedef struct vt_softmax_settings {
  int64_t axis;
} vt_softmax_settings;

/* Both read the value of output 0. */
vt_status vt_softmax_backward(vt_ctx *ctx, const vt_gradient *gradient);
vt_status vt_log_softmax_backward(vt_ctx *ctx, const vt_gradient *gradient);

#endif
