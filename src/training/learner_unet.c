/* SPDX-License-Identifier: Apache-2.0
 *
 * A UNet that learns the class of every pixel.
 */
#include "nn/segment.h"
#include "nn/unet.h"
#include "training/learners.h"

typedef struct unet_settings {
  vt_ints widths;
  bool resize, gated;
  double dropout, smoothing;
  int64_t ignore;
} unet_settings;

static const vt_field fields[] = {
    {"widths", VT_FIELD_INTS, offsetof(unet_settings, widths), "16,32,64", VT_RANGE(1, 4096),
     .help = "channels of each level, finest first"},
    {"resize", VT_FIELD_BOOL, offsetof(unet_settings, resize), "false",
     .help = "up by linear resizing and 3x3, for pictures of any size; otherwise by 2x2 transposed"},
    {"gated", VT_FIELD_BOOL, offsetof(unet_settings, gated), "false",
     .help = "skips pass through attention gates"},
    {"dropout", VT_FIELD_REAL, offsetof(unet_settings, dropout), "0", VT_RANGE(0, .95),
     .help = "dropout at the bottom"},
    {"smoothing", VT_FIELD_REAL, offsetof(unet_settings, smoothing), "0", VT_RANGE(0, .9),
     .help = "label smoothing"},
    {"ignore", VT_FIELD_INT, offsetof(unet_settings, ignore), "0", VT_RANGE(-1, 65535),
     .help = "class of pixels that count nothing (void); -1: all count"},
};

typedef struct unet_state {
  vt_unet_settings net;
  vt_segment segment;
} unet_state;

static vt_tensor *run_unet(vt_scope s, vt_tensor *x, const void *user)
{
  const unet_state *state = user;
  return vt_unet(s, x, state->segment.classes, &state->net);
}

static vt_status set_levels(vt_ctx *ctx, const vt_learner *learner, const vt_dataset_field *image,
                            vt_unet_settings *net)
{
  const unet_settings *settings = learner->settings;
  size_t count = settings->widths.count;
  if (count < 1 || count >= VT_MOST_MAPS)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "widths: %zu levels; 1 to %d are possible", count,
                   VT_MOST_MAPS - 1);
  int64_t step = (int64_t)1 << (count - 1);
  if (!settings->resize && (image->dims[1] % step || image->dims[2] % step))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "widths: %zu levels halve pictures of %lld x %lld pixels, which are no multiple of %lld; "
                   "give fewer, or resize=true",
                   count, (long long)image->dims[1], (long long)image->dims[2], (long long)step);
  for (size_t i = 0; i < count; i++)
    net->widths[i] = settings->widths.data[i];
  return VT_OK;
}

static vt_status open_unet(vt_ctx *ctx, vt_learner *learner)
{
  const unet_settings *settings = learner->settings;
  const vt_dataset_field *image, *mask;
  VT_TRY(vt_learner_field(ctx, learner, "image", VT_F32, 3, &image));
  VT_TRY(vt_learner_field(ctx, learner, "mask", VT_I64, 2, &mask));
  if (mask->dims[0] != image->dims[1] || mask->dims[1] != image->dims[2])
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "%s: masks of %lld x %lld for pictures of %lld x %lld pixels", learner->set->name,
                   (long long)mask->dims[0], (long long)mask->dims[1], (long long)image->dims[1],
                   (long long)image->dims[2]);
  unet_state *state = vt_alloc_zero(ctx, 1, sizeof *state);
  if (!state) return VT_ERROR_OUT_OF_MEMORY;
  learner->state = state;
  VT_TRY(vt_learner_classes(ctx, learner, &state->segment.classes));
  state->net =
      (vt_unet_settings){.resize = settings->resize, .gated = settings->gated, .dropout = settings->dropout};
  VT_TRY(set_levels(ctx, learner, image, &state->net));
  state->segment.model = run_unet;
  state->segment.settings = state;
  state->segment.ignore = settings->ignore;
  state->segment.smoothing = settings->smoothing;
  state->segment.names = learner->set->classes;
  learner->task = vt_segment_task(&state->segment);
  return VT_OK;
}

static void close_unet(vt_learner *learner)
{
  vt_free(learner->state);
}

static void forward_unet(vt_scope s, const vt_learner *learner, vt_tensor *const *inputs, vt_tensor **outputs)
{
  outputs[0] = run_unet(s, inputs[0], learner->state);
}

const vt_learner_kind vt_learner_unet = {
    .id = "unet",
    .title = "a UNet that learns the class of every pixel",
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .settings_size = sizeof(unet_settings),
    .open = open_unet,
    .close = close_unet,
    .inputs = {{"image", {NULL}}},
    .outputs = {"logits"},
    .forward = forward_unet,
};
