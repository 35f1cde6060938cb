/* SPDX-License-Identifier: Apache-2.0
 *
 * One proposal of a detector: its numbers, its box.
 */
#ifndef VT_EXPLAIN_DETECTOR_PROPOSAL_H
#define VT_EXPLAIN_DETECTOR_PROPOSAL_H

#include "explain/detector.h"

/* Outputs of one item in one of two precisions; the other is NULL. */
typedef struct vt_values {
  const float *f32;
  const double *f64;
} vt_values;

/* Number k of a role of proposal p; `scored`: through the sigmoid where the settings say so. */
double vt_proposal_number(const vt_detector *detector, const vt_detector_role *role, const vt_values *values,
                          size_t p, int k, bool scored);
/* The box; numbers that overflow give infinite sides. */
void vt_proposal_box(const vt_detector *detector, const vt_values *values, size_t p, double box[4]);

#endif
