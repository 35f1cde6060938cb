/* SPDX-License-Identifier: Apache-2.0
 *
 * KernelSHAP: Shapley values as a weighted regression. Lundberg, Lee: "A Unified Approach to Interpreting
 * Model Predictions", NeurIPS 2017, theorem 2.
 */
#include "attribution/coalitions.h"
#include "attribution/game.h"
#include "attribution/methods.h"
#include "math/regression.h"

enum { LAYERS, KERNEL };

typedef struct settings {
  int64_t n_samples;
  int sampling;
  bool efficiency;
} settings;

static const vt_field fields[] = {
    {"n_samples", VT_FIELD_INT, offsetof(settings, n_samples), "1000", VT_RANGE(2, 1000000),
     .help = "coalitions asked for; with at least 2^k − 2 the values are exact",
     .aliases = "nb_samples|nsamples"},
    {"sampling", VT_FIELD_CHOICE, offsetof(settings, sampling), "layers", .choices = "layers|kernel",
     .help = "small and large coalitions completely, then random pairs; or all drawn by their weight"},
    {"efficiency", VT_FIELD_BOOL, offsetof(settings, efficiency), "true",
     .help = "whether values must add up to the score less that of the fill; else an intercept is fitted"},
};

static vt_status fit(vt_ctx *ctx, const settings *set, const vt_coalitions *asked, int64_t done,
                     double *values, double full, double blank, double *design, double *out)
{
  size_t players = (size_t)asked->players;
  for (int64_t row = 0; row < done; row++) {
    values[row] -= blank;
    for (size_t i = 0; i < players; i++)
      design[(size_t)row * players + i] = vt_subset_has(asked->bits + row * asked->words, (int)i);
  }
  vt_regression problem = {design, values, asked->weights, (size_t)done, players};
  if (set->efficiency) return vt_regression_with_sum(ctx, &problem, full - blank, out);
  return vt_regression_ridge(ctx, &problem, 0, out, NULL);
}

static vt_status run_game(vt_ctx *ctx, vt_game *game, const settings *set, vt_coalitions *asked)
{
  double full, blank;
  int64_t done;
  VT_TRY(vt_game_ends(ctx, game, &full, &blank));
  VT_TRY(vt_coalitions_make(ctx, game->players, set->n_samples, set->sampling == LAYERS, game->task->seed,
                            asked));
  size_t rows = (size_t)asked->count, players = (size_t)game->players;
  double *values = vt_alloc_zero(ctx, rows, sizeof *values), *out = vt_alloc_zero(ctx, players, sizeof *out),
         *design = vt_alloc_zero(ctx, rows * players, sizeof *design);
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  if (values && out && design) status = vt_game_subsets(ctx, game, asked->bits, asked->count, values, &done);
  if (status == VT_OK && asked->count > 0 && done < 1)
    status = vt_ask_too_few(ctx, game->explanation, game->method, 2 + done, 3);
  if (status == VT_OK) status = fit(ctx, set, asked, done, values, full, blank, design, out);
  if (status == VT_OK) status = vt_game_finish_sum(ctx, game, out, full - blank);
  vt_free(values);
  vt_free(out);
  vt_free(design);
  return status;
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *given, vt_explanation *explanation)
{
  vt_game game;
  vt_coalitions asked = {0};
  VT_TRY(vt_game_open(ctx, task, explanation, "kernel-shap", &game));
  vt_status status = run_game(ctx, &game, given, &asked);
  vt_coalitions_free(&asked);
  vt_game_close(&game);
  return status;
}

static int64_t calls(const void *given, int regions, bool embedding)
{
  const settings *set = given;
  VT_UNUSED(embedding);
  return 2 + vt_coalitions_count(regions, set->n_samples);
}

static const vt_method_preset presets[] = {
    {"captum", "n_samples=23 sampling=kernel efficiency=true fill=zero"},
    {"lima-paper", "n_samples=1000 sampling=kernel efficiency=false fill=zero"},
    {"xplique", "n_samples=800 sampling=kernel efficiency=false fill=zero"},
};

const vt_method vt_method_kernel_shap = {
    .id = "kernel-shap",
    .aliases = "KernelShap|KernelSHAP|KernelExplainer",
    .title = "KernelSHAP: Shapley values by regression",
    .summary =
        "Fits Shapley values to the scores of many coalitions of parts. Exact when there is a call for every "
        "coalition; otherwise an estimate whose values still add up to the score less that of the fill.",
    .citation = "Lundberg, S. M., Lee, S.-I. (2017). A Unified Approach to Interpreting Model Predictions. "
                "NeurIPS. arXiv:1705.07874.",
    .cost = "2 + min(n_samples, 2^k − 2) model calls for k regions",
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
