/* SPDX-License-Identifier: Apache-2.0
 *
 * A state-space network that learns the label of a picture: patches are a sequence that selective scans read,
 * row by row, from its beginning and from its end in turn (Gu and Dao 2023; Zhu et al. 2024).
 */
#include "nn/recurrent.h"
#include "nn/vit.h"
#include "training/fit.h"
#include "training/learners.h"

typedef struct mixer_settings {
  int64_t width, layers, states, inner;
  vt_ints stem;
  double smoothing;
} mixer_settings;

static const vt_field fields[] = {
    {"width", VT_FIELD_INT, offsetof(mixer_settings, width), "64", VT_RANGE(1, 4096),
     .help = "numbers a token"},
    {"layers", VT_FIELD_INT, offsetof(mixer_settings, layers), "4", VT_RANGE(1, VT_VIT_LAYERS),
     .help = "blocks; every second one reads from the end"},
    {"states", VT_FIELD_INT, offsetof(mixer_settings, states), "8", VT_RANGE(1, 256),
     .help = "numbers a channel remembers"},
    {"inner", VT_FIELD_INT, offsetof(mixer_settings, inner), "0", VT_RANGE(0, 8192),
     .help = "channels of a scan; 0: twice the width"},
    {"stem", VT_FIELD_INTS, offsetof(mixer_settings, stem), "16,32,64", VT_RANGE(8, 4096),
     .help = "channels of 3x3 convolutions of stride 2 in front of the tokens, multiples of 8"},
    {"smoothing", VT_FIELD_REAL, offsetof(mixer_settings, smoothing), "0", VT_RANGE(0, .9),
     .help = "label smoothing"},
};

typedef struct mixer_state {
  vt_vit_settings stem; /* its blocks are not used */
  int64_t layers, classes;
  vt_scan_settings scan;
  vt_classify classify;
} mixer_state;

/* The sequence from its end. */
static vt_tensor *reversed(vt_ctx *ctx, vt_tensor *tokens)
{
  int64_t count = vt_dim(tokens, 1), order[1024];
  if (count < 1 || count > (int64_t)VT_COUNT(order)) return tokens;
  for (int64_t i = 0; i < count; i++)
    order[i] = count - 1 - i;
  return vt_gather(ctx, tokens, 1, vt_integers(ctx, (int)count, order));
}

static vt_tensor *run_mixer(vt_scope s, vt_tensor *image, const void *user)
{
  const mixer_state *state = user;
  vt_ctx *ctx = s.run->ctx;
  int64_t height, across;
  vt_tensor *x = vt_vit_patches(s, &state->stem, image, &height, &across);
  for (int64_t i = 0; i < state->layers; i++) {
    vt_scope block = vt_sub(s, "blocks.%d", (int)i);
    vt_tensor *seen = vt_layer_norm(vt_sub(block, "norm"), x, 1e-5);
    if (i % 2) seen = reversed(ctx, seen);
    seen = vt_selective_scan(vt_sub(block, "mixer"), seen, state->scan);
    if (i % 2) seen = reversed(ctx, seen);
    x = vt_name(block, vt_add(ctx, x, seen), "resid_post");
  }
  x = vt_layer_norm(vt_sub(s, "final_norm"), x, 1e-5);
  /* the last map, for methods that look at one */
  vt_tensor *map = vt_name(s, vt_tokens_to_map(ctx, x, 0, height, across), "map");
  vt_tensor *pooled = vt_name(s, vt_mean_axis(ctx, vt_map_to_tokens(ctx, map), 1, false), "pooled");
  return vt_name(s, vt_linear(vt_sub(s, "head"), pooled, state->classes, VT_BIAS), "logits");
}

static vt_status open_mixer(vt_ctx *ctx, vt_learner *learner)
{
  const mixer_settings *settings = learner->settings;
  const vt_dataset_field *image, *label;
  VT_TRY(vt_learner_field(ctx, learner, "image", VT_F32, 3, &image));
  VT_TRY(vt_learner_field(ctx, learner, "label", VT_I64, 0, &label));
  mixer_state *state = vt_alloc_zero(ctx, 1, sizeof *state);
  if (!state) return VT_ERROR_OUT_OF_MEMORY;
  learner->state = state;
  state->layers = settings->layers;
  state->stem.width = settings->width;
  state->scan = (vt_scan_settings){.inner = settings->inner, .states = settings->states};
  VT_TRY(vt_learner_classes(ctx, learner, &state->classes));
  if (!settings->stem.count)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "stem: one convolution or more stand before the tokens");
  VT_TRY(vt_fit_stem(ctx, &settings->stem, image->dims[1], image->dims[2], &state->stem));
  if (state->stem.rows * state->stem.columns > 1024)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "stem: %lld × %lld tokens are left; more convolutions make fewer, 1024 are possible",
                   (long long)state->stem.rows, (long long)state->stem.columns);
  state->classify = (vt_classify){
      .model = run_mixer, .settings = state, .input = "image", .smoothing = settings->smoothing};
  learner->task = vt_classify_task(&state->classify);
  return VT_OK;
}

static void close_mixer(vt_learner *learner)
{
  vt_free(learner->state);
}

static void forward_mixer(vt_scope s, const vt_learner *learner, vt_tensor *const *inputs,
                          vt_tensor **outputs)
{
  outputs[0] = run_mixer(s, inputs[0], learner->state);
}

const vt_learner_kind vt_learner_mixer = {
    .id = "mixer",
    .title = "selective scans over patches that learn the label of a picture",
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .settings_size = sizeof(mixer_settings),
    .open = open_mixer,
    .close = close_mixer,
    .inputs = {{"image", {NULL}}},
    .outputs = {"logits"},
    .forward = forward_mixer,
};
