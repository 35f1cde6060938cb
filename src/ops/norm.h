/* SPDX-License-Identifier: Apache-2.0
 *
 * Attributes of BatchNormalization, which plans fold into convolutions.
 */
#ifndef VT_OPS_NORM_H
#define VT_OPS_NORM_H

#include "ops/op.h"

typedef struct vt_batch_norm_attributes {
  double epsilon;
  double momentum; /* weight of the old running statistics */
  bool training_mode;
} vt_batch_norm_attributes;

#endif
