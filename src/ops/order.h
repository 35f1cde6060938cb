/* SPDX-License-Identifier: Apache-2.0
 *
 * One order for all element types: what sorting operators compare by.
 */
#ifndef VT_OPS_ORDER_H
#define VT_OPS_ORDER_H

#include "ops/op.h"

#define VT_ORDERED (VT_NUMBERS | VT_T(VT_BOOL) | VT_T(VT_F16) | VT_T(VT_BF16))

/* Element `index` of a real tensor as an unsigned number: a larger element has a larger key, −0 and 0 have
 * the same, NaN (whatever its bits) the largest of all. */
static inline uint64_t vt_order_key(const vt_tensor *tensor, int64_t index)
{
  const uint64_t sign = (uint64_t)1 << 63;
  switch (tensor->type) {
  case VT_F32:
  case VT_F64:
  case VT_F16:
  case VT_BF16: {
    double value =
        tensor->type == VT_F32 ? (double)((const float *)tensor->data)[index] : vt_get_f64(tensor, index);
    uint64_t bits;
    if (value != value) return UINT64_MAX;
    value += 0.0; /* −0 becomes 0 */
    memcpy(&bits, &value, sizeof bits);
    return bits & sign ? ~bits : bits | sign;
  }
  case VT_U64:
    return ((const uint64_t *)tensor->data)[index];
  default:
    return (uint64_t)vt_get_i64(tensor, index) ^ sign;
  }
}

#endif
