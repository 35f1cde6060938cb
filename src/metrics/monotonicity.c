/* SPDX-License-Identifier: Apache-2.0
 *
 * Monotonicity (Arya et al., 2019; correlation form: Nguyen, Martínez, 2020): patches put onto the baseline
 * from the least important to the most; each should raise the score.
 */
#include <math.h>

#include "math/statistics.h"
#include "metrics/walk.h"

typedef struct monotonicity_settings {
  int64_t patch;
  int baseline;
} monotonicity_settings;

static const vt_field fields[] = {
    {"patch", VT_FIELD_INT, offsetof(monotonicity_settings, patch), "8", VT_RANGE(1, 65536),
     .help = "side of a patch in pixels; an order of regions is walked over its own"},
    {"baseline", VT_FIELD_CHOICE, offsetof(monotonicity_settings, baseline), "black",
     .choices = VT_BASELINE_CHOICES, .help = VT_BASELINE_MEANING},
};

static vt_status judge(vt_ctx *ctx, const vt_walk *walk, vt_measure *out)
{
  double correlation, *gains = vt_alloc_zero(ctx, 2 * (size_t)walk->count, sizeof *gains);
  if (!gains) return VT_ERROR_OUT_OF_MEMORY;
  double *means = gains + walk->count;
  int kept = 0;
  for (int t = 1; t <= walk->count; t++) {
    gains[t - 1] = out->scores[t] - out->scores[t - 1];
    means[t - 1] = walk->means[walk->count - t];
    kept += gains[t - 1] >= 0;
  }
  vt_status status = vt_spearman(ctx, means, gains, (size_t)walk->count, &correlation);
  vt_free(gains);
  out->value = (double)kept / walk->count;
  vt_measure_add(out, "always", "1 when no step lowers the score", kept == walk->count);
  vt_measure_add(out, "correlation", "Spearman of a patch's mean with what it adds", correlation);
  return status;
}

static vt_status measure(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                         const vt_protocol *protocol, const void *given, vt_measure *out)
{
  VT_UNUSED(protocol);
  const monotonicity_settings *settings = given;
  vt_walk walk = {0};
  vt_probe probe = {0};
  vt_status status;
  VT_TRY_DONE(vt_walk_open(ctx, task, judged, NULL, (int)settings->patch, &walk));
  VT_TRY_DONE(vt_probe_open(ctx, task, (vt_baseline)settings->baseline, &probe));
  VT_TRY_DONE(vt_walk_score(ctx, &walk, &probe, true, true, walk.count, out));
  status = judge(ctx, &walk, out);
done:
  vt_probe_close(&probe);
  vt_walk_close(&walk);
  return status;
}

const vt_metric vt_metric_monotonicity = {
    .id = "monotonicity",
    .title = "Monotonicity",
    .summary =
        "Share of the steps that do not lower the target's score while patches are put onto the baseline "
        "from the least important to the most; beside it whether all do, and the correlation of a patch's "
        "mean in the map with what it adds.",
    .citation = "Arya, V. et al. (2019). One explanation does not fit all. arXiv:1909.03012.",
    .category = "faithfulness",
    .higher_is_better = true,
    .low = 0,
    .high = 1,
    .needs = VT_NEEDS_INPUT,
    .settings_size = sizeof(monotonicity_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = measure,
};
