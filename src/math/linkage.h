/* SPDX-License-Identifier: Apache-2.0
 *
 * Hierarchical clustering with complete linkage: two groups are as far apart as their farthest members.
 */
#ifndef VT_MATH_LINKAGE_H
#define VT_MATH_LINKAGE_H

#include "base/base.h"

/* Joins the two nearest groups while they are nearer than `threshold` (strictly: at the threshold they stay
 * apart). `distances` [count, count] is symmetric and is used up; its diagonal is not read. `labels` [count]
 * receives the group of each item, numbered from 0 in the order of their first items; `groups` their number.
 * Of equal distances the pair with the lower first, then lower second item joins first. Distances must not be
 * NaN. Usually O(count²). */
vt_status vt_linkage_complete(vt_ctx *ctx, double *distances, size_t count, double threshold, int *labels,
                              int *groups);

#endif
