/* SPDX-License-Identifier: Apache-2.0 */
#include "comparison/exhibits.h"

#include "attribution/attribute.h"
#include "data/picture.h"
#include "metrics/part_truth.h"

void vt_known_picture_free(vt_known_picture *known)
{
  vt_image_free(known->picture);
  vt_free(known->mask);
  *known = (vt_known_picture){0};
}

/* What the model answers for a picture of its size. */
static vt_status ask(vt_ctx *ctx, vt_model *model, const vt_image *picture, int *answer, double *probability)
{
  vt_scorer_options options = {
      .target = VT_CLASS_NONE, .second = VT_CLASS_NONE, .contrast = VT_CLASS_NONE, .batch = 1};
  vt_scorer *scorer;
  VT_TRY(vt_scorer_new(ctx, model, picture, picture, NULL, &options, &scorer));
  *answer = vt_scorer_options_of(scorer)->target;
  *probability = vt_scorer_full_probabilities(scorer)[*answer];
  vt_scorer_free(scorer);
  return VT_OK;
}

/* ---- composites ---- */

/* Photographs shrunk, and textures, read once. */
typedef struct studio {
  vt_image **photographs; /* [count] side × side; NULL: the model errs, or it cannot be read */
  int *classes;
  vt_image **textures; /* at least of the model's size */
  size_t photograph_count, texture_count;
} studio;

static void close_studio(studio *all)
{
  for (size_t i = 0; all->photographs && i < all->photograph_count; i++)
    vt_image_free(all->photographs[i]);
  for (size_t i = 0; all->textures && i < all->texture_count; i++)
    vt_image_free(all->textures[i]);
  vt_free(all->photographs);
  vt_free(all->textures);
  vt_free(all->classes);
}

static vt_status read_photograph(vt_ctx *ctx, vt_model *model, const vt_composites *how, size_t index,
                                 studio *all)
{
  const vt_album_picture *from = &how->photographs->pictures[index];
  vt_image *photo = NULL, *seen = NULL;
  double probability;
  vt_status status = vt_image_read(ctx, from->path, NULL, &photo);
  if (status != VT_OK) { /* one bad file among good ones */
    vt_log(VT_LOG_WARNING, "%s", vt_ctx_message(ctx));
    vt_ctx_clear(ctx);
    return VT_OK;
  }
  status = vt_preprocess_image(ctx, vt_model_preprocess(model), photo, &seen, NULL);
  if (status == VT_OK) status = ask(ctx, model, seen, &all->classes[index], &probability);
  if (status == VT_OK && (from->label < 0 || from->label == all->classes[index]))
    status = vt_image_resize(ctx, seen, how->side, how->side, VT_BICUBIC, &all->photographs[index]);
  vt_image_free(photo);
  vt_image_free(seen);
  return status;
}

/* A texture at its own size, enlarged where it is smaller than what the model sees. */
static vt_status read_texture(vt_ctx *ctx, vt_model *model, const char *path, vt_image **out)
{
  int channels, height, width;
  vt_image *read, *grey;
  vt_model_input_size(model, &channels, &height, &width);
  VT_TRY(vt_image_read(ctx, path, NULL, &read));
  if (read->height < height || read->width < width) {
    double enlarge = (double)height / read->height, other = (double)width / read->width;
    if (other > enlarge) enlarge = other;
    int to_width = (int)(read->width * enlarge + 1), to_height = (int)(read->height * enlarge + 1);
    vt_image *larger;
    vt_status status = vt_image_resize(ctx, read, to_width, to_height, VT_BICUBIC, &larger);
    vt_image_free(read);
    VT_TRY(status);
    read = larger;
  }
  if (channels == 1) {
    vt_status status = vt_image_new(ctx, read->width, read->height, 1, &grey);
    for (int64_t i = 0; status == VT_OK && i < (int64_t)read->width * read->height; i++)
      grey->pixels[i] = vt_luma(read->pixels + 3 * i);
    vt_image_free(read);
    VT_TRY(status);
    read = grey;
  }
  *out = read;
  return VT_OK;
}

static vt_status open_studio(vt_ctx *ctx, vt_model *model, const vt_composites *how, studio *all)
{
  int channels, height, width;
  vt_model_input_size(model, &channels, &height, &width);
  if (how->side < 8 || how->side > height || how->side > width)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a side of %d: the model sees %d×%d", how->side, width,
                   height);
  all->photograph_count = how->photographs->count;
  all->texture_count = how->textures->count;
  all->photographs = vt_alloc_zero(ctx, all->photograph_count, sizeof *all->photographs);
  all->classes = vt_alloc_zero(ctx, all->photograph_count, sizeof *all->classes);
  all->textures = vt_alloc_zero(ctx, all->texture_count, sizeof *all->textures);
  if (!all->photographs || !all->classes || !all->textures) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < all->texture_count; i++)
    VT_TRY(read_texture(ctx, model, how->textures->pictures[i].path, &all->textures[i]));
  size_t right = 0;
  for (size_t i = 0; i < all->photograph_count; i++) {
    VT_TRY(vt_check_cancel(ctx));
    VT_TRY(read_photograph(ctx, model, how, i, all));
    right += all->photographs[i] != NULL;
    vt_progress(ctx, "photographs", (double)(i + 1), (double)all->photograph_count);
  }
  if (right) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "the model gets none of the %zu photographs right",
                 all->photograph_count);
}

/* `small` at (x, y) of a cut of the texture. */
static vt_status compose(vt_ctx *ctx, const vt_image *texture, const vt_image *small, const int cut[2],
                         const int at[2], int height, int width, vt_known_picture *out)
{
  int channels = small->channels;
  VT_TRY(vt_image_new(ctx, width, height, channels, &out->picture));
  if (!(out->mask = vt_alloc_zero(ctx, (size_t)height * (size_t)width, 1))) return VT_ERROR_OUT_OF_MEMORY;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      bool inside = x >= at[0] && y >= at[1] && x < at[0] + small->width && y < at[1] + small->height;
      const vt_image *from = inside ? small : texture;
      int from_x = inside ? x - at[0] : x + cut[0], from_y = inside ? y - at[1] : y + cut[1];
      size_t place = (size_t)y * (size_t)width + (size_t)x;
      memcpy(out->picture->pixels + place * (size_t)channels,
             from->pixels + ((size_t)from_y * (size_t)from->width + (size_t)from_x) * (size_t)channels,
             (size_t)channels);
      out->mask[place] = inside;
    }
  return VT_OK;
}

static vt_status try_composite(vt_ctx *ctx, vt_model *model, const vt_composites *how, const studio *all,
                               size_t photograph, uint64_t number, vt_known_picture *out, bool *kept)
{
  int channels, height, width, answer;
  uint64_t stream = vt_stream("composite", number);
  vt_model_input_size(model, &channels, &height, &width);
  size_t t = (size_t)vt_random_below(how->seed, stream, 0, all->texture_count);
  const vt_image *texture = all->textures[t], *small = all->photographs[photograph];
  int cut[2] = {(int)vt_random_below(how->seed, stream, 1, (uint64_t)(texture->width - width + 1)),
                (int)vt_random_below(how->seed, stream, 2, (uint64_t)(texture->height - height + 1))};
  int at[2] = {(int)vt_random_below(how->seed, stream, 3, (uint64_t)(width - small->width + 1)),
               (int)vt_random_below(how->seed, stream, 4, (uint64_t)(height - small->height + 1))};
  *out = (vt_known_picture){.label = all->classes[photograph]};
  snprintf(out->source, sizeof out->source, "%.120s on %.120s at %d,%d",
           how->photographs->pictures[photograph].name, how->textures->pictures[t].name, at[0], at[1]);
  vt_status status = compose(ctx, texture, small, cut, at, height, width, out);
  if (status == VT_OK) status = ask(ctx, model, out->picture, &answer, &out->probability);
  if (status != VT_OK) vt_known_picture_free(out);
  *kept = status == VT_OK && answer == out->label;
  return status;
}

static vt_status make_composites(vt_ctx *ctx, vt_model *model, const vt_composites *how, const studio *all,
                                 vt_known_picture_fn take, void *user, int64_t *kept, int64_t *tried)
{
  for (int turn = 0; turn < how->tries; turn++)
    for (size_t p = 0; p < all->photograph_count; p++) {
      if (!all->photographs[p]) continue;
      if (*kept == how->count) return VT_OK;
      vt_known_picture known;
      bool good;
      VT_TRY(vt_check_cancel(ctx));
      VT_TRY(
          try_composite(ctx, model, how, all, p, (uint64_t)turn * all->photograph_count + p, &known, &good));
      vt_status status = good ? take(ctx, user, &known) : VT_OK;
      vt_known_picture_free(&known);
      VT_TRY(status);
      ++*tried;
      *kept += good;
      vt_progress(ctx, "composites", (double)*kept, (double)how->count);
    }
  return VT_OK;
}

vt_status vt_composites_make(vt_ctx *ctx, vt_model *model, const vt_composites *how, vt_known_picture_fn take,
                             void *user, int64_t *kept, int64_t *tried)
{
  studio all = {0};
  *kept = *tried = 0;
  vt_status status = open_studio(ctx, model, how, &all);
  if (status == VT_OK) status = make_composites(ctx, model, how, &all, take, user, kept, tried);
  close_studio(&all);
  return status;
}

/* ---- scenes ---- */

vt_status vt_scenes_make(vt_ctx *ctx, vt_model *model, const vt_world *world, vt_split split, int64_t count,
                         vt_known_picture_fn take, void *user, int64_t *kept, int64_t *tried)
{
  /* a model that errs on most scenes is not worth a search without end */
  int64_t most = 4 * count + 100;
  *kept = *tried = 0;
  VT_TRY(vt_part_truth_check(ctx, world, model));
  for (; *kept < count && *tried < most; ++*tried) {
    vt_part_truth truth;
    VT_TRY(vt_check_cancel(ctx));
    VT_TRY(vt_part_truth_make(ctx, world, split, *tried, model, &truth));
    bool good = truth.answer == truth.label;
    vt_known_picture known = {.picture = truth.picture,
                              .mask = truth.deciding,
                              .label = truth.label,
                              .probability = truth.probability};
    snprintf(known.source, sizeof known.source, "%.200s, item %lld", world->preset->id, (long long)*tried);
    vt_status status = good ? take(ctx, user, &known) : VT_OK; /* `known` borrows */
    vt_part_truth_free(&truth);
    VT_TRY(status);
    *kept += good;
    vt_progress(ctx, "scenes", (double)*kept, (double)count);
  }
  return VT_OK;
}
