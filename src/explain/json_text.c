/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON as text that people can read and that is the same everywhere: %.9g with '.', keys in the order they
 * were set, lists of plain values on one line.
 */
#include "base/base.h"
#include "explain/explanation.h"

#include <glib.h>
#include <math.h>

enum { DEEPEST = 64 };

typedef struct writer {
  vt_ctx *ctx;
  vt_text text;
  bool too_deep;
} writer;

static void write_string(writer *w, const char *string, size_t length)
{
  vt_text_add(w->ctx, &w->text, "\"");
  size_t plain = 0; /* start of the part not yet written */
  for (size_t i = 0; i < length; i++) {
    unsigned char byte = (unsigned char)string[i];
    if (byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0x7f) continue;
    vt_text_add_bytes(w->ctx, &w->text, string + plain, i - plain);
    plain = i + 1;
    if (byte == '"' || byte == '\\')
      vt_text_addf(w->ctx, &w->text, "\\%c", byte);
    else if (byte == '\n')
      vt_text_add(w->ctx, &w->text, "\\n");
    else
      vt_text_addf(w->ctx, &w->text, "\\u%04x", byte);
  }
  vt_text_add_bytes(w->ctx, &w->text, string + plain, length - plain);
  vt_text_add(w->ctx, &w->text, "\"");
}

static bool is_container(const json_t *value)
{
  return json_is_array(value) || json_is_object(value);
}

/* Lists whose elements are no lists or objects, and objects inside lists, stay on one line. */
static bool on_one_line(const json_t *value)
{
  if (!json_is_array(value)) return false;
  size_t index;
  json_t *element;
  json_array_foreach((json_t *)value, index, element)
  {
    if (is_container(element)) return false;
  }
  return true;
}

static void line_feed(writer *w, int depth)
{
  vt_text_add(w->ctx, &w->text, "\n");
  for (int i = 0; i < depth; i++)
    vt_text_add(w->ctx, &w->text, " ");
}

static void write_value(writer *w, const json_t *value, int depth, bool flat);

static void write_array(writer *w, const json_t *array, int depth, bool flat)
{
  bool one_line = flat || on_one_line(array);
  size_t count = json_array_size(array);
  vt_text_add(w->ctx, &w->text, "[");
  for (size_t i = 0; i < count; i++) {
    if (i) vt_text_add(w->ctx, &w->text, one_line ? ", " : ",");
    if (!one_line) line_feed(w, depth + 1);
    write_value(w, json_array_get(array, i), depth + 1, true);
  }
  if (!one_line) line_feed(w, depth);
  vt_text_add(w->ctx, &w->text, "]");
}

static void write_object(writer *w, const json_t *object, int depth, bool flat)
{
  bool first = true;
  vt_text_add(w->ctx, &w->text, "{");
  for (void *at = json_object_iter((json_t *)object); at; at = json_object_iter_next((json_t *)object, at)) {
    if (!first) vt_text_add(w->ctx, &w->text, flat ? ", " : ",");
    first = false;
    if (!flat) line_feed(w, depth + 1);
    const char *key = json_object_iter_key(at);
    write_string(w, key, strlen(key));
    vt_text_add(w->ctx, &w->text, ": ");
    write_value(w, json_object_iter_value(at), depth + 1, flat);
  }
  if (!flat && !first) line_feed(w, depth);
  vt_text_add(w->ctx, &w->text, "}");
}

static void write_value(writer *w, const json_t *value, int depth, bool flat)
{
  char number[32];
  if (depth > DEEPEST) {
    w->too_deep = true;
    return;
  }
  switch (json_typeof(value)) {
  case JSON_OBJECT:
    write_object(w, value, depth, flat);
    break;
  case JSON_ARRAY:
    write_array(w, value, depth, flat);
    break;
  case JSON_STRING:
    write_string(w, json_string_value(value), json_string_length(value));
    break;
  case JSON_INTEGER:
    vt_text_addf(w->ctx, &w->text, "%lld", (long long)json_integer_value(value));
    break;
  case JSON_REAL:
    vt_text_add(w->ctx, &w->text,
                isfinite(json_real_value(value)) ? vt_number_text(json_real_value(value), number) : "null");
    break;
  case JSON_TRUE:
    vt_text_add(w->ctx, &w->text, "true");
    break;
  case JSON_FALSE:
    vt_text_add(w->ctx, &w->text, "false");
    break;
  case JSON_NULL:
  default:
    vt_text_add(w->ctx, &w->text, "null");
  }
}

json_t *vt_json_outside(const char *text)
{
  if (!text) return json_null();
  char *valid = g_utf8_make_valid(text, -1);
  json_t *json = json_string(valid);
  g_free(valid);
  return json;
}

vt_status vt_json_text(vt_ctx *ctx, const json_t *json, char **out)
{
  *out = NULL;
  writer w = {.ctx = ctx};
  write_value(&w, json, 0, false);
  vt_text_add(ctx, &w.text, "\n");
  if (w.text.failed || w.too_deep) {
    vt_text_free(&w.text);
    return w.too_deep ? vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "JSON nested deeper than %d", DEEPEST)
                      : VT_ERROR_OUT_OF_MEMORY;
  }
  *out = w.text.data;
  return VT_OK;
}
