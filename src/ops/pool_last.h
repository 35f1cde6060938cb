/* SPDX-License-Identifier: Apache-2.0
 *
 * Pooling of channels-last f32 tensors, forward and backward: vectors of channels, tap by tap.
 */
#ifndef VT_OPS_POOL_LAST_H
#define VT_OPS_POOL_LAST_H

#include "ops/pool.h"

/* x and y (or their gradients) are stored [batch, sizes…, channels]. */
vt_status vt_max_pool_last(vt_ctx *ctx, const vt_window *window, const float *x, float *y);
vt_status vt_average_pool_last(vt_ctx *ctx, const vt_window *window, bool count_include_pad, const float *x,
                               float *y);
/* `to`, the gradient of X, is written whole. */
vt_status vt_max_pool_last_back(vt_ctx *ctx, const vt_window *window, const float *x, const float *from,
                                float *to);
vt_status vt_average_pool_last_back(vt_ctx *ctx, const vt_window *window, bool count_include_pad,
                                    const float *from, float *to);

#endif
