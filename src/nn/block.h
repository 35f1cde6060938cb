/* SPDX-License-Identifier: Apache-2.0
 *
 * The transformer block, the one definition of it:
 *
 *   pre-norm    x += attn(norm1 x);  x += cross(norm_cross x, context);  x += mlp(norm2 x)
 *   post-norm   x = norm1(x + attn x);  x = norm_cross(x + cross …);  x = norm2(x + mlp x)
 *
 * Each of the three parts can be left out. Parameters below the scope ("blocks.3"):
 *
 *   norm1.{weight,bias} attn.{q,k,v,out}_proj.{weight,bias}
 *   norm_cross.… cross.{q,k,v,out}_proj.…      with a context
 *   norm2.… mlp.fc1.{weight,bias} mlp.fc2.{weight,bias}, mlp.gate.{weight,bias} when gated
 *
 * Named tensors: resid_pre norm1 attn.* resid_cross norm_cross cross.* resid_mid norm2 mlp.pre mlp.post
 * mlp.out resid_post. `resid_mid` is what the MLP part takes, norm1 … are what the norms give; mlp.pre is
 * before the activation, mlp.post what fc2 takes (gated: the product).
 */
#ifndef VT_NN_BLOCK_H
#define VT_NN_BLOCK_H

#include "nn/attention.h"

typedef enum vt_norm_kind { VT_NORM_LAYER, VT_NORM_RMS } vt_norm_kind;

typedef struct vt_block_settings {
  int64_t heads;
  int64_t key_heads;  /* 0: as many */
  int64_t head_width; /* 0: width / heads */
  int64_t hidden;     /* of the MLP; 0: 4 · width */
  vt_norm_kind norm;
  double epsilon; /* 0: 1e-5 */
  bool post_norm;
  vt_activation activation; /* VT_NO_ACTIVATION: VT_GELU */
  bool gated;               /* fc2(activation(gate x) · fc1 x) (Shazeer 2020) */
  bool no_bias;             /* of the linear layers */
  bool no_self, no_mlp;
  double dropout;         /* of what each part adds */
  double pattern_dropout; /* of attention patterns */
  double drop_path;
  double init_std;   /* 0: Xavier */
  int64_t out_depth; /* > 0: what writes into the residual stream begins 1 / sqrt(2 · out_depth) as large;
                        needs init_std */
} vt_block_settings;

typedef struct vt_block_inputs {
  vt_tensor *mask;         /* of self-attention, boolean or additive; NULL: none */
  vt_tensor *position;     /* added to x for queries and keys of self-attention, queries of the cross one */
  vt_rotary rotary;        /* of self-attention */
  vt_tensor *context;      /* [batch, keys, any width]; NULL: no cross-attention */
  vt_tensor *context_mask; /* boolean or additive */
  vt_tensor *context_position;
  vt_rotary rotary_query, rotary_context; /* of cross-attention */
  vt_cache *cache;                        /* of self-attention */
  int64_t layer;
} vt_block_inputs;

/* x [batch, tokens, width], the same out. `inputs` NULL: plain self-attention. */
vt_tensor *vt_transformer_block(vt_scope s, vt_tensor *x, const vt_block_settings *settings,
                                const vt_block_inputs *inputs);

/* `count` blocks in a row under "blocks.I", with the same inputs but for the layer. hidden: NULL, or takes
 * what each block gives. */
vt_tensor *vt_transformer_blocks(vt_scope s, vt_tensor *x, int64_t count, const vt_block_settings *settings,
                                 const vt_block_inputs *inputs, vt_tensor **hidden);

/* Two-way (Kirillov et al. 2023): the tokens look at themselves and then at the map, pass their MLP; then the
 * map looks at the tokens. Two blocks, "tokens" and "map". Positions NULL: none. */
void vt_two_way(vt_scope s, const vt_block_settings *settings, vt_tensor **tokens, vt_tensor *token_position,
                vt_tensor **map, vt_tensor *map_position);

vt_tensor *vt_norm(vt_scope s, vt_tensor *x, vt_norm_kind kind, double epsilon);
/* The MLP alone, out as wide as in. */
vt_tensor *vt_mlp(vt_scope s, vt_tensor *x, const vt_block_settings *settings);

#endif
