/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk over the wire format, and unpacking. Encoding: protobuf.dev/programming-guides/encoding.
 */
#include "graph/wire.h"

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5, SINGLES = 64 };

/* A message that is being walked. */
typedef struct wire_frame {
  const ProtobufCMessageDescriptor *descriptor;
  size_t end;     /* offset behind its last byte */
  uint64_t given; /* single sub-messages seen, by field index */
} wire_frame;

typedef struct wire_walk {
  vt_ctx *ctx;
  const unsigned char *bytes;
  size_t at;
} wire_walk;

static vt_status damaged(const wire_walk *walk, const wire_frame *frame, const char *what)
{
  return vt_fail(walk->ctx, VT_ERROR_INVALID_MODEL, "damaged at byte %zu, inside %s: %s", walk->at,
                 frame->descriptor->name, what);
}

static vt_status read_varint(wire_walk *walk, const wire_frame *frame, uint64_t *out)
{
  uint64_t value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (walk->at >= frame->end) return damaged(walk, frame, "the message ends inside a number");
    unsigned char byte = walk->bytes[walk->at++];
    if (shift < 64) value |= (uint64_t)(byte & 127) << shift;
    if (byte < 128) {
      *out = value;
      return VT_OK;
    }
  }
  return damaged(walk, frame, "a number of more than 10 bytes");
}

static vt_status skip(wire_walk *walk, const wire_frame *frame, uint64_t count)
{
  if (count > frame->end - walk->at) return damaged(walk, frame, "the message ends inside a field");
  walk->at += (size_t)count;
  return VT_OK;
}

/* Wire type that the schema expects of one value of a field. */
static int expected_wire_type(const ProtobufCFieldDescriptor *field)
{
  switch (field->type) {
  case PROTOBUF_C_TYPE_FLOAT:
    return FIXED32;
  case PROTOBUF_C_TYPE_DOUBLE:
    return FIXED64;
  case PROTOBUF_C_TYPE_STRING:
  case PROTOBUF_C_TYPE_BYTES:
  case PROTOBUF_C_TYPE_MESSAGE:
    return BYTES;
  default:
    return VARINT;
  }
}

/* Lists of numbers may come as one packed field. */
static vt_status check_packed(wire_walk *walk, const wire_frame *frame, const ProtobufCFieldDescriptor *field,
                              uint64_t length)
{
  uint64_t step = field->type == PROTOBUF_C_TYPE_FLOAT ? 4 : field->type == PROTOBUF_C_TYPE_DOUBLE ? 8 : 1;
  if (length % step != 0) return damaged(walk, frame, "a list of numbers has a broken length");
  return VT_OK;
}

/* Reads one field. `*inner` is set when it is a message to be walked. */
static vt_status read_field(wire_walk *walk, wire_frame *frame, const ProtobufCMessageDescriptor **inner,
                            size_t *inner_end)
{
  uint64_t key, length;
  VT_TRY(read_varint(walk, frame, &key));
  int wire_type = (int)(key & 7);
  if (key >> 3 == 0 || key >> 3 > 536870911) return damaged(walk, frame, "a field number that cannot be");
  const ProtobufCFieldDescriptor *field =
      protobuf_c_message_descriptor_get_field(frame->descriptor, (unsigned)(key >> 3));
  bool list = field && field->label == PROTOBUF_C_LABEL_REPEATED;
  if (field && wire_type != expected_wire_type(field) && !(list && wire_type == BYTES))
    return damaged(walk, frame, "a field of the wrong kind");
  switch (wire_type) {
  case VARINT:
    return read_varint(walk, frame, &key);
  case FIXED64:
    return skip(walk, frame, 8);
  case FIXED32:
    return skip(walk, frame, 4);
  case BYTES:
    break;
  default:
    return damaged(walk, frame, "a group, which ONNX does not have");
  }
  VT_TRY(read_varint(walk, frame, &length));
  if (field && list && expected_wire_type(field) != BYTES) VT_TRY(check_packed(walk, frame, field, length));
  if (!field || field->type != PROTOBUF_C_TYPE_MESSAGE) return skip(walk, frame, length);
  if (length > frame->end - walk->at)
    return damaged(walk, frame, "a message that is longer than the one around it");
  if (!list) {
    size_t index = (size_t)(field - frame->descriptor->fields);
    if (index < SINGLES && frame->given & (UINT64_C(1) << index))
      return damaged(walk, frame, "a message given twice");
    if (index < SINGLES) frame->given |= UINT64_C(1) << index;
  }
  *inner = field->descriptor;
  *inner_end = walk->at + (size_t)length;
  return VT_OK;
}

vt_status vt_wire_check(vt_ctx *ctx, const unsigned char *bytes, size_t size,
                        const ProtobufCMessageDescriptor *descriptor)
{
  wire_frame frames[VT_WIRE_DEPTH] = {{descriptor, size, 0}};
  wire_walk walk = {ctx, bytes, 0};
  int depth = 0;
  long messages = 1;
  while (depth >= 0) {
    wire_frame *frame = &frames[depth];
    if (walk.at == frame->end) {
      depth--;
      continue;
    }
    const ProtobufCMessageDescriptor *inner = NULL;
    size_t inner_end = 0;
    VT_TRY(read_field(&walk, frame, &inner, &inner_end));
    if (!inner) continue;
    if (depth + 1 == VT_WIRE_DEPTH)
      return vt_fail(ctx, VT_ERROR_INVALID_MODEL,
                     "messages are nested more than %d deep (byte %zu, inside %s)", VT_WIRE_DEPTH, walk.at,
                     frame->descriptor->name);
    if (++messages > VT_WIRE_MESSAGES)
      return vt_fail(ctx, VT_ERROR_INVALID_MODEL, "more than %d messages", VT_WIRE_MESSAGES);
    frames[++depth] = (wire_frame){inner, inner_end, 0};
  }
  return VT_OK;
}

static void *take(void *arena, size_t bytes)
{
  return vt_arena_take(arena, bytes);
}

static void let_be(void *arena, void *block)
{
  VT_UNUSED(arena);
  VT_UNUSED(block); /* freed with the arena */
}

vt_status vt_wire_unpack(vt_arena *arena, const unsigned char *bytes, size_t size,
                         const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage **out)
{
  VT_TRY(vt_wire_check(arena->ctx, bytes, size, descriptor));
  ProtobufCAllocator allocator = {take, let_be, arena};
  *out = protobuf_c_message_unpack(descriptor, &allocator, size, bytes);
  if (*out) return VT_OK;
  if (vt_ctx_status(arena->ctx) != VT_OK) return vt_ctx_status(arena->ctx);
  return vt_fail(arena->ctx, VT_ERROR_INVALID_MODEL, "damaged: the bytes are no %s", descriptor->name);
}
