/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of the recorder: recording (record.c), the graph (record_graph.c), open sizes (record_open.c,
 * record_sizes.c).
 */
#ifndef VT_GRAPH_RECORD_INSIDE_H
#define VT_GRAPH_RECORD_INSIDE_H

#include "graph/assemble.h"
#include "graph/record.h"

/* The numbers of values and nodes are those of the record. A value's `name` is NULL where nobody gave one;
 * dims are those of the recorded tensor. */
struct vt_record {
  vt_recorder recorder; /* first: what ctx->recorder points to */
  uint32_t serial;
  vt_value *values;
  size_t value_count, value_capacity;
  vt_node *nodes;
  size_t node_count, node_capacity;
  vt_names names; /* of values */
  int *inputs, *outputs;
  size_t input_count, input_capacity, output_count, output_capacity;
  int *buckets; /* constants by content: newest value of the bucket, VT_NO_VALUE */
  int *older;   /* by value: the next in its bucket */
  size_t older_capacity;
};

/* A recorded size that is to stay open. */
typedef struct vt_open_size {
  const char *name; /* of the record's */
  int64_t a, b;     /* what it was in the two recordings */
  int input, axis;  /* where the graph finds it */
  int value;        /* in the graph: that size as a list of one i64; VT_NO_VALUE: not asked for yet */
} vt_open_size;

/* A graph being made from a record, or from two. */
typedef struct vt_record_build {
  vt_ctx *ctx;
  const vt_record *record, *other; /* `other` NULL: sizes as recorded */
  vt_graph *graph;
  bool *live, *other_live; /* by node */
  int *placed;             /* by value of `record`: number in the graph, VT_NO_VALUE */
  int *partner;            /* by value of `record`: the value of `other` in its place, VT_NO_VALUE */
  vt_open_size *sizes;
  size_t size_count, size_capacity;
} vt_record_build;

enum { VT_RECORD_BUCKETS = 1024 };

/* Text of a record's node for messages, in a buffer of 160. */
const char *vt_record_node_text(const vt_record *record, int node, char buffer[160]);
/* ---- two recordings ---- */

/* Compares the two recordings node by node and finds the open sizes; fills `partner`. */
vt_status vt_record_compare(vt_record_build *build);
/* The next live node at or behind `from`, node_count when there is none. */
size_t vt_record_next_live(const vt_record *record, const bool *live, size_t from);
/* A value of the graph that is `a` at the sizes of one recording and `b` at those of the other.
 * VT_ERROR_INVALID_ARGUMENT, naming the node and what differs, when the sizes do not explain them. */
vt_status vt_record_open_constant(vt_record_build *build, int node, int input, const vt_tensor *a,
                                  const vt_tensor *b, int *out);

#endif
