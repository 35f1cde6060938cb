/* SPDX-License-Identifier: Apache-2.0 */
#include "training/zero_shot.h"

#include <math.h>

#include "nn/loss.h"
#include "ops/layout.h"
#include "training/export.h"
#include "training/learners.h"
#include "worlds/world_words.h"

/* Vectors of all prompts about one class: [prompts, width]. */
static vt_status prompt_vectors(vt_ctx *ctx, const vt_learner *learner, vt_parameters *parameters,
                                const vt_world_words *words, const char *name, vt_tensor **out)
{
  const vt_dataset *set = learner->set;
  int64_t length = set->fields[vt_dataset_find(set, "tokens")].dims[0], count = 0;
  vt_tensor *tokens;
  while (words->prompts[count])
    count++;
  tokens = vt_tensor_new(ctx, VT_I64, 2, (const int64_t[]){count, length});
  if (!tokens) return vt_ctx_status(ctx);
  for (int64_t i = 0; i < count; i++) {
    char text[256];
    vt_prompt_say(words->prompts[i], name, text, sizeof text);
    words->tokens(text, (int)length, (int64_t *)tokens->data + i * length);
  }
  vt_run run = {.ctx = ctx, .parameters = parameters, .locked = true};
  vt_run_begin(&run);
  *out = vt_row_major(ctx, vt_learner_embed_texts(vt_root(&run), learner, tokens));
  vt_run_end(&run);
  return vt_ctx_status(ctx);
}

static void add_unit(const float *vector, int64_t width, double *sum)
{
  double square = 0;
  for (int64_t i = 0; i < width; i++)
    square += (double)vector[i] * vector[i];
  for (int64_t i = 0; i < width; i++)
    sum[i] += vector[i] / sqrt(square > 0 ? square : 1);
}

static vt_status mean_of(vt_ctx *ctx, const vt_tensor *vectors, float *out)
{
  int64_t count = vectors->dims[0], width = vectors->dims[1];
  double *sum = vt_alloc_zero(ctx, (size_t)width, sizeof *sum), square = 0;
  if (!sum) return VT_ERROR_OUT_OF_MEMORY;
  for (int64_t i = 0; i < count; i++)
    add_unit((const float *)vectors->data + i * width, width, sum);
  for (int64_t i = 0; i < width; i++)
    square += sum[i] * sum[i];
  for (int64_t i = 0; i < width; i++)
    out[i] = (float)(sum[i] / sqrt(square > 0 ? square : 1));
  vt_free(sum);
  return VT_OK;
}

vt_status vt_class_vectors(vt_ctx *ctx, const vt_learner *learner, vt_parameters *parameters,
                           const char *const *names, int count, vt_tensor **out)
{
  vt_world_words words;
  *out = NULL;
  if (learner->kind != &vt_learner_towers || !learner->world || !vt_world_words_of(learner->world, &words))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "learner '%s' has no text tower", learner->kind->id);
  if (count < 1) return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s names no classes", learner->set->name);
  for (int c = 0; c < count; c++) {
    vt_tensor *vectors = NULL;
    VT_TRY(prompt_vectors(ctx, learner, parameters, &words, names[c], &vectors));
    if (!*out) *out = vt_tensor_new(ctx, VT_F32, 2, (const int64_t[]){count, vectors->dims[1]});
    if (!*out) return vt_ctx_status(ctx);
    VT_TRY(mean_of(ctx, vectors, (float *)(*out)->data + c * vectors->dims[1]));
  }
  return VT_OK;
}

/* ---- as a graph ---- */

typedef struct zero_shot {
  const vt_learner *towers;
  vt_tensor *classes;
} zero_shot;

static void forward_zero_shot(vt_scope s, const vt_learner *learner, vt_tensor *const *inputs,
                              vt_tensor **outputs)
{
  const zero_shot *state = learner->state;
  vt_ctx *ctx = s.run->ctx;
  outputs[1] = vt_learner_embed_images(s, state->towers, inputs[0]);
  vt_tensor *products = vt_affine(ctx, outputs[1], state->classes, NULL);
  outputs[0] = vt_name(s, vt_mul(ctx, products, vt_learned_scale(s, .07, 100)), "logits");
}

vt_status vt_zero_shot_graph(vt_ctx *ctx, const vt_learner *learner, vt_parameters *parameters,
                             vt_graph **out)
{
  static const vt_learner_kind kind = {.id = "zero-shot",
                                       .title = "towers with fixed texts",
                                       .inputs = {{"image", {NULL}}},
                                       .outputs = {"logits", "image.embedding"},
                                       .forward = forward_zero_shot};
  zero_shot state = {.towers = learner};
  vt_learner asks = {.kind = &kind, .set = learner->set, .world = learner->world, .state = &state};
  size_t mark = vt_tensor_mark(ctx);
  *out = NULL;
  vt_status status = vt_class_vectors(ctx, learner, parameters, learner->set->classes,
                                      learner->set->class_count, &state.classes);
  if (status == VT_OK) status = vt_learner_graph(ctx, &asks, parameters, out);
  vt_tensor_release(ctx, mark);
  return status;
}
