/* SPDX-License-Identifier: Apache-2.0
 *
 * Rank correlation of what an explanation gives to parts with what they are worth to the model: the loss of
 * score when the part is taken out of the scene (Hesse, Schaub-Meyer, Roth: "FunnyBirds", ICCV 2023).
 */
#include <math.h>

#include "math/statistics.h"
#include "metrics/localisation.h"

/* Of each part: sum of the map, its mean, and the excess: the sum of the map less its mean over the picture.
 * Parts of more pixels have larger sums whatever the map says, and sums depend on where a method puts its
 * zero; the excess does neither. */
typedef struct masses {
  double *sums, *means, *excess;
  double *density; /* what a pixel of the part is worth: its effect over its area */
} masses;

static void weigh(const vt_located *located, const vt_truth *truth, const masses *out)
{
  double all = 0;
  for (int64_t i = 0; i < located->pixels; i++)
    all += located->values[i];
  all /= (double)located->pixels;
  for (int p = 0; p < truth->part_count; p++) {
    int64_t area = 0;
    out->sums[p] = out->excess[p] = 0;
    for (int64_t i = 0; i < located->pixels; i++) {
      if (!truth->parts[p][i]) continue;
      out->sums[p] += located->values[i];
      out->excess[p] += located->values[i] - all;
      area++;
    }
    out->means[p] = area ? out->sums[p] / (double)area : 0;
    out->density[p] = area ? truth->effects[p] / (double)area : 0;
  }
}

/* Whether the part with the highest effect gets the most; of tied ones by their share. */
static double first_agrees(const double *effects, const double *mass, int count)
{
  int best = 0, tied = 0;
  bool hit = false;
  for (int p = 1; p < count; p++)
    if (effects[p] > effects[best]) best = p;
  double most = mass[0];
  for (int p = 1; p < count; p++)
    if (mass[p] > most) most = mass[p];
  for (int p = 0; p < count; p++)
    if (mass[p] == most) tied++, hit = hit || p == best;
  return hit ? 1.0 / tied : 0;
}

static vt_status correlate(vt_ctx *ctx, const vt_located *located, const vt_truth *truth, double *room,
                           vt_measure *out)
{
  size_t count = (size_t)truth->part_count;
  const masses of = {room, room + count, room + 2 * count, room + 3 * count};
  double by_sum, by_mean, kendall, per_pixel;
  weigh(located, truth, &of);
  VT_TRY(vt_spearman(ctx, truth->effects, of.excess, count, &out->value));
  VT_TRY(vt_spearman(ctx, truth->effects, of.sums, count, &by_sum));
  VT_TRY(vt_spearman(ctx, truth->effects, of.means, count, &by_mean));
  VT_TRY(vt_spearman(ctx, of.density, of.means, count, &per_pixel));
  VT_TRY(vt_kendall(ctx, truth->effects, of.excess, count, &kendall));
  if (isnan(out->value))
    VT_TRY(vt_measure_undefined(ctx, out, "fewer than two parts, or all have the same effect or excess"));
  vt_measure_add(out, "by_sum", "with the plain sum over each part", by_sum);
  vt_measure_add(out, "by_mean", "with the mean over each part", by_mean);
  vt_measure_add(out, "per_pixel", "of the mean with the effect over the area", per_pixel);
  vt_measure_add(out, "kendall", "Kendall's tau of the excess", kendall);
  vt_measure_add(out, "first", "the part with the highest effect has the highest excess",
                 count ? first_agrees(truth->effects, of.excess, truth->part_count) : NAN);
  vt_measure_add(out, "parts", "parts compared", truth->part_count);
  return VT_OK;
}

static vt_status measure(vt_ctx *ctx, const vt_task *task, const vt_judged *judged,
                         const vt_protocol *protocol, const void *settings, vt_measure *out)
{
  VT_UNUSED(protocol);
  VT_UNUSED(settings);
  const vt_truth *truth = judged->truth;
  if (!truth || !truth->parts || !truth->effects)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "this metric compares with the true effects of parts: give them");
  vt_located located;
  VT_TRY(vt_locate(ctx, task, judged, false, out, &located));
  double *room = vt_alloc_zero(ctx, 4 * (size_t)truth->part_count + 1, sizeof *room);
  vt_status status = room ? correlate(ctx, &located, truth, room, out) : VT_ERROR_OUT_OF_MEMORY;
  vt_free(room);
  vt_located_free(&located);
  return status;
}

const vt_metric vt_metric_part_correlation = {
    .id = "part-correlation",
    .title = "Rank correlation with part effects",
    .summary =
        "Spearman's correlation, over the parts of a scene, of the map's excess over a part (the sum of the "
        "map less its mean over the picture) with what the target's score loses when the scene is drawn "
        "without the part. Beside it with the plain sum, which part sizes alone can make high; with the "
        "mean; and of "
        "the mean with the effect over the part's area, where sizes help nobody. "
        "Of an order of regions a pixel counts the regions from its own to the last.",
    .citation = "Hesse, R., Schaub-Meyer, S., Roth, S. (2023). FunnyBirds. ICCV.",
    .category = "localisation",
    .higher_is_better = true,
    .low = -1,
    .high = 1,
    .needs = VT_NEEDS_PARTS,
    .run = measure,
};
