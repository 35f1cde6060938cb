/* SPDX-License-Identifier: Apache-2.0
 *
 * Exact curves: every point is an answer of the model for the prefix it stands for. What the method or the
 * scorer knows already is not asked again.
 */
#include "base/base.h"
#include "explain/complete.h"

#include <math.h>

/* Points of both curves that still need the model. */
typedef struct point_list {
  uint64_t *bits; /* [2k + 2, words] */
  int *steps;     /* step j, or −1 − j for the deletion curve */
  vt_scored *scored;
  int count, words;
} point_list;

static vt_status list_new(vt_ctx *ctx, const vt_explanation *explanation, const vt_scorer *scorer,
                          point_list *list)
{
  size_t most = 2 * (size_t)vt_regions_count(explanation->regions) + 2;
  list->words = vt_scorer_words(scorer);
  list->bits = vt_alloc_zero(ctx, most * (size_t)list->words, sizeof *list->bits);
  list->steps = vt_alloc_zero(ctx, most, sizeof *list->steps);
  list->scored = vt_alloc_zero(ctx, most, sizeof *list->scored);
  return list->bits && list->steps && list->scored ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

static void list_free(point_list *list)
{
  vt_free(list->bits);
  vt_free(list->steps);
  vt_free(list->scored);
}

/* The first `step` regions of the order, or (removal) all the others. */
static void prefix_bits(const vt_explanation *explanation, int step, bool removal, uint64_t *bits, int words)
{
  memset(bits, 0, (size_t)words * sizeof *bits);
  int count = vt_regions_count(explanation->regions);
  for (int j = removal ? step : 0; j < (removal ? count : step); j++)
    vt_subset_add(bits, explanation->order[j]);
}

static void take_point(vt_explanation *explanation, int *tops, int step, bool removal,
                       const vt_scored *scored)
{
  double *curve = removal ? explanation->deletion : explanation->insertion;
  if (isnan(curve[step])) curve[step] = scored->target;
  if (removal)
    tops[step] = scored->top;
  else if (explanation->insertion_second && isnan(explanation->insertion_second[step]))
    explanation->insertion_second[step] = scored->second;
}

/* `value`: points without a score; otherwise points whose score is there but whose top class or second score
 * is not. */
static bool lacks(const vt_explanation *explanation, const int *tops, int step, bool removal, bool value)
{
  if (value) return isnan(removal ? explanation->deletion[step] : explanation->insertion[step]);
  if (removal) return tops[step] == VT_TOP_UNKNOWN;
  return explanation->insertion_second && isnan(explanation->insertion_second[step]);
}

/* Collects the points that lack something. With `peek`, known ones are taken from the scorer on the way. */
static void collect(vt_explanation *explanation, const vt_scorer *scorer, int *tops, bool value, bool peek,
                    point_list *list)
{
  int count = vt_regions_count(explanation->regions);
  list->count = 0;
  for (int removal = 0; removal < 2; removal++)
    for (int step = 0; step <= count; step++) {
      if (!lacks(explanation, tops, step, removal, value)) continue;
      uint64_t *bits = list->bits + (size_t)list->count * (size_t)list->words;
      prefix_bits(explanation, step, removal, bits, list->words);
      vt_scored known;
      if (peek && vt_scorer_peek(scorer, bits, &known))
        take_point(explanation, tops, step, removal, &known);
      else
        list->steps[list->count++] = removal ? -1 - step : step;
    }
}

static vt_status cut_short(vt_ctx *ctx, vt_explanation *explanation, const char *reason)
{
  vt_ctx_clear(ctx);
  explanation->partial = true;
  if (explanation->partial_reason) return VT_OK;
  explanation->partial_reason = vt_strdup(ctx, reason);
  return explanation->partial_reason ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

/* After a time limit the rest of the curves is still worth a moment: a second, or a tenth of the limit. */
static bool worth_the_time(const vt_explanation *explanation, const vt_scorer *scorer, int missing)
{
  if (!explanation->partial_reason || strcmp(explanation->partial_reason, "time-limit") != 0) return true;
  double limit = vt_scorer_options_of(scorer)->time_limit;
  return vt_scorer_seconds_each(scorer) * missing <= fmax(1, limit / 10);
}

/* Asks the model for the listed points. `*stopped` when budget, time or the user ended it. */
static vt_status ask(vt_ctx *ctx, vt_explanation *explanation, vt_scorer *scorer, bool diagnostic, int *tops,
                     point_list *list, bool *stopped)
{
  if (!list->count) return VT_OK;
  if (!worth_the_time(explanation, scorer, list->count)) {
    *stopped = true;
    return VT_OK;
  }
  vt_scorer_set_diagnostic(scorer, diagnostic);
  vt_status status = vt_scorer_subsets(ctx, scorer, list->bits, list->count, list->scored);
  vt_scorer_set_diagnostic(scorer, false);
  const char *reason = vt_scorer_partial_reason(scorer, status);
  if (reason) {
    *stopped = true;
    return cut_short(ctx, explanation, reason);
  }
  if (status != VT_OK) return status;
  for (int i = 0; i < list->count; i++) {
    bool removal = list->steps[i] < 0;
    take_point(explanation, tops, removal ? -1 - list->steps[i] : list->steps[i], removal, &list->scored[i]);
  }
  return VT_OK;
}

/* Score of everything (`all`) or nothing, asked for once and valid for two points of the curves. The scorer's
 * first look has seen both, so asking only counts, and a used-up budget hides nothing. */
static vt_status find_end(vt_ctx *ctx, vt_explanation *explanation, vt_scorer *scorer, bool diagnostic,
                          bool all, point_list *list, vt_scored *out)
{
  double *value = all ? &explanation->full : &explanation->blank;
  prefix_bits(explanation, 0, all, list->bits, list->words);
  if (isnan(*value) && !diagnostic) {
    vt_scorer_set_diagnostic(scorer, false);
    vt_status status = vt_scorer_subsets(ctx, scorer, list->bits, 1, out);
    const char *reason = vt_scorer_partial_reason(scorer, status);
    if (reason)
      VT_TRY(cut_short(ctx, explanation, reason));
    else if (status != VT_OK)
      return status;
  }
  if (!vt_scorer_peek(scorer, list->bits, out))
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "the scorer was made for other regions than the explanation");
  if (isnan(*value)) *value = out->target;
  return VT_OK;
}

static vt_status find_ends(vt_ctx *ctx, vt_explanation *explanation, vt_scorer *scorer, bool diagnostic,
                           int *tops, point_list *list)
{
  int count = vt_regions_count(explanation->regions);
  vt_scored full, blank;
  VT_TRY(find_end(ctx, explanation, scorer, diagnostic, true, list, &full));
  VT_TRY(find_end(ctx, explanation, scorer, diagnostic, false, list, &blank));
  full.target = explanation->full;
  blank.target = explanation->blank;
  take_point(explanation, tops, 0, false, &blank);
  take_point(explanation, tops, count, true, &blank);
  take_point(explanation, tops, count, false, &full);
  take_point(explanation, tops, 0, true, &full);
  if (explanation->predicted < 0) explanation->predicted = full.top;
  if (isnan(explanation->full_probability_top) && full.top >= 0)
    explanation->full_probability_top = vt_scorer_full_probabilities(scorer)[full.top];
  return VT_OK;
}

static void find_areas(vt_explanation *explanation)
{
  int height, width, count = vt_regions_count(explanation->regions);
  vt_regions_labels(explanation->regions, &height, &width);
  int64_t shown = 0;
  for (int j = 0; j <= count; j++) {
    if (j) shown += vt_regions_area(explanation->regions, explanation->order[j - 1]);
    explanation->areas[j] = (double)shown / ((double)height * width);
  }
}

vt_status vt_complete_curves(vt_ctx *ctx, vt_explanation *explanation, vt_scorer *scorer, bool diagnostic,
                             int *tops)
{
  find_areas(explanation);
  point_list list = {0};
  bool stopped = false;
  vt_status status = list_new(ctx, explanation, scorer, &list);
  if (status == VT_OK) status = find_ends(ctx, explanation, scorer, diagnostic, tops, &list);
  if (status == VT_OK) {
    /* The method's own points count as calls even when known: calls are what was asked for. */
    collect(explanation, scorer, tops, true, diagnostic, &list);
    status = ask(ctx, explanation, scorer, diagnostic, tops, &list, &stopped);
  }
  if (status == VT_OK && stopped) collect(explanation, scorer, tops, true, true, &list);
  if (status == VT_OK) {
    collect(explanation, scorer, tops, false, true, &list);
    if (!stopped) status = ask(ctx, explanation, scorer, true, tops, &list, &stopped);
  }
  list_free(&list);
  return status;
}
