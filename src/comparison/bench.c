/* SPDX-License-Identifier: Apache-2.0 */
#include "comparison/bench.h"

#include <math.h>
#include <sys/stat.h>

#include "metrics/pixel_order.h"
#include "tensor/tensor.h"

/* ---- the bench ---- */

static vt_status make_scorer(vt_ctx *ctx, const vt_bench *bench, const vt_regions *regions, vt_scorer **out)
{
  vt_scorer_options options = {.target = bench->exhibit.target,
                               .second = VT_CLASS_NONE,
                               .score = bench->terms.class_score,
                               .contrast = VT_CLASS_NONE,
                               .batch = 64};
  return vt_scorer_new(ctx, bench->exhibit.model, bench->exhibit.picture, bench->blank, regions, &options,
                       out);
}

/* The model's answer, and the two ends of every curve, which the scorer looked at when it was made. */
static vt_status look(vt_ctx *ctx, vt_bench *bench)
{
  vt_scorer *scorer = bench->scorer;
  const double *probabilities = vt_scorer_full_probabilities(scorer);
  int classes = vt_model_classes(bench->exhibit.model), count = vt_regions_count(bench->exhibit.regions);
  bench->target = bench->exhibit.target = vt_scorer_options_of(scorer)->target;
  bench->predicted = vt_score_has_class(bench->terms.class_score) ? 0 : -1;
  for (int i = 1; bench->predicted >= 0 && i < classes; i++)
    if (probabilities[i] > probabilities[bench->predicted]) bench->predicted = i;
  size_t words = (size_t)vt_scorer_words(scorer);
  uint64_t *bits = vt_alloc_zero(ctx, 2 * words, sizeof *bits);
  vt_scored scored[2];
  if (!bits) return VT_ERROR_OUT_OF_MEMORY;
  for (int r = 0; r < count; r++)
    vt_subset_add(bits, r);
  vt_scorer_set_diagnostic(scorer, true);
  vt_status status = vt_scorer_subsets(ctx, scorer, bits, 2, scored);
  vt_scorer_set_diagnostic(scorer, false);
  vt_free(bits);
  VT_TRY(status);
  bench->full = scored[0].target;
  bench->blank_score = scored[1].target;
  return VT_OK;
}

vt_status vt_bench_open(vt_ctx *ctx, const vt_exhibit *exhibit, const vt_terms *terms, vt_bench *out)
{
  *out = (vt_bench){.exhibit = *exhibit, .terms = *terms};
  vt_status status = VT_OK;
  if (!exhibit->regions) {
    VT_TRY_DONE(
        vt_divide_placed(ctx, terms->regions, exhibit->picture, exhibit->placement, &out->own_regions, NULL));
    out->exhibit.regions = out->own_regions;
  }
  VT_TRY_DONE(
      vt_fill_make(ctx, terms->fill, exhibit->model, exhibit->picture, (uint64_t)terms->seed, &out->blank));
  VT_TRY_DONE(make_scorer(ctx, out, out->exhibit.regions, &out->scorer));
  VT_TRY_DONE(look(ctx, out));
  return VT_OK;
done:
  vt_bench_close(out);
  return status;
}

void vt_bench_close(vt_bench *bench)
{
  vt_scorer_free(bench->scorer);
  vt_image_free(bench->blank);
  vt_regions_free(bench->own_regions);
  *bench = (vt_bench){0};
}

static size_t pixels_of(const vt_bench *bench)
{
  return (size_t)bench->exhibit.picture->height * (size_t)bench->exhibit.picture->width;
}

/* ---- explaining ---- */

void vt_made_free(vt_made *made)
{
  if (!made) return;
  vt_result_free(&made->result);
  vt_regions_free(made->division);
  vt_free(made->own_map);
  vt_free(made->settings);
  vt_free(made);
}

vt_status vt_made_of_map(vt_ctx *ctx, const vt_bench *bench, const float *map, vt_made **out)
{
  vt_made *made = vt_alloc_zero(ctx, 1, sizeof *made);
  *out = NULL;
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  made->own_map = vt_alloc(ctx, pixels_of(bench) * sizeof *map);
  if (!made->own_map) {
    vt_made_free(made);
    return VT_ERROR_OUT_OF_MEMORY;
  }
  memcpy(made->own_map, map, pixels_of(bench) * sizeof *map);
  made->map = made->own_map;
  made->regions = bench->exhibit.regions;
  *out = made;
  return VT_OK;
}

vt_status vt_made_of_order(vt_ctx *ctx, const vt_regions *regions, const int *order, vt_made **out)
{
  vt_made *made = *out = vt_alloc_zero(ctx, 1, sizeof *made);
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  made->regions = regions;
  made->order = order;
  return VT_OK;
}

static vt_status explain_by_oracle(vt_ctx *ctx, const vt_bench *bench, vt_made **out)
{
  const vt_truth *truth = bench->exhibit.truth;
  if (!truth || !truth->mask)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "no mask of what decides is known of this picture");
  float *map = vt_alloc_zero(ctx, pixels_of(bench), sizeof *map);
  if (!map) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < pixels_of(bench); i++)
    map[i] = truth->mask[i] != 0;
  vt_status status = vt_made_of_map(ctx, bench, map, out);
  vt_free(map);
  return status;
}

char *vt_contender_map_file(vt_ctx *ctx, const vt_contender *contender, const char *name)
{
  struct stat about;
  bool folder = stat(contender->path, &about) == 0 && S_ISDIR(about.st_mode);
  if (!folder) return vt_strdup(ctx, contender->path);
  if (name) return vt_format(ctx, "%s/%s.npy", contender->path, name);
  vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: a folder of maps needs pictures with names", contender->path);
  return NULL;
}

static vt_status read_made(vt_ctx *ctx, const vt_bench *bench, const vt_contender *contender, vt_made **out)
{
  const vt_image *picture = bench->exhibit.picture;
  char *file = vt_contender_map_file(ctx, contender, bench->exhibit.name);
  float *map = NULL;
  if (!file) return vt_ctx_status(ctx);
  vt_status status = vt_map_read(ctx, file, picture->height, picture->width, &map, NULL);
  if (status == VT_OK) status = vt_made_of_map(ctx, bench, map, out);
  vt_free(map);
  vt_free(file);
  return status;
}

static vt_status run_method(vt_ctx *ctx, const vt_bench *bench, const vt_contender *contender, int64_t budget,
                            vt_made *made)
{
  const vt_exhibit *exhibit = &bench->exhibit;
  made->request = contender->request; /* borrows its texts */
  made->regions = exhibit->regions;
  if (contender->own_regions) {
    VT_TRY(vt_divide_placed(ctx, contender->request.regions, exhibit->picture, exhibit->placement,
                            &made->division, NULL));
    made->regions = made->division;
  }
  snprintf(made->target, sizeof made->target, "%d", bench->target);
  made->request.target = made->target;
  made->request.division = made->regions;
  if (exhibit->draw)
    made->request.seed = (int64_t)(vt_stream("picture", exhibit->draw ^ (uint64_t)made->request.seed) >> 12);
  if (budget > 0)
    VT_TRY(vt_contender_at_budget(ctx, contender, vt_regions_count(made->regions),
                                  vt_model_embedding_floats(exhibit->model) > 0, budget, &made->settings,
                                  &made->samples));
  const void *settings = made->settings ? made->settings : contender->settings;
  VT_TRY(vt_attribute_run(ctx, exhibit->model, exhibit->picture, NULL, contender->method, settings,
                          &made->request, &made->result));
  VT_TRY(vt_check_cancel(ctx));
  const vt_explanation *explanation = made->result.explanation;
  made->map = explanation->saliency;
  made->attribution = explanation->attribution;
  if (!explanation->attribution) made->order = explanation->order;
  made->partial = explanation->partial;
  made->calls = explanation->model_calls;
  made->forwards = explanation->model_forwards;
  made->seconds = explanation->method_seconds;
  made->asked = (vt_asked){.model = exhibit->model,
                           .picture = exhibit->picture,
                           .method = contender->method,
                           .settings = settings,
                           .request = &made->request,
                           .target = bench->target,
                           .regions = made->regions};
  made->explainer = vt_asked_explainer(&made->asked);
  return VT_OK;
}

vt_status vt_bench_explain(vt_ctx *ctx, const vt_bench *bench, const vt_contender *contender, int64_t budget,
                           vt_made **out)
{
  *out = NULL;
  if (contender->kind == VT_CONTENDER_ORACLE) return explain_by_oracle(ctx, bench, out);
  if (contender->kind == VT_CONTENDER_MAPS) return read_made(ctx, bench, contender, out);
  vt_made *made = vt_alloc_zero(ctx, 1, sizeof *made);
  if (!made) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = run_method(ctx, bench, contender, budget, made);
  if (status == VT_OK)
    *out = made;
  else
    vt_made_free(made);
  return status;
}

/* ---- measuring ---- */

/* Where mass counts, the map over the regions is judged, not the order that it gives. */
static bool weighs(const vt_metric *metric)
{
  return strcmp(metric->category, "localisation") == 0 || strcmp(metric->category, "complexity") == 0 ||
         strcmp(metric->category, "axioms") == 0;
}

bool vt_bench_same(const vt_bench *bench, const vt_made *made, const vt_criterion *criterion)
{
  return made->order && made->regions == bench->exhibit.regions && !weighs(criterion->metric);
}

/* An explainer whose maps are averaged over regions. */
typedef struct coarse {
  const vt_explainer *fine;
  const vt_regions *regions;
} coarse;

static void average(const vt_regions *regions, double *map)
{
  for (int r = 0; r < vt_regions_count(regions); r++) {
    int64_t count;
    const int32_t *pixels = vt_regions_pixels(regions, r, &count);
    double sum = 0;
    for (int64_t i = 0; i < count; i++)
      sum += map[pixels[i]];
    for (int64_t i = 0; i < count; i++)
      map[pixels[i]] = sum / (double)count;
  }
}

static vt_status explain_coarsely(vt_ctx *ctx, void *user, const vt_again *again, double *map)
{
  const coarse *self = user;
  VT_TRY(self->fine->explain(ctx, self->fine->user, again, map));
  average(self->regions, map);
  return VT_OK;
}

/* Why a metric says nothing of this explanation, whatever its numbers; NULL: it does. */
static const char *why_undefined(const vt_bench *bench, const vt_made *made, const vt_metric *metric)
{
  const vt_truth *truth = bench->exhibit.truth;
  if (metric->needs & VT_NEEDS_EXPLAINER && !made->explainer.explain)
    return "the metric asks the method again, and there is only its map";
  if (metric->needs & VT_NEEDS_MASKS && !(truth && truth->mask))
    return "no mask of what decides is known of this picture";
  if (metric->needs & VT_NEEDS_PARTS && !(truth && truth->parts))
    return "no parts with true effects are known of this picture";
  return NULL;
}

/* `judged` has what is judged; its truth is the bench's. */
static vt_status run_metric(vt_ctx *ctx, const vt_bench *bench, const vt_criterion *criterion,
                            const vt_regions *regions, vt_judged *judged, vt_measure *out)
{
  const vt_exhibit *exhibit = &bench->exhibit;
  vt_scorer *own = NULL;
  if (regions != exhibit->regions) VT_TRY(make_scorer(ctx, bench, regions, &own));
  vt_scorer *scorer = own ? own : bench->scorer;
  vt_task task = {.model = exhibit->model,
                  .picture = exhibit->picture,
                  .blank = bench->blank,
                  .regions = regions,
                  .scorer = scorer,
                  .seed = (uint64_t)bench->terms.seed,
                  .target = vt_scorer_target(vt_scorer_options_of(scorer))};
  judged->truth = exhibit->truth;
  if (judged->explainer && !judged->explainer->explain) judged->explainer = NULL;
  vt_status status =
      vt_metric_run(ctx, criterion->metric, &task, judged, criterion->protocol, criterion->settings, out);
  vt_scorer_free(own);
  return status;
}

static vt_status measure_as_it_is(vt_ctx *ctx, const vt_bench *bench, const vt_made *made,
                                  const vt_criterion *criterion, vt_measure *out)
{
  vt_judged judged = {.explainer = &made->explainer};
  if (made->order) {
    judged.regions = made->regions;
    judged.order = made->order;
  } else {
    judged.map = made->map;
    judged.attribution = made->attribution;
  }
  return run_metric(ctx, bench, criterion, made->regions, &judged, out);
}

/* Every map over the shared regions. */
static vt_status measure_equal(vt_ctx *ctx, const vt_bench *bench, const vt_made *made,
                               const vt_criterion *criterion, vt_measure *out)
{
  const vt_regions *regions = bench->exhibit.regions;
  size_t pixels = pixels_of(bench);
  if (!made->map)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "an order of other regions has no map to be averaged");
  coarse over = {&made->explainer, regions};
  vt_explainer explainer = {made->explainer.explain ? explain_coarsely : NULL, &over, made->explainer.size};
  vt_judged judged = {.explainer = &explainer};
  int *order = vt_alloc_zero(ctx, (size_t)vt_regions_count(regions), sizeof *order);
  double *values = vt_alloc_zero(ctx, pixels, sizeof *values);
  float *map = vt_alloc_zero(ctx, pixels, sizeof *map);
  vt_status status = order && values && map ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = vt_region_order_of_map(ctx, regions, made->map, order);
  if (status == VT_OK && weighs(criterion->metric)) {
    for (size_t i = 0; i < pixels; i++)
      values[i] = (double)made->map[i];
    average(regions, values);
    for (size_t i = 0; i < pixels; i++)
      map[i] = (float)values[i];
    judged.map = map;
  } else {
    judged.regions = regions;
    judged.order = order;
  }
  if (status == VT_OK) status = run_metric(ctx, bench, criterion, regions, &judged, out);
  vt_free(order);
  vt_free(values);
  vt_free(map);
  return status;
}

/* One of the further values takes the place of the metric's own. */
static vt_status choose_extra(vt_ctx *ctx, const vt_criterion *criterion, vt_measure *measure)
{
  char why[160];
  for (int i = 0; i < measure->extra_count; i++)
    if (strcmp(measure->extra_names[i], criterion->extra) == 0) {
      measure->value = measure->extra[i];
      measure->normalised = NAN;
      if (!isnan(measure->value)) {
        vt_free(measure->note); /* it was about the other value */
        measure->note = NULL;
      }
      return VT_OK;
    }
  if (measure->note) return VT_OK; /* undefined, and says why */
  snprintf(why, sizeof why, "%s has no value '%.60s'", criterion->metric->id, criterion->extra);
  return vt_measure_undefined(ctx, measure, why);
}

vt_status vt_bench_measure(vt_ctx *ctx, const vt_bench *bench, vt_made *made, const vt_criterion *criterion,
                           vt_granularity granularity, vt_measure *out)
{
  *out = (vt_measure){
      .metric = criterion->metric, .protocol = criterion->protocol, .value = NAN, .normalised = NAN};
  const char *why = why_undefined(bench, made, criterion->metric);
  if (why) return vt_measure_undefined(ctx, out, why);
  int64_t before = made->asked.calls;
  if (granularity == VT_EQUAL_GRANULARITY && !vt_bench_same(bench, made, criterion))
    VT_TRY(measure_equal(ctx, bench, made, criterion, out));
  else
    VT_TRY(measure_as_it_is(ctx, bench, made, criterion, out));
  out->calls += made->asked.calls - before;
  return criterion->extra ? choose_extra(ctx, criterion, out) : VT_OK;
}
