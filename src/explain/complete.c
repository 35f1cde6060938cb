/* SPDX-License-Identifier: Apache-2.0
 *
 * What follows from an order and its curves: AUCs, minimal subsets (01-lima §8), mistakes (§9), the saliency
 * map (§7).
 */
#include "explain/complete.h"

#include "base/base.h"

#include <math.h>

static bool all_known(const double *values, int count)
{
  for (int i = 0; i < count; i++)
    if (isnan(values[i])) return false;
  return true;
}

static vt_subset_size subset_at(const vt_explanation *explanation, int step, const double *curve)
{
  return (vt_subset_size){.regions = step, .area = explanation->areas[step], .score = curve[step]};
}

/* Smallest step ≥ 1 whose score is within `tie` of the highest, −1 when no step is known. */
static int first_highest(const double *curve, int count, double tie)
{
  double highest = -INFINITY;
  for (int j = 1; j <= count; j++)
    if (curve[j] > highest) highest = curve[j];
  for (int j = 1; j <= count; j++)
    if (curve[j] >= highest - tie) return j;
  return -1;
}

void vt_complete_subsets(vt_explanation *explanation, const int *tops)
{
  int count = vt_regions_count(explanation->regions);
  const double *insertion = explanation->insertion, *deletion = explanation->deletion,
               *areas = explanation->areas;
  explanation->insertion_auc =
      all_known(insertion, count + 1) ? vt_trapezoid(areas, insertion, count + 1) : NAN;
  explanation->deletion_auc = all_known(deletion, count + 1) ? vt_trapezoid(areas, deletion, count + 1) : NAN;

  int best = first_highest(insertion, count, 1e-6);
  if (best > 0) explanation->best = subset_at(explanation, best, insertion);
  /* 0.9·full for probabilities; a negative logit may be lower by a tenth of its size. */
  double enough = explanation->full - 0.1 * fabs(explanation->full);
  for (int j = count; j >= 1; j--)
    if (insertion[j] >= enough) explanation->keep = subset_at(explanation, j, insertion);
  for (int j = 1; j <= count && tops[j] != VT_TOP_UNKNOWN; j++)
    if (tops[j] != explanation->target) {
      explanation->flip = subset_at(explanation, j, deletion);
      break;
    }
  double highest = -INFINITY;
  for (int j = 0; explanation->best_objective < 0 && j < count; j++)
    if (explanation->objective[j] > highest) highest = explanation->objective[j];
  for (int j = count - 1; j >= 0 && highest > -INFINITY; j--)
    if (explanation->objective[j] == highest) explanation->best_objective = j + 1;
}

void vt_complete_mistake(vt_explanation *explanation)
{
  vt_mistake *mistake = &explanation->mistake;
  int count = vt_regions_count(explanation->regions);
  const double *insertion = explanation->insertion, *areas = explanation->areas;
  mistake->present = explanation->predicted >= 0 && explanation->predicted != explanation->target;
  if (!mistake->present) return;
  mistake->predicted = explanation->predicted;
  double highest = -INFINITY;
  for (int j = 0; j <= count; j++)
    if (insertion[j] > highest) highest = insertion[j];
  for (int j = 0; j <= count; j++)
    if (insertion[j] >= highest - 0.005) mistake->peak_step = j;
  int peak = first_highest(insertion, count, 0);
  if (peak > 0) mistake->peak_area = areas[peak];
  for (int quarter = 1; quarter <= 4; quarter++) {
    double found = NAN;
    for (int j = 1; j <= count && areas[j] <= quarter / 4.0; j++)
      if (!isnan(insertion[j]) && !(found >= insertion[j])) found = insertion[j];
    mistake->highest[quarter - 1] = found;
  }
}

/* a_j = −Σ_{i≤j} |T_i − T_{i−1}|, T_j = p(S_j) + 1 − p(V∖S_j). Steps that were not evaluated are plateaus. */
static void step_values(const vt_explanation *explanation, double *values)
{
  int count = vt_regions_count(explanation->regions);
  double before = explanation->insertion[0] + 1 - explanation->deletion[0], fall = 0;
  for (int j = 1; j <= count; j++) {
    double now = explanation->insertion[j] + 1 - explanation->deletion[j];
    if (!isnan(now) && !isnan(before)) fall += fabs(now - before);
    if (!isnan(now)) before = now;
    values[j - 1] = -fall;
  }
}

vt_status vt_complete_saliency(vt_ctx *ctx, vt_explanation *explanation)
{
  int height, width, count = vt_regions_count(explanation->regions);
  const int32_t *labels = vt_regions_labels(explanation->regions, &height, &width);
  size_t pixels = (size_t)height * (size_t)width;
  double *values = vt_alloc_zero(ctx, (size_t)count, sizeof *values);
  float *by_region = vt_alloc_zero(ctx, (size_t)count, sizeof *by_region);
  bool given = explanation->attribution != NULL; /* the map came first, and made the order */
  if (values && by_region && !explanation->saliency)
    explanation->saliency = vt_alloc_zero(ctx, pixels, sizeof *explanation->saliency);
  if (!values || !by_region || !explanation->saliency) {
    vt_free(values);
    vt_free(by_region);
    return VT_ERROR_OUT_OF_MEMORY;
  }
  step_values(explanation, values);
  bool flat = count > 1 && values[0] == values[count - 1]; /* values never rise: the ends decide */
  explanation->uninformative = flat || fabs(explanation->full - explanation->blank) <= 1e-12;
  for (int j = 0; j < count; j++)
    by_region[explanation->order[j]] = explanation->uninformative ? (float)(count - j) : (float)values[j];
  for (size_t i = 0; i < pixels && !given; i++)
    explanation->saliency[i] = by_region[labels[i]];
  if (given) explanation->uninformative = false;
  vt_free(values);
  vt_free(by_region);
  return VT_OK;
}

static vt_status check_order(vt_ctx *ctx, const vt_explanation *explanation)
{
  int count = vt_regions_count(explanation->regions);
  uint8_t *seen = vt_alloc_zero(ctx, (size_t)count, 1);
  if (!seen) return VT_ERROR_OUT_OF_MEMORY;
  bool permutation = true;
  for (int j = 0; j < count; j++) {
    int region = explanation->order[j];
    permutation = permutation && region >= 0 && region < count && !seen[region];
    if (permutation) seen[region] = 1;
  }
  vt_free(seen);
  return permutation ? VT_OK
                     : vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                               "an order of %d regions must name each of them once", count);
}

static vt_status warn_of_doubts(vt_ctx *ctx, vt_explanation *explanation, const vt_scorer *scorer)
{
  double difference = vt_scorer_invariance(scorer);
  if (difference > 1e-4)
    VT_TRY(vt_explanation_warn(
        ctx, explanation,
        "the model answers the same picture differently by %.3g: it is random or not independent of "
        "the batch, and this explanation cannot be trusted",
        difference));
  if (explanation->uninformative)
    VT_TRY(vt_explanation_warn(
        ctx, explanation,
        "the target's score does not tell the picture from the fill, or no region changes it: the "
        "saliency map shows ranks only"));
  return VT_OK;
}

vt_status vt_explanation_complete(vt_ctx *ctx, vt_explanation *explanation, vt_scorer *scorer,
                                  bool diagnostic)
{
  if (!explanation->regions || !explanation->order)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "an explanation without an order of regions has no curves");
  VT_TRY(check_order(ctx, explanation));
  const vt_scorer_options *options = vt_scorer_options_of(scorer);
  if (explanation->target < 0) explanation->target = options->target;
  explanation->score = options->score;
  size_t points = (size_t)vt_regions_count(explanation->regions) + 1;
  int *tops = vt_alloc_zero(ctx, points, sizeof *tops);
  if (!tops) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t j = 0; j < points; j++)
    tops[j] = VT_TOP_UNKNOWN;
  vt_status status = vt_complete_curves(ctx, explanation, scorer, diagnostic, tops);
  if (status == VT_OK) vt_complete_subsets(explanation, tops);
  vt_free(tops);
  if (status == VT_OK) vt_complete_mistake(explanation);
  if (status == VT_OK) status = vt_complete_saliency(ctx, explanation);
  if (status == VT_OK) status = warn_of_doubts(ctx, explanation, scorer);
  return status;
}
