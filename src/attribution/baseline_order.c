/* SPDX-License-Identifier: Apache-2.0
 *
 * Orders that know nothing of the model: what every ranking must beat.
 */
#include "attribution/attribute.h"
#include "attribution/lima.h"

enum { RANDOM, INDEX };

static const vt_field fields[] = {
    {"order", VT_FIELD_CHOICE, offsetof(vt_baseline_order_settings, order), "random",
     .choices = "random|index",
     .help = "seeded shuffle of the regions, or rising region id (row by row for a grid)"},
};

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation)
{
  const vt_baseline_order_settings *baseline = settings;
  int count = vt_regions_count(task->regions);
  if (baseline->order == RANDOM)
    vt_random_permutation(task->seed, vt_stream("baseline-order", 0), explanation->order, count);
  else
    for (int i = 0; i < count; i++)
      explanation->order[i] = i;
  explanation->known = count;
  VT_UNUSED(ctx);
  return VT_OK;
}

static int64_t calls(const void *settings, int regions, bool embedding)
{
  VT_UNUSED(settings);
  VT_UNUSED(embedding);
  return 2 * (int64_t)regions; /* full, blank, and the inner points of both curves */
}

const vt_method vt_method_baseline_order = {
    .id = "baseline-order",
    .aliases = "random-order",
    .title = "Baseline order: random, or by region id",
    .summary = "Not an explanation: the control that a ranking has to beat. Its curves are evaluated like "
               "everybody's.",
    .citation = "",
    .cost = "2k model calls for the curves of k regions",
    .place = "data · token",
    .needs = VT_NEEDS_REGIONS,
    .settings_size = sizeof(vt_baseline_order_settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = run,
    .calls = calls,
};
