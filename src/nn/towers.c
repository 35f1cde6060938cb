/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/towers.h"

#include "nn/loss.h"

static vt_tensor *unit_rows(vt_scope s, vt_tensor *x, int64_t width)
{
  vt_tensor *projected = vt_projection_linear(vt_sub(s, "proj"), x, width, true, 0);
  return vt_name(s, vt_normalise(s.run->ctx, projected, -1, 1e-12), "embedding");
}

vt_tensor *vt_towers_image(vt_scope s, const vt_towers_settings *settings, vt_tensor *image,
                           vt_vit_outputs *features)
{
  vt_vit_outputs own, *out = features ? features : &own;
  vt_scope tower = vt_sub(s, "image");
  vt_vit_settings vit = settings->image;
  vit.classes = 0;
  vt_vit(tower, &vit, image, NULL, out);
  return unit_rows(tower, out->pooled, settings->width);
}

vt_tensor *vt_towers_features(vt_scope s, const vt_towers_settings *settings, vt_tensor *map)
{
  vt_scope tower = vt_sub(s, "image");
  return unit_rows(tower, vt_query_pool(tower, vt_map_to_tokens(s.run->ctx, map), NULL), settings->width);
}

vt_tensor *vt_towers_text(vt_scope s, const vt_towers_settings *settings, vt_tensor *ids, vt_tensor *valid)
{
  vt_scope tower = vt_sub(s, "text");
  vt_bert_settings text = settings->text;
  vt_bert_outputs out;
  text.no_pooler = true;
  vt_bert(tower, &text, ids, NULL, valid, &out);
  return unit_rows(tower, vt_mean_over(s.run->ctx, out.hidden, valid), settings->width);
}

vt_tensor *vt_towers_logits(vt_scope s, vt_tensor *images, vt_tensor *texts)
{
  vt_ctx *ctx = s.run->ctx;
  vt_tensor *scale = vt_learned_scale(s, .07, 100);
  vt_tensor *products = vt_affine(ctx, images, texts, NULL);
  return vt_name(s, vt_mul(ctx, products, scale), "logits");
}
