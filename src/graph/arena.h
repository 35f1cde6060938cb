/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory of one import: many small blocks that are let go at once. protobuf-c unpacks into it, and the nodes
 * that inlining and lifting add live beside what was unpacked.
 */
#ifndef VT_GRAPH_ARENA_H
#define VT_GRAPH_ARENA_H

#include "base/base.h"

typedef struct vt_arena {
  vt_ctx *ctx;
  size_t limit, taken; /* bytes; 0 = no limit but the context's */
  char *chunk;         /* where small blocks come from */
  size_t chunk_used;
  void **blocks; /* chunks and large blocks, each from vt_alloc */
  size_t block_count, block_capacity, cursor;
} vt_arena;

/* 16-byte aligned, not cleared. NULL when memory is short or the limit is reached (recorded). */
void *vt_arena_take(vt_arena *arena, size_t bytes);
void *vt_arena_zero(vt_arena *arena, size_t count, size_t size);
char *vt_arena_copy(vt_arena *arena, const char *text);
char *vt_arena_format(vt_arena *arena, const char *format, ...) VT_PRINTF(2, 3);
/* A large block becomes the caller's, to be freed with vt_free(). False when `block`
 * is not a block of its own. */
bool vt_arena_give(vt_arena *arena, void *block);
void vt_arena_free(vt_arena *arena);

#endif
