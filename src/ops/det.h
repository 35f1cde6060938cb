/* SPDX-License-Identifier: Apache-2.0
 *
 * Det backwards.
 */
#ifndef VT_OPS_DET_H
#define VT_OPS_DET_H

#include "ops/gradient.h"

/* Reads the value of input 0. */
vt_status vt_det_backward(vt_ctx *ctx, const vt_gradient *gradient);

#endif
