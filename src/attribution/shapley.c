/* SPDX-License-Identifier: Apache-2.0
 *
 * Exact Shapley values, from every coalition. Shapley: "A value for n-person games", 1953.
 */
#include "attribution/shapley.h"

#include "attribution/game.h"
#include "attribution/methods.h"

void vt_shapley_values(const double *worth, int players, double *values)
{
  double weights[VT_SHAPLEY_MOST]; /* of a coalition by its size: 1 / (n · C(n − 1, size)) */
  double choose = 1;
  for (int size = 0; size < players; size++) {
    weights[size] = 1 / (players * choose);
    choose = choose * (players - 1 - size) / (size + 1);
  }
  for (int i = 0; i < players; i++) {
    values[i] = 0;
    for (uint32_t s = 0; s < (uint32_t)1 << players; s++)
      if (!(s >> i & 1)) values[i] += weights[__builtin_popcount(s)] * (worth[s | 1u << i] - worth[s]);
  }
}

/* Half of the coalitions would be worth nothing. */
static vt_status check_players(vt_ctx *ctx, const vt_task *task, int players)
{
  int64_t left = task->scorer ? vt_scorer_left(task->scorer) : INT64_MAX;
  if (players <= VT_SHAPLEY_MOST && left < (int64_t)1 << players)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "shapley needs %lld model calls, more than the budget of %lld: divide coarser, or use "
                   "shapley-sampling, kernel-shap or owen",
                   (long long)1 << players, (long long)left);
  if (players <= VT_SHAPLEY_MOST) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                 "shapley asks for every subset and can do so for at most %d parts, not %d: divide coarser "
                 "(--regions grid:4x4), or use shapley-sampling, kernel-shap or owen",
                 VT_SHAPLEY_MOST, players);
}

static vt_status run_game(vt_ctx *ctx, vt_game *game, uint64_t *bits, double *worth)
{
  int64_t count = (int64_t)1 << game->players, done;
  double values[VT_SHAPLEY_MOST];
  for (int64_t s = 0; s < count; s++)
    bits[s] = (uint64_t)s;
  VT_TRY(vt_game_subsets(ctx, game, bits, count, worth, &done));
  if (done < count) return vt_ask_too_few(ctx, game->explanation, "shapley", done, count);
  vt_shapley_values(worth, game->players, values);
  return vt_game_finish_sum(ctx, game, values, worth[count - 1] - worth[0]);
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  VT_UNUSED(settings);
  vt_game game;
  VT_TRY(vt_game_open(ctx, task, explanation, "shapley", &game));
  VT_TRY(check_players(ctx, task, game.players));
  size_t count = (size_t)1 << game.players;
  uint64_t *bits = vt_alloc_zero(ctx, count, sizeof *bits);
  double *worth = vt_alloc_zero(ctx, count, sizeof *worth);
  vt_status status = bits && worth ? run_game(ctx, &game, bits, worth) : VT_ERROR_OUT_OF_MEMORY;
  vt_free(bits);
  vt_free(worth);
  vt_game_close(&game);
  return status;
}

static int64_t calls(const void *settings, int regions, bool embedding)
{
  VT_UNUSED(settings);
  VT_UNUSED(embedding);
  return regions <= VT_SHAPLEY_MOST ? (int64_t)1 << regions : -1;
}

const vt_method vt_method_shapley = {
    .id = "shapley",
    .aliases = "shapley-exact|ShapleyValues|ExactExplainer",
    .title = "Shapley values: every coalition of up to 16 parts",
    .summary =
        "A part's mean contribution over all orders in which parts can be shown, exactly. Values add up to "
        "the score of the input less that of the fill. What others estimate: use it on coarse divisions, "
        "and to check them.",
    .citation = "Shapley, L. S. (1953). A value for n-person games. Contributions to the Theory of Games II. "
                "Lundberg, S. M., Lee, S.-I. (2017). A Unified Approach to Interpreting Model Predictions. "
                "NeurIPS. arXiv:1705.07874.",
    .cost = "2^k model calls for k ≤ 16 regions",
    .place = "data · token",
    .needs = VT_NEEDS_PLAYERS,
    .run = run,
    .calls = calls,
};
