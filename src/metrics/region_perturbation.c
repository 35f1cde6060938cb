/* SPDX-License-Identifier: Apache-2.0
 *
 * Region perturbation (Samek et al., TNNLS 2017) and selectivity (Montavon, Samek, Müller, DSP 2018): patches
 * taken away in falling order of the map's mean. The first reads the mean drop, the second the area under the
 * scores.
 */
#include "metrics/walk.h"

typedef struct patch_settings {
  int64_t patch, regions;
  int baseline;
} patch_settings;

static const vt_field region_fields[] = {
    {"patch", VT_FIELD_INT, offsetof(patch_settings, patch), "8", VT_RANGE(1, 65536),
     .help = "side of a patch in pixels; an order of regions is walked over its own",
     .aliases = "patch_size"},
    {"regions", VT_FIELD_INT, offsetof(patch_settings, regions), "100", VT_RANGE(1, 1e8),
     .help = "patches taken away, at most all", .aliases = "regions_evaluation"},
    {"baseline", VT_FIELD_CHOICE, offsetof(patch_settings, baseline), "black", .choices = VT_BASELINE_CHOICES,
     .help = VT_BASELINE_MEANING},
};

static const vt_field selectivity_fields[] = {
    {"patch", VT_FIELD_INT, offsetof(patch_settings, patch), "8", VT_RANGE(1, 65536),
     .help = "side of a patch in pixels; an order of regions is walked over its own",
     .aliases = "patch_size"},
    {"baseline", VT_FIELD_CHOICE, offsetof(patch_settings, baseline), "black", .choices = VT_BASELINE_CHOICES,
     .help = VT_BASELINE_MEANING},
};

/* Takes away `regions` patches, 0: all. */
static vt_status walk(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                      const patch_settings *settings, int64_t regions, vt_measure *out)
{
  vt_walk walked = {0};
  vt_probe probe = {0};
  vt_status status;
  VT_TRY_DONE(vt_walk_open(ctx, task, judged, NULL, (int)settings->patch, &walked));
  VT_TRY_DONE(vt_probe_open(ctx, task, (vt_baseline)settings->baseline, &probe));
  int steps = regions > 0 && regions < walked.count ? (int)regions : walked.count;
  status = vt_walk_score(ctx, &walked, &probe, false, false, steps, out);
done:
  vt_probe_close(&probe);
  vt_walk_close(&walked);
  return status;
}

static vt_status measure_drop(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                              const vt_protocol *protocol, const void *given, vt_measure *out)
{
  VT_UNUSED(protocol);
  const patch_settings *settings = given;
  VT_TRY(walk(ctx, task, judged, settings, settings->regions, out));
  double sum = 0;
  for (int k = 1; k < out->points; k++)
    sum += out->scores[0] - out->scores[k];
  out->value = sum / (out->points - 1);
  vt_measure_add(out, "removed", "share of the picture taken away in the end", out->areas[out->points - 1]);
  return VT_OK;
}

static vt_status measure_area(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                              const vt_protocol *protocol, const void *given, vt_measure *out)
{
  VT_UNUSED(protocol);
  VT_TRY(walk(ctx, task, judged, given, 0, out));
  out->value = vt_curve_mean(out);
  return VT_OK;
}

const vt_metric vt_metric_region_perturbation = {
    .id = "region-perturbation",
    .title = "Region perturbation (AOPC)",
    .summary =
        "Mean drop of the target's score over the steps of taking patches away, those with the highest "
        "mean of the map first.",
    .citation = "Samek, W., Binder, A., Montavon, G., Lapuschkin, S., Müller, K.-R. (2017). Evaluating the "
                "visualization of what a deep neural network has learned. IEEE TNNLS 28.",
    .category = "faithfulness",
    .higher_is_better = true,
    .low = -1,
    .high = 1,
    .needs = VT_NEEDS_INPUT,
    .settings_size = sizeof(patch_settings),
    .fields = region_fields,
    .field_count = VT_COUNT(region_fields),
    .run = measure_drop,
};

const vt_metric vt_metric_selectivity = {
    .id = "selectivity",
    .title = "Selectivity",
    .summary =
        "Area under the target's score while all patches are taken away, those with the highest mean of "
        "the map first; steps of equal width, the whole picture included.",
    .citation =
        "Montavon, G., Samek, W., Müller, K.-R. (2018). Methods for interpreting and understanding deep "
        "neural networks. Digital Signal Processing 73.",
    .category = "faithfulness",
    .higher_is_better = false,
    .low = 0,
    .high = 1,
    .needs = VT_NEEDS_INPUT,
    .settings_size = sizeof(patch_settings),
    .fields = selectivity_fields,
    .field_count = VT_COUNT(selectivity_fields),
    .run = measure_area,
};
