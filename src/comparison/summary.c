/* SPDX-License-Identifier: Apache-2.0 */
#include "comparison/summary.h"

#include <math.h>
#include <stdlib.h>

#include "metrics/consistency.h"

/* ---- places ---- */

static size_t cell_place(const vt_summary *summary, size_t contender, size_t criterion,
                         vt_granularity granularity)
{
  return (contender * summary->criteria + criterion) * 2 + (granularity == VT_EQUAL_GRANULARITY);
}

const vt_summary_cell *vt_summary_cell_of(const vt_summary *summary, size_t contender, size_t criterion,
                                          vt_granularity granularity)
{
  return &summary->cells[cell_place(summary, contender, criterion, granularity)];
}

static size_t pair_place(const vt_summary *summary, size_t first, size_t second, size_t criterion,
                         vt_granularity granularity)
{
  return first * summary->contenders * summary->criteria * 2 +
         cell_place(summary, second, criterion, granularity);
}

const vt_summary_pair *vt_summary_pair_of(const vt_summary *summary, size_t first, size_t second,
                                          size_t criterion, vt_granularity granularity)
{
  return &summary->pairs[pair_place(summary, first, second, criterion, granularity)];
}

/* ---- one criterion at one granularity ---- */

/* Values of all contenders on all judged pictures, and room for resampling. */
typedef struct tally {
  vt_summary *summary;
  size_t criterion;
  vt_granularity granularity;
  double sign;       /* −1 where lower is better */
  double *values;    /* [contenders, pictures], NaN: none */
  double *units;     /* [pictures] values of a cell, or differences of a pair */
  double *resampled; /* [VT_SUMMARY_RESAMPLES] */
  uint32_t *drawn;   /* [VT_SUMMARY_RESAMPLES, drawn_count] */
  size_t drawn_count;
} tally;

static bool take_row(vt_summary_cell *cell, const vt_ledger_row *row, double *value)
{
  *value = NAN;
  if (!row) return false;
  if (row->error)
    cell->failed++;
  else if (isnan(row->value))
    cell->undefined++;
  else {
    *value = row->value;
    cell->count++;
  }
  return true;
}

static void gather(tally *t)
{
  const vt_compared *compared = t->summary->compared;
  for (size_t c = 0; c < t->summary->contenders; c++) {
    vt_summary_cell *cell = &t->summary->cells[cell_place(t->summary, c, t->criterion, t->granularity)];
    size_t at = 0;
    for (size_t e = 0; e < compared->count; e++) {
      if (compared->entries[e].state != VT_ENTRY_JUDGED) continue;
      const vt_ledger_row *row = vt_compared_measure(compared, &t->summary->compare->contest, e, (int)c,
                                                     (int)t->criterion, t->granularity);
      take_row(cell, row, &t->values[c * t->summary->pictures + at++]);
    }
  }
}

/* The same draws for everything of the same number of units. */
static void draw(tally *t, size_t count)
{
  if (t->drawn_count == count) return;
  uint64_t stream = vt_stream("comparison bootstrap", count);
  for (size_t i = 0; i < VT_SUMMARY_RESAMPLES * count; i++)
    t->drawn[i] = (uint32_t)vt_random_below(0, stream, i, count);
  t->drawn_count = count;
}

static vt_interval resample(tally *t, size_t count)
{
  if (count == 0) return (vt_interval){NAN, NAN};
  if (count == 1) return (vt_interval){t->units[0], t->units[0]};
  draw(t, count);
  for (size_t r = 0; r < VT_SUMMARY_RESAMPLES; r++) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
      sum += t->units[t->drawn[r * count + i]];
    t->resampled[r] = sum / (double)count;
  }
  vt_sort_rising(t->resampled, VT_SUMMARY_RESAMPLES);
  return (vt_interval){vt_quantile_sorted(t->resampled, VT_SUMMARY_RESAMPLES, .025),
                       vt_quantile_sorted(t->resampled, VT_SUMMARY_RESAMPLES, .975)};
}

static void fill_cell(tally *t, size_t contender)
{
  size_t count = 0, pictures = t->summary->pictures;
  vt_summary_cell *cell = &t->summary->cells[cell_place(t->summary, contender, t->criterion, t->granularity)];
  for (size_t p = 0; p < pictures; p++)
    if (!isnan(t->values[contender * pictures + p])) t->units[count++] = t->values[contender * pictures + p];
  cell->mean = vt_mean(t->units, count);
  cell->spread = vt_standard_deviation(t->units, count);
  cell->interval = resample(t, count);
  cell->rank = NAN;
}

static void fill_pair(tally *t, size_t first, size_t second)
{
  size_t pictures = t->summary->pictures, count = 0;
  const double *a = t->values + first * pictures, *b = t->values + second * pictures;
  vt_summary_pair *pair =
      &t->summary->pairs[pair_place(t->summary, first, second, t->criterion, t->granularity)];
  double wins = 0;
  for (size_t p = 0; p < pictures; p++) {
    if (isnan(a[p]) || isnan(b[p])) continue;
    double difference = t->sign * (a[p] - b[p]);
    wins += difference > 0 ? 1 : difference == 0 ? .5 : 0;
    t->units[count++] = difference;
  }
  *pair = (vt_summary_pair){.count = count,
                            .difference = vt_mean(t->units, count),
                            .interval = resample(t, count),
                            .wins = count ? wins / (double)count : NAN};
}

/* The other way round, without resampling anew. */
static void mirror_pair(tally *t, size_t first, size_t second)
{
  const vt_summary_pair *known = vt_summary_pair_of(t->summary, second, first, t->criterion, t->granularity);
  t->summary->pairs[pair_place(t->summary, first, second, t->criterion, t->granularity)] =
      (vt_summary_pair){.count = known->count,
                        .difference = -known->difference,
                        .interval = {-known->interval.high, -known->interval.low},
                        .wins = 1 - known->wins};
}

/* Ranks on pictures where everybody who has any value has one. */
static vt_status rank(vt_ctx *ctx, tally *t)
{
  size_t contenders = t->summary->contenders, pictures = t->summary->pictures, count = 0, ranked = 0;
  double *values = vt_alloc_zero(ctx, 3 * contenders, sizeof *values);
  if (!values) return VT_ERROR_OUT_OF_MEMORY;
  double *ranks = values + contenders, *sums = ranks + contenders;
  vt_status status = VT_OK;
  for (size_t p = 0; status == VT_OK && p < pictures; p++) {
    bool all = true;
    count = 0;
    for (size_t c = 0; c < contenders && all; c++) {
      if (vt_summary_cell_of(t->summary, c, t->criterion, t->granularity)->count == 0) continue;
      values[count++] = -t->sign * t->values[c * pictures + p];
      all = !isnan(values[count - 1]);
    }
    if (!all || count == 0) continue;
    status = vt_ranks(ctx, values, count, ranks);
    for (size_t i = 0; i < count; i++)
      sums[i] += ranks[i];
    ranked++;
  }
  for (size_t c = 0, at = 0; c < contenders; c++) {
    vt_summary_cell *cell = &t->summary->cells[cell_place(t->summary, c, t->criterion, t->granularity)];
    cell->ranked = ranked;
    if (cell->count && ranked) cell->rank = sums[at] / (double)ranked;
    at += cell->count > 0;
  }
  vt_free(values);
  return status;
}

static vt_status fill_criterion(vt_ctx *ctx, tally *t)
{
  size_t contenders = t->summary->contenders;
  gather(t);
  for (size_t c = 0; c < contenders; c++)
    fill_cell(t, c);
  for (size_t a = 0; a < contenders; a++)
    for (size_t b = 0; b < contenders; b++)
      if (a <= b)
        fill_pair(t, a, b);
      else
        mirror_pair(t, a, b);
  return rank(ctx, t);
}

/* ---- contenders ---- */

static vt_status fill_contender(vt_ctx *ctx, vt_summary *summary, size_t contender)
{
  const vt_compared *compared = summary->compared;
  vt_summary_contender *out = &summary->contender[contender];
  uint64_t *signatures = vt_alloc_zero(ctx, summary->pictures + 1, sizeof *signatures);
  int *classes = vt_alloc_zero(ctx, summary->pictures + 1, sizeof *classes);
  size_t signed_count = 0;
  double calls = 0, forwards = 0, seconds = 0, samples = 0;
  for (size_t e = 0; signatures && classes && e < compared->count; e++) {
    const vt_ledger_row *row = vt_compared_explanation(compared, e, (int)contender);
    const vt_ledger_row *picture = vt_ledger_find(compared->ledger, compared->entries[e].picture_key);
    if (compared->entries[e].state != VT_ENTRY_JUDGED || !row) continue;
    if (row->error) {
      if (!out->error) out->error = row->error;
      out->failed++;
      continue;
    }
    out->explained++;
    calls += (double)row->calls;
    forwards += (double)row->forwards;
    seconds += row->seconds;
    samples += (double)row->samples;
    if (!row->signature[0] || !picture) continue;
    signatures[signed_count] = strtoull(row->signature, NULL, 16);
    classes[signed_count++] = picture->predicted;
  }
  double n = (double)out->explained;
  out->calls = n > 0 ? calls / n : NAN;
  out->forwards = n > 0 ? forwards / n : NAN;
  out->seconds = n > 0 ? seconds / n : NAN;
  out->samples = n > 0 ? samples / n : 0;
  if (signatures && classes)
    out->consistency = vt_consistency(signatures, classes, signed_count, &out->alike);
  bool good = signatures && classes;
  vt_free(signatures);
  vt_free(classes);
  return good ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

static void mean_rank(vt_summary *summary, size_t contender, vt_granularity granularity)
{
  double sum = 0;
  size_t count = 0;
  for (size_t m = 0; m < summary->criteria; m++) {
    double one = vt_summary_cell_of(summary, contender, m, granularity)->rank;
    if (isnan(one)) continue;
    sum += one;
    count++;
  }
  summary->contender[contender].rank[granularity] = count ? sum / (double)count : NAN;
}

void vt_summary_order(const vt_summary *summary, vt_granularity granularity, size_t *order)
{
  for (size_t i = 0; i < summary->contenders; i++) { /* insertion sort: few, and ties keep their order */
    double own = summary->contender[i].rank[granularity];
    size_t at = i;
    for (; at > 0; at--) {
      double before = summary->contender[order[at - 1]].rank[granularity];
      if (!(own < before || (isnan(before) && !isnan(own)))) break;
      order[at] = order[at - 1];
    }
    order[at] = i;
  }
}

/* ---- all ---- */

static vt_status fill(vt_ctx *ctx, vt_summary *summary, tally *t)
{
  size_t pictures = summary->pictures;
  t->values = vt_alloc_zero(ctx, summary->contenders * pictures + 1, sizeof *t->values);
  t->units = vt_alloc_zero(ctx, pictures + 1, sizeof *t->units);
  t->resampled = vt_alloc_zero(ctx, VT_SUMMARY_RESAMPLES, sizeof *t->resampled);
  t->drawn = vt_alloc_zero(ctx, VT_SUMMARY_RESAMPLES * pictures + 1, sizeof *t->drawn);
  if (!t->values || !t->units || !t->resampled || !t->drawn) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t m = 0; m < summary->criteria; m++)
    for (int g = VT_AS_IT_IS; g <= VT_EQUAL_GRANULARITY; g++) {
      t->criterion = m;
      t->granularity = (vt_granularity)g;
      t->sign = summary->compare->contest.criteria[m].metric->higher_is_better ? 1 : -1;
      VT_TRY(fill_criterion(ctx, t));
    }
  for (size_t c = 0; c < summary->contenders; c++) {
    VT_TRY(fill_contender(ctx, summary, c));
    mean_rank(summary, c, VT_AS_IT_IS);
    mean_rank(summary, c, VT_EQUAL_GRANULARITY);
  }
  return VT_OK;
}

vt_status vt_summary_make(vt_ctx *ctx, const vt_compare *compare, const vt_compared *compared,
                          vt_summary *out)
{
  const vt_contest *contest = &compare->contest;
  *out = (vt_summary){.compare = compare,
                      .compared = compared,
                      .contenders = contest->contender_count,
                      .criteria = contest->criterion_count,
                      .pictures = compared->judged};
  size_t cells = out->contenders * out->criteria * 2;
  out->contender = vt_alloc_zero(ctx, out->contenders, sizeof *out->contender);
  out->cells = vt_alloc_zero(ctx, cells, sizeof *out->cells);
  out->pairs = vt_alloc_zero(ctx, cells * out->contenders, sizeof *out->pairs);
  tally t = {.summary = out};
  vt_status status = out->contender && out->cells && out->pairs ? fill(ctx, out, &t) : VT_ERROR_OUT_OF_MEMORY;
  vt_free(t.values);
  vt_free(t.units);
  vt_free(t.resampled);
  vt_free(t.drawn);
  if (status != VT_OK) vt_summary_free(out);
  return status;
}

void vt_summary_free(vt_summary *summary)
{
  vt_free(summary->contender);
  vt_free(summary->cells);
  vt_free(summary->pairs);
  *summary = (vt_summary){0};
}
