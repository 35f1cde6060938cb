/* SPDX-License-Identifier: Apache-2.0
 *
 * HSIC attribution: how much the score depends on a part. Novello, Fel, Vigouroux: "Making Sense of
 * Dependence: Efficient Black-box Explanations Using Dependence Measure", NeurIPS 2022.
 */
#include "attribution/hsic.h"

#include <math.h>

#include "attribution/design.h"
#include "attribution/game.h"
#include "attribution/methods.h"
#include "math/statistics.h"

typedef struct settings {
  int64_t n_samples;
  int design;
} settings;

static const vt_field fields[] = {
    {"n_samples", VT_FIELD_INT, offsetof(settings, n_samples), "500", VT_RANGE(2, 8192),
     .help = "subsets, a model call each", .aliases = "nb_design|n_design"},
    {"design", VT_FIELD_CHOICE, offsetof(settings, design), "sobol", .choices = VT_DESIGN_CHOICES,
     .help = "how subsets are spread: the Sobol sequence (up to 256 parts), Latin hypercube, or independent"},
};

static vt_status kernel_width(vt_ctx *ctx, const double *scores, size_t rows, double *out)
{
  double *sorted = vt_alloc_zero(ctx, rows, sizeof *sorted);
  if (!sorted) return VT_ERROR_OUT_OF_MEMORY;
  memcpy(sorted, scores, rows * sizeof *sorted);
  vt_sort_rising(sorted, rows);
  *out = fabs(vt_quantile_sorted(sorted, rows, .5));
  if (sorted[0] == sorted[rows - 1])
    *out = 0;
  else if (!(*out > 0))
    *out = vt_standard_deviation(scores, rows);
  vt_free(sorted);
  return VT_OK;
}

/* L less the means of its rows and columns, plus the mean of all. */
static void centre(double *kernel, size_t rows, double *means)
{
  double all = 0;
  for (size_t i = 0; i < rows; i++) {
    means[i] = 0;
    for (size_t j = 0; j < rows; j++)
      means[i] += kernel[i * rows + j] / (double)rows;
    all += means[i] / (double)rows;
  }
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < rows; j++)
      kernel[i * rows + j] += all - means[i] - means[j];
}

vt_status vt_hsic_values(vt_ctx *ctx, const double *design, const double *scores, size_t rows, size_t columns,
                         double *values)
{
  double width;
  memset(values, 0, columns * sizeof *values);
  VT_TRY(kernel_width(ctx, scores, rows, &width));
  if (width == 0) return VT_OK;
  double *kernel = vt_alloc_zero(ctx, rows * rows, sizeof *kernel),
         *means = vt_alloc_zero(ctx, rows, sizeof *means);
  vt_status status = kernel && means ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    for (size_t i = 0; i < rows; i++)
      for (size_t j = 0; j < rows; j++) {
        double d = (scores[i] - scores[j]) / width;
        kernel[i * rows + j] = exp(-d * d / 2);
      }
    centre(kernel, rows, means);
    for (size_t c = 0; c < columns; c++) {
      /* rows of a centred kernel add up to 0, so that of K only its steps count: 1 where two rows differ */
      double apart = 0;
      for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < i; j++)
          if (design[i * columns + c] != design[j * columns + c]) apart += kernel[i * rows + j];
      values[c] = -2 * apart / (double)rows;
    }
  }
  vt_free(kernel);
  vt_free(means);
  return status;
}

static vt_status run_game(vt_ctx *ctx, vt_game *game, const settings *set, double *design, uint64_t *bits,
                          double *scores, double *values)
{
  int64_t done;
  int players = game->players;
  VT_TRY(
      vt_design_make(ctx, (vt_design)set->design, set->n_samples, players, game->task->seed, "hsic", design));
  for (int64_t row = 0; row < set->n_samples; row++)
    for (int i = 0; i < players; i++) {
      double *cell = &design[row * players + i];
      *cell = *cell > .5;
      if (*cell > 0) vt_subset_add(bits + row * game->words, i);
    }
  VT_TRY(vt_game_subsets(ctx, game, bits, set->n_samples, scores, &done));
  if (done < 2) return vt_ask_too_few(ctx, game->explanation, "hsic", done, 2);
  VT_TRY(vt_hsic_values(ctx, design, scores, (size_t)done, (size_t)players, values));
  return vt_game_finish(ctx, game, values);
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *given, vt_explanation *explanation)
{
  const settings *set = given;
  vt_game game;
  VT_TRY(vt_game_open(ctx, task, explanation, "hsic", &game));
  size_t rows = (size_t)set->n_samples, players = (size_t)game.players;
  double *design = vt_alloc_zero(ctx, rows * players, sizeof *design),
         *scores = vt_alloc_zero(ctx, rows, sizeof *scores),
         *values = vt_alloc_zero(ctx, players, sizeof *values);
  uint64_t *bits = vt_alloc_zero(ctx, rows * (size_t)game.words, sizeof *bits);
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  if (design && scores && values && bits) status = run_game(ctx, &game, set, design, bits, scores, values);
  vt_free(design);
  vt_free(scores);
  vt_free(values);
  vt_free(bits);
  vt_game_close(&game);
  return status;
}

static int64_t calls(const void *given, int regions, bool embedding)
{
  const settings *set = given;
  VT_UNUSED(regions);
  VT_UNUSED(embedding);
  return set->n_samples;
}

static const vt_method_preset presets[] = {
    {"lima-paper", "n_samples=500 regions=grid:7x7 fill=zero"},
    {"xplique", "n_samples=500 design=sobol regions=grid:8x8 fill=zero"},
};

const vt_method vt_method_hsic = {
    .id = "hsic",
    .aliases = "HSIC|HsicAttributionMethod",
    .title = "HSIC: how much the score depends on a part",
    .summary = "Hides random subsets of the regions (tokens, columns) and measures the dependence of the "
               "score on each by a "
               "kernel. Finds parts that matter in any way with few calls; it has no sign, so a part that "
               "speaks against "
               "the class looks like one that speaks for it.",
    .citation = "Novello, P., Fel, T., Vigouroux, D. (2022). Making Sense of Dependence: Efficient Black-box "
                "Explanations Using Dependence Measure. NeurIPS. arXiv:2206.06219.",
    .cost = "n_samples model calls",
    .place = "data · token",
    .needs = VT_NEEDS_PLAYERS,
    .settings_size = sizeof(settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .presets = presets,
    .preset_count = VT_COUNT(presets),
    .run = run,
    .calls = calls,
    .samples = "n_samples",
};
