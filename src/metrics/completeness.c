/* SPDX-License-Identifier: Apache-2.0
 *
 * Completeness (Sundararajan, Taly, Yan, ICML 2017; efficiency of Shapley values): a map that shares out the
 * score adds up to what was shared out.
 */
#include <math.h>

#include "metrics/localisation.h"
#include "metrics/probe.h"

typedef struct completeness_settings {
  int baseline;
} completeness_settings;

static const vt_field fields[] = {
    {"baseline", VT_FIELD_CHOICE, offsetof(completeness_settings, baseline), "black",
     .choices = VT_BASELINE_CHOICES, .help = VT_BASELINE_MEANING},
};

static vt_status measure(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                         const vt_protocol *protocol, const void *given, vt_measure *out)
{
  VT_UNUSED(protocol);
  const completeness_settings *settings = given;
  if (!judged->map) return vt_measure_undefined(ctx, out, "an order of regions shares nothing out");
  vt_located located = {0};
  vt_probe probe = {0};
  double full, blank, sum = 0;
  vt_status status;
  VT_TRY_DONE(vt_locate(ctx, task, judged, false, out, &located));
  VT_TRY_DONE(vt_probe_open(ctx, task, (vt_baseline)settings->baseline, &probe));
  out->calls = 2;
  VT_TRY_DONE(vt_probe_ends(ctx, &probe, &full, &blank));
  for (size_t i = 0; i < probe.pixels; i++)
    sum += located.values[i];
  out->value = fabs(sum - (full - blank)) / (fabs(full - blank) + 1e-9);
  vt_measure_add(out, "sum", "sum of the map", sum);
  vt_measure_add(out, "difference", "score of the picture less that of the baseline", full - blank);
done:
  vt_probe_close(&probe);
  vt_located_free(&located);
  return status;
}

const vt_metric vt_metric_completeness = {
    .id = "completeness",
    .title = "Completeness",
    .summary =
        "How far the sum of the map is from the score of the picture less that of the baseline, as a share "
        "of "
        "that difference. For methods that share the score out, with the baseline they used; it says nothing "
        "of others.",
    .citation = "Sundararajan, M., Taly, A., Yan, Q. (2017). Axiomatic attribution for deep networks. ICML.",
    .category = "axioms",
    .higher_is_better = false,
    .low = 0,
    .high = INFINITY,
    .needs = VT_NEEDS_INPUT,
    .settings_size = sizeof(completeness_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = measure,
};
