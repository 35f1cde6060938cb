/* SPDX-License-Identifier: Apache-2.0
 *
 * Declared settings: defaults, text in, text out, JSON.
 */
#include "base/params.h"

#include <stdlib.h>
#include <strings.h>

static void *slot(void *settings, const vt_field *field)
{
  return (char *)settings + field->offset;
}

static const void *const_slot(const void *settings, const vt_field *field)
{
  return (const char *)settings + field->offset;
}

/* Names are equal when they differ only in '-' and '_' and letter case. */
static bool same_name(const char *a, const char *b, size_t b_length)
{
  size_t i = 0;
  for (; i < b_length && a[i]; i++) {
    char x = a[i] == '-' ? '_' : a[i], y = b[i] == '-' ? '_' : b[i];
    if (x >= 'A' && x <= 'Z') x = (char)(x + 32);
    if (y >= 'A' && y <= 'Z') y = (char)(y + 32);
    if (x != y) return false;
  }
  return i == b_length && !a[i];
}

/* Position in a list "a|b|c" of the only entry that begins with `name` (3 letters or more), −1 otherwise. */
static int find_by_beginning(const char *list, const char *name)
{
  size_t length = strlen(name);
  int index = 0, found = -1, matches = 0;
  for (const char *start = list; start && length >= 3; index++) {
    const char *end = strchr(start, '|');
    if (same_name(name, start, length)) {
      found = index;
      matches++;
    }
    start = end ? end + 1 : NULL;
  }
  return matches == 1 ? found : -1;
}

/* Position of `name` in a list "a|b|c", −1 when it is not there. */
static int find_in_list(const char *list, const char *name)
{
  int index = 0;
  for (const char *start = list; start; index++) {
    const char *end = strchr(start, '|');
    size_t length = end ? (size_t)(end - start) : strlen(start);
    if (same_name(name, start, length)) return index;
    start = end ? end + 1 : NULL;
  }
  return -1;
}

const char *vt_choice_name(const vt_field *field, int index, char buffer[64])
{
  const char *start = field->choices;
  for (; start && index > 0; index--) {
    start = strchr(start, '|');
    if (start) start++;
  }
  if (!start) return strcpy(buffer, "?");
  size_t length = strcspn(start, "|");
  if (length > 63) length = 63;
  memcpy(buffer, start, length);
  buffer[length] = 0;
  return buffer;
}

const vt_field *vt_params_find(const vt_field *fields, size_t count, const char *name)
{
  for (size_t i = 0; i < count; i++) {
    if (same_name(name, fields[i].name, strlen(fields[i].name))) return &fields[i];
    if (fields[i].aliases && find_in_list(fields[i].aliases, name) >= 0) return &fields[i];
  }
  return NULL;
}

static vt_status check_range(vt_ctx *ctx, const vt_field *field, double value)
{
  if (field->low == field->high || (value >= field->low && value <= field->high)) return VT_OK;
  char low[32], high[32], given[32];
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s must lie in %s..%s, not %s", field->name,
                 vt_number_text(field->low, low), vt_number_text(field->high, high),
                 vt_number_text(value, given));
}

static vt_status parse_list(vt_ctx *ctx, const vt_field *field, void *target, const char *value)
{
  size_t count = 0;
  if (*value)
    for (const char *c = value; c; c = strchr(c, ','))
      c++, count++;
  bool integers = field->kind == VT_FIELD_INTS;
  double *reals = vt_alloc_zero(ctx, count ? count : 1, sizeof *reals);
  if (!reals) return VT_ERROR_OUT_OF_MEMORY;
  const char *start = value;
  vt_status status = VT_OK;
  for (size_t i = 0; i < count && status == VT_OK; i++) {
    size_t length = strcspn(start, ",");
    char piece[64];
    int64_t integer = 0;
    bool good = length > 0 && length < sizeof piece;
    if (good) {
      memcpy(piece, start, length);
      piece[length] = 0;
      good = integers ? vt_parse_integer(piece, &integer) : vt_parse_number(piece, &reals[i]);
    }
    if (!good)
      status = vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: '%s' is not a list of %s separated by commas",
                       field->name, value, integers ? "integers" : "numbers");
    else
      status = check_range(ctx, field, integers ? (double)integer : reals[i]);
    if (integers) memcpy(&reals[i], &integer, sizeof integer); /* the same 8 bytes serve both kinds of list */
    start += length + 1;
  }
  if (status != VT_OK) {
    vt_free(reals);
    return status;
  }
  if (integers) {
    vt_ints *list = target;
    vt_free(list->data);
    *list = (vt_ints){(int64_t *)(void *)reals, count, true};
  } else {
    vt_reals *list = target;
    vt_free(list->data);
    *list = (vt_reals){reals, count, true};
  }
  return VT_OK;
}

vt_status vt_texts_add(vt_ctx *ctx, vt_texts *texts, const char *text, size_t length)
{
  VT_TRY(vt_grow(ctx, &texts->data, &texts->capacity, texts->count, sizeof *texts->data));
  char *copy = vt_strndup(ctx, text, length);
  if (!copy) return VT_ERROR_OUT_OF_MEMORY;
  texts->data[texts->count++] = copy;
  return VT_OK;
}

static vt_status set_field(vt_ctx *ctx, const vt_field *field, void *settings, const char *value)
{
  void *target = slot(settings, field);
  switch (field->kind) {
  case VT_FIELD_INT: {
    int64_t number;
    if (!vt_parse_integer(value, &number))
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: '%s' is not an integer", field->name, value);
    VT_TRY(check_range(ctx, field, (double)number));
    *(int64_t *)target = number;
    return VT_OK;
  }
  case VT_FIELD_REAL: {
    double number;
    if (!vt_parse_number(value, &number))
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: '%s' is not a number", field->name, value);
    if (number != number) return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s must not be NaN", field->name);
    VT_TRY(check_range(ctx, field, number));
    *(double *)target = number;
    return VT_OK;
  }
  case VT_FIELD_BOOL: {
    int which = find_in_list("false|true|no|yes|off|on|0|1", value);
    if (which < 0)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: '%s' is neither true nor false", field->name,
                     value);
    *(bool *)target = which & 1;
    return VT_OK;
  }
  case VT_FIELD_STRING: {
    char *copy = vt_strdup(ctx, value);
    if (!copy) return VT_ERROR_OUT_OF_MEMORY;
    vt_free(*(char **)target);
    *(char **)target = copy;
    return VT_OK;
  }
  case VT_FIELD_CHOICE: {
    int which = find_in_list(field->choices, value);
    if (which < 0) which = find_by_beginning(field->choices, value);
    if (which < 0)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: '%s' is none of %s", field->name, value,
                     field->choices);
    *(int *)target = which;
    return VT_OK;
  }
  case VT_FIELD_INTS:
  case VT_FIELD_REALS:
    return parse_list(ctx, field, target, value);
  case VT_FIELD_TEXTS:
    return vt_texts_add(ctx, target, value, strlen(value));
  case VT_FIELD_TENSOR:
    break;
  }
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s cannot be set from text", field->name);
}

vt_status vt_params_set(vt_ctx *ctx, const vt_field *fields, size_t count, void *settings, const char *name,
                        const char *value)
{
  const vt_field *field = vt_params_find(fields, count, name);
  if (field) return set_field(ctx, field, settings, value);
  const char *names[64];
  size_t known = count < VT_COUNT(names) ? count : VT_COUNT(names);
  for (size_t i = 0; i < known; i++)
    names[i] = fields[i].name;
  const char *near = vt_nearest(name, names, known);
  char suggestion[VT_SUGGESTION];
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "no parameter '%s'%s", name,
                 vt_suggestion(near, suggestion));
}

void vt_texts_free(vt_texts *texts)
{
  for (size_t i = 0; i < texts->count; i++)
    vt_free(texts->data[i]);
  vt_free(texts->data);
  *texts = (vt_texts){0};
}

vt_status vt_params_apply(vt_ctx *ctx, const vt_field *fields, size_t count, void *settings, const char *what,
                          const char *text)
{
  const char *sign = strchr(text, '=');
  if (!sign) return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s '%s' is not name=value", what, text);
  char *name = vt_strndup(ctx, text, (size_t)(sign - text));
  if (!name) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_params_set(ctx, fields, count, settings, name, sign + 1);
  vt_free(name);
  return status;
}

vt_status vt_params_defaults(vt_ctx *ctx, const vt_field *fields, size_t count, void *settings, size_t size)
{
  if (size) memset(settings, 0, size);
  for (size_t i = 0; i < count; i++) {
    if (!fields[i].fallback) continue;
    vt_status status = set_field(ctx, &fields[i], settings, fields[i].fallback);
    if (status != VT_OK) {
      vt_params_free(fields, count, settings);
      return status;
    }
  }
  return VT_OK;
}

void vt_params_free(const vt_field *fields, size_t count, void *settings)
{
  for (size_t i = 0; i < count; i++) {
    void *target = slot(settings, &fields[i]);
    switch (fields[i].kind) {
    case VT_FIELD_STRING:
      vt_free(*(char **)target);
      *(char **)target = NULL;
      break;
    case VT_FIELD_INTS:
      vt_free(((vt_ints *)target)->data);
      *(vt_ints *)target = (vt_ints){0};
      break;
    case VT_FIELD_REALS:
      vt_free(((vt_reals *)target)->data);
      *(vt_reals *)target = (vt_reals){0};
      break;
    case VT_FIELD_TEXTS: {
      vt_texts *texts = target;
      for (size_t k = 0; k < texts->count; k++)
        vt_free(texts->data[k]);
      vt_free(texts->data);
      *texts = (vt_texts){0};
      break;
    }
    default:
      break;
    }
  }
}

char *vt_params_text(vt_ctx *ctx, const vt_field *field, const void *settings)
{
  const void *source = const_slot(settings, field);
  char buffer[64];
  switch (field->kind) {
  case VT_FIELD_INT:
    return vt_format(ctx, "%lld", (long long)*(const int64_t *)source);
  case VT_FIELD_REAL:
    return vt_strdup(ctx, vt_number_text(*(const double *)source, buffer));
  case VT_FIELD_BOOL:
    return vt_strdup(ctx, *(const bool *)source ? "true" : "false");
  case VT_FIELD_STRING:
    return vt_strdup(ctx, *(char *const *)source ? *(char *const *)source : "");
  case VT_FIELD_CHOICE:
    return vt_strdup(ctx, vt_choice_name(field, *(const int *)source, buffer));
  case VT_FIELD_INTS:
  case VT_FIELD_REALS: {
    vt_text text = {0};
    vt_text_add(ctx, &text, "");
    const vt_ints *integers = source;
    const vt_reals *reals = source;
    size_t count = field->kind == VT_FIELD_INTS ? integers->count : reals->count;
    for (size_t i = 0; i < count; i++) {
      if (field->kind == VT_FIELD_INTS)
        vt_text_addf(ctx, &text, "%s%lld", i ? "," : "", (long long)integers->data[i]);
      else
        vt_text_addf(ctx, &text, "%s%s", i ? "," : "", vt_number_text(reals->data[i], buffer));
    }
    if (text.failed) vt_text_free(&text);
    return text.data;
  }
  case VT_FIELD_TEXTS: {
    vt_text text = {0};
    vt_text_add(ctx, &text, "");
    for (size_t i = 0; i < ((const vt_texts *)source)->count; i++)
      vt_text_addf(ctx, &text, "%s%s", i ? "; " : "", ((const vt_texts *)source)->data[i]);
    if (!text.failed) return text.data;
    vt_text_free(&text);
    return NULL;
  }
  case VT_FIELD_TENSOR:
    break;
  }
  return vt_strdup(ctx, "");
}

static json_t *field_json(const vt_field *field, const void *settings)
{
  const void *source = const_slot(settings, field);
  char buffer[64];
  switch (field->kind) {
  case VT_FIELD_INT:
    return json_integer(*(const int64_t *)source);
  case VT_FIELD_REAL:
    return json_real(*(const double *)source);
  case VT_FIELD_BOOL:
    return json_boolean(*(const bool *)source);
  case VT_FIELD_STRING:
    return *(char *const *)source ? json_string(*(char *const *)source) : json_null();
  case VT_FIELD_CHOICE:
    return json_string(vt_choice_name(field, *(const int *)source, buffer));
  case VT_FIELD_INTS: {
    json_t *list = json_array();
    for (size_t i = 0; i < ((const vt_ints *)source)->count; i++)
      json_array_append_new(list, json_integer(((const vt_ints *)source)->data[i]));
    return list;
  }
  case VT_FIELD_REALS: {
    json_t *list = json_array();
    for (size_t i = 0; i < ((const vt_reals *)source)->count; i++)
      json_array_append_new(list, json_real(((const vt_reals *)source)->data[i]));
    return list;
  }
  case VT_FIELD_TEXTS: {
    json_t *list = json_array();
    for (size_t i = 0; i < ((const vt_texts *)source)->count; i++)
      json_array_append_new(list, json_string(((const vt_texts *)source)->data[i]));
    return list;
  }
  case VT_FIELD_TENSOR:
    break;
  }
  return json_null();
}

json_t *vt_params_json(vt_ctx *ctx, const vt_field *fields, size_t count, const void *settings)
{
  json_t *object = json_object();
  for (size_t i = 0; i < count && object; i++)
    if (json_object_set_new(object, fields[i].name, field_json(&fields[i], settings)) != 0) {
      json_decref(object);
      object = NULL;
    }
  if (!object) vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory while writing parameters");
  return object;
}

json_t *vt_params_schema(const vt_field *fields, size_t count)
{
  static const char *const kinds[] = {
      [VT_FIELD_INT] = "integer",   [VT_FIELD_REAL] = "number",   [VT_FIELD_BOOL] = "boolean",
      [VT_FIELD_STRING] = "string", [VT_FIELD_CHOICE] = "choice", [VT_FIELD_INTS] = "integers",
      [VT_FIELD_REALS] = "numbers", [VT_FIELD_TENSOR] = "tensor", [VT_FIELD_TEXTS] = "texts",
  };
  json_t *list = json_array();
  for (size_t i = 0; i < count; i++) {
    const vt_field *field = &fields[i];
    json_t *entry = json_object();
    json_object_set_new(entry, "name", json_string(field->name));
    json_object_set_new(entry, "type", json_string(kinds[field->kind]));
    json_object_set_new(entry, "default", field->fallback ? json_string(field->fallback) : json_null());
    if (field->low != field->high) {
      json_object_set_new(entry, "low", json_real(field->low));
      json_object_set_new(entry, "high", json_real(field->high));
    }
    if (field->choices) json_object_set_new(entry, "choices", json_string(field->choices));
    if (field->aliases) json_object_set_new(entry, "aliases", json_string(field->aliases));
    json_object_set_new(entry, "help", json_string(field->help ? field->help : ""));
    json_object_set_new(entry, "required", json_boolean(field->required));
    json_array_append_new(list, entry);
  }
  return list;
}
