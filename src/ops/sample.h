/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading one number of an f32 or f64 plane at an address, for operators that sample images or
 * send gradients back.
 */
#ifndef VT_OPS_SAMPLE_H
#define VT_OPS_SAMPLE_H

#include "ops/op.h"

static inline double vt_sample_load(const void *data, vt_type type, int64_t index)
{
  return type == VT_F32 ? (double)((const float *)data)[index] : ((const double *)data)[index];
}

static inline void vt_sample_store(void *data, vt_type type, int64_t index, double value)
{
  if (type == VT_F32)
    ((float *)data)[index] = (float)value;
  else
    ((double *)data)[index] = value;
}

#endif
