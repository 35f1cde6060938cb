/* SPDX-License-Identifier: Apache-2.0
 *
 * The first form of the search from both ends in the LiMA authors' code ("EfficientV1"): one round scores the
 * open regions with the front; the best of the same values goes to the front, the worst to the back, without
 * being asked with the back set.
 */
#include "attribution/search_steps.h"

static vt_status run(vt_ctx *ctx, vt_search_state *s)
{
  while (s->open_count > 1) {
    int best, count = s->open_count;
    VT_TRY(vt_steps_next(ctx, s));
    memcpy(s->candidates, s->open, (size_t)count * sizeof *s->open);
    VT_TRY(vt_steps_front_round(ctx, s, s->candidates, count, &best));
    vt_steps_pick(s, s->proxy, false, 1, s->candidates);
    /* its prefixes are not among what was scored, but for one: everything without the last region */
    if (s->back_count > 0) {
      vt_steps_to_back(s, s->candidates[0], NULL, NULL);
      continue;
    }
    int worst = s->candidates[0];
    vt_steps_to_back(s, worst, &s->scored[worst], &s->scored[count + worst]);
  }
  vt_steps_imply_last(s);
  return VT_OK;
}

static int64_t calls(const vt_search_options *options, int regions)
{
  int64_t calls = 0;
  VT_UNUSED(options);
  for (int64_t open = regions; open > 1; open -= 2)
    calls += 2 * open;
  return calls;
}

/* Prefixes that end in the back, but for the last one; of an even number of regions the first of them is the
 * whole front. */
static int64_t points(int regions)
{
  int64_t open = regions / 2 - 1 - (regions % 2 == 0);
  return open > 0 ? 2 * open : 0;
}

const vt_search_strategy vt_search_efficient_v1 = {"efficient-v1", run, calls, points};
