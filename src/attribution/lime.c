/* SPDX-License-Identifier: Apache-2.0
 *
 * LIME: a linear model of the score near the input. Ribeiro, Singh, Guestrin: "Why Should I Trust You?":
 * Explaining the Predictions of Any Classifier, KDD 2016.
 */
#include "attribution/lime.h"

#include <math.h>

#include "attribution/game.h"
#include "attribution/methods.h"

typedef struct settings {
  int64_t n_samples;
  double keep_probability, kernel_width, penalty;
  int distance, regression;
  bool include_whole;
} settings;

static const vt_field fields[] = {
    {"n_samples", VT_FIELD_INT, offsetof(settings, n_samples), "1000", VT_RANGE(2, 1000000),
     .help = "subsets drawn, a model call each", .aliases = "num_samples|nb_samples"},
    {"keep_probability", VT_FIELD_REAL, offsetof(settings, keep_probability), "0.5", VT_RANGE(0.01, 0.99),
     .help = "chance that a part stays", .aliases = "prob"},
    {"include_whole", VT_FIELD_BOOL, offsetof(settings, include_whole), "true",
     .help = "whether the first subset is the whole input"},
    {"distance", VT_FIELD_CHOICE, offsetof(settings, distance), "cosine", .choices = VT_LIME_DISTANCE_CHOICES,
     .help = "how far a subset is from the whole: of parts kept, or of the inputs themselves",
     .aliases = "distance_mode|distance_metric"},
    {"kernel_width", VT_FIELD_REAL, offsetof(settings, kernel_width), "0.25", VT_RANGE(1e-9, 1e9),
     .help = "w of a subset's weight exp(−distance² / 2w²)"},
    {"regression", VT_FIELD_CHOICE, offsetof(settings, regression), "ridge", .choices = VT_LIME_FIT_CHOICES,
     .help = "how the linear model is fitted", .aliases = "interpretable_model"},
    {"penalty", VT_FIELD_REAL, offsetof(settings, penalty), "1", VT_RANGE(0, 1e9),
     .help = "of the squared coefficients of a ridge, the absolute ones of a lasso; least squares have none",
     .aliases = "alpha"},
};

double vt_lime_weight(double distance, double width)
{
  return exp(-distance * distance / (2 * width * width));
}

double vt_lime_cosine(int kept, int parts)
{
  return kept > 0 ? 1 - sqrt((double)kept / parts) : 1;
}

vt_status vt_lime_solve(vt_ctx *ctx, vt_lime_fit fit, const vt_regression *problem, double penalty,
                        double *coefficients)
{
  if (fit == VT_LIME_LASSO) return vt_regression_lasso(ctx, problem, penalty, coefficients, NULL);
  return vt_regression_ridge(ctx, problem, fit == VT_LIME_RIDGE ? penalty : 0, coefficients, NULL);
}

/* ---- distances of inputs, part by part ---- */

/* Σ over a part's elements of x², x·b, b² and (x − b)², x shown and b hidden; of all that always stays in
 * the row behind the last. */
typedef struct part_sums {
  double shown, mixed, hidden, difference;
} part_sums;

static void sum_parts(const vt_game *game, part_sums *sums)
{
  const vt_task *task = game->task;
  size_t count = vt_task_floats(task);
  const float *shown = task->input, *hidden = NULL;
  size_t pixels = 1, channels = 1;
  const int32_t *labels = NULL;
  bool last = false;
  if (task->model) {
    int height, width;
    labels = vt_regions_labels(task->regions, &height, &width);
    pixels = (size_t)height * (size_t)width;
    channels = count / pixels;
    last = vt_model_preprocess(task->model)->channels_last;
    shown = vt_scorer_shown(task->scorer);
    hidden = vt_scorer_hidden(task->scorer);
  }
  for (size_t i = 0; i < count; i++) {
    int part = labels         ? labels[last ? i / channels : i % pixels]
               : task->groups ? task->groups[i / game->each]
                              : (int)(i / game->each);
    part_sums *to = &sums[part < 0 ? game->players : part];
    double x = (double)shown[i], b = hidden ? (double)hidden[i] : 0;
    to->shown += x * x;
    to->mixed += x * b;
    to->hidden += b * b;
    to->difference += (x - b) * (x - b);
  }
}

static double input_distance(const part_sums *sums, const double *row, int players, bool cosine)
{
  double difference = 0, whole = sums[players].shown, product = whole, square = whole;
  for (int i = 0; i < players; i++) {
    bool kept = row[i] != 0;
    whole += sums[i].shown;
    product += kept ? sums[i].shown : sums[i].mixed;
    square += kept ? sums[i].shown : sums[i].hidden;
    if (!kept) difference += sums[i].difference;
  }
  if (!cosine) return sqrt(difference);
  double scale = sqrt(whole * square);
  return scale > 0 ? 1 - product / scale : 1;
}

/* ---- the run ---- */

typedef struct lime {
  const settings *set;
  vt_game *game;
  double *design;           /* [rows, players] */
  uint64_t *bits;           /* [rows, words] */
  double *values, *weights; /* [rows] */
  part_sums *sums;          /* [players + 1] */
  double *coefficients;
} lime;

static void draw(lime *l)
{
  int players = l->game->players;
  for (int64_t row = 0; row < l->set->n_samples; row++) {
    uint64_t stream = vt_stream("lime", (uint64_t)row);
    for (int i = 0; i < players; i++) {
      bool kept = (row == 0 && l->set->include_whole) ||
                  vt_random_uniform(l->game->task->seed, stream, (uint64_t)i) < l->set->keep_probability;
      l->design[row * players + i] = kept;
      if (kept) vt_subset_add(l->bits + row * l->game->words, i);
    }
  }
}

static void weigh(lime *l, int64_t rows)
{
  int players = l->game->players;
  vt_lime_distance distance = (vt_lime_distance)l->set->distance;
  bool of_inputs = distance == VT_LIME_INPUT_COSINE || distance == VT_LIME_INPUT_EUCLIDEAN;
  if (of_inputs) sum_parts(l->game, l->sums);
  for (int64_t row = 0; row < rows; row++) {
    const double *design = l->design + row * players;
    int kept = 0;
    for (int i = 0; i < players; i++)
      kept += design[i] != 0;
    double d = of_inputs ? input_distance(l->sums, design, players, distance == VT_LIME_INPUT_COSINE)
               : distance == VT_LIME_COSINE ? vt_lime_cosine(kept, players)
                                            : sqrt(players - kept);
    l->weights[row] = vt_lime_weight(d, l->set->kernel_width);
  }
}

static vt_status explain(vt_ctx *ctx, lime *l)
{
  int64_t done;
  int players = l->game->players;
  draw(l);
  VT_TRY(vt_game_subsets(ctx, l->game, l->bits, l->set->n_samples, l->values, &done));
  if (done < 2) return vt_ask_too_few(ctx, l->game->explanation, "lime", done, 2);
  weigh(l, done);
  double weight = 0;
  for (int64_t i = 0; i < done; i++)
    weight += l->weights[i];
  if (!(weight > 1e-300))
    return vt_fail(
        ctx, VT_ERROR_INVALID_ARGUMENT,
        "lime: every subset is so far from the whole that its weight is 0 at kernel_width %g: widen "
        "it",
        l->set->kernel_width);
  vt_regression problem = {l->design, l->values, l->weights, (size_t)done, (size_t)players};
  VT_TRY(vt_lime_solve(ctx, (vt_lime_fit)l->set->regression, &problem, l->set->penalty, l->coefficients));
  return vt_game_finish(ctx, l->game, l->coefficients);
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *given, vt_explanation *explanation)
{
  vt_game game;
  VT_TRY(vt_game_open(ctx, task, explanation, "lime", &game));
  lime l = {.set = given, .game = &game};
  size_t rows = (size_t)l.set->n_samples, players = (size_t)game.players;
  l.design = vt_alloc_zero(ctx, rows * players, sizeof *l.design);
  l.bits = vt_alloc_zero(ctx, rows * (size_t)game.words, sizeof *l.bits);
  l.values = vt_alloc_zero(ctx, rows, sizeof *l.values);
  l.weights = vt_alloc_zero(ctx, rows, sizeof *l.weights);
  l.sums = vt_alloc_zero(ctx, players + 1, sizeof *l.sums);
  l.coefficients = vt_alloc_zero(ctx, players, sizeof *l.coefficients);
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  if (l.design && l.bits && l.values && l.weights && l.sums && l.coefficients) status = explain(ctx, &l);
  vt_free(l.design);
  vt_free(l.bits);
  vt_free(l.values);
  vt_free(l.weights);
  vt_free(l.sums);
  vt_free(l.coefficients);
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
    {"captum", "n_samples=25 include_whole=false distance=input-cosine kernel_width=1 regression=lasso "
               "penalty=0.01 fill=zero"},
    {"lima-paper", "n_samples=1000"},
    {"lime", "n_samples=1000 distance=cosine kernel_width=0.25 regression=ridge penalty=1 fill=mean"},
    {"xplique", "n_samples=150 include_whole=false distance=input-euclidean kernel_width=31.8198052 "
                "regression=ridge penalty=2"},
};

const vt_method vt_method_lime = {
    .id = "lime",
    .aliases = "LIME|Lime",
    .title = "LIME: a linear model of the score near the input",
    .summary =
        "Hides random halves of the regions (tokens, columns) and fits a weighted linear model of the score. "
        "Easy to read; it depends on kernel, penalty and division, and answers differ between seeds when "
        "samples are few. Values are shrunk by the penalty and do not add up to the score.",
    .citation = "Ribeiro, M. T., Singh, S., Guestrin, C. (2016). \"Why Should I Trust You?\": Explaining the "
                "Predictions of Any Classifier. KDD. arXiv:1602.04938.",
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
