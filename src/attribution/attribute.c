/* SPDX-License-Identifier: Apache-2.0
 *
 * One run: photograph to picture, regions, fill and target, the method, the finished explanation.
 */
#include "attribution/attribute.h"
#include "attribution/prior_map.h"
#include "attribution/question.h"
#include "attribution/rule_stop.h"
#include "explain/map.h"

#include <math.h>

int64_t vt_attribute_calls(const vt_method *method, const void *settings, int regions, bool embedding)
{
  return method->calls ? method->calls(settings, regions, embedding) : -1;
}

void vt_result_free(vt_result *result)
{
  vt_explanation_free(result->explanation);
  vt_regions_free(result->regions);
  vt_image_free(result->blank);
  vt_image_free(result->picture);
  *result = (vt_result){0};
}

/* Target and the model's own answer for the whole picture, which the scorer looked at when it was made. */
static void describe_decision(vt_explanation *explanation, const vt_model *model, const vt_scorer *scorer,
                              const vt_request *request)
{
  const double *probabilities = vt_scorer_full_probabilities(scorer);
  int best = 0;
  explanation->target = vt_scorer_options_of(scorer)->target;
  explanation->score = (vt_score_kind)request->class_score;
  if (!vt_score_has_class(explanation->score)) {
    explanation->predicted = -1;
    return;
  }
  for (int i = 1; i < vt_model_classes(model); i++)
    if (probabilities[i] > probabilities[best]) best = i;
  explanation->predicted = best;
  explanation->full_probability_top = probabilities[best];
}

static vt_status describe_parameters(vt_ctx *ctx, const vt_method *method, const void *settings,
                                     const vt_request *request, const vt_model *model, json_t **out)
{
  json_t *parameters = vt_params_json(ctx, method->fields, method->field_count, settings);
  json_t *task = vt_params_json(ctx, vt_request_fields, vt_request_field_count, request);
  vt_status status = VT_OK;
  if (!parameters || !task) {
    status = vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory while writing parameters");
    goto done;
  }
  /* `batch` changes no result and stands in meta.batch; `seed` in meta.seed */
  json_object_del(task, "batch");
  json_object_del(task, "seed");
  if (request->prior && !request->division)
    json_object_set_new(task, "regions", json_string("prior")); /* what `regions` says was not used */
  json_object_set_new(task, "effectiveness", json_boolean(vt_model_embedding_floats(model) > 0));
  if (json_object_update(parameters, task) != 0)
    status = vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "out of memory while writing parameters");
  *out = status == VT_OK ? json_incref(parameters) : NULL;
done:
  json_decref(parameters);
  json_decref(task);
  return status;
}

static vt_status warn_about_division(vt_ctx *ctx, vt_explanation *explanation,
                                     const vt_regions_report *report, int count)
{
  if (report->uncovered_pixels)
    VT_TRY(vt_explanation_warn(ctx, explanation, "%lld pixels lay in no mask; they are a region of their own",
                               (long long)report->uncovered_pixels));
  if (report->overlap_pixels)
    VT_TRY(vt_explanation_warn(
        ctx, explanation,
        "%lld pixels lay in several masks; each was taken from the mask it is the smaller share of",
        (long long)report->overlap_pixels));
  if (report->dropped_regions)
    VT_TRY(vt_explanation_warn(ctx, explanation, "%d masks too small to keep were dropped (%lld pixels)",
                               report->dropped_regions, (long long)report->dropped_pixels));
  if (count > 512)
    VT_TRY(vt_explanation_warn(ctx, explanation,
                               "%d regions: the number of model calls grows with their square", count));
  return VT_OK;
}

/* What methods that look inside work on. */
static vt_status look_inside(vt_ctx *ctx, const vt_method *method, const vt_request *request, vt_task *task,
                             vt_subject *subject, float **input, vt_stop_attention **stop)
{
  *input = NULL;
  bool inside = method->needs & (VT_NEEDS_GRADIENTS | VT_NEEDS_HOOKS);
  if (!inside && !(method->needs & VT_NEEDS_INPUT)) return VT_OK;
  if (inside) {
    VT_TRY(vt_model_subject(ctx, task->model, subject));
    task->subject = subject;
  }
  *input = vt_alloc_zero(ctx, vt_task_floats(task), sizeof **input);
  if (!*input) return VT_ERROR_OUT_OF_MEMORY;
  if (request->input)
    memcpy(*input, request->input, vt_task_floats(task) * sizeof **input);
  else
    vt_preprocess_floats(vt_model_preprocess(task->model), task->picture, *input);
  task->input = *input;
  if (!inside) return VT_OK;
  if (request->attention_gradient == 1) {
    VT_TRY(vt_stop_attention_new(ctx, subject->graph, stop));
    task->rules = &(*stop)->rules;
  }
  return VT_OK;
}

/* Methods that make maps do not search and cannot stop half way. */
static vt_status check_budget(vt_ctx *ctx, const vt_method *method, const void *settings,
                              const vt_request *request, const vt_model *model, int regions)
{
  if (method->needs & (VT_NEEDS_REGIONS | VT_NEEDS_PLAYERS) || !method->calls || request->max_calls <= 0)
    return VT_OK;
  int64_t calls = method->calls(settings, regions, vt_model_embedding_floats(model) > 0);
  if (calls <= request->max_calls) return VT_OK;
  return vt_fail(
      ctx, VT_ERROR_INVALID_ARGUMENT,
      "%s needs %lld model calls, more than the budget of %lld: lower its number of steps, samples or "
      "masks",
      method->id, (long long)calls, (long long)request->max_calls);
}

static vt_status warn_about_map(vt_ctx *ctx, vt_explanation *explanation)
{
  const vt_completeness *completeness = &explanation->completeness;
  int height, width;
  bool empty = true;
  vt_regions_labels(explanation->regions, &height, &width);
  for (size_t i = 0; empty && i < (size_t)height * (size_t)width; i++)
    empty = explanation->saliency[i] == 0;
  if (empty)
    VT_TRY(vt_explanation_warn(ctx, explanation,
                               "the map is zero everywhere: to this method the score does not depend on the "
                               "picture, and the order of regions means nothing"));
  double scale = fabs(completeness->difference);
  if (completeness->present && fabs(completeness->error) > 0.05 * scale && fabs(completeness->error) > 1e-4)
    VT_TRY(
        vt_explanation_warn(ctx, explanation,
                            "the map sums to %.4g where %.4g was to be explained: steps that are too coarse, "
                            "or biases, took the rest",
                            completeness->sum, completeness->difference));
  return VT_OK;
}

static vt_status run_method(vt_ctx *ctx, vt_model *model, const vt_method *method, const void *settings,
                            const vt_request *request, vt_result *result)
{
  vt_explanation *explanation = result->explanation;
  vt_scorer_options options = {.second = VT_CLASS_PREDICTED,
                               .batch = (int)request->batch,
                               .max_calls = request->max_calls,
                               .time_limit = request->time_limit};
  vt_scorer *scorer = NULL;
  vt_subject subject;
  float *input = NULL;
  vt_stop_attention *stop = NULL;
  size_t mark = vt_tensor_mark(ctx);
  vt_question question;
  vt_status status;
  float *zeros = NULL;
  VT_TRY_DONE(vt_question_read(ctx, model, request, result->picture, &result->placement, &question));
  vt_question_options(&question, &options);
  VT_TRY_DONE(check_budget(ctx, method, settings, request, model, vt_regions_count(result->regions)));
  if (strcmp(request->fill, "zero") == 0) { /* which no 8-bit picture need be */
    zeros = vt_alloc_zero(ctx, vt_model_input_floats(model), sizeof *zeros);
    if (!zeros) VT_TRY_DONE(VT_ERROR_OUT_OF_MEMORY);
    options.blank_floats = zeros;
  }
  VT_TRY_DONE(vt_scorer_new(ctx, model, result->picture, result->blank, result->regions, &options, &scorer));
  describe_decision(explanation, model, scorer, request);
  const char *name = vt_model_class_name(model, explanation->target);
  if (name && !(explanation->target_name = vt_strdup(ctx, name))) {
    status = VT_ERROR_OUT_OF_MEMORY;
    goto done;
  }
  VT_TRY_DONE(vt_question_describe(ctx, &question, model, request, &result->placement,
                                   vt_scorer_options_of(scorer), explanation));
  VT_TRY_DONE(vt_explanation_ranking(ctx, explanation, result->regions,
                                     explanation->target != explanation->predicted));
  VT_TRY_DONE(
      warn_about_division(ctx, explanation, &result->regions_report, vt_regions_count(result->regions)));

  vt_task task = {.model = model,
                  .picture = result->picture,
                  .blank = result->blank,
                  .regions = result->regions,
                  .scorer = scorer,
                  .seed = (uint64_t)request->seed,
                  .target = vt_scorer_target(vt_scorer_options_of(scorer)),
                  .precision = request->precision ? VT_F64 : VT_F32};
  VT_TRY_DONE(look_inside(ctx, method, request, &task, &subject, &input, &stop));
  if (method->check) VT_TRY_DONE(method->check(ctx, &task, settings));
  double start = vt_clock_seconds();
  VT_TRY_DONE(method->run(ctx, &task, settings, explanation));
  explanation->method_seconds = vt_clock_seconds() - start;
  bool mapped = explanation->attribution != NULL;
  if (mapped) {
    VT_TRY_DONE(
        vt_map_finish(ctx, &task, explanation, (vt_reduction)request->reduce, request->region_score == 1));
    VT_TRY_DONE(warn_about_map(ctx, explanation));
  }
  /* what a cut-short search left open is nobody's call; nor are the curves of a map */
  if (!mapped || !request->bare)
    VT_TRY_DONE(vt_explanation_complete(ctx, explanation, scorer, explanation->partial || mapped));
  explanation->model_calls = vt_scorer_calls(scorer) + explanation->traced_runs + explanation->composed_runs;
  explanation->model_forwards = vt_scorer_forwards(scorer) + explanation->composed_runs;
  explanation->diagnostic_calls = vt_scorer_diagnostic_calls(scorer) + (question.wanted ? 1 : 0);
done:
  vt_scorer_free(scorer);
  vt_question_free(&question);
  vt_free(zeros);
  vt_free(input);
  vt_stop_attention_free(stop);
  vt_tensor_release(ctx, mark);
  return status;
}

static vt_status divide(vt_ctx *ctx, vt_model *model, const vt_image *photo, const vt_request *request,
                        vt_result *result, json_t **prior)
{
  if (request->prior && !request->division)
    return vt_prior_division(ctx, model, photo, request, &result->regions, prior);
  if (!request->division)
    return vt_divide_placed(ctx, request->regions, result->picture, &result->placement, &result->regions,
                            &result->regions_report);
  int height, width;
  const int32_t *labels = vt_regions_labels(request->division, &height, &width);
  if (height != result->picture->height || width != result->picture->width)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "regions of %d×%d, but the model sees %d×%d", width,
                   height, result->picture->width, result->picture->height);
  return vt_regions_from_labels(ctx, labels, height, width, &result->regions);
}

vt_status vt_attribute_run(vt_ctx *ctx, vt_model *model, const vt_image *photo, const char *photo_sha256,
                           const vt_method *method, const void *settings, const vt_request *given,
                           vt_result *out)
{
  double start = vt_clock_seconds();
  vt_result result = {0};
  json_t *prior = NULL;
  vt_status status;
  vt_request asked = *given, *request = &asked; /* with the score it means; owns nothing */
  vt_score_kind score;
  *out = result;
  VT_TRY(vt_request_score(ctx, given, model, &score));
  asked.class_score = (int)score;
  VT_TRY_DONE(
      vt_preprocess_image(ctx, vt_model_preprocess(model), photo, &result.picture, &result.placement));
  VT_TRY_DONE(
      vt_fill_make(ctx, request->fill, model, result.picture, (uint64_t)request->seed, &result.blank));
  VT_TRY_DONE(divide(ctx, model, photo, request, &result, &prior));
  VT_TRY_DONE(vt_explanation_new(ctx, &result.explanation));
  vt_explanation *explanation = result.explanation;
  explanation->prior = prior;
  prior = NULL;
  explanation->model = model;
  explanation->picture = result.picture;
  explanation->division = result.regions_report;
  explanation->method = method;
  explanation->seed = (uint64_t)request->seed;
  explanation->batch = (int)request->batch;
  explanation->threads = vt_ctx_threads(ctx);
  if (photo_sha256) memcpy(explanation->image_sha256, photo_sha256, sizeof explanation->image_sha256);
  VT_TRY_DONE(describe_parameters(ctx, method, settings, request, model, &explanation->parameters));
  if (vt_model_notice(model))
    VT_TRY_DONE(vt_explanation_warn(ctx, explanation, "%s", vt_model_notice(model)));
  for (int i = 0; vt_model_assumption(model, i); i++)
    VT_TRY_DONE(vt_explanation_warn(ctx, explanation, "assumed: %s", vt_model_assumption(model, i)));
  if (json_is_true(json_object_get(explanation->prior, "constant")))
    VT_TRY_DONE(vt_explanation_warn(ctx, explanation,
                                    "the prior has one value only, so its patches are taken row by row"));
  VT_TRY_DONE(run_method(ctx, model, method, settings, request, &result));
  explanation->seconds = vt_clock_seconds() - start;
  *out = result;
  return VT_OK;
done:
  json_decref(prior);
  vt_result_free(&result);
  return status;
}
