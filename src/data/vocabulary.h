/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbered pieces of text, found by their text in constant time.
 */
#ifndef VT_DATA_VOCABULARY_H
#define VT_DATA_VOCABULARY_H

#include "base/base.h"

enum { VT_VOCABULARY_MAX = 1 << 24 };

typedef struct vt_vocabulary {
  char **pieces; /* owned, UTF-8 */
  size_t count, capacity;
  int32_t *slots; /* open addressing; −1: free */
  size_t slot_count;
} vt_vocabulary;

/* Number of the piece, added when it is not there. `fresh` (may be NULL): it was not. */
vt_status vt_vocabulary_add(vt_ctx *ctx, vt_vocabulary *vocabulary, const char *piece, size_t length,
                            int64_t *id, bool *fresh);
int64_t vt_vocabulary_find(const vt_vocabulary *vocabulary, const char *piece, size_t length); /* −1: none */
void vt_vocabulary_free(vt_vocabulary *vocabulary);

#endif
