/* SPDX-License-Identifier: Apache-2.0
 *
 * Pixel flipping (Bach et al., PLoS ONE 2015): single pixels taken away, the most important first.
 */
#include "metrics/curve.h"
#include "metrics/pixel_order.h"
#include "metrics/walk.h"

typedef struct flipping_settings {
  int64_t step;
  int baseline;
} flipping_settings;

static const vt_field fields[] = {
    {"step", VT_FIELD_INT, offsetof(flipping_settings, step), "16", VT_RANGE(1, 1e8),
     .help = "pixels a step; more than the picture has are one step", .aliases = "features_in_step"},
    {"baseline", VT_FIELD_CHOICE, offsetof(flipping_settings, baseline), "black",
     .choices = VT_BASELINE_CHOICES, .help = VT_BASELINE_MEANING},
};

static vt_status flip(vt_ctx *ctx, const vt_judged *judged, const vt_probe *probe, int64_t step,
                      vt_measure *out)
{
  int64_t pixels = (int64_t)probe->pixels;
  out->points = (int)((pixels + step - 1) / step) + 1;
  out->calls = out->points;
  out->scores = vt_alloc_zero(ctx, (size_t)out->points, sizeof *out->scores);
  out->areas = vt_alloc_zero(ctx, (size_t)out->points, sizeof *out->areas);
  int32_t *sequence = vt_alloc_zero(ctx, probe->pixels, sizeof *sequence);
  int64_t *shown = vt_alloc_zero(ctx, (size_t)out->points, sizeof *shown);
  vt_status status = out->scores && out->areas && sequence && shown ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (int t = 1; status == VT_OK && t < out->points; t++) {
    shown[t] = t * step < pixels ? t * step : pixels;
    out->areas[t] = (double)shown[t] / (double)pixels;
  }
  if (status == VT_OK)
    status = vt_pixel_order(ctx, judged, probe->height, probe->width, sequence, &out->tied_share);
  if (status == VT_OK) status = vt_curve_scores(ctx, probe, sequence, shown, out->points, false, out->scores);
  vt_free(sequence);
  vt_free(shown);
  return status;
}

static vt_status measure(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                         const vt_protocol *protocol, const void *given, vt_measure *out)
{
  VT_UNUSED(protocol);
  const flipping_settings *settings = given;
  vt_probe probe = {0};
  vt_status status = vt_probe_open(ctx, task, (vt_baseline)settings->baseline, &probe);
  if (status == VT_OK) status = flip(ctx, judged, &probe, settings->step, out);
  vt_probe_close(&probe);
  VT_TRY(status);
  out->value = vt_curve_mean(out);
  double sum = 0;
  for (int t = 1; t < out->points; t++)
    sum += out->scores[t];
  vt_measure_add(out, "quantus", "as Quantus counts it: steps of width 1, without the whole picture",
                 sum - (out->scores[1] + out->scores[out->points - 1]) / 2);
  return VT_OK;
}

const vt_metric vt_metric_pixel_flipping = {
    .id = "pixel-flipping",
    .title = "Pixel flipping",
    .summary =
        "Area under the target's score while single pixels are taken away, those with the highest value of "
        "the map first; steps of equal width, the whole picture included.",
    .citation =
        "Bach, S., Binder, A., Montavon, G., Klauschen, F., Müller, K.-R., Samek, W. (2015). On pixel-wise "
        "explanations. PLoS ONE 10.",
    .category = "faithfulness",
    .higher_is_better = false,
    .low = 0,
    .high = 1,
    .needs = VT_NEEDS_INPUT,
    .settings_size = sizeof(flipping_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = measure,
};
