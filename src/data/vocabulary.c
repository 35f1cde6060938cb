/* SPDX-License-Identifier: Apache-2.0 */
#include "data/vocabulary.h"

/* FNV-1a, 64 bits. */
static uint64_t hash_of(const char *text, size_t length)
{
  uint64_t hash = 14695981039346656037u;
  for (size_t i = 0; i < length; i++)
    hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
  return hash ^ hash >> 32;
}

/* Slot that holds the piece, or the free one where it belongs. */
static size_t slot_of(const vt_vocabulary *vocabulary, const char *piece, size_t length)
{
  size_t slot = hash_of(piece, length) & (vocabulary->slot_count - 1);
  for (; vocabulary->slots[slot] >= 0; slot = (slot + 1) & (vocabulary->slot_count - 1)) {
    const char *there = vocabulary->pieces[vocabulary->slots[slot]];
    if (strncmp(there, piece, length) == 0 && there[length] == 0) break;
  }
  return slot;
}

static vt_status enlarge(vt_ctx *ctx, vt_vocabulary *vocabulary)
{
  if (2 * (vocabulary->count + 1) <= vocabulary->slot_count) return VT_OK;
  size_t count = vocabulary->slot_count ? 2 * vocabulary->slot_count : 64;
  int32_t *slots = vt_alloc(ctx, count * sizeof *slots);
  if (!slots) return VT_ERROR_OUT_OF_MEMORY;
  memset(slots, 255, count * sizeof *slots);
  vt_free(vocabulary->slots);
  vocabulary->slots = slots;
  vocabulary->slot_count = count;
  for (size_t i = 0; i < vocabulary->count; i++)
    slots[slot_of(vocabulary, vocabulary->pieces[i], strlen(vocabulary->pieces[i]))] = (int32_t)i;
  return VT_OK;
}

vt_status vt_vocabulary_add(vt_ctx *ctx, vt_vocabulary *vocabulary, const char *piece, size_t length,
                            int64_t *id, bool *fresh)
{
  if (vocabulary->count >= VT_VOCABULARY_MAX)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "more than %d pieces in a vocabulary", VT_VOCABULARY_MAX);
  VT_TRY(enlarge(ctx, vocabulary));
  size_t slot = slot_of(vocabulary, piece, length);
  if (fresh) *fresh = vocabulary->slots[slot] < 0;
  if (vocabulary->slots[slot] < 0) {
    VT_TRY(vt_grow(ctx, &vocabulary->pieces, &vocabulary->capacity, vocabulary->count, sizeof(char *)));
    char *copy = vt_strndup(ctx, piece, length);
    if (!copy) return VT_ERROR_OUT_OF_MEMORY;
    vocabulary->slots[slot] = (int32_t)vocabulary->count;
    vocabulary->pieces[vocabulary->count++] = copy;
  }
  if (id) *id = vocabulary->slots[slot];
  return VT_OK;
}

int64_t vt_vocabulary_find(const vt_vocabulary *vocabulary, const char *piece, size_t length)
{
  return vocabulary->slot_count ? vocabulary->slots[slot_of(vocabulary, piece, length)] : -1;
}

void vt_vocabulary_free(vt_vocabulary *vocabulary)
{
  for (size_t i = 0; i < vocabulary->count; i++)
    vt_free(vocabulary->pieces[i]);
  vt_free(vocabulary->pieces);
  vt_free(vocabulary->slots);
  *vocabulary = (vt_vocabulary){0};
}
