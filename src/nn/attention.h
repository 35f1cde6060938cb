/* SPDX-License-Identifier: Apache-2.0
 *
 * Multi-head attention (Vaswani et al. 2017): softmax(q kᵀ / sqrt(width of a head) + mask) v. Self-attention,
 * cross-attention, grouped keys (Ainslie et al. 2023), rotary positions, a cache of keys and values.
 *
 * Parameters below the scope      q_proj.{weight,bias} k_proj.… v_proj.… out_proj.…   as in torch and HF
 * Named tensors                   q [batch, heads, queries, head width] (before rotation)
 *                                 k v [batch, key heads, keys, head width]
 *                                 scores pattern [batch, heads, queries, keys] (scores: masked)
 *                                 z [batch, heads, queries, head width]
 *                                 out [batch, queries, width]
 */
#ifndef VT_NN_ATTENTION_H
#define VT_NN_ATTENTION_H

#include "nn/masks.h"
#include "nn/positions.h"

/* Keys and values of what a decoder has read, one pair a layer: [batch, key heads, limit, head width], made
 * on first use at full length and written in place. State, never on a tape and never recorded. */
typedef struct vt_cache {
  int64_t layers, limit; /* tokens at most */
  int64_t length;        /* tokens written in every layer */
  vt_tensor **keys, **values;
} vt_cache;
vt_status vt_cache_new(vt_ctx *ctx, int64_t layers, int64_t limit, vt_cache **out);
void vt_cache_free(vt_cache *cache); /* accepts NULL */
/* Item i becomes what item rows[i] was, in a batch of `count`: beams, and one prompt for many. */
vt_status vt_cache_take(vt_ctx *ctx, vt_cache *cache, const int64_t *rows, int64_t count);
/* Writes keys and values behind those that a layer has, and gives all of them back. The model adds to
 * `length` when every layer has done so. */
vt_status vt_cache_extend(vt_scope s, vt_cache *cache, int64_t layer, vt_tensor **key, vt_tensor **value);

typedef struct vt_attention_settings {
  int64_t heads;
  int64_t key_heads;  /* 0: as many as heads; else a divisor of it */
  int64_t head_width; /* 0: width of the queries / heads */
  int64_t out;        /* width that comes out; 0: of the queries */
  double scale;       /* 0: 1 / sqrt(head width) */
  bool no_bias;
  double init_std; /* of the weights; 0: Xavier uniform, as torch.nn.MultiheadAttention */
  double out_std;  /* of out_proj; 0: as the others */
  double dropout;  /* of the pattern */
} vt_attention_settings;

typedef struct vt_attention_inputs {
  vt_tensor *query;                   /* [batch, queries, width] */
  vt_tensor *key, *value;             /* [batch, keys, any width]; NULL: the query, the key */
  vt_tensor *query_position;          /* added to the source of the queries; NULL: nothing */
  vt_tensor *key_position;            /* to that of the keys, not of the values */
  vt_tensor *mask;                    /* boolean or additive; NULL: all open */
  vt_rotary rotary_query, rotary_key; /* the tokens that are given here */
  vt_cache *cache;                    /* self-attention goes over what is there and what comes */
  int64_t layer;                      /* in the cache */
} vt_attention_inputs;

vt_tensor *vt_attention(vt_scope s, const vt_attention_settings *settings, const vt_attention_inputs *inputs);

/* A linear layer as blocks begin it: Xavier uniform or truncated normal of deviation `std`, bias 0. */
vt_tensor *vt_projection_linear(vt_scope s, vt_tensor *x, int64_t out, bool no_bias, double std);

#endif
