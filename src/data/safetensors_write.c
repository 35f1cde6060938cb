/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing `.safetensors`: header from the shapes, then the elements from where they are.
 */
#include <glib.h>
#include <jansson.h>
#include <stdlib.h>

#include "data/safetensors.h"

enum { LENGTH_BYTES = 8, ALIGN = 64 };

typedef struct named {
  const char *name;
  const vt_tensor *tensor;
} named;

static int by_width_and_name(const void *a, const void *b)
{
  const named *left = a, *right = b;
  size_t left_size = vt_type_size(left->tensor->type), right_size = vt_type_size(right->tensor->type);
  if (left_size != right_size) return left_size > right_size ? -1 : 1;
  return strcmp(left->name, right->name);
}

static vt_status check_tensor(vt_ctx *ctx, const char *name, const vt_tensor *tensor)
{
  if (!g_utf8_validate(name, -1, NULL) || strcmp(name, "__metadata__") == 0)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "no tensor can be named '%.120s'", name);
  if (!vt_safetensors_type_name(tensor->type))
    return vt_fail(ctx, VT_ERROR_UNSUPPORTED, "tensor '%.120s': the format has no type for %s; cast it first",
                   name, vt_type_name(tensor->type));
  if (!tensor->data && vt_bytes(tensor) > 0)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "tensor '%.120s' has a shape but no data", name);
  if (tensor->layout != VT_STORED_ROW_MAJOR)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "tensor '%.120s' is channels-last; make it row-major first", name);
  return VT_OK;
}

static vt_status no_memory(vt_ctx *ctx)
{
  return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the header");
}

static int by_first_text(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static vt_status add_metadata(vt_ctx *ctx, json_t *header, const char *const *metadata)
{
  size_t count = 0;
  while (metadata[2 * count])
    count++;
  const char *(*pairs)[2] = vt_alloc_zero(ctx, count + 1, sizeof *pairs);
  if (!pairs) return VT_ERROR_OUT_OF_MEMORY;
  if (count) memcpy(pairs, metadata, count * sizeof *pairs);
  qsort(pairs, count, sizeof *pairs, by_first_text);
  json_t *object = json_object();
  vt_status status = object ? VT_OK : no_memory(ctx);
  for (size_t i = 0; i < count && status == VT_OK; i++) {
    if (!g_utf8_validate(pairs[i][0], -1, NULL) || !g_utf8_validate(pairs[i][1], -1, NULL))
      status = vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "metadata '%.120s' is not UTF-8", pairs[i][0]);
    else if (json_object_get(object, pairs[i][0]))
      status = vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "metadata '%.120s' given twice", pairs[i][0]);
    else if (json_object_set_new(object, pairs[i][0], json_string(pairs[i][1])) != 0)
      status = no_memory(ctx);
  }
  vt_free(pairs);
  if (status != VT_OK)
    json_decref(object);
  else if (json_object_set_new(header, "__metadata__", object) != 0)
    status = no_memory(ctx);
  return status;
}

static vt_status add_tensor(vt_ctx *ctx, json_t *header, const named *item, size_t *offset)
{
  size_t bytes = vt_bytes(item->tensor);
  if (json_object_get(header, item->name))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "two tensors named '%.120s'", item->name);
  if (bytes > (size_t)INT64_MAX - *offset)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "tensor '%.120s': too large in sum", item->name);
  json_t *shape = json_array();
  for (int axis = 0; axis < item->tensor->rank; axis++)
    if (json_array_append_new(shape, json_integer(item->tensor->dims[axis])) != 0) {
      json_decref(shape);
      return no_memory(ctx);
    }
  json_t *entry =
      json_pack("{s:s, s:o, s:[I, I]}", "dtype", vt_safetensors_type_name(item->tensor->type), "shape", shape,
                "data_offsets", (json_int_t)*offset, (json_int_t)(*offset + bytes));
  if (!entry || json_object_set_new(header, item->name, entry) != 0) return no_memory(ctx);
  *offset += bytes;
  return VT_OK;
}

/* Length, JSON and the blanks that bring the data to a multiple of 64 bytes. */
static vt_status header_text(vt_ctx *ctx, const json_t *header, vt_text *out)
{
  char *json = json_dumps(header, JSON_COMPACT);
  if (!json) return no_memory(ctx);
  vt_text_add_bytes(ctx, out, "\0\0\0\0\0\0\0\0", LENGTH_BYTES);
  vt_text_add(ctx, out, json);
  free(json);
  while (!out->failed && out->length % ALIGN)
    vt_text_add(ctx, out, " ");
  if (out->failed) return vt_ctx_status(ctx);
  uint64_t length = out->length - LENGTH_BYTES;
  for (int i = 0; i < LENGTH_BYTES; i++)
    out->data[i] = (char)(length >> (8 * i) & 255);
  return VT_OK;
}

static vt_status write_sorted(vt_ctx *ctx, const char *path, const named *items, size_t count, json_t *header,
                              vt_piece *pieces)
{
  size_t offset = 0;
  for (size_t i = 0; i < count; i++) {
    VT_TRY(add_tensor(ctx, header, &items[i], &offset));
    pieces[i + 1] = (vt_piece){items[i].tensor->data, vt_bytes(items[i].tensor)};
  }
  vt_text text = {0};
  vt_status status = header_text(ctx, header, &text);
  pieces[0] = (vt_piece){text.data, text.length};
  if (status == VT_OK) status = vt_write_pieces(ctx, path, pieces, count + 1);
  vt_text_free(&text);
  return status;
}

vt_status vt_safetensors_write(vt_ctx *ctx, const char *path, const char *const *names,
                               vt_tensor *const *tensors, int count, const char *const *metadata)
{
  size_t total = count > 0 ? (size_t)count : 0;
  vt_status status = VT_OK;
  json_t *header = json_object();
  named *items = vt_alloc_zero(ctx, total, sizeof *items);
  vt_piece *pieces = vt_alloc_zero(ctx, total + 1, sizeof *pieces);
  if (!header || !items || !pieces) status = no_memory(ctx);
  for (size_t i = 0; i < total && status == VT_OK; i++) {
    status = check_tensor(ctx, names[i], tensors[i]);
    items[i] = (named){names[i], tensors[i]};
  }
  if (status == VT_OK && metadata && metadata[0]) status = add_metadata(ctx, header, metadata);
  if (status == VT_OK) {
    qsort(items, total, sizeof *items, by_width_and_name);
    status = write_sorted(ctx, path, items, total, header, pieces);
  }
  if (status != VT_OK && strncmp(vt_ctx_message(ctx), path, strlen(path)) != 0)
    vt_fail_prefix(ctx, "%s", path);
  json_decref(header);
  vt_free(items);
  vt_free(pieces);
  return status;
}
