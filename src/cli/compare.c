/* SPDX-License-Identifier: Apache-2.0
 *
 * vitrail compare: methods side by side on many pictures.
 */
#include <math.h>

#include "cli/compare.h"
#include "cli/explain.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/terminal.h"

typedef struct compare_settings {
  char *images, *methods, *metrics, *out, *truth, *protocol, *regions, *fill, *budget_of;
  int class_score, explained, target, granularity;
  int64_t seed, begin, end, pictures;
  bool right_only, wrong_only, curves, retry;
} compare_settings;

static const vt_field fields[] = {
    {"images", VT_FIELD_STRING, offsetof(compare_settings, images),
     .help = "a folder of pictures, or a list: path,label a line (.csv, .tsv, with or without headings)",
     .required = true},
    {"methods", VT_FIELD_STRING, offsetof(compare_settings, methods),
     "lima,rise,grad-cam,integrated-gradients,random",
     .help = "who is compared: [LABEL=]METHOD[@PRESET][(SETTING=VALUE,…)], maps:DIR, oracle; separated by "
             "commas"},
    {"metrics", VT_FIELD_STRING, offsetof(compare_settings, metrics), "insertion,deletion",
     .help = "what is measured: [LABEL=]METRIC[@PROTOCOL][(SETTING=VALUE,…)]; separated by commas"},
    {"out", VT_FIELD_STRING, offsetof(compare_settings, out), "compared",
     .help = "folder of the comparison; one that holds it already is gone on with"},
    {"truth", VT_FIELD_STRING, offsetof(compare_settings, truth),
     .help = "folder with NAME.png or NAME.npy: what decides, 0 elsewhere; for metrics of localisation"},
    {"protocol", VT_FIELD_STRING, offsetof(compare_settings, protocol), "vitrail-50",
     .help = "of curves that name none"},
    {"granularity", VT_FIELD_CHOICE, offsetof(compare_settings, granularity), "both",
     .choices = "both|as-it-is|equal",
     .help = "as-it-is: pixel maps by pixels, rankings by regions; equal: every map averaged over the same "
             "regions, then ranked"},
    {"budget_of", VT_FIELD_STRING, offsetof(compare_settings, budget_of),
     .help =
         "label of a method whose model calls on a picture every sampling method gets there [each has its "
         "own settings]"},
    {"regions", VT_FIELD_STRING, offsetof(compare_settings, regions), "slico",
     .help = "the division that is shared"},
    {"fill", VT_FIELD_STRING, offsetof(compare_settings, fill), "black", .help = "what hides a region"},
    {"class_score", VT_FIELD_CHOICE, offsetof(compare_settings, class_score), "probability",
     .choices = "probability|logit|log-probability|margin", .help = "the number that metrics follow",
     .aliases = "score"},
    {"explained", VT_FIELD_CHOICE, offsetof(compare_settings, explained), "auto",
     .choices = "auto|probability|logit|log-probability|margin",
     .help = "the number that is explained; auto: --class-score, but the logit instead of a probability for "
             "methods that look inside"},
    {"target", VT_FIELD_CHOICE, offsetof(compare_settings, target), "label", .choices = "label|pred",
     .help = "the class explained: the true one where it is known, or what the model answers"},
    {"right_only", VT_FIELD_BOOL, offsetof(compare_settings, right_only),
     .help = "only pictures whose label the model answers"},
    {"wrong_only", VT_FIELD_BOOL, offsetof(compare_settings, wrong_only),
     .help = "only pictures whose label it does not"},
    {"begin", VT_FIELD_INT, offsetof(compare_settings, begin), "0", VT_RANGE(0, 1e12),
     .help = "number of the first picture"},
    {"end", VT_FIELD_INT, offsetof(compare_settings, end), "1000000000000", VT_RANGE(1, 1e12),
     .help = "number behind the last one"},
    {"pictures", VT_FIELD_INT, offsetof(compare_settings, pictures), "8", VT_RANGE(0, 1000),
     .help = "pictures shown with all maps on the page"},
    {"seed", VT_FIELD_INT, offsetof(compare_settings, seed), "0", VT_RANGE(0, 9e15),
     .help = "seed of everything random"},
    {"curves", VT_FIELD_BOOL, offsetof(compare_settings, curves),
     .help = "keep every point of curves in rows.jsonl"},
    {"retry", VT_FIELD_BOOL, offsetof(compare_settings, retry),
     .help = "try again what failed in an earlier run"},
};

typedef struct compare_work {
  cli *run;
  compare_settings settings;
  vt_model *model;
  char *model_path;
  vt_album album;
  vt_contender *contenders;
  vt_criterion *criteria;
  vt_compare compare;
  vt_compared compared;
} compare_work;

/* Who and what, before a model is opened: a wrong name should cost no time. */
static vt_status read_names(compare_work *work)
{
  vt_ctx *ctx = work->run->ctx;
  const compare_settings *settings = &work->settings;
  vt_contest *contest = &work->compare.contest;
  contest->terms = (vt_terms){.regions = settings->regions,
                              .fill = settings->fill,
                              .class_score = (vt_score_kind)settings->class_score,
                              .explained = settings->explained,
                              .seed = settings->seed};
  contest->as_it_is = settings->granularity != 2;
  contest->equal = settings->granularity != 1;
  contest->budget_of = -1;
  if (settings->right_only && settings->wrong_only)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "--right-only and --wrong-only leave no picture");
  if (vt_contenders_parse(ctx, settings->methods, &contest->terms, &work->contenders,
                          &contest->contender_count) != VT_OK)
    return vt_fail_prefix(ctx, "--methods");
  contest->contenders = work->contenders;
  if (vt_criteria_parse(ctx, settings->metrics, settings->protocol, &work->criteria,
                        &contest->criterion_count) != VT_OK)
    return vt_fail_prefix(ctx, "--metrics");
  contest->criteria = work->criteria;
  for (size_t i = 0; settings->budget_of && i < contest->contender_count; i++)
    if (strcmp(work->contenders[i].label, settings->budget_of) == 0) contest->budget_of = (int)i;
  if (settings->budget_of && contest->budget_of < 0)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "--budget-of: '%s' is none of the methods compared",
                   settings->budget_of);
  return vt_contest_check(ctx, contest, settings->truth != NULL, false);
}

static vt_status open_all(compare_work *work)
{
  cli *run = work->run;
  vt_ctx *ctx = run->ctx;
  const compare_settings *settings = &work->settings;
  run->stage = CLI_INPUT;
  VT_TRY(vt_album_read(ctx, work->model, settings->images, settings->truth, &work->album));
  if ((settings->right_only || settings->wrong_only) && !work->album.labelled)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "--%s-only needs to know the true classes: give a list with path,label",
                   settings->right_only ? "right" : "wrong");
  if (settings->truth && work->album.masked < work->album.count)
    cli_warn(run, "%zu of %zu pictures have no mask in %s", work->album.count - work->album.masked,
             work->album.count, settings->truth);
  vt_compare *compare = &work->compare;
  compare->model = work->model;
  compare->model_name = vt_path_name(work->model_path);
  compare->album = &work->album;
  compare->folder = settings->out;
  compare->which = settings->right_only   ? VT_WHICH_RIGHT
                   : settings->wrong_only ? VT_WHICH_WRONG
                                          : VT_WHICH_ALL;
  compare->to_predicted = settings->target == 1;
  compare->begin = settings->begin;
  compare->end = settings->end;
  compare->shown = settings->pictures;
  compare->curves = settings->curves;
  compare->retry = settings->retry;
  return VT_OK;
}

static vt_status give(compare_work *work)
{
  cli *run = work->run;
  cli_progress_end();
  cli_heed_signals(run->ctx, false);
  run->stage = CLI_OUTPUT;
  if (work->compared.repaired)
    cli_warn(run, "%s/rows.jsonl: the last line had been cut off, and was removed", work->settings.out);
  vt_status status = cli_compare_give(run, &work->compare, &work->compared);
  if (work->compared.partial) {
    cli_warn(run, "interrupted: %zu of %zu pictures; the same command goes on with the rest",
             work->compared.judged + work->compared.left_out + work->compared.bad, work->compared.count);
    run->ended = VT_ERROR_INTERRUPTED;
  }
  return status;
}

static vt_status compare(cli *run, int argc, char **argv)
{
  compare_work work = {.run = run};
  cli_model_settings model_settings;
  cli_options options = {0};
  vt_status status;
  VT_TRY_DONE(cli_options_add(run, &options, "Options", fields, VT_COUNT(fields), &work.settings,
                              sizeof work.settings));
  VT_TRY_DONE(cli_options_add(run, &options, "Model", cli_model_fields, cli_model_field_count,
                              &model_settings, sizeof model_settings));
  VT_TRY_DONE(cli_options_read(run, &options, argc, argv, 0, 0, ""));
  if (run->common.help) goto done;
  VT_TRY_DONE(read_names(&work));
  VT_TRY_DONE(cli_model_open(run, &model_settings, NULL, &work.model_path, &work.model));
  VT_TRY_DONE(open_all(&work));
  run->stage = CLI_RUN;
  VT_TRY_DONE(vt_compare_run(run->ctx, &work.compare, &work.compared));
  status = give(&work);
done:
  vt_compared_free(&work.compared);
  vt_album_free(&work.album);
  vt_contenders_free(work.contenders, work.compare.contest.contender_count);
  vt_criteria_free(work.criteria, work.compare.contest.criterion_count);
  vt_model_free(work.model);
  vt_free(work.model_path);
  cli_options_free(&options);
  return status;
}

const cli_verb cli_compare = {
    .name = "compare",
    .operands = "",
    .summary = "methods side by side on many pictures, by any metrics",
    .examples =
        "  vitrail compare --images photos --out compared               five usual methods, insertion, "
        "deletion\n"
        "  vitrail compare --images labels.csv --right-only --methods lima,rise@rise,lime --metrics "
        "insertion@lima,mufidelity --out compared\n"
        "  vitrail compare --images labels.csv --truth masks --methods lima,grad-cam,oracle --metrics "
        "pointing-game,mass-accuracy --out located\n"
        "  vitrail compare --images photos --methods 'lima,rise,few=rise(n_samples=500),maps:theirs' "
        "--budget-of lima --out equal\n",
    .description =
        "Every method explains every picture once, and every metric measures what it said: as it is, and at "
        "equal granularity, where every map is averaged over the same regions and ranks them. What is "
        "measured "
        "is appended to DIR/rows.jsonl at once; the same command started again does only what is missing, "
        "with "
        "more methods, metrics or pictures only those. A picture, method or metric that fails is a row with "
        "an "
        "error, and the run goes on. At the end, and after Ctrl-C: summary.json, rows.sqlite, ranks.svg and "
        "report.html with all maps side by side.",
    .run = compare,
};
