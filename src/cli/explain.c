/* SPDX-License-Identifier: Apache-2.0
 *
 * vitrail explain: the main job.
 */
#include "cli/explain.h"

#include <stdlib.h>

#include "attribution/prior_map.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/terminal.h"

typedef struct explain_settings {
  char *method, *preset, *embedding, *out;
  bool force, dry_run, official;
  int colour_map;
} explain_settings;

static const vt_field fields[] = {
    {"method", VT_FIELD_STRING, offsetof(explain_settings, method), "lima",
     .help = "how regions are ranked; see 'vitrail methods'; --method ID --help shows its own options"},
    {"preset", VT_FIELD_STRING, offsetof(explain_settings, preset),
     .help = "defaults of another toolkit or paper, as 'vitrail methods ID' lists them; options given win"},
    {"embedding", VT_FIELD_STRING, offsetof(explain_settings, embedding),
     .help = "inner tensor read as the picture's embedding, for the effectiveness score; see 'vitrail "
             "inspect --layers'"},
    {"out", VT_FIELD_STRING, offsetof(explain_settings, out),
     .help = "folder for the results [named after the picture; none with --json]"},
    {"force", VT_FIELD_BOOL, offsetof(explain_settings, force),
     .help = "overwrite results in an existing folder"},
    {"colour_map", VT_FIELD_CHOICE, offsetof(explain_settings, colour_map), "viridis",
     .choices = "viridis|inferno|turbo|jet|grey", .help = "colours of unsigned maps in pictures",
     .aliases = "color_map|cmap"},
    {"official", VT_FIELD_BOOL, offsetof(explain_settings, official),
     .help = "also write npy/ and json/ in the form of the official LiMA code"},
    {"dry_run", VT_FIELD_BOOL, offsetof(explain_settings, dry_run),
     .help = "print model calls, memory and an estimate of the time, then stop"},
};

/* All that a run holds. */
typedef struct explain_run {
  explain_settings settings;
  cli_model_settings model_settings;
  vt_request request;
  const vt_method *method;
  void *method_settings;
  vt_model *model;
  char *model_path;
  vt_image *photo;
  char photo_sha256[65];
  vt_result result;
  cli_folder folder;
  vt_class_score top[5];
  json_t *list; /* of several targets */
} explain_run;

static vt_status find_method(cli *run, explain_run *work, int argc, char **argv)
{
  const char *name = cli_options_peek(argc, argv, "method");
  return vt_method_choose(run->ctx, &vt_methods, name ? name : fields[0].fallback, &work->method,
                          &work->method_settings);
}

static vt_status add_options(cli *run, explain_run *work, cli_options *options, char title[96])
{
  snprintf(title, 96, "Options of %s", work->method->id);
  VT_TRY(cli_options_add(run, options, "Options", fields, VT_COUNT(fields), &work->settings,
                         sizeof work->settings));
  VT_TRY(cli_options_add(run, options, "Model", cli_model_fields, cli_model_field_count,
                         &work->model_settings, sizeof work->model_settings));
  VT_TRY(cli_options_add(run, options, "What is explained, and how far to go", vt_request_fields,
                         vt_request_field_count, &work->request, sizeof work->request));
  return cli_options_add(run, options, title, work->method->fields, work->method->field_count,
                         work->method_settings, work->method->settings_size);
}

/* Names the folder and looks whether it can be written, before anything is computed. */
static vt_status choose_folder(cli *run, explain_run *work, const char *image)
{
  run->stage = CLI_OUTPUT;
  if (work->settings.dry_run || (run->common.json && !work->settings.out)) return VT_OK;
  char *named =
      work->settings.out ? NULL : cli_folder_name(run->ctx, strcmp(image, "-") == 0 ? "stdin.image" : image);
  if (!work->settings.out && !named) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = cli_folder_check(run, work->settings.out ? work->settings.out : named,
                                      work->settings.force, &work->folder);
  vt_free(named);
  return status;
}

/* Calls, memory and time, from one measured forward. */
static vt_status dry_run(cli *run, explain_run *work)
{
  vt_preprocess const *preprocess = vt_model_preprocess(work->model);
  vt_image *picture = NULL;
  vt_regions *regions = NULL;
  vt_placement placement;
  vt_status status;
  int shown;
  VT_TRY_DONE(vt_preprocess_image(run->ctx, preprocess, work->photo, &picture, &placement));
  if (!work->request.prior)
    VT_TRY_DONE(vt_divide_placed(run->ctx, work->request.regions, picture, &placement, &regions, NULL));
  VT_TRY_DONE(cli_top_classes(run, work->model, picture, 5, work->top, &shown)); /* warms up */
  double started = vt_clock_seconds();
  VT_TRY_DONE(cli_top_classes(run, work->model, picture, 5, work->top, &shown));
  double each = vt_clock_seconds() - started;
  int count = regions ? vt_regions_count(regions)
                      : vt_prior_region_count(&work->request, picture->height, picture->width),
      threads = vt_ctx_threads(run->ctx) ? vt_ctx_threads(run->ctx) : vt_processor_count();
  int64_t calls = vt_attribute_calls(work->method, work->method_settings, count,
                                     vt_model_embedding_floats(work->model) > 0);
  double memory = (double)vt_ctx_memory_peak(run->ctx),
         seconds = calls < 0 ? -1 : each * (double)calls / threads;
  if (run->common.json) {
    json_t *json = json_pack("{s:s, s:i, s:I, s:f, s:f, s:f, s:i}", "method", work->method->id, "regions",
                             count, "model_calls", (json_int_t)calls, "memory_bytes", memory,
                             "seconds_per_forward", each, "seconds", seconds, "threads", threads);
    status = cli_print_json(run, json);
    json_decref(json);
    goto done;
  }
  printf("%s on %d regions\n", work->method->id, count);
  if (calls < 0)
    printf("model calls   not known before the run\n");
  else
    printf("model calls   %lld\n", (long long)calls);
  printf("memory        at least %.0f MB\n", memory / 1e6);
  if (calls >= 0)
    printf("time          %s %.1f s (%.1f ms a forward, %d thread%s)\n",
           work->method->needs & (VT_NEEDS_GRADIENTS | VT_NEEDS_HOOKS) ? "at least" : "about", seconds,
           1e3 * each, threads, threads == 1 ? "" : "s");
done:
  vt_regions_free(regions);
  vt_image_free(picture);
  return status;
}

static vt_status write_official(cli *run, const vt_explanation *explanation, const char *folder,
                                const char *image)
{
  char *name = cli_folder_name(run->ctx, image);
  char *npy_folder = vt_path_join(run->ctx, folder, "npy"),
       *json_folder = vt_path_join(run->ctx, folder, "json");
  char *npy = name ? vt_format(run->ctx, "%s/npy/%s.npy", folder, name) : NULL;
  char *json = name ? vt_format(run->ctx, "%s/json/%s.json", folder, name) : NULL;
  vt_status status = npy && json && npy_folder && json_folder ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = vt_make_directory(run->ctx, npy_folder);
  if (status == VT_OK) status = vt_make_directory(run->ctx, json_folder);
  if (status == VT_OK) status = vt_official_write(run->ctx, explanation, npy, json);
  vt_free(npy);
  vt_free(json);
  vt_free(npy_folder);
  vt_free(json_folder);
  vt_free(name);
  return status;
}

/* The files of one target: in the folder itself, or, when there are several
 * targets, in "target-INDEX" of it. */
static vt_status write_files(cli *run, explain_run *work, const vt_report *report, const char *image,
                             bool several)
{
  run->stage = CLI_OUTPUT;
  char *folder = several ? vt_format(run->ctx, "%s/target-%d", work->folder.work, report->explanation->target)
                         : vt_strdup(run->ctx, work->folder.work);
  if (!folder) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_make_directory(run->ctx, folder);
  if (status == VT_OK) status = vt_report_write(run->ctx, report, folder);
  if (status == VT_OK && work->settings.official)
    status = write_official(run, report->explanation, folder, image);
  vt_free(folder);
  return status;
}

/* JSON of one target is printed as it is, of several as a list. */
static vt_status print_result(cli *run, explain_run *work, const vt_report *report, bool several)
{
  run->stage = CLI_OUTPUT;
  if (!run->common.json) {
    char *folder = !work->folder.target ? NULL
                   : several
                       ? vt_format(run->ctx, "%s/target-%d", work->folder.target, report->explanation->target)
                       : vt_strdup(run->ctx, work->folder.target);
    vt_status status = cli_explanation_print(run, report, folder);
    vt_free(folder);
    return status;
  }
  json_t *json = NULL;
  VT_TRY(vt_explanation_json(run->ctx, report->explanation, &json));
  if (several) return json_array_append_new(work->list, json) == 0 ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  vt_status status = cli_print_json(run, json);
  json_decref(json);
  return status;
}

/* How a run that ended early is told to the shell. */
static vt_status how_it_ended(const vt_explanation *explanation)
{
  if (!explanation->partial) return VT_OK;
  const char *reason = explanation->partial_reason ? explanation->partial_reason : "";
  return strcmp(reason, "interrupted") == 0 ? VT_ERROR_INTERRUPTED : VT_ERROR_LIMIT;
}

static vt_status explain_target(cli *run, explain_run *work, const char *image, bool several)
{
  run->stage = CLI_INPUT;
  cli_heed_signals(run->ctx, true);
  VT_TRY(vt_attribute_run(run->ctx, work->model, work->photo, work->photo_sha256, work->method,
                          work->method_settings, &work->request, &work->result));
  run->stage = CLI_RUN;
  vt_explanation *explanation = work->result.explanation;
  char colours[64];
  vt_report report = {.explanation = explanation,
                      .photo = work->photo,
                      .placement = work->result.placement,
                      .photo_name = strcmp(image, "-") == 0 ? "standard input" : vt_path_name(image),
                      .model_name = vt_path_name(work->model_path),
                      .colour_map = vt_choice_name(vt_params_find(fields, VT_COUNT(fields), "colour_map"),
                                                   work->settings.colour_map, colours),
                      .top = work->top};
  run->ended = how_it_ended(explanation);
  cli_heed_signals(run->ctx, false);    /* what is left to do is short, and the result is worth keeping */
  if (!vt_model_gives_map(work->model)) /* the numbers of a map or an embedding are no classes */
    VT_TRY(cli_top_classes(run, work->model, work->result.picture, (int)VT_COUNT(work->top), work->top,
                           &report.top_count));
  VT_TRY(vt_report_check(run->ctx, &report));
  size_t index;
  json_t *warning;
  const char *said = vt_model_notice(work->model); /* when the model was opened */
  json_array_foreach(explanation->warnings, index, warning)
  {
    const char *text = json_string_value(warning);
    if (!said || strcmp(text, said) != 0) cli_warn(run, "%s", text);
  }
  if (explanation->partial)
    cli_warn(run, "cut short (%s): the result is valid but partial",
             explanation->partial_reason ? explanation->partial_reason : "limit");
  if (work->folder.work) VT_TRY(write_files(run, work, &report, image, several));
  cli_progress_end();
  return print_result(run, work, &report, several);
}

/* Targets stand one after the other, with ';' between them (names of classes hold commas). The rest is left
 * out when one of them was cut short. */
static vt_status explain_targets(cli *run, explain_run *work, const char *image)
{
  char *all = work->request.target, *at = all;
  bool several = strchr(all, ';') != NULL;
  vt_status status = VT_OK;
  work->request.target = NULL;
  work->list = json_array();
  for (int count = 0; at && status == VT_OK && run->ended == VT_OK; count++) {
    size_t length = strcspn(at, ";");
    while (*at == ' ')
      at++, length--;
    work->request.target = vt_strndup(run->ctx, at, length);
    at = at[length] ? at + length + 1 : NULL;
    if (count > 0 && !run->common.json) printf("\n");
    status = work->request.target ? explain_target(run, work, image, several) : VT_ERROR_OUT_OF_MEMORY;
    vt_result_free(&work->result);
    vt_free(work->request.target);
  }
  work->request.target = all;
  if (status == VT_OK && run->common.json && several) status = cli_print_json(run, work->list);
  return status;
}

static vt_status compute(cli *run, explain_run *work, const char *image)
{
  VT_TRY(choose_folder(run, work, image));
  VT_TRY(
      cli_model_open(run, &work->model_settings, work->settings.embedding, &work->model_path, &work->model));
  VT_TRY(cli_photo_read(run, image, &work->photo, work->photo_sha256));
  if (work->settings.dry_run) return dry_run(run, work);
  if (work->folder.target) {
    run->stage = CLI_OUTPUT;
    VT_TRY(cli_folder_begin(run, &work->folder));
  }
  VT_TRY(explain_targets(run, work, image));
  run->stage = CLI_OUTPUT;
  return work->folder.target ? cli_folder_finish(run, &work->folder) : VT_OK;
}

static vt_status explain(cli *run, int argc, char **argv)
{
  explain_run work = {0};
  cli_options options = {0};
  char title[96];
  vt_status status;
  VT_TRY_DONE(find_method(run, &work, argc, argv));
  VT_TRY_DONE(add_options(run, &work, &options, title));
  const char *preset = cli_options_peek(argc, argv, "preset");
  if (preset)
    VT_TRY_DONE(vt_preset_apply(run->ctx, work.method, preset, work.method_settings, vt_request_fields,
                                vt_request_field_count, &work.request));
  VT_TRY_DONE(cli_options_read(run, &options, argc, argv, 1, 1, "IMAGE"));
  if (run->common.help) goto done;
  status = compute(run, &work, options.operands[0]);
done:
  cli_folder_close(&work.folder);
  json_decref(work.list);
  vt_result_free(&work.result);
  vt_image_free(work.photo);
  vt_model_free(work.model);
  vt_free(work.model_path);
  cli_options_free(&options);
  vt_free(work.method_settings);
  return status;
}

const cli_verb cli_explain = {
    .name = "explain",
    .operands = "IMAGE",
    .summary = "which regions of a picture make a model decide",
    .examples =
        "  vitrail explain cat.jpg\n"
        "  vitrail explain cat.jpg --model resnet50.onnx --out why-cat\n"
        "  vitrail explain cat.jpg --target \"Egyptian cat\"         for another class than the answer\n"
        "  vitrail explain cat.jpg --target \"tabby;lynx\"            one after the other, a folder each\n"
        "  vitrail explain cat.jpg --class tabby --not lynx           why the one and not the other\n"
        "  vitrail explain car.jpg --model clip.onnx --text \"a red car\"  what makes it like a text\n"
        "  vitrail explain cat.jpg --regions grid:7x7 --fill blur\n"
        "  vitrail explain cat.jpg --method smdl --prior rise --confidence entropy    refines another map\n"
        "  vitrail explain cat.jpg --max-calls 500 --time-limit 10\n"
        "  vitrail explain cat.jpg --json | jq .data.order\n"
        "  vitrail explain --method lima --help                    the method's own options\n"
        "  vitrail world scenes/object --set px=256 --out scenes   no model, no picture: a drawing, and\n"
        "  vitrail explain scenes/images/000003.png --model bundled       the classifier that knows them\n",
    .description =
        "Results: explanation.json, labels.npy, saliency.npy, overlay.png, regions.png, subset.png, "
        "curves.svg and report.html, which opens in any browser without a network. The same request gives "
        "the same bytes for any --threads and --batch. Ctrl-C leaves a valid partial result; a second one "
        "ends the program at once.",
    .run = explain,
};
