/* SPDX-License-Identifier: Apache-2.0
 *
 * Greedy search with stale gains. Minoux: "Accelerated greedy algorithms for maximizing submodular set
 * functions" (1978): where returns diminish, what a region added some rounds ago bounds what it adds now, so
 * only regions with the highest old gains have to be asked again. Networks keep to that only roughly, hence a
 * window of several.
 */
#include "attribution/search_steps.h"

static vt_status run(vt_ctx *ctx, vt_search_state *s)
{
  double *stale = vt_alloc_zero(ctx, (size_t)s->count, sizeof *stale); /* gain when last asked */
  vt_status status = stale ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  int wanted = s->count; /* the first round asks all */
  while (status == VT_OK && s->open_count > 1) {
    int best;
    VT_TRY_DONE(vt_steps_next(ctx, s));
    int count = vt_steps_pick(s, stale, true, wanted, s->candidates);
    double before = s->front_value;
    VT_TRY_DONE(vt_steps_front_round(ctx, s, s->candidates, count, &best));
    for (int i = 0; i < count; i++)
      stale[s->candidates[i]] = s->promise[s->candidates[i]] - before;
    /* what orders the open regions if the search ends here */
    for (int i = 0; i < s->open_count; i++)
      if (s->promised_at[s->open[i]] < s->front_count - 1)
        s->promise[s->open[i]] = before + stale[s->open[i]];
    wanted = s->options->window;
  }
  if (status == VT_OK) vt_steps_imply_last(s);
done:
  vt_free(stale);
  return status;
}

static int64_t calls(const vt_search_options *options, int regions)
{
  int64_t calls = 0;
  for (int64_t open = regions; open > 1; open--)
    calls += 2 * (open == regions || open < options->window ? open : options->window);
  return calls;
}

const vt_search_strategy vt_search_lazy = {"lazy", run, calls, NULL};
