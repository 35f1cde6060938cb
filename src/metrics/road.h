/* SPDX-License-Identifier: Apache-2.0
 *
 * ROAD by parts.
 */
#ifndef VT_METRICS_ROAD_H
#define VT_METRICS_ROAD_H

#include "metrics/probe.h"

/* Pixels that a share takes out: those at or above the (1 − share) quantile of a map without ties,
 * 1 + ⌊share·(pixels − 1)⌋, less one where that is all of them. */
int64_t vt_road_count(double share, int64_t pixels);
/* The picture without `count` of `pixels`, filled in (vt_impute()) with normal noise of that deviation on
 * top, in `input` [floats] of the model. */
vt_status vt_road_input(vt_ctx *ctx, const vt_probe *probe, const int32_t *pixels, int64_t count,
                        double noise, uint64_t seed, uint64_t stream, float *input);

#endif
