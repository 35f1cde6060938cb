/* SPDX-License-Identifier: Apache-2.0
 *
 * Pictures that a subject gets right or wrong.
 */
#include <math.h>

#include "papers/lima_subjects.h"

typedef struct asking {
  const vt_model *model;
  const vt_image *const *pictures;
  double *probabilities; /* [items, classes] */
} asking;

static void compose(void *user, int item, float *input)
{
  const asking *a = user;
  vt_preprocess_floats(vt_model_preprocess(a->model), a->pictures[item], input);
}

static void consume(void *user, int item, const float *output, const float *embedding)
{
  const asking *a = user;
  VT_UNUSED(embedding);
  vt_model_probabilities(a->model, output, a->probabilities + (ptrdiff_t)item * vt_model_classes(a->model));
}

static vt_status ask(vt_ctx *ctx, vt_model *model, const vt_image *const *pictures, int count,
                     double *probabilities)
{
  asking a = {.model = model, .pictures = pictures, .probabilities = probabilities};
  return vt_model_run(ctx, model, count, 64, compose, consume, &a);
}

vt_status vt_lima_item_ask(vt_ctx *ctx, vt_model *model, const vt_image *picture, double *probabilities)
{
  return ask(ctx, model, &picture, 1, probabilities);
}

void vt_lima_item_free(vt_lima_item *item)
{
  vt_image_free(item->picture);
  vt_free(item->mask);
  vt_free(item->distractor);
  *item = (vt_lima_item){0};
}

/* Bytes of what training sees: (value / 255 − ½) / ½, channel by channel. */
static void picture_bytes(const float *image, vt_image *out)
{
  int pixels = out->width * out->height;
  for (int c = 0; c < out->channels; c++)
    for (int i = 0; i < pixels; i++)
      out->pixels[i * out->channels + c] = (uint8_t)lroundf((image[c * pixels + i] * .5f + .5f) * 255);
}

static int64_t count_ones(const uint8_t *mask, int64_t pixels)
{
  int64_t count = 0;
  for (int64_t i = 0; i < pixels; i++)
    count += mask[i] != 0;
  return count;
}

static vt_status make_item(vt_ctx *ctx, const vt_dataset *set, int64_t index, vt_lima_item *out)
{
  void *fields[VT_DATASET_FIELDS] = {NULL};
  int image = vt_dataset_find(set, "image"), label = vt_dataset_find(set, "label"),
      mask = vt_dataset_find(set, "mask"), distractor = vt_dataset_find(set, "distractor");
  const int64_t *dims = set->fields[image].dims;
  int64_t pixels = dims[1] * dims[2], number = 0;
  float *floats = vt_alloc(ctx, vt_dataset_field_bytes(&set->fields[image]));
  *out = (vt_lima_item){.index = index};
  out->mask = vt_alloc(ctx, (size_t)pixels);
  out->distractor = vt_alloc(ctx, (size_t)pixels);
  vt_status status = floats && out->mask && out->distractor
                         ? vt_image_new(ctx, (int)dims[2], (int)dims[1], (int)dims[0], &out->picture)
                         : VT_ERROR_OUT_OF_MEMORY;
  fields[image] = floats;
  fields[label] = &number;
  fields[mask] = out->mask;
  fields[distractor] = out->distractor;
  if (status == VT_OK) status = set->fill(ctx, set, index, 0, fields);
  if (status == VT_OK) {
    picture_bytes(floats, out->picture);
    out->label = (int)number;
    out->area = count_ones(out->mask, pixels);
    out->distractor_area = count_ones(out->distractor, pixels);
  }
  vt_free(floats);
  return status;
}

static vt_status answer(vt_ctx *ctx, vt_model *model, vt_lima_item *items, int count)
{
  int classes = vt_model_classes(model);
  double *probabilities = vt_alloc_zero(ctx, (size_t)count * (size_t)classes, sizeof *probabilities);
  const vt_image **pictures = vt_alloc_zero(ctx, (size_t)count, sizeof *pictures);
  vt_status status = probabilities && pictures ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; status == VT_OK && i < count; i++)
    pictures[i] = items[i].picture;
  if (status == VT_OK) status = ask(ctx, model, pictures, count, probabilities);
  for (int i = 0; status == VT_OK && i < count; i++) {
    const double *p = probabilities + (ptrdiff_t)i * classes;
    for (int c = 1; c < classes; c++)
      if (p[c] > p[items[i].predicted]) items[i].predicted = c;
    items[i].probability = p[items[i].label];
  }
  vt_free(pictures);
  vt_free(probabilities);
  return status;
}

enum { CHUNK = 32, ITEM_SEED = 4000 };

/* Keeps the wanted ones of a chunk; `*looked` of it were looked at. */
static vt_status look_at(vt_ctx *ctx, const vt_lima_subject *subject, const vt_dataset *set, bool wrong,
                         int64_t first, int count, int64_t wanted, vt_lima_item *out, int64_t *found,
                         int *looked)
{
  vt_lima_item items[CHUNK] = {{0}};
  vt_status status = VT_OK;
  for (int i = 0; i < count && status == VT_OK; i++)
    status = make_item(ctx, set, first + i, &items[i]);
  if (status == VT_OK) status = answer(ctx, subject->model, items, count);
  *looked = 0;
  for (int i = 0; i < count && status == VT_OK && *found < wanted; i++) {
    *looked = i + 1;
    if ((items[i].predicted != items[i].label) != wrong) continue;
    out[(*found)++] = items[i];
    items[i] = (vt_lima_item){0};
  }
  for (int i = 0; i < count; i++)
    vt_lima_item_free(&items[i]);
  return status;
}

vt_status vt_lima_items(vt_ctx *ctx, const vt_lima_subject *subject, vt_lima_form form, bool wrong,
                        int64_t first, int64_t most, int64_t count, vt_lima_item *items, int64_t *found,
                        int64_t *next)
{
  const vt_lima_kind *kind = subject->kind;
  const char *const *settings = form == VT_LIMA_TWO         ? kind->two
                                : form == VT_LIMA_CORRUPTED ? kind->corrupted
                                                            : NULL;
  size_t setting_count = settings ? (settings[0] != NULL) + (settings[1] != NULL) : 0;
  vt_world *world;
  vt_dataset *set;
  int64_t at = first;
  *found = 0;
  VT_TRY(vt_world_open(ctx, subject->world, settings, setting_count,
                       (uint64_t)(ITEM_SEED + subject->training.seed), &world));
  vt_status status = vt_world_dataset(ctx, world, VT_TEST, first + most, &set);
  if (status != VT_OK) {
    vt_world_close(world);
    return status;
  }
  while (status == VT_OK && *found < count && at < first + most) {
    int looked, chunk = first + most - at < CHUNK ? (int)(first + most - at) : CHUNK;
    status = look_at(ctx, subject, set, wrong, at, chunk, count, items, found, &looked);
    at += looked;
    if (status == VT_OK) status = vt_check_cancel(ctx);
  }
  if (next) *next = at;
  for (int64_t i = 0; status != VT_OK && i < *found; i++)
    vt_lima_item_free(&items[i]);
  if (status != VT_OK) *found = 0;
  vt_dataset_free(set);
  vt_world_close(world);
  return status;
}

vt_status vt_lima_subject_measure(vt_ctx *ctx, const vt_dataset *set, vt_lima_subject *subject)
{
  int64_t right = 0, most = set->count < 256 ? set->count : 256;
  for (int64_t at = 0; at < most; at += CHUNK) {
    vt_lima_item items[CHUNK] = {{0}};
    int count = most - at < CHUNK ? (int)(most - at) : CHUNK;
    vt_status status = VT_OK;
    for (int i = 0; i < count && status == VT_OK; i++)
      status = make_item(ctx, set, at + i, &items[i]);
    if (status == VT_OK) status = answer(ctx, subject->model, items, count);
    for (int i = 0; i < count; i++) {
      right += items[i].predicted == items[i].label;
      vt_lima_item_free(&items[i]);
    }
    VT_TRY(status);
  }
  subject->accuracy = (double)right / (double)most;
  return VT_OK;
}
