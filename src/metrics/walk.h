/* SPDX-License-Identifier: Apache-2.0
 *
 * A division taken away (or shown) region by region in the order of a map: region perturbation, selectivity,
 * IROF and monotonicity are readings of such a walk.
 */
#ifndef VT_METRICS_WALK_H
#define VT_METRICS_WALK_H

#include "metrics/probe.h"

typedef struct vt_walk {
  const vt_regions *regions;
  vt_regions *own; /* the same when made here */
  int *order;      /* [count] falling mean of the map; an order judged as it is */
  double *means;   /* [count] mean of the map over region order[j]; of an order the number of regions left */
  int count;
  double tied_share;
} vt_walk;

/* Squares of `side` pixels from the top left corner, smaller at the right and lower edge. */
vt_status vt_patches(vt_ctx *ctx, int side, int height, int width, vt_regions **out);

/* An order is walked over its own regions; a map over `regions`, or over vt_patches() of `side` where those
 * are NULL. `regions` is borrowed. VT_ERROR_INVALID_DATA for values that are not finite. */
vt_status vt_walk_open(vt_ctx *ctx, const vt_task *task, const vt_judged *judged, const vt_regions *regions,
                       int side, vt_walk *out);
void vt_walk_close(vt_walk *walk);

/* Scores after 0 to `steps` regions, and the share of pixels they cover, as the measure's curve, with its
 * calls and tied share. `insertion`: shown on the baseline; else taken away. `rising`: from the last region
 * of the order to the first. */
vt_status vt_walk_score(vt_ctx *ctx, const vt_walk *walk, const vt_probe *probe, bool insertion, bool rising,
                        int steps, vt_measure *out);

/* Trapezoid of the measure's scores over equal steps of total length 1. */
double vt_curve_mean(const vt_measure *measure);

#endif
