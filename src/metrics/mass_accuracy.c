/* SPDX-License-Identifier: Apache-2.0
 *
 * Relevance mass accuracy (Arras et al. 2022): the share of a map's positive mass that lies in the mask.
 */
#include <math.h>

#include "metrics/localisation.h"

/* Positive mass of the values less `least`, over all pixels and inside the mask. */
static double share_inside(const vt_located *located, double least)
{
  double sum = 0, inside = 0;
  for (int64_t i = 0; i < located->pixels; i++) {
    double mass = located->values[i] - least;
    if (mass <= 0) continue;
    sum += mass;
    if (located->mask[i]) inside += mass;
  }
  return sum > 0 ? inside / sum : NAN;
}

static vt_status measure(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                         const vt_protocol *protocol, const void *settings, vt_measure *out)
{
  VT_UNUSED(protocol);
  VT_UNUSED(settings);
  vt_located located;
  VT_TRY(vt_locate(ctx, task, judged, true, out, &located));
  vt_status status = VT_OK;
  out->value = NAN;
  if (!judged->map) {
    status = vt_measure_undefined(ctx, out, "an order of regions has no mass");
  } else if (located.inside == 0) {
    status = vt_measure_undefined(ctx, out, "the mask is empty");
  } else {
    out->value = share_inside(&located, 0);
    if (isnan(out->value)) status = vt_measure_undefined(ctx, out, "the map has no positive value");
    /* the energy-based pointing game of Score-CAM: the least value becomes 0 */
    vt_measure_add(out, "from_least", "above the map's least value",
                   share_inside(&located, located.values[located.falling[located.pixels - 1]]));
    vt_measure_add(out, "chance", "share of the mask in the picture",
                   (double)located.inside / (double)located.pixels);
  }
  vt_located_free(&located);
  return status;
}

const vt_metric vt_metric_mass_accuracy = {
    .id = "mass-accuracy",
    .title = "Relevance mass accuracy",
    .summary =
        "Share of the map's positive mass that lies in the mask of what decides; negative values count "
        "as 0. Beside it the same after the map's least value was taken off (the energy-based pointing "
        "game).",
    .citation = "Arras, L., Osman, A., Samek, W. (2022). CLEVR-XAI. Information Fusion 81.",
    .category = "localisation",
    .higher_is_better = true,
    .low = 0,
    .high = 1,
    .needs = VT_NEEDS_MASKS,
    .run = measure,
};
