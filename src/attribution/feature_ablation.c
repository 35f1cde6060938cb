/* SPDX-License-Identifier: Apache-2.0
 *
 * Leaving one out: what the score loses when a part alone is hidden.
 */
#include "attribution/game.h"
#include "attribution/methods.h"

static vt_status run_game(vt_ctx *ctx, vt_game *game, uint64_t *bits, double *values)
{
  int players = game->players;
  size_t words = (size_t)game->words;
  int64_t done;
  for (int row = 0; row <= players; row++)
    for (int i = 0; i < players; i++)
      if (i != row - 1) vt_subset_add(bits + (size_t)row * words, i);
  VT_TRY(vt_game_subsets(ctx, game, bits, players + 1, values, &done));
  if (done < 2) return vt_ask_too_few(ctx, game->explanation, game->method, done, 2);
  for (int64_t i = 1; i <= players; i++)
    values[i] =
        i < done ? values[0] - values[i] : 0; /* what was not asked is unknown, and shown as nothing */
  return vt_game_finish(ctx, game, values + 1);
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  VT_UNUSED(settings);
  vt_game game;
  VT_TRY(vt_game_open(ctx, task, explanation, "feature-ablation", &game));
  size_t rows = (size_t)game.players + 1;
  uint64_t *bits = vt_alloc_zero(ctx, rows * (size_t)game.words, sizeof *bits);
  double *values = vt_alloc_zero(ctx, rows, sizeof *values);
  vt_status status = bits && values ? run_game(ctx, &game, bits, values) : VT_ERROR_OUT_OF_MEMORY;
  vt_free(bits);
  vt_free(values);
  vt_game_close(&game);
  return status;
}

static int64_t calls(const void *settings, int regions, bool embedding)
{
  VT_UNUSED(settings);
  VT_UNUSED(embedding);
  return (int64_t)regions + 1;
}

const vt_method vt_method_feature_ablation = {
    .id = "feature-ablation",
    .aliases = "FeatureAblation|leave-one-out",
    .title = "Feature ablation: what the score loses without one part",
    .summary = "Hides each region (token, column) by itself and takes the fall of the score. Cheap and exact "
               "for what "
               "it asks, blind to parts that stand in for each other: hiding one of two eyes may change "
               "nothing. For "
               "those use Shapley values.",
    .citation =
        "Zeiler, M. D., Fergus, R. (2014). Visualizing and Understanding Convolutional Networks. ECCV. "
        "arXiv:1311.2901. (Occlusion; here of regions.)",
    .cost = "k + 1 model calls for k regions",
    .place = "data · token",
    .needs = VT_NEEDS_PLAYERS,
    .run = run,
    .calls = calls,
};
