/* SPDX-License-Identifier: Apache-2.0
 *
 * IROF (Rieger, Hansen, 2020): superpixels taken away in falling order of the map's mean, the score as a
 * share of what it was, area over that curve.
 */
#include <math.h>

#include "metrics/walk.h"

typedef struct irof_settings {
  char *regions;
  int baseline;
} irof_settings;

static const vt_field fields[] = {
    {"regions", VT_FIELD_STRING, offsetof(irof_settings, regions), "slico",
     .help = "division of the picture for maps; an order of regions is walked over its own"},
    {"baseline", VT_FIELD_CHOICE, offsetof(irof_settings, baseline), "mean", .choices = VT_BASELINE_CHOICES,
     .help = VT_BASELINE_MEANING},
};

static vt_status measure(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                         const vt_protocol *protocol, const void *given, vt_measure *out)
{
  VT_UNUSED(protocol);
  const irof_settings *settings = given;
  vt_regions *division = NULL;
  vt_walk walk = {0};
  vt_probe probe = {0};
  vt_status status;
  if (!judged->order)
    VT_TRY(vt_divide(ctx, settings->regions ? settings->regions : "slico", task->picture, &division, NULL));
  VT_TRY_DONE(vt_walk_open(ctx, task, judged, division, 0, &walk));
  VT_TRY_DONE(vt_probe_open(ctx, task, (vt_baseline)settings->baseline, &probe));
  VT_TRY_DONE(vt_walk_score(ctx, &walk, &probe, false, false, walk.count, out));
  double full = out->scores[0], sum = 0, last = 0;
  if (!(fabs(full) > 1e-9)) {
    status = vt_measure_undefined(ctx, out, "the score of the whole picture is 0: nothing is a share of it");
    goto done;
  }
  for (int k = 1; k < out->points; k++)
    sum += last = 1 - out->scores[k] / full;
  out->value = sum;
  vt_measure_add(out, "mean", "the same for one region", sum / walk.count);
  /* a trapezoid over the points behind the start, taken from their number: one is what its end points lose */
  double first = 1 - out->scores[1] / full;
  vt_measure_add(out, "quantus", "as Quantus counts it: regions less the trapezoid",
                 sum - (first + last) / 2 + 1);
  vt_measure_add(out, "regions", "regions taken away", walk.count);
done:
  vt_probe_close(&probe);
  vt_walk_close(&walk);
  vt_regions_free(division);
  return status;
}

const vt_metric vt_metric_irof = {
    .id = "irof",
    .title = "IROF",
    .summary = "Area over the target's score, as a share of what it was, while superpixels are taken away, "
               "those with "
               "the highest mean of the map first: a sum over them, so that figures of divisions of "
               "different size do "
               "not compare; its mean beside it.",
    .citation =
        "Rieger, L., Hansen, L. K. (2020). IROF: a low resource evaluation metric for explanation methods. "
        "arXiv:2003.08747.",
    .category = "faithfulness",
    .higher_is_better = true,
    .low = -INFINITY,
    .high = INFINITY,
    .needs = VT_NEEDS_INPUT,
    .settings_size = sizeof(irof_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = measure,
};
