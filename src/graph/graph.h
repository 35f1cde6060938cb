/* SPDX-License-Identifier: Apache-2.0
 *
 * The operator graph in memory: read only once built. Values are numbered; a node refers to them by number.
 */
#ifndef VT_GRAPH_GRAPH_H
#define VT_GRAPH_GRAPH_H

#include "graph/names.h"
#include "ops/op.h"
#include "vitrail/graph.h"

enum { VT_NO_VALUE = -1 }; /* an optional input left out, an output not named */

typedef struct vt_value {
  char *name;
  vt_type type;                 /* VT_UNDEFINED: not known */
  int rank;                     /* −1: not known */
  int64_t dims[VT_MAX_RANK];    /* −1: open; as declared by the file (inputs, outputs, value_info) */
  char *dim_names[VT_MAX_RANK]; /* symbolic names of open sizes, NULL where there is none */
  vt_tensor *constant;          /* initializer or Constant node, owned (vt_tensor_keep); NULL otherwise */
  int producer;                 /* node that makes it, −1: input, constant or nothing */
  bool declared;                /* shape was stated by the file and is binding */
} vt_value;

typedef struct vt_node {
  const vt_op *op;
  char *name;       /* as in the file, or "OP_INDEX" */
  void *attributes; /* op->attributes_size bytes, filled through op->fields; owned */
  int input_count, output_count;
  int *inputs, *outputs; /* value numbers or VT_NO_VALUE */
} vt_node;

struct vt_graph {
  char *path; /* for messages; "<memory>" when parsed from bytes */
  char sha256[65];
  int64_t opset, ir_version;
  char *producer;
  vt_value *values;
  int value_count, value_capacity;
  vt_names names; /* value numbers by name */
  vt_node *nodes; /* in topological order */
  int node_count, node_capacity;
  int *inputs, input_count;
  int *outputs, output_count;
  int64_t parameter_count; /* elements of float initializers */
};

/* Number of the value of that name, VT_NO_VALUE when there is none. */
int vt_graph_find(const vt_graph *graph, const char *name);

/* Brings the nodes into topological order, keeping the file's order where that is one. */
vt_status vt_graph_sort(vt_ctx *ctx, vt_graph *graph);
/* Completes types and shapes of inner values and outputs as far as they follow from the declared ones
 * (infer.c). Sizes that depend on an open size stay −1. Called by the reader. */
vt_status vt_graph_infer(vt_ctx *ctx, vt_graph *graph);
/* Checks the tensors given for a graph against its inputs: count, type, rank, declared sizes. */
vt_status vt_graph_check_inputs(vt_ctx *ctx, const vt_graph *graph, vt_tensor *const *inputs);

#endif
