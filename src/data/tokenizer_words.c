/* SPDX-License-Identifier: Apache-2.0
 *
 * One id a word, from a fixed list: for languages with a grammar that is known.
 */
#include "data/characters.h"
#include "data/tokenizer.h"

static vt_status add_known(vt_ctx *ctx, const vt_tokenizer *tokenizer, const char *word, size_t length,
                           vt_ids *out)
{
  int64_t id = vt_vocabulary_find(&tokenizer->vocabulary, word, length);
  if (id < 0 && !tokenizer->unknown_fails) id = tokenizer->specials[VT_SPECIAL_UNK];
  if (id >= 0) return vt_ids_add(ctx, out, id);
  return vt_fail(ctx, VT_ERROR_INVALID_DATA, "the word '%.*s' is not among the %zu known",
                 length < 64 ? (int)length : 64, word, tokenizer->vocabulary.count);
}

/* Letters together, with marks, hyphens and apostrophes inside; any other character alone. */
static size_t part_length(const char *text, size_t length)
{
  size_t at = 0, size;
  while (at < length) {
    int32_t character = vt_utf8_next(text + at, length - at, &size);
    bool letter = vt_is_letter(character) || (at > 0 && vt_is_mark(character)) || character == '_';
    if (!letter && at > 0 && at + size < length && (character == '-' || character == '\'')) {
      size_t after;
      letter = vt_is_letter(vt_utf8_next(text + at + size, length - at - size, &after));
    }
    if (!letter) return at > 0 ? at : size;
    at += size;
  }
  return at;
}

static vt_status encode_chunk(vt_ctx *ctx, const vt_tokenizer *tokenizer, const char *text, size_t length,
                              vt_ids *out)
{
  if (vt_vocabulary_find(&tokenizer->vocabulary, text, length) >= 0)
    return add_known(ctx, tokenizer, text, length, out);
  for (size_t at = 0, part; at < length; at += part) {
    part = part_length(text + at, length - at);
    VT_TRY(add_known(ctx, tokenizer, text + at, part, out));
  }
  return VT_OK;
}

static vt_status encode_chunks(vt_ctx *ctx, const vt_tokenizer *tokenizer, const char *text, size_t length,
                               vt_ids *out)
{
  size_t start = 0, size;
  for (size_t at = 0; at <= length; at += size) {
    size = 1;
    if (at < length && !vt_is_space(vt_utf8_next(text + at, length - at, &size))) continue;
    if (at > start) VT_TRY(encode_chunk(ctx, tokenizer, text + start, at - start, out));
    start = at + size;
  }
  return VT_OK;
}

static vt_status encode(vt_ctx *ctx, const vt_tokenizer *tokenizer, const char *text, size_t length,
                        vt_ids *out)
{
  if (!tokenizer->lower) return encode_chunks(ctx, tokenizer, text, length, out);
  vt_text lowered = {0};
  vt_status status = vt_tokenizer_lower(ctx, text, length, &lowered);
  if (status == VT_OK) status = encode_chunks(ctx, tokenizer, lowered.data, lowered.length, out);
  vt_text_free(&lowered);
  return status;
}

static void decode(vt_ctx *ctx, const vt_tokenizer *tokenizer, const int64_t *ids, size_t count, vt_text *out)
{
  for (size_t i = 0; i < count; i++)
    vt_tokenizer_join(ctx, out, vt_tokenizer_piece(tokenizer, ids[i]));
}

static vt_status read(vt_ctx *ctx, const json_t *object, vt_tokenizer *tokenizer)
{
  const json_t *unknown = json_object_get(object, "unknown");
  const char *word = unknown ? json_string_value(unknown) : "unk";
  if (!word || (strcmp(word, "unk") != 0 && strcmp(word, "error") != 0))
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "tokenizer: \"unknown\" must be unk or error");
  tokenizer->unknown_fails = strcmp(word, "error") == 0;
  return vt_tokenizer_read_bool(ctx, object, "lower", false, &tokenizer->lower);
}

static vt_status write(vt_ctx *ctx, const vt_tokenizer *tokenizer, json_t *object)
{
  VT_UNUSED(ctx);
  json_object_set_new(object, "unknown", json_string(tokenizer->unknown_fails ? "error" : "unk"));
  json_object_set_new(object, "lower", json_boolean(tokenizer->lower));
  return VT_OK;
}

const vt_tokenizer_kind_row vt_tokenizer_words_kind = {"words", encode, decode, read, write};

static vt_status add_words(vt_ctx *ctx, vt_tokenizer *tokenizer, const char *const *words, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    size_t length = strlen(words[i]);
    if (length == 0 || vt_utf8_broken(words[i], length) < length)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "word %zu is empty or not UTF-8", i);
    VT_TRY(vt_vocabulary_add(ctx, &tokenizer->vocabulary, words[i], length, NULL, NULL));
  }
  return VT_OK;
}

vt_status vt_tokenizer_words(vt_ctx *ctx, const char *const *words, size_t count, const char *const *specials,
                             bool lower, vt_tokenizer **out)
{
  vt_status status = vt_tokenizer_new(ctx, &vt_tokenizer_words_kind, out);
  if (status == VT_OK) status = vt_tokenizer_add_specials(ctx, *out, specials);
  if (status == VT_OK) status = add_words(ctx, *out, words, count);
  if (status != VT_OK) {
    vt_tokenizer_free(*out);
    *out = NULL;
    return status;
  }
  (*out)->lower = lower;
  (*out)->unknown_fails = (*out)->specials[VT_SPECIAL_UNK] < 0;
  return VT_OK;
}
