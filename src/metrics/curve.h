/* SPDX-License-Identifier: Apache-2.0
 *
 * Perturbation curves: pixels revealed or removed in order, the score at every step. All curve metrics stand
 * on this.
 */
#ifndef VT_METRICS_CURVE_H
#define VT_METRICS_CURVE_H

#include "metrics/probe.h"

typedef struct vt_curve {
  double *scores;    /* [points] */
  double *areas;     /* [points] share of pixels revealed (insertion) or removed (deletion) */
  int points;        /* steps + 1 */
  bool region_steps; /* one step for each region */
  double tied_share; /* share of map pixels whose value another pixel has too */
} vt_curve;

/* Insertion starts from the protocol's baseline and pastes the picture, deletion the other way round. */
vt_status vt_curve_run(vt_ctx *ctx, const vt_task *task, const vt_judged *judged, const vt_protocol *protocol,
                       bool insertion, vt_curve *out);
void vt_curve_free(vt_curve *curve);
/* Scores of the inputs on which the first shown[t] of `pixels` are pasted, [points]: the picture onto the
 * baseline (insertion) or the other way round. */
vt_status vt_curve_scores(vt_ctx *ctx, const vt_probe *probe, const int32_t *pixels, const int64_t *shown,
                          int points, bool insertion, double *scores);

/* Area under the curve by the protocol's rule: trapezoid over area, or (Σs − s₀/2 − s_T/2)/T. */
double vt_curve_auc(const vt_curve *curve, const vt_protocol *protocol);
/* The same of (s − blank)/(full − blank) clipped to [0, 1]; NaN when full − blank ≤ 0.05. */
double vt_curve_normalised_auc(const vt_curve *curve, const vt_protocol *protocol, bool insertion);
/* Moves scores and areas into a measure. */
void vt_curve_give(vt_curve *curve, vt_measure *measure);

#endif
