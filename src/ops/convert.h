/* SPDX-License-Identifier: Apache-2.0
 *
 * Element conversion between all number types and bool (ops/cast.c).
 */
#ifndef VT_OPS_CONVERT_H
#define VT_OPS_CONVERT_H

#include "ops/op.h"

#define VT_CASTABLE (VT_NUMBERS | VT_T(VT_BOOL) | VT_T(VT_F16) | VT_T(VT_BF16))

/* Elements of `from` into `to` (same count, with storage), by the rules of Cast: real to real
 * rounds to nearest even; real to integer cuts towards zero, NaN becomes 0, what the type cannot
 * hold wraps after having been held within 64 bits; integer to integer wraps; to bool: not zero.
 * Both types must be in VT_CASTABLE. */
void vt_convert(vt_ctx *ctx, const vt_tensor *from, vt_tensor *to);

/* `tensor` itself when it has that type, otherwise a converted tensor in the context. NULL on failure. */
const vt_tensor *vt_converted(vt_ctx *ctx, const vt_tensor *tensor, vt_type type);

/* An element type named by an attribute (values of TensorProto.DataType); fails unless it is in `allowed`. */
vt_status vt_type_attribute(vt_ctx *ctx, const vt_call *call, const char *what, int64_t value,
                            uint32_t allowed, vt_type *out);

#endif
