/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/qformer.h"

#include "nn/layers.h"

static vt_tensor *begin(vt_scope s, const vt_qformer_settings *settings, const vt_qformer_inputs *inputs)
{
  vt_ctx *ctx = s.run->ctx;
  const vt_block_settings *block = &settings->block;
  double std = settings->init_std > 0 ? settings->init_std : .02;
  vt_tensor *x = vt_param(s, "queries", VT_DIMS(1, settings->queries, settings->width), VT_NORMAL(std));
  if (inputs->added) x = vt_add(ctx, x, inputs->added);
  if (!settings->no_embed_norm) x = vt_norm(vt_sub(s, "embed_norm"), x, block->norm, block->epsilon);
  if (vt_is_void(inputs->tokens)) return inputs->tokens;
  x = vt_expand(ctx, x, VT_DIMS(vt_dim(inputs->tokens, 0), settings->queries, settings->width));
  return vt_name(s, vt_dropout(vt_sub(s, "embed"), x, block->dropout), "embed");
}

vt_tensor *vt_qformer(vt_scope s, const vt_qformer_settings *settings, const vt_qformer_inputs *inputs)
{
  vt_ctx *ctx = s.run->ctx;
  const vt_block_settings *block = &settings->block;
  int64_t every = settings->cross_every > 0 ? settings->cross_every : 1;
  vt_tensor *mask = NULL, *x = begin(s, settings, inputs);
  if (inputs->valid) mask = vt_mask_additive(ctx, vt_mask_reopen(ctx, vt_mask_keys(ctx, inputs->valid)));
  for (int64_t i = 0; i < settings->layers; i++) {
    vt_block_inputs each = {.layer = i};
    if (i % every == 0) each.context = inputs->tokens, each.context_mask = mask;
    x = vt_transformer_block(vt_sub(s, "blocks.%lld", (long long)i), x, block, &each);
  }
  if (!block->post_norm) x = vt_norm(vt_sub(s, "final_norm"), x, block->norm, block->epsilon);
  return vt_name(s, x, "final_norm");
}
