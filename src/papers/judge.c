/* SPDX-License-Identifier: Apache-2.0
 *
 * From measurements to verdicts.
 */
#include <math.h>
#include <stdlib.h>

#include "papers/findings.h"

enum { PERMUTATIONS = 10000 };

const char *vt_verdict_name(vt_verdict verdict)
{
  static const char *const names[] = {"not measured", "holds", "direction holds, margin missed", "fails",
                                      "trivial or unsound"};
  return names[verdict];
}

vt_status vt_findings_new(vt_ctx *ctx, const vt_paper *paper, const vt_paper_piece *part, vt_findings **out)
{
  vt_findings *findings = *out = vt_alloc_zero(ctx, 1, sizeof *findings);
  if (!findings) return VT_ERROR_OUT_OF_MEMORY;
  const vt_experiment *experiment = part->experiment;
  findings->paper = paper;
  findings->part = part;
  findings->experiment = experiment;
  findings->claims = vt_alloc_zero(ctx, experiment->claim_count + 1, sizeof *findings->claims);
  findings->controls = vt_alloc_zero(ctx, experiment->control_count + 1, sizeof *findings->controls);
  findings->cells =
      vt_alloc_zero(ctx, experiment->group_count * experiment->yardstick_count * experiment->arm_count + 1,
                    sizeof *findings->cells);
  if (findings->claims && findings->controls && findings->cells) return VT_OK;
  vt_findings_free(findings);
  *out = NULL;
  return VT_ERROR_OUT_OF_MEMORY;
}

void vt_findings_free(vt_findings *findings)
{
  if (!findings) return;
  vt_free(findings->rows);
  vt_free(findings->claims);
  vt_free(findings->controls);
  vt_free(findings->cells);
  vt_free(findings->stage_seconds);
  vt_free(findings);
}

const vt_cell *vt_findings_cell(const vt_findings *findings, size_t group, size_t yardstick, size_t arm)
{
  const vt_experiment *experiment = findings->experiment;
  return &findings->cells[(group * experiment->yardstick_count + yardstick) * experiment->arm_count + arm];
}

bool vt_findings_measured(const vt_findings *findings, int group, int yardstick, int arm)
{
  for (size_t i = 0; i < findings->row_count; i++) {
    const vt_row *row = &findings->rows[i];
    if ((group < 0 || row->group == group) && (yardstick < 0 || row->yardstick == yardstick) &&
        (arm < 0 || row->arm == arm))
      return true;
  }
  return false;
}

size_t vt_findings_count(const vt_findings *findings, vt_verdict verdict)
{
  size_t count = 0;
  for (size_t i = 0; i < findings->experiment->claim_count; i++)
    count += findings->claims[i].verdict == verdict;
  return count;
}

/* ---- rows ---- */

static int order_of(const vt_row *a, const vt_row *b)
{
  if (a->group != b->group) return a->group < b->group ? -1 : 1;
  if (a->yardstick != b->yardstick) return a->yardstick < b->yardstick ? -1 : 1;
  if (a->arm != b->arm) return a->arm < b->arm ? -1 : 1;
  if (a->seed != b->seed) return a->seed < b->seed ? -1 : 1;
  return (a->item > b->item) - (a->item < b->item);
}

static int by_place(const void *a, const void *b)
{
  return order_of(a, b);
}

static vt_status sort_rows(vt_ctx *ctx, vt_findings *findings)
{
  vt_row *rows = findings->rows;
  const vt_experiment *experiment = findings->experiment;
  if (findings->row_count) qsort(rows, findings->row_count, sizeof *rows, by_place);
  for (size_t i = 1; i < findings->row_count; i++)
    if (order_of(&rows[i - 1], &rows[i]) == 0)
      return vt_fail(ctx, VT_ERROR_RUNTIME, "%s: %s of %s was measured twice for item %lld of %s, seed %d",
                     findings->paper->name, experiment->yardsticks[rows[i].yardstick].id,
                     experiment->arms[rows[i].arm].id, (long long)rows[i].item,
                     experiment->groups[rows[i].group].id, rows[i].seed);
  return VT_OK;
}

/* Rows of one group, yardstick and arm: from `*first`, how many is returned. */
static size_t rows_of(const vt_findings *findings, int group, int yardstick, int arm, size_t *first)
{
  vt_row place = {.group = group, .yardstick = yardstick, .arm = arm, .seed = -1};
  size_t low = 0, high = findings->row_count, end;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (order_of(&findings->rows[middle], &place) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  for (end = low; end < findings->row_count; end++) {
    const vt_row *row = &findings->rows[end];
    if (row->group != group || row->yardstick != yardstick || row->arm != arm) break;
  }
  *first = low;
  return end - low;
}

static vt_status fill_cell(vt_ctx *ctx, const vt_findings *findings, int group, int yardstick, int arm,
                           vt_cell *cell)
{
  size_t first, count = rows_of(findings, group, yardstick, arm, &first), seeds = 0;
  double *means = vt_alloc_zero(ctx, count + 1, sizeof *means);
  *cell = (vt_cell){NAN, NAN, 0, 0};
  if (!means) return VT_ERROR_OUT_OF_MEMORY;
  const vt_row *rows = findings->rows + first;
  for (size_t i = 0, next; i < count; i = next) {
    double sum = 0;
    size_t defined = 0;
    for (next = i; next < count && rows[next].seed == rows[i].seed; next++) {
      if (isnan(rows[next].value)) continue;
      sum += rows[next].value;
      defined++;
    }
    cell->values += defined;
    cell->undefined += next - i - defined;
    if (defined) means[seeds++] = sum / (double)defined;
  }
  cell->mean = vt_mean(means, seeds);
  cell->deviation = vt_standard_deviation(means, seeds);
  vt_free(means);
  return VT_OK;
}

/* ---- units ---- */

/* One value of each side for every unit: an item, or the items of a seed together. */
typedef struct units {
  double *arm, *against; /* against: all 0 when there is none */
  size_t count, left_out, capacity;
  int last_seed;
  size_t in_last; /* items that went into the last unit */
} units;

static void free_units(units *all)
{
  vt_free(all->arm);
  vt_free(all->against);
}

static void add_pair(units *all, bool items, int seed, double arm, double against)
{
  if (isnan(arm) || isnan(against)) {
    all->left_out++;
    return;
  }
  if (!items && all->in_last && all->last_seed == seed) { /* running mean of the seed */
    double n = (double)++all->in_last;
    all->arm[all->count - 1] += (arm - all->arm[all->count - 1]) / n;
    all->against[all->count - 1] += (against - all->against[all->count - 1]) / n;
    return;
  }
  all->arm[all->count] = arm;
  all->against[all->count++] = against;
  all->last_seed = seed;
  all->in_last = 1;
}

/* Pairs of one group. Both lists are in the order of seed and item. */
static void pair_rows(const vt_row *a, size_t a_count, const vt_row *b, size_t b_count, bool paired,
                      bool items, units *all)
{
  size_t i = 0, j = 0;
  while (i < a_count || (paired && j < b_count)) {
    if (!paired) {
      add_pair(all, items, a[i].seed, a[i].value, 0);
      i++;
      continue;
    }
    bool has_a = i < a_count, has_b = j < b_count;
    int side = !has_a                   ? 1
               : !has_b                 ? -1
               : a[i].seed != b[j].seed ? (a[i].seed < b[j].seed ? -1 : 1)
                                        : (a[i].item > b[j].item) - (a[i].item < b[j].item);
    if (side == 0)
      add_pair(all, items, a[i].seed, a[i].value, b[j].value);
    else
      all->left_out++;
    i += side <= 0;
    j += side >= 0;
  }
}

/* What a claim and a control have in common. */
typedef struct question {
  const char *what, *id, *yardstick, *arm, *against, *group;
  vt_comparison comparison;
} question;

#define FIND(list, count, wanted, out)                                                                       \
  do {                                                                                                       \
    (out) = -1;                                                                                              \
    for (size_t find_ = 0; find_ < (count); find_++)                                                         \
      if (strcmp((list)[find_].id, (wanted)) == 0) (out) = (int)find_;                                       \
  } while (0)

static vt_status gather(vt_ctx *ctx, const vt_findings *findings, const question *asked, units *all,
                        bool *higher)
{
  const vt_experiment *experiment = findings->experiment;
  int yardstick, arm, against = -1, only = -1;
  FIND(experiment->yardsticks, experiment->yardstick_count, asked->yardstick, yardstick);
  FIND(experiment->arms, experiment->arm_count, asked->arm, arm);
  if (asked->against) FIND(experiment->arms, experiment->arm_count, asked->against, against);
  if (asked->group) FIND(experiment->groups, experiment->group_count, asked->group, only);
  bool level = asked->comparison == VT_COMPARE_LEVEL;
  if (yardstick < 0 || arm < 0 || (asked->group && only < 0) || level == (asked->against != NULL) ||
      (!level && against < 0))
    return vt_fail(ctx, VT_ERROR_RUNTIME, "%s: %s '%s' names an arm, yardstick or group that is not declared",
                   findings->paper->name, asked->what, asked->id);
  *higher = experiment->yardsticks[yardstick].higher_is_better;
  all->arm = vt_alloc_zero(ctx, findings->row_count + 1, sizeof *all->arm);
  all->against = vt_alloc_zero(ctx, findings->row_count + 1, sizeof *all->against);
  if (!all->arm || !all->against) return VT_ERROR_OUT_OF_MEMORY;
  /* with seeds as units the items of all groups of a seed go together, so seeds are outermost */
  int seeds = experiment->items_independent ? 1 : findings->seeds_done;
  for (int seed = 0; seed < seeds; seed++)
    for (int group = 0; group < (int)experiment->group_count; group++) {
      if (asked->group ? group != only : experiment->groups[group].control) continue;
      size_t a = 0, b = 0, a_count = rows_of(findings, group, yardstick, arm, &a), b_count = 0;
      if (!level) b_count = rows_of(findings, group, yardstick, against, &b);
      if (!experiment->items_independent) {
        for (; a_count && findings->rows[a].seed < seed; a++)
          a_count--;
        for (; a_count && findings->rows[a + a_count - 1].seed > seed;)
          a_count--;
        for (; b_count && findings->rows[b].seed < seed; b++)
          b_count--;
        for (; b_count && findings->rows[b + b_count - 1].seed > seed;)
          b_count--;
      }
      pair_rows(findings->rows + a, a_count, findings->rows + b, b_count, !level,
                experiment->items_independent, all);
    }
  return VT_OK;
}

/* ---- estimates ---- */

typedef struct estimator {
  const units *all;
  vt_comparison comparison;
  bool higher;
} estimator;

static double estimate_from(const estimator *self, double arm, double against)
{
  double sign = self->higher ? 1 : -1;
  switch (self->comparison) {
  case VT_COMPARE_DIFFERENCE:
    return sign * (arm - against);
  case VT_COMPARE_RELATIVE:
    return against > 0 ? sign * (arm - against) / against : NAN;
  case VT_COMPARE_RATIO:
    return arm > 0 && against > 0 ? (self->higher ? arm / against : against / arm) : NAN;
  case VT_COMPARE_LEVEL:
    return arm;
  }
  return NAN;
}

static double of_drawn(const void *user, const size_t *drawn, size_t count)
{
  const estimator *self = user;
  double arm = 0, against = 0;
  for (size_t i = 0; i < count; i++) {
    size_t unit = drawn ? drawn[i] : i;
    arm += self->all->arm[unit];
    against += self->all->against[unit];
  }
  return estimate_from(self, arm / (double)count, against / (double)count);
}

static vt_status measure(vt_ctx *ctx, const question *asked, const units *all, bool higher, vt_judgement *out)
{
  estimator self = {all, asked->comparison, higher};
  *out = (vt_judgement){.estimate = NAN,
                        .extreme = NAN,
                        .interval = {NAN, NAN},
                        .permutation = NAN,
                        .units = all->count,
                        .left_out = all->left_out};
  if (all->count == 0) return VT_OK;
  out->estimate = of_drawn(&self, NULL, all->count);
  if (all->count == 1) return VT_OK;
  VT_TRY(vt_bootstrap(ctx, all->count, VT_BOOTSTRAP_RESAMPLES, .95, vt_stream(asked->id, 0), of_drawn, &self,
                      &out->interval));
  if (asked->comparison == VT_COMPARE_LEVEL) return VT_OK;
  double *differences = vt_alloc_zero(ctx, all->count, sizeof *differences);
  if (!differences) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < all->count; i++)
    differences[i] = all->arm[i] - all->against[i];
  out->permutation = vt_paired_permutation(differences, all->count, PERMUTATIONS, vt_stream(asked->id, 1));
  vt_free(differences);
  return VT_OK;
}

static vt_verdict verdict_of(const vt_claim *claim, bool higher, const vt_judgement *judgement)
{
  if (judgement->units == 0) return VT_NOT_MEASURED;
  bool turned = claim->comparison == VT_COMPARE_LEVEL && !higher;
  double sign = turned ? -1 : 1, worst = turned ? judgement->interval.high : judgement->interval.low;
  if (judgement->units == 1) worst = judgement->estimate; /* no spread to go by */
  bool direction = sign * worst > sign * claim->neutral;
  bool margin = sign * judgement->estimate >= sign * claim->margin;
  return !direction ? VT_FAILS : margin ? VT_HOLDS : VT_MARGIN_MISSED;
}

static vt_status judge_claim(vt_ctx *ctx, const vt_findings *findings, const vt_claim *claim,
                             vt_judgement *out)
{
  question asked = {"claim",        claim->id,    claim->yardstick, claim->arm,
                    claim->against, claim->group, claim->comparison};
  units all = {0};
  bool higher = true;
  vt_status status = gather(ctx, findings, &asked, &all, &higher);
  if (status == VT_OK) status = measure(ctx, &asked, &all, higher, out);
  if (status == VT_OK) out->verdict = out->alone = verdict_of(claim, higher, out);
  free_units(&all);
  return status;
}

static double outside(const vt_control *control, double value)
{
  double below = control->at_least - value, above = value - control->at_most;
  return below > above ? below : above; /* above 0: out of bounds */
}

static vt_status judge_control(vt_ctx *ctx, const vt_findings *findings, const vt_control *control,
                               vt_judgement *out)
{
  question asked = {"control",        control->id,    control->yardstick, control->arm,
                    control->against, control->group, control->comparison};
  units all = {0};
  bool higher = true, holds = true;
  vt_status status = gather(ctx, findings, &asked, &all, &higher);
  if (status == VT_OK) status = measure(ctx, &asked, &all, higher, out);
  if (status == VT_OK) {
    estimator self = {&all, control->comparison, higher};
    for (size_t i = 0; i < all.count; i++) {
      double value = estimate_from(&self, all.arm[i], all.against[i]);
      if (isnan(out->extreme) || outside(control, value) > outside(control, out->extreme))
        out->extreme = value;
    }
    double judged = control->each ? out->extreme : out->estimate;
    holds = outside(control, judged) <= 0; /* false for NaN */
    out->verdict = out->alone = out->units == 0 ? VT_NOT_MEASURED : holds ? VT_HOLDS : VT_FAILS;
  }
  free_units(&all);
  return status;
}

static vt_verdict worst_of(const vt_findings *findings)
{
  static const vt_verdict worst_first[] = {VT_UNSOUND, VT_FAILS, VT_NOT_MEASURED, VT_MARGIN_MISSED, VT_HOLDS};
  for (size_t i = 0; i < VT_COUNT(worst_first); i++)
    if (vt_findings_count(findings, worst_first[i])) return worst_first[i];
  return VT_NOT_MEASURED;
}

vt_status vt_findings_judge(vt_ctx *ctx, vt_findings *findings)
{
  const vt_experiment *experiment = findings->experiment;
  bool sound = true;
  VT_TRY(sort_rows(ctx, findings));
  for (size_t group = 0, at = 0; group < experiment->group_count; group++)
    for (size_t yardstick = 0; yardstick < experiment->yardstick_count; yardstick++)
      for (size_t arm = 0; arm < experiment->arm_count; arm++, at++)
        VT_TRY(fill_cell(ctx, findings, (int)group, (int)yardstick, (int)arm, &findings->cells[at]));
  for (size_t i = 0; i < experiment->control_count; i++) {
    VT_TRY(judge_control(ctx, findings, &experiment->controls[i], &findings->controls[i]));
    /* a control that was not measured vouches for nothing */
    sound = sound && findings->controls[i].verdict == VT_HOLDS;
  }
  for (size_t i = 0; i < experiment->claim_count; i++) {
    VT_TRY(judge_claim(ctx, findings, &experiment->claims[i], &findings->claims[i]));
    if (!sound && findings->claims[i].verdict != VT_NOT_MEASURED) findings->claims[i].verdict = VT_UNSOUND;
  }
  findings->overall = worst_of(findings);
  return VT_OK;
}
