/* SPDX-License-Identifier: Apache-2.0
 *
 * vitrail evaluate: how good a map or an order of regions is.
 */
#include <math.h>

#include "cli/bundled.h"
#include "cli/explain.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "comparison/bench.h"

typedef struct evaluate_settings {
  char *map, *explanation, *mask, *metric, *protocol, *target, *fill, *method, *regions;
  int class_score;
  int64_t seed;
  vt_texts set, method_set;
} evaluate_settings;

static const vt_field fields[] = {
    {"map", VT_FIELD_STRING, offsetof(evaluate_settings, map),
     .help = "map to judge: FILE.npy of [height, width] at the model's size, or smaller"},
    {"explanation", VT_FIELD_STRING, offsetof(evaluate_settings, explanation),
     .help =
         "folder of 'vitrail explain' whose order of regions is judged, or the .npy stack of the official "
         "LiMA code"},
    {"method", VT_FIELD_STRING, offsetof(evaluate_settings, method),
     .help =
         "method whose map or order of regions is made here and judged, and which metrics can ask again; see "
         "'vitrail methods'"},
    {"method_set", VT_FIELD_TEXTS, offsetof(evaluate_settings, method_set),
     .help = "a setting of the method, or an option of 'vitrail explain', as NAME=VALUE; may be given "
             "several times"},
    {"regions", VT_FIELD_STRING, offsetof(evaluate_settings, regions), "slico",
     .help = "division for a method that ranks regions"},
    {"mask", VT_FIELD_STRING, offsetof(evaluate_settings, mask),
     .help =
         "what decides, for metrics of localisation: a picture or .npy file of the picture's or the model's "
         "size that is 0 elsewhere"},
    {"metric", VT_FIELD_STRING, offsetof(evaluate_settings, metric), "insertion",
     .help = "what is measured; see 'vitrail metrics'"},
    {"set", VT_FIELD_TEXTS, offsetof(evaluate_settings, set),
     .help =
         "a setting of the metric as NAME=VALUE; may be given several times; see 'vitrail metrics METRIC'"},
    {"protocol", VT_FIELD_STRING, offsetof(evaluate_settings, protocol), "vitrail-50",
     .help = "how the curve is made; figures of different protocols must not be compared"},
    {"target", VT_FIELD_STRING, offsetof(evaluate_settings, target), "pred",
     .help = "class index, class name, or pred for what the model answers"},
    {"class_score", VT_FIELD_CHOICE, offsetof(evaluate_settings, class_score), "probability",
     .choices = "probability|logit", .help = "the number that is followed", .aliases = "score"},
    {"fill", VT_FIELD_STRING, offsetof(evaluate_settings, fill), "black",
     .help =
         "what hides a region in protocols that fill as a search did: black, white, mean, blur, noise or an "
         "image file"},
    {"seed", VT_FIELD_INT, offsetof(evaluate_settings, seed), "0", VT_RANGE(0, 9e15),
     .help = "seed of everything random"},
};

typedef struct evaluate_run {
  evaluate_settings settings;
  cli_model_settings model_settings;
  vt_criterion criterion;
  vt_contender contender; /* of --method */
  vt_terms terms;
  vt_model *model;
  char *model_path;
  vt_image *photo, *picture;
  vt_placement placement;
  uint8_t *mask; /* at the model's size, NULL: none */
  vt_explanation_file explanation;
  vt_bench bench;
  vt_made *made;
  vt_measure measure;
} evaluate_run;

static vt_status find_names(cli *run, evaluate_run *work)
{
  const evaluate_settings *settings = &work->settings;
  VT_TRY(vt_criterion_make(run->ctx, NULL, settings->metric, settings->protocol, &settings->set,
                           &work->criterion));
  unsigned needs = work->criterion.metric->needs;
  const char *metric = work->criterion.metric->id;
  if (!!settings->map + !!settings->explanation + !!settings->method != 1)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT,
                   "give either --map FILE.npy, --explanation DIR or --method ID");
  if (needs & VT_NEEDS_EXPLAINER && !settings->method)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT,
                   "--metric: '%s' asks the method again, and needs --method ID", metric);
  if (settings->method_set.count && !settings->method)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "--method-set: there is no --method");
  if (needs & VT_NEEDS_PARTS)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT,
                   "--metric: '%s' needs parts with true effects; vitrail truth has them", metric);
  if (needs & VT_NEEDS_MASKS && !settings->mask)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "--metric: '%s' needs --mask FILE", metric);
  work->terms = (vt_terms){.regions = settings->regions,
                           .fill = settings->fill,
                           .class_score = (vt_score_kind)settings->class_score,
                           .explained = 1 + settings->class_score,
                           .seed = settings->seed};
  if (!settings->method) return VT_OK;
  return vt_contender_method(run->ctx, NULL, settings->method, NULL, &settings->method_set, &work->terms,
                             &work->contender);
}

/* DIR/npy/NAME.npy of the official LiMA code; its scores are in DIR/json/NAME.json, or beside it. */
static vt_status read_official(cli *run, evaluate_run *work, const char *npy)
{
  vt_ctx *ctx = run->ctx;
  vt_explanation_file *file = &work->explanation;
  size_t stem = strlen(npy) - strlen(".npy");
  char *directory = vt_path_directory(ctx, npy), *json = NULL;
  int32_t *labels = NULL;
  int height, width;
  vt_status status = directory ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    const char *name = vt_path_name(npy);
    int length = (int)(strlen(name) - strlen(".npy"));
    json = vt_format(ctx, "%s/../json/%.*s.json", directory, length, name);
    if (json && !vt_file_exists(json)) {
      vt_free(json);
      json = vt_format(ctx, "%.*s.json", (int)stem, npy);
    }
    status = json ? vt_official_read(ctx, npy, json, &labels, &height, &width, &file->order, &file->count)
                  : VT_ERROR_OUT_OF_MEMORY;
  }
  if (status == VT_OK) status = vt_regions_from_labels(ctx, labels, height, width, &file->regions);
  vt_free(labels);
  vt_free(json);
  vt_free(directory);
  return status;
}

static bool ends_with(const char *text, const char *end)
{
  size_t length = strlen(text), tail = strlen(end);
  return length > tail && strcmp(text + length - tail, end) == 0;
}

static vt_status read_explanation(cli *run, evaluate_run *work)
{
  int height, width;
  const char *path = work->settings.explanation;
  VT_TRY(ends_with(path, ".npy") ? read_official(run, work, path)
                                 : vt_explanation_read(run->ctx, path, &work->explanation));
  vt_regions_labels(work->explanation.regions, &height, &width);
  if (height != work->picture->height || width != work->picture->width)
    return vt_fail(run->ctx, VT_ERROR_INVALID_DATA, "%s: regions of %d×%d, but the model sees %d×%d", path,
                   height, width, work->picture->height, work->picture->width);
  return VT_OK;
}

/* What is judged: a map or an order from files, or what a method makes here. */
static vt_status make(cli *run, evaluate_run *work)
{
  const evaluate_settings *settings = &work->settings;
  int height = work->picture->height, width = work->picture->width;
  if (settings->method) return vt_bench_explain(run->ctx, &work->bench, &work->contender, 0, &work->made);
  if (settings->explanation)
    return vt_made_of_order(run->ctx, work->explanation.regions, work->explanation.order, &work->made);
  float *map;
  bool enlarged;
  VT_TRY(vt_map_read(run->ctx, settings->map, height, width, &map, &enlarged));
  if (enlarged) cli_warn(run, "%s: enlarged to %d×%d, bilinear", settings->map, height, width);
  vt_status status = vt_made_of_map(run->ctx, &work->bench, map, &work->made);
  vt_free(map);
  return status;
}

static vt_status measure(cli *run, evaluate_run *work, const char *image)
{
  vt_ctx *ctx = run->ctx;
  char sha256[65];
  int target;
  VT_TRY(find_names(run, work));
  VT_TRY(cli_model_open(run, &work->model_settings, NULL, &work->model_path, &work->model));
  VT_TRY(vt_target_parse(ctx, work->model, work->settings.target, &target));
  VT_TRY(cli_photo_read(run, image, &work->photo, sha256));
  VT_TRY(vt_preprocess_image(ctx, vt_model_preprocess(work->model), work->photo, &work->picture,
                             &work->placement));
  if (work->settings.explanation) VT_TRY(read_explanation(run, work));
  if (work->settings.mask)
    VT_TRY(vt_truth_mask_read(ctx, work->settings.mask, &work->placement, work->picture->height,
                              work->picture->width, &work->mask));
  vt_truth truth = {.mask = work->mask};
  vt_exhibit exhibit = {.model = work->model,
                        .picture = work->picture,
                        .placement = &work->placement,
                        .target = target,
                        .truth = &truth,
                        .regions = work->explanation.regions};
  VT_TRY(vt_bench_open(ctx, &exhibit, &work->terms, &work->bench));
  if (work->settings.map) VT_TRY(make(run, work)); /* a map that cannot be read is bad input, not a bad run */
  run->stage = CLI_RUN;
  if (!work->made) VT_TRY(make(run, work));
  return vt_bench_measure(ctx, &work->bench, work->made, &work->criterion, VT_AS_IT_IS, &work->measure);
}

static json_t *number_or_null(double value)
{
  return isfinite(value) ? json_real(value) : json_null();
}

static json_t *numbers(const double *values, int count)
{
  if (!values) return json_null();
  json_t *list = json_array();
  for (int i = 0; i < count; i++)
    json_array_append_new(list, number_or_null(values[i]));
  return list;
}

static vt_status print_json(cli *run, const evaluate_run *work, const char *image)
{
  const vt_measure *measured = &work->measure;
  const vt_protocol *protocol = work->criterion.protocol;
  int target = work->bench.target;
  json_t *json = json_pack(
      "{s:i, s:{s:s, s:s, s:b}, s:o, s:o, s:{s:i, s:o, s:s}, s:o, s:o, s:o, s:o, s:f, s:I, s:o, s:{s:s, s:o, "
      "s:o, s:o, s:o, s:o, s:s}}",
      "schema_version", 1, "metric", "id", work->criterion.metric->id, "title", work->criterion.metric->title,
      "higher_is_better", work->criterion.metric->higher_is_better, "protocol",
      protocol ? json_string(protocol->id) : json_null(), "protocol_text",
      protocol ? json_string(protocol->summary) : json_null(), "target", "index", target, "name",
      vt_json_outside(vt_model_class_name(work->model, target)), "score_kind",
      vt_score_name((vt_score_kind)work->settings.class_score), "value", number_or_null(measured->value),
      "normalised", number_or_null(measured->normalised), "scores",
      numbers(measured->scores, measured->points), "areas", numbers(measured->areas, measured->points),
      "tied_share", measured->tied_share, "calls", (json_int_t)measured->calls, "note",
      vt_json_outside(measured->note), "meta", "version", vt_version(), "model",
      vt_json_outside(work->model_path), "map", vt_json_outside(work->settings.map), "explanation",
      vt_json_outside(work->settings.explanation), "mask", vt_json_outside(work->settings.mask), "image",
      vt_json_outside(image), "model_sha256",
      vt_model_sha256(work->model) ? vt_model_sha256(work->model) : "");
  if (!json) return vt_fail(run->ctx, VT_ERROR_OUT_OF_MEMORY, "the result cannot be written as JSON");
  if (work->contender.method) {
    const vt_method *method = work->contender.method;
    json_t *meta = json_object_get(json, "meta");
    json_object_set_new(meta, "method", json_string(method->id));
    json_object_set_new(
        meta, "method_settings",
        vt_params_json(run->ctx, method->fields, method->field_count, work->contender.settings));
  }
  if (measured->extra_count) {
    json_t *extra = json_object();
    for (int i = 0; i < measured->extra_count; i++)
      json_object_set_new(extra, measured->extra_names[i], number_or_null(measured->extra[i]));
    json_object_set_new(json, "extra", extra);
  }
  if (vt_model_notice(work->model))
    json_object_set_new(json_object_get(json, "meta"), "warnings",
                        json_pack("[o]", vt_json_outside(vt_model_notice(work->model))));
  if (work->criterion.metric->field_count)
    json_object_set_new(json, "settings",
                        vt_params_json(run->ctx, work->criterion.metric->fields,
                                       work->criterion.metric->field_count, work->criterion.settings));
  vt_status status = cli_print_json(run, json);
  json_decref(json);
  return status;
}

/* "settings  grid 9, samples 200": a figure travels with what made it. */
static void print_settings(cli *run, const evaluate_run *work)
{
  const vt_metric *metric = work->criterion.metric;
  for (size_t i = 0; i < metric->field_count; i++) {
    char name[64], *value = vt_params_text(run->ctx, &metric->fields[i], work->criterion.settings);
    printf("%s%s %s", i ? ", " : "settings  ", cli_option_name(&metric->fields[i], name), value ? value : "");
    vt_free(value);
  }
  if (metric->field_count) printf("\n");
}

static void print_text(cli *run, const evaluate_run *work)
{
  const vt_measure *measured = &work->measure;
  int target = work->bench.target;
  const char *name = vt_model_class_name(work->model, target);
  char value[32], other[32];
  if (vt_model_notice(work->model)) printf("%s\n", CLI_BUNDLED_LINE);
  printf("%s %s (%s is better)\n", work->criterion.metric->title, vt_number_text(measured->value, value),
         work->criterion.metric->higher_is_better ? "higher" : "lower");
  if (isfinite(measured->normalised))
    printf("%s %s of the way from nothing to the whole picture\n", "normalised",
           vt_number_text(measured->normalised, other));
  for (int i = 0; i < measured->extra_count; i++)
    printf("%-34s %s\n", measured->extra_titles[i], vt_number_text(measured->extra[i], other));
  if (work->criterion.protocol)
    printf("protocol  %s: %s\n", work->criterion.protocol->id, work->criterion.protocol->summary);
  print_settings(run, work);
  printf("target    class %d%s%s, %s\n", target, name ? ", " : "", name ? name : "",
         vt_score_name((vt_score_kind)work->settings.class_score));
  printf("calls     %lld\n", (long long)measured->calls);
  if (measured->tied_share > 0)
    printf("ties      %.3g %% of the pixels share their value; lower index first\n",
           100 * measured->tied_share);
  if (measured->note) printf("note      %s\n", measured->note);
}

static vt_status evaluate(cli *run, int argc, char **argv)
{
  evaluate_run work = {0};
  cli_options options = {0};
  vt_status status;
  VT_TRY_DONE(cli_options_add(run, &options, "Options", fields, VT_COUNT(fields), &work.settings,
                              sizeof work.settings));
  VT_TRY_DONE(cli_options_add(run, &options, "Model", cli_model_fields, cli_model_field_count,
                              &work.model_settings, sizeof work.model_settings));
  VT_TRY_DONE(cli_options_read(run, &options, argc, argv, 1, 1, "IMAGE"));
  if (run->common.help) goto done;
  VT_TRY_DONE(measure(run, &work, options.operands[0]));
  run->stage = CLI_OUTPUT;
  if (run->common.json)
    status = print_json(run, &work, options.operands[0]);
  else
    print_text(run, &work);
done:
  vt_measure_free(&work.measure);
  vt_made_free(work.made);
  vt_bench_close(&work.bench);
  vt_contender_free(&work.contender);
  vt_criterion_free(&work.criterion);
  vt_explanation_file_free(&work.explanation);
  vt_free(work.mask);
  vt_image_free(work.picture);
  vt_image_free(work.photo);
  vt_model_free(work.model);
  vt_free(work.model_path);
  cli_options_free(&options);
  return status;
}

const cli_verb cli_evaluate = {
    .name = "evaluate",
    .operands = "IMAGE",
    .summary = "how good a map or an order of regions is",
    .examples =
        "  vitrail evaluate cat.jpg --explanation cat --metric deletion\n"
        "  vitrail evaluate cat.jpg --map gradcam.npy --metric insertion --protocol rise --target 281\n"
        "  vitrail evaluate cat.jpg --map gradcam.npy --metric pointing-game --mask cat_mask.png\n"
        "  vitrail evaluate cat.jpg --map gradcam.npy --json | jq .scores\n",
    .description = "With --json every step's score is printed. A figure is only comparable with others of "
                   "the same protocol, target and score.",
    .run = evaluate,
};
