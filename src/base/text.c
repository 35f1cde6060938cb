/* SPDX-License-Identifier: Apache-2.0
 *
 * Text: growable strings, numbers without locale, nearest names.
 */
#include <ctype.h>
#include <errno.h>
#include <glib.h>
#include <math.h>
#include <stdlib.h>

#include "base/base.h"

char *vt_strndup(vt_ctx *ctx, const char *text, size_t length)
{
  char *copy = vt_alloc(ctx, length + 1);
  if (!copy) return NULL;
  memcpy(copy, text, length);
  copy[length] = 0;
  return copy;
}

char *vt_strdup(vt_ctx *ctx, const char *text)
{
  return vt_strndup(ctx, text, strlen(text));
}

static char *format_text(vt_ctx *ctx, const char *format, va_list arguments, size_t *length_out)
{
  va_list again;
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, again);
  va_end(again);
  if (length < 0) {
    vt_fail(ctx, VT_ERROR_RUNTIME, "text could not be formatted");
    return NULL;
  }
  char *text = vt_alloc(ctx, (size_t)length + 1);
  if (text) vsnprintf(text, (size_t)length + 1, format, arguments);
  if (length_out) *length_out = (size_t)length;
  return text;
}

char *vt_format(vt_ctx *ctx, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  char *text = format_text(ctx, format, arguments, NULL);
  va_end(arguments);
  return text;
}

void vt_text_add_bytes(vt_ctx *ctx, vt_text *text, const void *bytes, size_t count)
{
  if (text->failed) return;
  if (text->length + count + 1 > text->capacity) {
    size_t wanted = (text->length + count + 1) * 2;
    char *fresh = vt_realloc(ctx, text->data, wanted);
    if (!fresh) {
      text->failed = true;
      return;
    }
    text->data = fresh;
    text->capacity = wanted;
  }
  memcpy(text->data + text->length, bytes, count);
  text->length += count;
  text->data[text->length] = 0;
}

void vt_text_add(vt_ctx *ctx, vt_text *text, const char *piece)
{
  vt_text_add_bytes(ctx, text, piece, strlen(piece));
}

void vt_text_addf(vt_ctx *ctx, vt_text *text, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  size_t length = 0;
  char *piece = format_text(ctx, format, arguments, &length);
  va_end(arguments);
  if (!piece) {
    text->failed = true;
    return;
  }
  vt_text_add_bytes(ctx, text, piece, length);
  vt_free(piece);
}

void vt_text_free(vt_text *text)
{
  vt_free(text->data);
  *text = (vt_text){0};
}

const char *vt_number_text(double value, char buffer[32])
{
  if (isnan(value)) return strcpy(buffer, "nan");
  if (isinf(value)) return strcpy(buffer, value > 0 ? "inf" : "-inf");
  return g_ascii_formatd(buffer, 32, "%.9g", value);
}

bool vt_parse_number(const char *text, double *out)
{
  char *end;
  if (!*text || isspace((unsigned char)*text)) return false;
  double value = g_ascii_strtod(text, &end);
  if (*end || end == text) return false;
  *out = value;
  return true;
}

bool vt_parse_integer(const char *text, int64_t *out)
{
  char *end;
  if (!*text || isspace((unsigned char)*text)) return false;
  errno = 0;
  long long value = strtoll(text, &end, 10);
  if (*end || end == text || errno == ERANGE) return false;
  *out = value;
  return true;
}

/* Levenshtein distance of the first 63 characters. */
static int edit_distance(const char *a, const char *b)
{
  enum { LONGEST = 63 };
  int row[LONGEST + 1];
  int a_length = (int)strnlen(a, LONGEST), b_length = (int)strnlen(b, LONGEST);
  for (int j = 0; j <= b_length; j++)
    row[j] = j;
  for (int i = 1; i <= a_length; i++) {
    int diagonal = row[0];
    row[0] = i;
    for (int j = 1; j <= b_length; j++) {
      int change = diagonal + (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]));
      diagonal = row[j];
      int best = row[j - 1] < row[j] ? row[j - 1] + 1 : row[j] + 1;
      row[j] = change < best ? change : best;
    }
  }
  return row[b_length];
}

const char *vt_nearest(const char *name, const char *const *names, size_t count)
{
  const char *best = NULL;
  int length = (int)strnlen(name, 63), best_distance = length / 2 + 1;
  for (size_t i = 0; i < count; i++) {
    int distance = names[i] ? edit_distance(name, names[i]) : best_distance;
    if (names[i] && length >= 3 && strstr(names[i], name) && distance > 2) distance = 2;
    if (distance < best_distance) {
      best_distance = distance;
      best = names[i];
    }
  }
  return best;
}

const char *vt_suggestion(const char *near, char buffer[VT_SUGGESTION])
{
  buffer[0] = 0;
  if (near) snprintf(buffer, VT_SUGGESTION, "; did you mean '%.255s'?", near);
  return buffer;
}
