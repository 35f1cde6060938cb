/* SPDX-License-Identifier: Apache-2.0
 *
 * From coarse to fine: neighbouring regions are merged until few groups are left, plain greedy search orders
 * the groups, and the search from both ends goes over single regions in that order, inside a window.
 */
#include "attribution/search_steps.h"

typedef struct grouping {
  int count;
  int *of;       /* [regions] group of a region */
  double *area;  /* [regions] by group, in pixels; 0: merged away */
  bool *touches; /* [regions, regions] by group */
  int regions;
} grouping;

static void find_borders(const vt_regions *regions, grouping *g)
{
  int height, width;
  const int32_t *labels = vt_regions_labels(regions, &height, &width);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      int own = labels[y * width + x];
      g->area[own]++;
      for (int side = 0; side < 2; side++) {
        if (side ? y + 1 >= height : x + 1 >= width) continue;
        int other = labels[side ? (y + 1) * width + x : y * width + x + 1];
        g->touches[own * g->regions + other] = g->touches[other * g->regions + own] = other != own;
      }
    }
}

/* The smallest group joins the smallest that touches it (or, on an island, the smallest of all). */
static void merge_smallest(grouping *g)
{
  int small = -1, partner = -1, nearest = -1;
  for (int i = 0; i < g->regions; i++)
    if (g->area[i] > 0 && (small < 0 || g->area[i] < g->area[small])) small = i;
  for (int i = 0; i < g->regions; i++) {
    if (i == small || g->area[i] <= 0) continue;
    if (nearest < 0 || g->area[i] < g->area[nearest]) nearest = i;
    if (!g->touches[small * g->regions + i]) continue;
    if (partner < 0 || g->area[i] < g->area[partner]) partner = i;
  }
  if (partner < 0) partner = nearest;
  for (int i = 0; i < g->regions; i++) {
    if (g->of[i] == small) g->of[i] = partner;
    if (i == partner || !g->touches[small * g->regions + i]) continue;
    g->touches[partner * g->regions + i] = g->touches[i * g->regions + partner] = true;
  }
  g->area[partner] += g->area[small];
  g->area[small] = 0;
  g->count--;
}

static vt_status make_groups(vt_ctx *ctx, const vt_search_state *s, grouping *g)
{
  size_t count = (size_t)s->count;
  *g = (grouping){.count = s->count, .regions = s->count};
  g->of = vt_alloc_zero(ctx, count, sizeof *g->of);
  g->area = vt_alloc_zero(ctx, count, sizeof *g->area);
  g->touches = vt_alloc_zero(ctx, count * count, sizeof *g->touches);
  if (!g->of || !g->area || !g->touches) return VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; i < s->count; i++)
    g->of[i] = i;
  find_borders(s->task->regions, g);
  while (g->count > s->options->groups)
    merge_smallest(g);
  return VT_OK;
}

static void free_groups(grouping *g)
{
  vt_free(g->of);
  vt_free(g->area);
  vt_free(g->touches);
}

/* Scores the set + group i, and its complement, of each open group. */
static vt_status score_groups(vt_ctx *ctx, vt_search_state *s, const grouping *g, const uint64_t *set,
                              const int *open, int count)
{
  size_t words = (size_t)s->words;
  for (int i = 0; i < count; i++) {
    uint64_t *shown = s->subsets + (size_t)i * words, *removed = s->subsets + (size_t)(count + i) * words;
    memcpy(shown, set, words * sizeof *shown);
    for (int region = 0; region < s->count; region++)
      if (g->of[region] == open[i]) vt_subset_add(shown, region);
    for (size_t w = 0; w < words; w++)
      removed[w] = s->all_bits[w] & ~shown[w];
  }
  return vt_scorer_subsets(ctx, s->task->scorer, s->subsets, 2 * count, s->scored);
}

/* Plain greedy search over groups (without effectiveness, which is one of single regions). The prior of a
 * region is how many groups come after its own. */
static vt_status order_groups(vt_ctx *ctx, vt_search_state *s, const grouping *g, uint64_t *set,
                              double *prior)
{
  int *open = s->candidates, count = 0;
  for (int i = 0; i < s->count; i++)
    if (g->area[i] > 0) open[count++] = i;
  for (int left = count; left > 1; left--) {
    int best = 0;
    double highest = 0;
    VT_TRY(vt_steps_next(ctx, s));
    VT_TRY(score_groups(ctx, s, g, set, open, left));
    for (int i = 0; i < left; i++) {
      double value = vt_objective(&s->options->weights, &s->scored[i], &s->scored[left + i], 0);
      if (i > 0 && value <= highest) continue;
      highest = value;
      best = i;
    }
    for (int region = 0; region < s->count; region++) {
      if (g->of[region] != open[best]) continue;
      s->promise[region] = prior[region] = left - 1;
      vt_subset_add(set, region);
    }
    for (int i = best; i + 1 < left; i++)
      open[i] = open[i + 1];
  }
  return VT_OK;
}

static vt_status run(vt_ctx *ctx, vt_search_state *s)
{
  grouping g;
  uint64_t *set = vt_alloc_zero(ctx, (size_t)s->words, sizeof *set);
  double *prior = vt_alloc_zero(ctx, (size_t)s->count, sizeof *prior);
  vt_status status = make_groups(ctx, s, &g);
  if (!set || !prior) status = VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = order_groups(ctx, s, &g, set, prior);
  if (status == VT_OK) status = vt_search_windowed(ctx, s, prior);
  free_groups(&g);
  vt_free(set);
  vt_free(prior);
  return status;
}

static int64_t calls(const vt_search_options *options, int regions)
{
  int64_t groups = options->groups < regions ? options->groups : regions;
  return groups * (groups + 1) - 2 + vt_search_windowed_calls(options->window, regions);
}

const vt_search_strategy vt_search_coarse = {"coarse", run, calls, NULL};
