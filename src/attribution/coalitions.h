/* SPDX-License-Identifier: Apache-2.0
 *
 * Which coalitions KernelSHAP asks for, and how much each weighs.
 */
#ifndef VT_ATTRIBUTION_COALITIONS_H
#define VT_ATTRIBUTION_COALITIONS_H

#include "explain/scorer.h"

/* Rows of subsets that together stand for Shapley's kernel, (n − 1) / (C(n, s) s (n − s)) for a coalition
 * of s of n players, 0 < s < n. Zeroed at first; free with vt_coalitions_free(). */
typedef struct vt_coalitions {
  int players, words;
  int64_t count;
  uint64_t *bits;  /* [count, words] */
  double *weights; /* [count] */
} vt_coalitions;

/* All 2^n − 2 of them when `count` is enough for that; otherwise `count` rows: `layers`: whole
 * sizes from the outside in as long as a size's share of the rows holds it, then random pairs of a
 * coalition and its complement that share what weight is left; else sizes and coalitions drawn by
 * their weight, of equal weight. */
vt_status vt_coalitions_make(vt_ctx *ctx, int players, int64_t count, bool layers, uint64_t seed,
                             vt_coalitions *out);
void vt_coalitions_free(vt_coalitions *coalitions); /* members only */
/* How many rows that makes. */
int64_t vt_coalitions_count(int players, int64_t count);

#endif
