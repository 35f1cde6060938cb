/* SPDX-License-Identifier: Apache-2.0
 *
 * Average drop, increase (Chattopadhyay et al., WACV 2018) and gain (Zhang et al., 2024): the picture faded
 * into the baseline where the map is low, by the map's absolute value brought to [0, 1].
 */
#include <math.h>

#include "metrics/localisation.h"
#include "metrics/probe.h"

typedef struct fading_settings {
  int baseline;
} fading_settings;

static const vt_field fields[] = {
    {"baseline", VT_FIELD_CHOICE, offsetof(fading_settings, baseline), "zero", .choices = VT_BASELINE_CHOICES,
     .help = VT_BASELINE_MEANING},
};

typedef struct fading {
  const vt_probe *probe;
  double *mask; /* [pixels] */
} fading;

static void compose(void *user, int item, float *input)
{
  const fading *f = user;
  const vt_probe *probe = f->probe;
  for (size_t p = 0; p < probe->pixels; p++)
    for (int c = 0; c < probe->channels; c++) {
      size_t at = vt_probe_at(probe, p, c);
      double whole = (double)probe->picture[at], blank = (double)probe->baseline[at];
      input[at] = item == 0 ? probe->picture[at] : (float)(blank + (whole - blank) * f->mask[p]);
    }
}

/* |values| to [0, 1]; of a constant map everything is shown. */
static void set_mask(const double *values, size_t count, double *mask)
{
  double low = fabs(values[0]), high = low;
  for (size_t i = 1; i < count; i++) {
    low = fmin(low, fabs(values[i]));
    high = fmax(high, fabs(values[i]));
  }
  for (size_t i = 0; i < count; i++)
    mask[i] = high > low ? (fabs(values[i]) - low) / (high - low) : 1;
}

/* Scores of the picture, and of what the map leaves of it. */
static vt_status fade(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                      const fading_settings *settings, vt_measure *out, double scores[2])
{
  vt_located located = {0};
  vt_probe probe = {0};
  fading f = {.probe = &probe};
  vt_status status;
  VT_TRY_DONE(vt_locate(ctx, task, judged, false, out, &located));
  VT_TRY_DONE(vt_probe_open(ctx, task, (vt_baseline)settings->baseline, &probe));
  f.mask = vt_alloc_zero(ctx, probe.pixels, sizeof *f.mask);
  if (!f.mask) {
    status = VT_ERROR_OUT_OF_MEMORY;
    goto done;
  }
  set_mask(located.values, probe.pixels, f.mask);
  out->calls = 2;
  VT_TRY_DONE(vt_probe_score(ctx, &probe, 2, compose, &f, scores, NULL));
  vt_measure_add(out, "full", "score of the whole picture", scores[0]);
  vt_measure_add(out, "kept", "score of what the map leaves", scores[1]);
done:
  vt_free(f.mask);
  vt_probe_close(&probe);
  vt_located_free(&located);
  return status;
}

static vt_status measure_drop(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                              const vt_protocol *protocol, const void *settings, vt_measure *out)
{
  VT_UNUSED(protocol);
  double scores[2];
  VT_TRY(fade(ctx, task, judged, settings, out, scores));
  if (!(scores[0] > 1e-9))
    return vt_measure_undefined(ctx, out, "the score of the whole picture is not above 0");
  out->value = fmax(scores[0] - scores[1], 0) / scores[0];
  return VT_OK;
}

static vt_status measure_increase(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                                  const vt_protocol *protocol, const void *settings, vt_measure *out)
{
  VT_UNUSED(protocol);
  double scores[2];
  VT_TRY(fade(ctx, task, judged, settings, out, scores));
  out->value = scores[1] > scores[0];
  return VT_OK;
}

static vt_status measure_gain(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                              const vt_protocol *protocol, const void *settings, vt_measure *out)
{
  VT_UNUSED(protocol);
  double scores[2];
  VT_TRY(fade(ctx, task, judged, settings, out, scores));
  if (!(scores[0] < 1 - 1e-9))
    return vt_measure_undefined(ctx, out, "the score of the whole picture is not below 1");
  out->value = fmax(scores[1] - scores[0], 0) / (1 - scores[0]);
  return VT_OK;
}

const vt_metric vt_metric_average_drop = {
    .id = "average-drop",
    .title = "Average drop",
    .summary =
        "What the target's score loses, as a share of it, when the picture is faded into the baseline where "
        "the map is low (its absolute value, brought to 0 to 1).",
    .citation = "Chattopadhyay, A., Sarkar, A., Howlader, P., Balasubramanian, V. (2018). Grad-CAM++. WACV.",
    .category = "faithfulness",
    .higher_is_better = false,
    .low = 0,
    .high = 1,
    .needs = VT_NEEDS_INPUT,
    .settings_size = sizeof(fading_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = measure_drop,
};

const vt_metric vt_metric_average_increase = {
    .id = "average-increase",
    .title = "Average increase",
    .summary = "1 when the target's score rises as the picture is faded into the baseline where the map is "
               "low, else "
               "0; its mean over pictures is the share that gains.",
    .citation = "Chattopadhyay, A., Sarkar, A., Howlader, P., Balasubramanian, V. (2018). Grad-CAM++. WACV.",
    .category = "faithfulness",
    .higher_is_better = true,
    .low = 0,
    .high = 1,
    .needs = VT_NEEDS_INPUT,
    .settings_size = sizeof(fading_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = measure_increase,
};

const vt_metric vt_metric_average_gain = {
    .id = "average-gain",
    .title = "Average gain",
    .summary = "What the target's probability gains, as a share of what it could, when the picture is faded "
               "into the "
               "baseline where the map is low.",
    .citation = "Zhang, H., Torres, F., Sicre, R., Avrithis, Y., Ayache, S. (2024). Opti-CAM. CVIU 248.",
    .category = "faithfulness",
    .higher_is_better = true,
    .low = 0,
    .high = 1,
    .needs = VT_NEEDS_INPUT,
    .settings_size = sizeof(fading_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = measure_gain,
};
