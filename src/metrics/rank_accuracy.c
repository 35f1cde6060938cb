/* SPDX-License-Identifier: Apache-2.0
 *
 * Relevance rank accuracy (Arras et al. 2022): of the K highest pixels, K the area of the mask, the share in
 * the mask. Pixels that tie across that place count by their share, so that no order among them is luck.
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
    double hits = 0;
    for (int64_t first = 0, tied, inside; first < located.inside; first += tied) {
      tied = vt_located_tied(&located, first, &inside);
      int64_t taken = located.inside - first < tied ? located.inside - first : tied;
      hits += (double)inside * (double)taken / (double)tied;
    }
    out->value = hits / (double)located.inside;
    vt_measure_add(out, "chance", "share of the mask in the picture",
                   (double)located.inside / (double)located.pixels);
  }
  vt_located_free(&located);
  return status;
}

const vt_metric vt_metric_rank_accuracy = {
    .id = "rank-accuracy",
    .title = "Relevance rank accuracy",
    .summary = "Of as many of the highest pixels as the mask of what decides has, the share that lies in it.",
    .citation = "Arras, L., Osman, A., Samek, W. (2022). CLEVR-XAI. Information Fusion 81.",
    .category = "localisation",
    .higher_is_better = true,
    .low = 0,
    .high = 1,
    .needs = VT_NEEDS_MASKS,
    .run = measure,
};
