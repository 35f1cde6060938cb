/* SPDX-License-Identifier: Apache-2.0
 *
 * Attributes of a node into the C struct of its operator, by the operator's own field table.
 */
#include "graph/assemble.h"
#include "graph/onnx.h"

#define KIND(name) ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__##name

Onnx__AttributeProto__AttributeType vt_onnx_attribute_kind(const Onnx__AttributeProto *attribute)
{
  if (attribute->has_type && attribute->type != KIND(UNDEFINED)) return attribute->type;
  if (attribute->has_f) return KIND(FLOAT);
  if (attribute->has_i) return KIND(INT);
  if (attribute->has_s) return KIND(STRING);
  if (attribute->t) return KIND(TENSOR);
  if (attribute->g) return KIND(GRAPH);
  if (attribute->n_floats) return KIND(FLOATS);
  if (attribute->n_ints) return KIND(INTS);
  if (attribute->n_strings) return KIND(STRINGS);
  return KIND(UNDEFINED);
}

const Onnx__AttributeProto *vt_onnx_attribute(const Onnx__NodeProto *node, const char *name)
{
  for (size_t i = 0; i < node->n_attribute; i++)
    if (node->attribute[i]->name && strcmp(node->attribute[i]->name, name) == 0) return node->attribute[i];
  return NULL;
}

static vt_status wrong(vt_ctx *ctx, const vt_field *field, const char *why)
{
  return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "attribute '%s' %s", field->name, why);
}

static vt_status check_bounds(vt_ctx *ctx, const vt_field *field, double value)
{
  if (field->low == field->high || (value >= field->low && value <= field->high)) return VT_OK;
  char low[32], high[32], given[32];
  return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "attribute '%s' must lie in %s..%s, not %s", field->name,
                 vt_number_text(field->low, low), vt_number_text(field->high, high),
                 vt_number_text(value, given));
}

static vt_status fill_integers(vt_ctx *ctx, const vt_field *field, const Onnx__AttributeProto *attribute,
                               vt_ints *list)
{
  int64_t *data = vt_alloc_zero(ctx, attribute->n_ints ? attribute->n_ints : 1, sizeof *data);
  if (!data) return VT_ERROR_OUT_OF_MEMORY;
  vt_free(list->data);
  *list = (vt_ints){data, attribute->n_ints, true};
  for (size_t i = 0; i < attribute->n_ints; i++) {
    data[i] = attribute->ints[i];
    VT_TRY(check_bounds(ctx, field, (double)data[i]));
  }
  return VT_OK;
}

static vt_status fill_reals(vt_ctx *ctx, const vt_field *field, const Onnx__AttributeProto *attribute,
                            vt_reals *list)
{
  double *data = vt_alloc_zero(ctx, attribute->n_floats ? attribute->n_floats : 1, sizeof *data);
  if (!data) return VT_ERROR_OUT_OF_MEMORY;
  vt_free(list->data);
  *list = (vt_reals){data, attribute->n_floats, true};
  for (size_t i = 0; i < attribute->n_floats; i++) {
    data[i] = (double)attribute->floats[i];
    VT_TRY(check_bounds(ctx, field, data[i]));
  }
  return VT_OK;
}

/* Strings and choices; the bytes of the file are not terminated. */
static vt_status fill_text(vt_ctx *ctx, const vt_field *field, const Onnx__AttributeProto *attribute,
                           void *settings)
{
  if (memchr(attribute->s.data ? (const void *)attribute->s.data : "", 0, attribute->s.len))
    return wrong(ctx, field, "has a zero byte inside");
  char *text = vt_strndup(ctx, attribute->s.data ? (const char *)attribute->s.data : "", attribute->s.len);
  if (!text) return VT_ERROR_OUT_OF_MEMORY;
  void *target = (char *)settings + field->offset;
  if (field->kind == VT_FIELD_STRING) {
    vt_free(*(char **)target);
    *(char **)target = text;
    return VT_OK;
  }
  char name[64];
  for (int choice = 0; strcmp(vt_choice_name(field, choice, name), "?") != 0; choice++)
    if (strcmp(name, text) == 0) {
      *(int *)target = choice;
      vt_free(text);
      return VT_OK;
    }
  vt_fail(ctx, VT_ERROR_INVALID_MODEL, "attribute '%s' is '%.64s', which is none of %s", field->name, text,
          field->choices);
  vt_free(text);
  return VT_ERROR_INVALID_MODEL;
}

static vt_status fill_texts(vt_ctx *ctx, const vt_field *field, const Onnx__AttributeProto *attribute,
                            void *settings)
{
  for (size_t i = 0; i < attribute->n_strings; i++) {
    const ProtobufCBinaryData *bytes = &attribute->strings[i];
    const char *data = bytes->data ? (const char *)bytes->data : "";
    if (memchr(data, 0, bytes->len)) return wrong(ctx, field, "has a zero byte inside");
    char *text = vt_strndup(ctx, data, bytes->len);
    if (!text) return VT_ERROR_OUT_OF_MEMORY;
    vt_status status = vt_params_set(ctx, field, 1, settings, field->name, text);
    vt_free(text);
    VT_TRY(status);
  }
  return VT_OK;
}

static vt_status fill_field(vt_reader *reader, const vt_field *field, const Onnx__AttributeProto *attribute,
                            void *settings)
{
  vt_ctx *ctx = reader->ctx;
  void *target = (char *)settings + field->offset;
  Onnx__AttributeProto__AttributeType kind = vt_onnx_attribute_kind(attribute);
  switch (field->kind) {
  case VT_FIELD_INT:
    if (kind != KIND(INT)) return wrong(ctx, field, "must be an integer");
    *(int64_t *)target = attribute->i;
    return check_bounds(ctx, field, (double)attribute->i);
  case VT_FIELD_BOOL:
    if (kind != KIND(INT)) return wrong(ctx, field, "must be an integer (0 or 1)");
    *(bool *)target = attribute->i != 0;
    return VT_OK;
  case VT_FIELD_REAL:
    if (kind != KIND(FLOAT)) return wrong(ctx, field, "must be a number");
    *(double *)target = (double)attribute->f;
    return check_bounds(ctx, field, (double)attribute->f);
  case VT_FIELD_STRING:
  case VT_FIELD_CHOICE:
    if (kind != KIND(STRING)) return wrong(ctx, field, "must be a string");
    return fill_text(ctx, field, attribute, settings);
  case VT_FIELD_INTS:
    if (kind != KIND(INTS) && kind != KIND(UNDEFINED)) return wrong(ctx, field, "must be a list of integers");
    return fill_integers(ctx, field, attribute, target);
  case VT_FIELD_REALS:
    if (kind != KIND(FLOATS) && kind != KIND(UNDEFINED))
      return wrong(ctx, field, "must be a list of numbers");
    return fill_reals(ctx, field, attribute, target);
  case VT_FIELD_TEXTS:
    if (kind != KIND(STRINGS) && kind != KIND(UNDEFINED))
      return wrong(ctx, field, "must be a list of strings");
    return fill_texts(ctx, field, attribute, settings);
  case VT_FIELD_TENSOR:
    if (kind != KIND(TENSOR) || !attribute->t) return wrong(ctx, field, "must be a tensor");
    vt_tensor_free(*(vt_tensor **)target);
    return vt_onnx_tensor(reader, attribute->t, field->name, (vt_tensor **)target);
  }
  return VT_OK;
}

static const vt_field *find_field(const vt_op *op, const char *name)
{
  for (size_t i = 0; i < op->field_count; i++)
    if (strcmp(op->fields[i].name, name) == 0) return &op->fields[i];
  return NULL;
}

static vt_status fill_all(vt_reader *reader, const vt_op *op, const Onnx__NodeProto *node, void *settings)
{
  vt_ctx *ctx = reader->ctx;
  for (size_t i = 0; i < node->n_attribute; i++) {
    const Onnx__AttributeProto *attribute = node->attribute[i];
    const char *name = attribute->name ? attribute->name : "";
    const vt_field *field = find_field(op, name);
    if (!field) return vt_fail(ctx, VT_ERROR_UNSUPPORTED, "attribute '%s' is not known", name);
    if (attribute->ref_attr_name && attribute->ref_attr_name[0])
      return vt_fail(ctx, VT_ERROR_INVALID_MODEL,
                     "attribute '%s' refers to '%s', but there is no function around it", name,
                     attribute->ref_attr_name);
    if (vt_onnx_attribute(node, name) != attribute) return wrong(ctx, field, "is given twice");
    VT_TRY(fill_field(reader, field, attribute, settings));
  }
  for (size_t i = 0; i < op->field_count; i++)
    if (op->fields[i].required && !vt_onnx_attribute(node, op->fields[i].name))
      return wrong(ctx, &op->fields[i], "is missing");
  return VT_OK;
}

vt_status vt_onnx_attributes(vt_reader *reader, const vt_op *op, const Onnx__NodeProto *node, void **out)
{
  vt_ctx *ctx = reader->ctx;
  *out = NULL;
  void *settings = NULL;
  vt_status status = VT_OK;
  if (op->attributes_size) {
    settings = vt_alloc_zero(ctx, 1, op->attributes_size);
    if (!settings) return VT_ERROR_OUT_OF_MEMORY;
    status = vt_params_defaults(ctx, op->fields, op->field_count, settings, op->attributes_size);
  }
  if (status == VT_OK) status = fill_all(reader, op, node, settings);
  if (status != VT_OK) {
    vt_attributes_free(op, settings);
    return vt_fail_prefix(ctx, "node '%s' (%s)", vt_onnx_node_name(node), op->name);
  }
  *out = settings;
  return VT_OK;
}

/* ---- Constant ---- */

static vt_status from_list(vt_ctx *ctx, vt_type type, int rank, size_t count, const void *data,
                           vt_tensor **out)
{
  int64_t dims[1] = {(int64_t)count};
  VT_TRY(vt_tensor_new_alone(ctx, type, rank, dims, out));
  if (count) memcpy((*out)->data, data, count * vt_type_size(type));
  return VT_OK;
}

vt_status vt_onnx_constant(vt_reader *reader, const Onnx__NodeProto *node, vt_tensor **out)
{
  vt_ctx *ctx = reader->ctx;
  if (node->n_attribute != 1 || !node->attribute[0]->name)
    return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "node '%s' (Constant): exactly one value is needed",
                   vt_onnx_node_name(node));
  const Onnx__AttributeProto *value = node->attribute[0];
  char what[256];
  snprintf(what, sizeof what, "node '%.200s' (Constant)", vt_onnx_node_name(node));
  Onnx__AttributeProto__AttributeType kind = vt_onnx_attribute_kind(value);
  const char *name = value->name;
  if (strcmp(name, "value") == 0 && kind == KIND(TENSOR) && value->t)
    return vt_onnx_tensor(reader, value->t, what, out);
  if (strcmp(name, "value_int") == 0 && kind == KIND(INT))
    return from_list(ctx, VT_I64, 0, 1, &value->i, out);
  if (strcmp(name, "value_float") == 0 && kind == KIND(FLOAT))
    return from_list(ctx, VT_F32, 0, 1, &value->f, out);
  if (strcmp(name, "value_ints") == 0) return from_list(ctx, VT_I64, 1, value->n_ints, value->ints, out);
  if (strcmp(name, "value_floats") == 0)
    return from_list(ctx, VT_F32, 1, value->n_floats, value->floats, out);
  return vt_fail(ctx, VT_ERROR_UNSUPPORTED, "%s: a constant given as '%s' is not supported", what, name);
}
