/* SPDX-License-Identifier: Apache-2.0
 *
 * MuFidelity (Bhatt, Weller, Moura: "Evaluating and aggregating feature-based model explanations", IJCAI
 * 2020), in the form of xplique: cells of a grid are hidden at random, the drops of the score ranked against
 * the sums of the map over what was hidden.
 */
#include "math/statistics.h"
#include "metrics/subsets.h"

typedef struct mufidelity_settings {
  int64_t grid, samples;
  double share;
  int baseline;
} mufidelity_settings;

static const vt_field fields[] = {
    {"grid", VT_FIELD_INT, offsetof(mufidelity_settings, grid), "9", VT_RANGE(1, 1024),
     .help = "cells along each side of the picture", .aliases = "grid_size"},
    {"samples", VT_FIELD_INT, offsetof(mufidelity_settings, samples), "200", VT_RANGE(2, 1e6),
     .help = "subsets drawn", .aliases = "nb_samples"},
    {"share", VT_FIELD_REAL, offsetof(mufidelity_settings, share), "0.2", VT_RANGE(0, 1),
     .help = "probability with which a cell is hidden", .aliases = "subset_percent"},
    {"baseline", VT_FIELD_CHOICE, offsetof(mufidelity_settings, baseline), "black",
     .choices = VT_BASELINE_CHOICES, .help = VT_BASELINE_MEANING},
};

static vt_status draw(vt_ctx *ctx, const vt_task *task, const void *given, const vt_probe *probe,
                      vt_subsets *out)
{
  const mufidelity_settings *settings = given;
  int cells = (int)(settings->grid * settings->grid), count = (int)settings->samples;
  size_t size;
  if (!vt_size_mul((size_t)cells, (size_t)count, &size))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "grid and samples are too large");
  int32_t *labels = vt_alloc_zero(ctx, probe->pixels, sizeof *labels);
  uint8_t *design = vt_alloc_zero(ctx, size, 1);
  vt_status status = labels && design ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    vt_grid_cells((int)settings->grid, probe->height, probe->width, labels);
    for (size_t i = 0; i < size; i++)
      design[i] = vt_random_uniform(task->seed, vt_stream("mufidelity", 0), i) < settings->share;
    status = vt_subsets_of_cells(ctx, design, count, cells, labels, (int64_t)probe->pixels, out);
  }
  vt_free(labels);
  vt_free(design);
  return status;
}

static vt_status measure(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                         const vt_protocol *protocol, const void *given, vt_measure *out)
{
  VT_UNUSED(protocol);
  const mufidelity_settings *settings = given;
  const vt_subsets_metric metric = {
      .baseline = (vt_baseline)settings->baseline,
      .draw = draw,
      .compare = vt_spearman,
      .undefined = "the drops or the sums of the map are all equal; xplique counts this as 0"};
  return vt_subsets_measure(ctx, task, judged, settings, &metric, out);
}

const vt_metric vt_metric_mufidelity = {
    .id = "mufidelity",
    .title = "MuFidelity",
    .summary =
        "Spearman's correlation, over random subsets of grid cells, of the drop of the target's score when "
        "the "
        "cells are hidden with the sum of the map over them. An order of regions counts as a map in which a "
        "pixel has the number of regions from its own to the last.",
    .citation = "Bhatt, U., Weller, A., Moura, J. (2020). Evaluating and aggregating feature-based model "
                "explanations. IJCAI.",
    .category = "faithfulness",
    .higher_is_better = true,
    .low = -1,
    .high = 1,
    .needs = VT_NEEDS_INPUT,
    .settings_size = sizeof(mufidelity_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = measure,
};
