/* SPDX-License-Identifier: Apache-2.0
 *
 * A residual network that learns the label of a picture.
 */
#include "nn/resnet.h"
#include "training/fit.h"
#include "training/learners.h"

typedef struct resnet_settings {
  vt_ints widths, blocks;
  int64_t stem, stem_stride, first_stride;
  double drop_path, dropout, smoothing;
  int objective;
  int64_t annealing;
  double noise;
} resnet_settings;

static const vt_field fields[] = {
    {"widths", VT_FIELD_INTS, offsetof(resnet_settings, widths), "16,32,64", VT_RANGE(1, 4096),
     .help = "channels of each stage"},
    {"blocks", VT_FIELD_INTS, offsetof(resnet_settings, blocks), "2", VT_RANGE(1, 64),
     .help = "residual blocks of each stage; one number holds for all"},
    {"stem", VT_FIELD_INT, offsetof(resnet_settings, stem), "0", VT_RANGE(0, 4096),
     .help = "channels of the first convolution; 0: as the first stage"},
    {"stem_stride", VT_FIELD_INT, offsetof(resnet_settings, stem_stride), "1", VT_RANGE(1, 8),
     .help = "stride of the first convolution, pixels"},
    {"first_stride", VT_FIELD_INT, offsetof(resnet_settings, first_stride), "2", VT_RANGE(1, 8),
     .help = "stride of the first stage; later ones halve their map"},
    {"drop_path", VT_FIELD_REAL, offsetof(resnet_settings, drop_path), "0", VT_RANGE(0, .9),
     .help = "chance that the last block skips its branch; earlier ones less"},
    {"dropout", VT_FIELD_REAL, offsetof(resnet_settings, dropout), "0", VT_RANGE(0, .95),
     .help = "dropout before the last layer"},
    {"smoothing", VT_FIELD_REAL, offsetof(resnet_settings, smoothing), "0", VT_RANGE(0, .9),
     .help = "label smoothing"},
    VT_OBJECTIVE_FIELDS(resnet_settings),
};

typedef struct resnet_state {
  vt_resnet_settings net;
  vt_classify classify;
  int64_t classes;
} resnet_state;

static vt_tensor *run_resnet(vt_scope s, vt_tensor *x, const void *user)
{
  const resnet_state *state = user;
  return vt_resnet(s, x, state->classes, &state->net);
}

static vt_status open_resnet(vt_ctx *ctx, vt_learner *learner)
{
  const resnet_settings *settings = learner->settings;
  const vt_dataset_field *field;
  VT_TRY(vt_learner_field(ctx, learner, "image", VT_F32, 3, &field));
  VT_TRY(vt_learner_field(ctx, learner, "label", VT_I64, 0, &field));
  resnet_state *state = vt_alloc_zero(ctx, 1, sizeof *state);
  if (!state) return VT_ERROR_OUT_OF_MEMORY;
  learner->state = state;
  VT_TRY(vt_learner_classes(ctx, learner, &state->classes));
  state->net = (vt_resnet_settings){.stem = settings->stem,
                                    .stem_stride = settings->stem_stride,
                                    .drop_path = settings->drop_path,
                                    .dropout = settings->dropout};
  VT_TRY(vt_fit_stages(ctx, &settings->widths, &settings->blocks, settings->first_stride, &state->net));
  state->classify = (vt_classify){.model = run_resnet,
                                  .settings = state,
                                  .input = "image",
                                  .smoothing = settings->smoothing,
                                  .objective = (vt_objective_kind)settings->objective,
                                  .annealing = settings->annealing,
                                  .noise = settings->noise};
  learner->task = vt_classify_task(&state->classify);
  return VT_OK;
}

static void close_resnet(vt_learner *learner)
{
  vt_free(learner->state);
}

static void forward_resnet(vt_scope s, const vt_learner *learner, vt_tensor *const *inputs,
                           vt_tensor **outputs)
{
  outputs[0] = run_resnet(s, inputs[0], learner->state);
}

const vt_learner_kind vt_learner_resnet = {
    .id = "resnet",
    .title = "a residual network that learns the label of a picture",
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .settings_size = sizeof(resnet_settings),
    .open = open_resnet,
    .close = close_resnet,
    .inputs = {{"image", {NULL}}},
    .outputs = {"logits"},
    .forward = forward_resnet,
};
