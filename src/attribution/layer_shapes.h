/* SPDX-License-Identifier: Apache-2.0
 *
 * What layer.c asks of a graph: the shape of every tensor for one item, where its channels are, and whether
 * it lies between the varying tensor and what the target reads.
 */
#ifndef VT_ATTRIBUTION_LAYER_SHAPES_H
#define VT_ATTRIBUTION_LAYER_SHAPES_H

#include "explain/method.h"

typedef struct vt_layer_shape {
  vt_type type; /* VT_UNDEFINED: not known, or never made */
  int rank;
  int64_t dims[VT_MAX_RANK];
  int channel_axis; /* of pictures (rank 4): 1, 2 or 3; −1: nothing says so */
  bool between;     /* depends on the varying tensor, and the target depends on it */
} vt_layer_shape;

/* By value of the graph; free with vt_free(). `from`: the varying tensor, `to`: what the target reads. */
vt_status vt_layer_shapes(vt_ctx *ctx, const vt_task *task, vt_layer_shape **out);
/* Name of what the target reads. */
const char *vt_task_reads(const vt_task *task);

#endif
