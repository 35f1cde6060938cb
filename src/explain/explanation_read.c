/* SPDX-License-Identifier: Apache-2.0
 *
 * An explanation's folder read back, so that an order can be judged again by any metric.
 */
#include "base/base.h"
#include "explain/explanation.h"
#include "explain/regions.h"

#include <math.h>

enum { LARGEST_FILE = 256 << 20 };

void vt_explanation_file_free(vt_explanation_file *file)
{
  vt_regions_free(file->regions);
  vt_free(file->order);
  vt_free(file->method);
  *file = (vt_explanation_file){0};
}

static vt_status load_json(vt_ctx *ctx, const char *path, json_t **out)
{
  unsigned char *bytes;
  size_t size;
  VT_TRY(vt_read_file(ctx, path, LARGEST_FILE, &bytes, &size));
  json_error_t error;
  *out = json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, &error);
  vt_free(bytes);
  if (*out) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s: line %d: %s", path, error.line, error.text);
}

static vt_status read_order(vt_ctx *ctx, const json_t *list, vt_explanation_file *out)
{
  int count = vt_regions_count(out->regions);
  if (!json_is_array(list)) return vt_fail(ctx, VT_ERROR_INVALID_DATA, "data.order is missing");
  if (json_array_size(list) != (size_t)count)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "data.order has %zu entries, but labels.npy has %d regions",
                   json_array_size(list), count);
  out->order = vt_alloc_zero(ctx, (size_t)count, sizeof *out->order);
  uint8_t *seen = vt_alloc_zero(ctx, (size_t)count, 1);
  vt_status status = out->order && seen ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (int j = 0; status == VT_OK && j < count; j++) {
    const json_t *entry = json_array_get(list, (size_t)j);
    json_int_t region = json_is_integer(entry) ? json_integer_value(entry) : -1;
    if (region < 0 || region >= count || seen[region]) {
      status = vt_fail(ctx, VT_ERROR_INVALID_DATA,
                       "data.order[%d] is no region of 0 to %d, or stands there twice", j, count - 1);
      break;
    }
    seen[region] = 1;
    out->order[j] = (int)region;
  }
  vt_free(seen);
  out->count = count;
  return status;
}

static double number_or_nan(const json_t *value)
{
  return json_is_number(value) ? json_number_value(value) : NAN;
}

static vt_status read_fields(vt_ctx *ctx, const json_t *root, vt_explanation_file *out)
{
  json_int_t version = json_integer_value(json_object_get(root, "schema_version"));
  if (version != 1)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "schema_version is %lld, this vitrail reads 1",
                   (long long)version);
  const json_t *data = json_object_get(root, "data"), *target = json_object_get(data, "target");
  const json_t *index = json_object_get(target, "index");
  json_int_t class_index = json_is_integer(index) ? json_integer_value(index) : -1;
  if (class_index < 0 || class_index > INT32_MAX)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA, "data.target.index is missing or no class");
  out->target = (int)class_index;
  const char *kind = json_string_value(json_object_get(target, "score_kind"));
  for (int i = 0; kind && i < VT_SCORE_KINDS; i++)
    if (strcmp(kind, vt_score_name((vt_score_kind)i)) == 0) out->score = (vt_score_kind)i;
  out->full = number_or_nan(json_object_get(target, "full"));
  out->blank = number_or_nan(json_object_get(target, "blank"));
  const char *method = json_string_value(json_object_get(json_object_get(root, "meta"), "method"));
  if (method && !(out->method = vt_strdup(ctx, method))) return VT_ERROR_OUT_OF_MEMORY;
  return read_order(ctx, json_object_get(data, "order"), out);
}

vt_status vt_explanation_read(vt_ctx *ctx, const char *folder, vt_explanation_file *out)
{
  *out = (vt_explanation_file){.target = -1, .full = NAN, .blank = NAN};
  char *labels_path = vt_path_join(ctx, folder, "labels.npy");
  char *json_path = vt_path_join(ctx, folder, "explanation.json");
  json_t *root = NULL;
  vt_status status = labels_path && json_path ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = vt_regions_read(ctx, labels_path, &out->regions);
  if (status == VT_OK) status = load_json(ctx, json_path, &root);
  if (status == VT_OK) {
    status = read_fields(ctx, root, out);
    if (status != VT_OK) vt_fail_prefix(ctx, "%s", json_path);
  }
  json_decref(root);
  vt_free(labels_path);
  vt_free(json_path);
  if (status != VT_OK) vt_explanation_file_free(out);
  return status;
}
