/* SPDX-License-Identifier: Apache-2.0
 *
 * Composing masked inputs. Picture and blank are normalised once; a composite is a copy of one of them with
 * the pixels of some regions taken from the other, whichever copies less.
 */
#include "explain/scorer_inside.h"

static vt_status check_size(vt_ctx *ctx, const char *what, int height, int width, int model_height,
                            int model_width)
{
  if (height == model_height && width == model_width) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                 "%s: %d × %d pixels (height × width), but the model's input has %d × %d", what, height,
                 width, model_height, model_width);
}

/* Rising pixel lists fall into runs along the rows: one memcpy a run instead of one assignment a pixel. */
static vt_status find_runs(vt_ctx *ctx, vt_composer *composer)
{
  const vt_regions *regions = composer->regions;
  size_t count = 0, capacity = 0;
  composer->offsets = vt_alloc_zero(ctx, (size_t)regions->count + 1, sizeof *composer->offsets);
  if (!composer->offsets) return VT_ERROR_OUT_OF_MEMORY;
  for (int r = 0; r < regions->count; r++) {
    int64_t pixel_count;
    const int32_t *pixels = vt_regions_pixels(regions, r, &pixel_count);
    for (int64_t i = 0; i < pixel_count; i++) {
      if (i > 0 && pixels[i] == pixels[i - 1] + 1) {
        composer->runs[count - 1].length++;
        continue;
      }
      VT_TRY(vt_grow(ctx, &composer->runs, &capacity, count, sizeof *composer->runs));
      composer->runs[count++] = (vt_pixel_run){.start = pixels[i], .length = 1};
    }
    composer->offsets[r + 1] = (int64_t)count;
  }
  return VT_OK;
}

vt_status vt_composer_init(vt_ctx *ctx, vt_composer *composer, const vt_model *model, const vt_image *picture,
                           const vt_image *blank, const vt_scorer_options *options, const vt_regions *regions)
{
  const float *shown_floats = options->shown_floats, *blank_floats = options->blank_floats;
  int height, width;
  vt_model_input_size(model, &composer->channels, &height, &width);
  if (!shown_floats) VT_TRY(check_size(ctx, "picture", picture->height, picture->width, height, width));
  if (!blank_floats) VT_TRY(check_size(ctx, "fill", blank->height, blank->width, height, width));
  if (regions) VT_TRY(check_size(ctx, "label map", regions->height, regions->width, height, width));
  composer->floats = model->input_floats;
  composer->pixels = (int64_t)height * width;
  composer->channels_last = model->preprocess->channels_last;
  composer->regions = regions;
  composer->shown = vt_alloc_zero(ctx, composer->floats, sizeof *composer->shown);
  composer->hidden = vt_alloc_zero(ctx, composer->floats, sizeof *composer->hidden);
  if (!composer->shown || !composer->hidden) return VT_ERROR_OUT_OF_MEMORY;
  if (shown_floats)
    memcpy(composer->shown, shown_floats, composer->floats * sizeof *shown_floats);
  else
    vt_preprocess_floats(model->preprocess, picture, composer->shown);
  if (blank_floats)
    memcpy(composer->hidden, blank_floats, composer->floats * sizeof *blank_floats);
  else
    vt_preprocess_floats(model->preprocess, blank, composer->hidden);
  return regions ? find_runs(ctx, composer) : VT_OK;
}

void vt_composer_free(vt_composer *composer)
{
  vt_free(composer->shown);
  vt_free(composer->hidden);
  vt_free(composer->runs);
  vt_free(composer->offsets);
  *composer = (vt_composer){0};
}

static void copy_region(const vt_composer *composer, int region, const float *from, float *to)
{
  size_t channels = (size_t)composer->channels, plane = (size_t)composer->pixels;
  for (int64_t i = composer->offsets[region]; i < composer->offsets[region + 1]; i++) {
    size_t start = (size_t)composer->runs[i].start, bytes = (size_t)composer->runs[i].length * sizeof *to;
    if (composer->channels_last) {
      memcpy(to + start * channels, from + start * channels, bytes * channels);
      continue;
    }
    for (size_t c = 0; c < channels; c++)
      memcpy(to + c * plane + start, from + c * plane + start, bytes);
  }
}

void vt_compose_subset(const vt_composer *composer, const uint64_t *bits, float *input)
{
  const vt_regions *regions = composer->regions;
  int64_t inside = 0;
  for (int r = 0; r < regions->count; r++)
    if (vt_subset_has(bits, r)) inside += vt_regions_area(regions, r);
  bool from_picture = inside * 2 > composer->pixels;
  memcpy(input, from_picture ? composer->shown : composer->hidden, composer->floats * sizeof *input);
  for (int r = 0; r < regions->count; r++)
    if (vt_subset_has(bits, r) != from_picture)
      copy_region(composer, r, from_picture ? composer->hidden : composer->shown, input);
}

void vt_compose_pixels(const vt_composer *composer, const uint8_t *shown, float *input)
{
  size_t channels = (size_t)composer->channels, plane = (size_t)composer->pixels;
  for (size_t i = 0; i < plane; i++) {
    const float *from = shown[i] ? composer->shown : composer->hidden;
    for (size_t c = 0; c < channels; c++) {
      size_t place = composer->channels_last ? i * channels + c : c * plane + i;
      input[place] = from[place];
    }
  }
}
