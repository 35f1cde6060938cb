/* SPDX-License-Identifier: Apache-2.0
 *
 * The search from both ends inside a window: something cheap has put the regions in order beforehand, and a
 * round scores only those that stand first (or last) in it.
 */
#include "attribution/search_steps.h"

vt_status vt_search_windowed(vt_ctx *ctx, vt_search_state *s, const double *prior)
{
  int window = s->options->window;
  memcpy(s->promise, prior, (size_t)s->count * sizeof *prior);
  while (s->open_count > 1) {
    int best;
    bool two_sided = s->open_count > window;
    VT_TRY(vt_steps_next(ctx, s));
    int count = vt_steps_pick(s, prior, true, window, s->candidates);
    VT_TRY(vt_steps_front_round(ctx, s, s->candidates, count, &best));
    /* an F is no number of the prior's kind: open regions stay in the prior's order */
    for (int i = 0; i < s->open_count; i++)
      s->promise[s->open[i]] = prior[s->open[i]];
    if (!two_sided) continue;
    count = vt_steps_pick(s, prior, false, window, s->candidates);
    VT_TRY(vt_steps_back_round(ctx, s, s->candidates, count));
  }
  vt_steps_imply_last(s);
  return VT_OK;
}

int64_t vt_search_windowed_calls(int window, int regions)
{
  int64_t calls = 0;
  for (int64_t open = regions; open > 1;) {
    bool two_sided = open > window;
    calls += 2 * (two_sided ? window : open);
    open--;
    if (!two_sided) continue;
    calls += 2 * (open < window ? open : window);
    open--;
  }
  return calls;
}
