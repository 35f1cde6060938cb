/* SPDX-License-Identifier: Apache-2.0
 *
 * The map as a score of the mask: area under the ROC curve, the chance that a pixel of the mask lies higher
 * than one outside, ties a half.
 */
#include <math.h>

#include "metrics/localisation.h"

static vt_status measure(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                         const vt_protocol *protocol, const void *settings, vt_measure *out)
{
  VT_UNUSED(protocol);
  VT_UNUSED(settings);
  vt_located located;
  VT_TRY(vt_locate(ctx, task, judged, true, out, &located));
  vt_status status = VT_OK;
  int64_t outside = located.pixels - located.inside;
  if (located.inside == 0 || outside == 0) {
    status = vt_measure_undefined(ctx, out, "the mask is empty or the whole picture");
  } else {
    double wins = 0;
    int64_t above = 0; /* pixels of the mask that lie higher */
    for (int64_t first = 0, tied, inside; first < located.pixels; first += tied) {
      tied = vt_located_tied(&located, first, &inside);
      wins += (double)(tied - inside) * ((double)above + (double)inside / 2);
      above += inside;
    }
    out->value = wins / ((double)located.inside * (double)outside);
  }
  vt_located_free(&located);
  return status;
}

const vt_metric vt_metric_localisation_auc = {
    .id = "localisation-auc",
    .title = "Localisation AUC",
    .summary =
        "Chance that a pixel in the mask of what decides lies higher in the map than one outside, ties "
        "a half; 0.5 for a map that knows nothing.",
    .citation = "Fawcett, T. (2006). An introduction to ROC analysis. Pattern Recognition Letters 27.",
    .category = "localisation",
    .higher_is_better = true,
    .low = 0,
    .high = 1,
    .needs = VT_NEEDS_MASKS,
    .run = measure,
};
