/* SPDX-License-Identifier: Apache-2.0
 *
 * A picture shaken and explained again: what the robustness metrics share.
 */
#ifndef VT_METRICS_SHAKE_H
#define VT_METRICS_SHAKE_H

#include "metrics/infidelity.h"

/* A shaken picture with its map, beside the picture and its own. */
typedef struct vt_shaken {
  int sample;
  const double *map, *base; /* [size] of the shaken picture, of the picture */
  size_t size;
  const float *input, *picture; /* [floats] */
  size_t floats;
} vt_shaken;
typedef struct vt_shake_report {
  int kept;    /* samples handed over */
  double self; /* distance of the picture's map made with other random numbers, over the length of the first:
                  0 for methods that draw nothing */
} vt_shake_report;
typedef vt_status (*vt_shaken_fn)(vt_ctx *ctx, void *user, const vt_shaken *shaken);

/* Explains the picture twice, with the same and with other random numbers, then `count` times the picture
 * with what `perturb` writes added, with the same ones, and hands each of these over. `keep_answer`:
 * samples whose most probable class is another one are left out. */
vt_status vt_shake(vt_ctx *ctx, const vt_probe *probe, const vt_explainer *explainer, int count,
                   vt_perturb_fn perturb, void *perturb_user, bool keep_answer, vt_shaken_fn see, void *user,
                   vt_shake_report *out);

double vt_distance(const double *a, const double *b, size_t count); /* Euclidean */
double vt_length(const double *a, size_t count);

#endif
