/* SPDX-License-Identifier: Apache-2.0
 *
 * What all tokenizers have: vocabulary, special pieces and the walk over text around them.
 */
#include "data/tokenizer.h"

#include <utf8proc.h>

#include "data/characters.h"

const char *const vt_special_names[VT_SPECIAL_COUNT] = {"pad", "bos", "eos", "unk", "cls", "sep", "mask"};

/* ---- life ---- */

vt_status vt_tokenizer_new(vt_ctx *ctx, const vt_tokenizer_kind_row *kind, vt_tokenizer **out)
{
  vt_tokenizer *tokenizer = vt_alloc_zero(ctx, 1, sizeof *tokenizer);
  *out = tokenizer;
  if (!tokenizer) return VT_ERROR_OUT_OF_MEMORY;
  tokenizer->kind = kind;
  for (int i = 0; i < VT_SPECIAL_COUNT; i++)
    tokenizer->specials[i] = -1;
  return VT_OK;
}

void vt_tokenizer_free(vt_tokenizer *tokenizer)
{
  if (!tokenizer) return;
  vt_vocabulary_free(&tokenizer->vocabulary);
  vt_free(tokenizer->merges);
  vt_free(tokenizer->merge_slots);
  vt_free(tokenizer);
}

void vt_tokenizer_text_free(char *text)
{
  vt_free(text);
}

void vt_ids_free(vt_ids *ids)
{
  vt_free(ids->data);
  *ids = (vt_ids){0};
}

vt_status vt_ids_add(vt_ctx *ctx, vt_ids *ids, int64_t id)
{
  VT_TRY(vt_grow(ctx, &ids->data, &ids->capacity, ids->count, sizeof *ids->data));
  ids->data[ids->count++] = id;
  return VT_OK;
}

/* ---- vocabulary ---- */

const char *vt_tokenizer_kind(const vt_tokenizer *tokenizer)
{
  return tokenizer->kind->name;
}

int64_t vt_tokenizer_size(const vt_tokenizer *tokenizer)
{
  return (int64_t)tokenizer->vocabulary.count;
}

const char *vt_tokenizer_piece(const vt_tokenizer *tokenizer, int64_t id)
{
  return id >= 0 && id < vt_tokenizer_size(tokenizer) ? tokenizer->vocabulary.pieces[id] : NULL;
}

int64_t vt_tokenizer_id(const vt_tokenizer *tokenizer, const char *piece)
{
  return vt_vocabulary_find(&tokenizer->vocabulary, piece, strlen(piece));
}

static int special_index(const char *name)
{
  for (int i = 0; i < VT_SPECIAL_COUNT; i++)
    if (strcmp(vt_special_names[i], name) == 0) return i;
  return -1;
}

int64_t vt_tokenizer_special(const vt_tokenizer *tokenizer, const char *name)
{
  int index = special_index(name);
  return index < 0 ? -1 : tokenizer->specials[index];
}

vt_status vt_tokenizer_add_specials(vt_ctx *ctx, vt_tokenizer *tokenizer, const char *const *specials)
{
  for (; specials && specials[0]; specials += 2) {
    int index = special_index(specials[0]);
    if (index < 0)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                     "no special is called '%.64s'; there are pad, bos, eos, unk, cls, sep and mask",
                     specials[0]);
    size_t length = strlen(specials[1]);
    if (length == 0 || vt_utf8_broken(specials[1], length) < length)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "special '%s' must be a text", specials[0]);
    VT_TRY(vt_vocabulary_add(ctx, &tokenizer->vocabulary, specials[1], length, &tokenizer->specials[index],
                             NULL));
  }
  return VT_OK;
}

bool vt_tokenizer_is_special(const vt_tokenizer *tokenizer, int64_t id)
{
  for (int i = 0; i < VT_SPECIAL_COUNT; i++)
    if (tokenizer->specials[i] == id) return true;
  return false;
}

/* ---- text to ids ---- */

/* The special piece that begins here; the longest when one begins another. −1: none. */
static int64_t special_at(const vt_tokenizer *tokenizer, const char *text, size_t length, size_t *size)
{
  int64_t found = -1;
  *size = 0;
  for (int i = 0; i < VT_SPECIAL_COUNT; i++) {
    if (tokenizer->specials[i] < 0) continue;
    const char *piece = tokenizer->vocabulary.pieces[tokenizer->specials[i]];
    size_t bytes = strlen(piece);
    if (bytes <= length && bytes > *size && memcmp(piece, text, bytes) == 0) {
      found = tokenizer->specials[i];
      *size = bytes;
    }
  }
  return found;
}

static vt_status encode_parts(vt_ctx *ctx, const vt_tokenizer *tokenizer, const char *text, size_t length,
                              vt_ids *out)
{
  size_t start = 0, at = 0;
  while (at < length) {
    size_t size;
    int64_t id = special_at(tokenizer, text + at, length - at, &size);
    if (id < 0) {
      at++;
      continue;
    }
    if (at > start) VT_TRY(tokenizer->kind->encode(ctx, tokenizer, text + start, at - start, out));
    VT_TRY(vt_ids_add(ctx, out, id));
    at += size;
    start = at;
  }
  return at > start ? tokenizer->kind->encode(ctx, tokenizer, text + start, at - start, out) : VT_OK;
}

static vt_status add_frame(vt_ctx *ctx, const vt_tokenizer *tokenizer, int first_choice, int second_choice,
                           vt_ids *out)
{
  int64_t id = tokenizer->specials[first_choice];
  if (id < 0) id = tokenizer->specials[second_choice];
  return id < 0 ? VT_OK : vt_ids_add(ctx, out, id);
}

vt_status vt_tokenizer_encode(vt_ctx *ctx, const vt_tokenizer *tokenizer, const char *text, size_t length,
                              bool framed, vt_ids *out)
{
  size_t broken = vt_utf8_broken(text, length);
  if (broken < length)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "the text is not UTF-8: byte %zu of %zu is 0x%02x", broken + 1,
                   length, (unsigned)(unsigned char)text[broken]);
  if (framed) VT_TRY(add_frame(ctx, tokenizer, VT_SPECIAL_CLS, VT_SPECIAL_BOS, out));
  VT_TRY(encode_parts(ctx, tokenizer, text, length, out));
  return framed ? add_frame(ctx, tokenizer, VT_SPECIAL_SEP, VT_SPECIAL_EOS, out) : VT_OK;
}

/* ---- ids to text ---- */

static bool is_silent(const vt_tokenizer *tokenizer, int64_t id)
{
  static const int silent[] = {VT_SPECIAL_PAD, VT_SPECIAL_BOS, VT_SPECIAL_EOS, VT_SPECIAL_CLS,
                               VT_SPECIAL_SEP};
  for (size_t i = 0; i < VT_COUNT(silent); i++)
    if (tokenizer->specials[silent[i]] == id) return true;
  return false;
}

vt_status vt_tokenizer_decode(vt_ctx *ctx, const vt_tokenizer *tokenizer, const int64_t *ids, size_t count,
                              char **out)
{
  vt_ids said = {0};
  vt_text text = {0};
  vt_status status = VT_OK;
  *out = NULL;
  for (size_t i = 0; i < count && status == VT_OK; i++) {
    if (!vt_tokenizer_piece(tokenizer, ids[i]))
      status = vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "token %zu has the id %lld; there are 0 to %lld", i,
                       (long long)ids[i], (long long)vt_tokenizer_size(tokenizer) - 1);
    else if (!is_silent(tokenizer, ids[i]))
      status = vt_ids_add(ctx, &said, ids[i]);
  }
  if (status == VT_OK) {
    vt_text_add(ctx, &text, "");
    tokenizer->kind->decode(ctx, tokenizer, said.data, said.count, &text);
    if (text.failed)
      status = vt_ctx_status(ctx);
    else
      *out = vt_strdup(ctx, text.data ? text.data : "");
    if (status == VT_OK && !*out) status = VT_ERROR_OUT_OF_MEMORY;
  }
  vt_text_free(&text);
  vt_ids_free(&said);
  return status;
}

void vt_tokenizer_join(vt_ctx *ctx, vt_text *out, const char *word)
{
  if (out->length > 0) {
    char before = out->data[out->length - 1];
    bool digits = before >= '0' && before <= '9' && word[0] >= '0' && word[0] <= '9';
    bool closing = word[0] && strchr(".,;:!?)]}%'", word[0]) && !word[1];
    bool opened = before == '(' || before == '[' || before == '{' || before == '\'';
    if (!digits && !closing && !opened) vt_text_add(ctx, out, " ");
  }
  vt_text_add(ctx, out, word);
}

vt_status vt_tokenizer_lower(vt_ctx *ctx, const char *text, size_t length, vt_text *out)
{
  for (size_t at = 0, size; at < length && !out->failed; at += size) {
    utf8proc_int32_t parts[32];
    int boundary = 0;
    int32_t character = vt_utf8_next(text + at, length - at, &size);
    utf8proc_ssize_t count =
        utf8proc_decompose_char(character, parts, VT_COUNT(parts), UTF8PROC_DECOMPOSE, &boundary);
    if (count < 0 || count > (utf8proc_ssize_t)VT_COUNT(parts)) {
      parts[0] = character;
      count = 1;
    }
    for (utf8proc_ssize_t i = 0; i < count; i++) {
      if (vt_is_mark(parts[i])) continue;
      char bytes[4];
      vt_text_add_bytes(ctx, out, bytes, vt_utf8_write(utf8proc_tolower(parts[i]), bytes));
    }
  }
  return out->failed ? vt_ctx_status(ctx) : VT_OK;
}
