/* SPDX-License-Identifier: Apache-2.0
 *
 * Where GridSample looks: the taps of a point of the grid, their weights, and how these change as the point
 * moves.
 */
#ifndef VT_OPS_SAMPLE_TAPS_H
#define VT_OPS_SAMPLE_TAPS_H

#include "ops/op.h"

/* spatial axes, taps an axis, taps of a point */
enum { VT_GRID_SPACE = 3, VT_GRID_TAPS = 4, VT_GRID_CORNERS = VT_GRID_TAPS * VT_GRID_TAPS * VT_GRID_TAPS };

typedef enum vt_grid_mode {
  VT_GRID_LINEAR,
  VT_GRID_NEAREST,
  VT_GRID_CUBIC,
  VT_GRID_BILINEAR,
  VT_GRID_BICUBIC
} vt_grid_mode;
typedef enum vt_grid_padding { VT_GRID_ZEROS, VT_GRID_BORDER, VT_GRID_REFLECTION } vt_grid_padding;

typedef struct vt_grid_attributes {
  int mode, padding;
  bool align_corners;
} vt_grid_attributes;

/* Linear, nearest or cubic. */
vt_grid_mode vt_grid_mode_of(const vt_grid_attributes *attributes);

/* Addresses in a channel of `data` and weights of all taps of point `point` of the grid; returns their
 * number. `slopes`, NULL if not wanted: derivatives of the weights by the point's coordinate along each
 * spatial axis of the data. */
int vt_grid_taps(const vt_grid_attributes *attributes, const vt_tensor *data, const vt_tensor *grid,
                 int64_t point, int64_t offsets[VT_GRID_CORNERS], double weights[VT_GRID_CORNERS],
                 double slopes[VT_GRID_SPACE][VT_GRID_CORNERS]);
/* The coordinate along spatial axis `axis` of the data: the grid holds the last axis first. */
static inline int64_t vt_grid_index(int space, int64_t point, int axis)
{
  return (point + 1) * space - 1 - axis;
}

#endif
