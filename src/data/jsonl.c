/* SPDX-License-Identifier: Apache-2.0 */
#include "data/jsonl.h"

#include <stdlib.h>

vt_status vt_jsonl_open(vt_ctx *ctx, const char *path, vt_jsonl *out)
{
  unsigned char *bytes;
  *out = (vt_jsonl){.path = path};
  VT_TRY(vt_read_file(ctx, path, SIZE_MAX / 4, &bytes, &out->size));
  out->text = (char *)bytes;
  return VT_OK;
}

void vt_jsonl_close(vt_jsonl *file)
{
  vt_free(file->text);
  *file = (vt_jsonl){0};
}

vt_status vt_jsonl_next(vt_ctx *ctx, vt_jsonl *file, json_t **out)
{
  *out = NULL;
  while (file->at < file->size) {
    const char *start = file->text + file->at, *end = memchr(start, '\n', file->size - file->at);
    size_t length = end ? (size_t)(end - start) : file->size - file->at, blank = 0;
    file->at += length + 1;
    file->line++;
    while (blank < length && (start[blank] == ' ' || start[blank] == '\t' || start[blank] == '\r'))
      blank++;
    if (blank == length) continue;
    json_error_t error;
    json_t *object = json_loadb(start, length, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(object)) {
      *out = object;
      return VT_OK;
    }
    vt_status status = vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s: line %zu is no JSON object%s%s", file->path,
                               file->line, object ? "" : ": ", object ? "" : error.text);
    json_decref(object);
    return status;
  }
  return VT_OK;
}

vt_status vt_jsonl_add(vt_ctx *ctx, vt_text *text, const json_t *object)
{
  char *line = json_dumps(object, JSON_COMPACT);
  if (!line) return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for a line of JSON");
  vt_text_add(ctx, text, line);
  vt_text_add(ctx, text, "\n");
  free(line);
  return text->failed ? vt_ctx_status(ctx) : VT_OK;
}

vt_status vt_jsonl_write(vt_ctx *ctx, const char *path, json_t *const *objects, size_t count)
{
  vt_text text = {0};
  vt_status status = VT_OK;
  for (size_t i = 0; i < count && status == VT_OK; i++)
    status = vt_jsonl_add(ctx, &text, objects[i]);
  if (status == VT_OK) status = vt_write_file(ctx, path, text.data ? text.data : "", text.length);
  vt_text_free(&text);
  return status;
}
