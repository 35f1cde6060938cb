/* SPDX-License-Identifier: Apache-2.0
 *
 * Causal language model of the GPT kind (Radford et al. 2019), with rotary positions, RMS norms, gated MLPs
 * and grouped keys where the block's settings say so.
 *
 * Parameters: embed_tokens.weight [vocabulary, width], embed_positions.weight [limit, width] (learned
 * positions), blocks.I.… (nn/block.h), final_norm.…, head.weight (untied).
 * Named tensors: embed, blocks.I.…, final_norm, logits.
 */
#ifndef VT_NN_GPT_H
#define VT_NN_GPT_H

#include "nn/block.h"

typedef struct vt_gpt_settings {
  int64_t vocabulary, width, layers;
  int64_t limit; /* learned positions: rows of the table */
  bool rotary;   /* instead of learned positions */
  double rotary_base;
  int64_t window;  /* > 0: a token looks at this many, itself among them */
  bool untied;     /* an output matrix of its own */
  double init_std; /* of the embeddings; 0: .02 */
  vt_block_settings block;
} vt_gpt_settings;

typedef struct vt_gpt_inputs {
  vt_tensor *ids;       /* i64 [batch, tokens] */
  vt_tensor *rows;      /* f32 [batch, tokens, width] in place of the tokens' embeddings; NULL: ids */
  vt_tensor *positions; /* i64 [batch, tokens] or [tokens]; NULL: 0, 1, 2 … behind what the cache holds */
  vt_tensor *mask;      /* instead of the causal one, boolean or additive; NULL: causal */
  vt_tensor *valid;     /* [batch, tokens] any number type, 0: padding that nobody looks at; NULL: none */
  vt_cache *cache;      /* NULL: none. The model adds to its length */
} vt_gpt_inputs;

/* Embeddings of ids [batch, tokens]: [batch, tokens, width], without positions. */
vt_tensor *vt_gpt_embed(vt_scope s, const vt_gpt_settings *settings, vt_tensor *ids);
/* Up to and with the last norm: [batch, tokens, width]. */
vt_tensor *vt_gpt_hidden(vt_scope s, const vt_gpt_settings *settings, const vt_gpt_inputs *inputs);
/* Of hidden rows [..., width]: [..., vocabulary]. */
vt_tensor *vt_gpt_logits(vt_scope s, const vt_gpt_settings *settings, vt_tensor *hidden);
/* Both: [batch, tokens, vocabulary]. */
vt_tensor *vt_gpt(vt_scope s, const vt_gpt_settings *settings, const vt_gpt_inputs *inputs);

/* Embeddings with the rows of the placeholder id, in reading order over the batch, replaced by `given` [n,
 * width]. Another number of places than n is an error that names both. Gradients flow to both. */
vt_tensor *vt_inject_rows(vt_ctx *ctx, vt_tensor *rows, vt_tensor *ids, int64_t placeholder,
                          vt_tensor *given);

#endif
