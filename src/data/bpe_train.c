/* SPDX-License-Identifier: Apache-2.0
 *
 * Learning byte-pair merges. Words are counted once; each step merges the most frequent pair in all words
 * that hold it and brings the counts of pairs up to date. The outcome is a function of the texts alone.
 */
#include <stdlib.h>

#include "data/characters.h"
#include "data/tokenizer.h"

typedef struct pair_count {
  uint64_t key; /* left << 32 | right; EMPTY: free */
  int64_t count;
} pair_count;

static const uint64_t EMPTY = UINT64_MAX;

typedef struct word {
  int64_t times;
  size_t start; /* in symbols */
  size_t length;
} word;

typedef struct trainer {
  vt_ctx *ctx;
  vt_tokenizer *tokenizer;
  vt_vocabulary spellings;
  word *words;
  size_t word_capacity;
  int32_t *symbols;
  size_t symbol_count, symbol_capacity;
  pair_count *pairs; /* open addressing */
  size_t pair_slots, pair_used;
} trainer;

/* ---- words ---- */

static vt_status count_words(trainer *t, const char *text)
{
  vt_ctx *ctx = t->ctx;
  size_t length = strlen(text), size;
  vt_text spelled = {0};
  vt_status status = VT_OK;
  if (vt_utf8_broken(text, length) < length)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "a text to learn from is not UTF-8 at byte %zu",
                   vt_utf8_broken(text, length) + 1);
  for (size_t at = 0; at < length; at += size) {
    size = vt_bpe_word(text + at, length - at);
    spelled.length = 0;
    vt_bpe_spell(ctx, t->tokenizer->level, text + at, size, &spelled);
    int64_t id;
    bool fresh;
    VT_TRY_DONE(spelled.failed ? vt_ctx_status(ctx) : VT_OK);
    VT_TRY_DONE(vt_grow(ctx, &t->words, &t->word_capacity, t->spellings.count, sizeof *t->words));
    VT_TRY_DONE(vt_vocabulary_add(ctx, &t->spellings, spelled.data, spelled.length, &id, &fresh));
    if (fresh) t->words[id] = (word){0};
    t->words[id].times++;
  }
done:
  vt_text_free(&spelled);
  return status;
}

static int by_text(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static vt_status add_characters(trainer *t)
{
  vt_ctx *ctx = t->ctx;
  vt_vocabulary characters = {0};
  vt_status status = VT_OK;
  for (size_t i = 0; i < t->spellings.count; i++) {
    const char *text = t->spellings.pieces[i];
    for (size_t at = 0, length = strlen(text), size; at < length; at += size) {
      vt_utf8_next(text + at, length - at, &size);
      VT_TRY_DONE(vt_vocabulary_add(ctx, &characters, text + at, size, NULL, NULL));
    }
  }
  if (characters.count) qsort(characters.pieces, characters.count, sizeof(char *), by_text);
  for (size_t i = 0; i < characters.count; i++)
    VT_TRY_DONE(vt_vocabulary_add(ctx, &t->tokenizer->vocabulary, characters.pieces[i],
                                  strlen(characters.pieces[i]), NULL, NULL));
done:
  vt_vocabulary_free(&characters);
  return status;
}

static vt_status add_base(trainer *t)
{
  if (t->tokenizer->level == VT_BPE_CHARACTERS) return add_characters(t);
  for (int byte = 0; byte < 256; byte++) {
    char bytes[4];
    size_t size = vt_utf8_write(vt_bpe_byte_character((unsigned char)byte), bytes);
    VT_TRY(vt_vocabulary_add(t->ctx, &t->tokenizer->vocabulary, bytes, size, NULL, NULL));
  }
  return VT_OK;
}

static vt_status split_words(trainer *t)
{
  for (size_t i = 0; i < t->spellings.count; i++) {
    const char *text = t->spellings.pieces[i];
    t->words[i].start = t->symbol_count;
    for (size_t at = 0, length = strlen(text), size; at < length; at += size) {
      vt_utf8_next(text + at, length - at, &size);
      VT_TRY(vt_grow(t->ctx, &t->symbols, &t->symbol_capacity, t->symbol_count, sizeof *t->symbols));
      t->symbols[t->symbol_count++] = (int32_t)vt_vocabulary_find(&t->tokenizer->vocabulary, text + at, size);
    }
    t->words[i].length = t->symbol_count - t->words[i].start;
  }
  return VT_OK;
}

/* ---- pairs ---- */

static size_t slot_of(const trainer *t, uint64_t key)
{
  size_t slot = (size_t)(key * 0x9e3779b97f4a7c15u >> 32) & (t->pair_slots - 1);
  while (t->pairs[slot].key != EMPTY && t->pairs[slot].key != key)
    slot = (slot + 1) & (t->pair_slots - 1);
  return slot;
}

static vt_status enlarge(trainer *t)
{
  if (2 * (t->pair_used + 1) <= t->pair_slots) return VT_OK;
  pair_count *old = t->pairs;
  size_t old_slots = t->pair_slots, slots = old_slots ? 2 * old_slots : 1024;
  pair_count *fresh = vt_alloc(t->ctx, slots * sizeof *fresh);
  if (!fresh) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < slots; i++)
    fresh[i] = (pair_count){EMPTY, 0};
  t->pairs = fresh;
  t->pair_slots = slots;
  for (size_t i = 0; i < old_slots; i++)
    if (old[i].key != EMPTY) fresh[slot_of(t, old[i].key)] = old[i];
  vt_free(old);
  return VT_OK;
}

static uint64_t key_of(int32_t left, int32_t right)
{
  return (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
}

/* Adds the pairs of a word, `sign` times as often as it occurs. */
static vt_status count_pairs(trainer *t, const word *w, int64_t sign)
{
  const int32_t *symbols = t->symbols + w->start;
  for (size_t i = 0; i + 1 < w->length; i++) {
    VT_TRY(enlarge(t));
    pair_count *pair = &t->pairs[slot_of(t, key_of(symbols[i], symbols[i + 1]))];
    if (pair->key == EMPTY) {
      pair->key = key_of(symbols[i], symbols[i + 1]);
      t->pair_used++;
    }
    pair->count += sign * w->times;
  }
  return VT_OK;
}

/* Whether the pair joined would read as a special piece, which text must not make. */
static bool makes_special(const trainer *t, uint64_t key)
{
  const vt_tokenizer *tokenizer = t->tokenizer;
  const char *left = tokenizer->vocabulary.pieces[key >> 32],
             *right = tokenizer->vocabulary.pieces[key & UINT32_MAX];
  for (int i = 0; i < VT_SPECIAL_COUNT; i++) {
    if (tokenizer->specials[i] < 0) continue;
    const char *piece = tokenizer->vocabulary.pieces[tokenizer->specials[i]];
    size_t length = strlen(left);
    if (strncmp(piece, left, length) == 0 && strcmp(piece + length, right) == 0) return true;
  }
  return false;
}

/* Most frequent pair, of lower ids when equal. NULL: none occurs twice. */
static const pair_count *best_pair(const trainer *t)
{
  const pair_count *best = NULL;
  for (size_t i = 0; i < t->pair_slots; i++) {
    const pair_count *pair = &t->pairs[i];
    if (pair->key == EMPTY || pair->count < 2) continue;
    if (best && (pair->count < best->count || (pair->count == best->count && pair->key > best->key)))
      continue;
    if (!makes_special(t, pair->key)) best = pair;
  }
  return best;
}

static vt_status merge_word(trainer *t, word *w, int32_t left, int32_t right, int32_t into)
{
  int32_t *symbols = t->symbols + w->start;
  size_t i = 0, kept = 0;
  while (i + 1 < w->length && !(symbols[i] == left && symbols[i + 1] == right))
    i++;
  if (i + 1 >= w->length) return VT_OK;
  VT_TRY(count_pairs(t, w, -1));
  for (i = 0; i < w->length; i++) {
    bool here = i + 1 < w->length && symbols[i] == left && symbols[i + 1] == right;
    symbols[kept++] = here ? into : symbols[i];
    if (here) i++;
  }
  w->length = kept;
  return count_pairs(t, w, 1);
}

static vt_status learn(trainer *t, int64_t size)
{
  vt_tokenizer *tokenizer = t->tokenizer;
  for (size_t i = 0; i < t->spellings.count; i++)
    VT_TRY(count_pairs(t, &t->words[i], 1));
  while (vt_tokenizer_size(tokenizer) < size) {
    const pair_count *best = best_pair(t);
    if (!best) break;
    int32_t left = (int32_t)(best->key >> 32), right = (int32_t)(best->key & UINT32_MAX);
    VT_TRY(vt_bpe_add_merge(t->ctx, tokenizer, left, right));
    int32_t into = tokenizer->merges[tokenizer->merge_count - 1].into;
    for (size_t i = 0; i < t->spellings.count; i++)
      VT_TRY(merge_word(t, &t->words[i], left, right, into));
    VT_TRY(vt_check_cancel(t->ctx));
    vt_progress(t->ctx, "learning merges", (double)vt_tokenizer_size(tokenizer), (double)size);
  }
  return VT_OK;
}

static vt_status train(trainer *t, const char *const *texts, size_t count, int64_t size,
                       const char *const *specials)
{
  VT_TRY(vt_tokenizer_add_specials(t->ctx, t->tokenizer, specials));
  for (size_t i = 0; i < count; i++)
    VT_TRY(count_words(t, texts[i]));
  VT_TRY(add_base(t));
  if (vt_tokenizer_size(t->tokenizer) > size)
    return vt_fail(t->ctx, VT_ERROR_INVALID_ARGUMENT,
                   "a vocabulary of %lld is too small: specials and single %s are %lld", (long long)size,
                   t->tokenizer->level == VT_BPE_BYTES ? "bytes" : "characters",
                   (long long)vt_tokenizer_size(t->tokenizer));
  VT_TRY(split_words(t));
  return learn(t, size);
}

vt_status vt_bpe_train(vt_ctx *ctx, const char *const *texts, size_t count, vt_bpe_level level, int64_t size,
                       const char *const *specials, vt_tokenizer **out)
{
  trainer t = {.ctx = ctx};
  vt_status status = vt_tokenizer_new(ctx, &vt_tokenizer_bpe_kind, out);
  if (status == VT_OK) {
    t.tokenizer = *out;
    t.tokenizer->level = level;
    status = train(&t, texts, count, size, specials);
  }
  vt_vocabulary_free(&t.spellings);
  vt_free(t.words);
  vt_free(t.symbols);
  vt_free(t.pairs);
  if (status != VT_OK) {
    vt_tokenizer_free(*out);
    *out = NULL;
  }
  return status;
}
