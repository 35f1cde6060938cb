/* SPDX-License-Identifier: Apache-2.0
 *
 * Two towers for pictures and texts (Radford et al. 2021): each ends in a unit vector, the logits are their
 * products times a learned temperature.
 *
 * Scopes: image.… (a ViT, nn/vit.h, or query and pool.… over given features), image.proj, text.… (nn/bert.h
 * without pooler), text.proj, logit_scale (its logarithm, one number).
 * Named tensors below each scope, and image.embedding, text.embedding, logits.
 */
#ifndef VT_NN_TOWERS_H
#define VT_NN_TOWERS_H

#include "nn/bert.h"
#include "nn/vit.h"

typedef struct vt_towers_settings {
  vt_vit_settings image; /* its head is not used: classes 0 */
  vt_bert_settings text; /* no pooler is made: the mean over real tokens is taken */
  int64_t width;         /* of the shared space */
} vt_towers_settings;

/* image [batch, channels, H, W] → unit rows [batch, width]. features: NULL, or takes what the ViT gives. */
vt_tensor *vt_towers_image(vt_scope s, const vt_towers_settings *settings, vt_tensor *image,
                           vt_vit_outputs *features);
/* The same from a feature map [batch, C, h, w] of another network: attention pooling by a learned query,
 * projection. */
vt_tensor *vt_towers_features(vt_scope s, const vt_towers_settings *settings, vt_tensor *map);
/* ids i64 [batch, tokens], valid as for vt_bert() → unit rows [batch, width]. */
vt_tensor *vt_towers_text(vt_scope s, const vt_towers_settings *settings, vt_tensor *ids, vt_tensor *valid);
/* exp(min(logit_scale, ln 100)) · images · textsᵀ; begins at a temperature of .07. [images, texts] */
vt_tensor *vt_towers_logits(vt_scope s, vt_tensor *images, vt_tensor *texts);

#endif
