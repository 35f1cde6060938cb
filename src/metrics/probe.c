/* SPDX-License-Identifier: Apache-2.0
 *
 * Composites of a picture and a baseline, scored. They are made in normalised space: some baselines, such as
 * RISE's blur, exist only there.
 */
#include "metrics/probe.h"

#include "metrics/baseline.h"

enum { AT_ONCE = 256 }; /* items whose probabilities are held */

vt_status vt_probe_open(vt_ctx *ctx, const vt_task *task, vt_baseline baseline, vt_probe *out)
{
  const vt_preprocess *preprocess = vt_model_preprocess(task->model);
  *out = (vt_probe){.model = task->model,
                    .options = vt_scorer_options_of(task->scorer),
                    .floats = vt_model_input_floats(task->model),
                    .channels_last = preprocess->channels_last};
  vt_model_input_size(task->model, &out->channels, &out->height, &out->width);
  out->pixels = (size_t)out->height * (size_t)out->width;
  out->picture = vt_alloc_zero(ctx, out->floats, sizeof *out->picture);
  out->baseline = vt_alloc_zero(ctx, out->floats, sizeof *out->baseline);
  if (!out->picture || !out->baseline) return VT_ERROR_OUT_OF_MEMORY;
  vt_preprocess_floats(preprocess, task->picture, out->picture);
  return vt_baseline_floats(ctx, task, baseline, out->picture, out->baseline);
}

void vt_probe_close(vt_probe *probe)
{
  vt_free(probe->picture);
  vt_free(probe->baseline);
  *probe = (vt_probe){0};
}

void vt_probe_paste(const vt_probe *probe, const float *from, const int32_t *pixels, int64_t count,
                    float *input)
{
  for (int64_t i = 0; i < count; i++)
    for (int c = 0; c < probe->channels; c++) {
      size_t at = vt_probe_at(probe, (size_t)pixels[i], c);
      input[at] = from[at];
    }
}

typedef struct asking {
  const vt_probe *probe;
  vt_compose_fn compose;
  void *user;
  int first; /* input that is item 0 */
  size_t classes;
  double *probabilities; /* [AT_ONCE, classes] scratch, a row an item */
  double *scores;
  int *tops;
} asking;

static void compose_one(void *user, int item, float *input)
{
  const asking *a = user;
  a->compose(a->user, a->first + item, input);
}

static void consume_one(void *user, int item, const float *output, const float *embedding)
{
  const asking *a = user;
  vt_scored scored = vt_scored_from(a->probe->model, a->probe->options, output, embedding,
                                    a->probabilities + (size_t)item * a->classes);
  a->scores[a->first + item] = scored.target;
  if (a->tops) a->tops[a->first + item] = scored.top;
}

vt_status vt_probe_score(vt_ctx *ctx, const vt_probe *probe, int count, vt_compose_fn compose, void *user,
                         double *scores, int *tops)
{
  asking a = {.probe = probe,
              .compose = compose,
              .user = user,
              .classes = (size_t)vt_model_classes(probe->model),
              .scores = scores,
              .tops = tops};
  int most = count < AT_ONCE ? count : AT_ONCE, batch = probe->options->batch;
  a.probabilities = vt_alloc_zero(ctx, (size_t)most * a.classes, sizeof *a.probabilities);
  vt_status status = a.probabilities ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (; status == VT_OK && a.first < count; a.first += most)
    status = vt_model_run(ctx, probe->model, count - a.first < most ? count - a.first : most,
                          batch > 0 ? batch : 1, compose_one, consume_one, &a);
  vt_free(a.probabilities);
  return status;
}

static void compose_end(void *user, int item, float *input)
{
  const vt_probe *probe = user;
  memcpy(input, item ? probe->baseline : probe->picture, probe->floats * sizeof *input);
}

vt_status vt_probe_ends(vt_ctx *ctx, const vt_probe *probe, double *full, double *blank)
{
  double scores[2];
  vt_probe whole = *probe;
  VT_TRY(vt_probe_score(ctx, probe, 2, compose_end, &whole, scores, NULL));
  *full = scores[0];
  *blank = scores[1];
  return VT_OK;
}
