/* SPDX-License-Identifier: Apache-2.0 */
#include "papers/smdl_case.h"

#include <math.h>

#include "attribution/lima.h"
#include "explain/regions.h"
#include "metrics/pixel_order.h"

vt_status vt_smdl_case_open(vt_ctx *ctx, const vt_smdl_case *wanted, int64_t seed, vt_smdl_case *out)
{
  *out = *wanted;
  vt_exhibit exhibit = {.model = wanted->recogniser, .picture = wanted->picture, .target = wanted->target};
  vt_terms terms = {
      .regions = "grid:8x8", .fill = "black", .class_score = VT_SCORE_PROBABILITY, .seed = seed};
  return vt_bench_open(ctx, &exhibit, &terms, &out->bench);
}

void vt_smdl_case_close(vt_smdl_case *of)
{
  vt_bench_close(&of->bench);
}

vt_status vt_smdl_case_prior(vt_ctx *ctx, const vt_smdl_case *of, const char *contender, vt_made **map,
                             vt_regions **regions)
{
  vt_contender who;
  int height = of->picture->height, width = of->picture->width;
  *map = NULL;
  *regions = NULL;
  VT_TRY(vt_contender_parse(ctx, contender, &of->bench.terms, &who));
  vt_status status = vt_bench_explain(ctx, &of->bench, &who, 0, map);
  vt_contender_free(&who);
  VT_TRY(status);
  int32_t *labels = vt_alloc_zero(ctx, (size_t)height * (size_t)width, sizeof *labels);
  if (!labels) return VT_ERROR_OUT_OF_MEMORY;
  status =
      vt_prior_labels(ctx, (*map)->map, height, width, of->grid, of->patches, height, width, labels, NULL);
  if (status == VT_OK) status = vt_regions_from_labels(ctx, labels, height, width, regions);
  vt_free(labels);
  return status;
}

/* ---- refining ---- */

static vt_status fill_settings(vt_ctx *ctx, const vt_smdl_case *of, const vt_smdl_variant *variant,
                               vt_smdl_settings *settings)
{
  const vt_method *method = &vt_method_smdl;
  VT_TRY(vt_params_set(ctx, method->fields, method->field_count, settings, "weights", variant->weights));
  if (of->network && !variant->entropy)
    settings->uncertainty_model = of->network;
  else
    VT_TRY(vt_params_set(ctx, method->fields, method->field_count, settings, "confidence", "entropy"));
  return VT_OK;
}

static vt_status explain(vt_ctx *ctx, const vt_smdl_case *of, const vt_regions *regions,
                         const vt_smdl_settings *settings, vt_result *result)
{
  vt_request request;
  char target[16];
  VT_TRY(vt_params_defaults(ctx, vt_request_fields, vt_request_field_count, &request, sizeof request));
  snprintf(target, sizeof target, "%d", of->target);
  vt_status status =
      vt_params_set(ctx, vt_request_fields, vt_request_field_count, &request, "target", target);
  request.division = regions;
  request.seed = of->bench.terms.seed;
  if (status == VT_OK)
    status =
        vt_attribute_run(ctx, of->recogniser, of->picture, NULL, &vt_method_smdl, settings, &request, result);
  vt_params_free(vt_request_fields, vt_request_field_count, &request);
  return status;
}

vt_status vt_smdl_case_refine(vt_ctx *ctx, const vt_smdl_case *of, const vt_regions *regions,
                              const vt_smdl_variant *variant, int *order, json_t **details)
{
  const vt_method *method = &vt_method_smdl;
  vt_smdl_settings settings;
  vt_result result = {0};
  if (details) *details = NULL;
  VT_TRY(vt_params_defaults(ctx, method->fields, method->field_count, &settings, sizeof settings));
  vt_status status = fill_settings(ctx, of, variant, &settings);
  if (status == VT_OK) status = explain(ctx, of, regions, &settings, &result);
  if (status == VT_OK && result.explanation->partial) { /* nothing but the user ends it early */
    status = vt_check_cancel(ctx);
    if (status == VT_OK) status = vt_fail(ctx, VT_ERROR_RUNTIME, "a refinement ended early");
  }
  if (status == VT_OK) {
    memcpy(order, result.explanation->order, (size_t)vt_regions_count(regions) * sizeof *order);
    if (details) *details = json_incref(result.explanation->details);
  }
  vt_result_free(&result);
  vt_params_free(method->fields, method->field_count, &settings);
  return status;
}

/* ---- measuring ---- */

/* 5 % steps, for what little of a picture shows. */
static const vt_protocol twentieths = {.id = "vitrail-20",
                                       .summary = "20 equal steps of pixels, black in 8 bit",
                                       .steps = 20,
                                       .insertion = VT_BASELINE_BLACK,
                                       .deletion = VT_BASELINE_BLACK};

static vt_status curve(vt_ctx *ctx, const vt_smdl_case *of, vt_made *made, const char *metric,
                       const vt_protocol *protocol, vt_measure *out)
{
  vt_criterion criterion;
  VT_TRY(vt_criterion_make(ctx, NULL, metric, NULL, NULL, &criterion));
  if (protocol) criterion.protocol = protocol;
  vt_status status = vt_bench_measure(ctx, &of->bench, made, &criterion, VT_AS_IT_IS, out);
  vt_criterion_free(&criterion);
  return status;
}

static void read_highest(const vt_measure *insertion, double highest[4])
{
  for (int s = 0; s < 4; s++) {
    int last = (s + 1) * (insertion->points - 1) / 4;
    highest[s] = insertion->scores[1];
    for (int t = 2; t <= last; t++)
      highest[s] = fmax(highest[s], insertion->scores[t]);
  }
}

static vt_status measure_purity(vt_ctx *ctx, const vt_smdl_case *of, const vt_made *made, double purity[2])
{
  int height = of->picture->height, width = of->picture->width;
  purity[0] = purity[1] = NAN;
  if (!of->mask) return VT_OK;
  vt_judged judged = {.map = made->order ? NULL : made->map, .regions = made->regions, .order = made->order};
  double tied;
  int32_t *pixels = vt_alloc_zero(ctx, (size_t)height * (size_t)width, sizeof *pixels);
  if (!pixels) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_pixel_order(ctx, &judged, height, width, pixels, &tied);
  for (int s = 0; s < 2 && status == VT_OK; s++) {
    int shown = (s + 1) * height * width / 20, inside = 0;
    for (int i = 0; i < shown; i++)
      inside += of->mask[pixels[i]] != 0;
    purity[s] = (double)inside / shown;
  }
  vt_free(pixels);
  return status;
}

vt_status vt_smdl_case_measure(vt_ctx *ctx, const vt_smdl_case *of, vt_made *made, vt_smdl_figures *out)
{
  vt_measure insertion = {0}, deletion = {0}, small = {0};
  vt_status status;
  VT_TRY_DONE(curve(ctx, of, made, "insertion", NULL, &insertion));
  VT_TRY_DONE(curve(ctx, of, made, "deletion", NULL, &deletion));
  VT_TRY_DONE(curve(ctx, of, made, "insertion", &twentieths, &small));
  VT_TRY_DONE(measure_purity(ctx, of, made, out->purity));
  out->insertion = insertion.value;
  out->deletion = deletion.value;
  out->shown[0] = small.scores[1];
  out->shown[1] = small.scores[2];
  read_highest(&insertion, out->highest);
done:
  vt_measure_free(&insertion);
  vt_measure_free(&deletion);
  vt_measure_free(&small);
  return status;
}

vt_status vt_smdl_case_measure_order(vt_ctx *ctx, const vt_smdl_case *of, const vt_regions *regions,
                                     const int *order, vt_smdl_figures *out)
{
  vt_made *made;
  VT_TRY(vt_made_of_order(ctx, regions, order, &made));
  vt_status status = vt_smdl_case_measure(ctx, of, made, out);
  vt_made_free(made);
  return status;
}

/* ---- rows ---- */

vt_status vt_smdl_rows(vt_repro *repro, const char *arm, const char *group, int64_t item, bool wrong,
                       const vt_smdl_figures *figures)
{
  static const char *const highest[4] = {"highest-25", "highest-50", "highest-75", "highest-100"};
  if (wrong) {
    for (int s = 0; s < 4; s++)
      VT_TRY(vt_repro_row(repro, arm, highest[s], group, item, figures->highest[s]));
    return vt_repro_row(repro, arm, "wrong-insertion", group, item, figures->insertion);
  }
  VT_TRY(vt_repro_row(repro, arm, "insertion", group, item, figures->insertion));
  VT_TRY(vt_repro_row(repro, arm, "deletion", group, item, figures->deletion));
  VT_TRY(vt_repro_row(repro, arm, "shown-5", group, item, figures->shown[0]));
  VT_TRY(vt_repro_row(repro, arm, "shown-10", group, item, figures->shown[1]));
  VT_TRY(vt_repro_row(repro, arm, "purity-5", group, item, figures->purity[0]));
  return vt_repro_row(repro, arm, "purity-10", group, item, figures->purity[1]);
}

vt_smdl_figures vt_smdl_figures_mean(const vt_smdl_figures *figures, size_t count)
{
  vt_smdl_figures mean = {0};
  double share = 1 / (double)count;
  for (size_t i = 0; i < count; i++) {
    mean.insertion += share * figures[i].insertion;
    mean.deletion += share * figures[i].deletion;
    for (int s = 0; s < 4; s++)
      mean.highest[s] += share * figures[i].highest[s];
    for (int s = 0; s < 2; s++) {
      mean.shown[s] += share * figures[i].shown[s];
      mean.purity[s] += share * figures[i].purity[s];
    }
  }
  return mean;
}
