/* SPDX-License-Identifier: Apache-2.0
 *
 * Q-Former (Li et al. 2023, BLIP-2): a table of learned queries that look at themselves and, in every
 * `cross_every`-th block, at the tokens of a picture. However many tokens there are, it gives as many rows as
 * queries: a soft prompt for a language model, or what is compared with a text.
 *
 * Parameters: queries [1, count, width], embed_norm.…, blocks.I.… (nn/block.h; cross.… where I is a multiple
 * of `cross_every`), final_norm.… (pre-norm).
 * Named tensors: embed, blocks.I.…, final_norm.
 */
#ifndef VT_NN_QFORMER_H
#define VT_NN_QFORMER_H

#include "nn/block.h"

typedef struct vt_qformer_settings {
  int64_t queries, width, layers;
  int64_t cross_every; /* 0: 1, every block; BLIP-2: 2 */
  bool no_embed_norm;
  double init_std; /* of the queries; 0: .02 */
  vt_block_settings block;
} vt_qformer_settings;

typedef struct vt_qformer_inputs {
  vt_tensor *tokens; /* what is looked at: [batch, n, any width] */
  vt_tensor *valid;  /* [batch, n] any number type, 0: a token that nobody looks at; NULL: none */
  vt_tensor *added;  /* to the queries before their norm, [batch or 1, queries or 1, width]: a code of a place
                        (RegionBLIP, Chen et al. 2023); NULL: nothing */
} vt_qformer_inputs;

/* [batch, queries, width]. An item without a valid token looks at all of them. */
vt_tensor *vt_qformer(vt_scope s, const vt_qformer_settings *settings, const vt_qformer_inputs *inputs);

#endif
