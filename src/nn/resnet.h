/* SPDX-License-Identifier: Apache-2.0
 *
 * Residual networks (He et al. 2016) in stages, for pictures of 28 to 256 pixels: 0.05 to 0.7 M numbers.
 *
 * Parameters: stem.conv, stem.norm; stages.S.B.{conv1, norm1, conv2, norm2, skip.conv, skip.norm}; head.
 * Names seen by hooks: stem, stage.S, pooled, logits.
 */
#ifndef VT_NN_RESNET_H
#define VT_NN_RESNET_H

#include "nn/maps.h"

typedef struct vt_resnet_stage {
  int64_t width;    /* channels; 0 ends the list */
  int64_t stride;   /* of the first block; 0: 1 */
  int64_t blocks;   /* 0: 1 */
  int64_t dilation; /* of all 3×3 convolutions; 0: 1 */
} vt_resnet_stage;

typedef struct vt_resnet_settings {
  vt_resnet_stage stages[VT_MOST_MAPS];
  int64_t stem;        /* channels of the first convolution; 0: as the first stage */
  int64_t stem_kernel; /* 0: 3 */
  int64_t stem_stride; /* 0: 1 */
  vt_map_norm_settings norm;
  vt_activation activation; /* VT_NO_ACTIVATION: ReLU */
  double drop_path;         /* chance to skip the residual branch, growing evenly to this in the last block */
  double dropout;           /* before the head */
  bool row_major;           /* keep maps row-major; channels-last otherwise, which is faster */
} vt_resnet_settings;

/* One block: conv3×3 (stride) norm activation conv3×3 norm + skip, activation. A stride above 2 takes windows
 * of its own size instead of 3×3, so that no pixel is left out. The skip is 1×1 with the stride where shapes
 * differ. */
vt_tensor *vt_residual_block(vt_scope s, vt_tensor *x, vt_resnet_stage stage, double drop_path,
                             const vt_resnet_settings *settings);

/* x [N, C, H, W] → output of each stage. Stored channels-last unless row_major: code that reads `data` goes
 * through vt_row_major() (ops/layout.h). */
vt_maps vt_resnet_stages(vt_scope s, vt_tensor *x, const vt_resnet_settings *settings);
/* The last stage's average over positions through a linear head: [N, classes]. */
vt_tensor *vt_resnet(vt_scope s, vt_tensor *x, int64_t classes, const vt_resnet_settings *settings);

/* Convolutions 3×3 of one map at several dilations, each with a bias, sizes kept (the branches of Chen et
 * al. 2018, section 3): branches.B. They come apart; vt_sum_maps() adds them up. */
vt_maps vt_dilated_branches(vt_scope s, vt_tensor *x, int64_t out, int count, const int64_t *dilations);

#endif
