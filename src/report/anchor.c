/* SPDX-License-Identifier: Apache-2.0
 *
 * Where to write on a region, and how to say where it lies.
 */
#include "explain/divide.h"
#include "report/picture.h"

static int smaller(int a, int b)
{
  return a < b ? a : b;
}

/* Distance to the next pixel of another region or the frame, two passes of the 3-4
 * chamfer (Borgefors 1986), ×3. */
static void border_distance(const int32_t *labels, int height, int width, int *distance)
{
  for (int pass = 0; pass < 2; pass++)
    for (int i = 0; i < height * width; i++) {
      int at = pass == 0 ? i : height * width - 1 - i, y = at / width, x = at % width;
      int sign = pass == 0 ? -1 : 1, best = pass == 0 ? 1 << 24 : distance[at];
      if (x == 0 || y == 0 || x == width - 1 || y == height - 1) best = smaller(best, 3);
      static const int near_x[4] = {1, 0, 1, -1}, near_y[4] = {0, 1, 1, 1}, cost[4] = {3, 3, 4, 4};
      for (int n = 0; n < 4; n++) {
        int nx = x + sign * near_x[n], ny = y + sign * near_y[n];
        if (nx < 0 || ny < 0 || nx >= width || ny >= height) continue;
        int other = ny * width + nx;
        best = smaller(best, labels[other] == labels[at] ? distance[other] + cost[n] : cost[n]);
      }
      distance[at] = best;
    }
}

vt_status vt_view_anchors(vt_ctx *ctx, const vt_view *scene, vt_anchor **out)
{
  int height, width, count = vt_regions_count(scene->explanation->regions);
  const int32_t *labels = vt_regions_labels(scene->explanation->regions, &height, &width);
  int *distance = vt_alloc_zero(ctx, (size_t)height * (size_t)width, sizeof *distance);
  *out = vt_alloc_zero(ctx, (size_t)count, sizeof **out);
  if (!distance || !*out) {
    vt_free(distance);
    vt_free(*out);
    *out = NULL;
    return VT_ERROR_OUT_OF_MEMORY;
  }
  border_distance(labels, height, width, distance);
  for (int at = 0; at < height * width; at++) {
    vt_anchor *place = &(*out)[labels[at]];
    if (distance[at] / 3.0 > place->radius)
      *place = (vt_anchor){at % width + 0.5, at / width + 0.5, distance[at] / 3.0};
  }
  vt_free(distance);
  return VT_OK;
}

const char *vt_region_where(const vt_explanation *explanation, int region)
{
  static const char *const words[3][3] = {{"upper left", "top", "upper right"},
                                          {"left", "centre", "right"},
                                          {"lower left", "bottom", "lower right"}};
  int height, width, box[4];
  double centroid[2];
  vt_regions_labels(explanation->regions, &height, &width);
  vt_regions_box(explanation->regions, region, box, centroid);
  int column = (int)(3 * centroid[0] / width), row = (int)(3 * centroid[1] / height);
  return words[row < 0 ? 0 : row > 2 ? 2 : row][column < 0 ? 0 : column > 2 ? 2 : column];
}
