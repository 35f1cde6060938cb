/* SPDX-License-Identifier: Apache-2.0
 *
 * Average highest confidence (LiMA, SMDL): for a mistaken picture, the highest score of the true class over
 * the insertion steps that reveal at most 25, 50, 75, 100 % of the area. Steps by region leave the blank out;
 * a share that no step fits is NaN.
 */
#include <math.h>

#include "metrics/curve.h"

static vt_status measure(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                         const vt_protocol *protocol, const void *settings, vt_measure *out)
{
  static const double shares[4] = {0.25, 0.5, 0.75, 1.0};
  static const char *const names[5] = {"25", "50", "75", "100", "area_of_highest"};
  static const char *const titles[5] = {"highest within 25 % of the area", "highest within 50 %",
                                        "highest within 75 %", "highest within 100 %",
                                        "share of the area at the highest"};
  VT_UNUSED(settings);
  vt_curve curve;
  VT_TRY(vt_curve_run(ctx, task, judged, protocol, true, &curve));
  int best = 1;
  for (int s = 0; s < 4; s++) {
    out->extra[s] = NAN;
    int last = (int)floor(shares[s] * (curve.points - 1));
    for (int t = 1; t < curve.points; t++) {
      bool fits = curve.region_steps ? curve.areas[t] <= shares[s] + 1e-12 : t <= last;
      if (fits && !(curve.scores[t] <= out->extra[s])) out->extra[s] = curve.scores[t];
      if (curve.scores[t] > curve.scores[best]) best = t;
    }
  }
  out->extra[4] = curve.areas[best];
  out->extra_count = (int)VT_COUNT(names);
  for (int i = 0; i < out->extra_count; i++) {
    out->extra_names[i] = names[i];
    out->extra_titles[i] = titles[i];
  }
  out->value = out->extra[3];
  out->normalised = NAN;
  vt_curve_give(&curve, out);
  return VT_OK;
}

const vt_metric vt_metric_highest_confidence = {
    .id = "average-highest-confidence",
    .title = "Average highest confidence",
    .summary =
        "Highest score of the target over insertion steps within 25, 50, 75 and 100 % of the area; meant for "
        "pictures the model gets wrong, with the true class as the target.",
    .citation = "Chen, R. et al. (2024). SMDL-Attribution. ICLR.",
    .category = "faithfulness",
    .higher_is_better = true,
    .low = 0,
    .high = 1,
    .needs = VT_NEEDS_INPUT,
    .curve = true,
    .run = measure,
};
