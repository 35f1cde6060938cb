/* SPDX-License-Identifier: Apache-2.0
 *
 * Segmentation: a class for every pixel.
 */
#ifndef VT_NN_SEGMENT_H
#define VT_NN_SEGMENT_H

#include "nn/task.h"

/* Pixels by class over a set. Pixels whose truth is `ignore` count nothing, whatever was predicted. */
typedef struct vt_overlap {
  int64_t classes, ignore;           /* ignore −1: every pixel counts */
  int64_t *truth, *predicted, *both; /* [classes], owned; one allocation, `truth` */
} vt_overlap;
vt_status vt_overlap_new(vt_ctx *ctx, int64_t classes, int64_t ignore, vt_overlap *out);
void vt_overlap_free(vt_overlap *overlap); /* accepts NULL and one that is zero */
/* Adds a pixel. Both numbers are in 0 … classes − 1. */
void vt_overlap_add(vt_overlap *overlap, int64_t truth, int64_t predicted);
/* Intersection over union of one class; NaN where there is neither truth nor prediction. */
double vt_overlap_iou(const vt_overlap *overlap, int64_t class_index);
/* Mean over classes without the ignored one and those whose IoU is NaN; 0 when none is left. */
double vt_overlap_mean(const vt_overlap *overlap);
/* Share of pixels whose class is right; 0 without pixels. */
double vt_overlap_accuracy(const vt_overlap *overlap);

/* Cross-entropy of `target` i64 [items, height, width] given `input`; measures miou (sums over the whole
 * set, then the mean over classes, as in Long et al. 2015), accuracy (of pixels) and iou.NAME of each class,
 * as many as there is room for. The lowest of equal scores is what is predicted. */
typedef struct vt_segment {
  vt_model_fn model; /* x → scores [items, classes, height, width] */
  const void *settings;
  const char *input, *target; /* fields; NULL: "image", "mask" */
  int64_t classes, ignore;
  double smoothing;         /* of labels */
  const char *const *names; /* of classes; NULL: numbers */
  const char *fields[3];    /* set by vt_segment_task() */
} vt_segment;
vt_learning_task vt_segment_task(vt_segment *segment); /* borrows */

#endif
