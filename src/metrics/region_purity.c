/* SPDX-License-Identifier: Apache-2.0
 *
 * Purity of the regions that come first: the share of their pixels that lies in the mask.
 */
#include <math.h>

#include "metrics/localisation.h"
#include "metrics/pixel_order.h"

/* The smallest number of first regions that covers at least `area` pixels. */
static int regions_for(const vt_regions *regions, const int *order, int64_t area)
{
  int length = 0, count = vt_regions_count(regions);
  for (int64_t covered = 0; length < count && covered < area;)
    covered += vt_regions_area(regions, order[length++]);
  return length;
}

static vt_status judge(vt_ctx *ctx, const vt_located *located, const vt_regions *regions, const int *order,
                       vt_measure *out)
{
  if (located->inside == 0) return vt_measure_undefined(ctx, out, "the mask is empty");
  double first, recall;
  int length = regions_for(regions, order, located->inside);
  vt_region_purity(regions, order, 1, located->mask, &first, &recall);
  vt_region_purity(regions, order, length, located->mask, &out->value, &recall);
  vt_measure_add(out, "first", "of the first region alone", first);
  vt_measure_add(out, "recall", "share of the mask that is covered", recall);
  vt_measure_add(out, "regions", "regions taken", length);
  vt_measure_add(out, "chance", "share of the mask in the picture",
                 (double)located->inside / (double)located->pixels);
  return VT_OK;
}

static vt_status measure(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                         const vt_protocol *protocol, const void *settings, vt_measure *out)
{
  VT_UNUSED(protocol);
  VT_UNUSED(settings);
  vt_located located;
  VT_TRY(vt_locate(ctx, task, judged, true, out, &located));
  vt_status status;
  int *order = NULL;
  if (judged->order) {
    status = judge(ctx, &located, judged->regions, judged->order, out);
  } else if (!task->regions) {
    status = vt_measure_undefined(ctx, out, "a map without a division has no regions");
  } else {
    order = vt_alloc_zero(ctx, (size_t)vt_regions_count(task->regions), sizeof *order);
    status = order ? vt_region_order_of_map(ctx, task->regions, judged->map, order) : VT_ERROR_OUT_OF_MEMORY;
    if (status == VT_OK) status = judge(ctx, &located, task->regions, order, out);
  }
  vt_free(order);
  vt_located_free(&located);
  return status;
}

const vt_metric vt_metric_region_purity = {
    .id = "region-purity",
    .title = "Purity of the first regions",
    .summary =
        "Of the first regions that together cover as much as the mask of what decides: the share of their "
        "pixels that lies in it. Maps rank the regions of the division by their mean. The coarser the "
        "division, the lower the best value that can be reached.",
    .category = "localisation",
    .higher_is_better = true,
    .low = 0,
    .high = 1,
    .needs = VT_NEEDS_MASKS | VT_NEEDS_REGIONS,
    .run = measure,
};
