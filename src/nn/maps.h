/* SPDX-License-Identifier: Apache-2.0
 *
 * What networks over maps [N, C, H, W] share: a choice of norm, convolution with norm and activation.
 */
#ifndef VT_NN_MAPS_H
#define VT_NN_MAPS_H

#include "nn/layers.h"

typedef enum vt_map_norm_kind {
  VT_NORM_BATCH,
  VT_NORM_GROUP,
  VT_NORM_INSTANCE,
  VT_NORM_CHANNEL, /* layer norm over the channels of each position */
  VT_NORM_NONE
} vt_map_norm_kind;
typedef struct vt_map_norm_settings {
  vt_map_norm_kind kind;
  int64_t groups;  /* of group norm; 0: 8, or as many as divide the channels if that does not */
  double momentum; /* of batch norm; 0: .1 */
  bool frozen;     /* batch norm by its stored statistics, in training too */
} vt_map_norm_settings;
/* Channel axis 1; ε 1e-5. */
vt_tensor *vt_map_norm(vt_scope s, vt_tensor *x, vt_map_norm_settings settings);

/* "NAME" the convolution, "NORM" the norm; a bias where there is no norm. */
vt_tensor *vt_conv_norm(vt_scope s, const char *name, const char *norm_name, vt_tensor *x,
                        vt_conv_settings conv, vt_map_norm_settings norm);

/* Maps of several sizes, finest first. */
enum { VT_MOST_MAPS = 8 };
typedef struct vt_maps {
  int count;
  vt_tensor *maps[VT_MOST_MAPS];
} vt_maps;
/* Their sum; they must have one shape. */
vt_tensor *vt_sum_maps(vt_ctx *ctx, const vt_maps *maps);

#endif
