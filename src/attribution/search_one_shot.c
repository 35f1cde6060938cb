/* SPDX-License-Identifier: Apache-2.0
 *
 * No search at all: regions by the F of each alone, high first. What searches are compared with.
 */
#include "attribution/search_steps.h"

static vt_status run(vt_ctx *ctx, vt_search_state *s)
{
  int count = s->count;
  VT_TRY(vt_steps_next(ctx, s));
  if (count > 1) VT_TRY(vt_steps_score(ctx, s, s->front_bits, s->open, count));
  for (int i = 0; i < count && count > 1; i++)
    s->promise[i] = vt_steps_value(s, i, i, count);
  while (s->open_count > 0) {
    vt_steps_pick(s, s->promise, true, 1, s->candidates);
    int region = s->candidates[0];
    bool scored = s->front_count == 0 && count > 1;
    vt_steps_to_front(s, region, scored ? &s->scored[region] : NULL, &s->scored[count + region]);
  }
  return VT_OK;
}

static int64_t calls(const vt_search_options *options, int regions)
{
  VT_UNUSED(options);
  return regions > 1 ? 2 * (int64_t)regions : 0;
}

/* Both curves at all prefixes but the first one. */
static int64_t points(int regions)
{
  return regions > 2 ? 2 * (int64_t)(regions - 2) : 0;
}

const vt_search_strategy vt_search_one_shot = {"one-shot", run, calls, points};
