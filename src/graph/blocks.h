/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention blocks of a graph, recognised by structure and not by name: a Softmax over the last axis that is
 * multiplied with a tensor of values and whose input comes, through scales and masks, from a product of
 * queries and keys. Around it, where they are found: the output projection, the residual stream and the
 * feed-forward part.
 *
 *   resid_pre ── (norm) ── q, k, v ── scores ── pattern ── z ── attn_out
 *   resid_mid = resid_pre + attn_out
 *   resid_mid ── (norm) ── mlp_post ── mlp_out
 *   resid_post = resid_mid + mlp_out
 *
 * Sizes below: T tokens that look (queries), S tokens looked at (keys; T in self-attention), d per head. The
 * head axis is the third from the end: [batch, heads, T, d], or [heads, T, d] where the file has no batch or
 * merged it with the heads.
 */
#ifndef VT_GRAPH_BLOCKS_H
#define VT_GRAPH_BLOCKS_H

#include "graph/graph.h"

enum { VT_HEAD_AXIS = -3 };

/* Value numbers; VT_NO_VALUE where the graph has no such tensor. q, k, v, scores, pattern and z exist in
 * every block. */
typedef struct vt_attention_block {
  int q;             /* [.., T, d], before a constant scale */
  int k;             /* [.., S, d], or [.., d, S] with `k_transposed` */
  bool k_transposed; /* the file makes keys only in that order */
  int v;             /* [.., S, d], after repeating for grouped queries */
  int scores;        /* [.., T, S], scaled and masked: what Softmax reads */
  int pattern;       /* [.., T, S]: rows sum to 1 */
  int z;             /* [.., T, d]: pattern · v */
  int attn_out;      /* what attention adds to the stream: projected, with bias and layer scale */
  int resid_pre;     /* the stream before the block; after the last norm where norms follow the sums */
  int resid_mid;     /* resid_pre + attn_out */
  int resid_post;    /* + mlp_out; resid_mid where there is no feed-forward part */
  int mlp_out;       /* what the feed-forward part adds */
  int mlp_post;      /* its hidden layer, after the activation */
  int64_t heads;     /* 0: not stated by the file; then it is the size at VT_HEAD_AXIS of a run's pattern */
  int64_t tokens;    /* S; 0: open */
} vt_attention_block;

/* All blocks in the order of the graph. `*out` is the caller's (vt_free()), NULL when there are none. */
vt_status vt_graph_attention(vt_ctx *ctx, const vt_graph *graph, vt_attention_block **out, int *count);

/* Value that `value` is the layer, RMS or standardising norm of, whether one node or many; VT_NO_VALUE when
 * it is none. */
int vt_graph_norm_input(const vt_graph *graph, int value);
/* The norm of `value`, when something computes it: the last value of its nodes. */
int vt_graph_norm_of(const vt_graph *graph, int value);

#endif
