/* SPDX-License-Identifier: Apache-2.0 */
#include "attribution/again.h"

#include <math.h>

vt_status vt_picture_from_floats(vt_ctx *ctx, const vt_preprocess *preprocess, const float *input,
                                 vt_image **out)
{
  int channels = preprocess->channels;
  size_t pixels = (size_t)preprocess->height * (size_t)preprocess->width;
  VT_TRY(vt_image_new(ctx, preprocess->width, preprocess->height, channels, out));
  for (size_t p = 0; p < pixels; p++)
    for (int c = 0; c < channels; c++) {
      size_t at = preprocess->channels_last ? p * (size_t)channels + (size_t)c : (size_t)c * pixels + p;
      double value = ((double)input[at] * preprocess->std[c] + preprocess->mean[c]) / preprocess->scale;
      int colour = preprocess->bgr && channels == 3 ? 2 - c : c;
      value = round(value);
      (*out)->pixels[p * (size_t)channels + (size_t)colour] = (uint8_t)(value < 0     ? 0
                                                                        : value > 255 ? 255
                                                                                      : value);
    }
  return VT_OK;
}

static vt_status explain(vt_ctx *ctx, void *user, const vt_again *again, double *map)
{
  vt_asked *asked = user;
  vt_model *model = again->model ? again->model : asked->model;
  vt_request request = *asked->request;
  vt_image *changed = NULL;
  vt_result result;
  char target[32];
  snprintf(target, sizeof target, "%d", again->target >= 0 ? again->target : asked->target);
  request.target = target;
  request.division = asked->regions;
  request.input = again->input;
  request.bare = true;
  if (again->redraw) request.seed = asked->request->seed ^ 0x5eed; /* any other one */
  if (again->input) VT_TRY(vt_picture_from_floats(ctx, vt_model_preprocess(model), again->input, &changed));
  vt_status status = vt_attribute_run(ctx, model, changed ? changed : asked->picture, NULL, asked->method,
                                      asked->settings, &request, &result);
  vt_image_free(changed);
  VT_TRY(status);
  asked->calls += result.explanation->model_calls;
  size_t pixels = (size_t)asked->picture->height * (size_t)asked->picture->width;
  for (size_t i = 0; i < pixels; i++)
    map[i] = (double)result.explanation->saliency[i];
  vt_result_free(&result);
  return VT_OK;
}

vt_explainer vt_asked_explainer(vt_asked *asked)
{
  return (vt_explainer){.explain = explain,
                        .user = asked,
                        .size = (size_t)asked->picture->height * (size_t)asked->picture->width};
}
