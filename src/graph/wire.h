/* SPDX-License-Identifier: Apache-2.0
 *
 * From bytes to messages, without trust: protobuf-c recurses as deep as the file says and allocates what it
 * says, so the wire format is walked first and unpacking is counted.
 */
#ifndef VT_GRAPH_WIRE_H
#define VT_GRAPH_WIRE_H

#include <protobuf-c/protobuf-c.h>

#include "graph/arena.h"

enum { VT_WIRE_DEPTH = 64, VT_WIRE_MESSAGES = 4000000 };

/* Walks `size` bytes as a message of that kind. VT_ERROR_INVALID_MODEL, with the byte offset, for a field
 * that is cut off, a wrong wire type, messages nested deeper than VT_WIRE_DEPTH, more than VT_WIRE_MESSAGES
 * of them, or a single sub-message given twice (merging those takes quadratic time). */
vt_status vt_wire_check(vt_ctx *ctx, const unsigned char *bytes, size_t size,
                        const ProtobufCMessageDescriptor *descriptor);

/* Checks, then unpacks into the arena. The message lives as long as the arena. */
vt_status vt_wire_unpack(vt_arena *arena, const unsigned char *bytes, size_t size,
                         const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage **out);

#endif
