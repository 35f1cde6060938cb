/* SPDX-License-Identifier: Apache-2.0
 *
 * A graph on its way out: operators that opset 17 lacks, and those of domain "vt", become operators that it
 * has. What opset 17 only writes in another way (axes as attributes) is the writer's (write_node.c).
 *
 * To add an operator: its function, a line in the table of export.c, a case in tests/graph/test_export.c.
 */
#ifndef VT_GRAPH_EXPORT_H
#define VT_GRAPH_EXPORT_H

#include "graph/assemble.h"

enum { VT_EXPORT_OPSET = 17, VT_EXPORT_IR = 8 };

typedef struct vt_export {
  vt_ctx *ctx;
  const vt_graph *from;
  vt_graph *to; /* has all values of `from` under the same numbers, then those made on the way */
  const vt_node *node;
  vt_status status; /* the first failure; calls after it do nothing and give VT_NO_VALUE */
} vt_export;

/* Replaces e->node by nodes that make its outputs. */
typedef void (*vt_export_fn)(vt_export *e);

/* The graph in operators of opset 17. VT_ERROR_UNSUPPORTED names the node that has no equal there. */
vt_status vt_graph_export(vt_ctx *ctx, const vt_graph *graph, vt_graph **out);

/* ---- for the functions ---- */

/* Input `index` of the node, VT_NO_VALUE when it is left out. */
int vt_export_input(const vt_export *e, int index);
/* A new value, made by one call. Attributes as of vt_graph_add_call(). */
int vt_export_call(vt_export *e, const char *op, const char *attributes, int count, const int *inputs);
/* The node's own output 0, made by the last call. */
void vt_export_result(vt_export *e, const char *op, const char *attributes, int count, const int *inputs);
/* The node as it is, with these inputs. */
void vt_export_keep(vt_export *e, int count, const int *inputs);
#define VT_EXPORT(e, op, attributes, ...)                                                                    \
  vt_export_call(e, op, attributes, (int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)), (int[]){__VA_ARGS__})
#define VT_EXPORT_RESULT(e, op, attributes, ...)                                                             \
  vt_export_result(e, op, attributes, (int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)), (int[]){__VA_ARGS__})
/* Constants: a list of i64; a number of the type of input 0; `tensor`, which becomes the graph's. */
int vt_export_integers(vt_export *e, int count, const int64_t *data);
#define VT_EXPORT_INTS(e, ...)                                                                               \
  vt_export_integers(e, (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__})
int vt_export_number(vt_export *e, double value);
int vt_export_tensor(vt_export *e, vt_tensor *tensor);
/* Element type of input 0 (f32 when unknown). Rank of input `index`; −1 and a failure when unknown. */
vt_type vt_export_type(const vt_export *e);
int vt_export_rank(vt_export *e, int index);
const vt_value *vt_export_value(const vt_export *e, int index);
/* Records that the node has no equal, and why. */
void vt_export_refuse(vt_export *e, const char *format, ...) VT_PRINTF(2, 3);

/* ---- functions by file ---- */

void vt_export_gelu(vt_export *e); /* export_norm.c */
void vt_export_mish(vt_export *e);
void vt_export_group_norm(vt_export *e);
void vt_export_rms_norm(vt_export *e);
void vt_export_identity(vt_export *e); /* export_own.c */
void vt_export_jump_relu(vt_export *e);
void vt_export_step(vt_export *e);
void vt_export_squared_distance(vt_export *e);
void vt_export_adaptive_pool(vt_export *e);
void vt_export_segment(vt_export *e);
void vt_export_selective_scan(vt_export *e); /* export_scan.c */
void vt_export_dropout(vt_export *e);        /* export_form.c: the same operator, in a form that 17 has */
void vt_export_batch_norm(vt_export *e);
void vt_export_reduce(vt_export *e);
void vt_export_split(vt_export *e);
void vt_export_pad(vt_export *e);
void vt_export_resize(vt_export *e);
void vt_export_pool(vt_export *e);
void vt_export_scatter(vt_export *e);
void vt_export_grid_sample(vt_export *e);

#endif
