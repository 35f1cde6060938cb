/* SPDX-License-Identifier: Apache-2.0
 *
 * Tokenizers in files: a vocabulary of a piece a line, and the JSON form.
 */
#include <jansson.h>
#include <stdlib.h>

#include "data/characters.h"
#include "data/tokenizer.h"

enum { MAX_BYTES = 64 << 20 };

/* To add a kind: its row, and a line here. */
static const vt_tokenizer_kind_row *const kinds[] = {&vt_tokenizer_words_kind, &vt_tokenizer_bpe_kind,
                                                     &vt_tokenizer_wordpiece_kind};

/* ---- vocabulary ---- */

static vt_status add_piece(vt_ctx *ctx, vt_vocabulary *out, const char *piece, size_t length)
{
  bool fresh;
  if (length == 0 || vt_utf8_broken(piece, length) < length)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "piece %zu is %s", out->count, length ? "not UTF-8" : "empty");
  VT_TRY(vt_vocabulary_add(ctx, out, piece, length, NULL, &fresh));
  if (!fresh)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "piece %zu, '%.*s', is there already", out->count,
                   length < 64 ? (int)length : 64, piece);
  return VT_OK;
}

static vt_status add_lines(vt_ctx *ctx, const char *text, size_t size, vt_vocabulary *out)
{
  for (size_t at = 0; at < size;) {
    const char *end = memchr(text + at, '\n', size - at);
    size_t length = end ? (size_t)(end - text) - at : size - at;
    size_t piece = length > 0 && text[at + length - 1] == '\r' ? length - 1 : length;
    VT_TRY(add_piece(ctx, out, text + at, piece));
    at += length + 1;
  }
  return VT_OK;
}

vt_status vt_tokenizer_read_lines(vt_ctx *ctx, const char *path, vt_vocabulary *out)
{
  unsigned char *bytes;
  size_t size;
  VT_TRY(vt_read_file(ctx, path, MAX_BYTES, &bytes, &size));
  vt_status status = add_lines(ctx, (const char *)bytes, size, out);
  if (status == VT_OK && out->count == 0) status = vt_fail(ctx, VT_ERROR_INVALID_DATA, "an empty vocabulary");
  if (status != VT_OK) vt_fail_prefix(ctx, "%s", path);
  vt_free(bytes);
  return status;
}

static vt_status wrong(vt_ctx *ctx, const char *key, const char *expected)
{
  return vt_fail(ctx, VT_ERROR_INVALID_DATA, "tokenizer: \"%s\" must be %s", key, expected);
}

vt_status vt_tokenizer_read_bool(vt_ctx *ctx, const json_t *object, const char *key, bool fallback, bool *out)
{
  const json_t *value = json_object_get(object, key);
  if (value && !json_is_boolean(value)) return wrong(ctx, key, "true or false");
  *out = value ? json_is_true(value) : fallback;
  return VT_OK;
}

static vt_status read_vocabulary(vt_ctx *ctx, const json_t *object, const char *folder, vt_vocabulary *out)
{
  const json_t *list = json_object_get(object, "vocabulary"), *file = json_object_get(object, "path");
  if (!list == !file) return wrong(ctx, "vocabulary", "there, or \"path\" instead");
  if (list) {
    if (!json_is_array(list) || !json_array_size(list)) return wrong(ctx, "vocabulary", "a list of pieces");
    for (size_t i = 0; i < json_array_size(list); i++) {
      const json_t *piece = json_array_get(list, i);
      if (!json_is_string(piece)) return wrong(ctx, "vocabulary", "made of texts");
      VT_TRY(add_piece(ctx, out, json_string_value(piece), json_string_length(piece)));
    }
    return VT_OK;
  }
  const char *name = json_string_value(file);
  if (!name || !name[0] || strchr(name, '/') || !folder)
    return wrong(ctx, "path", "the name of a file beside this one");
  char *path = vt_path_join(ctx, folder, name);
  if (!path) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_tokenizer_read_lines(ctx, path, out);
  vt_free(path);
  return status;
}

static vt_status read_specials(vt_ctx *ctx, const json_t *specials, vt_tokenizer *tokenizer)
{
  if (!specials) return VT_OK;
  if (!json_is_object(specials)) return wrong(ctx, "specials", "an object of names and pieces");
  const char *name;
  const json_t *piece;
  json_object_foreach((json_t *)specials, name, piece)
  {
    int index = 0;
    while (index < VT_SPECIAL_COUNT && strcmp(vt_special_names[index], name) != 0)
      index++;
    if (index == VT_SPECIAL_COUNT)
      return vt_fail(
          ctx, VT_ERROR_INVALID_DATA,
          "tokenizer: no special is called '%.64s'; there are pad, bos, eos, unk, cls, sep and mask", name);
    int64_t id = json_is_string(piece) ? vt_tokenizer_id(tokenizer, json_string_value(piece)) : -1;
    if (id < 0)
      return vt_fail(ctx, VT_ERROR_INVALID_DATA, "tokenizer: special \"%s\" is no piece of the vocabulary",
                     name);
    tokenizer->specials[index] = id;
  }
  return VT_OK;
}

/* ---- reading ---- */

static vt_status read_kind(vt_ctx *ctx, const json_t *object, const char *folder, vt_tokenizer **out)
{
  const char *name = json_string_value(json_object_get(object, "kind"));
  size_t kind = 0;
  while (name && kind < VT_COUNT(kinds) && strcmp(kinds[kind]->name, name) != 0)
    kind++;
  if (!name || kind == VT_COUNT(kinds)) return wrong(ctx, "kind", "words, bpe or wordpiece");
  VT_TRY(vt_tokenizer_new(ctx, kinds[kind], out));
  VT_TRY(read_vocabulary(ctx, object, folder, &(*out)->vocabulary));
  VT_TRY(read_specials(ctx, json_object_get(object, "specials"), *out));
  return (*out)->kind->read(ctx, object, *out);
}

static vt_status read_path(vt_ctx *ctx, const char *path, bool inner, vt_tokenizer **out);

/* `inner`: of a file that another names, which may name no third. */
static vt_status read_object(vt_ctx *ctx, const json_t *object, const char *folder, bool inner,
                             vt_tokenizer **out)
{
  const json_t *own = json_object_get(object, "tokenizer");
  if (!own) return read_kind(ctx, object, folder, out);
  if (json_is_object(own)) return read_kind(ctx, own, folder, out);
  const char *name = json_string_value(own);
  if (!name || !name[0] || strchr(name, '/') || !folder || inner)
    return wrong(ctx, "tokenizer", "an object, or the name of a tokenizer's file beside this one");
  char *path = vt_path_join(ctx, folder, name);
  if (!path) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = read_path(ctx, path, true, out);
  vt_free(path);
  return status;
}

static vt_status parse(vt_ctx *ctx, const char *json, size_t size, const char *folder, bool inner,
                       vt_tokenizer **out)
{
  json_error_t error;
  json_t *object = json_loadb(json, size, JSON_REJECT_DUPLICATES, &error);
  if (!object)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "tokenizer: no JSON: line %d: %s", error.line, error.text);
  vt_status status = read_object(ctx, object, folder, inner, out);
  json_decref(object);
  return status;
}

static vt_status read_json(vt_ctx *ctx, const char *path, bool inner, vt_tokenizer **out)
{
  unsigned char *bytes;
  size_t size;
  VT_TRY(vt_read_file(ctx, path, MAX_BYTES, &bytes, &size));
  char *folder = vt_path_directory(ctx, path);
  vt_status status =
      folder ? parse(ctx, (const char *)bytes, size, folder, inner, out) : VT_ERROR_OUT_OF_MEMORY;
  if (status != VT_OK) vt_fail_prefix(ctx, "%s", path);
  vt_free(folder);
  vt_free(bytes);
  return status;
}

static vt_status read_lines(vt_ctx *ctx, const char *path, vt_tokenizer **out)
{
  VT_TRY(vt_tokenizer_new(ctx, &vt_tokenizer_wordpiece_kind, out));
  VT_TRY(vt_tokenizer_read_lines(ctx, path, &(*out)->vocabulary));
  vt_status status = (*out)->kind->read(ctx, NULL, *out);
  if (status != VT_OK) vt_fail_prefix(ctx, "%s", path);
  return status;
}

static vt_status read_path(vt_ctx *ctx, const char *path, bool inner, vt_tokenizer **out)
{
  size_t length = strlen(path);
  bool json = length > 5 && strcmp(path + length - 5, ".json") == 0;
  return json ? read_json(ctx, path, inner, out) : read_lines(ctx, path, out);
}

/* Nothing half-read leaves the file. */
static vt_status whole(vt_status status, vt_tokenizer **out)
{
  if (status == VT_OK) return VT_OK;
  vt_tokenizer_free(*out);
  *out = NULL;
  return status;
}

vt_status vt_tokenizer_parse(vt_ctx *ctx, const char *json, size_t size, const char *folder,
                             vt_tokenizer **out)
{
  *out = NULL;
  return whole(parse(ctx, json, size, folder, false, out), out);
}

vt_status vt_tokenizer_read(vt_ctx *ctx, const char *path, vt_tokenizer **out)
{
  *out = NULL;
  return whole(read_path(ctx, path, false, out), out);
}

/* ---- writing ---- */

static json_t *specials_json(const vt_tokenizer *tokenizer)
{
  json_t *object = json_object();
  for (int i = 0; i < VT_SPECIAL_COUNT; i++)
    if (tokenizer->specials[i] >= 0)
      json_object_set_new(object, vt_special_names[i],
                          json_string(vt_tokenizer_piece(tokenizer, tokenizer->specials[i])));
  return object;
}

vt_status vt_tokenizer_write(vt_ctx *ctx, const vt_tokenizer *tokenizer, const char *path)
{
  json_t *object = json_object(), *pieces = json_array();
  char *text = NULL;
  for (size_t i = 0; i < tokenizer->vocabulary.count; i++)
    json_array_append_new(pieces, json_string(tokenizer->vocabulary.pieces[i]));
  json_object_set_new(object, "kind", json_string(tokenizer->kind->name));
  json_object_set_new(object, "specials", specials_json(tokenizer));
  size_t count = json_array_size(pieces);
  json_object_set_new(object, "vocabulary", pieces);
  vt_status status = tokenizer->kind->write(ctx, tokenizer, object);
  if (status == VT_OK) {
    text = json_dumps(object, JSON_INDENT(1));
    status = text && count == tokenizer->vocabulary.count
                 ? vt_write_file(ctx, path, text, strlen(text))
                 : vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "%s: no memory", path);
  }
  free(text);
  json_decref(object);
  return status;
}
