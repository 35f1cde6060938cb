/* SPDX-License-Identifier: Apache-2.0
 *
 * Sampling with soft random masks (grid_masks.h): the mean of masks, weighed by the score of the picture seen
 * through each. What RISE and D-RISE have in common.
 */
#ifndef VT_ATTRIBUTION_GRID_SAMPLING_H
#define VT_ATTRIBUTION_GRID_SAMPLING_H

#include "explain/map.h"

typedef struct vt_grid_sampling {
  const char *method; /* its id, for messages */
  int64_t samples;
  int grid;      /* cells along a side, ≥ 1 */
  double kept;   /* chance of a cell */
  bool coverage; /* sums are divided by what masks did show of a pixel, not by what they show on average */
  const char *baseline; /* vt_baseline_make() */
} vt_grid_sampling;

/* Sets the explanation's map: Σ score · mask / (n · kept), or by coverage. */
vt_status vt_grid_sample(vt_ctx *ctx, const vt_task *task, const vt_grid_sampling *sampling,
                         vt_explanation *explanation);

#endif
