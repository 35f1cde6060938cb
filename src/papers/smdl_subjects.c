/* SPDX-License-Identifier: Apache-2.0 */
#include "papers/smdl_subjects.h"

#include <math.h>

#include "papers/trained.h"
#include "worlds/creatures.h"

enum { TEST_SEED = 1000 }; /* no recipe trains or validates on it */

const vt_smdl_kind vt_smdl_kinds[] = {
    {.id = "scenes",
     .title = "things among scraps (scenes/object, 12 classes)",
     .recipe = "scenes-object-evidential",
     .world = "scenes/object",
     .damaged = {"shift=noise", "level=4"},
     .unknown = "scenes/object",
     .unknown_with = "form=marks"},
    {.id = "creatures",
     .title = "look-alike animals (creatures/fine, 20 species)",
     .recipe = "creatures-fine-evidential",
     .world = "creatures/fine",
     .damaged = {"shift=noise", "level=4"},
     .unknown = "creatures/fine",
     .unknown_with = "pretrain=true"},
};
const size_t vt_smdl_kind_count = VT_COUNT(vt_smdl_kinds);

/* ---- models ---- */

typedef enum role { RECOGNISER, NETWORK, NOISE_SHOWN } role;

static vt_status open_model(vt_ctx *ctx, vt_cache *cache, const vt_smdl_kind *kind, int seed, int64_t steps,
                            role wanted, vt_model **out)
{
  const char *overrides[2];
  char counted[48];
  vt_trained_wish wish = {.recipe = kind->recipe, .overrides = overrides, .seed = seed};
  if (wanted == RECOGNISER) overrides[wish.override_count++] = "model.objective=entropy";
  if (wanted == NOISE_SHOWN) overrides[wish.override_count++] = "model.noise=0.125";
  snprintf(counted, sizeof counted, "stage.steps=%lld", (long long)steps);
  if (steps > 0) overrides[wish.override_count++] = counted;
  if (wanted == RECOGNISER) wish.embedding = "pooled";
  return vt_trained_open(ctx, cache, &wish, out);
}

vt_status vt_smdl_noise_shown_open(vt_ctx *ctx, vt_cache *cache, const vt_smdl_kind *kind, int seed,
                                   int64_t steps, vt_model **out)
{
  return open_model(ctx, cache, kind, seed, steps, NOISE_SHOWN, out);
}

vt_status vt_smdl_subject_open(vt_ctx *ctx, vt_cache *cache, const vt_smdl_kind *kind, int seed,
                               int64_t steps, vt_smdl_subject *out)
{
  *out = (vt_smdl_subject){.kind = kind};
  vt_status status = open_model(ctx, cache, kind, seed, steps, RECOGNISER, &out->recogniser);
  if (status == VT_OK) status = open_model(ctx, cache, kind, seed, steps, NETWORK, &out->network);
  if (status == VT_OK) status = vt_world_open(ctx, kind->world, NULL, 0, TEST_SEED, &out->plain);
  if (status == VT_OK) status = vt_world_open(ctx, kind->world, kind->damaged, 2, TEST_SEED, &out->damaged);
  if (status == VT_OK)
    status = vt_world_open(ctx, kind->unknown, &kind->unknown_with, 1, TEST_SEED, &out->unknown);
  if (status != VT_OK) vt_smdl_subject_close(out);
  return status;
}

void vt_smdl_subject_close(vt_smdl_subject *subject)
{
  vt_model_free(subject->recogniser);
  vt_model_free(subject->network);
  vt_world_close(subject->plain);
  vt_world_close(subject->damaged);
  vt_world_close(subject->unknown);
  *subject = (vt_smdl_subject){0};
}

/* ---- asking ---- */

typedef struct question {
  const vt_model *model;
  const vt_image *picture;
  double *probabilities;
} question;

static void compose(void *user, int item, float *input)
{
  const question *asked = user;
  VT_UNUSED(item);
  vt_preprocess_floats(vt_model_preprocess(asked->model), asked->picture, input);
}

static void consume(void *user, int item, const float *output, const float *embedding)
{
  const question *asked = user;
  VT_UNUSED(item), VT_UNUSED(embedding);
  vt_model_probabilities(asked->model, output, asked->probabilities);
}

vt_status vt_smdl_ask(vt_ctx *ctx, vt_model *model, const vt_image *picture, double *probabilities)
{
  question asked = {model, picture, probabilities};
  return vt_model_run(ctx, model, 1, 1, compose, consume, &asked);
}

/* ---- items ---- */

void vt_smdl_item_free(vt_smdl_item *item)
{
  vt_image_free(item->picture);
  vt_free(item->mask);
  *item = (vt_smdl_item){0};
}

/* Pictures of worlds are (value / 255 − .5) / .5, a plane a channel. */
static vt_status picture_of(vt_ctx *ctx, const vt_tensor *image, vt_image **out)
{
  int64_t height = image->dims[2], width = image->dims[3], pixels = height * width;
  const float *values = image->data;
  VT_TRY(vt_image_new(ctx, (int)width, (int)height, 3, out));
  for (int64_t i = 0; i < 3 * pixels; i++)
    (*out)->pixels[3 * (i % pixels) + i / pixels] = (uint8_t)lround(((double)values[i] * .5 + .5) * 255);
  return VT_OK;
}

/* Of creatures: the parts in which the species differs from its nearest neighbour. */
static void keep_distinguishing(const vt_world *world, int species, const uint8_t *parts, vt_smdl_item *item,
                                int64_t pixels)
{
  const vt_creature_table *table = vt_creatures_table(world);
  unsigned apart = vt_creature_difference(table, species, vt_creature_neighbour(table, species));
  for (int64_t i = 0; i < pixels; i++) {
    int part = parts[i] - 1;
    item->mask[i] = part >= 0 && part < VT_CREATURE_PARTS && apart >> part & 1;
  }
}

static vt_status take_fields(vt_ctx *ctx, const vt_world *world, const vt_dataset *set, int64_t index,
                             vt_smdl_item *out)
{
  bool creatures = vt_dataset_find(set, "keypoints") >= 0, labelled = vt_dataset_find(set, "label") >= 0;
  vt_batch batch;
  VT_TRY(vt_batch_make(ctx, set, &index, 1, 0, NULL, &batch));
  const vt_tensor *image = vt_batch_get(ctx, &batch, "image");
  const vt_tensor *mask = vt_batch_get(ctx, &batch, creatures ? "parts" : "mask");
  const vt_tensor *label = labelled ? vt_batch_get(ctx, &batch, "label") : NULL;
  if (!image || !mask || (labelled && !label)) return vt_ctx_status(ctx);
  int64_t pixels = vt_count(mask);
  VT_TRY(picture_of(ctx, image, &out->picture));
  out->mask = vt_alloc_zero(ctx, (size_t)pixels, 1);
  if (!out->mask) return VT_ERROR_OUT_OF_MEMORY;
  out->label = label ? (int)vt_get_i64(label, 0) : -1;
  if (creatures && out->label >= 0)
    keep_distinguishing(world, out->label, mask->data, out, pixels);
  else if (!creatures)
    memcpy(out->mask, mask->data, (size_t)pixels);
  for (int64_t i = 0; i < pixels; i++)
    out->area += out->mask[i] != 0;
  return VT_OK;
}

static vt_status answer(vt_ctx *ctx, const vt_smdl_subject *subject, vt_smdl_item *item)
{
  int classes = vt_model_classes(subject->recogniser);
  double *probabilities = vt_alloc_zero(ctx, (size_t)classes, sizeof *probabilities);
  if (!probabilities) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_smdl_ask(ctx, subject->recogniser, item->picture, probabilities);
  for (int c = 1; c < classes && status == VT_OK; c++)
    if (probabilities[c] > probabilities[item->predicted]) item->predicted = c;
  vt_free(probabilities);
  return status;
}

vt_status vt_smdl_item_make(vt_ctx *ctx, const vt_smdl_subject *subject, const vt_world *world, int64_t index,
                            vt_smdl_item *out)
{
  vt_dataset *set = NULL;
  size_t mark = vt_tensor_mark(ctx);
  *out = (vt_smdl_item){0};
  /* the count only says how far the split goes: an item is a function of its index */
  vt_status status = vt_world_dataset(ctx, world, VT_TEST, index + 1, &set);
  if (status == VT_OK) status = take_fields(ctx, world, set, index, out);
  if (status == VT_OK) status = answer(ctx, subject, out);
  if (status != VT_OK) vt_smdl_item_free(out);
  vt_tensor_release(ctx, mark);
  vt_dataset_free(set);
  return status;
}

vt_status vt_smdl_item_next(vt_ctx *ctx, const vt_smdl_subject *subject, const vt_world *world, bool wrong,
                            int64_t most, int64_t *index, vt_smdl_item *out, bool *found)
{
  *found = false;
  for (int64_t tried = 0; tried < most && !*found; tried++) {
    VT_TRY(vt_check_cancel(ctx));
    VT_TRY(vt_smdl_item_make(ctx, subject, world, (*index)++, out));
    *found = (out->predicted != out->label) == wrong && out->area > 0;
    if (!*found) vt_smdl_item_free(out);
  }
  return VT_OK;
}

vt_status vt_smdl_accuracy(vt_ctx *ctx, const vt_smdl_subject *subject, int64_t first, int64_t count,
                           double *out)
{
  int64_t right = 0;
  for (int64_t i = 0; i < count; i++) {
    vt_smdl_item item;
    VT_TRY(vt_check_cancel(ctx));
    VT_TRY(vt_smdl_item_make(ctx, subject, subject->plain, first + i, &item));
    right += item.predicted == item.label;
    vt_smdl_item_free(&item);
  }
  *out = (double)right / (double)count;
  return VT_OK;
}
