/* SPDX-License-Identifier: Apache-2.0
 *
 * Bidirectional encoder of the BERT kind (Devlin et al. 2019): embeddings with a norm, blocks (post-norm
 * where the block's settings say so), pooler.
 *
 * Parameters: embed_tokens.weight, embed_positions.weight, embed_types.weight (types > 0), embed_norm.…,
 * blocks.I.… (nn/block.h), final_norm.… (pre-norm), pooler.{weight,bias}.
 * Named tensors: embed, blocks.I.…, final_norm, pooled.
 */
#ifndef VT_NN_BERT_H
#define VT_NN_BERT_H

#include "nn/block.h"

typedef struct vt_bert_settings {
  int64_t vocabulary, width, layers, limit;
  int64_t types; /* kinds of segments; 0: none */
  bool no_embed_norm;
  bool no_pooler;
  double init_std; /* of the embeddings; 0: .02 */
  vt_block_settings block;
} vt_bert_settings;

typedef struct vt_bert_outputs {
  vt_tensor *hidden; /* [batch, tokens, width] */
  vt_tensor *pooled; /* tanh of a linear layer of token 0, [batch, width]; the void tensor without pooler */
} vt_bert_outputs;

/* ids i64 [batch, tokens]; types the same or NULL (all 0); valid [batch, tokens] of any number type, 0 =
 * padding that nobody looks at, or NULL. A text of padding alone looks at all of it. */
void vt_bert(vt_scope s, const vt_bert_settings *settings, vt_tensor *ids, vt_tensor *types, vt_tensor *valid,
             vt_bert_outputs *out);
/* Mean of hidden [batch, tokens, width] over the tokens with valid ≠ 0: [batch, width]; 0 where there are
 * none. `valid` NULL: over all. */
vt_tensor *vt_mean_over(vt_ctx *ctx, vt_tensor *hidden, vt_tensor *valid);

#endif
