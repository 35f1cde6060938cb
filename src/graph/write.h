/* SPDX-License-Identifier: Apache-2.0
 *
 * A graph as messages of the ONNX schema, in an arena. Names and data are borrowed from the graph.
 */
#ifndef VT_GRAPH_WRITE_H
#define VT_GRAPH_WRITE_H

#include "graph/arena.h"
#include "graph/graph.h"
#include "graph/onnx.pb-c.h"

/* A node of a graph in operators of opset 17 (export.h), in the form that 17 has. */
vt_status vt_write_node(vt_ctx *ctx, vt_arena *arena, const vt_graph *graph, const vt_node *node,
                        Onnx__NodeProto **out);
/* Type, shape and bytes of a tensor; `name` may be NULL. */
vt_status vt_write_tensor(vt_ctx *ctx, vt_arena *arena, const vt_tensor *tensor, const char *name,
                          Onnx__TensorProto **out);

#endif
