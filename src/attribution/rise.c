/* SPDX-License-Identifier: Apache-2.0
 *
 * RISE: the mean of random masks, weighed by the score of the picture seen through them. Petsiuk, Das,
 * Saenko: "RISE: Randomized Input Sampling for Explanation of Black-box Models", BMVC 2018, arXiv 1806.07421.
 * A mask is a grid of cells kept with chance p, enlarged bilinearly by one cell more than the picture and
 * shifted by a random part of a cell; the map is Σ score · mask / (n · p).
 */
#include "attribution/game.h"
#include "attribution/grid_masks.h"
#include "attribution/grid_sampling.h"
#include "attribution/methods.h"

enum { EXPECTED, COVERAGE };

typedef struct settings {
  int64_t n_samples, grid_size;
  double preservation_probability;
  int normalisation;
  char *baseline;
} settings;

static const vt_field fields[] = {
    {"n_samples", VT_FIELD_INT, offsetof(settings, n_samples), "4000", VT_RANGE(1, 10000000),
     .help = "masks, a model call each", .aliases = "nb_samples|num_masks"},
    {"grid_size", VT_FIELD_INT, offsetof(settings, grid_size), "7", VT_RANGE(0, VT_GRID_LARGEST),
     .help = "cells along a side of a mask; 0: the cells are the regions, with hard edges and the run's fill",
     .aliases = "num_cells"},
    {"preservation_probability", VT_FIELD_REAL, offsetof(settings, preservation_probability), "0.5",
     VT_RANGE(0.001, 1), .help = "chance that a cell is kept", .aliases = "prob|p1"},
    {"normalisation", VT_FIELD_CHOICE, offsetof(settings, normalisation), "expected",
     .choices = "expected|coverage",
     .help = "a pixel's sum is divided by what masks show of it on average, or by what they did show",
     .aliases = "normalization"},
    {"baseline", VT_FIELD_STRING, offsetof(settings, baseline), "zero", .help = VT_BASELINE_HELP,
     .aliases = "mask_value"},
};

typedef struct sampler {
  const vt_task *task;
  const settings *set;
  double *scores; /* [n_samples] */
  int64_t done;
} sampler;

static vt_status run_cells(vt_ctx *ctx, const vt_task *task, const settings *set, vt_explanation *explanation)
{
  vt_grid_sampling sampling = {.method = "rise",
                               .samples = set->n_samples,
                               .grid = (int)set->grid_size,
                               .kept = set->preservation_probability,
                               .coverage = set->normalisation == COVERAGE,
                               .baseline = set->baseline};
  return vt_grid_sample(ctx, task, &sampling, explanation);
}

/* ---- cells are regions ---- */

static vt_status sample_regions(vt_ctx *ctx, sampler *s, vt_game *game, uint64_t *bits, double *map,
                                double *covered)
{
  double kept = s->set->preservation_probability;
  for (int64_t row = 0; row < s->set->n_samples; row++)
    for (int i = 0; i < game->players; i++)
      if (vt_random_uniform(s->task->seed, vt_stream("rise", (uint64_t)row), (uint64_t)i) < kept)
        vt_subset_add(bits + row * game->words, i);
  VT_TRY(vt_game_subsets(ctx, game, bits, s->set->n_samples, s->scores, &s->done));
  if (s->done < 1) return vt_ask_too_few(ctx, game->explanation, "rise", s->done, 1);
  for (int64_t row = 0; row < s->done; row++)
    for (int i = 0; i < game->players; i++) {
      bool shown = vt_subset_has(bits + row * game->words, i);
      map[i] += shown ? s->scores[row] : 0;
      covered[i] += shown;
    }
  double expected = (double)s->done * kept; /* the small number of coverage is xplique's */
  for (int i = 0; i < game->players; i++)
    map[i] /= s->set->normalisation == COVERAGE ? covered[i] + 1e-4 : expected;
  return vt_game_finish(ctx, game, map);
}

static vt_status run_regions(vt_ctx *ctx, sampler *s, vt_explanation *explanation)
{
  vt_game game;
  VT_TRY(vt_game_open(ctx, s->task, explanation, "rise", &game));
  size_t players = (size_t)game.players;
  uint64_t *bits = vt_alloc_zero(ctx, (size_t)s->set->n_samples * (size_t)game.words, sizeof *bits);
  double *map = vt_alloc_zero(ctx, players, sizeof *map),
         *covered = vt_alloc_zero(ctx, players, sizeof *covered);
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  if (bits && map && covered) status = sample_regions(ctx, s, &game, bits, map, covered);
  vt_free(bits);
  vt_free(map);
  vt_free(covered);
  vt_game_close(&game);
  return status;
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *given, vt_explanation *explanation)
{
  const settings *set = given;
  if (set->grid_size > 0) return run_cells(ctx, task, set, explanation);
  sampler s = {.task = task, .set = set};
  s.scores = vt_alloc_zero(ctx, (size_t)set->n_samples, sizeof *s.scores);
  if (!s.scores) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = run_regions(ctx, &s, explanation);
  vt_free(s.scores);
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
    {"lima-paper",
     "n_samples=500 grid_size=7 preservation_probability=0.5 normalisation=coverage baseline=zero"},
    {"rise", "n_samples=4000 grid_size=7 preservation_probability=0.5 normalisation=expected baseline=zero"},
    {"xplique",
     "n_samples=4000 grid_size=7 preservation_probability=0.5 normalisation=coverage baseline=zero"},
};

const vt_method vt_method_rise = {
    .id = "rise",
    .aliases = "Rise|RISE",
    .title = "RISE: random masks weighed by their scores",
    .summary =
        "Shows the model thousands of randomly hidden pictures and averages the masks by the score they "
        "left. Needs outputs only. Smooth and unspecific where few cells decide; noisy with few masks, "
        "and everything is a little positive: read the order, not the sign.",
    .citation = "Petsiuk, V., Das, A., Saenko, K. (2018). RISE: Randomized Input Sampling for Explanation of "
                "Black-box Models. BMVC. arXiv:1806.07421.",
    .cost = "n_samples model calls",
    .place = "data · token",
    .needs = VT_NEEDS_PLAYERS | VT_NEEDS_INPUT | VT_NEEDS_PICTURE,
    .settings_size = sizeof(settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .presets = presets,
    .preset_count = VT_COUNT(presets),
    .run = run,
    .calls = calls,
    .samples = "n_samples",
};
