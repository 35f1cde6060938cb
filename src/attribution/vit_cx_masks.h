/* SPDX-License-Identifier: Apache-2.0
 *
 * Masks of ViT-CX: channels of a layer as masks of the input, and groups of like ones.
 */
#ifndef VT_ATTRIBUTION_VIT_CX_MASKS_H
#define VT_ATTRIBUTION_VIT_CX_MASKS_H

#include "base/base.h"

typedef struct vt_cx_masks {
  int count, height, width;
  size_t places; /* height · width, of the input */
  float *values; /* [count, places] in [0, 1]; of groups, once clustered, in the row of their first mask */
  int groups;    /* 0: not clustered yet */
  int *first;    /* [groups] */
} vt_cx_masks;

/* Free with vt_cx_masks_free() (members only), also on failure. */
vt_status vt_cx_masks_new(vt_ctx *ctx, int count, int height, int width, vt_cx_masks *out);
void vt_cx_masks_free(vt_cx_masks *masks);
/* Mask `index` from a map [height, width] of any size: resized, then scaled to [0, 1] by its extremes; all 0
 * when they are equal. */
void vt_cx_masks_put(vt_cx_masks *masks, int index, const float *map, int height, int width);
/* Groups masks by complete linkage of 1 − cosine below `threshold`; a group's mask is the sum of its masks,
 * scaled like one. */
vt_status vt_cx_masks_cluster(vt_ctx *ctx, vt_cx_masks *masks, double threshold);

static inline const float *vt_cx_mask(const vt_cx_masks *masks, int group)
{
  return masks->values + (size_t)masks->first[group] * masks->places;
}

#endif
