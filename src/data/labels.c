/* SPDX-License-Identifier: Apache-2.0
 *
 * Class names: text lines, indexed TSV, JSON.
 */
#include "data/labels.h"

#include <glib.h>

enum { MAX_LABELS = 1 << 20, MAX_BYTES = 64 << 20 };

void vt_labels_free(char **labels, int count)
{
  for (int i = 0; labels && i < count; i++)
    vt_free(labels[i]);
  vt_free(labels);
}

/* Names go into JSON, pages and terminals: they must be UTF-8, and control characters become spaces. */
static vt_status take_name(vt_ctx *ctx, const char *name, char **out)
{
  if (!g_utf8_validate(name, -1, NULL))
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "a class name is not UTF-8");
  *out = vt_strdup(ctx, name);
  if (!*out) return VT_ERROR_OUT_OF_MEMORY;
  for (char *at = *out; *at; at++)
    if ((unsigned char)*at < 0x20 || *at == 0x7f) *at = ' ';
  return VT_OK;
}

static vt_status too_many(vt_ctx *ctx)
{
  return vt_fail(ctx, VT_ERROR_INVALID_DATA, "labels: more than %d class names", MAX_LABELS);
}

/* Index in front of the first tab, −1 when there is none. */
static int64_t line_index(const char *line, const char *tab)
{
  int64_t index = 0;
  if (!tab || tab == line || tab - line > 7) return -1;
  for (; line < tab; line++) {
    if (*line < '0' || *line > '9') return -1;
    index = index * 10 + (*line - '0');
  }
  return index;
}

static vt_status from_lines(vt_ctx *ctx, char *text, size_t size, char ***out, int *out_count)
{
  int lines = 0;
  for (size_t i = 0; i < size; i++)
    lines += text[i] == '\n' && lines <= MAX_LABELS;
  if (size > 0 && text[size - 1] != '\n') lines++;
  if (lines > MAX_LABELS) return too_many(ctx);
  char **labels = vt_alloc_zero(ctx, (size_t)lines + 1, sizeof *labels);
  if (!labels) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = VT_OK;
  bool indexed = false;
  char *line = text, *end = text + size;
  for (int i = 0; i < lines; i++) {
    char *stop = memchr(line, '\n', (size_t)(end - line));
    if (!stop) stop = end;
    char *next = stop < end ? stop + 1 : end;
    if (stop > line && stop[-1] == '\r') stop--;
    *stop = 0; /* behind the content stands one more byte */
    int64_t index = line_index(line, strchr(line, '\t'));
    if (i == 0) indexed = index >= 0;
    char *name = indexed ? strrchr(line, '\t') : line;
    if (indexed) {
      if (index < 0 || index >= lines || labels[index]) {
        status = vt_fail(ctx, VT_ERROR_INVALID_DATA,
                         "labels, line %d: a class index of 0 to %d that was not used before is expected in "
                         "the first column",
                         i + 1, lines - 1);
        goto done;
      }
      name++;
    } else {
      index = i;
    }
    status = take_name(ctx, name, &labels[index]);
    if (status != VT_OK) {
      vt_fail_prefix(ctx, "labels, line %d", i + 1);
      goto done;
    }
    line = next;
  }
  *out = labels;
  *out_count = lines;
  return VT_OK;
done:
  vt_labels_free(labels, lines);
  return status;
}

vt_status vt_labels_from_json(vt_ctx *ctx, const json_t *list, char ***out, int *out_count)
{
  bool is_object = json_is_object(list);
  size_t count = is_object ? json_object_size(list) : json_array_size(list);
  if (!is_object && !json_is_array(list))
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "labels: a list of names is expected");
  if (count > MAX_LABELS) return too_many(ctx);
  char **labels = vt_alloc_zero(ctx, count + 1, sizeof *labels);
  if (!labels) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < count; i++) {
    char key[24];
    snprintf(key, sizeof key, "%zu", i);
    const json_t *item = is_object ? json_object_get(list, key) : json_array_get(list, i);
    const char *name = json_string_value(item);
    vt_status status =
        name ? take_name(ctx, name, &labels[i])
             : vt_fail(ctx, VT_ERROR_INVALID_DATA, "labels: a name is expected for class %zu", i);
    if (status == VT_OK) continue;
    vt_labels_free(labels, (int)count);
    return status;
  }
  *out = labels;
  *out_count = (int)count;
  return VT_OK;
}

vt_status vt_labels_read(vt_ctx *ctx, const char *path, char ***out, int *out_count)
{
  unsigned char *bytes;
  size_t size;
  VT_TRY(vt_read_file(ctx, path, MAX_BYTES, &bytes, &size));
  vt_status status;
  size_t length = strlen(path);
  if (length > 5 && strcmp(path + length - 5, ".json") == 0) {
    json_error_t error;
    json_t *list = json_loadb((const char *)bytes, size, 0, &error);
    status = list ? vt_labels_from_json(ctx, list, out, out_count)
                  : vt_fail(ctx, VT_ERROR_INVALID_DATA, "line %d: %s", error.line, error.text);
    json_decref(list);
  } else {
    status = from_lines(ctx, (char *)bytes, size, out, out_count);
  }
  if (status != VT_OK) vt_fail_prefix(ctx, "%s", path);
  vt_free(bytes);
  return status;
}
