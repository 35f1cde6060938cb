/* SPDX-License-Identifier: Apache-2.0
 *
 * From a draft and its fusions to steps over buffers.
 */
#ifndef VT_GRAPH_LOWER_H
#define VT_GRAPH_LOWER_H

#include "graph/fuse.h"
#include "graph/plan.h"

typedef struct vt_lowering {
  vt_plan *plan;
  const vt_draft *draft;
  const vt_fusions *fusions;
  int *own; /* by value: buffer in the layout it was made in, −1: not made yet */
  int *rows; /* by value: buffer in row-major order, −1: none yet; the same as `own` when that is row-major */
} vt_lowering;

/* Emits steps for every live node, then sees to the plan's outputs. */
vt_status vt_lower(vt_ctx *ctx, vt_plan *plan, const vt_draft *draft, const vt_fusions *fusions,
                   const int *outputs);

/* ---- lower.c: buffers of values ---- */
const vt_tensor *vt_lower_shape(const vt_lowering *l, int value);
/* The value as it lies now. Constants and inputs get their buffer here. */
vt_status vt_lower_own(vt_ctx *ctx, vt_lowering *l, int value, int *buffer);
vt_view vt_lower_view(const vt_lowering *l, int value, int buffer);
/* The value in row-major order, by a reorder step when it does not lie so yet. */
vt_status vt_lower_rows(vt_ctx *ctx, vt_lowering *l, int value, int *buffer);
/* The value as an argument of a primitive wants it. `alone`: in memory that nobody else reads. */
vt_status vt_lower_as(vt_ctx *ctx, vt_lowering *l, int value, const vt_view *wanted, bool alone, int *buffer);
/* A new buffer for a view; its layout is copied. */
vt_status vt_lower_new(vt_ctx *ctx, vt_lowering *l, const vt_view *view, int *buffer);
/* Value made: it lies in `buffer`, seen as `view` (which may have other sizes when it is row-major). */
vt_status vt_lower_made(vt_ctx *ctx, vt_lowering *l, int value, const vt_view *view, int buffer);
/* A constant of f32 in the layout of an argument, prepared once; data row-major. */
vt_status vt_lower_constant(vt_ctx *ctx, vt_lowering *l, const float *data, const vt_view *wanted,
                            int *buffer);
/* A step that runs a primitive (taken, also on failure) on these buffers, the last of them written. */
vt_status vt_lower_primitive(vt_ctx *ctx, vt_lowering *l, int node, vt_primitive *primitive,
                             const int *buffers, double flops, int fused);
/* May the memory of the value be overwritten by the step being made? */
bool vt_lower_disposable(const vt_lowering *l, int value);

/* ---- lower_conv.c, lower_image.c: *done false: not possible, nothing was emitted ---- */
vt_status vt_lower_fusion(vt_ctx *ctx, vt_lowering *l, const vt_fusion *fusion, bool *done);
vt_status vt_lower_conv(vt_ctx *ctx, vt_lowering *l, const vt_fusion *fusion, bool *done);
vt_status vt_lower_matmul(vt_ctx *ctx, vt_lowering *l, const vt_fusion *fusion, bool *done);
vt_status vt_lower_pool(vt_ctx *ctx, vt_lowering *l, const vt_fusion *fusion, bool *done);
vt_status vt_lower_affine(vt_ctx *ctx, vt_lowering *l, const vt_fusion *fusion, bool *done);
vt_status vt_lower_binary(vt_ctx *ctx, vt_lowering *l, const vt_fusion *fusion, bool *done);
/* Nodes outside fusions that need not become row-major: transposes,
 * concatenation, global means, enlarging. */
vt_status vt_lower_image(vt_ctx *ctx, vt_lowering *l, int node, bool *done);

/* A primitive with posts whose ADD operands may become SUM: tries what is fastest, falls back.
 * `build` makes the primitive for a list of posts. Leading arguments are given as buffers once
 * their wanted form is known. */
typedef struct vt_post_plan {
  vt_post posts[VT_POSTS + 1];
  int count;
  int sum_value; /* operand whose memory becomes the result, VT_NO_VALUE */
} vt_post_plan;
vt_post_plan vt_lower_posts(const vt_lowering *l, const vt_fusion *fusion, bool in_place);
/* Buffers of the post operands and of the result, appended to `buffers` from `*count` on; then the step and
 * the value. */
vt_status vt_lower_finish(vt_ctx *ctx, vt_lowering *l, const vt_fusion *fusion, vt_primitive *primitive,
                          const vt_post_plan *posts, int *buffers, int count);

#endif
