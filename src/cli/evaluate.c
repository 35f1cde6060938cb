/* SPDX-License-Identifier: Apache-2.0
 *
 * vitrail evaluate: how good a map or an order of regions is.
 */
#include <math.h>

#include "attribution/attribute.h"
#include "cli/bundled.h"
#include "cli/explain.h"
#include "cli/judged_method.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "data/picture.h"
#include "explain/regions.h"
#include "metrics/metric.h"
#include "tensor/tensor.h"

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
  const vt_metric *metric;
  void *metric_settings;
  const vt_protocol *protocol;
  vt_model *model;
  char *model_path;
  vt_image *photo, *picture, *blank;
  vt_placement placement;
  uint8_t *mask; /* at the model's size, NULL: none */
  vt_explanation_file explanation;
  vt_tensor *map; /* in the context */
  cli_judged_method method;
  vt_scorer *scorer;
  vt_measure measure;
} evaluate_run;

static vt_status find_names(cli *run, evaluate_run *work)
{
  const char *names[64], *near;
  char suggestion[VT_SUGGESTION];
  size_t known = 0;
  work->metric = vt_metric_find(work->settings.metric);
  for (size_t i = 0; i < vt_metric_count && known < VT_COUNT(names); i++)
    names[known++] = vt_metrics[i]->id;
  near = work->metric ? NULL : vt_nearest(work->settings.metric, names, known);
  if (!work->metric)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "--metric: there is no '%s'%s", work->settings.metric,
                   vt_suggestion(near, suggestion));
  work->protocol = vt_protocol_find(work->settings.protocol);
  known = 0;
  for (size_t i = 0; i < vt_protocol_count && known < VT_COUNT(names); i++)
    names[known++] = vt_protocols[i].id;
  near = work->protocol ? NULL : vt_nearest(work->settings.protocol, names, known);
  if (!work->protocol)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "--protocol: there is no '%s'%s",
                   work->settings.protocol, vt_suggestion(near, suggestion));
  if (!!work->settings.map + !!work->settings.explanation + !!work->settings.method != 1)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT,
                   "give either --map FILE.npy, --explanation DIR or --method ID");
  if (work->metric->needs & VT_NEEDS_EXPLAINER && !work->settings.method)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT,
                   "--metric: '%s' asks the method again, and needs --method ID", work->metric->id);
  if (work->settings.method_set.count && !work->settings.method)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "--method-set: there is no --method");
  if (work->metric->needs & VT_NEEDS_PARTS)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT,
                   "--metric: '%s' needs parts with true effects; vitrail truth has them", work->metric->id);
  if (work->metric->needs & VT_NEEDS_MASKS && !work->settings.mask)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "--metric: '%s' needs --mask FILE", work->metric->id);
  if (!work->metric->curve) work->protocol = NULL;
  return VT_OK;
}

static vt_status read_metric_settings(cli *run, evaluate_run *work)
{
  const vt_metric *metric = work->metric;
  const vt_texts *set = &work->settings.set;
  if (set->count && !metric->field_count)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "--set: %s has no settings", metric->id);
  if (!metric->field_count) return VT_OK;
  work->metric_settings = vt_alloc_zero(run->ctx, 1, metric->settings_size);
  if (!work->metric_settings) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_params_defaults(run->ctx, metric->fields, metric->field_count, work->metric_settings,
                            metric->settings_size));
  for (size_t i = 0; i < set->count; i++)
    VT_TRY(vt_params_apply(run->ctx, metric->fields, metric->field_count, work->metric_settings,
                           "metric setting", set->data[i]));
  return VT_OK;
}

/* The map as floats of the model's size: a smaller one is enlarged, a larger one refused. */
static vt_status read_map(cli *run, evaluate_run *work)
{
  vt_tensor *stored;
  const char *path = work->settings.map;
  VT_TRY(vt_npy_read(run->ctx, path, &stored));
  char shape[160];
  int rank = stored->rank, to_height = work->picture->height, to_width = work->picture->width;
  int64_t height = rank >= 2 ? vt_tensor_dim(stored, -2) : 0,
          width = rank >= 2 ? vt_tensor_dim(stored, -1) : 0;
  if (rank < 2 || height < 1 || width < 1 || vt_count(stored) != height * width || height > to_height ||
      width > to_width)
    return vt_fail(run->ctx, VT_ERROR_INVALID_DATA,
                   "%s: %s, but the model sees %d×%d: give one value for each pixel of it, or a smaller map",
                   path, vt_shape_text(stored, shape), to_height, to_width);
  vt_tensor *values = vt_tensor_new(run->ctx, VT_F32, 2, (int64_t[]){height, width});
  work->map = vt_tensor_new(run->ctx, VT_F32, 2, (int64_t[]){to_height, to_width});
  if (!values || !work->map) return vt_ctx_status(run->ctx);
  float *given = vt_tensor_data(values);
  for (int64_t i = 0; i < height * width; i++) {
    given[i] = (float)vt_get_f64(stored, i);
    if (!isfinite(given[i]))
      return vt_fail(run->ctx, VT_ERROR_INVALID_DATA, "%s: value %lld is not finite", path, (long long)i);
  }
  if (height == to_height && width == to_width) {
    vt_tensor_share(work->map, values);
    return VT_OK;
  }
  cli_warn(run, "%s: %lld×%lld enlarged to %d×%d, bilinear", path, (long long)height, (long long)width,
           to_height, to_width);
  vt_map_resize(given, (int)height, (int)width, vt_tensor_data(work->map), to_height, to_width);
  return VT_OK;
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

/* What decides, carried to the model's view; pixels that the file does not show are outside. */
static vt_status read_mask(cli *run, evaluate_run *work)
{
  int height = work->picture->height, width = work->picture->width;
  const char *path = work->settings.mask;
  vt_tensor *labels;
  int64_t *places;
  VT_TRY(vt_label_map_read(run->ctx, path, &labels));
  VT_TRY(vt_places_in_file(run->ctx, path, (int)vt_tensor_dim(labels, 0), (int)vt_tensor_dim(labels, 1),
                           height, width, &work->placement, &places));
  const int32_t *values = vt_tensor_const_data(labels);
  work->mask = vt_alloc_zero(run->ctx, (size_t)height * (size_t)width, 1);
  for (int64_t i = 0; work->mask && i < (int64_t)height * width; i++)
    work->mask[i] = places[i] >= 0 && values[places[i]] != 0;
  vt_free(places);
  return work->mask ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

/* Map or order of the method named. */
static vt_status explain(cli *run, evaluate_run *work, int target)
{
  vt_request *request = &work->method.request;
  static const char *const names[] = {"regions", "fill"};
  const char *const values[] = {work->settings.regions, work->settings.fill};
  for (size_t i = 0; i < VT_COUNT(names); i++)
    VT_TRY(vt_params_set(run->ctx, vt_request_fields, vt_request_field_count, request, names[i], values[i]));
  request->class_score = work->settings.class_score;
  request->seed = work->settings.seed;
  return cli_judged_method_run(run, &work->method, work->model, work->picture, target);
}

static vt_status judge(cli *run, evaluate_run *work)
{
  const vt_explanation *made = work->method.result.explanation;
  const vt_regions *regions = made ? work->method.result.regions : work->explanation.regions;
  bool mapped = made && made->attribution;
  vt_task task = {.model = work->model,
                  .picture = work->picture,
                  .blank = work->blank,
                  .regions = regions,
                  .scorer = work->scorer,
                  .seed = (uint64_t)work->settings.seed,
                  .target = vt_scorer_target(vt_scorer_options_of(work->scorer))};
  vt_truth truth = {.mask = work->mask};
  vt_judged judged = {.truth = &truth, .map = work->map ? vt_tensor_const_data(work->map) : NULL};
  if (mapped) {
    judged.map = made->saliency;
    judged.attribution = made->attribution;
  } else if (!judged.map) {
    judged.regions = regions;
    judged.order = made ? made->order : work->explanation.order;
  }
  if (made) judged.explainer = &work->method.explainer;
  int64_t before = work->method.asked.calls;
  VT_TRY(vt_metric_run(run->ctx, work->metric, &task, &judged, work->protocol, work->metric_settings,
                       &work->measure));
  work->measure.calls += work->method.asked.calls - before; /* those of the method when it was asked again */
  return VT_OK;
}

static vt_status measure(cli *run, evaluate_run *work, const char *image)
{
  char sha256[65];
  int target;
  VT_TRY(find_names(run, work));
  VT_TRY(read_metric_settings(run, work));
  if (work->settings.method)
    VT_TRY(cli_judged_method_open(run, work->settings.method, &work->settings.method_set, &work->method));
  VT_TRY(cli_model_open(run, &work->model_settings, NULL, &work->model_path, &work->model));
  VT_TRY(vt_target_parse(run->ctx, work->model, work->settings.target, &target));
  VT_TRY(cli_photo_read(run, image, &work->photo, sha256));
  VT_TRY(vt_preprocess_image(run->ctx, vt_model_preprocess(work->model), work->photo, &work->picture,
                             &work->placement));
  VT_TRY(vt_fill_make(run->ctx, work->settings.fill, work->model, work->picture,
                      (uint64_t)work->settings.seed, &work->blank));
  if (work->settings.map) VT_TRY(read_map(run, work));
  if (work->settings.explanation) VT_TRY(read_explanation(run, work));
  if (work->settings.mask) VT_TRY(read_mask(run, work));
  run->stage = CLI_RUN;
  vt_scorer_options options = {.target = target,
                               .second = VT_CLASS_NONE,
                               .score = (vt_score_kind)work->settings.class_score,
                               .contrast = VT_CLASS_NONE,
                               .batch = 64};
  VT_TRY(vt_scorer_new(run->ctx, work->model, work->picture, work->blank, work->explanation.regions, &options,
                       &work->scorer));
  if (work->settings.method) {
    VT_TRY(explain(run, work, vt_scorer_options_of(work->scorer)->target));
    vt_scorer_free(work->scorer); /* the same with the regions, which are known now */
    work->scorer = NULL;
    VT_TRY(vt_scorer_new(run->ctx, work->model, work->picture, work->blank, work->method.result.regions,
                         &options, &work->scorer));
  }
  return judge(run, work);
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
  const vt_protocol *protocol = work->protocol;
  int target = vt_scorer_options_of(work->scorer)->target;
  json_t *json = json_pack(
      "{s:i, s:{s:s, s:s, s:b}, s:o, s:o, s:{s:i, s:o, s:s}, s:o, s:o, s:o, s:o, s:f, s:I, s:o, s:{s:s, s:o, "
      "s:o, s:o, s:o, s:o, s:s}}",
      "schema_version", 1, "metric", "id", work->metric->id, "title", work->metric->title, "higher_is_better",
      work->metric->higher_is_better, "protocol", protocol ? json_string(protocol->id) : json_null(),
      "protocol_text", protocol ? json_string(protocol->summary) : json_null(), "target", "index", target,
      "name", vt_json_outside(vt_model_class_name(work->model, target)), "score_kind",
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
  if (work->method.method) {
    json_t *meta = json_object_get(json, "meta");
    json_object_set_new(meta, "method", json_string(work->method.method->id));
    json_object_set_new(meta, "method_settings",
                        vt_params_json(run->ctx, work->method.method->fields,
                                       work->method.method->field_count, work->method.settings));
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
  if (work->metric->field_count)
    json_object_set_new(
        json, "settings",
        vt_params_json(run->ctx, work->metric->fields, work->metric->field_count, work->metric_settings));
  vt_status status = cli_print_json(run, json);
  json_decref(json);
  return status;
}

/* "settings  grid 9, samples 200": a figure travels with what made it. */
static void print_settings(cli *run, const evaluate_run *work)
{
  const vt_metric *metric = work->metric;
  for (size_t i = 0; i < metric->field_count; i++) {
    char name[64], *value = vt_params_text(run->ctx, &metric->fields[i], work->metric_settings);
    printf("%s%s %s", i ? ", " : "settings  ", cli_option_name(&metric->fields[i], name), value ? value : "");
    vt_free(value);
  }
  if (metric->field_count) printf("\n");
}

static void print_text(cli *run, const evaluate_run *work)
{
  const vt_measure *measured = &work->measure;
  int target = vt_scorer_options_of(work->scorer)->target;
  const char *name = vt_model_class_name(work->model, target);
  char value[32], other[32];
  if (vt_model_notice(work->model)) printf("%s\n", CLI_BUNDLED_LINE);
  printf("%s %s (%s is better)\n", work->metric->title, vt_number_text(measured->value, value),
         work->metric->higher_is_better ? "higher" : "lower");
  if (isfinite(measured->normalised))
    printf("%s %s of the way from nothing to the whole picture\n", "normalised",
           vt_number_text(measured->normalised, other));
  for (int i = 0; i < measured->extra_count; i++)
    printf("%-34s %s\n", measured->extra_titles[i], vt_number_text(measured->extra[i], other));
  if (work->protocol) printf("protocol  %s: %s\n", work->protocol->id, work->protocol->summary);
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
  if (work.metric_settings)
    vt_params_free(work.metric->fields, work.metric->field_count, work.metric_settings);
  vt_free(work.metric_settings);
  vt_measure_free(&work.measure);
  vt_scorer_free(work.scorer);
  cli_judged_method_close(&work.method);
  vt_explanation_file_free(&work.explanation);
  vt_free(work.mask);
  vt_image_free(work.blank);
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
