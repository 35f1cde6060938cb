/* SPDX-License-Identifier: Apache-2.0
 *
 * UNet (Ronneberger et al. 2015) with padding, 0.1 to 0.5 M numbers.
 *
 * Parameters: down.L.{conv1, norm1, conv2, norm2}, the last of them the bottom; up.L.{rise, conv1, norm1,
 * conv2, norm2, gate.{skip, signal, map}}; head. Names seen by hooks: down.L, up.L, up.L.gate.map, logits.
 */
#ifndef VT_NN_UNET_H
#define VT_NN_UNET_H

#include "nn/maps.h"

typedef struct vt_unet_settings {
  int64_t widths[VT_MOST_MAPS]; /* channels by level, finest first; 0 ends the list */
  vt_map_norm_settings norm;
  vt_activation activation; /* VT_NO_ACTIVATION: ReLU */
  bool resize;              /* up by linear resizing and 3×3, for any size; otherwise by 2×2 transposed
                             * convolution, whose pictures are a multiple of 2^(levels − 1) */
  bool gated;               /* skips through additive attention gates (Oktay et al. 2018) */
  double dropout;           /* at the bottom */
  bool row_major;           /* keep maps row-major; channels-last otherwise */
} vt_unet_settings;

/* x [N, C, H, W] → up.0 to the bottom, finest first; count: levels. Stored channels-last unless row_major. */
vt_maps vt_unet_maps(vt_scope s, vt_tensor *x, const vt_unet_settings *settings);
/* The finest of them through a 1×1 head: [N, out, H, W], stored row-major. */
vt_tensor *vt_unet(vt_scope s, vt_tensor *x, int64_t out, const vt_unet_settings *settings);

#endif
