/* SPDX-License-Identifier: Apache-2.0
 *
 * Sensitivity-n (Ancona, Ceolini, Öztireli, Gross, ICLR 2018): for each n, subsets of exactly n features;
 * Pearson's correlation of drops and sums. Features are cells of a grid: single pixels of a photograph change
 * nothing.
 */
#include <math.h>

#include "math/statistics.h"
#include "metrics/localisation.h"
#include "metrics/subsets.h"

typedef struct sensitivity_settings {
  int64_t grid, samples;
  vt_reals shares;
  int baseline;
} sensitivity_settings;

static const vt_field fields[] = {
    {"grid", VT_FIELD_INT, offsetof(sensitivity_settings, grid), "7", VT_RANGE(1, 1024),
     .help = "cells along each side of the picture"},
    {"samples", VT_FIELD_INT, offsetof(sensitivity_settings, samples), "100", VT_RANGE(2, 1e6),
     .help = "subsets drawn for each n"},
    {"shares", VT_FIELD_REALS, offsetof(sensitivity_settings, shares), "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8",
     VT_RANGE(0, 1), .help = "n as shares of the cells, rounded, at least one cell"},
    {"baseline", VT_FIELD_CHOICE, offsetof(sensitivity_settings, baseline), "black",
     .choices = VT_BASELINE_CHOICES, .help = VT_BASELINE_MEANING},
};

/* Pearson's correlation for subsets of one size. */
static vt_status correlate(vt_ctx *ctx, const vt_task *task, const sensitivity_settings *settings,
                           const vt_probe *probe, const double *values, const int32_t *labels, int size,
                           double *out)
{
  int cells = (int)(settings->grid * settings->grid), count = (int)settings->samples;
  size_t total;
  if (!vt_size_mul((size_t)cells, (size_t)count, &total))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "grid and samples are too large");
  vt_subsets subsets = {0};
  uint8_t *design = vt_alloc_zero(ctx, total, 1);
  int *order = vt_alloc_zero(ctx, (size_t)cells, sizeof *order);
  double *drops = vt_alloc_zero(ctx, 2 * (size_t)count, sizeof *drops);
  vt_status status = design && order && drops ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; status == VT_OK && i < count; i++) {
    vt_random_permutation(task->seed, vt_stream("sensitivity-n", (uint64_t)size * 1000003 + (uint64_t)i),
                          order, cells);
    for (int j = 0; j < size; j++)
      design[(size_t)i * (size_t)cells + (size_t)order[j]] = 1;
  }
  if (status == VT_OK)
    status = vt_subsets_of_cells(ctx, design, count, cells, labels, (int64_t)probe->pixels, &subsets);
  if (status == VT_OK) status = vt_subsets_weigh(ctx, probe, &subsets, values, drops, drops + count);
  if (status == VT_OK) *out = vt_pearson(drops, drops + count, (size_t)count);
  vt_subsets_free(&subsets);
  vt_free(design);
  vt_free(order);
  vt_free(drops);
  return status;
}

static vt_status sweep(vt_ctx *ctx, const vt_task *task, const sensitivity_settings *settings,
                       const vt_probe *probe, const double *values, const int32_t *labels, vt_measure *out)
{
  int cells = (int)(settings->grid * settings->grid), defined = 0;
  double sum = 0;
  for (size_t i = 0; i < settings->shares.count; i++) {
    int size = (int)lround(settings->shares.data[i] * cells);
    size = size < 1 ? 1 : size > cells ? cells : size;
    out->areas[i] = (double)size / cells;
    VT_TRY(correlate(ctx, task, settings, probe, values, labels, size, &out->scores[i]));
    out->calls += settings->samples + 1;
    if (isnan(out->scores[i])) continue;
    sum += out->scores[i];
    defined++;
  }
  out->value = defined ? sum / defined : NAN;
  vt_measure_add(out, "undefined", "sizes without a correlation", (double)settings->shares.count - defined);
  return defined
             ? VT_OK
             : vt_measure_undefined(ctx, out, "the drops or the sums of the map are all equal for every n");
}

static vt_status measure(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                         const vt_protocol *protocol, const void *given, vt_measure *out)
{
  VT_UNUSED(protocol);
  const sensitivity_settings *settings = given;
  if (settings->shares.count == 0)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "shares: at least one is needed");
  vt_located located = {0};
  vt_probe probe = {0};
  int32_t *labels = NULL;
  out->points = (int)settings->shares.count;
  out->scores = vt_alloc_zero(ctx, settings->shares.count, sizeof *out->scores);
  out->areas = vt_alloc_zero(ctx, settings->shares.count, sizeof *out->areas);
  vt_status status = out->scores && out->areas ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status != VT_OK) goto done;
  VT_TRY_DONE(vt_locate(ctx, task, judged, false, out, &located));
  VT_TRY_DONE(vt_probe_open(ctx, task, (vt_baseline)settings->baseline, &probe));
  labels = vt_alloc_zero(ctx, probe.pixels, sizeof *labels);
  status = labels ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status != VT_OK) goto done;
  vt_grid_cells((int)settings->grid, probe.height, probe.width, labels);
  status = sweep(ctx, task, settings, &probe, located.values, labels, out);
done:
  vt_free(labels);
  vt_probe_close(&probe);
  vt_located_free(&located);
  return status;
}

const vt_metric vt_metric_sensitivity_n = {
    .id = "sensitivity-n",
    .title = "Sensitivity-n",
    .summary =
        "Pearson's correlation of the drop of the target's score when n grid cells are hidden with the sum "
        "of "
        "the map over them, mean over several n; one value for each n beside it (as the scores, with n as a "
        "share of the cells).",
    .citation = "Ancona, M., Ceolini, E., Öztireli, C., Gross, M. (2018). Towards better understanding of "
                "gradient-based attribution methods. ICLR.",
    .category = "faithfulness",
    .higher_is_better = true,
    .low = -1,
    .high = 1,
    .needs = VT_NEEDS_INPUT,
    .settings_size = sizeof(sensitivity_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = measure,
};
