/* SPDX-License-Identifier: Apache-2.0 */
#include "attribution/grid_sampling.h"

#include "attribution/ask.h"
#include "attribution/grid_masks.h"

typedef struct sampler {
  const vt_task *task;
  const vt_grid_sampling *set;
  const float *baseline;
  int channels, height, width;
  bool channels_last;
  double *scores; /* [samples] */
  int64_t done;
} sampler;

static void draw_mask(const sampler *s, int64_t number, vt_grid_mask *out)
{
  out->size = s->set->grid;
  out->height = s->height;
  out->width = s->width;
  vt_grid_mask_draw(out, s->set->kept, s->task->seed, (uint64_t)number);
}

static void compose(void *user, int item, float *input)
{
  const sampler *s = user;
  vt_grid_mask mask;
  draw_mask(s, item, &mask);
  vt_grid_mask_mix(&mask, s->task->input, s->baseline, s->channels, s->channels_last, input);
}

typedef struct weighing {
  double *map, *covered;
  double weight;
} weighing;

static void weigh_pixel(void *user, size_t pixel, double kept)
{
  const weighing *w = user;
  w->map[pixel] += w->weight * kept;
  w->covered[pixel] += kept;
}

/* What the sums are divided by. The small number of coverage is xplique's. */
static void normalise(const sampler *s, double *map, const double *covered, size_t count)
{
  double expected = (double)s->done * s->set->kept;
  for (size_t i = 0; i < count; i++)
    map[i] /= s->set->coverage ? covered[i] + 1e-4 : expected;
}

static vt_status sample(vt_ctx *ctx, sampler *s, vt_explanation *explanation, double *map, double *covered)
{
  VT_TRY(vt_ask_inputs(ctx, s->task, explanation, s->set->samples, compose, s, s->scores, &s->done));
  if (s->done < 1) return vt_ask_too_few(ctx, explanation, s->set->method, s->done, 1);
  for (int64_t i = 0; i < s->done; i++) {
    vt_grid_mask mask;
    draw_mask(s, i, &mask);
    if (i % 256 == 0) VT_TRY(vt_check_cancel(ctx));
    vt_grid_mask_walk(&mask, weigh_pixel, &(weighing){map, covered, s->scores[i]});
  }
  normalise(s, map, covered, (size_t)s->height * (size_t)s->width);
  return vt_map_set_pixels(ctx, s->task, explanation, map);
}

vt_status vt_grid_sample(vt_ctx *ctx, const vt_task *task, const vt_grid_sampling *sampling,
                         vt_explanation *explanation)
{
  sampler s = {
      .task = task, .set = sampling, .channels_last = vt_model_preprocess(task->model)->channels_last};
  vt_model_input_size(task->model, &s.channels, &s.height, &s.width);
  size_t pixels = (size_t)s.height * (size_t)s.width;
  float *baseline = vt_alloc_zero(ctx, vt_task_floats(task), sizeof *baseline);
  double *map = vt_alloc_zero(ctx, pixels, sizeof *map),
         *covered = vt_alloc_zero(ctx, pixels, sizeof *covered);
  s.scores = vt_alloc_zero(ctx, (size_t)sampling->samples, sizeof *s.scores);
  s.baseline = baseline;
  vt_status status = baseline && map && covered && s.scores ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = vt_baseline_make(ctx, task, sampling->baseline, baseline);
  if (status == VT_OK) status = sample(ctx, &s, explanation, map, covered);
  vt_free(baseline);
  vt_free(map);
  vt_free(covered);
  vt_free(s.scores);
  return status;
}
