/* SPDX-License-Identifier: Apache-2.0
 *
 * Hash map of subsets. The same composite is never run twice: searches that work from both ends meet their
 * own complements, and curves ask for what the search has seen.
 */
#include "explain/scorer_cache.h"

void vt_subset_cache_free(vt_subset_cache *cache)
{
  for (size_t i = 0; i < cache->count; i++)
    vt_free(cache->values[i].probabilities);
  vt_free(cache->keys);
  vt_free(cache->values);
  vt_free(cache->slots);
  *cache = (vt_subset_cache){0};
}

/* Finaliser of splitmix64 (Steele, Lea, Flood 2014) chained over the words. */
static uint64_t hash_bits(const uint64_t *bits, int words)
{
  uint64_t hash = 0x9e3779b97f4a7c15u;
  for (int i = 0; i < words; i++) {
    hash ^= bits[i];
    hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9u;
    hash = (hash ^ hash >> 27) * 0x94d049bb133111ebu;
    hash ^= hash >> 31;
  }
  return hash;
}

/* Slot that holds the subset, or the free one where it belongs. */
static size_t find_slot(const vt_subset_cache *cache, const uint64_t *bits)
{
  size_t mask = cache->slot_count - 1, bytes = (size_t)cache->words * sizeof *bits;
  size_t slot = (size_t)hash_bits(bits, cache->words) & mask;
  while (cache->slots[slot]) {
    if (memcmp(cache->keys + (size_t)(cache->slots[slot] - 1) * (size_t)cache->words, bits, bytes) == 0)
      break;
    slot = (slot + 1) & mask;
  }
  return slot;
}

vt_cached *vt_subset_cache_find(const vt_subset_cache *cache, const uint64_t *bits)
{
  if (!cache->count) return NULL;
  uint32_t entry = cache->slots[find_slot(cache, bits)];
  return entry ? &cache->values[entry - 1] : NULL;
}

static vt_status grow_slots(vt_ctx *ctx, vt_subset_cache *cache)
{
  size_t wanted = cache->slot_count ? cache->slot_count * 2 : 256;
  uint32_t *old = cache->slots, *fresh = vt_alloc_zero(ctx, wanted, sizeof *fresh);
  if (!fresh) return VT_ERROR_OUT_OF_MEMORY;
  cache->slots = fresh;
  cache->slot_count = wanted;
  for (size_t i = 0; i < cache->count; i++)
    cache->slots[find_slot(cache, cache->keys + i * (size_t)cache->words)] = (uint32_t)i + 1;
  vt_free(old);
  return VT_OK;
}

vt_status vt_subset_cache_enter(vt_ctx *ctx, vt_subset_cache *cache, const uint64_t *bits, size_t *out)
{
  if (cache->count >= UINT32_MAX - 1)
    return vt_fail(ctx, VT_ERROR_LIMIT, "more than %u different subsets in one run", UINT32_MAX - 1);
  if (cache->count * 2 >= cache->slot_count) VT_TRY(grow_slots(ctx, cache));
  size_t slot = find_slot(cache, bits), words = (size_t)cache->words;
  if (cache->slots[slot]) {
    *out = cache->slots[slot] - 1;
    return VT_OK;
  }
  VT_TRY(vt_grow(ctx, &cache->keys, &cache->key_capacity, cache->count, words * sizeof *cache->keys));
  VT_TRY(vt_grow(ctx, &cache->values, &cache->value_capacity, cache->count, sizeof *cache->values));
  memcpy(cache->keys + cache->count * words, bits, words * sizeof *bits);
  cache->values[cache->count] = (vt_cached){0};
  cache->slots[slot] = (uint32_t)cache->count + 1;
  *out = cache->count++;
  return VT_OK;
}
