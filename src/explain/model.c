/* SPDX-License-Identifier: Apache-2.0
 *
 * What all kinds of model share: sizes, labels, assumptions, probabilities, and the check of what comes out.
 */
#include <math.h>

#include "explain/detector.h"
#include "explain/model_kind.h"

vt_status vt_model_new(vt_ctx *ctx, const vt_model_kind *kind, void *state, vt_model **out)
{
  vt_model *model = vt_alloc_zero(ctx, 1, sizeof *model);
  *out = model;
  if (!model) return VT_ERROR_OUT_OF_MEMORY;
  model->kind = kind;
  model->state = state;
  return VT_OK;
}

void vt_model_free(vt_model *model)
{
  if (!model) return;
  model->kind->free_state(model->state);
  vt_preprocess_free(model->preprocess);
  for (size_t i = 0; i < model->assumption_count; i++)
    vt_free(model->assumptions[i]);
  vt_free(model->assumptions);
  vt_free(model->notice);
  vt_free(model->detector);
  vt_free(model);
}

vt_status vt_model_assume(vt_ctx *ctx, vt_model *model, const char *format, ...)
{
  VT_TRY(vt_grow(ctx, &model->assumptions, &model->assumption_capacity, model->assumption_count,
                 sizeof *model->assumptions));
  char sentence[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(sentence, sizeof sentence, format, arguments);
  va_end(arguments);
  char *kept = vt_strdup(ctx, sentence);
  if (!kept) return VT_ERROR_OUT_OF_MEMORY;
  model->assumptions[model->assumption_count++] = kept;
  return VT_OK;
}

vt_status vt_preprocess_plain(vt_ctx *ctx, int channels, int height, int width, bool channels_last,
                              vt_preprocess **out)
{
  vt_preprocess *preprocess = vt_alloc_zero(ctx, 1, sizeof *preprocess);
  *out = preprocess;
  if (!preprocess) return VT_ERROR_OUT_OF_MEMORY;
  preprocess->height = height;
  preprocess->width = width;
  preprocess->resize = VT_RESIZE_SHORT_SIDE;
  preprocess->center_crop = true;
  preprocess->interpolation = VT_BICUBIC;
  preprocess->scale = 1.0 / 255;
  for (int c = 0; c < 4; c++)
    preprocess->std[c] = 1;
  preprocess->channels_last = channels_last;
  preprocess->channels = channels;
  return VT_OK;
}

int vt_model_classes(const vt_model *model)
{
  return model->classes;
}

void vt_model_input_size(const vt_model *model, int *channels, int *height, int *width)
{
  if (channels) *channels = model->preprocess->channels;
  if (height) *height = model->preprocess->height;
  if (width) *width = model->preprocess->width;
}

const char *vt_model_class_name(const vt_model *model, int index)
{
  const vt_preprocess *preprocess = model->preprocess;
  return preprocess->labels && index >= 0 && index < preprocess->label_count ? preprocess->labels[index]
                                                                             : NULL;
}

const char *vt_model_assumption(const vt_model *model, int index)
{
  return index >= 0 && (size_t)index < model->assumption_count ? model->assumptions[index] : NULL;
}

const char *vt_model_notice(const vt_model *model)
{
  return model->notice;
}

const char *vt_model_sha256(const vt_model *model)
{
  return model->sha256;
}

size_t vt_model_input_floats(const vt_model *model)
{
  return model->input_floats;
}

size_t vt_model_output_floats(const vt_model *model)
{
  return model->output_floats;
}

size_t vt_model_embedding_floats(const vt_model *model)
{
  return model->embedding_floats;
}

const vt_preprocess *vt_model_preprocess(const vt_model *model)
{
  return model->preprocess;
}

bool vt_model_gives_logits(const vt_model *model)
{
  return model->logits;
}

bool vt_model_gives_map(const vt_model *model)
{
  return model->map;
}

const vt_detector *vt_model_detector(const vt_model *model)
{
  return model->detector;
}

void vt_model_probabilities(const vt_model *model, const float *output, double *probabilities)
{
  int classes = model->classes;
  if (!model->logits || model->map) {
    for (int c = 0; c < classes; c++)
      probabilities[c] = output[c];
    return;
  }
  if (classes == 1) {
    probabilities[0] = 1 / (1 + exp(-(double)output[0]));
    return;
  }
  double highest = output[0], sum = 0;
  for (int c = 1; c < classes; c++)
    if (output[c] > highest) highest = output[c];
  for (int c = 0; c < classes; c++) {
    probabilities[c] = exp(output[c] - highest);
    sum += probabilities[c];
  }
  for (int c = 0; c < classes; c++)
    probabilities[c] /= sum;
}

vt_status vt_model_check_finite(vt_ctx *ctx, const vt_model *model, int item, const float *output,
                                const float *embedding)
{
  for (size_t i = 0; i < model->output_floats; i++)
    if (!isfinite(output[i]))
      return vt_fail(ctx, VT_ERROR_NOT_FINITE, "the model answered %s as output %zu of item %d",
                     isnan(output[i]) ? "NaN" : "infinity", i, item);
  for (size_t i = 0; embedding && i < model->embedding_floats; i++)
    if (!isfinite(embedding[i]))
      return vt_fail(ctx, VT_ERROR_NOT_FINITE,
                     "the model answered %s in the embedding (place %zu) of item %d",
                     isnan(embedding[i]) ? "NaN" : "infinity", i, item);
  return VT_OK;
}

vt_status vt_model_run_job(vt_ctx *ctx, vt_model *model, vt_model_job *job)
{
  job->failed_item = -1;
  if (job->count < 0)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a model cannot run %d items", job->count);
  VT_TRY(vt_check_cancel(ctx));
  return job->count ? model->kind->run(ctx, model, job) : VT_OK;
}

vt_status vt_model_run(vt_ctx *ctx, vt_model *model, int count, int batch, vt_compose_fn compose,
                       vt_consume_fn consume, void *user)
{
  vt_model_job job = {.count = count, .batch = batch, .compose = compose, .consume = consume, .user = user};
  return vt_model_run_job(ctx, model, &job);
}
