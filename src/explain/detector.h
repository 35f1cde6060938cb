/* SPDX-License-Identifier: Apache-2.0
 *
 * Detectors: from raw outputs to proposals (a box, class scores, an objectness), to the detections that are
 * listed, and to one number with its gradient, the D-RISE score of a box (Petsiuk et al. 2021,
 * arXiv 2006.03204): the largest, over all proposals, of IoU · cosine of class scores · objectness.
 *
 * Boxes are x0 y0 x1 y1 in pixels of the model's input, from the outer edge of the first pixel.
 */
#ifndef VT_EXPLAIN_DETECTOR_H
#define VT_EXPLAIN_DETECTOR_H

#include "data/sidecar.h"

enum { VT_DETECTOR_OUTPUTS = 4 };

/* Where a role's numbers lie in the outputs of one item, one behind the other: number k of proposal p at
 * start + p · step + k · stride. */
typedef struct vt_detector_role {
  bool present;
  size_t start, step, stride;
} vt_detector_role;

typedef struct vt_detector {
  const vt_detector_settings *settings;                /* borrowed */
  int output_count;                                    /* different tensors that are read */
  const char *names[VT_DETECTOR_OUTPUTS];              /* borrowed from the settings */
  size_t floats[VT_DETECTOR_OUTPUTS];                  /* of one item, in the order of names */
  vt_detector_role scores, objectness, boxes, offsets; /* `boxes`: sizes of a centre map */
  size_t proposals;
  int classes;
  int columns;       /* cells along the width of a centre map */
  int width, height; /* of the model's input */
} vt_detector;

/* The names that settings read, each once: detector->names. */
void vt_detector_names(const vt_detector_settings *settings, vt_detector *out);
/* Shapes of the outputs in that order, `dims[i]` of rank `ranks[i]` without the batch axis. Fills the rest.
 * VT_ERROR_INVALID_DATA when the settings do not fit them. */
vt_status vt_detector_shape(vt_ctx *ctx, vt_detector *detector, const int64_t dims[][VT_MAX_RANK],
                            const int *ranks, int width, int height);
size_t vt_detector_floats(const vt_detector *detector);

/* One thing found. */
typedef struct vt_found {
  double box[4];
  double confidence; /* objectness · highest class score where both are given, else the one there is */
  int label;         /* class of the highest score */
  size_t proposal;
} vt_found;
/* What is found in `output` [vt_detector_floats()]: proposals of at least the threshold, the weaker of two of
 * one class that overlap left out, best first; ties to the lower proposal. The caller frees `*out`. */
vt_status vt_detector_list(vt_ctx *ctx, const vt_detector *detector, const float *output, vt_found **out,
                           int *count);

/* What is looked for. */
typedef struct vt_wanted {
  const vt_detector *detector;
  double box[4];
  double *classes; /* [detector->classes] */
} vt_wanted;
/* The D-RISE score for values in f64, with its gradient in `gradient` [vt_detector_floats()] (set, not added;
 * NULL: not wanted). The proposal with the largest is held fixed; ties to the lower one. */
double vt_wanted_evaluate(const vt_wanted *wanted, const double *values, double *gradient);
/* The same value for values in f32. */
double vt_wanted_score(const vt_wanted *wanted, const float *values);
/* Class scores of a proposal of `output` into classes[detector->classes]. */
void vt_detector_classes(const vt_detector *detector, const float *output, size_t proposal, double *classes);

double vt_box_overlap(const double a[4], const double b[4]); /* intersection over union; 0 for empty boxes */

#endif
