/* SPDX-License-Identifier: Apache-2.0
 *
 * What plans need of oneDNN, told without its types. A builder returns VT_OK with *out NULL when oneDNN has
 * no fast way to do the thing: the caller then runs the operator row instead.
 */
#ifndef VT_GRAPH_PLAN_DNNL_H
#define VT_GRAPH_PLAN_DNNL_H

#include "graph/plan.h"

enum { VT_POSTS = 8, VT_SPATIAL = 12 }; /* lists of per-axis numbers are as long as those of the C API */

typedef enum vt_post_kind {
  VT_POST_ADD,     /* + operand of the result's shape */
  VT_POST_SUM,     /* + what the result's memory held before: the operand, overwritten */
  VT_POST_CHANNEL, /* + operand with one element a channel (axis 1) */
  VT_POST_RELU,    /* x < 0: alpha·x */
  VT_POST_CLIP,    /* to [alpha, beta] */
  VT_POST_SIGMOID,
  VT_POST_TANH,
  VT_POST_ELU,       /* x < 0: alpha·(exp x − 1) */
  VT_POST_SWISH,     /* x·sigmoid(alpha·x) */
  VT_POST_HARDSWISH, /* x·clip(x + 3, 0, 6)/6 */
  VT_POST_GELU_ERF,
  VT_POST_GELU_TANH,
  VT_POST_LINEAR /* alpha·x + beta */
} vt_post_kind;

/* Something done to a result while it is still in registers. */
typedef struct vt_post {
  vt_post_kind kind;
  float alpha, beta;
  int value; /* graph value of the operand (ADD, SUM), VT_NO_VALUE */
} vt_post;

/* A tensor as a primitive sees it: its own sizes over memory in that layout (NULL: row-major). `any`: the
 * primitive chooses the layout. */
typedef struct vt_view {
  int rank;
  int64_t dims[VT_MAX_RANK];
  const vt_layout *layout;
  bool any;
} vt_view;

vt_view vt_view_of(const vt_tensor *tensor, const vt_layout *layout);

typedef struct vt_conv_spec {
  vt_view source, result; /* [N, C, spatial…] */
  vt_view weights;        /* [O, I/group, kernel…], with a leading [group] when `grouped` */
  bool grouped, bias;
  int64_t strides[VT_SPATIAL], dilations[VT_SPATIAL], begin[VT_SPATIAL], end[VT_SPATIAL];
} vt_conv_spec;

typedef struct vt_pool_spec {
  vt_view source, result;
  enum { VT_POOL_MAX, VT_POOL_MEAN, VT_POOL_MEAN_WITH_PADDING } kind;
  int64_t kernel[VT_SPATIAL], strides[VT_SPATIAL], begin[VT_SPATIAL], end[VT_SPATIAL];
} vt_pool_spec;

typedef enum vt_binary_kind {
  VT_BINARY_ADD,
  VT_BINARY_SUBTRACT,
  VT_BINARY_MULTIPLY,
  VT_BINARY_DIVIDE,
  VT_BINARY_MAXIMUM,
  VT_BINARY_MINIMUM
} vt_binary_kind;

vt_status vt_engine_new(vt_ctx *ctx, vt_engine **out);
void vt_engine_free(vt_engine *engine);

/* Arguments in order: source, weights, bias when asked for, operands of posts in their
 * order (SUM has none), result. */
vt_status vt_primitive_conv(vt_ctx *ctx, vt_engine *engine, const vt_conv_spec *spec, const vt_post *posts,
                            int post_count, vt_primitive **out);
/* result [.., M, N] = a [.., M, K] · b [.., K, N] + bias [N]. Arguments: a, b, bias, posts, result. */
vt_status vt_primitive_matmul(vt_ctx *ctx, vt_engine *engine, const vt_view *a, const vt_view *b, bool bias,
                              const vt_view *result, const vt_post *posts, int post_count,
                              vt_primitive **out);
/* Arguments: source, result. */
vt_status vt_primitive_pool(vt_ctx *ctx, vt_engine *engine, const vt_pool_spec *spec, vt_primitive **out);
/* b may have size 1 where it repeats. Arguments: a, b, posts, result. */
vt_status vt_primitive_binary(vt_ctx *ctx, vt_engine *engine, vt_binary_kind kind, const vt_view *a,
                              const vt_view *b, const vt_view *result, const vt_post *posts, int post_count,
                              vt_primitive **out);
/* Arguments: the sources, result. */
vt_status vt_primitive_concat(vt_ctx *ctx, vt_engine *engine, int axis, const vt_view *sources, int count,
                              const vt_view *result, vt_primitive **out);
/* Nearest neighbour to whole multiples of the source's sizes. Arguments: source, result. */
vt_status vt_primitive_enlarge(vt_ctx *ctx, vt_engine *engine, const vt_view *source, const vt_view *result,
                               vt_primitive **out);
/* Arguments: source, result. Always possible. */
vt_status vt_primitive_reorder(vt_ctx *ctx, vt_engine *engine, const vt_view *source, const vt_view *result,
                               vt_primitive **out);
void vt_primitive_free(vt_primitive *primitive);

int vt_primitive_argument_count(const vt_primitive *primitive);
/* Argument as the primitive wants it; the view's layout is borrowed from the
 * primitive, NULL when row-major. */
vt_view vt_primitive_argument(const vt_primitive *primitive, int index);
const char *vt_primitive_name(const vt_primitive *primitive); /* implementation, as oneDNN calls it */
size_t vt_primitive_scratch(const vt_primitive *primitive);   /* bytes while it runs */

/* Layouts. Two views of the same sizes show the same order of elements? */
bool vt_view_same_layout(const vt_view *a, const vt_view *b);
size_t vt_view_bytes(const vt_view *view);
/* The elements lie densely in row-major order, whatever the layout calls itself. */
bool vt_view_is_rows(const vt_view *view);
/* Every byte of the memory belongs to one element: element-by-element work may ignore the layout. */
bool vt_view_is_dense(const vt_view *view);
vt_status vt_layout_copy(vt_ctx *ctx, const vt_layout *layout, vt_layout **out);
/* Layout of the same memory with axis i of the result being axis permutation[i] of `view`.
 * *out NULL: not expressible. */
vt_status vt_layout_permute(vt_ctx *ctx, const vt_view *view, const int *permutation, vt_layout **out);
void vt_layout_free(vt_layout *layout);

/* ---- running ---- */
typedef struct vt_lane vt_lane;
vt_status vt_lane_new(vt_ctx *ctx, vt_engine *engine, vt_lane **out);
void vt_lane_free(vt_lane *lane);
/* The primitive over this memory, in the order of its arguments; `scratch` of
 * vt_primitive_scratch() bytes. */
vt_status vt_bound_new(vt_ctx *ctx, vt_engine *engine, const vt_primitive *primitive, void *const *memory,
                       void *scratch, vt_bound **out);
void vt_bound_free(vt_bound *bound);
vt_status vt_bound_run(vt_ctx *ctx, const vt_bound *bound, vt_lane *lane);

#endif
