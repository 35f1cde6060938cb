/* SPDX-License-Identifier: Apache-2.0
 *
 * Tools for rewriting old nodes (versions.c and its rules). Node messages are edited in place; nodes that a
 * rule adds stand before or after it. Functions that give a name return NULL when memory is short and take
 * NULL for a name that could not be made, so that a rule checks once, at its end: the failure is on record in
 * the context.
 */
#ifndef VT_GRAPH_LIFT_H
#define VT_GRAPH_LIFT_H

#include "graph/onnx.h"

typedef struct vt_lift {
  vt_reader *reader;
  vt_pending_list done;  /* the new list */
  vt_pending_list after; /* to follow the node at hand */
  vt_names producers;    /* outputs of the old list: index of their node there */
  vt_names constants;    /* initializers: index in the model */
  vt_names infos;        /* declared values: index into `info` */
  Onnx__ValueInfoProto **info;
  long fresh; /* counts the values that rules add */
} vt_lift;

/* A rule rewrites `node`, which is of an opset below the rule's bound. */
typedef vt_status (*vt_lift_fn)(vt_lift *lift, Onnx__NodeProto *node, int64_t opset);

/* ---- attributes of a node ---- */
Onnx__AttributeProto *vt_lift_remove(Onnx__NodeProto *node, const char *name); /* NULL: was not there */
int64_t vt_lift_remove_int(Onnx__NodeProto *node, const char *name, int64_t fallback);
vt_status vt_lift_set_int(vt_lift *lift, Onnx__NodeProto *node, const char *name, int64_t value);
vt_status vt_lift_set_text(vt_lift *lift, Onnx__NodeProto *node, const char *name, const char *value);
/* An attribute list becomes input `index`; nothing when the node has none of that name. */
vt_status vt_lift_ints_to_input(vt_lift *lift, Onnx__NodeProto *node, const char *name, int index);

/* ---- inputs and outputs ---- */
const char *vt_lift_input(const Onnx__NodeProto *node, size_t index); /* "" when left out */
vt_status vt_lift_set_input(vt_lift *lift, Onnx__NodeProto *node, size_t index, const char *name);

/* ---- new values ---- */
char *vt_lift_ints(vt_lift *lift, const int64_t *data, size_t count); /* i64[count] */
char *vt_lift_reals(vt_lift *lift, const float *data, size_t count);  /* f32[count] */
char *vt_lift_number(vt_lift *lift, double value, vt_type type);      /* scalar */
/* Output of a new node before the one at hand; `attribute` is an integer one, NULL: none. */
char *vt_lift_call(vt_lift *lift, const char *op, const char *a, const char *b, const char *attribute,
                   int64_t value);
/* Gives output 0 of `node` a new name and adds OP(new name, b) after it, which makes the old name. */
vt_status vt_lift_then(vt_lift *lift, Onnx__NodeProto *node, const char *op, const char *b,
                       const char *attribute, int64_t value);
/* `value` with as many sizes of 1 at its end as the i64[1] named `count` says. */
char *vt_lift_append_ones(vt_lift *lift, const char *value, const char *count);
char *vt_lift_rank(vt_lift *lift, const char *value); /* number of dimensions, i64[1] */

/* ---- what is known of a value ---- */
vt_type vt_lift_type(const vt_lift *lift, const char *value);   /* VT_F32 when nothing says otherwise */
int vt_lift_known_rank(const vt_lift *lift, const char *value); /* −1: not known */
int vt_lift_known_reals(const vt_lift *lift, const char *value,
                        double out[VT_MAX_RANK]); /* count, −1: not a constant */

/* ---- rules by family ---- */
vt_status vt_lift_broadcast(vt_lift *lift, Onnx__NodeProto *node, int64_t opset);
vt_status vt_lift_prelu(vt_lift *lift, Onnx__NodeProto *node, int64_t opset);
vt_status vt_lift_gemm(vt_lift *lift, Onnx__NodeProto *node, int64_t opset);
vt_status vt_lift_clip(vt_lift *lift, Onnx__NodeProto *node, int64_t opset);
vt_status vt_lift_cast(vt_lift *lift, Onnx__NodeProto *node, int64_t opset);
vt_status vt_lift_dropout(vt_lift *lift, Onnx__NodeProto *node, int64_t opset);
vt_status vt_lift_batch_norm(vt_lift *lift, Onnx__NodeProto *node, int64_t opset);
vt_status vt_lift_group_norm(vt_lift *lift, Onnx__NodeProto *node, int64_t opset);
vt_status vt_lift_softmax(vt_lift *lift, Onnx__NodeProto *node, int64_t opset);
vt_status vt_lift_pool_norm(vt_lift *lift, Onnx__NodeProto *node, int64_t opset);
vt_status vt_lift_pad(vt_lift *lift, Onnx__NodeProto *node, int64_t opset);
vt_status vt_lift_slice(vt_lift *lift, Onnx__NodeProto *node, int64_t opset);
vt_status vt_lift_axes(vt_lift *lift, Onnx__NodeProto *node, int64_t opset);
vt_status vt_lift_reshape(vt_lift *lift, Onnx__NodeProto *node, int64_t opset);
vt_status vt_lift_split(vt_lift *lift, Onnx__NodeProto *node, int64_t opset);
vt_status vt_lift_topk(vt_lift *lift, Onnx__NodeProto *node, int64_t opset);
vt_status vt_lift_tile(vt_lift *lift, Onnx__NodeProto *node, int64_t opset);
vt_status vt_lift_concat(vt_lift *lift, Onnx__NodeProto *node, int64_t opset);
vt_status vt_lift_scatter(vt_lift *lift, Onnx__NodeProto *node, int64_t opset);
vt_status vt_lift_upsample(vt_lift *lift, Onnx__NodeProto *node, int64_t opset);
vt_status vt_lift_resize(vt_lift *lift, Onnx__NodeProto *node, int64_t opset);
vt_status vt_lift_grid_sample(vt_lift *lift, Onnx__NodeProto *node, int64_t opset);
vt_status vt_lift_roi_align(vt_lift *lift, Onnx__NodeProto *node, int64_t opset);

#endif
