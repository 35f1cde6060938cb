/* SPDX-License-Identifier: Apache-2.0
 *
 * Counted, aligned memory. Each block carries its size and the counter it was taken from, so that vt_free()
 * needs no context and blocks may outlive the context that made them. Large blocks wait to be used again
 * (blocks.h); what waits is not counted as in use.
 */
#include <stdlib.h>

#include "base/context.h"

enum { ALIGNMENT = 64 };

_Static_assert(sizeof(vt_block) <= ALIGNMENT, "a block's header must fit before its first aligned byte");

static vt_block *block_of(void *data)
{
  return (vt_block *)(void *)((char *)data - ALIGNMENT);
}

vt_memory *vt_memory_new(void)
{
  vt_memory *memory = calloc(1, sizeof *memory);
  if (!memory) return NULL;
  atomic_init(&memory->references, 1);
  vt_blocks_init(&memory->blocks);
  return memory;
}

void vt_memory_unref(vt_memory *memory)
{
  if (!memory || atomic_fetch_sub(&memory->references, 1) != 1) return;
  vt_blocks_end(&memory->blocks);
  free(memory);
}

static bool take(vt_ctx *ctx, size_t bytes)
{
  vt_memory *memory = ctx->memory;
  if (atomic_load(&memory->fail_at) > 0 && atomic_fetch_sub(&memory->fail_at, 1) == 1) {
    vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory: %zu bytes refused (forced by a test)", bytes);
    return false;
  }
  long long now = atomic_fetch_add(&memory->in_use, (long long)bytes) + (long long)bytes;
  long long limit = atomic_load(&memory->limit);
  if (limit > 0 && now > limit) {
    atomic_fetch_sub(&memory->in_use, (long long)bytes);
    vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY,
            "out of memory: %zu bytes more would exceed the limit of %lld bytes (%lld in use)", bytes, limit,
            now - (long long)bytes);
    return false;
  }
  long long peak = atomic_load(&memory->peak);
  while (now > peak && !atomic_compare_exchange_weak(&memory->peak, &peak, now)) {
  }
  return true;
}

/* What waits must not make the process much larger than its work once was, nor exceed the limit. */
static void bound_waiting(vt_memory *memory)
{
  enum { SLACK = 32 << 20 };
  const long long most = 1LL << 30;
  long long in_use = atomic_load(&memory->in_use), peak = atomic_load(&memory->peak);
  long long limit = atomic_load(&memory->limit), whole = peak + peak / 4 + SLACK;
  if (limit > 0 && whole > limit) whole = limit;
  vt_blocks_trim(&memory->blocks, whole - in_use < most ? whole - in_use : most);
}

void *vt_alloc(vt_ctx *ctx, size_t bytes)
{
  vt_memory *memory = ctx->memory;
  if (bytes > SIZE_MAX / 4) {
    vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory: %zu bytes asked for", bytes);
    return NULL;
  }
  if (!take(ctx, bytes)) return NULL;
  vt_block *block = vt_blocks_take(&memory->blocks, bytes + ALIGNMENT);
  if (!block) {
    vt_blocks_trim(&memory->blocks, 0);
    block = vt_blocks_take(&memory->blocks, bytes + ALIGNMENT);
  }
  if (!block) {
    atomic_fetch_sub(&memory->in_use, (long long)bytes);
    vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory: the system refused %zu bytes", bytes);
    return NULL;
  }
  block->bytes = bytes;
  block->memory = memory;
  atomic_fetch_add(&memory->references, 1);
  if (atomic_load(&memory->blocks.waiting) > 0) bound_waiting(memory);
  return (char *)block + ALIGNMENT;
}

void *vt_alloc_zero(vt_ctx *ctx, size_t count, size_t size)
{
  size_t bytes;
  if (!vt_size_mul(count, size, &bytes)) {
    vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory: %zu × %zu bytes asked for", count, size);
    return NULL;
  }
  void *block = vt_alloc(ctx, bytes);
  if (block) memset(block, 0, bytes);
  return block;
}

void *vt_realloc(vt_ctx *ctx, void *block, size_t bytes)
{
  void *fresh = vt_alloc(ctx, bytes);
  if (!fresh || !block) return fresh;
  size_t old = block_of(block)->bytes;
  memcpy(fresh, block, old < bytes ? old : bytes);
  vt_free(block);
  return fresh;
}

void vt_free(void *data)
{
  if (!data) return;
  vt_block *block = block_of(data);
  vt_memory *memory = block->memory;
  atomic_fetch_sub(&memory->in_use, (long long)block->bytes);
  vt_blocks_put(&memory->blocks, block);
  vt_memory_unref(memory);
}

void vt_ctx_trim_memory(vt_ctx *ctx)
{
  vt_blocks_trim(&ctx->memory->blocks, 0);
}

bool vt_size_mul(size_t a, size_t b, size_t *out)
{
  return !__builtin_mul_overflow(a, b, out);
}

vt_status vt_grow(vt_ctx *ctx, void *array_pointer, size_t *capacity, size_t count, size_t element_size)
{
  if (count < *capacity) return VT_OK;
  void *old, *fresh;
  memcpy(&old, array_pointer, sizeof old);
  size_t wanted = *capacity ? *capacity * 2 : 16, bytes;
  while (wanted <= count)
    wanted *= 2;
  if (!vt_size_mul(wanted, element_size, &bytes))
    return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory: %zu elements of %zu bytes", wanted,
                   element_size);
  fresh = vt_realloc(ctx, old, bytes);
  if (!fresh) return VT_ERROR_OUT_OF_MEMORY;
  memcpy(array_pointer, &fresh, sizeof fresh);
  *capacity = wanted;
  return VT_OK;
}

void vt_ctx_fail_allocation(vt_ctx *ctx, long n)
{
  atomic_store(&ctx->memory->fail_at, n);
}

void vt_ctx_set_max_memory(vt_ctx *ctx, uint64_t bytes)
{
  atomic_store(&ctx->memory->limit, bytes > INT64_MAX ? INT64_MAX : (long long)bytes);
  bound_waiting(ctx->memory);
}

uint64_t vt_ctx_memory_in_use(const vt_ctx *ctx)
{
  return (uint64_t)atomic_load(&ctx->memory->in_use);
}

uint64_t vt_ctx_memory_peak(const vt_ctx *ctx)
{
  return (uint64_t)atomic_load(&ctx->memory->peak);
}

uint64_t vt_ctx_memory_waiting(const vt_ctx *ctx)
{
  return (uint64_t)atomic_load(&ctx->memory->blocks.waiting);
}
