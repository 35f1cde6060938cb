/* SPDX-License-Identifier: Apache-2.0
 *
 * WordPiece as BERT uses it (Devlin et al. 2019): text is cleaned, lowered and split at blanks and
 * punctuation, Chinese characters stand alone, and each word is cut into the longest pieces of the vocabulary
 * from the left; pieces that continue a word begin with "##". A word that cannot be cut is unknown.
 */
#include "data/characters.h"
#include "data/tokenizer.h"

enum { MAX_WORD = 100 /* characters; longer ones are unknown */ };

/* CJK Unified Ideographs, extensions A to E and compatibility ideographs. */
static bool is_chinese(int32_t c)
{
  static const int32_t ranges[][2] = {{0x4e00, 0x9fff},   {0x3400, 0x4dbf},   {0x20000, 0x2a6df},
                                      {0x2a700, 0x2b73f}, {0x2b740, 0x2b81f}, {0x2b820, 0x2ceaf},
                                      {0xf900, 0xfaff},   {0x2f800, 0x2fa1f}};
  for (size_t i = 0; i < VT_COUNT(ranges); i++)
    if (c >= ranges[i][0] && c <= ranges[i][1]) return true;
  return false;
}

/* Without control characters, blanks as ' ', blanks around Chinese characters. */
static void clean(vt_ctx *ctx, const char *text, size_t length, vt_text *out)
{
  for (size_t at = 0, size; at < length; at += size) {
    int32_t character = vt_utf8_next(text + at, length - at, &size);
    if (character == 0xfffd || vt_is_control(character)) continue;
    bool chinese = is_chinese(character);
    if (chinese || vt_is_space(character)) vt_text_add(ctx, out, " ");
    if (chinese || !vt_is_space(character)) vt_text_add_bytes(ctx, out, text + at, size);
    if (chinese) vt_text_add(ctx, out, " ");
  }
}

/* Longest piece that begins the word; `inner`: one that continues a word. −1: none. */
static int64_t longest(vt_ctx *ctx, const vt_tokenizer *tokenizer, const char *word, size_t length,
                       bool inner, vt_text *scratch, size_t *taken)
{
  for (size_t size = length; size > 0; size--) {
    if (size < length && ((unsigned char)word[size] & 0xc0) == 0x80) continue; /* inside a character */
    int64_t id;
    if (inner) {
      scratch->length = 0;
      vt_text_add(ctx, scratch, "##");
      vt_text_add_bytes(ctx, scratch, word, size);
      if (scratch->failed) return -1;
      id = vt_vocabulary_find(&tokenizer->vocabulary, scratch->data, scratch->length);
    } else {
      id = vt_vocabulary_find(&tokenizer->vocabulary, word, size);
    }
    if (id >= 0) {
      *taken = size;
      return id;
    }
  }
  return -1;
}

static vt_status encode_word(vt_ctx *ctx, const vt_tokenizer *tokenizer, const char *word, size_t length,
                             vt_text *scratch, vt_ids *out)
{
  size_t before = out->count, characters = 0;
  int64_t unknown = tokenizer->specials[VT_SPECIAL_UNK];
  for (size_t i = 0; i < length; i++)
    characters += ((unsigned char)word[i] & 0xc0) != 0x80;
  if (characters > MAX_WORD) return vt_ids_add(ctx, out, unknown);
  for (size_t at = 0, taken = 0; at < length; at += taken) {
    int64_t id = longest(ctx, tokenizer, word + at, length - at, at > 0, scratch, &taken);
    if (scratch->failed) return vt_ctx_status(ctx);
    if (id < 0) {
      out->count = before;
      return vt_ids_add(ctx, out, unknown);
    }
    VT_TRY(vt_ids_add(ctx, out, id));
  }
  return VT_OK;
}

static vt_status encode_words(vt_ctx *ctx, const vt_tokenizer *tokenizer, const vt_text *text,
                              vt_text *scratch, vt_ids *out)
{
  size_t start = 0, size;
  for (size_t at = 0; at <= text->length; at += size) {
    size = 1;
    int32_t character = at < text->length ? vt_utf8_next(text->data + at, text->length - at, &size) : ' ';
    bool blank = vt_is_space(character), mark = !blank && vt_is_punctuation(character);
    if (!blank && !mark) continue;
    if (at > start) VT_TRY(encode_word(ctx, tokenizer, text->data + start, at - start, scratch, out));
    if (mark) VT_TRY(encode_word(ctx, tokenizer, text->data + at, size, scratch, out));
    start = at + size;
  }
  return VT_OK;
}

static vt_status encode(vt_ctx *ctx, const vt_tokenizer *tokenizer, const char *text, size_t length,
                        vt_ids *out)
{
  vt_text cleaned = {0}, lowered = {0}, scratch = {0};
  clean(ctx, text, length, &cleaned);
  vt_status status = cleaned.failed ? vt_ctx_status(ctx) : VT_OK;
  if (status == VT_OK && tokenizer->lower)
    status = vt_tokenizer_lower(ctx, cleaned.data, cleaned.length, &lowered);
  if (status == VT_OK)
    status = encode_words(ctx, tokenizer, tokenizer->lower ? &lowered : &cleaned, &scratch, out);
  vt_text_free(&cleaned);
  vt_text_free(&lowered);
  vt_text_free(&scratch);
  return status;
}

static void decode(vt_ctx *ctx, const vt_tokenizer *tokenizer, const int64_t *ids, size_t count, vt_text *out)
{
  for (size_t i = 0; i < count; i++) {
    const char *piece = vt_tokenizer_piece(tokenizer, ids[i]);
    if (strncmp(piece, "##", 2) == 0 && piece[2])
      vt_text_add(ctx, out, piece + 2);
    else
      vt_tokenizer_join(ctx, out, piece);
  }
}

/* The specials of BERT, where the file does not name them. */
static vt_status read(vt_ctx *ctx, const json_t *object, vt_tokenizer *tokenizer)
{
  static const struct {
    int special;
    const char *piece;
  } usual[] = {{VT_SPECIAL_PAD, "[PAD]"},
               {VT_SPECIAL_UNK, "[UNK]"},
               {VT_SPECIAL_CLS, "[CLS]"},
               {VT_SPECIAL_SEP, "[SEP]"},
               {VT_SPECIAL_MASK, "[MASK]"}};
  for (size_t i = 0; i < VT_COUNT(usual); i++)
    if (tokenizer->specials[usual[i].special] < 0)
      tokenizer->specials[usual[i].special] = vt_tokenizer_id(tokenizer, usual[i].piece);
  if (tokenizer->specials[VT_SPECIAL_UNK] < 0)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "no WordPiece vocabulary: it has no piece '[UNK]'");
  return vt_tokenizer_read_bool(ctx, object, "lower", true, &tokenizer->lower);
}

static vt_status write(vt_ctx *ctx, const vt_tokenizer *tokenizer, json_t *object)
{
  VT_UNUSED(ctx);
  json_object_set_new(object, "lower", json_boolean(tokenizer->lower));
  return VT_OK;
}

const vt_tokenizer_kind_row vt_tokenizer_wordpiece_kind = {"wordpiece", encode, decode, read, write};
