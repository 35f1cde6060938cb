/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/bert.h"

#include "nn/layers.h"

static vt_tensor *embedded(vt_scope s, const vt_bert_settings *settings, vt_tensor *ids, vt_tensor *types)
{
  vt_ctx *ctx = s.run->ctx;
  double std = settings->init_std > 0 ? settings->init_std : .02;
  int64_t width = settings->width;
  vt_tensor *x = vt_embedding(vt_sub(s, "embed_tokens"), ids, settings->vocabulary, width, std);
  x = vt_add(
      ctx, x,
      vt_positions_learned(vt_sub(s, "embed_positions"), 0, vt_dim(ids, 1), settings->limit, width, std));
  if (settings->types > 0) {
    vt_scope table = vt_sub(s, "embed_types");
    int64_t first = 0;
    vt_tensor *kinds = types ? types : vt_integers(ctx, 1, &first);
    x = vt_add(ctx, x, vt_embedding(table, kinds, settings->types, width, std));
  }
  if (!settings->no_embed_norm)
    x = vt_norm(vt_sub(s, "embed_norm"), x, settings->block.norm, settings->block.epsilon);
  return vt_name(s, vt_dropout(vt_sub(s, "embed"), x, settings->block.dropout), "embed");
}

void vt_bert(vt_scope s, const vt_bert_settings *settings, vt_tensor *ids, vt_tensor *types, vt_tensor *valid,
             vt_bert_outputs *out)
{
  vt_ctx *ctx = s.run->ctx;
  vt_block_inputs inputs = {0};
  vt_tensor *x = embedded(s, settings, ids, types);
  if (valid) inputs.mask = vt_mask_additive(ctx, vt_mask_reopen(ctx, vt_mask_keys(ctx, valid)));
  x = vt_transformer_blocks(s, x, settings->layers, &settings->block, &inputs, NULL);
  if (!settings->block.post_norm)
    x = vt_norm(vt_sub(s, "final_norm"), x, settings->block.norm, settings->block.epsilon);
  out->hidden = vt_name(s, x, "final_norm");
  out->pooled = vt_void();
  if (settings->no_pooler) return;
  vt_tensor *first = vt_squeeze(ctx, vt_slice(ctx, out->hidden, 1, 0, 1), 1);
  vt_tensor *pooled = vt_projection_linear(vt_sub(s, "pooler"), first, settings->width, false, 0);
  out->pooled = vt_name(s, vt_activate(ctx, pooled, VT_TANH), "pooled");
}

vt_tensor *vt_mean_over(vt_ctx *ctx, vt_tensor *hidden, vt_tensor *valid)
{
  if (!valid) return vt_mean_axis(ctx, hidden, 1, false);
  vt_tensor *weights = vt_cast(ctx, vt_cast(ctx, valid, VT_BOOL), VT_F32);
  vt_tensor *count = vt_maximum(ctx, vt_sum_axis(ctx, weights, 1, true), vt_number(ctx, 1)); // [batch, 1]
  vt_tensor *sum = vt_sum_axis(ctx, vt_mul(ctx, hidden, vt_unsqueeze(ctx, weights, -1)), 1, false);
  return vt_div(ctx, sum, count);
}
