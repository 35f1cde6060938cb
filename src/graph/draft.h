/* SPDX-License-Identifier: Apache-2.0
 *
 * A graph being compiled: shapes known, constants folded, unused nodes dropped. The graph itself is never
 * changed.
 */
#ifndef VT_GRAPH_DRAFT_H
#define VT_GRAPH_DRAFT_H

#include "graph/graph.h"

typedef struct vt_draft_value {
  vt_tensor tensor;    /* type and shape; `data` set when constant, never storage */
  vt_tensor *constant; /* owned; NULL: computed at run time */
  bool known;          /* shape rule has run */
  int same_as;         /* value that this one is a copy of (identities removed), −1 */
  bool exposed;        /* an output of the plan: must exist in memory */
  int use_count;       /* live nodes that read it, an input counted as often as it is named */
  int *users;          /* those nodes, ascending; into the draft's `user_pool` */
} vt_draft_value;

typedef struct vt_draft {
  const vt_graph *graph;
  vt_draft_value *values; /* by the graph's value numbers */
  bool *live;             /* by node */
  int *user_pool;
} vt_draft;

/* Runs all shape rules in order and evaluates what depends on constants alone. `exposed`: values
 * that must exist. VT_ERROR_DATA_DEPENDENT with a message that names the node. Free with
 * vt_draft_free() also on failure. */
vt_status vt_draft_build(vt_ctx *ctx, const vt_graph *graph, vt_tensor *const *inputs, const int *exposed,
                         int exposed_count, vt_draft *draft);
void vt_draft_free(vt_draft *draft);

/* Value behind identities; VT_NO_VALUE stays. */
int vt_draft_resolve(const vt_draft *draft, int value);
/* Input / output `index` of a node, resolved; VT_NO_VALUE when left out or beyond the count. */
int vt_draft_input(const vt_draft *draft, int node, int index);
int vt_draft_output(const vt_draft *draft, int node, int index);
bool vt_draft_is(const vt_draft *draft, int node,
                 const char *op); /* ONNX operator of that name; false for node −1 */
const vt_tensor *vt_draft_constant(const vt_draft *draft, int value); /* NULL: not constant or no value */
/* The only reader of a value that nobody else sees, −1 otherwise. */
int vt_draft_only_user(const vt_draft *draft, int value);
/* Floating-point operations of a node, by its row. */
double vt_draft_flops(const vt_draft *draft, int node);

/* Attributes by name through the row's field table, so that no row's struct is known here. */
double vt_attribute_number(const vt_node *node, const char *name, double fallback);
const vt_ints *vt_attribute_ints(const vt_node *node, const char *name); /* NULL: absent */
/* Text of a STRING or CHOICE field, `fallback` when absent. Buffer of 64 bytes for choices. */
const char *vt_attribute_text(const vt_node *node, const char *name, const char *fallback, char buffer[64]);

#endif
