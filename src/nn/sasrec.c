/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/sasrec.h"

#include "nn/layers.h"

/* Index of the last id that is not 0, [batch, 1] i64; 0 when there is none. */
static vt_tensor *last_of(vt_ctx *ctx, vt_tensor *valid, vt_tensor *places)
{
  return vt_max_axis(ctx, vt_mul(ctx, vt_cast(ctx, valid, VT_I64), places), 1, true);
}

/* Row last[b] of item b: [batch, width]. */
static vt_tensor *row_at(vt_ctx *ctx, vt_tensor *hidden, vt_tensor *last)
{
  int64_t batch = vt_dim(hidden, 0), width = vt_dim(hidden, 2);
  vt_tensor *index = vt_expand(ctx, vt_unsqueeze(ctx, last, -1), VT_DIMS(batch, 1, width));
  return vt_squeeze(ctx, vt_gather_elements(ctx, hidden, 1, index), 1);
}

/* VT_BLOCKED for padding, 0 for items: [items + 1]. */
static vt_tensor *padding_score(vt_ctx *ctx, int64_t items)
{
  vt_tensor *score = vt_filled(ctx, 1, &(int64_t){items + 1}, 0);
  if (!vt_is_void(score)) ((float *)score->data)[0] = (float)VT_BLOCKED;
  return score;
}

void vt_sasrec(vt_scope s, const vt_sasrec_settings *settings, vt_tensor *ids, vt_sasrec_outputs *out)
{
  vt_ctx *ctx = s.run->ctx;
  double std = settings->init_std > 0 ? settings->init_std : .02;
  int64_t length = vt_dim(ids, 1), width = settings->width, zero = 0;
  *out = (vt_sasrec_outputs){vt_void(), vt_void(), vt_void(), vt_void()};
  if (length > settings->limit) {
    (void)vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: a history of %lld items, and there are %lld places",
                  s.path, (long long)length, (long long)settings->limit);
    return;
  }
  vt_tensor *valid = vt_map(ctx, "Not", vt_equal(ctx, ids, vt_integers(ctx, 1, &zero))); // [batch, length]
  vt_tensor *places = vt_range(ctx, 0, length);
  vt_tensor *last = last_of(ctx, valid, places);
  vt_tensor *age = vt_maximum(ctx, vt_sub_of(ctx, last, places), vt_integers(ctx, 1, &zero));
  out->table =
      vt_param(vt_sub(s, "embed_tokens"), "weight", VT_DIMS(settings->items + 1, width), VT_NORMAL(std));
  vt_tensor *x = vt_gather(ctx, out->table, 0, ids);
  x = vt_add(ctx, x, vt_embedding(vt_sub(s, "embed_positions"), age, settings->limit, width, std));
  x = vt_name(s, vt_dropout(vt_sub(s, "embed"), x, settings->block.dropout), "embed");
  vt_tensor *mask = vt_mask_and(ctx, vt_mask_causal(ctx, length, length, 0, 0), vt_mask_keys(ctx, valid));
  vt_block_inputs inputs = {.mask = vt_mask_additive(ctx, vt_mask_reopen(ctx, mask))};
  x = vt_transformer_blocks(s, x, settings->layers, &settings->block, &inputs, NULL);
  if (!settings->block.post_norm)
    x = vt_norm(vt_sub(s, "final_norm"), x, settings->block.norm, settings->block.epsilon);
  out->hidden = vt_name(s, x, "final_norm");
  out->user = vt_name(s, row_at(ctx, out->hidden, last), "user");
  vt_tensor *scores = vt_affine(ctx, out->user, out->table, padding_score(ctx, settings->items));
  out->logits = vt_name(s, scores, "logits");
}
