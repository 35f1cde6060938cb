/* SPDX-License-Identifier: Apache-2.0
 *
 * TensorProto to tensor: raw bytes, the typed lists, or external data.
 */
#include "graph/onnx.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "ONNX stores little-endian; other machines need a swap here");

/* One list of a TensorProto and how many of its entries make an element. */
typedef struct typed_list {
  const void *data;
  size_t count, entry_size;
  size_t per_element;
} typed_list;

static typed_list list_of(const Onnx__TensorProto *proto, vt_type type)
{
  switch (type) {
  case VT_F32:
    return (typed_list){proto->float_data, proto->n_float_data, sizeof(float), 1};
  case VT_C64:
    return (typed_list){proto->float_data, proto->n_float_data, sizeof(float), 2};
  case VT_F64:
    return (typed_list){proto->double_data, proto->n_double_data, sizeof(double), 1};
  case VT_C128:
    return (typed_list){proto->double_data, proto->n_double_data, sizeof(double), 2};
  case VT_I64:
    return (typed_list){proto->int64_data, proto->n_int64_data, sizeof(int64_t), 1};
  case VT_U64:
  case VT_U32:
    return (typed_list){proto->uint64_data, proto->n_uint64_data, sizeof(uint64_t), 1};
  default: /* every narrower integer, bool, and the bits of f16 and bf16 */
    return (typed_list){proto->int32_data, proto->n_int32_data, sizeof(int32_t), 1};
  }
}

static void copy_list(const typed_list *list, vt_tensor *tensor)
{
  size_t element = vt_type_size(tensor->type) / list->per_element;
  unsigned char *target = tensor->data;
  const unsigned char *source = list->data;
  for (size_t i = 0; i < list->count; i++) /* the low bytes: little-endian */
    memcpy(target + i * element, source + i * list->entry_size, element);
}

static vt_status take_raw(vt_reader *reader, ProtobufCBinaryData *raw, vt_tensor *tensor)
{
  if (!vt_arena_give(&reader->arena, raw->data)) {
    VT_TRY(vt_tensor_allocate(reader->ctx, tensor));
    if (raw->len) memcpy(tensor->data, raw->data, raw->len);
    return VT_OK;
  }
  vt_storage *storage = vt_alloc(reader->ctx, sizeof *storage);
  if (!storage) {
    vt_free(raw->data);
    raw->data = NULL;
    return VT_ERROR_OUT_OF_MEMORY;
  }
  *storage = (vt_storage){1, raw->data};
  tensor->storage = storage;
  tensor->data = raw->data;
  raw->data = NULL;
  raw->len = 0;
  return VT_OK;
}

static vt_status fill(vt_reader *reader, Onnx__TensorProto *proto, const char *what, vt_tensor *tensor)
{
  vt_ctx *ctx = reader->ctx;
  size_t bytes = vt_bytes(tensor);
  char shape[160];
  if (proto->has_data_location && proto->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL) {
    if (bytes > reader->bytes_left)
      return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "%s: %s makes the model larger than is allowed", what,
                     vt_shape_text(tensor, shape));
    reader->bytes_left -= bytes;
    VT_TRY(vt_tensor_allocate(ctx, tensor));
    return vt_onnx_external(reader, proto, what, tensor->data, bytes);
  }
  if (proto->has_raw_data) {
    if (proto->raw_data.len != bytes)
      return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "%s: %zu bytes of data for %s, which needs %zu", what,
                     proto->raw_data.len, vt_shape_text(tensor, shape), bytes);
    return take_raw(reader, &proto->raw_data, tensor);
  }
  typed_list list = list_of(proto, tensor->type);
  size_t elements = (size_t)vt_count(tensor);
  if (list.count % list.per_element != 0 || list.count / list.per_element != elements)
    return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "%s: %zu numbers for %s, which needs %zu", what,
                   list.count / list.per_element, vt_shape_text(tensor, shape), elements);
  VT_TRY(vt_tensor_allocate(ctx, tensor));
  copy_list(&list, tensor);
  return VT_OK;
}

/* Kernels rely on 0 and 1. */
static void normalise_bools(vt_tensor *tensor)
{
  unsigned char *data = tensor->data;
  for (int64_t i = 0, count = vt_count(tensor); i < count; i++)
    data[i] = data[i] != 0;
}

vt_status vt_onnx_tensor(vt_reader *reader, Onnx__TensorProto *proto, const char *what, vt_tensor **out)
{
  vt_ctx *ctx = reader->ctx;
  *out = NULL;
  if (proto->segment)
    return vt_fail(ctx, VT_ERROR_UNSUPPORTED, "%s: stored in segments, which is not supported", what);
  int type = proto->has_data_type ? proto->data_type : 0;
  if (vt_type_size((vt_type)type) == 0)
    return vt_fail(ctx, type > 0 && type < 64 ? VT_ERROR_UNSUPPORTED : VT_ERROR_INVALID_MODEL,
                   "%s: element type %d%s is not supported", what, type,
                   type == VT_STRING ? " (string)" : "");
  if (proto->n_dims > VT_MAX_RANK)
    return vt_fail(ctx, VT_ERROR_UNSUPPORTED, "%s: %zu dimensions; at most %d are supported", what,
                   proto->n_dims, VT_MAX_RANK);
  for (size_t i = 0; i < proto->n_dims; i++)
    if (proto->dims[i] < 0)
      return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "%s: dimension %zu is %lld", what, i,
                     (long long)proto->dims[i]);
  vt_tensor *tensor = vt_tensor_alone(ctx);
  if (!tensor) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_tensor_set_shape(ctx, tensor, (vt_type)type, (int)proto->n_dims, proto->dims);
  if (status == VT_ERROR_OUT_OF_MEMORY)
    status = vt_fail_restate(ctx, VT_ERROR_INVALID_MODEL); /* no machine holds it: the file is wrong */
  if (status != VT_OK)
    vt_fail_prefix(ctx, "%s", what);
  else
    status = fill(reader, proto, what, tensor);
  if (status == VT_OK && tensor->type == VT_BOOL) normalise_bools(tensor);
  if (status != VT_OK) {
    vt_tensor_free(tensor);
    return status;
  }
  *out = tensor;
  return VT_OK;
}

vt_status vt_onnx_tensor_parse(vt_ctx *ctx, const void *bytes, size_t size, char **name, vt_tensor **out)
{
  vt_reader reader = {.ctx = ctx, .arena = {.ctx = ctx, .limit = 32 * size + (64u << 20)}};
  ProtobufCMessage *message = NULL;
  *out = NULL;
  if (name) *name = NULL;
  vt_status status = vt_wire_unpack(&reader.arena, bytes, size, &onnx__tensor_proto__descriptor, &message);
  Onnx__TensorProto *proto = (Onnx__TensorProto *)message;
  if (status == VT_OK) {
    const char *own = proto->name ? proto->name : "";
    status = vt_onnx_tensor(&reader, proto, own[0] ? own : "tensor", out);
    if (status == VT_OK && name && !(*name = vt_strdup(ctx, own))) {
      vt_tensor_free(*out);
      *out = NULL;
      status = VT_ERROR_OUT_OF_MEMORY;
    }
  }
  vt_arena_free(&reader.arena);
  return status;
}
