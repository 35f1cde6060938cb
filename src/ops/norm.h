/* SPDX-License-Identifier: Apache-2.0
 *
 * Attributes of the normalisations with one scale and bias a channel, and what they are backwards.
 * BatchNormalization's are read by plans, which fold it into convolutions.
 */
#ifndef VT_OPS_NORM_H
#define VT_OPS_NORM_H

#include "ops/gradient.h"
#include "ops/norm_last.h"

typedef struct vt_batch_norm_attributes {
  double epsilon;
  double momentum; /* weight of the old running statistics */
  bool training_mode;
} vt_batch_norm_attributes;

typedef struct vt_instance_norm_attributes {
  double epsilon;
} vt_instance_norm_attributes;

typedef struct vt_group_norm_attributes {
  double epsilon;
  int64_t num_groups, stash_type;
} vt_group_norm_attributes;

/* x as [batch, channels, size]; a vector is a batch of one channel. */
typedef struct vt_channels {
  int64_t batch, count, size;
} vt_channels;
vt_channels vt_channels_of(const vt_tensor *x);

/* Mean and variance of a group of `inside` channels of one item, from the moments of each channel. */
void vt_group_statistics(vt_last shape, const vt_last_moments *moments, int64_t item, int64_t group,
                         int64_t inside, double *mean, double *variance);

/* BatchNormalization reads the values of inputs 0, 1, 3 and 4, the others those of 0 and 1. */
vt_status vt_batch_norm_backward(vt_ctx *ctx, const vt_gradient *gradient);
vt_status vt_instance_norm_backward(vt_ctx *ctx, const vt_gradient *gradient);
vt_status vt_group_norm_backward(vt_ctx *ctx, const vt_gradient *gradient);

#endif
