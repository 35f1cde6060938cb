/* SPDX-License-Identifier: Apache-2.0
 *
 * Sobol attribution: which share of the score's variance a part has a hand in. Fel, Cadène, Chalvidal,
 * Cord, Vigouroux, Serre: "Look at the Variance! Efficient Black-box Explanations with Sobol-based
 * Sensitivity Analysis", NeurIPS 2021. Estimator: Jansen 1999. Only A and the mixed rows are asked for:
 * total indices do not use B's scores.
 */
#include "attribution/sobol_indices.h"

#include "attribution/design.h"
#include "attribution/game.h"
#include "attribution/methods.h"
#include "math/statistics.h"

typedef struct settings {
  int64_t n_design;
  int design;
} settings;

static const vt_field fields[] = {
    {"n_design", VT_FIELD_INT, offsetof(settings, n_design), "32", VT_RANGE(2, 65536),
     .help = "rows of the base design, k + 1 model calls each; a power of two suits the Sobol sequence",
     .aliases = "nb_design"},
    {"design", VT_FIELD_CHOICE, offsetof(settings, design), "sobol", .choices = VT_DESIGN_CHOICES,
     .help = "how rows are spread: the Sobol sequence (up to 128 parts), Latin hypercube, or independent"},
};

void vt_sobol_total(const double *base, const double *mixed, size_t rows, size_t columns, double *values)
{
  double spread = vt_standard_deviation(base, rows), variance = spread * spread;
  for (size_t c = 0; c < columns; c++) {
    double sum = 0;
    for (size_t i = 0; i < rows; i++) {
      double d = base[i] - mixed[c * rows + i];
      sum += d * d;
    }
    values[c] = variance > 0 ? sum / (2 * (double)rows * variance) : 0;
  }
}

typedef struct run_state {
  vt_game *game;
  const settings *set;
  double *design; /* [n, 2 players]: A beside B */
  double *shares; /* [n · (players + 1), players] */
  double *scores; /* [n · (players + 1)] */
  double *values;
} run_state;

static void write_rows(run_state *s)
{
  size_t rows = (size_t)s->set->n_design, players = (size_t)s->game->players;
  for (size_t block = 0; block <= players; block++) /* A, then A with column block − 1 from B */
    for (size_t row = 0; row < rows; row++) {
      const double *from = s->design + row * 2 * players;
      double *to = s->shares + (block * rows + row) * players;
      memcpy(to, from, players * sizeof *to);
      if (block > 0) to[block - 1] = from[players + block - 1];
    }
}

static vt_status run_game(vt_ctx *ctx, run_state *s)
{
  int64_t rows = s->set->n_design, count = rows * (s->game->players + 1), done;
  VT_TRY(vt_design_make(ctx, (vt_design)s->set->design, rows, 2 * s->game->players, s->game->task->seed,
                        "sobol", s->design));
  write_rows(s);
  VT_TRY(vt_game_shares(ctx, s->game, s->shares, count, s->scores, &done));
  if (done < 2 * rows) return vt_ask_too_few(ctx, s->game->explanation, "sobol", done, 2 * rows);
  size_t finished = (size_t)(done / rows - 1); /* parts; the others stay 0 */
  vt_sobol_total(s->scores, s->scores + rows, (size_t)rows, finished, s->values);
  return vt_game_finish(ctx, s->game, s->values);
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *given, vt_explanation *explanation)
{
  vt_game game;
  VT_TRY(vt_game_open(ctx, task, explanation, "sobol", &game));
  run_state s = {.game = &game, .set = given};
  size_t rows = (size_t)s.set->n_design, players = (size_t)game.players, all;
  vt_status status = VT_OK;
  if (!vt_size_mul(rows, players + 1, &all) || !vt_size_mul(all, players, &all))
    status =
        vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "sobol: %zu rows for %zu parts are too many", rows, players);
  if (status == VT_OK) {
    s.design = vt_alloc_zero(ctx, rows * players, 2 * sizeof *s.design);
    s.shares = vt_alloc_zero(ctx, all, sizeof *s.shares);
    s.scores = vt_alloc_zero(ctx, rows * (players + 1), sizeof *s.scores);
    s.values = vt_alloc_zero(ctx, players, sizeof *s.values);
    status = s.design && s.shares && s.scores && s.values ? run_game(ctx, &s) : VT_ERROR_OUT_OF_MEMORY;
  }
  vt_free(s.design);
  vt_free(s.shares);
  vt_free(s.scores);
  vt_free(s.values);
  vt_game_close(&game);
  return status;
}

static int64_t calls(const void *given, int regions, bool embedding)
{
  const settings *set = given;
  VT_UNUSED(embedding);
  return set->n_design * ((int64_t)regions + 1);
}

static const vt_method_preset presets[] = {
    {"lima-paper", "n_design=32 design=sobol regions=grid:8x8 fill=zero"},
    {"xplique", "n_design=32 design=sobol regions=grid:8x8 fill=zero"},
};

const vt_method vt_method_sobol = {
    .id = "sobol",
    .aliases = "Sobol|SobolAttributionMethod",
    .title = "Sobol: the share of the score's variance that a part has a hand in",
    .summary = "Shows every region (token, column) by a random share and attributes the variance of the "
               "score: the total "
               "index of a part counts all it does, alone and together with others. It has no sign, and few "
               "rows make it "
               "noisy.",
    .citation =
        "Fel, T., Cadène, R., Chalvidal, M., Cord, M., Vigouroux, D., Serre, T. (2021). Look at the "
        "Variance! "
        "Efficient Black-box Explanations with Sobol-based Sensitivity Analysis. NeurIPS. arXiv:2111.04138.",
    .cost = "n_design · (k + 1) model calls for k regions",
    .place = "data · token",
    .needs = VT_NEEDS_PLAYERS,
    .settings_size = sizeof(settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .presets = presets,
    .preset_count = VT_COUNT(presets),
    .run = run,
    .calls = calls,
    .samples = "n_design",
};
