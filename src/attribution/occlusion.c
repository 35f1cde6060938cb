/* SPDX-License-Identifier: Apache-2.0
 *
 * Occlusion: a window slides over the picture. Zeiler, Fergus: "Visualizing and Understanding
 * Convolutional Networks", ECCV 2014.
 */
#include "attribution/game.h"
#include "attribution/methods.h"

enum { AVERAGE, SUM };

typedef struct settings {
  int64_t window, stride;
  int overlap;
} settings;

static const vt_field fields[] = {
    {"window", VT_FIELD_INT, offsetof(settings, window), "32", VT_RANGE(1, 65536),
     .help = "side of the square that is hidden, pixels of the model's input",
     .aliases = "patch_size|sliding_window_shapes"},
    {"stride", VT_FIELD_INT, offsetof(settings, stride), "16", VT_RANGE(1, 65536),
     .help = "pixels from one place of the window to the next", .aliases = "patch_stride|strides"},
    {"overlap", VT_FIELD_CHOICE, offsetof(settings, overlap), "average", .choices = "average|sum",
     .help = "what a pixel gets from the windows that cover it: the mean of their falls, or the sum"},
};

typedef struct sliding {
  const vt_task *task;
  const settings *set;
  int channels, height, width, rows, columns;
  bool channels_last;
} sliding;

/* Places along a side: the last window is the first that reaches the edge, cut where it reaches beyond. */
static int places(int side, int64_t window, int64_t stride)
{
  return side > window ? (int)((side - window + stride - 1) / stride) + 1 : 1;
}

typedef struct window {
  int top, left, bottom, right;
} window;

static window window_at(const sliding *s, int64_t number)
{
  int64_t top = number / s->columns * s->set->stride, left = number % s->columns * s->set->stride,
          bottom = top + s->set->window, right = left + s->set->window;
  return (window){(int)top, (int)left, bottom < s->height ? (int)bottom : s->height,
                  right < s->width ? (int)right : s->width};
}

static void init(const vt_task *task, const settings *set, sliding *s)
{
  *s = (sliding){.task = task, .set = set, .channels_last = vt_model_preprocess(task->model)->channels_last};
  vt_model_input_size(task->model, &s->channels, &s->height, &s->width);
  s->rows = places(s->height, set->window, set->stride);
  s->columns = places(s->width, set->window, set->stride);
}

/* Item 0 is the whole picture, the others have a window hidden. */
static void compose(void *user, int item, float *input)
{
  const sliding *s = user;
  const float *shown = vt_scorer_shown(s->task->scorer), *hidden = vt_scorer_hidden(s->task->scorer);
  size_t channels = (size_t)s->channels, width = (size_t)s->width, pixels = (size_t)s->height * width;
  memcpy(input, shown, channels * pixels * sizeof *input);
  if (item == 0) return;
  window w = window_at(s, item - 1);
  size_t across = (size_t)(w.right - w.left);
  for (int y = w.top; y < w.bottom; y++) {
    size_t at = (size_t)y * width + (size_t)w.left;
    if (s->channels_last) {
      memcpy(input + at * channels, hidden + at * channels, across * channels * sizeof *input);
      continue;
    }
    for (size_t c = 0; c < channels; c++)
      memcpy(input + c * pixels + at, hidden + c * pixels + at, across * sizeof *input);
  }
}

static vt_status slide(vt_ctx *ctx, const sliding *s, vt_explanation *explanation, double *scores,
                       double *map, double *covered)
{
  int64_t windows = (int64_t)s->rows * s->columns, done;
  size_t width = (size_t)s->width, pixels = (size_t)s->height * width;
  VT_TRY(vt_ask_inputs(ctx, s->task, explanation, windows + 1, compose, (void *)s, scores, &done));
  if (done < 2) return vt_ask_too_few(ctx, explanation, "occlusion", done, 2);
  for (int64_t number = 0; number + 1 < done; number++) {
    window w = window_at(s, number);
    for (int y = w.top; y < w.bottom; y++)
      for (int x = w.left; x < w.right; x++) {
        map[(size_t)y * width + (size_t)x] += scores[0] - scores[number + 1];
        covered[(size_t)y * width + (size_t)x] += 1;
      }
  }
  for (size_t i = 0; s->set->overlap == AVERAGE && i < pixels; i++)
    if (covered[i] > 0) map[i] /= covered[i];
  return vt_map_set_pixels(ctx, s->task, explanation, map);
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *given, vt_explanation *explanation)
{
  sliding s;
  init(task, given, &s);
  size_t pixels = (size_t)s.height * (size_t)s.width;
  double *scores = vt_alloc_zero(ctx, (size_t)s.rows * (size_t)s.columns + 1, sizeof *scores),
         *map = vt_alloc_zero(ctx, pixels, sizeof *map),
         *covered = vt_alloc_zero(ctx, pixels, sizeof *covered);
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  if (scores && map && covered) status = slide(ctx, &s, explanation, scores, map, covered);
  vt_free(scores);
  vt_free(map);
  vt_free(covered);
  return status;
}

/* The number of windows follows from the model, which vt_method.calls does not see. */
static vt_status check(vt_ctx *ctx, const vt_task *task, const void *given)
{
  const settings *set = given;
  sliding s;
  init(task, set, &s);
  if (set->stride > set->window)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "occlusion: a stride of %lld leaves pixels between windows of %lld that are never hidden",
                   (long long)set->stride, (long long)set->window);
  int64_t calls = (int64_t)s.rows * s.columns + 1, left = vt_scorer_left(task->scorer);
  if (calls <= left) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                 "occlusion needs %lld model calls, more than the budget of %lld: use a larger stride",
                 (long long)calls, (long long)left);
}

static const vt_method_preset presets[] = {
    {"lima-paper", "window=10 stride=5 overlap=sum fill=zero"},
    {"xplique", "window=3 stride=3 overlap=sum fill=zero"},
};

const vt_method vt_method_occlusion = {
    .id = "occlusion",
    .aliases = "Occlusion|sliding-window",
    .title = "Occlusion: what the score loses behind a sliding window",
    .summary =
        "Hides a square at every place of the picture and maps the fall of the score. Plain and faithful at "
        "the size "
        "of the window; details smaller than it are smeared, and evidence that exists twice is missed.",
    .citation =
        "Zeiler, M. D., Fergus, R. (2014). Visualizing and Understanding Convolutional Networks. ECCV. "
        "arXiv:1311.2901.",
    .cost = "1 + (⌈(H − window) / stride⌉ + 1)(⌈(W − window) / stride⌉ + 1) model calls",
    .place = "data · token",
    .needs = VT_NEEDS_INPUT | VT_NEEDS_PICTURE,
    .settings_size = sizeof(settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .presets = presets,
    .preset_count = VT_COUNT(presets),
    .check = check,
    .run = run,
};
