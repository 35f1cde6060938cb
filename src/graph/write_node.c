/* SPDX-License-Identifier: Apache-2.0
 *
 * Nodes as messages. Attributes that are as by default are left out: some of them came after opset 17.
 */
#include "graph/assemble.h"
#include "graph/draft.h"
#include "graph/write.h"

#define KIND(name) ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__##name

typedef struct node_writer {
  vt_ctx *ctx;
  vt_arena *arena;
  const vt_graph *graph;
  const vt_node *node;
  Onnx__NodeProto *proto;
} node_writer;

static vt_status short_of_memory(const node_writer *w)
{
  return vt_ctx_status(w->ctx) == VT_OK ? VT_ERROR_OUT_OF_MEMORY : vt_ctx_status(w->ctx);
}

vt_status vt_write_tensor(vt_ctx *ctx, vt_arena *arena, const vt_tensor *tensor, const char *name,
                          Onnx__TensorProto **out)
{
  Onnx__TensorProto *proto = *out = vt_arena_take(arena, sizeof *proto);
  int64_t *dims = vt_arena_zero(arena, VT_MAX_RANK, sizeof *dims);
  if (!proto || !dims) return vt_ctx_status(ctx);
  onnx__tensor_proto__init(proto);
  memcpy(dims, tensor->dims, sizeof *dims * (size_t)tensor->rank);
  proto->n_dims = (size_t)tensor->rank;
  proto->dims = dims;
  proto->has_data_type = 1;
  proto->data_type = tensor->type;
  proto->name = (char *)name;
  proto->has_raw_data = 1;
  proto->raw_data = (ProtobufCBinaryData){vt_bytes(tensor), tensor->data};
  return VT_OK;
}

/* Room for one more attribute than the row has fields: a reduction's axes. */
static Onnx__AttributeProto *add_attribute(node_writer *w, const char *name, int kind)
{
  Onnx__AttributeProto *attribute = vt_arena_take(w->arena, sizeof *attribute);
  if (!attribute) return NULL;
  onnx__attribute_proto__init(attribute);
  attribute->name = (char *)name;
  attribute->has_type = 1;
  attribute->type = (Onnx__AttributeProto__AttributeType)kind;
  w->proto->attribute[w->proto->n_attribute++] = attribute;
  return attribute;
}

static vt_status add_integer(node_writer *w, const char *name, int64_t value)
{
  Onnx__AttributeProto *attribute = add_attribute(w, name, KIND(INT));
  if (!attribute) return short_of_memory(w);
  attribute->has_i = 1;
  attribute->i = value;
  return VT_OK;
}

static vt_status add_text(node_writer *w, const char *name, const char *value)
{
  Onnx__AttributeProto *attribute = add_attribute(w, name, KIND(STRING));
  char *copy = vt_arena_copy(w->arena, value);
  if (!attribute || !copy) return short_of_memory(w);
  attribute->has_s = 1;
  attribute->s = (ProtobufCBinaryData){strlen(copy), (uint8_t *)copy};
  return VT_OK;
}

static vt_status add_real(node_writer *w, const char *name, double value)
{
  Onnx__AttributeProto *attribute = add_attribute(w, name, KIND(FLOAT));
  if (!attribute) return short_of_memory(w);
  attribute->has_f = 1;
  attribute->f = (float)value;
  return VT_OK;
}

static vt_status add_integers(node_writer *w, const char *name, size_t count, const int64_t *data)
{
  Onnx__AttributeProto *attribute = add_attribute(w, name, KIND(INTS));
  int64_t *copy = vt_arena_zero(w->arena, count, sizeof *copy);
  if (!attribute || !copy) return short_of_memory(w);
  if (count) memcpy(copy, data, sizeof *copy * count);
  attribute->n_ints = count;
  attribute->ints = copy;
  return VT_OK;
}

static vt_status add_reals(node_writer *w, const char *name, const vt_reals *list)
{
  Onnx__AttributeProto *attribute = add_attribute(w, name, KIND(FLOATS));
  float *copy = vt_arena_zero(w->arena, list->count, sizeof *copy);
  if (!attribute || !copy) return short_of_memory(w);
  for (size_t i = 0; i < list->count; i++)
    copy[i] = (float)list->data[i];
  attribute->n_floats = list->count;
  attribute->floats = copy;
  return VT_OK;
}

static vt_status add_texts(node_writer *w, const char *name, const vt_texts *list)
{
  Onnx__AttributeProto *attribute = add_attribute(w, name, KIND(STRINGS));
  ProtobufCBinaryData *texts = vt_arena_zero(w->arena, list->count, sizeof *texts);
  if (!attribute || !texts) return short_of_memory(w);
  for (size_t i = 0; i < list->count; i++) {
    char *copy = vt_arena_copy(w->arena, list->data[i]);
    if (!copy) return short_of_memory(w);
    texts[i] = (ProtobufCBinaryData){strlen(copy), (uint8_t *)copy};
  }
  attribute->n_strings = list->count;
  attribute->strings = texts;
  return VT_OK;
}

static vt_status add_tensor(node_writer *w, const char *name, const vt_tensor *tensor)
{
  Onnx__AttributeProto *attribute = add_attribute(w, name, KIND(TENSOR));
  return attribute ? vt_write_tensor(w->ctx, w->arena, tensor, NULL, &attribute->t) : short_of_memory(w);
}

/* GridSample's modes had other names up to opset 19. */
static const char *old_choice(const node_writer *w, const vt_field *field, const char *name)
{
  if (strcmp(w->node->op->name, "GridSample") != 0 || strcmp(field->name, "mode") != 0) return name;
  return strcmp(name, "linear") == 0 ? "bilinear" : strcmp(name, "cubic") == 0 ? "bicubic" : name;
}

static vt_status add_field(node_writer *w, const vt_field *field, const void *slot)
{
  char buffer[64];
  switch (field->kind) {
  case VT_FIELD_INT: /* the least integer stands for none */
    return *(const int64_t *)slot == INT64_MIN ? VT_OK : add_integer(w, field->name, *(const int64_t *)slot);
  case VT_FIELD_BOOL:
    return add_integer(w, field->name, *(const bool *)slot);
  case VT_FIELD_REAL:
    return add_real(w, field->name, *(const double *)slot);
  case VT_FIELD_STRING:
    return *(char *const *)slot ? add_text(w, field->name, *(char *const *)slot) : VT_OK;
  case VT_FIELD_CHOICE:
    return add_text(w, field->name, old_choice(w, field, vt_choice_name(field, *(const int *)slot, buffer)));
  case VT_FIELD_INTS: {
    const vt_ints *list = slot;
    return list->present ? add_integers(w, field->name, list->count, list->data) : VT_OK;
  }
  case VT_FIELD_REALS:
    return ((const vt_reals *)slot)->present ? add_reals(w, field->name, slot) : VT_OK;
  case VT_FIELD_TENSOR:
    return *(vt_tensor *const *)slot ? add_tensor(w, field->name, *(vt_tensor *const *)slot) : VT_OK;
  case VT_FIELD_TEXTS:
    return ((const vt_texts *)slot)->count ? add_texts(w, field->name, slot) : VT_OK;
  }
  return VT_OK;
}

/* Fields of the inner form that opset 17 does not know. GridSample writes its mode always, since the name of
 * the default is another one. */
static bool is_new(const vt_op *op, const vt_field *field)
{
  static const char *const fields[][2] = {
      {"Split", "num_outputs"}, {"Cast", "saturate"}, {"CastLike", "saturate"}, {"Resize", "antialias"}};
  for (size_t i = 0; i < VT_COUNT(fields); i++)
    if (strcmp(op->name, fields[i][0]) == 0 && strcmp(field->name, fields[i][1]) == 0) return true;
  bool reduces = strncmp(op->name, "Reduce", 6) == 0 && strcmp(op->name, "ReduceSum") != 0;
  return reduces && strcmp(field->name, "noop_with_empty_axes") == 0;
}

static vt_status add_fields(node_writer *w, const void *defaults)
{
  const vt_op *op = w->node->op;
  for (size_t i = 0; i < op->field_count; i++) {
    const vt_field *field = &op->fields[i];
    const char *slot = (const char *)w->node->attributes + field->offset;
    bool renamed = strcmp(op->name, "GridSample") == 0 && strcmp(field->name, "mode") == 0;
    bool list = field->kind == VT_FIELD_INTS; /* ONNX's checker misses the default of one */
    bool plain = field->fallback && !list && !field->required && !renamed &&
                 vt_attribute_same(field, slot, (const char *)defaults + field->offset);
    if (!plain && !is_new(op, field)) VT_TRY(add_field(w, field, slot));
  }
  return VT_OK;
}

/* Reductions other than ReduceSum have their axes as an attribute. */
static vt_status move_axes(node_writer *w)
{
  const vt_op *op = w->node->op;
  if (strncmp(op->name, "Reduce", 6) != 0 || strcmp(op->name, "ReduceSum") == 0) return VT_OK;
  if (w->node->input_count < 2 || w->node->inputs[1] == VT_NO_VALUE) return VT_OK;
  const vt_tensor *axes = w->graph->values[w->node->inputs[1]].constant;
  int64_t list[VT_MAX_RANK];
  if (!axes || vt_count(axes) > VT_MAX_RANK)
    return vt_fail(w->ctx, VT_ERROR_UNSUPPORTED,
                   "node '%s' (%s): axes that are no constant cannot be written", w->node->name, op->name);
  for (int64_t i = 0; i < vt_count(axes); i++)
    list[i] = vt_get_i64(axes, i);
  w->proto->n_input = 1;
  return add_integers(w, "axes", (size_t)vt_count(axes), list);
}

static char *value_name(const vt_graph *graph, int value)
{
  return value == VT_NO_VALUE ? (char *)"" : graph->values[value].name;
}

vt_status vt_write_node(vt_ctx *ctx, vt_arena *arena, const vt_graph *graph, const vt_node *node,
                        Onnx__NodeProto **out)
{
  const vt_op *op = node->op;
  node_writer w = {ctx, arena, graph, node, vt_arena_take(arena, sizeof *w.proto)};
  Onnx__NodeProto *proto = *out = w.proto;
  if (!proto) return short_of_memory(&w);
  onnx__node_proto__init(proto);
  proto->input = vt_arena_zero(arena, (size_t)node->input_count + 1, sizeof *proto->input);
  proto->output = vt_arena_zero(arena, (size_t)node->output_count + 1, sizeof *proto->output);
  proto->attribute = vt_arena_zero(arena, op->field_count + 1, sizeof *proto->attribute);
  if (!proto->input || !proto->output || !proto->attribute) return short_of_memory(&w);
  for (int k = 0; k < node->input_count; k++)
    proto->input[k] = value_name(graph, node->inputs[k]);
  for (int k = 0; k < node->output_count; k++)
    proto->output[k] = value_name(graph, node->outputs[k]);
  proto->n_input = (size_t)node->input_count;
  proto->n_output = (size_t)node->output_count;
  proto->name = node->name;
  proto->op_type = (char *)op->name;
  VT_TRY(move_axes(&w));
  if (!node->attributes) return VT_OK;
  void *defaults;
  VT_TRY(vt_attributes_copy(ctx, op, NULL, &defaults));
  vt_status status = add_fields(&w, defaults);
  vt_attributes_free(op, defaults);
  return status;
}
