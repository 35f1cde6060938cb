/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/gpt.h"

#include "nn/layers.h"

static double std_of(const vt_gpt_settings *settings)
{
  return settings->init_std > 0 ? settings->init_std : .02;
}

vt_tensor *vt_gpt_embed(vt_scope s, const vt_gpt_settings *settings, vt_tensor *ids)
{
  return vt_embedding(vt_sub(s, "embed_tokens"), ids, settings->vocabulary, settings->width,
                      std_of(settings));
}

static vt_tensor *learned(vt_scope s, const vt_gpt_settings *settings, vt_tensor *positions, int64_t first,
                          int64_t count)
{
  vt_scope table = vt_sub(s, "embed_positions");
  if (positions) return vt_embedding(table, positions, settings->limit, settings->width, std_of(settings));
  return vt_positions_learned(table, first, count, settings->limit, settings->width, std_of(settings));
}

vt_tensor *vt_gpt_hidden(vt_scope s, const vt_gpt_settings *settings, const vt_gpt_inputs *inputs)
{
  vt_ctx *ctx = s.run->ctx;
  vt_cache *cache = inputs->cache;
  vt_tensor *x = inputs->rows ? inputs->rows : vt_gpt_embed(s, settings, inputs->ids);
  if (vt_is_void(x)) return x;
  int64_t count = vt_dim(x, 1), first = cache ? cache->length : 0;
  const vt_block_settings *block = &settings->block;
  vt_block_inputs each = {.cache = cache};
  if (settings->rotary) {
    int64_t heads = block->heads > 0 ? block->heads : 1;
    vt_tensor *places = inputs->positions ? inputs->positions : vt_range(ctx, first, first + count);
    each.rotary = vt_rotary_line(ctx, places, block->head_width ? block->head_width : settings->width / heads,
                                 settings->rotary_base);
  } else
    x = vt_add(ctx, x, learned(s, settings, inputs->positions, first, count));
  vt_tensor *mask = inputs->mask;
  if (!mask) mask = vt_mask_causal(ctx, count, first + count, first, settings->window);
  if (inputs->valid) mask = vt_mask_reopen(ctx, vt_mask_and(ctx, mask, vt_mask_keys(ctx, inputs->valid)));
  each.mask = vt_mask_additive(ctx, mask);
  x = vt_name(s, vt_dropout(vt_sub(s, "embed"), x, block->dropout), "embed");
  x = vt_transformer_blocks(s, x, settings->layers, block, &each, NULL);
  if (cache && vt_ctx_status(ctx) == VT_OK) cache->length += count;
  if (!block->post_norm) x = vt_norm(vt_sub(s, "final_norm"), x, block->norm, block->epsilon);
  return vt_name(s, x, "final_norm");
}

vt_tensor *vt_gpt_logits(vt_scope s, const vt_gpt_settings *settings, vt_tensor *hidden)
{
  vt_ctx *ctx = s.run->ctx;
  vt_initial init = VT_NORMAL(std_of(settings));
  vt_tensor *table = vt_param(vt_sub(s, "%s", settings->untied ? "head" : "embed_tokens"), "weight",
                              VT_DIMS(settings->vocabulary, settings->width), init);
  return vt_name(s, vt_affine(ctx, hidden, table, NULL), "logits");
}

vt_tensor *vt_gpt(vt_scope s, const vt_gpt_settings *settings, const vt_gpt_inputs *inputs)
{
  return vt_gpt_logits(s, settings, vt_gpt_hidden(s, settings, inputs));
}

vt_tensor *vt_inject_rows(vt_ctx *ctx, vt_tensor *rows, vt_tensor *ids, int64_t placeholder, vt_tensor *given)
{
  vt_tensor *here = vt_equal(ctx, ids, vt_integers(ctx, 1, &placeholder));
  vt_tensor *places = vt_transpose(ctx, vt_map(ctx, "NonZero", here), VT_DIMS(1, 0)); // [n, 2]
  if (vt_is_void(places) || vt_is_void(given)) return vt_void();
  if (vt_dim(places, 0) != vt_dim(given, 0)) {
    (void)vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                  "%lld places with id %lld in the text, and %lld rows to put there",
                  (long long)vt_dim(places, 0), (long long)placeholder, (long long)vt_dim(given, 0));
    return vt_void();
  }
  vt_tensor *inputs[] = {rows, places, given};
  return vt_call_op(ctx, "ScatterND", 3, inputs, 0, NULL);
}
