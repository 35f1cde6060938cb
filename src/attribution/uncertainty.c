/* SPDX-License-Identifier: Apache-2.0
 *
 * Composites are made in 8 bit, prepared as the network's sidecar says, and handed over in portions.
 */
#include "attribution/uncertainty.h"

#include "data/picture.h"
#include "explain/divide.h"
#include "nn/evidence.h"

enum { PORTION = 64 };

struct vt_uncertainty {
  vt_model *model;
  const vt_image *picture, *blank;
  const vt_regions *regions;
  int64_t forwards;
};

/* ---- forwards of prepared inputs ---- */

typedef struct portion {
  const vt_model *model;
  size_t floats;
  const float *inputs; /* [count, floats] */
  double *out;         /* [count] */
} portion;

static void compose(void *user, int item, float *input)
{
  const portion *all = user;
  memcpy(input, all->inputs + (size_t)item * all->floats, all->floats * sizeof *input);
}

static void consume(void *user, int item, const float *output, const float *embedding)
{
  const portion *all = user;
  VT_UNUSED(embedding);
  all->out[item] = vt_evidential_uncertainty(output, vt_model_output_floats(all->model));
}

/* A picture as the network takes it. Composites are no photographs: they are stretched, never cropped. */
static vt_status prepare(vt_ctx *ctx, const vt_model *model, const vt_image *picture, float *input)
{
  vt_preprocess stretched = *vt_model_preprocess(model);
  vt_image *fitted = NULL;
  stretched.resize = VT_RESIZE_STRETCH;
  stretched.center_crop = false;
  stretched.resize_to = 0;
  VT_TRY(vt_preprocess_image(ctx, &stretched, picture, &fitted, NULL));
  vt_preprocess_floats(&stretched, fitted, input);
  vt_image_free(fitted);
  return VT_OK;
}

/* Picture `index` of a list, in `work` when it has to be made. */
typedef const vt_image *(*picture_fn)(const void *user, int index, vt_image *work);

static vt_status run_pictures(vt_ctx *ctx, vt_model *model, picture_fn take, const void *user, vt_image *work,
                              int count, double *out)
{
  portion all = {.model = model, .floats = vt_model_input_floats(model)};
  size_t total;
  if (!vt_size_mul(PORTION, all.floats, &total))
    return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "inputs of the uncertainty network are too large");
  float *inputs = vt_alloc_zero(ctx, total, sizeof *inputs);
  vt_status status = inputs ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  all.inputs = inputs;
  for (int first = 0; first < count && status == VT_OK; first += PORTION) {
    int size = count - first < PORTION ? count - first : PORTION;
    for (int i = 0; i < size && status == VT_OK; i++)
      status = prepare(ctx, model, take(user, first + i, work), inputs + (size_t)i * all.floats);
    all.out = out + first;
    if (status == VT_OK) status = vt_model_run(ctx, model, size, PORTION, compose, consume, &all);
  }
  if (status != VT_OK) vt_fail_prefix(ctx, "uncertainty network");
  vt_free(inputs);
  return status;
}

/* ---- subsets ---- */

static vt_status check_model(vt_ctx *ctx, const vt_model *model)
{
  if (vt_model_gives_map(model) || !vt_model_gives_logits(model))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "the uncertainty network must give one score a class, which is read as evidence; this one "
                   "gives %s (key \"output\" of its sidecar)",
                   vt_model_gives_map(model) ? "a map" : "probabilities");
  return VT_OK;
}

vt_status vt_uncertainty_new(vt_ctx *ctx, vt_model *model, const vt_image *picture, const vt_image *blank,
                             const vt_regions *regions, vt_uncertainty **out)
{
  *out = NULL;
  VT_TRY(check_model(ctx, model));
  vt_uncertainty *made = vt_alloc_zero(ctx, 1, sizeof *made);
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  *made = (vt_uncertainty){.model = model, .picture = picture, .blank = blank, .regions = regions};
  *out = made;
  return VT_OK;
}

void vt_uncertainty_free(vt_uncertainty *uncertainty)
{
  vt_free(uncertainty);
}

int64_t vt_uncertainty_forwards(const vt_uncertainty *uncertainty)
{
  return uncertainty->forwards;
}

typedef struct subset_list {
  const vt_uncertainty *uncertainty;
  const uint64_t *bits;
  size_t words;
} subset_list;

static const vt_image *take_subset(const void *user, int index, vt_image *work)
{
  const subset_list *list = user;
  const vt_uncertainty *of = list->uncertainty;
  size_t channels = (size_t)work->channels;
  memcpy(work->pixels, of->blank->pixels, vt_image_bytes(work));
  for (int r = 0; r < vt_regions_count(of->regions); r++) {
    if (!vt_subset_has(list->bits + (size_t)index * list->words, r)) continue;
    int64_t count;
    const int32_t *pixels = vt_regions_pixels(of->regions, r, &count);
    for (int64_t i = 0; i < count; i++)
      memcpy(work->pixels + (size_t)pixels[i] * channels, of->picture->pixels + (size_t)pixels[i] * channels,
             channels);
  }
  return work;
}

vt_status vt_uncertainty_subsets(vt_ctx *ctx, vt_uncertainty *uncertainty, const uint64_t *bits, int words,
                                 int count, double *out)
{
  const vt_image *picture = uncertainty->picture;
  subset_list list = {uncertainty, bits, (size_t)words};
  vt_image *work = NULL;
  VT_TRY(vt_image_new(ctx, picture->width, picture->height, picture->channels, &work));
  vt_status status = run_pictures(ctx, uncertainty->model, take_subset, &list, work, count, out);
  vt_image_free(work);
  if (status == VT_OK) uncertainty->forwards += count;
  return status;
}

static const vt_image *take_picture(const void *user, int index, vt_image *work)
{
  VT_UNUSED(work);
  return ((const vt_image *const *)user)[index];
}

vt_status vt_uncertainty_pictures(vt_ctx *ctx, vt_model *model, const vt_image *const *pictures, int count,
                                  double *out)
{
  VT_TRY(check_model(ctx, model));
  return run_pictures(ctx, model, take_picture, pictures, NULL, count, out);
}
