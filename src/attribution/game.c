/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of pictures and arrays behind one interface.
 */
#include "attribution/game.h"

enum { SLICE = 256 };

vt_status vt_game_open(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation, const char *method,
                       vt_game *out)
{
  *out = (vt_game){.task = task, .explanation = explanation, .method = method};
  if (task->model) {
    out->players = vt_regions_count(task->regions);
  } else {
    int64_t places = task->subject->dims[1];
    if (places > 1 << 20)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: %lld places are too many to hide one by one",
                     method, (long long)places);
    out->places = (int)places;
    out->each = vt_task_floats(task) / (size_t)places;
    out->players = task->groups ? task->group_count : out->places;
  }
  out->words = out->known.words = (out->players + 63) / 64;
  return VT_OK;
}

void vt_game_close(vt_game *game)
{
  vt_subset_cache_free(&game->known);
}

/* ---- shares ---- */

typedef struct sharing {
  const vt_game *game;
  const double *shares;  /* [items, players], or */
  const size_t *entries; /* [items] subsets in the game's map */
  const int32_t *labels; /* of a picture's pixels */
  const float *shown, *hidden;
  size_t floats, pixels;
  bool channels_last;
} sharing;

static double share_of(const sharing *s, int item, int part)
{
  if (part < 0) return 1;
  const vt_game *game = s->game;
  if (s->shares) return s->shares[(size_t)item * (size_t)game->players + (size_t)part];
  return vt_subset_has(game->known.keys + s->entries[item] * (size_t)game->words, part);
}

static void compose_picture(void *user, int item, float *input)
{
  const sharing *s = user;
  size_t channels = s->floats / s->pixels;
  for (size_t i = 0; i < s->pixels; i++) {
    double share = share_of(s, item, s->labels[i]);
    for (size_t c = 0; c < channels; c++) {
      size_t at = s->channels_last ? i * channels + c : c * s->pixels + i;
      double hidden = (double)s->hidden[at];
      input[at] = (float)(hidden + share * ((double)s->shown[at] - hidden));
    }
  }
}

static void compose_arrays(void *user, int item, float *input)
{
  const sharing *s = user;
  const vt_game *game = s->game;
  const int32_t *groups = game->task->groups;
  for (int place = 0; place < game->places; place++) {
    double share = share_of(s, item, groups ? groups[place] : place);
    size_t from = (size_t)place * game->each;
    for (size_t i = from; i < from + game->each; i++)
      input[i] = (float)(share * (double)s->shown[i]);
  }
}

static vt_status ask_shares(vt_ctx *ctx, vt_game *game, sharing *s, int64_t count, double *values,
                            int64_t *done)
{
  const vt_task *task = game->task;
  s->game = game;
  s->shown = task->input;
  if (!task->model)
    return vt_ask_inputs(ctx, task, game->explanation, count, compose_arrays, s, values, done);
  int height, width;
  s->labels = vt_regions_labels(task->regions, &height, &width);
  s->pixels = (size_t)height * (size_t)width;
  s->floats = vt_task_floats(task);
  s->shown = vt_scorer_shown(task->scorer);
  s->hidden = vt_scorer_hidden(task->scorer);
  s->channels_last = vt_model_preprocess(task->model)->channels_last;
  return vt_ask_inputs(ctx, task, game->explanation, count, compose_picture, s, values, done);
}

vt_status vt_game_shares(vt_ctx *ctx, vt_game *game, const double *shares, int64_t count, double *values,
                         int64_t *done)
{
  return ask_shares(ctx, game, &(sharing){.shares = shares}, count, values, done);
}

/* ---- subsets ---- */

static vt_status picture_slice(vt_ctx *ctx, vt_game *game, const uint64_t *bits, int items, double *values)
{
  vt_scored scored[SLICE];
  VT_TRY(vt_check_cancel(ctx));
  VT_TRY(vt_scorer_subsets(ctx, game->task->scorer, bits, items, scored));
  for (int i = 0; i < items; i++)
    values[i] = scored[i].target;
  return VT_OK;
}

static vt_status picture_subsets(vt_ctx *ctx, vt_game *game, const uint64_t *bits, int64_t count,
                                 double *values, int64_t *done)
{
  for (*done = 0; *done < count;) {
    int64_t left = vt_scorer_left(game->task->scorer), items = count - *done;
    if (items > SLICE) items = SLICE;
    if (items > left && left > 0) items = left;
    vt_progress(ctx, "asking", (double)*done, (double)count);
    vt_status status = picture_slice(ctx, game, bits + *done * game->words, (int)items, values + *done);
    if (status != VT_OK) return vt_ask_stopped(ctx, game->task, game->explanation, status);
    *done += items;
  }
  vt_progress(ctx, "asking", (double)count, (double)count);
  return VT_OK;
}

/* Runs what is not known of `count` subsets. The map keeps what was answered when that is cut short. */
static vt_status run_missing(vt_ctx *ctx, vt_game *game, const uint64_t *bits, int64_t count, size_t *entries,
                             size_t *missing, double *found)
{
  int64_t missing_count = 0, answered;
  for (int64_t i = 0; i < count; i++) {
    VT_TRY(vt_subset_cache_enter(ctx, &game->known, bits + i * game->words, &entries[i]));
    vt_cached *cached = &game->known.values[entries[i]];
    if (!cached->ready && !cached->wanted_by) missing[missing_count++] = entries[i];
    cached->wanted_by = 1;
  }
  VT_TRY(ask_shares(ctx, game, &(sharing){.entries = missing}, missing_count, found, &answered));
  for (int64_t i = 0; i < missing_count; i++) {
    vt_cached *cached = &game->known.values[missing[i]];
    cached->wanted_by = 0;
    cached->ready = i < answered;
    if (cached->ready) cached->scored.target = found[i];
  }
  return VT_OK;
}

static vt_status array_subsets(vt_ctx *ctx, vt_game *game, const uint64_t *bits, int64_t count,
                               double *values, int64_t *done)
{
  size_t *entries = vt_alloc_zero(ctx, 2 * (size_t)count, sizeof *entries);
  double *found = vt_alloc_zero(ctx, (size_t)count, sizeof *found);
  vt_status status = entries && found ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  *done = 0;
  if (status == VT_OK) status = run_missing(ctx, game, bits, count, entries, entries + count, found);
  while (status == VT_OK && *done < count && game->known.values[entries[*done]].ready) {
    values[*done] = game->known.values[entries[*done]].scored.target;
    ++*done;
  }
  vt_free(entries);
  vt_free(found);
  return status;
}

vt_status vt_game_subsets(vt_ctx *ctx, vt_game *game, const uint64_t *bits, int64_t count, double *values,
                          int64_t *done)
{
  return game->task->model ? picture_subsets(ctx, game, bits, count, values, done)
                           : array_subsets(ctx, game, bits, count, values, done);
}

vt_status vt_game_ends(vt_ctx *ctx, vt_game *game, double *full, double *blank)
{
  double values[2];
  int64_t done;
  uint64_t *bits = vt_alloc_zero(ctx, 2 * (size_t)game->words, sizeof *bits);
  if (!bits) return VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; i < game->players; i++)
    vt_subset_add(bits, i);
  vt_status status = vt_game_subsets(ctx, game, bits, 2, values, &done);
  vt_free(bits);
  if (status != VT_OK) return status;
  if (done < 2) return vt_ask_too_few(ctx, game->explanation, game->method, done, 2);
  *full = values[0];
  *blank = values[1];
  return VT_OK;
}

/* ---- results ---- */

vt_status vt_game_finish(vt_ctx *ctx, vt_game *game, const double *values)
{
  return vt_map_set_regions(ctx, game->task, game->explanation, values);
}

vt_status vt_game_finish_sum(vt_ctx *ctx, vt_game *game, const double *values, double difference)
{
  double sum = 0;
  for (int i = 0; i < game->players; i++)
    sum += values[i];
  vt_map_complete(game->explanation, sum, difference);
  return vt_game_finish(ctx, game, values);
}
