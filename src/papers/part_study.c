/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs methods on scenes and compares them with what is true.
 */
#include "papers/part_study.h"

#include <math.h>

#include "comparison/bench.h"
#include "metrics/localisation.h"
#include "metrics/pixel_order.h"

const vt_study_value vt_study_values[VT_STUDY_VALUES] = {
    [VT_STUDY_POINTING] = {"pointing_game", "Pointing game", true},
    [VT_STUDY_TOP_PART] = {"pointing_game_top_part", "… at the part worth most", true},
    [VT_STUDY_MASS] = {"mass_accuracy", "Mass accuracy", true},
    [VT_STUDY_MASS_LEAST] = {"mass_above_least", "… above the least value", true},
    [VT_STUDY_RANK] = {"rank_accuracy", "Rank accuracy", true},
    [VT_STUDY_AUC] = {"localisation_auc", "AUC", true},
    [VT_STUDY_PURITY_ONE] = {"purity_first_region", "Purity of the first region", true},
    [VT_STUDY_PURITY] = {"purity_at_area", "Purity at the mask's area", true},
    [VT_STUDY_PURITY_KEEP] = {"purity_keep", "Purity of what keeps 0.9", true},
    [VT_STUDY_CORRELATION] = {"part_correlation", "Rank correlation", true},
    [VT_STUDY_BY_SUM] = {"part_correlation_sum", "… by sum", true},
    [VT_STUDY_BY_MEAN] = {"part_correlation_mean", "… by mean", true},
    [VT_STUDY_KENDALL] = {"part_correlation_kendall", "… Kendall", true},
    [VT_STUDY_PROBABILITY] = {"part_correlation_probability", "… effect on probability", true},
    [VT_STUDY_WITHIN] = {"part_correlation_thing", "… parts of the thing", true},
    [VT_STUDY_PER_PIXEL] = {"part_correlation_per_pixel", "… of the thing, per pixel", true},
    [VT_STUDY_FIRST] = {"top_part_first", "The part worth most gets most", true},
    [VT_STUDY_TOLERANT] = {"pointing_game_tolerant", "Pointing game with tolerance", true},
    [VT_STUDY_CALLS] = {"calls", "Calls", false},
    [VT_STUDY_SECONDS] = {"seconds", "Seconds", false},
};

/* ---- rows of the table ---- */

static vt_study_arm *add_arm(vt_ctx *ctx, vt_study *study, vt_study_kind kind, const char *title)
{
  vt_study_arm *arms = vt_alloc_zero(ctx, (size_t)study->arm_count + 1, sizeof *arms);
  if (!arms) return NULL;
  if (study->arms) memcpy(arms, study->arms, (size_t)study->arm_count * sizeof *arms);
  vt_free(study->arms);
  study->arms = arms;
  vt_study_arm *arm = &arms[study->arm_count++];
  arm->kind = kind;
  snprintf(arm->title, sizeof arm->title, "%s", title);
  return arm;
}

static vt_terms terms_of(const vt_study *study, uint64_t seed)
{
  return (vt_terms){.regions = study->options->regions,
                    .fill = "black",
                    .class_score = VT_SCORE_PROBABILITY,
                    .explained = study->options->score,
                    .seed = (int64_t)seed};
}

static vt_status add_method(vt_ctx *ctx, vt_study *study, const char *name, bool true_parts)
{
  vt_study_arm *arm = add_arm(ctx, study, VT_STUDY_METHOD, name);
  if (!arm) return VT_ERROR_OUT_OF_MEMORY;
  vt_terms terms = terms_of(study, 0);
  VT_TRY(vt_contender_method(ctx, NULL, name, NULL, NULL, &terms, &arm->contender));
  const vt_method *method = arm->contender.method;
  arm->score = (vt_score_kind)arm->contender.request.class_score;
  arm->true_parts = true_parts;
  snprintf(arm->title, sizeof arm->title, "%s%s", method->id, true_parts ? " on true parts" : "");
  bool again = study->options->true_parts && !true_parts && method->needs & VT_NEEDS_REGIONS;
  return again ? add_method(ctx, study, name, true) : VT_OK;
}

static vt_status add_arms(vt_ctx *ctx, vt_study *study)
{
  char name[64];
  for (const char *at = study->options->methods; *at;) {
    size_t length = strcspn(at, ",");
    snprintf(name, sizeof name, "%.*s", (int)length, at);
    if (length) VT_TRY(add_method(ctx, study, name, false));
    at += length + (at[length] == ',');
  }
  if (study->arm_count == 0) return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "no method is named");
  bool added = add_arm(ctx, study, VT_STUDY_RANDOM, "random order") &&
               add_arm(ctx, study, VT_STUDY_CENTRE, "centre") &&
               add_arm(ctx, study, VT_STUDY_THING, "outline of the thing") &&
               add_arm(ctx, study, VT_STUDY_TRUTH, "truth itself");
  return added ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

/* ---- one scene ---- */

typedef struct scene_work {
  vt_study *study;
  vt_model *model;
  vt_part_truth *truth;
  uint64_t seed; /* of the world */
  int64_t item;
  vt_image *blank;
  vt_regions *division, *parts; /* parts: those of the scene and the rest */
  float **maps;                 /* [arm_count] */
  /* what metrics compare with */
  const uint8_t **masks; /* [parts] */
  double *logits, *probabilities;
} scene_work;

static int64_t pixels_of(const scene_work *work)
{
  return (int64_t)work->truth->picture->height * work->truth->picture->width;
}

/* Same for all arms of a scene; different for every scene. */
static uint64_t draw_seed(const scene_work *work)
{
  return vt_stream("part study", work->seed * 1000003u + (uint64_t)work->item) >> 11;
}

static void draw_reference(const scene_work *work, vt_study_kind kind, float *map)
{
  const vt_part_truth *truth = work->truth;
  int height = truth->picture->height, width = truth->picture->width,
      count = vt_regions_count(work->division);
  const int32_t *labels = vt_regions_labels(work->division, &height, &width);
  double spread = (double)(height < width ? height : width) / 4;
  for (int i = 0; i < height * width; i++) {
    double x = i % width + .5 - width / 2., y = i / width + .5 - height / 2.;
    if (kind == VT_STUDY_CENTRE)
      map[i] = (float)exp(-(x * x + y * y) / (2 * spread * spread));
    else if (kind == VT_STUDY_THING)
      map[i] = truth->thing[i];
    else if (kind == VT_STUDY_RANDOM)
      map[i] = (float)vt_random_uniform(draw_seed(work), vt_stream("region", (uint64_t)labels[i]),
                                        (uint64_t)count);
  }
  for (int p = 0; kind == VT_STUDY_TRUTH && p < truth->count; p++)
    for (int i = 0; i < height * width; i++)
      if (truth->parts[p].mask[i]) map[i] = (float)(truth->parts[p].logit / (double)truth->parts[p].area);
}

/* Value and, where `extras` names them, further ones of a metric. */
static vt_status take(vt_ctx *ctx, const char *metric, const vt_task *task, const vt_judged *judged,
                      double *value, const char *const *extras, double *const *extra_values)
{
  vt_measure measured = {0};
  vt_status status = vt_metric_run(ctx, vt_metric_find(metric), task, judged, NULL, NULL, &measured);
  *value = measured.value;
  for (int e = 0; extras && extras[e]; e++) {
    *extra_values[e] = NAN;
    for (int i = 0; i < measured.extra_count; i++)
      if (strcmp(measured.extra_names[i], extras[e]) == 0) *extra_values[e] = measured.extra[i];
  }
  vt_measure_free(&measured);
  return status;
}

static const vt_part *worth_most(const vt_part_truth *truth)
{
  const vt_part *best = truth->count ? &truth->parts[0] : NULL;
  for (int p = 1; p < truth->count; p++)
    if (truth->parts[p].logit > best->logit) best = &truth->parts[p];
  return best;
}

static vt_status judge_map(vt_ctx *ctx, const scene_work *work, const float *map, double *values)
{
  const vt_part_truth *truth = work->truth;
  vt_task task = {.picture = truth->picture};
  vt_truth told = {
      .mask = truth->deciding, .parts = work->masks, .effects = work->logits, .part_count = truth->count};
  vt_judged judged = {.map = map, .truth = &told};
  VT_TRY(take(ctx, "pointing-game", &task, &judged, &values[VT_STUDY_POINTING],
              (const char *const[]){"tolerant", NULL}, (double *const[]){&values[VT_STUDY_TOLERANT]}));
  VT_TRY(take(ctx, "mass-accuracy", &task, &judged, &values[VT_STUDY_MASS],
              (const char *const[]){"from_least", NULL}, (double *const[]){&values[VT_STUDY_MASS_LEAST]}));
  VT_TRY(take(ctx, "rank-accuracy", &task, &judged, &values[VT_STUDY_RANK], NULL, NULL));
  VT_TRY(take(ctx, "localisation-auc", &task, &judged, &values[VT_STUDY_AUC], NULL, NULL));
  VT_TRY(take(ctx, "part-correlation", &task, &judged, &values[VT_STUDY_CORRELATION],
              (const char *const[]){"by_sum", "by_mean", "kendall", "first", NULL},
              (double *const[]){&values[VT_STUDY_BY_SUM], &values[VT_STUDY_BY_MEAN],
                                &values[VT_STUDY_KENDALL], &values[VT_STUDY_FIRST]}));
  told.effects = work->probabilities;
  VT_TRY(take(ctx, "part-correlation", &task, &judged, &values[VT_STUDY_PROBABILITY], NULL, NULL));
  told.effects = work->logits;
  told.part_count = 0; /* the thing's parts stand first */
  while (told.part_count < truth->count && vt_part_of_thing(truth->parts[told.part_count].kind))
    told.part_count++;
  VT_TRY(take(ctx, "part-correlation", &task, &judged, &values[VT_STUDY_WITHIN],
              (const char *const[]){"per_pixel", NULL}, (double *const[]){&values[VT_STUDY_PER_PIXEL]}));
  const vt_part *best = worth_most(truth);
  if (!best) return VT_OK;
  told = (vt_truth){.mask = best->mask};
  return take(ctx, "pointing-game", &task, &judged, &values[VT_STUDY_TOP_PART], NULL, NULL);
}

/* Purity of the smallest prefix that alone keeps 0.9 of the class's probability. */
static vt_status purity_of_what_keeps(vt_ctx *ctx, const scene_work *work, const vt_regions *regions,
                                      const int *order, double *out)
{
  int count = vt_regions_count(regions);
  vt_scorer_options options = {.target = work->truth->label,
                               .second = VT_CLASS_NONE,
                               .score = VT_SCORE_PROBABILITY,
                               .contrast = VT_CLASS_NONE,
                               .batch = 64};
  vt_scorer *scorer;
  VT_TRY(vt_scorer_new(ctx, work->model, work->truth->picture, work->blank, regions, &options, &scorer));
  size_t words = (size_t)vt_scorer_words(scorer);
  uint64_t *bits = vt_alloc_zero(ctx, (size_t)count * words, sizeof *bits);
  vt_scored *scored = vt_alloc_zero(ctx, (size_t)count, sizeof *scored);
  vt_status status = bits && scored ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (int j = 0; status == VT_OK && j < count; j++) {
    if (j) memcpy(bits + (size_t)j * words, bits + (size_t)(j - 1) * words, words * sizeof *bits);
    vt_subset_add(bits + (size_t)j * words, order[j]);
  }
  if (status == VT_OK) status = vt_scorer_subsets(ctx, scorer, bits, count, scored);
  for (int j = 0; status == VT_OK && j < count; j++)
    if (scored[j].target >= .9 * work->truth->probability) {
      double recall;
      vt_region_purity(regions, order, j + 1, work->truth->deciding, out, &recall);
      break;
    }
  vt_free(bits);
  vt_free(scored);
  vt_scorer_free(scorer);
  return status;
}

static vt_status judge_order(vt_ctx *ctx, const scene_work *work, const vt_regions *regions, const int *order,
                             double *values)
{
  vt_task task = {.picture = work->truth->picture, .regions = regions};
  vt_truth told = {.mask = work->truth->deciding};
  vt_judged judged = {.regions = regions, .order = order, .truth = &told};
  VT_TRY(take(ctx, "region-purity", &task, &judged, &values[VT_STUDY_PURITY],
              (const char *const[]){"first", NULL}, (double *const[]){&values[VT_STUDY_PURITY_ONE]}));
  return purity_of_what_keeps(ctx, work, regions, order, &values[VT_STUDY_PURITY_KEEP]);
}

static vt_status run_method(vt_ctx *ctx, const scene_work *work, const vt_study_arm *arm, float *map,
                            double *values)
{
  vt_terms terms = terms_of(work->study, draw_seed(work));
  vt_exhibit exhibit = {.model = work->model,
                        .picture = work->truth->picture,
                        .target = work->truth->label,
                        .regions = arm->true_parts ? work->parts : work->division};
  vt_contender contender = arm->contender; /* borrowed, with the scene's seed */
  vt_bench bench = {0};
  vt_made *made = NULL;
  contender.request.seed = terms.seed;
  vt_status status = vt_bench_open(ctx, &exhibit, &terms, &bench);
  if (status == VT_OK) status = vt_bench_explain(ctx, &bench, &contender, 0, &made);
  if (status == VT_OK) {
    memcpy(map, made->map, (size_t)pixels_of(work) * sizeof *map);
    values[VT_STUDY_CALLS] = (double)made->calls;
    values[VT_STUDY_SECONDS] = made->seconds;
    status = judge_order(ctx, work, made->regions, made->result.explanation->order, values);
  }
  vt_made_free(made);
  vt_bench_close(&bench);
  return status;
}

static vt_status run_reference(vt_ctx *ctx, const scene_work *work, const vt_study_arm *arm, float *map,
                               double *values)
{
  int *order = vt_alloc_zero(ctx, (size_t)vt_regions_count(work->division), sizeof *order);
  if (!order) return VT_ERROR_OUT_OF_MEMORY;
  draw_reference(work, arm->kind, map);
  vt_status status = vt_region_order_of_map(ctx, work->division, map, order);
  if (status == VT_OK) status = judge_order(ctx, work, work->division, order, values);
  vt_free(order);
  return status;
}

static vt_status run_arms(vt_ctx *ctx, const scene_work *work)
{
  vt_study *study = work->study;
  for (int a = 0; a < study->arm_count; a++) {
    const vt_study_arm *arm = &study->arms[a];
    VT_TRY(vt_grow(ctx, &study->rows, &study->row_capacity, study->row_count, sizeof *study->rows));
    vt_study_row *row = &study->rows[study->row_count];
    *row = (vt_study_row){.seed = work->seed, .item = work->item, .arm = a};
    for (int v = 0; v < VT_STUDY_VALUES; v++)
      row->values[v] = NAN;
    work->maps[a] = vt_alloc_zero(ctx, (size_t)pixels_of(work), sizeof **work->maps);
    if (!work->maps[a]) return VT_ERROR_OUT_OF_MEMORY;
    VT_TRY(arm->kind == VT_STUDY_METHOD ? run_method(ctx, work, arm, work->maps[a], row->values)
                                        : run_reference(ctx, work, arm, work->maps[a], row->values));
    VT_TRY(judge_map(ctx, work, work->maps[a], row->values));
    VT_TRY(vt_check_cancel(ctx)); /* a search that was cut short is no result */
    study->row_count++;
  }
  return VT_OK;
}

static vt_status keep_parts(vt_ctx *ctx, const scene_work *work)
{
  vt_study *study = work->study;
  for (int p = 0; p < work->truth->count; p++) {
    const vt_part *part = &work->truth->parts[p];
    VT_TRY(vt_grow(ctx, &study->parts, &study->part_capacity, study->part_count, sizeof *study->parts));
    vt_study_part *kept = &study->parts[study->part_count++];
    *kept = (vt_study_part){.seed = work->seed,
                            .item = work->item,
                            .area = part->area,
                            .kind = part->kind,
                            .logit = part->logit,
                            .probability = part->probability,
                            .flips = part->answer != work->truth->answer};
    memcpy(kept->name, part->name, sizeof kept->name);
    work->masks[p] = part->mask;
    work->logits[p] = part->logit;
    work->probabilities[p] = part->probability;
  }
  return VT_OK;
}

static vt_status divide(vt_ctx *ctx, scene_work *work)
{
  int32_t *labels = vt_alloc_zero(ctx, (size_t)pixels_of(work), sizeof *labels);
  if (!labels) return VT_ERROR_OUT_OF_MEMORY;
  vt_part_truth_labels(work->truth, labels);
  const vt_image *picture = work->truth->picture;
  vt_status status = vt_regions_from_labels(ctx, labels, picture->height, picture->width, &work->parts);
  vt_free(labels);
  VT_TRY(status);
  VT_TRY(vt_divide(ctx, work->study->options->regions, picture, &work->division, NULL));
  return vt_fill_make(ctx, "black", work->model, picture, 0, &work->blank);
}

static vt_status run_scene(vt_ctx *ctx, vt_study *study, vt_model *model, vt_part_truth *truth, uint64_t seed,
                           int64_t item)
{
  scene_work work = {.study = study, .model = model, .truth = truth, .seed = seed, .item = item};
  size_t parts = (size_t)truth->count + 1;
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  work.maps = vt_alloc_zero(ctx, (size_t)study->arm_count, sizeof *work.maps);
  work.masks = vt_alloc_zero(ctx, parts, sizeof *work.masks);
  work.logits = vt_alloc_zero(ctx, parts, sizeof *work.logits);
  work.probabilities = vt_alloc_zero(ctx, parts, sizeof *work.probabilities);
  if (!work.maps || !work.masks || !work.logits || !work.probabilities) goto done;
  VT_TRY_DONE(keep_parts(ctx, &work));
  VT_TRY_DONE(divide(ctx, &work));
  VT_TRY_DONE(run_arms(ctx, &work));
  if (study->options->show)
    VT_TRY_DONE(study->options->show(ctx, study->options->user, study, truth,
                                     study->rows + study->row_count - study->arm_count, work.maps));
  int64_t inside = 0;
  for (int64_t i = 0; i < pixels_of(&work); i++)
    inside += truth->deciding[i];
  study->area += (double)inside / (double)pixels_of(&work);
  study->hidden += truth->hidden;
  study->scenes++;
done:
  for (int a = 0; work.maps && a < study->arm_count; a++)
    vt_free(work.maps[a]);
  vt_free(work.maps);
  vt_free(work.masks);
  vt_free(work.logits);
  vt_free(work.probabilities);
  vt_image_free(work.blank);
  vt_regions_free(work.division);
  vt_regions_free(work.parts);
  return status;
}

/* ---- all scenes ---- */

/* A world with how far the study is in it. */
typedef struct world_work {
  vt_world *world;
  int64_t next, right;
} world_work;

/* The next scene that the model gets right. */
static vt_status run_next(vt_ctx *ctx, vt_study *study, vt_model *model, world_work *at)
{
  const vt_study_options *options = study->options;
  /* a model that errs on most scenes is not worth a search without end */
  int64_t most = 4 * options->count + 100;
  for (bool found = false; !found; at->next++) {
    if (at->next == most)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                     "of %lld scenes of seed %llu the model gets %lld right, fewer than the %lld asked for",
                     (long long)most, (unsigned long long)at->world->seed, (long long)at->right,
                     (long long)options->count);
    vt_part_truth truth;
    size_t rows = study->row_count, parts = study->part_count;
    VT_TRY(vt_part_truth_make(ctx, at->world, options->split, at->next, model, &truth));
    found = truth.answer == truth.label;
    study->wrong += !found;
    vt_status status = found ? run_scene(ctx, study, model, &truth, at->world->seed, at->next) : VT_OK;
    vt_part_truth_free(&truth);
    if (status != VT_OK) { /* no half scenes */
      study->row_count = rows;
      study->part_count = parts;
      return status;
    }
  }
  at->right++;
  return VT_OK;
}

/* Scene by scene, the seeds in turn, so that a run cut short has the same of each. */
static vt_status run_worlds(vt_ctx *ctx, vt_study *study, vt_model *model, world_work *worlds)
{
  const vt_study_options *options = study->options;
  for (int s = 0; s < options->seeds; s++)
    VT_TRY(vt_world_open(ctx, options->world, options->settings, options->setting_count,
                         options->seed + (uint64_t)s, &worlds[s].world));
  int64_t all = options->count * options->seeds;
  for (int64_t i = 0; i < all; i++) {
    VT_TRY(run_next(ctx, study, model, &worlds[i % options->seeds]));
    vt_progress(ctx, "scenes", (double)(i + 1), (double)all);
  }
  return VT_OK;
}

vt_status vt_study_run(vt_ctx *ctx, vt_model *model, const vt_study_options *options, vt_study *out)
{
  *out = (vt_study){.options = options};
  world_work *worlds = vt_alloc_zero(ctx, (size_t)options->seeds, sizeof *worlds);
  vt_status status = worlds ? add_arms(ctx, out) : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = run_worlds(ctx, out, model, worlds);
  for (int s = 0; worlds && s < options->seeds; s++)
    vt_world_close(worlds[s].world);
  vt_free(worlds);
  out->partial = status == VT_ERROR_INTERRUPTED && out->scenes > 0;
  if (out->partial)
    vt_ctx_clear(ctx);
  else if (status != VT_OK) {
    vt_study_free(out);
    return status;
  }
  out->area /= (double)out->scenes;
  return VT_OK;
}

void vt_study_free(vt_study *study)
{
  for (int a = 0; a < study->arm_count; a++)
    vt_contender_free(&study->arms[a].contender);
  vt_free(study->arms);
  vt_free(study->rows);
  vt_free(study->parts);
  *study = (vt_study){0};
}
