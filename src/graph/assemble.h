/* SPDX-License-Identifier: Apache-2.0
 *
 * Putting a graph together in memory, value by value and node by node in topological order: for graphs that
 * come from no file.
 */
#ifndef VT_GRAPH_ASSEMBLE_H
#define VT_GRAPH_ASSEMBLE_H

#include "graph/graph.h"

/* A graph with nothing in it, in the form of opset 21. Free with vt_graph_free(). */
vt_status vt_graph_new(vt_ctx *ctx, const char *path, vt_graph **out);
/* A value of that name, of which nothing is known. The name must be new. */
vt_status vt_graph_add_value(vt_ctx *ctx, vt_graph *graph, const char *name, int *out);
/* The same under the wished name, or under "NAME#2", "NAME#3" … when that is taken. */
vt_status vt_graph_add_fresh(vt_ctx *ctx, vt_graph *graph, const char *wish, int *out);
/* `tensor` becomes the value's constant, and the graph's on success. */
void vt_graph_set_constant(vt_graph *graph, int value, vt_tensor *tensor);
/* A constant list of integers under a name as of vt_graph_add_fresh(); rank 0: one number, no axis. */
vt_status vt_graph_add_integers(vt_ctx *ctx, vt_graph *graph, const char *wish, vt_type type, int rank,
                                int64_t count, const int64_t *data, int *out);
/* A node whose outputs exist and are made by nothing yet. `attributes` (NULL: defaults) are copied. Names
 * need not be unique. Its number in `out` unless that is NULL. */
vt_status vt_graph_add_node(vt_ctx *ctx, vt_graph *graph, const vt_op *op, const void *attributes,
                            const char *name, int input_count, const int *inputs, int output_count,
                            const int *outputs, int *out);
/* A node with one output of its own; `wish` names both. Attributes as text, "start=0 end=1", NULL: as they
 * are by default. */
vt_status vt_graph_add_call(vt_ctx *ctx, vt_graph *graph, const char *op, const char *attributes,
                            const char *wish, int input_count, const int *inputs, int *out);
vt_status vt_graph_add_input(vt_ctx *ctx, vt_graph *graph, int value);
vt_status vt_graph_add_output(vt_ctx *ctx, vt_graph *graph, int value);
/* Fills graph->sha256 from what the graph computes: operators, attributes, wiring, names of inputs and
 * outputs, constants. */
vt_status vt_graph_hash(vt_ctx *ctx, vt_graph *graph);

/* ---- attribute structs ---- */

/* A deep copy, tensors too; defaults when `attributes` is NULL. NULL for operators without. Free with
 * vt_attributes_free(). */
vt_status vt_attributes_copy(vt_ctx *ctx, const vt_op *op, const void *attributes, void **out);
void vt_attributes_free(const vt_op *op, void *attributes);
/* The first field in which two structs of an operator differ, NULL: in none. */
const vt_field *vt_attributes_difference(const vt_op *op, const void *a, const void *b);
/* Whether two slots of one field hold the same. */
bool vt_attribute_same(const vt_field *field, const void *a, const void *b);
/* Same type, shape, layout and bytes; false where data is missing. */
bool vt_same_tensor(const vt_tensor *a, const vt_tensor *b);
/* A row-major copy that stands alone. */
vt_status vt_tensor_copy_alone(vt_ctx *ctx, const vt_tensor *tensor, vt_tensor **out);

#endif
