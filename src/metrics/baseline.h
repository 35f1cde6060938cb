/* SPDX-License-Identifier: Apache-2.0
 *
 * What a perturbation protocol puts where the picture is not.
 */
#ifndef VT_METRICS_BASELINE_H
#define VT_METRICS_BASELINE_H

#include "metrics/metric.h"

/* Fills `out` (an input of the model, normalised, in its layout). `picture` is the whole
 * picture in the same form. */
vt_status vt_baseline_floats(vt_ctx *ctx, const vt_task *task, vt_baseline kind, const float *picture,
                             float *out);

/* RISE's kernel [11, 11]: what a Gaussian filter of σ 5 (cut at 4σ, half-sample mirror at the edge) makes of
 * a unit impulse in the middle of an 11×11 picture. The mirror makes it flatter than the plain Gaussian. */
void vt_rise_kernel(double kernel[11][11]);

#endif
