/* SPDX-License-Identifier: Apache-2.0
 *
 * Pictures whose truth is known and that a model gets right: photographs shrunk onto textures, and scenes.
 */
#ifndef VT_COMPARISON_EXHIBITS_H
#define VT_COMPARISON_EXHIBITS_H

#include "comparison/album.h"
#include "worlds/world.h"

/* A picture of the model's size with what decides. Owned. */
typedef struct vt_known_picture {
  vt_image *picture;
  uint8_t *mask; /* [height · width] */
  int label;     /* the class, which the model answers, too */
  double probability;
  char source[300]; /* what it was made from */
} vt_known_picture;
void vt_known_picture_free(vt_known_picture *known);

/* Called with every picture that is kept, in their order. */
typedef vt_status (*vt_known_picture_fn)(vt_ctx *ctx, void *user, const vt_known_picture *known);

/* Composites: a photograph as the model sees it, shrunk to side × side, at a random place of a random cut of
 * a texture. Photographs in turn, those that the model gets right (without a label: whatever it answers);
 * kept while the model still answers the class, until there are `count` or every photograph was tried
 * `tries` times. Pure in (photographs, textures, model, seed). `*kept`, `*tried`: how many. */
typedef struct vt_composites {
  const vt_album *photographs, *textures;
  int side;
  int64_t count;
  int tries;
  uint64_t seed;
} vt_composites;
vt_status vt_composites_make(vt_ctx *ctx, vt_model *model, const vt_composites *how, vt_known_picture_fn take,
                             void *user, int64_t *kept, int64_t *tried);

/* Scenes of a world that the model gets right, with the visible pixels of the parts that decide. */
vt_status vt_scenes_make(vt_ctx *ctx, vt_model *model, const vt_world *world, vt_split split, int64_t count,
                         vt_known_picture_fn take, void *user, int64_t *kept, int64_t *tried);

#endif
