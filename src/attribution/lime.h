/* SPDX-License-Identifier: Apache-2.0
 *
 * LIME's parts that others can be compared with: how near a subset is to the whole, and the fit.
 */
#ifndef VT_ATTRIBUTION_LIME_H
#define VT_ATTRIBUTION_LIME_H

#include "math/regression.h"

typedef enum vt_lime_distance {
  VT_LIME_COSINE,       /* of the row of zeros and ones and the row of ones: 1 − √(kept / parts) */
  VT_LIME_EUCLIDEAN,    /* of the same: √(parts hidden) */
  VT_LIME_INPUT_COSINE, /* of the normalised inputs */
  VT_LIME_INPUT_EUCLIDEAN
} vt_lime_distance;
#define VT_LIME_DISTANCE_CHOICES "cosine|euclidean|input-cosine|input-euclidean"

typedef enum vt_lime_fit { VT_LIME_RIDGE, VT_LIME_LASSO, VT_LIME_LEAST_SQUARES } vt_lime_fit;
#define VT_LIME_FIT_CHOICES "ridge|lasso|least-squares"

/* Weight of a row at distance d: exp(−d² / 2 width²), which is √exp(−d² / width²). */
double vt_lime_weight(double distance, double width);
/* Cosine distance of a row with `kept` of `parts` ones to the row of ones. No ones: 1. */
double vt_lime_cosine(int kept, int parts);
vt_status vt_lime_solve(vt_ctx *ctx, vt_lime_fit fit, const vt_regression *problem, double penalty,
                        double *coefficients);

#endif
