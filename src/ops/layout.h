/* SPDX-License-Identifier: Apache-2.0
 *
 * Layouts. A tensor [batch, channels, sizes…] becomes channels-last where a caller asks for it, and what is
 * computed from it stays so as long as operators keep layouts (VT_OP_ANY_ORDER, VT_OP_CHANNELS_LAST); all
 * others are given row-major copies, and their results are row-major. Convolution of few channels is several
 * times as fast channels-last.
 *
 *   x = vt_channels_last(ctx, x);
 *   … vt_apply() …
 *   y = vt_row_major(ctx, y);            before `data` is read
 *
 * Values do not change, so a tensor and its copy in another layout are the same variable of a tape. Gradients
 * come back in the layout that the variable was first seen in.
 */
#ifndef VT_OPS_LAYOUT_H
#define VT_OPS_LAYOUT_H

#include "ops/gradient.h"

/* The same tensor in the layout wanted: itself where it is stored so (tensors of fewer than 3 dimensions
 * always are), a copy in the context otherwise. NULL on failure. */
vt_tensor *vt_channels_last(vt_ctx *ctx, vt_tensor *tensor);
vt_tensor *vt_row_major(vt_ctx *ctx, vt_tensor *tensor);
vt_tensor *vt_laid_out(vt_ctx *ctx, vt_tensor *tensor, vt_storage_order layout);

/* Whether any of the tensors is channels-last; NULL entries are not. */
bool vt_any_channels_last(vt_tensor *const *tensors, int count);
/* Sizes in the order in which they are stored, and where axis `axis` is among them. */
void vt_stored_dims(const vt_tensor *tensor, int64_t dims[VT_MAX_RANK]);
int vt_stored_axis(const vt_tensor *tensor, int axis);
/* `tensor` as the row-major tensor that its memory is. Borrows: no reference is taken. */
vt_tensor vt_as_stored(const vt_tensor *tensor);

/* vt_apply() where an input is channels-last: `call` has headers for its outputs. */
vt_status vt_apply_laid_out(vt_ctx *ctx, const vt_call *call);

/* One step backwards, tensors of the call and gradients in any layout. `rule`: backward is a rule's, which
 * knows row-major tensors alone. Makes what it needs in the context. */
typedef vt_status (*vt_step_fn)(vt_ctx *ctx, const vt_gradient *gradient, const void *user);
vt_status vt_backward_laid_out(vt_ctx *ctx, const vt_gradient *gradient, bool rule, vt_step_fn step,
                               const void *user);

#endif
