/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/vit.h"

#include <math.h>

#include "nn/layers.h"

vt_tensor *vt_tokens_to_map(vt_ctx *ctx, vt_tensor *tokens, int64_t front, int64_t height, int64_t across)
{
  vt_tensor *patches = front ? vt_slice(ctx, tokens, 1, front, front + height * across) : tokens;
  vt_tensor *channels = vt_transpose(ctx, patches, VT_DIMS(0, 2, 1));
  return vt_reshape(ctx, channels, VT_DIMS(0, 0, height, across));
}

vt_tensor *vt_map_to_tokens(vt_ctx *ctx, vt_tensor *map)
{
  return vt_transpose(ctx, vt_reshape(ctx, map, VT_DIMS(0, 0, -1)), VT_DIMS(0, 2, 1));
}

static double std_of(const vt_vit_settings *settings)
{
  return settings->init_std > 0 ? settings->init_std : .02;
}

/* A learned row or rows in front of every item. */
static vt_tensor *for_each_item(vt_ctx *ctx, vt_tensor *rows, int64_t batch)
{
  return vt_expand(ctx, rows, VT_DIMS(batch, vt_dim(rows, 1), vt_dim(rows, 2)));
}

vt_tensor *vt_query_pool(vt_scope s, vt_tensor *tokens, vt_tensor *mask)
{
  vt_ctx *ctx = s.run->ctx;
  vt_tensor *query = vt_param(s, "query", VT_DIMS(1, 1, vt_dim(tokens, -1)), VT_TRUNCATED(.02));
  vt_tensor *queries = for_each_item(ctx, query, vt_dim(tokens, 0));
  vt_attention_settings settings = {.heads = 1};
  vt_attention_inputs inputs = {.query = queries, .key = tokens, .mask = mask};
  return vt_squeeze(ctx, vt_attention(vt_sub(s, "pool"), &settings, &inputs), 1);
}

/* ---- pixels to tokens ---- */

static vt_tensor *conv_stem(vt_scope s, const vt_vit_settings *settings, vt_tensor *x)
{
  vt_ctx *ctx = s.run->ctx;
  for (int i = 0; i < VT_STEM_STAGES && settings->stem[i] > 0; i++) {
    vt_scope stage = vt_sub(s, "stem.%d", i);
    x = vt_conv(vt_sub(stage, "conv"), x,
                (vt_conv_settings){.out = settings->stem[i], .kernel = 3, .stride = 2, .padding = 1});
    x = vt_activate(ctx, vt_group_norm(vt_sub(stage, "norm"), x, 8, 1e-5), VT_GELU);
  }
  if (vt_dim(x, 1) == settings->width) return x;
  return vt_conv(vt_sub(s, "stem.proj"), x,
                 (vt_conv_settings){.out = settings->width, .kernel = 1, .bias = VT_BIAS});
}

static vt_tensor *patch_map(vt_scope s, const vt_vit_settings *settings, vt_tensor *image)
{
  int64_t patch = settings->patch;
  char shape[160];
  if (vt_is_void(image)) return image;
  if (image->rank == 4 && settings->stem[0] > 0) return conv_stem(s, settings, image);
  if (image->rank == 4 && patch > 0 && image->dims[2] % patch == 0 && image->dims[3] % patch == 0)
    return vt_conv(
        vt_sub(s, "patch_embed.proj"), image,
        (vt_conv_settings){.out = settings->width, .kernel = patch, .stride = patch, .bias = VT_BIAS});
  (void)vt_fail(s.run->ctx, VT_ERROR_INVALID_ARGUMENT, "%s: patches of %lld pixels do not divide %s", s.path,
                (long long)patch, vt_shape_text(image, shape));
  return vt_void();
}

static vt_tensor *with_positions(vt_scope s, const vt_vit_settings *settings, vt_tensor *patches,
                                 const vt_vit_outputs *out)
{
  vt_ctx *ctx = s.run->ctx;
  int64_t rows = settings->rows ? settings->rows : 14, columns = settings->columns ? settings->columns : 14;
  if (settings->positions == VT_POSITIONS_LEARNED)
    return vt_add(
        ctx, patches,
        vt_positions_grid(s, rows, columns, out->height, out->across, settings->width, std_of(settings)));
  if (settings->positions == VT_POSITIONS_SINUSOID)
    return vt_add(ctx, patches,
                  vt_positions_sinusoid(ctx, out->height, out->across, settings->width, settings->span));
  return patches;
}

static bool has_cls(const vt_vit_settings *settings)
{
  return settings->cls || settings->pool == VT_POOL_CLS;
}

/* ---- prompts ---- */

static vt_tensor *prompts_of(vt_scope s, const vt_vit_settings *settings, int64_t layer, int64_t batch)
{
  vt_ctx *ctx = s.run->ctx;
  char name[32];
  snprintf(name, sizeof name, "prompts.%lld", (long long)layer);
  /* the bound of visual prompt tuning (Jia et al. 2022) */
  int64_t side = settings->patch ? settings->patch : 8;
  double bound = sqrt(6 / (double)(3 * side * side + settings->width));
  vt_tensor *rows = vt_param(s, name, VT_DIMS(1, settings->prompts, settings->width),
                             (vt_initial){.kind = VT_INIT_UNIFORM, .value = bound});
  return vt_dropout(vt_sub(s, "%s", name), for_each_item(ctx, rows, batch), settings->prompt_dropout);
}

/* Puts prompts in front at the blocks where they enter, in place of the last ones. */
static vt_tensor *enter_prompts(vt_scope s, const vt_vit_settings *settings, vt_tensor *x, int64_t layer,
                                bool *there)
{
  vt_ctx *ctx = s.run->ctx;
  bool enters = settings->prompts > 0 && (layer == settings->prompts_from ||
                                          (settings->prompts_deep && layer > settings->prompts_from));
  if (!enters) return x;
  if (*there) x = vt_slice(ctx, x, 1, settings->prompts, vt_dim(x, 1));
  *there = true;
  return vt_concat(ctx, 1, 2, (vt_tensor *[]){prompts_of(s, settings, layer, vt_dim(x, 0)), x});
}

/* ---- head ---- */

static void finish(vt_scope s, const vt_vit_settings *settings, vt_vit_outputs *out)
{
  vt_ctx *ctx = s.run->ctx;
  int64_t prompts = out->front - has_cls(settings);
  out->logits = vt_void();
  if (settings->pool == VT_POOL_PROMPTS) {
    out->pooled = vt_slice(ctx, out->tokens, 1, 0, prompts);
    vt_tensor *logits = vt_projection_linear(vt_sub(s, "head"), out->pooled, 1, false, 0);
    if (settings->classes) out->logits = vt_name(s, vt_squeeze(ctx, logits, 2), "logits");
    return;
  }
  vt_tensor *patches = vt_slice(ctx, out->tokens, 1, out->front, out->front + out->height * out->across);
  if (settings->pool == VT_POOL_CLS)
    out->pooled = vt_squeeze(ctx, vt_slice(ctx, out->tokens, 1, prompts, prompts + 1), 1);
  else if (settings->pool == VT_POOL_MEAN)
    out->pooled = vt_mean_axis(ctx, patches, 1, false);
  else
    out->pooled = vt_query_pool(s, patches, NULL);
  if (settings->classes)
    out->logits = vt_name(
        s, vt_projection_linear(vt_sub(s, "head"), out->pooled, settings->classes, false, 0), "logits");
}

static bool sensible(vt_scope s, const vt_vit_settings *settings)
{
  if (settings->layers < 1 || settings->layers > VT_VIT_LAYERS || settings->width < 1)
    (void)vt_fail(s.run->ctx, VT_ERROR_INVALID_ARGUMENT,
                  "a ViT of %lld layers and width %lld; 1 to %d layers", (long long)settings->layers,
                  (long long)settings->width, VT_VIT_LAYERS);
  else if (settings->pool == VT_POOL_PROMPTS && settings->prompts != settings->classes)
    (void)vt_fail(s.run->ctx, VT_ERROR_INVALID_ARGUMENT,
                  "%lld prompts for %lld classes: pooling by prompts takes one for each",
                  (long long)settings->prompts, (long long)settings->classes);
  else if (settings->prompts > 0 && settings->positions == VT_POSITIONS_ROTARY && settings->prompts_from > 0)
    (void)vt_fail(s.run->ctx, VT_ERROR_INVALID_ARGUMENT, "with rotary positions prompts enter at block 0");
  else
    return true;
  return false;
}

vt_tensor *vt_vit_patches(vt_scope s, const vt_vit_settings *settings, vt_tensor *image, int64_t *height,
                          int64_t *across)
{
  vt_tensor *map = patch_map(s, settings, image);
  vt_vit_outputs grid = {.height = vt_dim(map, 2), .across = vt_dim(map, 3)};
  *height = grid.height;
  *across = grid.across;
  return with_positions(s, settings, vt_map_to_tokens(s.run->ctx, map), &grid);
}

void vt_vit(vt_scope s, const vt_vit_settings *settings, vt_tensor *image, vt_tensor *before,
            vt_vit_outputs *out)
{
  vt_ctx *ctx = s.run->ctx;
  *out = (vt_vit_outputs){.tokens = vt_void(), .pooled = vt_void(), .logits = vt_void()};
  for (int i = 0; i < VT_VIT_LAYERS; i++)
    out->hidden[i] = vt_void();
  if (!sensible(s, settings)) return;
  vt_tensor *map = patch_map(s, settings, image);
  if (vt_is_void(map)) return;
  out->height = vt_dim(map, 2);
  out->across = vt_dim(map, 3);
  vt_tensor *x = with_positions(s, settings, vt_map_to_tokens(ctx, map), out);
  if (before) x = vt_add(ctx, x, before);
  int64_t batch = vt_dim(image, 0);
  if (has_cls(settings)) {
    vt_tensor *cls = vt_param(s, "cls_token", VT_DIMS(1, 1, settings->width), VT_TRUNCATED(std_of(settings)));
    x = vt_concat(ctx, 1, 2, (vt_tensor *[]){for_each_item(ctx, cls, batch), x});
  }
  x = vt_name(s, vt_dropout(vt_sub(s, "embed"), x, settings->block.dropout), "embed");
  vt_block_inputs inputs = {0};
  int64_t heads = settings->block.heads > 0 ? settings->block.heads : 1;
  if (settings->positions == VT_POSITIONS_ROTARY)
    inputs.rotary =
        vt_rotary_grid(ctx, has_cls(settings) + settings->prompts, out->height, out->across,
                       settings->block.head_width ? settings->block.head_width : settings->width / heads, 0);
  bool there = false;
  for (int64_t i = 0; i < settings->layers; i++) {
    x = enter_prompts(s, settings, x, i, &there);
    inputs.layer = i;
    x = vt_transformer_block(vt_sub(s, "blocks.%lld", (long long)i), x, &settings->block, &inputs);
    out->hidden[i] = x;
    out->fronts[i] = has_cls(settings) + (there ? settings->prompts : 0);
  }
  out->front = out->fronts[settings->layers - 1];
  if (!settings->block.post_norm)
    x = vt_norm(vt_sub(s, "final_norm"), x, settings->block.norm, settings->block.epsilon);
  out->tokens = vt_name(s, x, "final_norm");
  finish(s, settings, out);
}
