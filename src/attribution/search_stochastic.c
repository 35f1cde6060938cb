/* SPDX-License-Identifier: Apache-2.0
 *
 * Greedy search in which each round asks a random share of the open regions. Mirzasoleiman, Badanidiyuru,
 * Karbasi, Vondrák, Krause: "Lazier than lazy greedy", AAAI 2015.
 */
#include <math.h>

#include "attribution/search_steps.h"

static int sample_size(double share, int open)
{
  int size = (int)ceil(share * open);
  return size < 1 ? 1 : size > open ? open : size;
}

static vt_status run(vt_ctx *ctx, vt_search_state *s)
{
  double *draw = vt_alloc_zero(ctx, (size_t)s->count, sizeof *draw);
  vt_status status = draw ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  while (status == VT_OK && s->open_count > 1) {
    int best;
    VT_TRY_DONE(vt_steps_next(ctx, s));
    uint64_t stream = vt_stream("stochastic greedy", (uint64_t)s->front_count);
    for (int i = 0; i < s->open_count; i++)
      draw[s->open[i]] = vt_random_uniform(s->task->seed, stream, (uint64_t)s->open[i]);
    int count = vt_steps_pick(s, draw, false, sample_size(s->options->share, s->open_count), s->candidates);
    status = vt_steps_front_round(ctx, s, s->candidates, count, &best);
  }
  if (status == VT_OK) vt_steps_imply_last(s);
done:
  vt_free(draw);
  return status;
}

static int64_t calls(const vt_search_options *options, int regions)
{
  int64_t calls = 0;
  for (int open = regions; open > 1; open--)
    calls += 2 * sample_size(options->share, open);
  return calls;
}

const vt_search_strategy vt_search_stochastic = {"stochastic", run, calls, NULL};
