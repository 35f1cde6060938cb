/* SPDX-License-Identifier: Apache-2.0
 *
 * Small graphs whose explanations are known in closed form, and running a method on them. The picture's size
 * and layout come from a model that is never asked; what is looked into is the graph.
 */
#ifndef VT_TESTS_GRADIENT_WORLD_H
#define VT_TESTS_GRADIENT_WORLD_H

#include "graph/builder.h"

#include <math.h>

#include "attribution/attribute.h"
#include "explain/map.h"
#include "explain/model_kind.h"

enum { WORLD_FLOATS = 3 * 16 * 16 };

typedef struct gradient_world {
  vt_ctx *ctx;
  builder b;
  vt_model *model;
  vt_image *picture;
  vt_subject subject;
  int channels, height, width;
  size_t floats;
  float input[WORLD_FLOATS];
  vt_score_kind score;
  int threads;
  uint64_t seed;
} gradient_world;

static inline vt_status never_asked(vt_ctx *ctx, void *user, int count, const float *inputs, float *outputs)
{
  (void)user;
  (void)count;
  (void)inputs;
  (void)outputs;
  return vt_fail(ctx, VT_ERROR_RUNTIME, "nobody may ask");
}

/* The input "x" is declared; the test adds nodes up to "y" [1, classes] and calls world_ready(). */
static inline void world_open(gradient_world *w, int channels, int height, int width, bool channels_last)
{
  memset(w, 0, sizeof *w);
  w->ctx = vt_ctx_new();
  w->channels = channels;
  w->height = height;
  w->width = width;
  w->floats = (size_t)channels * (size_t)height * (size_t)width;
  w->score = VT_SCORE_LOGIT;
  w->threads = 1;
  assert_true(w->floats <= WORLD_FLOATS);
  assert_ok(w->ctx,
            vt_model_from_function(w->ctx, never_asked, NULL, channels, height, width, 2, true, &w->model));
  w->model->preprocess->channels_last = channels_last;
  assert_ok(w->ctx, vt_image_new(w->ctx, width, height, channels, &w->picture));
  builder_init(&w->b, w->ctx);
  const int64_t first[] = {1, channels, height, width}, last[] = {1, height, width, channels};
  builder_input(&w->b, "x", VT_F32, 4, channels_last ? last : first);
  w->subject = (vt_subject){
      .graph = &w->b.graph, .varying = "x", .type = VT_F32, .rank = 4, .output = "y", .logits = true};
  memcpy(w->subject.dims, channels_last ? last : first, sizeof first);
}

/* Sets the picture's pixels (8 bit, interleaved), and the input as the model would have it. */
static inline void world_pixels(gradient_world *w, uint8_t (*pixel)(int c, int y, int x))
{
  for (int y = 0; y < w->height; y++)
    for (int x = 0; x < w->width; x++)
      for (int c = 0; c < w->channels; c++)
        w->picture->pixels[(y * w->width + x) * w->channels + c] = pixel(c, y, x);
  vt_preprocess_floats(w->model->preprocess, w->picture, w->input);
}

static inline void world_close(gradient_world *w)
{
  builder_free(&w->b);
  vt_image_free(w->picture);
  vt_model_free(w->model);
  vt_tensor_release(w->ctx, 0);
  vt_ctx_free(w->ctx);
}

/* Settings as "name=value", NULL ends them. The explanation, with its saliency, is the caller's. */
static inline vt_explanation *world_run(gradient_world *w, const char *id, const char *const *changed)
{
  const vt_method *method = vt_method_find(&vt_methods, id);
  unsigned char settings[512];
  vt_explanation *explanation;
  if (!method) fail_msg("no method %s", id);
  assert_true(method->settings_size <= sizeof settings);
  vt_ctx_set_threads(w->ctx, w->threads);
  assert_ok(w->ctx,
            vt_params_defaults(w->ctx, method->fields, method->field_count, settings, sizeof settings));
  for (; changed && *changed; changed++) {
    char text[256];
    snprintf(text, sizeof text, "%s", *changed);
    char *equals = strchr(text, '=');
    *equals = 0;
    if (!vt_params_find(method->fields, method->field_count, text)) continue;
    assert_ok(w->ctx, vt_params_set(w->ctx, method->fields, method->field_count, settings, text, equals + 1));
  }
  vt_task task = {.model = w->model,
                  .picture = w->picture,
                  .subject = &w->subject,
                  .seed = w->seed,
                  .target = {.score = w->score, .index = 0, .contrast = -1},
                  .input = w->input};
  assert_ok(w->ctx, vt_explanation_new(w->ctx, &explanation));
  if (method->check) assert_ok(w->ctx, method->check(w->ctx, &task, settings));
  vt_status status = method->run(w->ctx, &task, settings, explanation);
  if (status != VT_OK) fail_msg("%s: %s", id, vt_ctx_message(w->ctx));
  assert_ok(w->ctx, vt_map_finish(w->ctx, &task, explanation, VT_REDUCE_AUTO, false));
  int64_t declared = method->calls(settings, 1, false);
  if (declared != explanation->traced_runs)
    fail_msg("%s: %lld runs, %lld declared", id, (long long)explanation->traced_runs, (long long)declared);
  vt_params_free(method->fields, method->field_count, settings);
  return explanation;
}

/* The completeness of a method, which must have one. */
static inline double world_error(const vt_explanation *explanation)
{
  assert_true(explanation->completeness.present);
  return explanation->completeness.error;
}

#endif
