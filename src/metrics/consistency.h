/* SPDX-License-Identifier: Apache-2.0
 *
 * Consistency (Dasgupta, Frost, Moshkovitz, ICML 2022): pictures that are explained alike should be
 * answered alike. It is a figure of a set of pictures, and so no vt_metric.
 */
#ifndef VT_METRICS_CONSISTENCY_H
#define VT_METRICS_CONSISTENCY_H

#include "base/base.h"

/* What a map says in short: its `top` highest pixels as a set, hashed. `falling` [pixels]: pixels by
 * falling value (vt_pixel_order()). */
vt_status vt_consistency_signature(vt_ctx *ctx, const int32_t *falling, int64_t pixels, int64_t top,
                                   uint64_t *out);
/* Chance that two different pictures of the same signature have the same class, over all such pairs; NaN
 * when no two share a signature. `*pairs` (may be NULL): how many pairs there are. */
double vt_consistency(const uint64_t *signatures, const int *classes, size_t count, int64_t *pairs);

#endif
