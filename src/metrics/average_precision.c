/* SPDX-License-Identifier: Apache-2.0
 *
 * Average precision of the map as a score of the mask: mean, over the pixels of the mask, of the precision
 * among all pixels that lie at least as high.
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
  if (located.inside == 0) {
    status = vt_measure_undefined(ctx, out, "the mask is empty");
  } else {
    double sum = 0;
    int64_t above = 0; /* pixels of the mask so far; ties come together */
    for (int64_t first = 0, tied, inside; first < located.pixels; first += tied) {
      tied = vt_located_tied(&located, first, &inside);
      above += inside;
      sum += (double)inside * (double)above / (double)(first + tied);
    }
    out->value = sum / (double)located.inside;
    vt_measure_add(out, "chance", "share of the mask in the picture",
                   (double)located.inside / (double)located.pixels);
  }
  vt_located_free(&located);
  return status;
}

const vt_metric vt_metric_average_precision = {
    .id = "average-precision",
    .title = "Average precision",
    .summary =
        "Area under the curve of precision over recall of the map's pixels as a score of the mask of what "
        "decides; a constant map has the share of the mask in the picture. Its mean over pictures is mAP.",
    .citation =
        "Davis, J., Goadrich, M. (2006). The relationship between precision-recall and ROC curves. ICML.",
    .category = "localisation",
    .higher_is_better = true,
    .low = 0,
    .high = 1,
    .needs = VT_NEEDS_MASKS,
    .run = measure,
};
