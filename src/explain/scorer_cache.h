/* SPDX-License-Identifier: Apache-2.0
 *
 * What is known of subsets: a hash map from the bits of a subset to its scores. Entries are numbered in order
 * of arrival and never leave.
 */
#ifndef VT_EXPLAIN_SCORER_CACHE_H
#define VT_EXPLAIN_SCORER_CACHE_H

#include "base/base.h"
#include "explain/scorer.h"

typedef struct vt_cached {
  vt_scored scored;
  bool ready;            /* scored holds an answer */
  uint32_t wanted_by;    /* number of the call that has put it on its list */
  double *probabilities; /* [classes], only where somebody asked for them; owned */
} vt_cached;

typedef struct vt_subset_cache {
  int words;
  size_t count;
  uint64_t *keys;    /* [count, words] */
  vt_cached *values; /* [count] */
  size_t key_capacity, value_capacity;
  uint32_t *slots; /* entry number + 1, 0: free; open addressing, size a power of two */
  size_t slot_count;
} vt_subset_cache;

void vt_subset_cache_free(vt_subset_cache *cache); /* members only */
/* Entry of the subset, or NULL. */
vt_cached *vt_subset_cache_find(const vt_subset_cache *cache, const uint64_t *bits);
/* Number of the subset's entry, made (not ready) when there was none. Moves the values: pointers into them
 * are void. */
vt_status vt_subset_cache_enter(vt_ctx *ctx, vt_subset_cache *cache, const uint64_t *bits, size_t *out);

#endif
