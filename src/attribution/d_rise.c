/* SPDX-License-Identifier: Apache-2.0
 *
 * D-RISE: RISE for detectors. Petsiuk, Jain, Manjunatha, Morariu, Mehra, Ordonez, Saenko: "Black-box
 * Explanation of Object Detectors via Saliency Maps", CVPR 2021, arXiv 2006.03204. A mask's weight is the
 * likeness of the box explained to the proposal most like it in the masked picture: IoU · cosine of class
 * scores · objectness. Proposals are all that the detector makes, without threshold or suppression.
 */
#include "attribution/grid_masks.h"
#include "attribution/grid_sampling.h"
#include "attribution/methods.h"

typedef struct settings {
  int64_t n_samples, grid_size;
  double preservation_probability;
  char *baseline;
} settings;

static const vt_field fields[] = {
    {"n_samples", VT_FIELD_INT, offsetof(settings, n_samples), "5000", VT_RANGE(1, 10000000),
     .help = "masks, a model call each", .aliases = "nb_samples|num_masks"},
    {"grid_size", VT_FIELD_INT, offsetof(settings, grid_size), "16", VT_RANGE(1, VT_GRID_LARGEST),
     .help = "cells along a side of a mask", .aliases = "num_cells"},
    {"preservation_probability", VT_FIELD_REAL, offsetof(settings, preservation_probability), "0.5",
     VT_RANGE(0.001, 1), .help = "chance that a cell is kept", .aliases = "prob|p1"},
    {"baseline", VT_FIELD_STRING, offsetof(settings, baseline), "black", .help = VT_BASELINE_HELP,
     .aliases = "mask_value"},
};

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *given, vt_explanation *explanation)
{
  const settings *set = given;
  vt_grid_sampling sampling = {.method = "d-rise",
                               .samples = set->n_samples,
                               .grid = (int)set->grid_size,
                               .kept = set->preservation_probability,
                               .baseline = set->baseline};
  return vt_grid_sample(ctx, task, &sampling, explanation);
}

static int64_t calls(const void *given, int regions, bool embedding)
{
  VT_UNUSED(regions);
  VT_UNUSED(embedding);
  return ((const settings *)given)->n_samples;
}

const vt_method vt_method_d_rise = {
    .id = "d-rise",
    .aliases = "drise|D-RISE|DRISE",
    .title = "D-RISE: what a detected box rests on",
    .summary =
        "RISE with finer masks, weighed by how much the best proposal in the masked picture is like the box "
        "explained: overlap, classes and objectness. Needs outputs only. Of scores other than 'detection' it "
        "is RISE with these settings. Noisy below a few thousand masks; read the order, not the sign.",
    .citation =
        "Petsiuk, V. et al. (2021). Black-box Explanation of Object Detectors via Saliency Maps. CVPR. "
        "arXiv:2006.03204.",
    .cost = "n_samples model calls",
    .place = "data · token",
    .needs = VT_NEEDS_PLAYERS | VT_NEEDS_INPUT | VT_NEEDS_PICTURE,
    .settings_size = sizeof(settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = run,
    .calls = calls,
};
