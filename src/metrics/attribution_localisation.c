/* SPDX-License-Identifier: Apache-2.0
 *
 * Attribution localisation (Kohlbrenner et al., IJCNN 2020): the share of a map's positive values inside
 * the mask, and the same over the share of the picture that the mask is.
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
  } else if (!judged->map) {
    status = vt_measure_undefined(ctx, out, "an order of regions has no mass");
  } else {
    double total = 0, inside = 0, most = 0;
    for (int64_t i = 0; i < located.pixels; i++) {
      double mass = fmax(located.values[i], 0);
      most = fmax(most, fabs(located.values[i]));
      total += mass;
      if (located.mask[i]) inside += mass;
    }
    if (total > 0) {
      out->value = (inside / most) / (total / most + 1e-9);
      vt_measure_add(out, "weighted", "times the picture's area over the mask's",
                     out->value * (double)located.pixels / (double)located.inside);
    } else {
      status = vt_measure_undefined(ctx, out, "the map has no positive value");
    }
  }
  vt_located_free(&located);
  return status;
}

const vt_metric vt_metric_attribution_localisation = {
    .id = "attribution-localisation",
    .title = "Attribution localisation",
    .summary = "Share of the map's positive values that lies in the mask of what decides, and beside it the "
               "same times "
               "the area of the picture over that of the mask: 1 there is what a constant map has.",
    .citation = "Kohlbrenner, M., Bauer, A., Nakajima, S., Binder, A., Samek, W., Lapuschkin, S. (2020). "
                "Towards best "
                "practice in explaining neural network decisions with LRP. IJCNN.",
    .category = "localisation",
    .higher_is_better = true,
    .low = 0,
    .high = 1,
    .needs = VT_NEEDS_MASKS,
    .run = measure,
};
