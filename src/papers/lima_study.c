/* SPDX-License-Identifier: Apache-2.0 */
#include "papers/lima_study.h"

#include <math.h>

#include "metrics/localisation.h"
#include "metrics/pixel_order.h"

/* ---- criteria ---- */

enum { PIXEL_INSERTION, PIXEL_DELETION, INSERTION, DELETION, POINTING, RANK, PURITY, HIGHEST, CRITERIA };

static const struct {
  const char *text;
  vt_granularity granularity;
  unsigned asked; /* by one of these */
} plan[CRITERIA] = {
    {"pi=insertion@fill-50", VT_AS_IT_IS, VT_LIMA_ASK_PIXELS},
    {"pd=deletion@fill-50", VT_AS_IT_IS, VT_LIMA_ASK_PIXELS},
    {"insertion@lima", VT_EQUAL_GRANULARITY, VT_LIMA_ASK_CURVES},
    {"deletion@lima", VT_EQUAL_GRANULARITY, VT_LIMA_ASK_CURVES},
    {"pointing-game", VT_AS_IT_IS, VT_LIMA_ASK_PLACES},
    {"rank-accuracy", VT_AS_IT_IS, VT_LIMA_ASK_PLACES},
    {"region-purity", VT_EQUAL_GRANULARITY, VT_LIMA_ASK_PLACES},
    {"average-highest-confidence@lima", VT_EQUAL_GRANULARITY, VT_LIMA_ASK_HIGHEST},
};

typedef struct studying {
  vt_lima_study *study;
  const vt_bench *bench;
  const vt_lima_item *item;
} studying;

static bool is_wanted(void *user, int contender, int criterion, vt_granularity granularity)
{
  const studying *s = user;
  VT_UNUSED(contender);
  return plan[criterion].granularity == granularity && (plan[criterion].asked & s->study->ask);
}

/* Share of the distractor among as many pixels from the end of the order; the last region counts by parts. */
static double distractor_last(const vt_lima_item *item, const vt_regions *division, const int *order)
{
  int height, width, count = vt_regions_count(division);
  const int32_t *labels = vt_regions_labels(division, &height, &width);
  double left = (double)item->distractor_area, inside = 0;
  if (left <= 0) return NAN;
  for (int j = count - 1; j >= 0 && left > 0; j--) {
    double area = (double)vt_regions_area(division, order[j]), hit = 0;
    for (int i = 0; i < height * width; i++)
      hit += labels[i] == order[j] && item->distractor[i];
    double taken = area < left ? area : left;
    inside += hit * taken / area;
    left -= taken;
  }
  return inside / (double)item->distractor_area;
}

static vt_status on_explained(vt_ctx *ctx, void *user, int contender, const vt_made *made, const char *error)
{
  studying *s = user;
  vt_lima_said *said = &s->study->said[contender];
  const vt_regions *division = s->bench->exhibit.regions;
  if (!made) {
    snprintf(said->why, sizeof said->why, "%s", error ? error : "");
    return VT_OK;
  }
  int count = vt_regions_count(division);
  said->order = vt_alloc_zero(ctx, (size_t)count, sizeof *said->order);
  if (!said->order) return VT_ERROR_OUT_OF_MEMORY;
  if (made->order && made->regions == division)
    memcpy(said->order, made->order, (size_t)count * sizeof *said->order);
  else
    VT_TRY(vt_region_order_of_map(ctx, division, made->map, said->order));
  said->made = true;
  said->values[VT_LIMA_CALLS] = (double)made->calls;
  said->values[VT_LIMA_SECONDS] = made->seconds;
  if (s->study->ask & VT_LIMA_ASK_PLACES) {
    double pixels = (double)s->item->picture->width * s->item->picture->height;
    said->values[VT_LIMA_CHANCE] = (double)s->item->area / pixels;
    said->values[VT_LIMA_DISTRACTOR_LAST] = distractor_last(s->item, division, said->order);
    if (s->item->distractor_area)
      said->values[VT_LIMA_DISTRACTOR_CHANCE] = (double)s->item->distractor_area / pixels;
  }
  return VT_OK;
}

/* The smallest prefix that keeps: step j of the curve shows j regions. */
static void find_keep(const studying *s, const vt_measure *curve, vt_lima_said *said)
{
  double recall;
  for (int j = 0; j < 2 && j < curve->points; j++)
    said->first_scores[j] = curve->scores[j];
  for (int j = 0; j < curve->points; j++) {
    if (curve->scores[j] < .9 * s->bench->full) continue;
    said->values[VT_LIMA_KEEP_AREA] = curve->areas[j];
    said->values[VT_LIMA_KEEP_REGIONS] = j;
    said->keep = j;
    said->keep_score = curve->scores[j];
    if (j > 0 && s->item->area > 0)
      vt_region_purity(s->bench->exhibit.regions, said->order, j, s->item->mask,
                       &said->values[VT_LIMA_PURITY_KEEP], &recall);
    return;
  }
}

static vt_status on_measured(vt_ctx *ctx, void *user, vt_outcome *outcome)
{
  static const int places[CRITERIA] = {VT_LIMA_PIXEL_INSERTION, VT_LIMA_PIXEL_DELETION, VT_LIMA_INSERTION,
                                       VT_LIMA_DELETION,        VT_LIMA_POINTING,       VT_LIMA_RANK,
                                       VT_LIMA_PURITY_AREA,     VT_LIMA_HIGHEST_100};
  studying *s = user;
  vt_lima_said *said = &s->study->said[outcome->contender];
  const vt_measure *measure = &outcome->measure;
  VT_UNUSED(ctx);
  if (!said->made) return VT_OK;
  if (outcome->error && !said->why[0]) snprintf(said->why, sizeof said->why, "%s", outcome->error);
  said->values[places[outcome->criterion]] = measure->value;
  switch (outcome->criterion) {
  case INSERTION:
    said->values[VT_LIMA_INSERTION_NORMALISED] = measure->normalised;
    if (measure->scores) find_keep(s, measure, said);
    break;
  case DELETION:
    said->values[VT_LIMA_DELETION_NORMALISED] = measure->normalised;
    break;
  case PURITY:
    for (int i = 0; i < measure->extra_count; i++)
      if (strcmp(measure->extra_names[i], "first") == 0)
        said->values[VT_LIMA_PURITY_FIRST] = measure->extra[i];
    break;
  case HIGHEST:
    for (int i = 0; i < 4 && i < measure->extra_count; i++)
      said->values[VT_LIMA_HIGHEST_25 + i] = measure->extra[i];
    break;
  default:
    break;
  }
  return VT_OK;
}

static vt_status judge(vt_ctx *ctx, const vt_bench *bench, const vt_criterion *criteria,
                       const vt_lima_item *item, vt_lima_study *study)
{
  studying s = {.study = study, .bench = bench, .item = item};
  vt_contest contest = {.contenders = study->contenders,
                        .contender_count = study->contender_count,
                        .criteria = criteria,
                        .criterion_count = CRITERIA,
                        .terms = bench->terms,
                        .as_it_is = true,
                        .equal = true,
                        .budget_of = -1};
  vt_judge_sink sink = {.user = &s, .wanted = is_wanted, .explained = on_explained, .measured = on_measured};
  study->full = bench->full;
  study->blank_score = bench->blank_score;
  return vt_judge(ctx, &contest, bench, &sink);
}

static vt_status parse_criteria(vt_ctx *ctx, vt_criterion *criteria)
{
  for (int i = 0; i < CRITERIA; i++)
    VT_TRY(vt_criterion_parse(ctx, plan[i].text, NULL, &criteria[i]));
  return VT_OK;
}

static vt_status begin(vt_ctx *ctx, vt_model *model, const vt_lima_item *item, vt_lima_study *study)
{
  study->said = vt_alloc_zero(ctx, study->contender_count, sizeof *study->said);
  if (!study->said) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < study->contender_count; i++)
    for (int v = 0; v < VT_LIMA_VALUES; v++)
      study->said[i].values[v] = NAN;
  VT_TRY(vt_divide(ctx, study->regions, item->picture, &study->division, NULL));
  return vt_fill_make(ctx, study->fill, model, item->picture, 0, &study->blank);
}

vt_status vt_lima_study_run(vt_ctx *ctx, vt_model *model, const vt_lima_item *item, vt_lima_study *study)
{
  vt_criterion criteria[CRITERIA] = {{0}};
  vt_bench bench;
  vt_status status = begin(ctx, model, item, study);
  if (status == VT_OK) status = parse_criteria(ctx, criteria);
  if (status == VT_OK) {
    vt_truth truth = {.mask = item->mask};
    vt_exhibit exhibit = {.model = model,
                          .picture = item->picture,
                          .target = item->label,
                          .truth = &truth,
                          .regions = study->division};
    vt_terms terms = {.regions = study->regions,
                      .fill = study->fill,
                      .class_score = VT_SCORE_PROBABILITY,
                      .seed = study->seed};
    status = vt_bench_open(ctx, &exhibit, &terms, &bench);
    if (status == VT_OK) {
      status = judge(ctx, &bench, criteria, item, study);
      vt_bench_close(&bench);
    }
  }
  for (int i = 0; i < CRITERIA; i++)
    vt_criterion_free(&criteria[i]);
  if (status != VT_OK) vt_lima_study_free(study);
  return status;
}

void vt_lima_study_free(vt_lima_study *study)
{
  for (size_t i = 0; study->said && i < study->contender_count; i++)
    vt_free(study->said[i].order);
  vt_free(study->said);
  study->said = NULL;
  vt_regions_free(study->division);
  study->division = NULL;
  vt_image_free(study->blank);
  study->blank = NULL;
}

/* ---- prefixes under other fills ---- */

/* Displacement at a pixel: bilinear between draws on a grid of 8 pixels, in [−size, size]. */
static double displacement(uint64_t seed, const char *axis, int x, int y, double size)
{
  enum { CELL = 8 };
  uint64_t stream = vt_stream(axis, 0);
  double u = (double)x / CELL, v = (double)y / CELL, sum = 0;
  int i = (int)u, j = (int)v;
  for (int b = 0; b < 2; b++)
    for (int a = 0; a < 2; a++) {
      double weight = (a ? u - i : 1 - u + i) * (b ? v - j : 1 - v + j);
      sum += weight * (2 * vt_random_uniform(seed, stream, (uint64_t)((j + b) * 4096 + i + a)) - 1);
    }
  return size * sum;
}

static int clamp(int value, int count)
{
  return value < 0 ? 0 : value >= count ? count - 1 : value;
}

vt_status vt_lima_prefix_score(vt_ctx *ctx, vt_model *model, const vt_lima_item *item,
                               const vt_regions *division, const int *order, int count, const char *fill,
                               double jitter, uint64_t seed, double *out)
{
  int height, width;
  const int32_t *labels = vt_regions_labels(division, &height, &width);
  vt_image *shown = NULL;
  size_t channels = (size_t)item->picture->channels;
  double *probabilities = vt_alloc_zero(ctx, (size_t)vt_model_classes(model), sizeof *probabilities);
  bool *seen = vt_alloc_zero(ctx, (size_t)vt_regions_count(division), sizeof *seen);
  vt_status status = probabilities && seen ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = vt_fill_make(ctx, fill, model, item->picture, seed, &shown);
  for (int j = 0; status == VT_OK && j < count; j++)
    seen[order[j]] = true;
  for (int y = 0; status == VT_OK && y < height; y++)
    for (int x = 0; x < width; x++) {
      int from_x = x, from_y = y;
      if (jitter > 0) {
        from_x = clamp((int)lround(x + displacement(seed, "across", x, y, jitter)), width);
        from_y = clamp((int)lround(y + displacement(seed, "down", x, y, jitter)), height);
      }
      size_t at = ((size_t)y * (size_t)width + (size_t)x) * channels;
      if (seen[labels[from_y * width + from_x]])
        memcpy(shown->pixels + at, item->picture->pixels + at, channels);
    }
  if (status == VT_OK) status = vt_lima_item_ask(ctx, model, shown, probabilities);
  if (status == VT_OK) *out = probabilities[item->label];
  vt_image_free(shown);
  vt_free(seen);
  vt_free(probabilities);
  return status;
}
