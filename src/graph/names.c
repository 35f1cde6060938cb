/* SPDX-License-Identifier: Apache-2.0
 *
 * Open addressing with linear steps, at most half full.
 */
#include "graph/names.h"

/* FNV-1a over the bytes, then a mix so that the low bits depend on all of them. */
static uint64_t hash(const char *name)
{
  uint64_t h = 14695981039346656037u;
  for (const unsigned char *c = (const unsigned char *)name; *c; c++)
    h = (h ^ *c) * 1099511628211u;
  h ^= h >> 32;
  h *= 0x9e3779b97f4a7c15u;
  return h ^ (h >> 29);
}

static vt_names_slot *slot_of(vt_names_slot *slots, size_t capacity, const char *name)
{
  size_t i = hash(name) & (capacity - 1);
  while (slots[i].name && strcmp(slots[i].name, name) != 0)
    i = (i + 1) & (capacity - 1);
  return &slots[i];
}

int vt_names_find(const vt_names *names, const char *name)
{
  if (names->capacity == 0) return -1;
  const vt_names_slot *slot = slot_of(names->slots, names->capacity, name);
  return slot->name ? slot->value : -1;
}

static vt_status grow(vt_ctx *ctx, vt_names *names)
{
  size_t capacity = names->capacity ? names->capacity * 2 : 64;
  vt_names_slot *slots = vt_alloc_zero(ctx, capacity, sizeof *slots);
  if (!slots) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < names->capacity; i++)
    if (names->slots[i].name) *slot_of(slots, capacity, names->slots[i].name) = names->slots[i];
  vt_free(names->slots);
  names->slots = slots;
  names->capacity = capacity;
  return VT_OK;
}

vt_status vt_names_put(vt_ctx *ctx, vt_names *names, const char *name, int value)
{
  if ((names->count + 1) * 2 > names->capacity) VT_TRY(grow(ctx, names));
  vt_names_slot *slot = slot_of(names->slots, names->capacity, name);
  if (!slot->name) names->count++;
  *slot = (vt_names_slot){name, value};
  return VT_OK;
}

void vt_names_free(vt_names *names)
{
  vt_free(names->slots);
  *names = (vt_names){0};
}
