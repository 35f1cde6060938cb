/* SPDX-License-Identifier: Apache-2.0
 *
 * RISE: the mean of random masks, weighed by the score of the picture seen through them. Petsiuk, Das,
 * Saenko: "RISE: Randomized Input Sampling for Explanation of Black-box Models", BMVC 2018, arXiv 1806.07421.
 * A mask is a grid of cells kept with chance p, enlarged bilinearly by one cell more than the picture and
 * shifted by a random part of a cell; the map is Σ score · mask / (n · p).
 */
#include <math.h>

#include "attribution/methods.h"
#include "explain/map.h"

enum { AT_ONCE = 256, LARGEST_GRID = 64 };

typedef struct settings {
  int64_t n_samples, grid_size;
  double preservation_probability;
  char *baseline;
} settings;

static const vt_field fields[] = {
    {"n_samples", VT_FIELD_INT, offsetof(settings, n_samples), "4000", VT_RANGE(1, 10000000),
     .help = "masks, a model call each", .aliases = "nb_samples|num_masks"},
    {"grid_size", VT_FIELD_INT, offsetof(settings, grid_size), "7", VT_RANGE(1, LARGEST_GRID),
     .help = "cells along a side of a mask", .aliases = "num_cells"},
    {"preservation_probability", VT_FIELD_REAL, offsetof(settings, preservation_probability), "0.5",
     VT_RANGE(0.001, 1), .help = "chance that a cell is kept", .aliases = "prob|p1"},
    {"baseline", VT_FIELD_STRING, offsetof(settings, baseline), "zero", .help = VT_BASELINE_HELP,
     .aliases = "mask_value"},
};

typedef struct sampler {
  const vt_task *task;
  const settings *set;
  const float *baseline;
  int channels, height, width;
  bool channels_last;
  int64_t first; /* mask of item 0 */
} sampler;

typedef struct mask {
  unsigned char cells[LARGEST_GRID * LARGEST_GRID];
  int size, cell_height, cell_width, down, right; /* shift in pixels */
} mask;

static void draw_mask(const sampler *s, int64_t number, mask *out)
{
  uint64_t seed = s->task->seed, stream = vt_stream("rise", (uint64_t)number);
  int size = out->size = (int)s->set->grid_size;
  for (int i = 0; i < size * size; i++)
    out->cells[i] = vt_random_uniform(seed, stream, (uint64_t)i) < s->set->preservation_probability;
  out->cell_height = (s->height + size - 1) / size;
  out->cell_width = (s->width + size - 1) / size;
  uint64_t next = (uint64_t)(size * size);
  out->down = (int)vt_random_below(seed, stream, next, (uint64_t)out->cell_height);
  out->right = (int)vt_random_below(seed, stream, next + 1, (uint64_t)out->cell_width);
}

/* Cells on both sides of a pixel of the enlarged grid, (size + 1) cells long, and how far it is between. */
static double between(int pixel, int cell, int size, int *near, int *far)
{
  double at = ((double)pixel + .5) * size / ((double)(size + 1) * cell) - .5;
  at = fmin(fmax(at, 0), size - 1);
  *near = (int)at;
  *far = *near + 1 < size ? *near + 1 : *near;
  return at - *near;
}

/* Visits the mask's pixels: visit(user, pixel, share kept). */
static void walk_mask(const sampler *s, const mask *m, void (*visit)(void *, size_t, double), void *user)
{
  for (int y = 0; y < s->height; y++) {
    int top, below, left, beside;
    double v = between(y + m->down, m->cell_height, m->size, &top, &below);
    const unsigned char *upper = m->cells + top * m->size, *lower = m->cells + below * m->size;
    for (int x = 0; x < s->width; x++) {
      double u = between(x + m->right, m->cell_width, m->size, &left, &beside);
      double kept = (1 - v) * ((1 - u) * upper[left] + u * upper[beside]) +
                    v * ((1 - u) * lower[left] + u * lower[beside]);
      visit(user, (size_t)y * (size_t)s->width + (size_t)x, kept);
    }
  }
}

typedef struct composing {
  const sampler *s;
  float *input;
} composing;

static void mix_pixel(void *user, size_t pixel, double kept)
{
  const composing *c = user;
  const sampler *s = c->s;
  size_t pixels = (size_t)s->height * (size_t)s->width, channels = (size_t)s->channels;
  for (size_t i = 0; i < channels; i++) {
    size_t place = s->channels_last ? pixel * channels + i : i * pixels + pixel;
    double nothing = (double)s->baseline[place];
    c->input[place] = (float)(nothing + kept * ((double)s->task->input[place] - nothing));
  }
}

static void compose(void *user, int item, float *input)
{
  const sampler *s = user;
  mask m;
  draw_mask(s, s->first + item, &m);
  walk_mask(s, &m, mix_pixel, &(composing){s, input});
}

typedef struct weighing {
  double *map;
  double weight;
} weighing;

static void weigh_pixel(void *user, size_t pixel, double kept)
{
  const weighing *w = user;
  w->map[pixel] += w->weight * kept;
}

static vt_status sample(vt_ctx *ctx, sampler *s, vt_explanation *explanation, double *map)
{
  double scores[AT_ONCE];
  double factor = 1 / ((double)s->set->n_samples * s->set->preservation_probability);
  for (s->first = 0; s->first < s->set->n_samples; s->first += AT_ONCE) {
    int64_t left = s->set->n_samples - s->first;
    int items = left < AT_ONCE ? (int)left : AT_ONCE;
    VT_TRY(vt_check_cancel(ctx));
    VT_TRY(vt_task_score(ctx, s->task, explanation, items, compose, s, scores));
    for (int i = 0; i < items; i++) {
      mask m;
      draw_mask(s, s->first + i, &m);
      walk_mask(s, &m, weigh_pixel, &(weighing){map, factor * scores[i]});
    }
  }
  return VT_OK;
}

/* The map goes to all channels alike, so that its sum over them is the paper's. */
static vt_status set_map(vt_ctx *ctx, const sampler *s, vt_explanation *explanation, const double *map)
{
  size_t pixels = (size_t)s->height * (size_t)s->width, channels = (size_t)s->channels;
  double *values = vt_alloc_zero(ctx, pixels * channels, sizeof *values);
  if (!values) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < pixels; i++)
    for (size_t c = 0; c < channels; c++)
      values[s->channels_last ? i * channels + c : c * pixels + i] = map[i] / (double)channels;
  vt_status status = vt_map_set(ctx, s->task, explanation, values, VT_REDUCE_SUM);
  vt_free(values);
  return status;
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *given, vt_explanation *explanation)
{
  const settings *set = given;
  sampler s = {.task = task, .set = set, .channels_last = vt_model_preprocess(task->model)->channels_last};
  vt_model_input_size(task->model, &s.channels, &s.height, &s.width);
  size_t floats = vt_task_floats(task);
  float *baseline = vt_alloc_zero(ctx, floats, sizeof *baseline);
  double *map = vt_alloc_zero(ctx, (size_t)s.height * (size_t)s.width, sizeof *map);
  vt_status status = baseline && map ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  s.baseline = baseline;
  if (status == VT_OK) status = vt_baseline_make(ctx, task, set->baseline, baseline);
  if (status == VT_OK) status = sample(ctx, &s, explanation, map);
  if (status == VT_OK) status = set_map(ctx, &s, explanation, map);
  vt_free(baseline);
  vt_free(map);
  return status;
}

static int64_t calls(const void *given, int regions, bool embedding)
{
  const settings *set = given;
  VT_UNUSED(regions);
  VT_UNUSED(embedding);
  return set->n_samples;
}

const vt_method vt_method_rise = {
    .id = "rise",
    .aliases = "Rise|RISE",
    .title = "RISE: random masks weighed by their scores",
    .summary =
        "Shows the model thousands of randomly hidden pictures and averages the masks by the score they "
        "left. Needs outputs only. Smooth and unspecific where few cells decide; noisy with few masks, "
        "and everything is a little positive: read the order, not the sign.",
    .citation = "Petsiuk, V., Das, A., Saenko, K. (2018). RISE: Randomized Input Sampling for Explanation of "
                "Black-box Models. BMVC. arXiv:1806.07421.",
    .cost = "n_samples model calls",
    .place = "data · token",
    .needs = VT_NEEDS_INPUT | VT_NEEDS_PICTURE,
    .settings_size = sizeof(settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = run,
    .calls = calls,
};
