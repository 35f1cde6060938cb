/* SPDX-License-Identifier: Apache-2.0
 *
 * Tools for rewriting old nodes.
 */
#include <math.h>

#include "graph/lift.h"

#define KIND(name) ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__##name

static vt_status failure(const vt_lift *lift)
{
  return vt_ctx_status(lift->reader->ctx);
}

/* ---- attributes ---- */

Onnx__AttributeProto *vt_lift_remove(Onnx__NodeProto *node, const char *name)
{
  for (size_t i = 0; i < node->n_attribute; i++) {
    Onnx__AttributeProto *attribute = node->attribute[i];
    if (!attribute->name || strcmp(attribute->name, name) != 0) continue;
    node->n_attribute--;
    memmove(&node->attribute[i], &node->attribute[i + 1], (node->n_attribute - i) * sizeof *node->attribute);
    return attribute;
  }
  return NULL;
}

int64_t vt_lift_remove_int(Onnx__NodeProto *node, const char *name, int64_t fallback)
{
  const Onnx__AttributeProto *attribute = vt_lift_remove(node, name);
  return attribute && attribute->has_i ? attribute->i : fallback;
}

/* The attribute list of a node at hand is its own (versions.c), so it may be replaced by a longer one. */
static Onnx__AttributeProto *add_attribute(vt_lift *lift, Onnx__NodeProto *node, const char *name)
{
  vt_arena *arena = &lift->reader->arena;
  vt_lift_remove(node, name);
  Onnx__AttributeProto *attribute = vt_arena_take(arena, sizeof *attribute);
  Onnx__AttributeProto **list = vt_arena_zero(arena, node->n_attribute + 1, sizeof *list);
  if (!attribute || !list) return NULL;
  onnx__attribute_proto__init(attribute);
  attribute->name = vt_arena_copy(arena, name);
  if (!attribute->name) return NULL;
  if (node->n_attribute) memcpy(list, node->attribute, node->n_attribute * sizeof *list);
  list[node->n_attribute++] = attribute;
  node->attribute = list;
  attribute->has_type = 1;
  return attribute;
}

vt_status vt_lift_set_int(vt_lift *lift, Onnx__NodeProto *node, const char *name, int64_t value)
{
  Onnx__AttributeProto *attribute = add_attribute(lift, node, name);
  if (!attribute) return failure(lift);
  attribute->type = KIND(INT);
  attribute->has_i = 1;
  attribute->i = value;
  return VT_OK;
}

vt_status vt_lift_set_text(vt_lift *lift, Onnx__NodeProto *node, const char *name, const char *value)
{
  Onnx__AttributeProto *attribute = add_attribute(lift, node, name);
  char *copy = vt_arena_copy(&lift->reader->arena, value);
  if (!attribute || !copy) return failure(lift);
  attribute->type = KIND(STRING);
  attribute->has_s = 1;
  attribute->s = (ProtobufCBinaryData){strlen(copy), (uint8_t *)copy};
  return VT_OK;
}

vt_status vt_lift_ints_to_input(vt_lift *lift, Onnx__NodeProto *node, const char *name, int index)
{
  const Onnx__AttributeProto *attribute = vt_lift_remove(node, name);
  if (!attribute) return VT_OK;
  return vt_lift_set_input(lift, node, (size_t)index, vt_lift_ints(lift, attribute->ints, attribute->n_ints));
}

/* ---- inputs ---- */

const char *vt_lift_input(const Onnx__NodeProto *node, size_t index)
{
  return index < node->n_input ? node->input[index] : "";
}

vt_status vt_lift_set_input(vt_lift *lift, Onnx__NodeProto *node, size_t index, const char *name)
{
  if (!name) return failure(lift);
  if (index >= node->n_input) {
    char **list = vt_arena_zero(&lift->reader->arena, index + 1, sizeof *list);
    if (!list) return failure(lift);
    for (size_t i = 0; i <= index; i++)
      list[i] = i < node->n_input ? node->input[i] : (char *)"";
    node->input = list;
    node->n_input = index + 1;
  }
  node->input[index] = (char *)name;
  return VT_OK;
}

/* ---- new nodes and values ---- */

/* A name that the model has not got: one that was written by vitrail may hold such names already. */
static char *fresh_name(vt_lift *lift)
{
  char *name;
  do
    name = vt_arena_format(&lift->reader->arena, "lifted#%ld", lift->fresh++);
  while (name && (vt_names_find(&lift->producers, name) >= 0 || vt_names_find(&lift->constants, name) >= 0 ||
                  vt_names_find(&lift->infos, name) >= 0));
  return name;
}

/* A node with up to two inputs; a NULL name as input is refused. */
static Onnx__NodeProto *new_node(vt_lift *lift, const char *op, const char *a, const char *b, char *output)
{
  vt_arena *arena = &lift->reader->arena;
  if (!output || !a || !b) return NULL;
  Onnx__NodeProto *node = vt_arena_take(arena, sizeof *node);
  char **names = vt_arena_zero(arena, 3, sizeof *names);
  if (!node || !names) return NULL;
  onnx__node_proto__init(node);
  node->op_type = vt_arena_copy(arena, op);
  if (!node->op_type) return NULL;
  names[0] = (char *)a;
  names[1] = (char *)b;
  names[2] = output;
  node->input = names;
  node->n_input = b[0] ? 2 : a[0] ? 1 : 0;
  node->output = names + 2;
  node->n_output = 1;
  return node;
}

char *vt_lift_call(vt_lift *lift, const char *op, const char *a, const char *b, const char *attribute,
                   int64_t value)
{
  char *output = fresh_name(lift);
  Onnx__NodeProto *node = new_node(lift, op, a, b, output);
  if (!node || (attribute && vt_lift_set_int(lift, node, attribute, value) != VT_OK)) return NULL;
  return vt_pending_add(lift->reader, &lift->done, node, VT_ONNX_OPSET) == VT_OK ? output : NULL;
}

vt_status vt_lift_then(vt_lift *lift, Onnx__NodeProto *node, const char *op, const char *b,
                       const char *attribute, int64_t value)
{
  if (node->n_output == 0) return VT_OK; /* told when the graph is built */
  char *inner = fresh_name(lift), *outer = node->output[0];
  Onnx__NodeProto *next = new_node(lift, op, inner, b, outer);
  if (!next || (attribute && vt_lift_set_int(lift, next, attribute, value) != VT_OK)) return failure(lift);
  next->name = node->name;
  node->output[0] = inner;
  return vt_pending_add(lift->reader, &lift->after, next, VT_ONNX_OPSET);
}

/* A Constant node around a tensor of that type, its list still to be set. */
static Onnx__TensorProto *new_constant(vt_lift *lift, vt_type type, const size_t *count, char **output)
{
  vt_arena *arena = &lift->reader->arena;
  *output = fresh_name(lift);
  Onnx__NodeProto *node = new_node(lift, "Constant", "", "", *output);
  Onnx__AttributeProto *attribute = node ? add_attribute(lift, node, "value") : NULL;
  Onnx__TensorProto *tensor = vt_arena_take(arena, sizeof *tensor);
  int64_t *dims = vt_arena_take(arena, sizeof *dims);
  if (!attribute || !tensor || !dims) return NULL;
  onnx__tensor_proto__init(tensor);
  tensor->has_data_type = 1;
  tensor->data_type = type;
  if (count) {
    *dims = (int64_t)*count;
    tensor->dims = dims;
    tensor->n_dims = 1;
  }
  attribute->type = KIND(TENSOR);
  attribute->t = tensor;
  return vt_pending_add(lift->reader, &lift->done, node, VT_ONNX_OPSET) == VT_OK ? tensor : NULL;
}

char *vt_lift_ints(vt_lift *lift, const int64_t *data, size_t count)
{
  char *output;
  Onnx__TensorProto *tensor = new_constant(lift, VT_I64, &count, &output);
  int64_t *copy = vt_arena_zero(&lift->reader->arena, count, sizeof *copy);
  if (!tensor || !copy) return NULL;
  if (count) memcpy(copy, data, count * sizeof *copy);
  tensor->int64_data = copy;
  tensor->n_int64_data = count;
  return output;
}

char *vt_lift_reals(vt_lift *lift, const float *data, size_t count)
{
  char *output;
  Onnx__TensorProto *tensor = new_constant(lift, VT_F32, &count, &output);
  float *copy = vt_arena_zero(&lift->reader->arena, count, sizeof *copy);
  if (!tensor || !copy) return NULL;
  if (count) memcpy(copy, data, count * sizeof *copy);
  tensor->float_data = copy;
  tensor->n_float_data = count;
  return output;
}

char *vt_lift_number(vt_lift *lift, double value, vt_type type)
{
  char *output;
  unsigned char bits[8] = {0};
  float single = (float)value;
  uint16_t half = type == VT_BF16 ? vt_f32_to_bf16(single) : vt_f32_to_f16(single);
  int64_t integer = fabs(value) < 9e18 ? (int64_t)value : 0; /* NaN and what no integer holds: 0 */
  Onnx__TensorProto *tensor = new_constant(lift, type, NULL, &output);
  uint8_t *raw = vt_arena_take(&lift->reader->arena, sizeof bits);
  if (!tensor || !raw) return NULL;
  if (type == VT_F32)
    memcpy(bits, &single, sizeof single);
  else if (type == VT_F64)
    memcpy(bits, &value, sizeof value);
  else if (type == VT_F16 || type == VT_BF16)
    memcpy(bits, &half, sizeof half);
  else
    memcpy(bits, &integer, sizeof integer); /* little-endian: narrower integers take the first bytes */
  memcpy(raw, bits, sizeof bits);
  tensor->has_raw_data = 1;
  tensor->raw_data = (ProtobufCBinaryData){vt_type_size(type), raw};
  return output;
}

char *vt_lift_rank(vt_lift *lift, const char *value)
{
  return vt_lift_call(lift, "Shape", vt_lift_call(lift, "Shape", value, "", NULL, 0), "", NULL, 0);
}

char *vt_lift_append_ones(vt_lift *lift, const char *value, const char *count)
{
  char *ones = vt_lift_call(lift, "Expand", vt_lift_ints(lift, (int64_t[]){1}, 1), count, NULL, 0);
  char *shape =
      vt_lift_call(lift, "Concat", vt_lift_call(lift, "Shape", value, "", NULL, 0), ones, "axis", 0);
  return vt_lift_call(lift, "Reshape", value, shape, "allowzero", 1);
}

/* ---- what is known ---- */

static const Onnx__TensorProto *known_tensor(const vt_lift *lift, const char *value)
{
  int index = vt_names_find(&lift->constants, value);
  if (index >= 0) return lift->reader->model->graph->initializer[index];
  int producer = vt_names_find(&lift->producers, value);
  if (producer < 0) return NULL;
  const Onnx__NodeProto *node = lift->reader->pending.items[producer].node;
  if (!node->op_type || strcmp(node->op_type, "Constant") != 0) return NULL;
  const Onnx__AttributeProto *attribute = vt_onnx_attribute(node, "value");
  return attribute ? attribute->t : NULL;
}

static const Onnx__TypeProto__Tensor *known_type(const vt_lift *lift, const char *value)
{
  int index = vt_names_find(&lift->infos, value);
  const Onnx__TypeProto *type = index >= 0 ? lift->info[index]->type : NULL;
  return type && type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE ? type->tensor_type : NULL;
}

vt_type vt_lift_type(const vt_lift *lift, const char *value)
{
  /* most operators hand the type of their first input on: follow that as far as something is declared */
  for (int steps = 0; steps < 1000; steps++) {
    const Onnx__TensorProto *tensor = known_tensor(lift, value);
    const Onnx__TypeProto__Tensor *type = known_type(lift, value);
    int element = tensor ? tensor->data_type : type ? type->elem_type : 0;
    if (element) return vt_type_size((vt_type)element) ? (vt_type)element : VT_F32;
    int producer = vt_names_find(&lift->producers, value);
    const Onnx__NodeProto *node = producer >= 0 ? lift->reader->pending.items[producer].node : NULL;
    if (!node || node->n_input == 0) break;
    const Onnx__AttributeProto *to = vt_onnx_attribute(node, "to");
    if (to && to->has_i) return vt_type_size((vt_type)to->i) ? (vt_type)to->i : VT_F32;
    value = node->input[0];
  }
  return VT_F32;
}

int vt_lift_known_rank(const vt_lift *lift, const char *value)
{
  const Onnx__TensorProto *tensor = known_tensor(lift, value);
  if (tensor) return (int)tensor->n_dims;
  const Onnx__TypeProto__Tensor *type = known_type(lift, value);
  if (type && type->shape) return (int)type->shape->n_dim;
  int producer = vt_names_find(&lift->producers, value);
  const Onnx__NodeProto *node = producer >= 0 ? lift->reader->pending.items[producer].node : NULL;
  bool flat =
      node && node->op_type && (strcmp(node->op_type, "Gemm") == 0 || strcmp(node->op_type, "Flatten") == 0);
  return flat ? 2 : -1;
}

int vt_lift_known_reals(const vt_lift *lift, const char *value, double out[VT_MAX_RANK])
{
  const Onnx__TensorProto *tensor = known_tensor(lift, value);
  if (!tensor || tensor->data_type != VT_F32) return -1;
  size_t count = tensor->has_raw_data ? tensor->raw_data.len / sizeof(float) : tensor->n_float_data;
  if (count > VT_MAX_RANK) return -1;
  for (size_t i = 0; i < count; i++) {
    float number;
    memcpy(&number,
           tensor->has_raw_data ? tensor->raw_data.data + i * sizeof number
                                : (uint8_t *)&tensor->float_data[i],
           sizeof number);
    out[i] = (double)number;
  }
  return (int)count;
}
