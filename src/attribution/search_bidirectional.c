/* SPDX-License-Identifier: Apache-2.0
 *
 * The search of LiMA from both ends (01-lima §4), and the plain one it grew from. A round of the front scores
 * every open region; a round of the back scores the few that promised least in it.
 */
#include "attribution/search_steps.h"

/* The n_p regions with the lowest proxy of the last front round, the chosen one counted but left out. */
static int pick_pending(vt_search_state *s, int chosen)
{
  int wanted = s->options->pending, before = 0;
  for (int i = 0; i < s->open_count; i++) {
    int region = s->open[i];
    before +=
        s->proxy[region] < s->proxy[chosen] || (s->proxy[region] == s->proxy[chosen] && region < chosen);
  }
  return vt_steps_pick(s, s->proxy, false, before < wanted ? wanted - 1 : wanted, s->candidates);
}

static vt_status front_of_all(vt_ctx *ctx, vt_search_state *s)
{
  int best, count = s->open_count;
  VT_TRY(vt_steps_next(ctx, s));
  memcpy(s->candidates, s->open, (size_t)count * sizeof *s->open);
  return vt_steps_front_round(ctx, s, s->candidates, count, &best);
}

static vt_status run_bidirectional(vt_ctx *ctx, vt_search_state *s)
{
  while (s->open_count > 1) {
    bool two_sided = s->open_count > s->options->pending;
    VT_TRY(front_of_all(ctx, s));
    if (!two_sided) continue;
    int count = pick_pending(s, s->out->order[s->front_count - 1]);
    VT_TRY(vt_steps_back_round(ctx, s, s->candidates, count));
  }
  vt_steps_imply_last(s);
  return VT_OK;
}

static int64_t calls_bidirectional(const vt_search_options *options, int regions)
{
  int64_t k = regions, p = options->pending;
  int64_t rounds = k > p ? (k - p + 1) / 2 : 0, rest = k - 2 * rounds;
  int64_t calls = 2 * rounds * (k - rounds + 1) + 2 * p * rounds + rest * (rest + 1) - 2;
  return calls > 0 ? calls : 0;
}

static vt_status run_greedy(vt_ctx *ctx, vt_search_state *s)
{
  while (s->open_count > 0)
    VT_TRY(front_of_all(ctx, s));
  return VT_OK;
}

static int64_t calls_greedy(const vt_search_options *options, int regions)
{
  int64_t k = regions;
  VT_UNUSED(options);
  return k * (k + 1);
}

const vt_search_strategy vt_search_bidirectional = {"bidirectional", run_bidirectional, calls_bidirectional,
                                                    NULL};
const vt_search_strategy vt_search_greedy = {"greedy", run_greedy, calls_greedy, NULL};
