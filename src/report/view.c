/* SPDX-License-Identifier: Apache-2.0
 *
 * From the model's grid to the photograph.
 */
#include <math.h>

#include "report/picture.h"

void vt_view_input_at(const vt_view *scene, double photo_x, double photo_y, double *x, double *y)
{
  const vt_placement *place = &scene->placement;
  *x = (photo_x - place->offset_x) / place->scale_x;
  *y = (photo_y - place->offset_y) / place->scale_y;
}

static int clamp(int value, int count)
{
  return value < 0 ? 0 : value >= count ? count - 1 : value;
}

/* Label with the largest bilinear weight at a place of the input; ties go to the lowest label. */
static int32_t smooth_label(const int32_t *labels, int height, int width, double x, double y)
{
  double left = floor(x - 0.5), top = floor(y - 0.5), fx = x - 0.5 - left, fy = y - 0.5 - top;
  int x0 = clamp((int)left, width), x1 = clamp((int)left + 1, width);
  int y0 = clamp((int)top, height), y1 = clamp((int)top + 1, height);
  int32_t label[4] = {labels[y0 * width + x0], labels[y0 * width + x1], labels[y1 * width + x0],
                      labels[y1 * width + x1]};
  double weight[4] = {(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy};
  int32_t best = label[0];
  double highest = -1;
  for (int i = 0; i < 4; i++) {
    double sum = 0;
    for (int j = 0; j < 4; j++)
      if (label[j] == label[i]) sum += weight[j];
    if (sum > highest || (sum == highest && label[i] < best)) {
      highest = sum;
      best = label[i];
    }
  }
  return best;
}

vt_status vt_view_labels(vt_ctx *ctx, const vt_view *scene, int32_t **out)
{
  *out = NULL;
  int height, width;
  const int32_t *labels = vt_regions_labels(scene->explanation->regions, &height, &width);
  int photo_width = scene->photo->width, photo_height = scene->photo->height;
  int32_t *shown = vt_alloc_zero(ctx, (size_t)photo_width * (size_t)photo_height, sizeof *shown);
  if (!shown) return VT_ERROR_OUT_OF_MEMORY;
  for (int py = 0; py < photo_height; py++)
    for (int px = 0; px < photo_width; px++) {
      double x, y;
      vt_view_input_at(scene, px + 0.5, py + 0.5, &x, &y);
      bool inside = x >= 0 && y >= 0 && x < width && y < height;
      shown[(size_t)py * (size_t)photo_width + (size_t)px] =
          inside ? smooth_label(labels, height, width, x, y) : -1;
    }
  *out = shown;
  return VT_OK;
}

vt_status vt_view_ranks(vt_ctx *ctx, const vt_view *scene, int **out)
{
  int count = vt_regions_count(scene->explanation->regions);
  int *ranks = vt_alloc_zero(ctx, (size_t)count, sizeof *ranks);
  *out = ranks;
  if (!ranks) return VT_ERROR_OUT_OF_MEMORY;
  for (int place = 0; place < count; place++)
    ranks[scene->explanation->order[place]] = place;
  return VT_OK;
}

int vt_view_minimal_set(const vt_explanation *explanation, const char **why)
{
  const char *unused;
  if (!why) why = &unused;
  if (!explanation->mistake.present && explanation->keep.regions > 0) {
    *why = "the fewest regions that keep 90 % of the score of the whole picture";
    return explanation->keep.regions;
  }
  if (explanation->best.regions > 0) {
    *why = "the first regions of the order with the highest score";
    return explanation->best.regions;
  }
  *why = "no region raises the score";
  return 0;
}
