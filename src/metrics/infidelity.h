/* SPDX-License-Identifier: Apache-2.0
 *
 * Infidelity by parts, so that perturbations can be given.
 */
#ifndef VT_METRICS_INFIDELITY_H
#define VT_METRICS_INFIDELITY_H

#include "metrics/probe.h"

/* What a map says of x − I. */
typedef enum vt_reading {
  VT_READING_SENSITIVITY, /* a rate of change for each input value: Σ I·φ */
  VT_READING_ATTRIBUTION  /* a share of f(x) − f(baseline): Σ φ·I/(x − baseline), 0/0 counted as 0 */
} vt_reading;

/* Writes perturbation `sample`: I [floats] in the model's layout. From any thread. */
typedef void (*vt_perturb_fn)(void *user, int sample, float *perturbation);

/* What the map (or, when known, its channels: `attribution`) says of `count` perturbations, in `told`, and
 * f(x) − f(x − I), in `drops`. Takes count + 1 calls. */
vt_status vt_infidelity_weigh(vt_ctx *ctx, const vt_probe *probe, const double *map, const float *attribution,
                              vt_reading reading, vt_perturb_fn perturb, void *user, int count, double *told,
                              double *drops);
/* Mean of (told − drop)², raw and with `told` scaled by the factor that makes it least, β = Σ told·drop /
 * Σ told² (0 for a map that says nothing). */
void vt_infidelity_of(const double *told, const double *drops, int count, double *raw, double *scaled,
                      double *beta);

#endif
