/* SPDX-License-Identifier: Apache-2.0
 *
 * A small writer of ONNX bytes for tests: enough to say anything, also what no exporter would say. Field
 * numbers are those of the published schema.
 */
#ifndef VT_TESTS_GRAPH_ONNX_WRITER_H
#define VT_TESTS_GRAPH_ONNX_WRITER_H

#include "test.h"
#include "vitrail/tensor.h"

typedef vt_text pb; /* bytes of a message under construction */

static inline void pb_varint(vt_ctx *ctx, pb *out, uint64_t value)
{
  do {
    unsigned char byte = (unsigned char)((value & 127) | (value > 127 ? 128 : 0));
    vt_text_add_bytes(ctx, out, &byte, 1);
    value >>= 7;
  } while (value);
}

static inline void pb_int(vt_ctx *ctx, pb *out, unsigned field, int64_t value)
{
  pb_varint(ctx, out, (uint64_t)field << 3);
  pb_varint(ctx, out, (uint64_t)value);
}

static inline void pb_bytes(vt_ctx *ctx, pb *out, unsigned field, const void *bytes, size_t size)
{
  pb_varint(ctx, out, (uint64_t)field << 3 | 2);
  pb_varint(ctx, out, size);
  vt_text_add_bytes(ctx, out, size ? bytes : "", size);
}

static inline void pb_text(vt_ctx *ctx, pb *out, unsigned field, const char *text)
{
  pb_bytes(ctx, out, field, text, strlen(text));
}

static inline void pb_float(vt_ctx *ctx, pb *out, unsigned field, float value)
{
  pb_varint(ctx, out, (uint64_t)field << 3 | 5);
  vt_text_add_bytes(ctx, out, &value, sizeof value);
}

/* Puts `inner` into `out` and frees it. */
static inline void pb_message(vt_ctx *ctx, pb *out, unsigned field, pb *inner)
{
  pb_bytes(ctx, out, field, inner->data, inner->length);
  vt_text_free(inner);
}

/* ---- ONNX ---- */

enum { ONNX_NODE = 1, ONNX_INITIALIZER = 5, ONNX_INPUT = 11, ONNX_OUTPUT = 12 }; /* fields of a graph */

static inline void onnx_names(vt_ctx *ctx, pb *out, unsigned field, const char *list)
{
  while (list && *list) { /* "a b", "_": an empty name */
    size_t length = strcspn(list, " ");
    pb_bytes(ctx, out, field, list, length == 1 && *list == '_' ? 0 : length);
    list += length + (list[length] == ' ');
  }
}

/* A node message: operator, name, inputs and outputs separated by spaces.
 * Attributes may be added behind it. */
static inline pb onnx_node(vt_ctx *ctx, const char *op, const char *name, const char *inputs,
                           const char *outputs)
{
  pb node = {0};
  onnx_names(ctx, &node, 1, inputs);
  onnx_names(ctx, &node, 2, outputs);
  pb_text(ctx, &node, 3, name);
  pb_text(ctx, &node, 4, op);
  return node;
}

static inline void onnx_attribute_int(vt_ctx *ctx, pb *node, const char *name, int64_t value)
{
  pb attribute = {0};
  pb_text(ctx, &attribute, 1, name);
  pb_int(ctx, &attribute, 3, value);
  pb_int(ctx, &attribute, 20, 2);
  pb_message(ctx, node, 5, &attribute);
}

static inline void onnx_attribute_float(vt_ctx *ctx, pb *node, const char *name, float value)
{
  pb attribute = {0};
  pb_text(ctx, &attribute, 1, name);
  pb_float(ctx, &attribute, 2, value);
  pb_int(ctx, &attribute, 20, 1);
  pb_message(ctx, node, 5, &attribute);
}

static inline void onnx_attribute_text(vt_ctx *ctx, pb *node, const char *name, const char *value)
{
  pb attribute = {0};
  pb_text(ctx, &attribute, 1, name);
  pb_text(ctx, &attribute, 4, value);
  pb_int(ctx, &attribute, 20, 3);
  pb_message(ctx, node, 5, &attribute);
}

static inline void onnx_attribute_ints(vt_ctx *ctx, pb *node, const char *name, size_t count,
                                       const int64_t *values)
{
  pb attribute = {0};
  pb_text(ctx, &attribute, 1, name);
  for (size_t i = 0; i < count; i++)
    pb_int(ctx, &attribute, 8, values[i]);
  pb_int(ctx, &attribute, 20, 7);
  pb_message(ctx, node, 5, &attribute);
}

static inline void onnx_attribute_floats(vt_ctx *ctx, pb *node, const char *name, size_t count,
                                         const float *values)
{
  pb attribute = {0};
  pb_text(ctx, &attribute, 1, name);
  for (size_t i = 0; i < count; i++)
    pb_float(ctx, &attribute, 7, values[i]);
  pb_int(ctx, &attribute, 20, 6);
  pb_message(ctx, node, 5, &attribute);
}

/* An attribute of a node in a function that takes the caller's attribute `reference`. */
static inline void onnx_attribute_reference(vt_ctx *ctx, pb *node, const char *name, int type,
                                            const char *reference)
{
  pb attribute = {0};
  pb_text(ctx, &attribute, 1, name);
  pb_int(ctx, &attribute, 20, type);
  pb_text(ctx, &attribute, 21, reference);
  pb_message(ctx, node, 5, &attribute);
}

/* An input or output of the graph: f32 unless `type` says otherwise; a size of −1 is the symbol "N". rank −1:
 * no shape. */
static inline void onnx_value(vt_ctx *ctx, pb *graph, unsigned field, const char *name, int type, int rank,
                              const int64_t *dims)
{
  pb info = {0}, outer = {0}, tensor = {0}, shape = {0};
  pb_int(ctx, &tensor, 1, type);
  for (int i = 0; i < rank; i++) {
    pb dim = {0};
    if (dims[i] == -1)
      pb_text(ctx, &dim, 2, "N");
    else
      pb_int(ctx, &dim, 1, dims[i]);
    pb_message(ctx, &shape, 1, &dim);
  }
  if (rank >= 0) pb_message(ctx, &tensor, 2, &shape);
  pb_message(ctx, &outer, 1, &tensor);
  pb_text(ctx, &info, 1, name);
  pb_message(ctx, &info, 2, &outer);
  pb_message(ctx, graph, field, &info);
}

/* A tensor message with raw data. */
static inline pb onnx_tensor(vt_ctx *ctx, const char *name, int type, int rank, const int64_t *dims,
                             const void *raw, size_t size)
{
  pb tensor = {0};
  for (int i = 0; i < rank; i++)
    pb_int(ctx, &tensor, 1, dims[i]);
  pb_int(ctx, &tensor, 2, type);
  pb_text(ctx, &tensor, 8, name);
  pb_bytes(ctx, &tensor, 9, raw, size);
  return tensor;
}

/* The whole model: IR 10, one operator set; frees `graph`. More may be added behind it. */
static inline pb onnx_model(vt_ctx *ctx, int64_t opset, pb *graph)
{
  pb model = {0}, import = {0};
  pb_int(ctx, &model, 1, 10);
  pb_int(ctx, &import, 2, opset);
  pb_message(ctx, &model, 8, &import);
  pb_message(ctx, &model, 7, graph);
  return model;
}

/* Graph with one f32 input x and one output y of the sizes given, nodes still to be added. */
static inline pb onnx_graph(vt_ctx *ctx, int rank, const int64_t *dims)
{
  pb graph = {0};
  pb_text(ctx, &graph, 2, "g");
  onnx_value(ctx, &graph, ONNX_INPUT, "x", VT_F32, rank, dims);
  onnx_value(ctx, &graph, ONNX_OUTPUT, "y", VT_F32, -1, NULL);
  return graph;
}

#endif
