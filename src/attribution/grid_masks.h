/* SPDX-License-Identifier: Apache-2.0
 *
 * Soft random masks of a picture: a grid of cells kept or hidden, enlarged bilinearly by one cell more
 * than the picture and shifted by a random part of a cell (RISE, D-RISE).
 */
#ifndef VT_ATTRIBUTION_GRID_MASKS_H
#define VT_ATTRIBUTION_GRID_MASKS_H

#include "base/base.h"

enum { VT_GRID_LARGEST = 64 };

typedef struct vt_grid_mask {
  unsigned char cells[VT_GRID_LARGEST * VT_GRID_LARGEST]; /* [size, size] 1: kept */
  int size, height, width;                                /* of the grid; of the picture */
  int down, right; /* shift in pixels, below a cell's height and width */
} vt_grid_mask;

/* Sides of a cell in pixels: ⌈height / size⌉, ⌈width / size⌉. */
int vt_grid_cell_height(const vt_grid_mask *mask);
int vt_grid_cell_width(const vt_grid_mask *mask);
/* Mask `number` of a seed, for the `size`, `height` and `width` that it has: cells kept with
 * chance `kept`. */
void vt_grid_mask_draw(vt_grid_mask *mask, double kept, uint64_t seed, uint64_t number);

/* Visits every pixel with the share of it that is kept, in [0, 1]. Beyond the centres of the outer cells
 * the grid is mirrored in them. */
typedef void (*vt_grid_visit_fn)(void *user, size_t pixel, double kept);
void vt_grid_mask_walk(const vt_grid_mask *mask, vt_grid_visit_fn visit, void *user);
/* kept · shown + (1 − kept) · hidden into `out`; all of `channels` planes, or channels of a pixel
 * side by side. */
void vt_grid_mask_mix(const vt_grid_mask *mask, const float *shown, const float *hidden, int channels,
                      bool channels_last, float *out);

#endif
