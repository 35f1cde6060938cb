/* SPDX-License-Identifier: Apache-2.0
 *
 * Maps that know nothing of the model: chance, and the middle of the picture. What every map must beat.
 */
#include <math.h>

#include "attribution/game.h"
#include "attribution/methods.h"

/* ---- random ---- */

enum { REGION, PIXEL };

typedef struct random_settings {
  int grain;
} random_settings;

static const vt_field random_fields[] = {
    {"grain", VT_FIELD_CHOICE, offsetof(random_settings, grain), "region", .choices = "region|pixel",
     .help = "what gets a number of its own: a region (token, column), or every pixel"},
};

static vt_status run_random(vt_ctx *ctx, const vt_task *task, const void *given, vt_explanation *explanation)
{
  const random_settings *set = given;
  vt_game game;
  VT_TRY(vt_game_open(ctx, task, explanation, "random", &game));
  bool by_pixel = set->grain == PIXEL && task->model;
  int height, width;
  size_t count = (size_t)game.players;
  if (by_pixel) {
    vt_regions_labels(task->regions, &height, &width);
    count = (size_t)height * (size_t)width;
  }
  double *values = vt_alloc_zero(ctx, count, sizeof *values);
  if (!values) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < count; i++)
    values[i] = vt_random_uniform(task->seed, vt_stream("random-map", 0), i);
  vt_status status =
      by_pixel ? vt_map_set_pixels(ctx, task, explanation, values) : vt_game_finish(ctx, &game, values);
  vt_free(values);
  vt_game_close(&game);
  return status;
}

static int64_t no_calls(const void *settings, int regions, bool embedding)
{
  VT_UNUSED(settings);
  VT_UNUSED(regions);
  VT_UNUSED(embedding);
  return 0;
}

const vt_method vt_method_random = {
    .id = "random",
    .aliases = "random-map",
    .title = "Random map: a control",
    .summary = "Not an explanation: independent numbers in [0, 1), the control that a map has to beat.",
    .citation = "",
    .cost = "no model calls",
    .place = "data · token",
    .needs = VT_NEEDS_PLAYERS,
    .settings_size = sizeof(random_settings),
    .fields = random_fields,
    .field_count = VT_COUNT(random_fields),
    .run = run_random,
    .calls = no_calls,
};

/* ---- the middle ---- */

typedef struct centre_settings {
  double width;
} centre_settings;

static const vt_field centre_fields[] = {
    {"width", VT_FIELD_REAL, offsetof(centre_settings, width), "0.25", VT_RANGE(0.001, 100),
     .help = "standard deviation of the bell, as a share of each side"},
};

static vt_status run_centre(vt_ctx *ctx, const vt_task *task, const void *given, vt_explanation *explanation)
{
  const centre_settings *set = given;
  int channels, height, width;
  vt_model_input_size(task->model, &channels, &height, &width);
  double *map = vt_alloc_zero(ctx, (size_t)height * (size_t)width, sizeof *map);
  if (!map) return VT_ERROR_OUT_OF_MEMORY;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      double v = ((y + .5) / height - .5) / set->width, u = ((x + .5) / width - .5) / set->width;
      map[(size_t)y * (size_t)width + (size_t)x] = exp(-(u * u + v * v) / 2);
    }
  vt_status status = vt_map_set_pixels(ctx, task, explanation, map);
  vt_free(map);
  return status;
}

const vt_method vt_method_centre_prior = {
    .id = "centre-prior",
    .aliases = "center-prior|gaussian-prior",
    .title = "Centre prior: a bell in the middle of the picture, a control",
    .summary =
        "Not an explanation: photographers put what matters in the middle, so this control is harder to beat "
        "than chance wherever the truth is an object.",
    .citation = "Tatler, B. W. (2007). The central fixation bias in scene viewing. Journal of Vision 7(14).",
    .cost = "no model calls",
    .place = "data · token",
    .needs = VT_NEEDS_PICTURE,
    .settings_size = sizeof(centre_settings),
    .fields = centre_fields,
    .field_count = VT_COUNT(centre_fields),
    .run = run_centre,
    .calls = no_calls,
};
