/* SPDX-License-Identifier: Apache-2.0
 *
 * Byte-pair encoding: text is split into words, words into bytes or characters, and neighbours are merged in
 * the order in which the merges were learnt. A heap of what can be merged keeps long words linear-ish.
 */
#include "data/characters.h"
#include "data/tokenizer.h"

/* ---- spelling ---- */

int32_t vt_bpe_byte_character(unsigned char byte)
{
  if (byte <= 32) return 256 + byte;
  if (byte >= 127 && byte <= 160) return 289 + byte - 127;
  return byte == 173 ? 323 : byte;
}

/* The byte behind a character; −1: none. */
static int byte_of(int32_t character)
{
  if (character >= 256 && character <= 288) return character - 256;
  if (character >= 289 && character <= 322) return character - 289 + 127;
  if (character == 323) return 173;
  return character < 256 && vt_bpe_byte_character((unsigned char)character) == character ? character : -1;
}

void vt_bpe_spell(vt_ctx *ctx, vt_bpe_level level, const char *text, size_t length, vt_text *out)
{
  if (level == VT_BPE_CHARACTERS) {
    vt_text_add_bytes(ctx, out, text, length);
    return;
  }
  for (size_t i = 0; i < length; i++) {
    char bytes[4];
    vt_text_add_bytes(ctx, out, bytes, vt_utf8_write(vt_bpe_byte_character((unsigned char)text[i]), bytes));
  }
}

/* ---- words ---- */

typedef enum class { BLANK, LETTER, NUMBER, OTHER } class;

static class class_of(int32_t character)
{
  return vt_is_space(character)    ? BLANK
         : vt_is_letter(character) ? LETTER
         : vt_is_number(character) ? NUMBER
                                   : OTHER;
}

/* Bytes of characters of one class from `at` on. */
static size_t run(const char *text, size_t length, size_t at, class wanted, size_t *last)
{
  size_t start = at, size;
  *last = 0;
  while (at < length && class_of(vt_utf8_next(text + at, length - at, &size)) == wanted) {
    at += size;
    *last = size;
  }
  return at - start;
}

size_t vt_bpe_word(const char *text, size_t length)
{
  static const char *const endings[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
  for (size_t i = 0; i < VT_COUNT(endings); i++) {
    size_t size = strlen(endings[i]);
    if (size <= length && memcmp(text, endings[i], size) == 0) return size;
  }
  size_t size, last;
  size_t blank = text[0] == ' ' && length > 1 ? 1 : 0;
  class first = class_of(vt_utf8_next(text + blank, length - blank, &size));
  if (first != BLANK) return blank + run(text, length, blank, first, &last);
  /* blanks: all of them at the end, otherwise all but the one that belongs to the next word */
  size_t blanks = run(text, length, 0, BLANK, &last);
  return blanks == length || blanks == last ? blanks : blanks - last;
}

/* ---- merges ---- */

static size_t merge_slot(const vt_tokenizer *tokenizer, int32_t left, int32_t right)
{
  uint64_t key = ((uint64_t)(uint32_t)left << 32 | (uint32_t)right) * 0x9e3779b97f4a7c15u;
  size_t mask = tokenizer->merge_slot_count - 1, slot = (size_t)(key >> 32) & mask;
  for (; tokenizer->merge_slots[slot] >= 0; slot = (slot + 1) & mask) {
    const vt_merge *there = &tokenizer->merges[tokenizer->merge_slots[slot]];
    if (there->left == left && there->right == right) break;
  }
  return slot;
}

int64_t vt_bpe_find_merge(const vt_tokenizer *tokenizer, int32_t left, int32_t right)
{
  return tokenizer->merge_slot_count ? tokenizer->merge_slots[merge_slot(tokenizer, left, right)] : -1;
}

static vt_status enlarge(vt_ctx *ctx, vt_tokenizer *tokenizer)
{
  if (2 * (tokenizer->merge_count + 1) <= tokenizer->merge_slot_count) return VT_OK;
  size_t count = tokenizer->merge_slot_count ? 2 * tokenizer->merge_slot_count : 64;
  int32_t *slots = vt_alloc(ctx, count * sizeof *slots);
  if (!slots) return VT_ERROR_OUT_OF_MEMORY;
  memset(slots, 255, count * sizeof *slots);
  vt_free(tokenizer->merge_slots);
  tokenizer->merge_slots = slots;
  tokenizer->merge_slot_count = count;
  for (size_t i = 0; i < tokenizer->merge_count; i++)
    slots[merge_slot(tokenizer, tokenizer->merges[i].left, tokenizer->merges[i].right)] = (int32_t)i;
  return VT_OK;
}

vt_status vt_bpe_add_merge(vt_ctx *ctx, vt_tokenizer *tokenizer, int32_t left, int32_t right)
{
  vt_text joined = {0};
  int64_t into = -1;
  vt_text_add(ctx, &joined, tokenizer->vocabulary.pieces[left]);
  vt_text_add(ctx, &joined, tokenizer->vocabulary.pieces[right]);
  vt_status status =
      joined.failed ? vt_ctx_status(ctx)
                    : vt_vocabulary_add(ctx, &tokenizer->vocabulary, joined.data, joined.length, &into, NULL);
  vt_text_free(&joined);
  VT_TRY(status);
  if (tokenizer->merge_count >= VT_VOCABULARY_MAX)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "more than %d merges", VT_VOCABULARY_MAX);
  VT_TRY(enlarge(ctx, tokenizer));
  size_t slot = merge_slot(tokenizer, left, right);
  if (tokenizer->merge_slots[slot] >= 0)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "the merge of '%.40s' and '%.40s' is there twice",
                   tokenizer->vocabulary.pieces[left], tokenizer->vocabulary.pieces[right]);
  VT_TRY(
      vt_grow(ctx, &tokenizer->merges, &tokenizer->merge_capacity, tokenizer->merge_count, sizeof(vt_merge)));
  tokenizer->merge_slots[slot] = (int32_t)tokenizer->merge_count;
  tokenizer->merges[tokenizer->merge_count++] = (vt_merge){left, right, (int32_t)into};
  return VT_OK;
}

/* ---- one word ---- */

typedef struct symbol {
  int32_t id; /* −1: merged away */
  int32_t before, after;
} symbol;

typedef struct candidate {
  int32_t rank, at;
} candidate;

typedef struct merger {
  vt_ctx *ctx;
  const vt_tokenizer *tokenizer;
  symbol *symbols;
  size_t count, symbol_capacity;
  candidate *heap; /* least rank first, then leftmost */
  size_t heap_count, heap_capacity;
  vt_text spelled;
} merger;

static bool less(candidate a, candidate b)
{
  return a.rank != b.rank ? a.rank < b.rank : a.at < b.at;
}

static vt_status push(merger *m, int32_t at)
{
  if (at < 0 || m->symbols[at].after < 0) return VT_OK;
  int64_t rank = vt_bpe_find_merge(m->tokenizer, m->symbols[at].id, m->symbols[m->symbols[at].after].id);
  if (rank < 0) return VT_OK;
  VT_TRY(vt_grow(m->ctx, &m->heap, &m->heap_capacity, m->heap_count, sizeof *m->heap));
  candidate fresh = {(int32_t)rank, at};
  size_t i = m->heap_count++;
  for (; i > 0 && less(fresh, m->heap[(i - 1) / 2]); i = (i - 1) / 2)
    m->heap[i] = m->heap[(i - 1) / 2];
  m->heap[i] = fresh;
  return VT_OK;
}

static candidate pop(merger *m)
{
  candidate top = m->heap[0], last = m->heap[--m->heap_count];
  size_t i = 0;
  for (size_t child; (child = 2 * i + 1) < m->heap_count; i = child) {
    if (child + 1 < m->heap_count && less(m->heap[child + 1], m->heap[child])) child++;
    if (!less(m->heap[child], last)) break;
    m->heap[i] = m->heap[child];
  }
  m->heap[i] = last;
  return top;
}

static vt_status merge_all(merger *m)
{
  m->heap_count = 0;
  for (size_t i = 0; i < m->count; i++)
    VT_TRY(push(m, (int32_t)i));
  while (m->heap_count > 0) {
    candidate next = pop(m);
    const vt_merge *merge = &m->tokenizer->merges[next.rank];
    symbol *left = &m->symbols[next.at];
    if (left->id != merge->left || left->after < 0 || m->symbols[left->after].id != merge->right) continue;
    symbol *right = &m->symbols[left->after];
    left->id = merge->into;
    left->after = right->after;
    right->id = -1;
    if (left->after >= 0) m->symbols[left->after].before = next.at;
    VT_TRY(push(m, left->before));
    VT_TRY(push(m, next.at));
  }
  return VT_OK;
}

static vt_status split_symbols(merger *m)
{
  const vt_tokenizer *tokenizer = m->tokenizer;
  m->count = 0;
  for (size_t at = 0, size; at < m->spelled.length; at += size) {
    vt_utf8_next(m->spelled.data + at, m->spelled.length - at, &size);
    int64_t id = vt_vocabulary_find(&tokenizer->vocabulary, m->spelled.data + at, size);
    if (id < 0) id = tokenizer->specials[VT_SPECIAL_UNK];
    if (id < 0)
      return vt_fail(m->ctx, VT_ERROR_INVALID_DATA, "the character '%.*s' is not in the vocabulary",
                     (int)size, m->spelled.data + at);
    if (m->count >= INT32_MAX) return vt_fail(m->ctx, VT_ERROR_INVALID_DATA, "a word of 2^31 characters");
    VT_TRY(vt_grow(m->ctx, &m->symbols, &m->symbol_capacity, m->count, sizeof *m->symbols));
    m->symbols[m->count] = (symbol){(int32_t)id, (int32_t)m->count - 1, (int32_t)m->count + 1};
    m->count++;
  }
  if (m->count) m->symbols[m->count - 1].after = -1;
  return VT_OK;
}

static vt_status encode_word(merger *m, const char *word, size_t length, vt_ids *out)
{
  m->spelled.length = 0;
  vt_bpe_spell(m->ctx, m->tokenizer->level, word, length, &m->spelled);
  if (m->spelled.failed) return vt_ctx_status(m->ctx);
  VT_TRY(split_symbols(m));
  VT_TRY(merge_all(m));
  for (size_t i = 0; i < m->count; i++)
    if (m->symbols[i].id >= 0) VT_TRY(vt_ids_add(m->ctx, out, m->symbols[i].id));
  return VT_OK;
}

/* ---- the kind ---- */

static vt_status encode(vt_ctx *ctx, const vt_tokenizer *tokenizer, const char *text, size_t length,
                        vt_ids *out)
{
  merger m = {.ctx = ctx, .tokenizer = tokenizer};
  vt_status status = VT_OK;
  for (size_t at = 0, size; at < length && status == VT_OK; at += size) {
    size = vt_bpe_word(text + at, length - at);
    status = encode_word(&m, text + at, size, out);
  }
  vt_free(m.symbols);
  vt_free(m.heap);
  vt_text_free(&m.spelled);
  return status;
}

static void decode(vt_ctx *ctx, const vt_tokenizer *tokenizer, const int64_t *ids, size_t count, vt_text *out)
{
  for (size_t i = 0; i < count; i++) {
    const char *piece = vt_tokenizer_piece(tokenizer, ids[i]);
    size_t length = strlen(piece);
    if (tokenizer->level == VT_BPE_CHARACTERS || vt_tokenizer_is_special(tokenizer, ids[i])) {
      vt_text_add_bytes(ctx, out, piece, length);
      continue;
    }
    for (size_t at = 0, size; at < length; at += size) {
      int byte = byte_of(vt_utf8_next(piece + at, length - at, &size));
      char value = (char)byte;
      if (byte > 0) vt_text_add_bytes(ctx, out, &value, 1);
    }
  }
}

static vt_status read_merge(vt_ctx *ctx, const json_t *pair, vt_tokenizer *tokenizer)
{
  const char *left = json_string_value(json_array_get(pair, 0)),
             *right = json_string_value(json_array_get(pair, 1));
  if (json_array_size(pair) != 2 || !left || !right)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "tokenizer: \"merges\" must be made of pairs of pieces");
  int64_t first = vt_tokenizer_id(tokenizer, left), second = vt_tokenizer_id(tokenizer, right);
  if (first < 0 || second < 0)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA,
                   "tokenizer: a merge of '%.40s' and '%.40s', which are not both pieces", left, right);
  size_t before = tokenizer->vocabulary.count;
  VT_TRY(vt_bpe_add_merge(ctx, tokenizer, (int32_t)first, (int32_t)second));
  if (tokenizer->vocabulary.count != before)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA,
                   "tokenizer: '%.40s' and '%.40s' merge into no piece of the vocabulary", left, right);
  return VT_OK;
}

static vt_status read(vt_ctx *ctx, const json_t *object, vt_tokenizer *tokenizer)
{
  const char *level = json_string_value(json_object_get(object, "level"));
  const json_t *merges = json_object_get(object, "merges");
  if (!level || (strcmp(level, "bytes") != 0 && strcmp(level, "characters") != 0))
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "tokenizer: \"level\" must be bytes or characters");
  tokenizer->level = level[0] == 'b' ? VT_BPE_BYTES : VT_BPE_CHARACTERS;
  if (!json_is_array(merges))
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "tokenizer: \"merges\" must be a list");
  for (size_t i = 0; i < json_array_size(merges); i++)
    VT_TRY(read_merge(ctx, json_array_get(merges, i), tokenizer));
  return VT_OK;
}

static vt_status write(vt_ctx *ctx, const vt_tokenizer *tokenizer, json_t *object)
{
  json_t *merges = json_array();
  for (size_t i = 0; i < tokenizer->merge_count; i++) {
    const vt_merge *merge = &tokenizer->merges[i];
    json_array_append_new(merges, json_pack("[s, s]", vt_tokenizer_piece(tokenizer, merge->left),
                                            vt_tokenizer_piece(tokenizer, merge->right)));
  }
  bool whole = json_array_size(merges) == tokenizer->merge_count;
  json_object_set_new(object, "level",
                      json_string(tokenizer->level == VT_BPE_BYTES ? "bytes" : "characters"));
  json_object_set_new(object, "merges", merges);
  return whole ? VT_OK : vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the merges");
}

const vt_tokenizer_kind_row vt_tokenizer_bpe_kind = {"bpe", encode, decode, read, write};
