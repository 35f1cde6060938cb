/* SPDX-License-Identifier: Apache-2.0
 *
 * Sequential recommender of the SASRec kind (Kang & McAuley 2018): a causal transformer over the items a user
 * took; scores are products with the table of items.
 *
 * Places are counted from the most recent item, which is place 0 wherever it stands: a history means the same
 * with padding before or behind it.
 *
 * Parameters: embed_tokens.weight [items + 1, width], embed_positions.weight [limit, width], blocks.I.…,
 * final_norm.…  Named tensors: embed, blocks.I.…, final_norm, user, logits.
 */
#ifndef VT_NN_SASREC_H
#define VT_NN_SASREC_H

#include "nn/block.h"

typedef struct vt_sasrec_settings {
  int64_t items; /* ids 1 … items; 0 is padding */
  int64_t width, layers, limit;
  double init_std; /* of the embeddings; 0: .02 */
  vt_block_settings block;
} vt_sasrec_settings;

typedef struct vt_sasrec_outputs {
  vt_tensor *hidden; /* [batch, length, width]: row t knows items 0 … t */
  vt_tensor *user;   /* [batch, width]: the row of the most recent item */
  vt_tensor *table;  /* [items + 1, width], to score rows of `hidden` with */
  vt_tensor *logits; /* of `user`: [batch, items + 1]; the score of id 0 (padding) is VT_BLOCKED */
} vt_sasrec_outputs;

/* ids i64 [batch, length], padded with 0. A history without items is scored as if it were all padding. */
void vt_sasrec(vt_scope s, const vt_sasrec_settings *settings, vt_tensor *ids, vt_sasrec_outputs *out);

#endif
