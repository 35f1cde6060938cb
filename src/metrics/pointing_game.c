/* SPDX-License-Identifier: Apache-2.0
 *
 * Pointing game (Zhang et al. 2016): does the maximum of the map lie in the mask? Ties are not broken by
 * luck: the value is the chance of a hit when one of the maximal pixels is drawn. Of an order the maximum is
 * its first region, so that the value is the share of that region inside the mask.
 */
#include <math.h>

#include "metrics/localisation.h"

/* The paper allows 15 pixels of error; its pictures are about 224 high. */
enum { MARGIN = 15, MARGIN_SIDE = 224 };

static bool near_mask(const vt_located *located, int32_t pixel, double margin)
{
  int x = pixel % located->width, y = pixel / located->width, reach = (int)margin;
  for (int v = y - reach; v <= y + reach; v++)
    for (int u = x - reach; u <= x + reach; u++) {
      if (u < 0 || v < 0 || u >= located->width || v >= located->height) continue;
      if ((double)((u - x) * (u - x) + (v - y) * (v - y)) > margin * margin) continue;
      if (located->mask[(int64_t)v * located->width + u]) return true;
    }
  return false;
}

static vt_status measure(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                         const vt_protocol *protocol, const void *settings, vt_measure *out)
{
  VT_UNUSED(protocol);
  VT_UNUSED(settings);
  vt_located located;
  vt_status status;
  VT_TRY(vt_locate(ctx, task, judged, true, out, &located));
  if (located.inside == 0) {
    status = vt_measure_undefined(ctx, out, "the mask is empty");
    goto done;
  }
  int64_t inside, tied = vt_located_tied(&located, 0, &inside), nearby = 0;
  int side = located.height < located.width ? located.height : located.width;
  double margin = (double)MARGIN * side / MARGIN_SIDE;
  for (int64_t i = 0; i < tied; i++)
    nearby += near_mask(&located, located.falling[i], margin);
  out->value = (double)inside / (double)tied;
  vt_measure_add(out, "tolerant", "within 15 pixels of 224", (double)nearby / (double)tied);
  vt_measure_add(out, "any", "any of the tied maxima hits", inside > 0);
  vt_measure_add(out, "chance", "share of the mask in the picture",
                 (double)located.inside / (double)located.pixels);
  status = VT_OK;
  if (tied == located.pixels) {
    out->note = vt_strdup(ctx, "the map is constant: it points everywhere");
    status = out->note ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  }
done:
  vt_located_free(&located);
  return status;
}

const vt_metric vt_metric_pointing_game = {
    .id = "pointing-game",
    .title = "Pointing game",
    .summary = "Chance that the maximum of the map lies in the mask of what decides, a tied maximum by the "
               "share of its pixels; of an order of regions the share of the first region in the mask.",
    .citation = "Zhang, J. et al. (2016). Top-down neural attention by excitation backprop. ECCV.",
    .category = "localisation",
    .higher_is_better = true,
    .low = 0,
    .high = 1,
    .needs = VT_NEEDS_MASKS,
    .run = measure,
};
