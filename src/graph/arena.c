/* SPDX-License-Identifier: Apache-2.0
 *
 * The arena of an import.
 */
#include "graph/arena.h"

enum { CHUNK = 1 << 18, LARGE = 1 << 13, ALIGN = 16 };

static void *new_block(vt_arena *arena, size_t bytes)
{
  if (vt_grow(arena->ctx, &arena->blocks, &arena->block_capacity, arena->block_count, sizeof(void *)) !=
      VT_OK)
    return NULL;
  void *block = vt_alloc(arena->ctx, bytes);
  if (block) arena->blocks[arena->block_count++] = block;
  return block;
}

void *vt_arena_take(vt_arena *arena, size_t bytes)
{
  if (bytes > SIZE_MAX / 4) {
    vt_fail(arena->ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory: %zu bytes asked for", bytes);
    return NULL;
  }
  bytes = bytes ? (bytes + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
  if (arena->limit && (bytes > arena->limit || arena->taken > arena->limit - bytes)) {
    vt_fail(arena->ctx, VT_ERROR_INVALID_MODEL,
            "unpacks to more than %zu bytes, far more than its size allows", arena->limit);
    return NULL;
  }
  arena->taken += bytes;
  if (bytes >= LARGE) return new_block(arena, bytes);
  if (!arena->chunk || arena->chunk_used + bytes > CHUNK) {
    arena->chunk = new_block(arena, CHUNK);
    arena->chunk_used = 0;
    if (!arena->chunk) return NULL;
  }
  void *block = arena->chunk + arena->chunk_used;
  arena->chunk_used += bytes;
  return block;
}

void *vt_arena_zero(vt_arena *arena, size_t count, size_t size)
{
  size_t bytes;
  if (!vt_size_mul(count, size, &bytes)) bytes = SIZE_MAX;
  void *block = vt_arena_take(arena, bytes);
  if (block) memset(block, 0, bytes);
  return block;
}

char *vt_arena_copy(vt_arena *arena, const char *text)
{
  size_t size = strlen(text) + 1;
  char *copy = vt_arena_take(arena, size);
  return copy ? memcpy(copy, text, size) : NULL;
}

char *vt_arena_format(vt_arena *arena, const char *format, ...)
{
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, again);
  va_end(again);
  char *text = length < 0 ? NULL : vt_arena_take(arena, (size_t)length + 1);
  if (text) vsnprintf(text, (size_t)length + 1, format, arguments);
  va_end(arguments);
  return text;
}

bool vt_arena_give(vt_arena *arena, void *block)
{
  /* tensors are asked for in about the order they were unpacked in, so the search goes
   * on where the last one ended */
  for (size_t step = 0; step < arena->block_count; step++) {
    size_t i = (arena->cursor + step) % arena->block_count;
    if (arena->blocks[i] != block || block == arena->chunk) continue;
    arena->blocks[i] = NULL;
    arena->cursor = i;
    return true;
  }
  return false;
}

void vt_arena_free(vt_arena *arena)
{
  for (size_t i = 0; i < arena->block_count; i++)
    vt_free(arena->blocks[i]);
  vt_free(arena->blocks);
  arena->blocks = NULL;
  arena->chunk = NULL;
  arena->block_count = arena->block_capacity = 0;
}
