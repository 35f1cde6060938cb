/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers with spatial extent: which tensor a class-activation map is made of, and how its elements lie on the
 * picture.
 */
#ifndef VT_ATTRIBUTION_LAYER_H
#define VT_ATTRIBUTION_LAYER_H

#include "explain/method.h"

typedef enum vt_layout {
  VT_CHANNELS_FIRST, /* [1, channels, height, width] */
  VT_CHANNELS_LAST,  /* [1, height, width, channels] */
  VT_TOKEN_GRID      /* [1, skipped + height·width, channels] */
} vt_layout;

typedef struct vt_layer {
  const char *name; /* of the tensor; borrowed from the graph */
  vt_layout layout;
  int rank;
  int64_t dims[VT_MAX_RANK]; /* of the tensor, its batch axis (1) included */
  int channels, height, width;
  int skipped; /* tokens before the grid: class token, registers */
} vt_layer;

/* The layer `name` (exact, or an alias), or, for NULL, the one that the graph suggests: the last float tensor
 * with spatial extent on the way from the varying tensor to what the target reads. In graphs with attention
 * behind their last convolution that is the normalised stream that goes into the last block, its tokens laid
 * out on the grid of the patches. Where the target is read from a map, the last tensor of the coarsest grid.
 * Sizes follow from shape rules; only graphs whose shapes depend on data are run for them.
 * VT_ERROR_INVALID_ARGUMENT: no such tensor (the nearest are named), one without spatial extent or apart from
 * the target, or nothing in the graph that could be suggested. */
vt_status vt_layer_find(vt_ctx *ctx, const vt_task *task, const char *name, vt_layer *out);

/* Elements of the tensor; elements of one channel of the map. */
size_t vt_layer_floats(const vt_layer *layer);
size_t vt_layer_places(const vt_layer *layer);
/* Where in the tensor the element of `channel` at `place` (row by row) is. */
size_t vt_layer_index(const vt_layer *layer, int channel, size_t place);

#endif
