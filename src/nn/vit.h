/* SPDX-License-Identifier: Apache-2.0
 *
 * Vision transformer (Dosovitskiy et al. 2021) with what the experiments vary.
 *
 * Parameters: patch_embed.proj.{weight,bias} (or stem.I.{conv,norm}.…), cls_token [1, 1, width], pos_embed
 * [1, grid, width], prompts.I [1, count, width], blocks.I.… (nn/block.h), final_norm.{weight,bias}, query
 * [1, 1, width] and pool.… (pooling by a learned query), head.{weight,bias}.
 * Named tensors: embed, blocks.I.…, final_norm, logits (and pool.…).
 */
#ifndef VT_NN_VIT_H
#define VT_NN_VIT_H

#include "nn/block.h"

enum { VT_VIT_LAYERS = 48, VT_STEM_STAGES = 4 };

typedef enum vt_vit_positions {
  VT_POSITIONS_LEARNED,
  VT_POSITIONS_SINUSOID, /* fixed */
  VT_POSITIONS_ROTARY,   /* axial, in every block */
  VT_POSITIONS_NONE
} vt_vit_positions;

typedef enum vt_vit_pool {
  VT_POOL_CLS,    /* the CLS token, which is there for this setting alone or with `cls` */
  VT_POOL_MEAN,   /* of the patches */
  VT_POOL_QUERY,  /* attention of a learned query over the patches, one head */
  VT_POOL_PROMPTS /* logit i = one shared linear read-out of prompt i (Prompt-CAM) */
} vt_vit_pool;

typedef struct vt_vit_settings {
  int64_t width, layers;
  int64_t patch;                /* side of a patch in pixels; unused with a stem */
  int64_t stem[VT_STEM_STAGES]; /* channels of 3×3 stride-2 convolutions with GroupNorm(8) and GELU, up to
                                    the first 0; the last is followed by a 1×1 to `width` when it differs */
  int64_t rows, columns;        /* grid of the learned positions; 0: 14 by 14 */
  vt_vit_positions positions;
  double span; /* of sinusoids, see vt_positions_sinusoid() */
  bool cls;    /* a CLS token with another pooling, too */
  vt_vit_pool pool;
  int64_t classes;      /* 0: no head */
  int64_t prompts;      /* tokens in front of all others; class-wise: as many as classes */
  bool prompts_deep;    /* fresh ones for each block in place of what became of the last; else for block 0 */
  int64_t prompts_from; /* block at which they enter (and stay, unless deep) */
  double prompt_dropout;
  vt_block_settings block;
  double init_std; /* of embeddings and positions; 0: .02 */
} vt_vit_settings;

typedef struct vt_vit_outputs {
  vt_tensor *tokens; /* [batch, prompts + cls + height · across, width] behind the last norm */
  vt_tensor *hidden[VT_VIT_LAYERS]; /* after each block */
  vt_tensor *pooled;                /* [batch, width]; prompts: [batch, prompts, width] */
  vt_tensor *logits;                /* [batch, classes]; the void tensor without a head */
  int64_t height, across;           /* the grid */
  int64_t front;                    /* tokens before the patches in `tokens` */
  int64_t fronts[VT_VIT_LAYERS];    /* in hidden[i] */
} vt_vit_outputs;

/* image [batch, channels, H, W]. `before`: added to the patch tokens before block 0, [batch or 1, patches,
 * width], NULL: nothing. Sizes must be multiples of the patch. */
void vt_vit(vt_scope s, const vt_vit_settings *settings, vt_tensor *image, vt_tensor *before,
            vt_vit_outputs *out);

/* Only the beginning: patches with their positions, [batch, height · across, width]. */
vt_tensor *vt_vit_patches(vt_scope s, const vt_vit_settings *settings, vt_tensor *image, int64_t *height,
                          int64_t *across);

/* Patch tokens as a map: tokens [batch, front + height · across, C] → [batch, C, height, across]. */
vt_tensor *vt_tokens_to_map(vt_ctx *ctx, vt_tensor *tokens, int64_t front, int64_t height, int64_t across);
/* [batch, C, h, w] → [batch, h · w, C]. */
vt_tensor *vt_map_to_tokens(vt_ctx *ctx, vt_tensor *map);
/* One learned query over tokens [batch, n, C], one attention head: [batch, C]. */
vt_tensor *vt_query_pool(vt_scope s, vt_tensor *tokens, vt_tensor *mask);

#endif
