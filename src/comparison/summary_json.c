/* SPDX-License-Identifier: Apache-2.0
 *
 * A comparison's summary as JSON.
 */
#include <math.h>

#include "comparison/summary.h"

static const char *const granularities[] = {"as-it-is", "equal"};

static json_t *number(double value)
{
  return isfinite(value) ? json_real(value) : json_null();
}

static bool measured(const vt_summary *summary, int granularity)
{
  const vt_contest *contest = &summary->compare->contest;
  return granularity == VT_EQUAL_GRANULARITY ? contest->equal : contest->as_it_is;
}

static json_t *contenders_json(vt_ctx *ctx, const vt_summary *summary)
{
  json_t *list = json_array();
  for (size_t c = 0; c < summary->contenders; c++) {
    const vt_summary_contender *of = &summary->contender[c];
    const vt_contender *contender = &summary->compare->contest.contenders[c];
    json_array_append_new(
        list, json_pack("{s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:{s:o, s:o}, s:o, s:I, s:o}", "label",
                        vt_json_outside(contender->label), "settings", vt_contender_json(ctx, contender),
                        "explained", (json_int_t)of->explained, "failed", (json_int_t)of->failed, "calls",
                        number(of->calls), "forwards", number(of->forwards), "samples",
                        of->samples > 0 ? number(of->samples) : json_null(), "rank", "as_it_is",
                        number(of->rank[0]), "equal", number(of->rank[1]), "consistency",
                        number(of->consistency), "pairs_explained_alike", (json_int_t)of->alike, "error",
                        of->error ? vt_json_outside(of->error) : json_null()));
  }
  return list;
}

static json_t *criteria_json(vt_ctx *ctx, const vt_summary *summary)
{
  json_t *list = json_array();
  for (size_t m = 0; m < summary->criteria; m++) {
    const vt_criterion *criterion = &summary->compare->contest.criteria[m];
    json_array_append_new(
        list,
        json_pack("{s:o, s:s, s:b, s:s, s:o}", "label", vt_json_outside(criterion->label), "title",
                  criterion->metric->title, "higher_is_better", criterion->metric->higher_is_better,
                  "category", criterion->metric->category, "settings", vt_criterion_json(ctx, criterion)));
  }
  return list;
}

static json_t *cells_json(const vt_summary *summary)
{
  json_t *list = json_array();
  const vt_contest *contest = &summary->compare->contest;
  for (size_t c = 0; c < summary->contenders; c++)
    for (size_t m = 0; m < summary->criteria; m++)
      for (int g = 0; g < 2; g++) {
        const vt_summary_cell *cell = vt_summary_cell_of(summary, c, m, (vt_granularity)g);
        if (!measured(summary, g)) continue;
        json_array_append_new(
            list,
            json_pack("{s:o, s:o, s:s, s:I, s:I, s:I, s:o, s:o, s:[o,o], s:o, s:I}", "method",
                      vt_json_outside(contest->contenders[c].label), "metric",
                      vt_json_outside(contest->criteria[m].label), "granularity", granularities[g], "count",
                      (json_int_t)cell->count, "undefined", (json_int_t)cell->undefined, "failed",
                      (json_int_t)cell->failed, "mean", number(cell->mean), "spread", number(cell->spread),
                      "interval_95", number(cell->interval.low), number(cell->interval.high), "rank",
                      number(cell->rank), "ranked_pictures", (json_int_t)cell->ranked));
      }
  return list;
}

static json_t *pairs_json(const vt_summary *summary)
{
  json_t *list = json_array();
  const vt_contest *contest = &summary->compare->contest;
  for (size_t a = 0; a < summary->contenders; a++)
    for (size_t b = a + 1; b < summary->contenders; b++)
      for (size_t m = 0; m < summary->criteria; m++)
        for (int g = 0; g < 2; g++) {
          const vt_summary_pair *pair = vt_summary_pair_of(summary, a, b, m, (vt_granularity)g);
          if (!measured(summary, g) || !pair->count) continue;
          json_array_append_new(list,
                                json_pack("{s:o, s:o, s:o, s:s, s:I, s:o, s:[o,o], s:o}", "method",
                                          vt_json_outside(contest->contenders[a].label), "against",
                                          vt_json_outside(contest->contenders[b].label), "metric",
                                          vt_json_outside(contest->criteria[m].label), "granularity",
                                          granularities[g], "count", (json_int_t)pair->count, "better_by",
                                          number(pair->difference), "interval_95", number(pair->interval.low),
                                          number(pair->interval.high), "wins", number(pair->wins)));
        }
  return list;
}

static json_t *timing_json(const vt_summary *summary)
{
  json_t *seconds = json_object();
  for (size_t c = 0; c < summary->contenders; c++)
    json_object_set_new(seconds, summary->compare->contest.contenders[c].label,
                        number(summary->contender[c].seconds));
  return json_pack("{s:o}", "seconds_a_picture", seconds);
}

vt_status vt_summary_json(vt_ctx *ctx, const vt_summary *summary, json_t **out)
{
  const vt_compare *compare = summary->compare;
  const vt_compared *compared = summary->compared;
  const vt_terms *terms = &compare->contest.terms;
  int budget_of = compare->contest.budget_of;
  json_t *meta = json_pack(
      "{s:s, s:o, s:s, s:s, s:s, s:s, s:I, s:o, s:s, s:b, s:i, s:s}", "version", vt_version(), "model",
      vt_json_outside(compare->model_name), "model_sha256", vt_model_sha256(compare->model), "regions",
      terms->regions, "fill", terms->fill, "class_score", vt_score_name(terms->class_score), "seed",
      (json_int_t)terms->seed, "budget_of",
      budget_of < 0 ? json_null() : vt_json_outside(compare->contest.contenders[budget_of].label), "target",
      compare->to_predicted ? "pred" : "label", "partial", compared->partial, "resamples",
      VT_SUMMARY_RESAMPLES, "better_by",
      "mean paired difference, above 0 where the method is better than the other");
  *out =
      json_pack("{s:i, s:o, s:{s:I, s:I, s:I, s:I}, s:o, s:o, s:o, s:o, s:o}", "schema_version", 1, "meta",
                meta, "pictures", "all", (json_int_t)compared->count, "judged", (json_int_t)compared->judged,
                "left_out", (json_int_t)compared->left_out, "bad", (json_int_t)compared->bad, "methods",
                contenders_json(ctx, summary), "metrics", criteria_json(ctx, summary), "cells",
                cells_json(summary), "pairs", pairs_json(summary), "timing", timing_json(summary));
  return *out ? VT_OK : vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the summary");
}
