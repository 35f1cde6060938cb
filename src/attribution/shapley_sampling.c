/* SPDX-License-Identifier: Apache-2.0
 *
 * Shapley values from random orders. Castro, Gómez, Tejada: "Polynomial calculation of the Shapley value
 * based on sampling", 2009; Štrumbelj, Kononenko 2010.
 */
#include <math.h>

#include "attribution/game.h"
#include "attribution/methods.h"

typedef struct settings {
  int64_t n_samples;
  bool antithetic;
} settings;

static const vt_field fields[] = {
    {"n_samples", VT_FIELD_INT, offsetof(settings, n_samples), "25", VT_RANGE(1, 1000000),
     .help = "orders drawn, k − 1 model calls each", .aliases = "permutations|npermutations"},
    {"antithetic", VT_FIELD_BOOL, offsetof(settings, antithetic), "false",
     .help =
         "every second order is the one before it backwards: less noise where contributions depend on how "
         "much is shown"},
};

static void draw_order(const vt_game *game, const settings *set, int64_t number, int *order)
{
  bool backwards = set->antithetic && number % 2 == 1;
  int64_t drawn = backwards ? number - 1 : number;
  vt_random_permutation(game->task->seed, vt_stream("shapley-sampling", (uint64_t)drawn), order,
                        game->players);
  for (int i = 0, j = game->players - 1; backwards && i < j; i++, j--) {
    int kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
}

typedef struct sampling {
  vt_game *game;
  const settings *set;
  int *order;             /* [players] */
  uint64_t *bits;         /* [orders at once, players − 1, words] */
  double *worth;          /* [orders at once, players − 1] */
  double *sums, *squares; /* [players] of contributions */
  int64_t used;
} sampling;

/* Prefixes of 1 … players − 1 of an order. */
static void write_prefixes(sampling *s, int64_t number, uint64_t *bits)
{
  size_t words = (size_t)s->game->words;
  draw_order(s->game, s->set, number, s->order);
  for (int j = 0; j + 1 < s->game->players; j++) {
    uint64_t *row = bits + (size_t)j * words;
    if (j > 0)
      memcpy(row, row - words, words * sizeof *row);
    else
      memset(row, 0, words * sizeof *row);
    vt_subset_add(row, s->order[j]);
  }
}

static void add_order(sampling *s, int64_t number, const double *worth, double full, double blank)
{
  int players = s->game->players;
  draw_order(s->game, s->set, number, s->order);
  for (int j = 0; j < players; j++) {
    double before = j > 0 ? worth[j - 1] : blank, after = j + 1 < players ? worth[j] : full;
    s->sums[s->order[j]] += after - before;
    s->squares[s->order[j]] += (after - before) * (after - before);
  }
  s->used++;
}

enum { AT_ONCE = 16 }; /* orders */

static vt_status warn_of_noise(vt_ctx *ctx, const sampling *s, double difference)
{
  double worst = 0, n = (double)s->used;
  for (int i = 0; i < s->game->players && n > 1; i++) {
    double mean = s->sums[i] / n, spread = fmax(s->squares[i] / n - mean * mean, 0) / (n - 1);
    worst = fmax(worst, sqrt(spread));
  }
  if (worst <= .1 * fabs(difference) || worst < 1e-6) return VT_OK;
  return vt_explanation_warn(
      ctx, s->game->explanation,
      "the largest standard error of a Shapley value is %.2g where %.2g was shared out: "
      "more orders (n_samples) make it smaller",
      worst, fabs(difference));
}

static vt_status run_orders(vt_ctx *ctx, sampling *s)
{
  int64_t inner = s->game->players - 1, total = s->set->n_samples;
  double full, blank;
  VT_TRY(vt_game_ends(ctx, s->game, &full, &blank));
  for (int64_t first = 0; first < total && !s->game->explanation->partial; first += AT_ONCE) {
    int64_t orders = total - first < AT_ONCE ? total - first : AT_ONCE, done = 0;
    for (int64_t i = 0; i < orders; i++)
      write_prefixes(s, first + i, s->bits + i * inner * s->game->words);
    VT_TRY(vt_game_subsets(ctx, s->game, s->bits, orders * inner, s->worth, &done));
    for (int64_t i = 0; i < orders && (i + 1) * inner <= done; i++)
      add_order(s, first + i, s->worth + i * inner, full, blank);
  }
  if (s->used == 0) return vt_ask_too_few(ctx, s->game->explanation, "shapley-sampling", 2, inner + 2);
  VT_TRY(warn_of_noise(ctx, s, full - blank));
  for (int i = 0; i < s->game->players; i++)
    s->sums[i] /= (double)s->used;
  return vt_game_finish_sum(ctx, s->game, s->sums, full - blank);
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *given, vt_explanation *explanation)
{
  vt_game game;
  VT_TRY(vt_game_open(ctx, task, explanation, "shapley-sampling", &game));
  sampling s = {.game = &game, .set = given};
  size_t players = (size_t)game.players, rows = AT_ONCE * players;
  s.order = vt_alloc_zero(ctx, players, sizeof *s.order);
  s.bits = vt_alloc_zero(ctx, rows * (size_t)game.words, sizeof *s.bits);
  s.worth = vt_alloc_zero(ctx, rows, sizeof *s.worth);
  s.sums = vt_alloc_zero(ctx, players, sizeof *s.sums);
  s.squares = vt_alloc_zero(ctx, players, sizeof *s.squares);
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  if (s.order && s.bits && s.worth && s.sums && s.squares) status = run_orders(ctx, &s);
  vt_free(s.order);
  vt_free(s.bits);
  vt_free(s.worth);
  vt_free(s.sums);
  vt_free(s.squares);
  vt_game_close(&game);
  return status;
}

static int64_t calls(const void *given, int regions, bool embedding)
{
  const settings *set = given;
  VT_UNUSED(embedding);
  return 2 + set->n_samples * ((int64_t)regions - 1);
}

static const vt_method_preset presets[] = {{"captum", "n_samples=25 fill=zero"}};

const vt_method vt_method_shapley_sampling = {
    .id = "shapley-sampling",
    .aliases = "ShapleyValueSampling|permutation-shap",
    .title = "Shapley values from random orders",
    .summary = "Shows the parts one after the other in random orders and averages what each adds. Values add "
               "up to the "
               "score of the input less that of the fill with any number of orders; their noise falls with "
               "its root, and "
               "a warning gives it where it is large.",
    .citation =
        "Castro, J., Gómez, D., Tejada, J. (2009). Polynomial calculation of the Shapley value based on "
        "sampling. Computers & Operations Research 36. Štrumbelj, E., Kononenko, I. (2010). JMLR 11.",
    .cost = "2 + n_samples · (k − 1) model calls for k regions",
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
