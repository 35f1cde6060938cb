/* SPDX-License-Identifier: Apache-2.0
 *
 * The import of an ONNX model, step by step: bytes → messages (wire.c) → flat list of node messages
 * (function.c) → nodes of opset 21 (versions.c) → graph (import.c). The steps share one reader; everything
 * they add lives in its arena.
 */
#ifndef VT_GRAPH_ONNX_H
#define VT_GRAPH_ONNX_H

#include "graph/graph.h"
#include "graph/names.h"
#include "graph/onnx.pb-c.h"
#include "graph/wire.h"

enum { VT_ONNX_OPSET = 21, VT_ONNX_NODES = 1000000 };

/* A node on its way into the graph. Its message is shared with the model until a
 * step copies it to change it. */
typedef struct vt_pending {
  Onnx__NodeProto *node;
  int64_t opset; /* version of the operator set of ONNX itself that holds for it */
} vt_pending;

typedef struct vt_pending_list {
  vt_pending *items;
  size_t count, capacity;
} vt_pending_list;

/* What the model asks for and vitrail lacks, gathered so that one message can name all of it. */
typedef struct vt_lacking {
  vt_text *texts; /* the nodes: "'a', 'b'" */
  char **keys;    /* what is lacking: "Loop" */
  int *counts;
  size_t count, capacity;
} vt_lacking;

typedef struct vt_reader {
  vt_ctx *ctx;
  vt_arena arena;
  vt_graph *graph;
  Onnx__ModelProto *model;
  const char *folder;  /* where external data may lie; NULL: refused */
  uint64_t bytes_left; /* of the largest model size allowed */
  bool ignore_declared_sizes;
  vt_pending_list pending;
  vt_lacking lacking;
} vt_reader;

/* "" for ONNX's own domain under either of its names. */
const char *vt_onnx_domain(const char *domain);
/* Name of a node for messages: its own, else that of its first output, else its operator. */
const char *vt_onnx_node_name(const Onnx__NodeProto *node);
vt_status vt_pending_add(vt_reader *reader, vt_pending_list *pending, Onnx__NodeProto *node, int64_t opset);

/* ---- tensors ---- */

/* A TensorProto as a tensor of its own (vt_tensor_free). `what` names it in messages. Raw data that the arena
 * holds as a block of its own is taken over without a copy. */
vt_status vt_onnx_tensor(vt_reader *reader, Onnx__TensorProto *proto, const char *what, vt_tensor **out);
/* One TensorProto alone (the .pb files of conformance cases). `name`: caller frees, may be NULL. */
vt_status vt_onnx_tensor_parse(vt_ctx *ctx, const void *bytes, size_t size, char **name, vt_tensor **out);
/* Bytes of a tensor kept in a file of its own into `data`, which has `bytes` bytes. */
vt_status vt_onnx_external(vt_reader *reader, const Onnx__TensorProto *proto, const char *what, void *data,
                           size_t bytes);

/* ---- attributes ---- */

/* Kind of an attribute, found from its content where the type field is missing (IR 1 and 2). */
Onnx__AttributeProto__AttributeType vt_onnx_attribute_kind(const Onnx__AttributeProto *attribute);
const Onnx__AttributeProto *vt_onnx_attribute(const Onnx__NodeProto *node,
                                              const char *name); /* NULL: not given */
/* Fills the attribute struct of `op` (defaults first) from a node. `*out` NULL when the operator has none. */
vt_status vt_onnx_attributes(vt_reader *reader, const vt_op *op, const Onnx__NodeProto *node, void **out);
/* The value of a Constant node. */
vt_status vt_onnx_constant(vt_reader *reader, const Onnx__NodeProto *node, vt_tensor **out);

/* ---- steps ---- */

/* Fills reader->pending with the nodes of the model's graph, calls of its local functions
 * replaced by their bodies. */
vt_status vt_onnx_inline(vt_reader *reader);
/* Rewrites reader->pending in the form of opset 21. */
vt_status vt_onnx_lift(vt_reader *reader);
/* Fails with every operator of the pending nodes that the table lacks. */
vt_status vt_onnx_check_operators(vt_reader *reader);
/* Builds values and nodes from the pending nodes, in the order of the list. */
vt_status vt_onnx_build(vt_reader *reader);
/* Fails with every node whose inputs are known to have an element type that its operator does not take. */
vt_status vt_onnx_check_types(vt_reader *reader);

/* Notes that `what` is lacking at `where`. */
vt_status vt_lacking_add(vt_reader *reader, const char *what, const char *where);
/* VT_OK when nothing is lacking, else VT_ERROR_UNSUPPORTED with the whole list behind `head`. */
vt_status vt_lacking_fail(vt_reader *reader, const char *head);

#endif
