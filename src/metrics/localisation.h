/* SPDX-License-Identifier: Apache-2.0
 *
 * What the localisation metrics share: a map or an order of regions against a mask of what decides. None of
 * them runs the model. An empty mask makes every one of them NaN, with a note.
 */
#ifndef VT_METRICS_LOCALISATION_H
#define VT_METRICS_LOCALISATION_H

#include "metrics/metric.h"

/* What is judged, as one number a pixel, beside the mask. */
typedef struct vt_located {
  int height, width;
  int64_t pixels, inside; /* of the picture, of the mask */
  const uint8_t *mask;    /* borrowed */
  double *values;         /* [pixels] the map; of an order the number of regions from this one to the last */
  int32_t *falling;       /* [pixels] by falling value, ties to the lower index */
} vt_located;

/* Checks map or order and counts the mask. VT_ERROR_INVALID_ARGUMENT when a mask is needed and none is given,
 * VT_ERROR_INVALID_DATA for values that are not finite. Sets the measure's tied share. */
vt_status vt_locate(vt_ctx *ctx, const vt_task *task, const vt_judged *judged, bool mask, vt_measure *measure,
                    vt_located *out);
void vt_located_free(vt_located *located);

/* Of pixels that tie from place `first` of `falling` on: how many there are, and how many of them lie in the
 * mask. */
int64_t vt_located_tied(const vt_located *located, int64_t first, int64_t *inside);

/* Of the first `length` regions of an order: the share of their pixels that lies in the mask (purity, NaN for
 * no regions) and the share of the mask that they cover (recall, NaN for an empty mask). */
void vt_region_purity(const vt_regions *regions, const int *order, int length, const uint8_t *mask,
                      double *purity, double *recall);

#endif
