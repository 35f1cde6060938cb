/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums over some axes of f32 or f64 numbers, kept in f64: gradients of biases and of whatever was broadcast.
 * Order and cuts follow from the sizes, so bytes do not depend on the number of threads.
 */
#ifndef VT_OPS_COLUMNS_H
#define VT_OPS_COLUMNS_H

#include "ops/op.h"

/* to[k, l] = Σ over r and s of from[k, r, l, s], row-major with sizes kept[0], summed[0], kept[1],
 * summed[1]. */
typedef struct vt_sums {
  vt_type type; /* of both: f32 or f64 */
  const void *from;
  void *to;
  int64_t kept[2], summed[2];
} vt_sums;
vt_status vt_sum_axes(vt_ctx *ctx, const vt_sums *sums);

#endif
