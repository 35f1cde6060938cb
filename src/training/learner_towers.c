/* SPDX-License-Identifier: Apache-2.0
 *
 * Two towers that learn which caption belongs to which picture of a batch. Measures: R@1, how often the own
 * caption is nearest among those of 64 items (groups in the order of items; a last smaller group is left
 * out), and the same from captions to pictures. Equal scores share a hit.
 */
#include "nn/loss.h"
#include "nn/resnet.h"
#include "nn/towers.h"
#include "ops/layout.h"
#include "training/fit.h"
#include "training/learners.h"
#include "training/ranking.h"
#include "training/zero_shot.h"
#include "worlds/world_words.h"

enum { GROUP = 64 };

typedef struct towers_settings {
  int64_t image_width, image_layers, text_width, text_layers, heads, shared;
  vt_ints stem, widths;
  double dropout;
} towers_settings;

static const vt_field fields[] = {
    {"image_width", VT_FIELD_INT, offsetof(towers_settings, image_width), "96", VT_RANGE(1, 4096),
     .help = "numbers a patch is"},
    {"image_layers", VT_FIELD_INT, offsetof(towers_settings, image_layers), "3", VT_RANGE(1, 48),
     .help = "blocks over patches"},
    {"text_width", VT_FIELD_INT, offsetof(towers_settings, text_width), "96", VT_RANGE(1, 4096),
     .help = "numbers a word is"},
    {"text_layers", VT_FIELD_INT, offsetof(towers_settings, text_layers), "2", VT_RANGE(1, 48),
     .help = "blocks over words"},
    {"heads", VT_FIELD_INT, offsetof(towers_settings, heads), "3", VT_RANGE(1, 64),
     .help = "attention heads of both"},
    {"shared", VT_FIELD_INT, offsetof(towers_settings, shared), "64", VT_RANGE(1, 4096),
     .help = "numbers of the shared space"},
    {"stem", VT_FIELD_INTS, offsetof(towers_settings, stem), "32,64,96", VT_RANGE(1, 4096),
     .help = "channels of the convolutions in front of the patches; each halves the picture"},
    {"widths", VT_FIELD_INTS, offsetof(towers_settings, widths), NULL, VT_RANGE(1, 4096),
     .help = "stages of a residual network in place of stem and blocks, one block each: 16,32,64"},
    {"dropout", VT_FIELD_REAL, offsetof(towers_settings, dropout), "0", VT_RANGE(0, .9),
     .help = "of what each block adds"},
};

typedef struct towers_state {
  vt_towers_settings net;
  bool maps; /* the picture tower is the residual network, its last map seen by a learned query */
  vt_resnet_settings resnet;
} towers_state;

static const char *const towers_fields[] = {"image", "tokens", NULL};

static vt_tensor *embed_images(vt_scope s, const towers_state *state, vt_tensor *image)
{
  if (!state->maps) return vt_towers_image(s, &state->net, image, NULL);
  vt_maps maps = vt_resnet_stages(vt_sub(s, "image"), image, &state->resnet);
  return vt_towers_features(s, &state->net, maps.count ? maps.maps[maps.count - 1] : vt_void());
}

static vt_tensor *score(vt_scope s, const towers_state *state, vt_tensor *image, vt_tensor *tokens,
                        vt_tensor **images, vt_tensor **texts)
{
  *images = embed_images(s, state, image);
  *texts = vt_towers_text(s, &state->net, tokens, tokens); /* token 0 is padding */
  return vt_towers_logits(s, *images, *texts);
}

vt_tensor *vt_learner_embed_images(vt_scope s, const vt_learner *learner, vt_tensor *image)
{
  return embed_images(s, learner->state, image);
}

vt_tensor *vt_learner_embed_texts(vt_scope s, const vt_learner *learner, vt_tensor *tokens)
{
  const towers_state *state = learner->state;
  return vt_towers_text(s, &state->net, tokens, tokens);
}

static void towers_loss(vt_scope s, const vt_batch *batch, const void *user, vt_losses *losses)
{
  vt_ctx *ctx = s.run->ctx;
  vt_tensor *image = vt_batch_get(ctx, batch, "image"), *tokens = vt_batch_get(ctx, batch, "tokens");
  vt_tensor *images, *texts;
  if (!image || !tokens) return;
  vt_tensor *scores = score(s, user, image, tokens, &images, &texts);
  vt_losses_add(losses, "contrast", vt_contrast(ctx, scores, (vt_contrast_settings){.symmetric = true}), 1);
}

/* ---- measures ---- */

typedef struct tally {
  const towers_state *state;
  double to_text, to_image;
  int64_t count;
} tally;

static vt_status count_batch(vt_run *run, const vt_batch *batch, void *user)
{
  tally *t = user;
  vt_ctx *ctx = run->ctx;
  vt_tensor *image = vt_batch_get(ctx, batch, "image"), *tokens = vt_batch_get(ctx, batch, "tokens");
  vt_tensor *images, *texts;
  if (batch->count < GROUP) return VT_OK;
  if (!image || !tokens) return vt_ctx_status(ctx);
  vt_tensor *scores = vt_row_major(ctx, score(vt_root(run), t->state, image, tokens, &images, &texts));
  VT_TRY(vt_ctx_status(ctx));
  const float *values = scores->data;
  for (int64_t i = 0; i < GROUP; i++) {
    t->to_text += vt_hit_share(values + i * GROUP, GROUP, 1, i);
    t->to_image += vt_hit_share(values + i, GROUP, GROUP, i);
  }
  t->count += GROUP;
  return VT_OK;
}

static vt_status towers_measure(vt_run *run, const vt_dataset *set, int64_t batch, const void *user,
                                vt_measures *out)
{
  tally t = {.state = user};
  VT_UNUSED(batch); /* groups are of 64 whatever fits at once */
  if (set->count < GROUP)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "%s: R@1 is measured among %d items; there are %lld",
                   set->name, GROUP, (long long)set->count);
  VT_TRY(vt_each_batch(run, set, GROUP, towers_fields, count_batch, &t));
  vt_measures_add(out, "R@1 image to text", t.to_text / (double)t.count, false);
  vt_measures_add(out, "R@1 text to image", t.to_image / (double)t.count, false);
  return VT_OK;
}

/* ---- the row ---- */

static vt_status set_patches(vt_ctx *ctx, const towers_settings *settings, const vt_dataset_field *image,
                             vt_block_settings block, towers_state *state)
{
  VT_TRY(vt_fit_heads(ctx, settings->heads, settings->image_width));
  if (!settings->stem.count)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "stem: one convolution or more begin the picture tower");
  state->net.image = (vt_vit_settings){.width = settings->image_width,
                                       .layers = settings->image_layers,
                                       .pool = VT_POOL_QUERY,
                                       .block = block};
  return vt_fit_stem(ctx, &settings->stem, image->dims[1], image->dims[2], &state->net.image);
}

static vt_status set_stages(vt_ctx *ctx, const towers_settings *settings, towers_state *state)
{
  int64_t one = 1;
  state->resnet.stem_stride = 2;
  return vt_fit_stages(ctx, &settings->widths, &(vt_ints){.data = &one, .count = 1}, 1, &state->resnet);
}

static vt_status open_towers(vt_ctx *ctx, vt_learner *learner)
{
  const towers_settings *settings = learner->settings;
  const vt_dataset_field *image, *tokens;
  vt_world_words words;
  VT_TRY(vt_learner_field(ctx, learner, "image", VT_F32, 3, &image));
  VT_TRY(vt_learner_field(ctx, learner, "tokens", VT_I64, 1, &tokens));
  if (!learner->world || !vt_world_words_of(learner->world, &words))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "%s: two towers learn from what scenes and slides say of their pictures",
                   learner->set->name);
  VT_TRY(vt_fit_heads(ctx, settings->heads, settings->text_width));
  towers_state *state = vt_alloc_zero(ctx, 1, sizeof *state);
  if (!state) return VT_ERROR_OUT_OF_MEMORY;
  learner->state = state;
  vt_block_settings block = {.heads = settings->heads, .dropout = settings->dropout};
  state->net = (vt_towers_settings){.text = {.vocabulary = words.count,
                                             .width = settings->text_width,
                                             .layers = settings->text_layers,
                                             .limit = tokens->dims[0],
                                             .block = block},
                                    .width = settings->shared};
  state->maps = settings->widths.count > 0;
  VT_TRY(state->maps ? set_stages(ctx, settings, state) : set_patches(ctx, settings, image, block, state));
  learner->task = (vt_learning_task){.id = "picture-text",
                                     .fields = towers_fields,
                                     .loss = towers_loss,
                                     .measure = towers_measure,
                                     .user = state};
  return VT_OK;
}

static void close_towers(vt_learner *learner)
{
  vt_free(learner->state);
}

static void forward_towers(vt_scope s, const vt_learner *learner, vt_tensor *const *inputs,
                           vt_tensor **outputs)
{
  outputs[0] = score(s, learner->state, inputs[0], inputs[1], &outputs[1], &outputs[2]);
}

const vt_learner_kind vt_learner_towers = {
    .id = "towers",
    .title = "two towers that learn which caption belongs to which picture",
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .settings_size = sizeof(towers_settings),
    .open = open_towers,
    .close = close_towers,
    .inputs = {{"image", {NULL}}, {"tokens", {NULL}}},
    .outputs = {"logits", "image.embedding", "text.embedding"},
    .forward = forward_towers,
};
