/* SPDX-License-Identifier: Apache-2.0
 *
 * planted/game and planted/linear: models whose attributions are known (00-needs §1.2; papers 01, 05 and the
 * metrics). A game gives a value to every subset of regions: the sum of weights, with pairs, or what the
 * regions cover together.
 */
#include <math.h>

#include "worlds/item_fields.h"
#include "worlds/planted.h"
#include "worlds/presets.h"

enum { ADDITIVE, PAIRS, COVERAGE };

typedef struct game_options {
  int64_t players;
  int kind;
} game_options;

static const vt_field game_fields[] = {
    {"kind", VT_FIELD_CHOICE, offsetof(game_options, kind), "additive", .choices = "additive|pairs|coverage",
     .help = "sum of weights; with interactions of pairs; weight covered together (submodular)"},
    {"k", VT_FIELD_INT, offsetof(game_options, players), "12", VT_RANGE(2, VT_GAME_PLAYERS),
     .help = "number of regions; the table has 2^k values"},
};

/* Weights that sum to one and differ by more than rounding. */
static void draw_weights(vt_draw *draw, int count, float *weights)
{
  double drawn[VT_GAME_ELEMENTS], total = 0;
  for (int i = 0; i < count; i++)
    total += drawn[i] = vt_draw_uniform(draw, .05, 1);
  for (int i = 0; i < count; i++)
    weights[i] = (float)(drawn[i] / total);
}

static vt_status make_game(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                           void *record)
{
  VT_UNUSED(ctx), VT_UNUSED(split), VT_UNUSED(index);
  const game_options *options = world->options;
  vt_game_record *game = record;
  int count = game->players = (int32_t)options->players;
  vt_draw draw = vt_draw_start(key, "game");
  if (options->kind == COVERAGE) {
    draw_weights(&draw, VT_GAME_ELEMENTS, game->elements);
    for (int element = 0; element < VT_GAME_ELEMENTS; element++) {
      int covering = 1 + vt_draw_below(&draw, 3); /* draws may meet */
      for (int i = 0; i < covering; i++)
        game->covers[vt_draw_below(&draw, count)] |= UINT32_C(1) << element;
    }
  } else {
    draw_weights(&draw, count, game->weights);
    for (int i = 0; i < count && options->kind == PAIRS; i++)
      for (int j = 0; j < i; j++)
        game->pairs[i][j] = game->pairs[j][i] = (float)(.5 / count * vt_draw_normal(&draw) / count);
  }
  /* each pair is shared by two, each element by all that cover it */
  for (int i = 0; i < count; i++) {
    double value = (double)game->weights[i];
    for (int j = 0; j < count; j++)
      value += (double)game->pairs[i][j] / 2;
    for (int element = 0; element < VT_GAME_ELEMENTS; element++) {
      int sharing = 0;
      for (int j = 0; j < count; j++)
        sharing += game->covers[j] >> element & 1;
      if (game->covers[i] >> element & 1) value += (double)game->elements[element] / sharing;
    }
    game->shapley[i] = (float)value;
  }
  return VT_OK;
}

double vt_game_value(const vt_world *world, const vt_game_record *game, uint32_t subset)
{
  VT_UNUSED(world);
  double value = 0;
  uint32_t covered = 0;
  for (int i = 0; i < game->players; i++) {
    if (!(subset >> i & 1)) continue;
    value += (double)game->weights[i];
    covered |= game->covers[i];
    for (int j = 0; j < i; j++)
      if (subset >> j & 1) value += (double)game->pairs[i][j];
  }
  for (int element = 0; element < VT_GAME_ELEMENTS; element++)
    if (covered >> element & 1) value += (double)game->elements[element];
  return value;
}

/* Plain greedy by the value of the grown set; ties to the lowest region. */
static void greedy(const vt_world *world, const vt_game_record *game, int *order)
{
  uint32_t chosen = 0;
  for (int step = 0; step < game->players; step++) {
    int best = -1;
    double best_value = 0;
    for (int i = 0; i < game->players; i++) {
      if (chosen >> i & 1) continue;
      double value = vt_game_value(world, game, chosen | UINT32_C(1) << i);
      if (best < 0 || value > best_value) best = i, best_value = value;
    }
    order[step] = best;
    chosen |= UINT32_C(1) << best;
  }
}

static vt_status show_game(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  const vt_game_record *game = record;
  int order[VT_GAME_PLAYERS];
  greedy(world, game, order);
  json_t *shapley = json_array(), *greedy_order = json_array();
  for (int i = 0; i < game->players; i++) {
    json_array_append_new(shapley, json_real((double)game->shapley[i]));
    json_array_append_new(greedy_order, json_integer(order[i]));
  }
  item->truth = json_pack("{s:i,s:f,s:o,s:o}", "regions", game->players, "value_of_all",
                          vt_game_value(world, game, (UINT32_C(1) << game->players) - 1), "shapley", shapley,
                          "greedy", greedy_order);
  if (!item->truth) return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the truth of an item");
  return vt_item_add_fields(ctx, world, record, item);
}

static int describe_game(const vt_world *world, vt_dataset_field *out)
{
  const game_options *options = world->options;
  int64_t k = options->players;
  out[0] = (vt_dataset_field){"table", VT_F32, 1, {INT64_C(1) << k}};
  out[1] = (vt_dataset_field){"shapley", VT_F32, 1, {k}};
  out[2] = (vt_dataset_field){"greedy", VT_I64, 1, {k}};
  out[3] = (vt_dataset_field){"best", VT_F32, 1, {k + 1}};
  out[4] = (vt_dataset_field){"best_subset", VT_I64, 1, {k + 1}};
  return 5;
}

static vt_status fill_game(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass,
                           void *const *out)
{
  VT_UNUSED(ctx), VT_UNUSED(pass);
  const vt_game_record *game = record;
  double best[VT_GAME_PLAYERS + 1];
  int64_t best_subset[VT_GAME_PLAYERS + 1];
  int order[VT_GAME_PLAYERS];
  for (int size = 0; size <= game->players; size++)
    best_subset[size] = -1;
  for (uint32_t subset = 0; subset < UINT32_C(1) << game->players; subset++) {
    double value = vt_game_value(world, game, subset);
    int size = 0;
    for (int i = 0; i < game->players; i++)
      size += subset >> i & 1;
    if (best_subset[size] < 0 || value > best[size]) best[size] = value, best_subset[size] = subset;
    if (out[0]) ((float *)out[0])[subset] = (float)value;
  }
  greedy(world, game, order);
  if (out[1]) memcpy(out[1], game->shapley, (size_t)game->players * sizeof(float));
  for (int i = 0; out[2] && i < game->players; i++)
    ((int64_t *)out[2])[i] = order[i];
  for (int size = 0; size <= game->players; size++) {
    if (out[3]) ((float *)out[3])[size] = (float)best[size];
    if (out[4]) ((int64_t *)out[4])[size] = best_subset[size];
  }
  return VT_OK;
}

const vt_preset vt_preset_planted_game = {
    .id = "planted/game",
    .title = "values of all subsets of k regions, with Shapley values, greedy order and best subsets",
    .papers = "01 05",
    .version = 1,
    .counts = {1000, 100, 100},
    .fields = game_fields,
    .field_count = VT_COUNT(game_fields),
    .options_size = sizeof(game_options),
    .record_size = sizeof(vt_game_record),
    .make = make_game,
    .show = show_game,
    .describe = describe_game,
    .fill = fill_game,
};

typedef struct linear_options {
  int64_t width;
} linear_options;

static const vt_field linear_fields[] = {
    {"d", VT_FIELD_INT, offsetof(linear_options, width), "16", VT_RANGE(1, VT_LINEAR_WIDTH),
     .help = "number of inputs"},
};

static vt_status make_linear(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                             void *record)
{
  VT_UNUSED(ctx), VT_UNUSED(split), VT_UNUSED(index);
  const linear_options *options = world->options;
  vt_linear_record *model = record;
  vt_draw draw = vt_draw_start(key, "linear");
  for (int i = 0; i < options->width; i++) {
    model->weights[i] = (float)vt_draw_normal(&draw);
    model->x[i] = (float)vt_draw_normal(&draw);
    model->baseline[i] = (float)(.5 * vt_draw_normal(&draw));
  }
  model->bias = (float)vt_draw_normal(&draw);
  return VT_OK;
}

static double linear_value(const vt_linear_record *model, const float *x, int width)
{
  double value = (double)model->bias;
  for (int i = 0; i < width; i++)
    value += (double)model->weights[i] * (double)x[i];
  return value;
}

static vt_status show_linear(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  const linear_options *options = world->options;
  const vt_linear_record *model = record;
  json_t *weights = json_array(), *attribution = json_array();
  for (int i = 0; i < options->width; i++) {
    json_array_append_new(weights, json_real((double)model->weights[i]));
    json_array_append_new(attribution, json_real((double)model->weights[i] *
                                                 ((double)model->x[i] - (double)model->baseline[i])));
  }
  item->truth = json_pack("{s:f,s:f,s:o,s:o}", "output", linear_value(model, model->x, (int)options->width),
                          "at_baseline", linear_value(model, model->baseline, (int)options->width), "weights",
                          weights, "attribution", attribution);
  if (!item->truth) return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the truth of an item");
  return vt_item_add_fields(ctx, world, record, item);
}

static int describe_linear(const vt_world *world, vt_dataset_field *out)
{
  const linear_options *options = world->options;
  static const char *const names[] = {"weights", "x", "baseline", "attribution"};
  for (int i = 0; i < 4; i++)
    out[i] = (vt_dataset_field){names[i], VT_F32, 1, {options->width}};
  out[4] = (vt_dataset_field){"bias", VT_F32, 0, {0}};
  out[5] = (vt_dataset_field){"output", VT_F32, 0, {0}};
  out[6] = (vt_dataset_field){"at_baseline", VT_F32, 0, {0}};
  return 7;
}

static vt_status fill_linear(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass,
                             void *const *out)
{
  VT_UNUSED(ctx), VT_UNUSED(pass);
  const linear_options *options = world->options;
  const vt_linear_record *model = record;
  size_t bytes = (size_t)options->width * sizeof(float);
  if (out[0]) memcpy(out[0], model->weights, bytes);
  if (out[1]) memcpy(out[1], model->x, bytes);
  if (out[2]) memcpy(out[2], model->baseline, bytes);
  for (int i = 0; out[3] && i < options->width; i++)
    ((float *)out[3])[i] =
        (float)((double)model->weights[i] * ((double)model->x[i] - (double)model->baseline[i]));
  if (out[4]) *(float *)out[4] = model->bias;
  if (out[5]) *(float *)out[5] = (float)linear_value(model, model->x, (int)options->width);
  if (out[6]) *(float *)out[6] = (float)linear_value(model, model->baseline, (int)options->width);
  return VT_OK;
}

const vt_preset vt_preset_planted_linear = {
    .id = "planted/linear",
    .title = "linear models with an input, a baseline and the attribution between them",
    .papers = "01 05",
    .version = 1,
    .counts = {1000, 100, 100},
    .fields = linear_fields,
    .field_count = VT_COUNT(linear_fields),
    .options_size = sizeof(linear_options),
    .record_size = sizeof(vt_linear_record),
    .make = make_linear,
    .show = show_linear,
    .describe = describe_linear,
    .fill = fill_linear,
};
