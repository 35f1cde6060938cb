/* SPDX-License-Identifier: Apache-2.0
 *
 * Score-CAM: channels weighed by the score of the picture seen through them. Wang and others, arXiv
 * 1910.01279 (2020). Each channel is brought to the picture's size with corners on corners (the final map,
 * as of all of the family, has half-pixel centres), scaled to [0, 1] by its own extremes and multiplied
 * with the normalised picture; the weights are the softmax of the scores over the channels.
 */
#include <math.h>

#include "attribution/cam.h"
#include "attribution/methods.h"
#include "data/picture.h"

typedef struct seen {
  const vt_cam *cam;
  int channels, height, width; /* of the picture */
  bool channels_last;
} seen;

/* Channel `map` [from_height, from_width] at a pixel of a larger grid that shares its corners. */
static double at_pixel(const double *map, int from_height, int from_width, int y, int height, int x,
                       int width)
{
  double v = height > 1 ? (double)y * (from_height - 1) / (height - 1) : 0;
  double u = width > 1 ? (double)x * (from_width - 1) / (width - 1) : 0;
  int top = (int)v, left = (int)u;
  int below = top + 1 < from_height ? top + 1 : top, beside = left + 1 < from_width ? left + 1 : left;
  double dv = v - top, du = u - left;
  const double *upper = map + (size_t)top * (size_t)from_width,
               *lower = map + (size_t)below * (size_t)from_width;
  return (1 - dv) * ((1 - du) * upper[left] + du * upper[beside]) +
         dv * ((1 - du) * lower[left] + du * lower[beside]);
}

/* Extremes are taken over the pixels, as between them a fine layer's own may be missed. */
static void compose_seen(void *user, int item, float *input)
{
  const seen *s = user;
  const vt_layer *layer = &s->cam->layer;
  const double *map = s->cam->values + (size_t)item * s->cam->places;
  const float *picture = s->cam->task->input;
  size_t pixels = (size_t)s->height * (size_t)s->width, channels = (size_t)s->channels;
  double low = INFINITY, high = -INFINITY;
  for (int y = 0; y < s->height; y++)
    for (int x = 0; x < s->width; x++) {
      double value = at_pixel(map, layer->height, layer->width, y, s->height, x, s->width);
      low = fmin(low, value);
      high = fmax(high, value);
    }
  for (int y = 0; y < s->height; y++)
    for (int x = 0; x < s->width; x++) {
      double value = at_pixel(map, layer->height, layer->width, y, s->height, x, s->width);
      float shown = (float)((value - low) / (high - low + 1e-8));
      size_t pixel = (size_t)y * (size_t)s->width + (size_t)x;
      for (size_t c = 0; c < channels; c++) {
        size_t place = s->channels_last ? pixel * channels + c : c * pixels + pixel;
        input[place] = picture[place] * shown;
      }
    }
}

static void softmax(double *values, int count)
{
  double highest = -INFINITY, sum = 0;
  for (int i = 0; i < count; i++)
    highest = fmax(highest, values[i]);
  for (int i = 0; i < count; i++)
    sum += values[i] = exp(values[i] - highest);
  for (int i = 0; i < count; i++)
    values[i] /= sum;
}

static vt_status formula(vt_ctx *ctx, const vt_cam *cam, double *map)
{
  vt_model *model = cam->task->model;
  int count = cam->layer.channels;
  seen s = {.cam = cam, .channels_last = vt_model_preprocess(model)->channels_last};
  VT_TRY(vt_cam_check_budget(ctx, cam, "score-cam", (int64_t)count + 1));
  vt_model_input_size(model, &s.channels, &s.height, &s.width);
  double *scores = vt_alloc_zero(ctx, (size_t)count, sizeof *scores);
  if (!scores) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_task_score(ctx, cam->task, cam->explanation, count, compose_seen, &s, scores);
  if (status == VT_OK) {
    softmax(scores, count);
    vt_cam_weigh(cam, scores, map);
  }
  vt_free(scores);
  return status;
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  return vt_cam_run(ctx, task, settings, explanation, false, formula);
}

const vt_method vt_method_score_cam = {
    .id = "score-cam",
    .aliases = "ScoreCAM|scorecam",
    .title = "Score-CAM: channels weighed by what they show",
    .summary =
        "Runs the model once for each channel of the layer, on the picture seen through that channel. Needs "
        "no "
        "gradient, which helps where gradients saturate; costs a thousand forwards on a usual network. The "
        "softmax is of the target's own scores: logits make it sharp, probabilities leave it nearly flat.",
    .citation = "Wang, H. et al. (2020). Score-CAM: Score-Weighted Visual Explanations for Convolutional "
                "Neural Networks. arXiv:1910.01279.",
    .cost = "1 forward and 1 for each channel of the layer",
    .needs = VT_NEEDS_HOOKS | VT_NEEDS_LAYER | VT_NEEDS_PICTURE,
    VT_CAM_SETTINGS,
    .run = run,
};
