/* SPDX-License-Identifier: Apache-2.0
 *
 * A vision transformer that learns the label of a picture.
 */
#include "nn/vit.h"
#include "training/fit.h"
#include "training/learners.h"

typedef struct vit_settings {
  int64_t width, layers, heads, hidden, patch;
  vt_ints stem;
  int positions, pool;
  bool cls;
  double dropout, pattern_dropout, drop_path, smoothing, init_std;
  int objective;
  int64_t annealing;
  double noise;
} vit_settings;

/* choices in the order of vt_vit_positions and vt_vit_pool */
static const vt_field fields[] = {
    {"width", VT_FIELD_INT, offsetof(vit_settings, width), "64", VT_RANGE(1, 4096),
     .help = "numbers a token"},
    {"layers", VT_FIELD_INT, offsetof(vit_settings, layers), "4", VT_RANGE(1, VT_VIT_LAYERS),
     .help = "transformer blocks"},
    {"heads", VT_FIELD_INT, offsetof(vit_settings, heads), "4", VT_RANGE(1, 256),
     .help = "attention heads; a divisor of the width"},
    {"hidden", VT_FIELD_INT, offsetof(vit_settings, hidden), "0", VT_RANGE(0, 65536),
     .help = "hidden width of the MLP; 0: four times the width"},
    {"patch", VT_FIELD_INT, offsetof(vit_settings, patch), "8", VT_RANGE(1, 1024),
     .help = "side of a patch, pixels; unused with a stem"},
    {"stem", VT_FIELD_INTS, offsetof(vit_settings, stem), NULL, VT_RANGE(8, 4096),
     .help = "channels of 3x3 convolutions of stride 2 in place of patches, multiples of 8: 32,64,64"},
    {"positions", VT_FIELD_CHOICE, offsetof(vit_settings, positions), "learned",
     .choices = "learned|sinusoid|rotary|none", .help = "how tokens know their place"},
    {"pool", VT_FIELD_CHOICE, offsetof(vit_settings, pool), "cls", .choices = "cls|mean|query",
     .help = "what the head reads: the CLS token, the mean of the patches, a learned query's pick"},
    {"cls", VT_FIELD_BOOL, offsetof(vit_settings, cls), "false",
     .help = "a CLS token with another pooling, too"},
    {"dropout", VT_FIELD_REAL, offsetof(vit_settings, dropout), "0", VT_RANGE(0, .95),
     .help = "dropout of embeddings and of what attention and MLP add"},
    {"pattern_dropout", VT_FIELD_REAL, offsetof(vit_settings, pattern_dropout), "0", VT_RANGE(0, .95),
     .help = "dropout of attention patterns"},
    {"drop_path", VT_FIELD_REAL, offsetof(vit_settings, drop_path), "0", VT_RANGE(0, .9),
     .help = "chance that a block skips a branch"},
    {"smoothing", VT_FIELD_REAL, offsetof(vit_settings, smoothing), "0", VT_RANGE(0, .9),
     .help = "label smoothing"},
    {"init_std", VT_FIELD_REAL, offsetof(vit_settings, init_std), "0", VT_RANGE(0, 1),
     .help = "deviation with which weights of blocks begin; 0: Xavier"},
    VT_OBJECTIVE_FIELDS(vit_settings),
};

typedef struct vit_state {
  vt_vit_settings net;
  vt_classify classify;
} vit_state;

static vt_tensor *run_vit(vt_scope s, vt_tensor *x, const void *user)
{
  const vit_state *state = user;
  vt_vit_outputs out;
  vt_vit(s, &state->net, x, NULL, &out);
  return out.logits;
}

/* The grid of tokens that a picture is. */
static vt_status set_grid(vt_ctx *ctx, const vit_settings *settings, const vt_dataset_field *image,
                          vt_vit_settings *net)
{
  if (settings->stem.count) return vt_fit_stem(ctx, &settings->stem, image->dims[1], image->dims[2], net);
  for (int axis = 1; axis <= 2; axis++)
    if (image->dims[axis] % settings->patch)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                     "patch: %lld pixels do not divide pictures of %lld; give a divisor, or a stem",
                     (long long)settings->patch, (long long)image->dims[axis]);
  net->rows = image->dims[1] / settings->patch;
  net->columns = image->dims[2] / settings->patch;
  return VT_OK;
}

static vt_status check_width(vt_ctx *ctx, const vit_settings *settings)
{
  VT_TRY(vt_fit_heads(ctx, settings->heads, settings->width));
  bool rotary = settings->positions == VT_POSITIONS_ROTARY,
       sinusoid = settings->positions == VT_POSITIONS_SINUSOID;
  int64_t width = rotary ? settings->width / settings->heads : settings->width;
  if ((rotary || sinusoid) && width % 4)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "positions: %s ones need a width%s that is a multiple of "
                   "4, not %lld",
                   rotary ? "rotary" : "sinusoid", rotary ? " of a head" : "", (long long)width);
  return VT_OK;
}

static vt_status open_vit(vt_ctx *ctx, vt_learner *learner)
{
  const vit_settings *settings = learner->settings;
  const vt_dataset_field *image, *label;
  VT_TRY(vt_learner_field(ctx, learner, "image", VT_F32, 3, &image));
  VT_TRY(vt_learner_field(ctx, learner, "label", VT_I64, 0, &label));
  VT_TRY(check_width(ctx, settings));
  vit_state *state = vt_alloc_zero(ctx, 1, sizeof *state);
  if (!state) return VT_ERROR_OUT_OF_MEMORY;
  learner->state = state;
  state->net = (vt_vit_settings){.width = settings->width,
                                 .layers = settings->layers,
                                 .patch = settings->patch,
                                 .positions = (vt_vit_positions)settings->positions,
                                 .pool = (vt_vit_pool)settings->pool,
                                 .cls = settings->cls,
                                 .block = {.heads = settings->heads,
                                           .hidden = settings->hidden,
                                           .dropout = settings->dropout,
                                           .pattern_dropout = settings->pattern_dropout,
                                           .drop_path = settings->drop_path,
                                           .init_std = settings->init_std}};
  VT_TRY(set_grid(ctx, settings, image, &state->net));
  VT_TRY(vt_learner_classes(ctx, learner, &state->net.classes));
  state->classify = (vt_classify){.model = run_vit,
                                  .settings = state,
                                  .input = "image",
                                  .smoothing = settings->smoothing,
                                  .objective = (vt_objective_kind)settings->objective,
                                  .annealing = settings->annealing,
                                  .noise = settings->noise};
  learner->task = vt_classify_task(&state->classify);
  return VT_OK;
}

static void close_vit(vt_learner *learner)
{
  vt_free(learner->state);
}

static void forward_vit(vt_scope s, const vt_learner *learner, vt_tensor *const *inputs, vt_tensor **outputs)
{
  outputs[0] = run_vit(s, inputs[0], learner->state);
}

const vt_learner_kind vt_learner_vit = {
    .id = "vit",
    .title = "a vision transformer that learns the label of a picture",
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .settings_size = sizeof(vit_settings),
    .open = open_vit,
    .close = close_vit,
    .inputs = {{"image", {NULL}}},
    .outputs = {"logits"},
    .forward = forward_vit,
};
