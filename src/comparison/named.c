/* SPDX-License-Identifier: Apache-2.0 */
#include "comparison/named.h"

static bool is_blank(char c)
{
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Text without the blanks around it. */
static const char *trim(const char *text, size_t *length)
{
  while (*length && is_blank(*text)) {
    text++;
    (*length)--;
  }
  while (*length && is_blank(text[*length - 1]))
    (*length)--;
  return text;
}

vt_status vt_named_split(vt_ctx *ctx, const char *list, vt_texts *out)
{
  int depth = 0;
  for (const char *at = list, *start = list;; at++) {
    depth += *at == '(';
    depth -= *at == ')' && depth > 0;
    if (*at && (*at != ',' || depth)) continue;
    size_t length = (size_t)(at - start);
    const char *entry = trim(start, &length);
    if (length) VT_TRY(vt_texts_add(ctx, out, entry, length));
    start = at + 1;
    if (!*at) return VT_OK;
  }
}

/* Settings between parentheses. */
static vt_status read_settings(vt_ctx *ctx, const char *text, size_t length, vt_texts *set)
{
  for (const char *at = text, *end = text + length; at < end;) {
    const char *comma = memchr(at, ',', (size_t)(end - at)), *stop = comma ? comma : end;
    size_t size = (size_t)(stop - at);
    const char *piece = trim(at, &size);
    if (memchr(piece, '=', size) || set->count == 0) {
      if (size) VT_TRY(vt_texts_add(ctx, set, piece, size));
    } else {
      char **last = &set->data[set->count - 1], *longer = vt_format(ctx, "%s,%.*s", *last, (int)size, piece);
      if (!longer) return VT_ERROR_OUT_OF_MEMORY;
      vt_free(*last);
      *last = longer;
    }
    at = stop + 1;
  }
  return VT_OK;
}

static vt_status parse(vt_ctx *ctx, const char *text, vt_named *out)
{
  size_t length = strlen(text);
  const char *rest = trim(text, &length);
  size_t label = strcspn(rest, "=(@:/");
  if (rest[label] == '=') {
    out->label = vt_strndup(ctx, rest, label);
    length -= label + 1;
    rest = trim(rest + label + 1, &length);
  } else {
    out->label = vt_strndup(ctx, rest, length);
  }
  if (!out->label) return VT_ERROR_OUT_OF_MEMORY;
  size_t id = strcspn(rest, "(@:");
  if (id > length) id = length;
  if (id == 0 || !*out->label)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "'%s' names nothing; write [LABEL=]NAME[@VARIANT][(SETTING=VALUE,…)]", text);
  if (!(out->id = vt_strndup(ctx, rest, id))) return VT_ERROR_OUT_OF_MEMORY;
  rest += id;
  length -= id;
  if (length && *rest == ':')
    return (out->argument = vt_strndup(ctx, rest + 1, length - 1)) ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (length && *rest == '@') {
    size_t size = strcspn(rest, "(");
    if (size > length) size = length;
    if (!(out->variant = vt_strndup(ctx, rest + 1, size - 1))) return VT_ERROR_OUT_OF_MEMORY;
    rest += size;
    length -= size;
  }
  if (!length) return VT_OK;
  if (rest[length - 1] != ')')
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "'%s': the parenthesis must close at the end", text);
  return read_settings(ctx, rest + 1, length - 2, &out->set);
}

vt_status vt_named_parse(vt_ctx *ctx, const char *text, vt_named *out)
{
  *out = (vt_named){0};
  vt_status status = parse(ctx, text, out);
  if (status != VT_OK) vt_named_free(out);
  return status;
}

void vt_named_free(vt_named *named)
{
  vt_free(named->label);
  vt_free(named->id);
  vt_free(named->argument);
  vt_free(named->variant);
  vt_texts_free(&named->set);
  *named = (vt_named){0};
}
