/* SPDX-License-Identifier: Apache-2.0
 *
 * Which nodes become one step. A fusion starts at an anchor (convolution, matrix product, …) and takes in
 * what follows while nobody else looks at the value in between. Nodes are only marked: when oneDNN cannot run
 * a fusion, its parts are run one by one as the graph has them.
 */
#ifndef VT_GRAPH_FUSE_H
#define VT_GRAPH_FUSE_H

#include "graph/draft.h"
#include "graph/plan_dnnl.h"

typedef enum vt_anchor {
  VT_ANCHOR_CONV,
  VT_ANCHOR_MATMUL, /* MatMul, Gemm */
  VT_ANCHOR_POOL,   /* takes in a Pad before it, nothing behind */
  VT_ANCHOR_AFFINE, /* BatchNormalization or arithmetic with one constant a channel: y = scale·x + shift */
  VT_ANCHOR_BINARY  /* arithmetic of two computed tensors */
} vt_anchor;

enum { VT_PARTS = 24 };

typedef struct vt_fusion {
  vt_anchor kind;
  int anchor;          /* node */
  int parts[VT_PARTS]; /* nodes that it stands for, the anchor and a Pad among them */
  int part_count;
  int source;                                 /* value read (behind an absorbed Pad), input 0 of the anchor */
  int output;                                 /* value made */
  int64_t begin[VT_SPATIAL], end[VT_SPATIAL]; /* added by an absorbed Pad, spatial axes */
  bool zeros;           /* that Pad writes zeros; otherwise the lowest number, for maxima */
  float *scale, *shift; /* owned, one a channel; NULL: 1 and 0. They come before all posts */
  int64_t channels;
  int channel_axis; /* of `output` */
  bool turned;      /* transposes were taken in: axis i of `output` is axis order[i] of the anchor's result */
  int order[VT_MAX_RANK];
  vt_post posts[VT_POSTS];
  int post_count;
} vt_fusion;

typedef struct vt_fusions {
  vt_fusion *list;
  size_t count, capacity;
  int *last_of; /* by node: fusion whose last part it is, −1 */
  bool *taken;  /* by node: part of some fusion */
} vt_fusions;

vt_status vt_fuse(vt_ctx *ctx, const vt_draft *draft, vt_fusions *out); /* free also on failure */
void vt_fusions_free(vt_fusions *fusions);

/* ---- patterns.c: what may follow a value ----
 * Each looks at the readers of `value`; on success it adds nodes and posts to the fusion, moves `output` on
 * and returns true. */
bool vt_match_activation(const vt_draft *draft, const vt_fusions *fusions, vt_fusion *fusion);
bool vt_match_gate(const vt_draft *draft, const vt_fusions *fusions, vt_fusion *fusion);
bool vt_match_residual(const vt_draft *draft, const vt_fusions *fusions, vt_fusion *fusion);
/* Adds a post to the chain; false when it is full or oneDNN cannot have it there. */
bool vt_fusion_add_post(vt_fusion *fusion, vt_post_kind kind, double alpha, double beta);
/* y = scale·x + shift with constants: `scale` and `shift` have space for `channels` floats. `uniform`: one
 * pair serves all channels. False when node is nothing of the kind. */
bool vt_affine_of(const vt_draft *draft, int node, int value, int channel_axis, int64_t channels,
                  float *scale, float *shift, bool *uniform);

#endif
