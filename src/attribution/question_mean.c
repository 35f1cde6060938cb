/* SPDX-License-Identifier: Apache-2.0
 *
 * Means of a part of a map: a mask over the output's places, one of its channels, or both.
 */
#include <math.h>

#include "attribution/question.h"
#include "explain/model_kind.h"

/* The output of an item as [channels, height, width]; axes of length 1 at the end are left out. */
typedef struct grid {
  int64_t channels, height, width;
} grid;

static bool grid_of(const vt_model *model, grid *out)
{
  int rank = model->output_rank;
  while (rank > 2 && model->output_dims[rank - 1] == 1)
    rank--;
  if (rank < 2) return false;
  *out = (grid){1, model->output_dims[rank - 2], model->output_dims[rank - 1]};
  for (int i = 0; i < rank - 2; i++)
    out->channels *= model->output_dims[i];
  return true;
}

/* Where the middle of an output's place lies in the mask, which has the size of the output, of the model's
 * view or of the photograph. −1: beside it. */
typedef struct view {
  int64_t height, width; /* of the mask */
  bool photo;
  const vt_placement *placement;
  int input_height, input_width;
} view;

static int64_t place_in(const view *v, double y, double x) /* shares of the view's sides */
{
  double at_y = y * (double)v->height, at_x = x * (double)v->width;
  if (v->photo) {
    at_y = y * v->input_height * v->placement->scale_y + v->placement->offset_y;
    at_x = x * v->input_width * v->placement->scale_x + v->placement->offset_x;
  }
  if (!(at_y >= 0 && at_x >= 0 && at_y < (double)v->height && at_x < (double)v->width)) return -1;
  return (int64_t)at_y * v->width + (int64_t)at_x;
}

static vt_status choose_view(vt_ctx *ctx, const vt_model *model, const vt_placement *placement,
                             const vt_tensor *mask, const grid *map, const char *path, view *out)
{
  int64_t height = mask->dims[0], width = mask->dims[1];
  *out = (view){.height = height, .width = width, .placement = placement};
  vt_model_input_size(model, NULL, &out->input_height, &out->input_width);
  out->photo = height == placement->photo_height && width == placement->photo_width;
  if (out->photo || (height == out->input_height && width == out->input_width) ||
      (height == map->height && width == map->width))
    return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_DATA,
                 "%s: a mask of %lld × %lld (width × height); the photograph is %d × %d, the model's view "
                 "%d × %d, its output %lld × %lld",
                 path, (long long)width, (long long)height, placement->photo_width, placement->photo_height,
                 out->input_width, out->input_height, (long long)map->width, (long long)map->height);
}

static vt_status weigh(vt_ctx *ctx, const grid *map, const view *v, const int32_t *mask, int channel,
                       const char *path, vt_question *out)
{
  size_t pixels = (size_t)map->height * (size_t)map->width, count = pixels * (size_t)map->channels,
         inside = 0;
  float *weights = vt_alloc_zero(ctx, count, sizeof *weights);
  if (!weights) return VT_ERROR_OUT_OF_MEMORY;
  out->own_weights = weights;
  for (int64_t y = 0; y < map->height; y++)
    for (int64_t x = 0; x < map->width; x++) {
      int64_t at =
          v ? place_in(v, ((double)y + 0.5) / (double)map->height, ((double)x + 0.5) / (double)map->width)
            : 0;
      if (v && (at < 0 || mask[at] == 0)) continue;
      inside++;
      for (int64_t c = 0; c < map->channels; c++)
        weights[(size_t)c * pixels + (size_t)(y * map->width + x)] = channel < 0 || c == channel;
    }
  out->weights = weights;
  out->weight_count = count;
  out->mask_share = (double)inside / (double)pixels;
  if (inside) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s: the mask covers no place of the model's output", path);
}

vt_status vt_question_read_mean(vt_ctx *ctx, const vt_model *model, const vt_request *request,
                                const vt_placement *placement, vt_question *out)
{
  grid map;
  view v;
  vt_tensor *mask;
  bool mapped = grid_of(model, &map);
  int64_t channel = -1;
  out->channel = -1;
  bool all = strcmp(request->target, "pred") == 0 || strcmp(request->target, "-1") == 0;
  if (mapped && map.channels > 1 && !all) {
    if (!vt_parse_integer(request->target, &channel) || channel < 0 || channel >= map.channels)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "target '%s': the output has the channels 0 to %lld",
                     request->target, (long long)map.channels - 1);
    out->channel = (int)channel;
  }
  if (!request->mask && channel < 0) return VT_OK;
  if (!mapped || (uint64_t)(map.channels * map.height * map.width) != vt_model_output_floats(model))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "a mask needs an output with places, such as [batch, 1, height, width]");
  if (!request->mask) return weigh(ctx, &map, NULL, NULL, (int)channel, "", out);
  VT_TRY(vt_label_map_read(ctx, request->mask, &mask));
  VT_TRY(choose_view(ctx, model, placement, mask, &map, request->mask, &v));
  return weigh(ctx, &map, &v, mask->data, (int)channel, request->mask, out);
}

void vt_question_describe_mean(vt_ctx *ctx, const vt_question *question, const vt_request *request,
                               vt_text *words, json_t *details)
{
  vt_text_add(ctx, words, "the mean of the output");
  if (question->channel >= 0) {
    vt_text_addf(ctx, words, "'s channel %d", question->channel);
    json_object_set_new(details, "channel", json_integer(question->channel));
  }
  if (!request->mask) return;
  vt_text_addf(ctx, words, " in %s", vt_path_name(request->mask));
  json_object_set_new(details, "mask", vt_json_outside(vt_path_name(request->mask)));
  json_object_set_new(details, "mask_share", json_real(question->mask_share));
}
