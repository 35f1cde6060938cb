/* SPDX-License-Identifier: Apache-2.0
 *
 * vitrail repro: the experiment of a paper, its claims next to what was measured.
 */
#include <errno.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/options.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "explain/explanation.h"
#include "papers/findings.h"

typedef struct repro_settings {
  int profile;
  int64_t seeds;
  char *out, *docs, *cache;
  bool list, force, write_docs, no_cache;
} repro_settings;

static const vt_field fields[] = {
    {"profile", VT_FIELD_CHOICE, offsetof(repro_settings, profile), "std", .choices = VT_PROFILE_CHOICES,
     .help = "how large: minutes, up to 40 minutes, as long as it takes"},
    {"seeds", VT_FIELD_INT, offsetof(repro_settings, seeds), NULL, VT_RANGE(1, 1000),
     .help = "seeds 0 to N-1 [as many as the profile has]"},
    {"out", VT_FIELD_STRING, offsetof(repro_settings, out),
     .help = "folder for result.json [repro-NAME; none with --json]"},
    {"force", VT_FIELD_BOOL, offsetof(repro_settings, force), .help = "replace the result.json of a folder"},
    {"write_docs", VT_FIELD_BOOL, offsetof(repro_settings, write_docs),
     .help = "put what was measured into the paper's page (a complete run only)"},
    {"docs", VT_FIELD_STRING, offsetof(repro_settings, docs), "docs/papers",
     .help = "folder of the pages; --list reads the last verdicts there"},
    {"cache", VT_FIELD_STRING, offsetof(repro_settings, cache),
     .help = "folder of trained models [$VITRAIL_CACHE, or vitrail/models in the user's cache]"},
    {"no_cache", VT_FIELD_BOOL, offsetof(repro_settings, no_cache),
     .help = "train everything again, and keep nothing"},
    {"list", VT_FIELD_BOOL, offsetof(repro_settings, list), .help = "all papers, and how far they are"},
};

/* ---- the list ---- */

static const char *coverage(const vt_paper *paper)
{
  return paper->experiment && paper->state == VT_PAPER_PARTLY ? paper->experiment->coverage : "";
}

static vt_status list_papers(cli *run, const char *docs)
{
  vt_ctx *ctx = run->ctx;
  cli_table table = {0};
  json_t *list = json_array();
  vt_status status = cli_table_row(ctx, &table, ">Paper\tName\tState\tLast verdict\t>Minutes\tTitle");
  for (size_t i = 0; status == VT_OK && i < vt_paper_count; i++) {
    const vt_paper *paper = &vt_papers[i];
    const char *state = vt_paper_state_name(paper->state), *part = coverage(paper);
    char *verdict = NULL;
    status = vt_page_verdict(ctx, paper, docs, &verdict);
    if (status == VT_OK)
      status = cli_table_row(ctx, &table, "%d\t%s\t%s%s%s\t%s\t%d\t%s", paper->number, paper->name, state,
                             *part ? ": " : "", part, *verdict ? verdict : "-", paper->minutes, paper->title);
    if (status == VT_OK)
      json_array_append_new(list, json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:o, s:i}", "number",
                                            paper->number, "name", paper->name, "title", paper->title,
                                            "citation", paper->citation, "state", state, "covered", part,
                                            "verdict", *verdict ? vt_json_outside(verdict) : json_null(),
                                            "minutes", paper->minutes));
    vt_free(verdict);
  }
  json_t *json = json_pack("{s:i, s:O}", "schema_version", 1, "papers", list);
  if (status == VT_OK && run->common.json)
    status = cli_print_json(run, json);
  else if (status == VT_OK) {
    cli_table_print(run, &table);
    printf("\nMinutes: profile std with three seeds on two processors. vitrail repro NAME runs one.\n");
  }
  json_decref(json);
  json_decref(list);
  cli_table_free(&table);
  return status;
}

/* ---- printing ---- */

static const char *title_of(const vt_experiment *experiment, const char *arm)
{
  for (size_t i = 0; i < experiment->arm_count; i++)
    if (strcmp(experiment->arms[i].id, arm) == 0) return experiment->arms[i].title;
  return arm;
}

static vt_status print_group(cli *run, const vt_findings *findings, size_t group)
{
  const vt_experiment *experiment = findings->experiment;
  cli_table table = {0};
  vt_text row = {0};
  char text[80];
  vt_status status = VT_OK;
  printf("%s%s\n", experiment->groups[group].title, experiment->groups[group].control ? " (control)" : "");
  vt_text_add(run->ctx, &row, "Arm");
  for (size_t i = 0; i < experiment->yardstick_count; i++)
    vt_text_addf(run->ctx, &row, "\t>%s %s", experiment->yardsticks[i].title,
                 experiment->yardsticks[i].higher_is_better ? "↑" : "↓");
  for (size_t arm = 0; status == VT_OK; arm++) {
    status = row.failed ? VT_ERROR_OUT_OF_MEMORY : cli_table_row(run->ctx, &table, "%s", row.data);
    vt_text_free(&row);
    row = (vt_text){0};
    if (arm == experiment->arm_count) break;
    vt_text_add(run->ctx, &row, experiment->arms[arm].title);
    for (size_t i = 0; i < experiment->yardstick_count; i++)
      vt_text_addf(run->ctx, &row, "\t%s", vt_cell_text(vt_findings_cell(findings, group, i, arm), text));
  }
  if (status == VT_OK) cli_table_print(run, &table);
  printf("\n");
  cli_table_free(&table);
  return status;
}

static void print_claim(cli *run, const vt_experiment *experiment, const vt_claim *claim,
                        const vt_judgement *judgement)
{
  char estimate[48], low[48], high[48];
  char *need = vt_claim_need_text(run->ctx, experiment, claim);
  printf("  %s\n    %s%s%s; the paper: %s\n    needed %s; measured %s", claim->text,
         title_of(experiment, claim->arm), claim->against ? " against " : "",
         claim->against ? title_of(experiment, claim->against) : "", claim->section, need ? need : "",
         vt_estimate_text(claim->comparison, judgement->estimate, estimate));
  if (!isnan(judgement->interval.low))
    printf(" [%s, %s]", vt_estimate_text(claim->comparison, judgement->interval.low, low),
           vt_estimate_text(claim->comparison, judgement->interval.high, high));
  printf(", %zu %s\n    -> %s\n", judgement->units, experiment->items_independent ? "items" : "seeds",
         vt_verdict_name(judgement->verdict));
  vt_free(need);
}

static void print_control(cli *run, const vt_control *control, const vt_judgement *judgement)
{
  char estimate[48];
  char *need = vt_control_need_text(run->ctx, control);
  double value = control->each ? judgement->extreme : judgement->estimate;
  printf("  %s: %s; must be %s; measured %s\n", vt_verdict_name(judgement->verdict), control->text,
         need ? need : "", vt_estimate_text(control->comparison, value, estimate));
  vt_free(need);
}

static vt_status print_findings(cli *run, const vt_findings *findings)
{
  const vt_experiment *experiment = findings->experiment;
  printf(
      "%d %s: %s\n%s. Covered: %s.\nProfile %s%s, %d of %d seeds; mean ± sd over seeds, intervals 95 %%.\n\n",
      findings->paper->number, findings->paper->name, findings->paper->title, findings->paper->citation,
      experiment->coverage, vt_profile_name(findings->profile), findings->resized ? " with other sizes" : "",
      findings->seeds_done, findings->seeds_asked);
  for (size_t group = 0; group < experiment->group_count; group++)
    VT_TRY(print_group(run, findings, group));
  printf("Claims\n");
  for (size_t i = 0; i < experiment->claim_count; i++)
    print_claim(run, experiment, &experiment->claims[i], &findings->claims[i]);
  printf("\nControls\n");
  for (size_t i = 0; i < experiment->control_count; i++)
    print_control(run, &experiment->controls[i], &findings->controls[i]);
  printf("\nNot measured\n%s\n\nVerdict: %s\n", experiment->not_measured, vt_verdict_name(findings->overall));
  return VT_OK;
}

/* ---- running ---- */

typedef struct repro_work {
  cli *run;
  char *folder, *result; /* NULL: nothing is written */
} repro_work;

static void show_note(void *user, const char *text)
{
  const repro_work *work = user;
  if (work->run->common.quiet) return;
  cli_progress_end();
  fprintf(stderr, "vitrail: %s\n", text);
}

/* After every seed, so that a run that is killed leaves the seeds before. */
static vt_status write_result(void *user, const vt_findings *findings)
{
  repro_work *work = user;
  char *text = NULL;
  if (!work->result) return VT_OK;
  vt_ctx *ctx = work->run->ctx;
  json_t *json = vt_findings_json(ctx, findings);
  if (!json) return VT_ERROR_OUT_OF_MEMORY;
  cli_heed_signals(ctx, false);
  vt_status status = vt_json_text(ctx, json, &text);
  if (status == VT_OK) status = vt_write_file(ctx, work->result, text, strlen(text));
  cli_heed_signals(ctx, true);
  vt_free(text);
  json_decref(json);
  return status;
}

/* Before anything is measured: the folder must take a result. */
static vt_status prepare_folder(repro_work *work, const repro_settings *settings, const char *name)
{
  vt_ctx *ctx = work->run->ctx;
  if (work->run->common.json && !settings->out) return VT_OK;
  if (settings->out && !*settings->out)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "--out: the name of the folder is empty");
  work->run->stage = CLI_OUTPUT;
  work->folder = settings->out ? vt_strdup(ctx, settings->out) : vt_format(ctx, "repro-%s", name);
  if (!work->folder) return VT_ERROR_OUT_OF_MEMORY;
  work->result = vt_path_join(ctx, work->folder, "result.json");
  if (!work->result) return VT_ERROR_OUT_OF_MEMORY;
  if (vt_file_exists(work->result) && !settings->force)
    return vt_fail(ctx, VT_ERROR_EXISTS,
                   "%s exists; choose another place with --out DIR, or overwrite with --force", work->result);
  VT_TRY(vt_make_directory(ctx, work->folder));
  if (access(work->folder, W_OK | X_OK) != 0)
    return vt_fail(ctx, VT_ERROR_IO, "%s: cannot write into it: %s", work->folder, strerror(errno));
  return VT_OK;
}

static bool same_settings(vt_ctx *ctx, const vt_experiment *experiment, const void *a, const void *b)
{
  bool same = true;
  for (size_t i = 0; i < experiment->field_count; i++) {
    char *x = vt_params_text(ctx, &experiment->fields[i], a),
         *y = vt_params_text(ctx, &experiment->fields[i], b);
    same = same && x && y && strcmp(x, y) == 0;
    vt_free(x);
    vt_free(y);
  }
  return same;
}

/* Pages keep what is complete; a run of a moment does not replace one. */
static vt_status write_page(cli *run, const repro_settings *settings, const vt_findings *findings)
{
  if (!settings->write_docs) return VT_OK;
  if (findings->ended) {
    cli_warn(run, "the page is left as it is, since the run is not complete");
    return VT_OK;
  }
  run->stage = CLI_OUTPUT;
  VT_TRY(vt_page_write(run->ctx, findings, settings->docs));
  cli_note(run, "page of %s written in %s", findings->paper->name, settings->docs);
  return VT_OK;
}

static vt_status conclude(cli *run, const vt_findings *findings)
{
  size_t fails = vt_findings_count(findings, VT_FAILS), unsound = vt_findings_count(findings, VT_UNSOUND);
  if (findings->ended) {
    run->ended = VT_ERROR_INTERRUPTED;
    cli_warn(run, "interrupted after %d of %d seeds; what was measured stands in the result",
             findings->seeds_done, findings->seeds_asked);
    return VT_OK;
  }
  run->stage = CLI_RUN;
  if (unsound)
    return vt_fail(run->ctx, VT_ERROR_RUNTIME,
                   "%s: a control failed, so the result may be trivial or unsound; it supports no claim",
                   findings->paper->name);
  if (fails)
    return vt_fail(run->ctx, VT_ERROR_RUNTIME, "%s: the direction of %zu of %zu claims is not shown",
                   findings->paper->name, fails, findings->experiment->claim_count);
  return VT_OK;
}

static vt_status run_paper(cli *run, const repro_settings *settings, const vt_paper *paper, void *sizes)
{
  const vt_experiment *experiment = paper->experiment;
  repro_work work = {.run = run};
  vt_repro_options options = {.profile = settings->profile,
                              .seeds = settings->seeds ? (int)settings->seeds
                                                       : experiment->seeds[settings->profile],
                              .settings = sizes,
                              .note = show_note,
                              .seed_done = write_result,
                              .user = &work};
  vt_findings *findings = NULL;
  vt_cache *cache = NULL;
  vt_status status;
  void *usual = vt_alloc_zero(run->ctx, 1, experiment->settings_size + 1);
  if (!usual) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY_DONE(vt_profile_settings(run->ctx, experiment, settings->profile, usual));
  options.resized = !same_settings(run->ctx, experiment, sizes, usual);
  vt_params_free(experiment->fields, experiment->field_count, usual);
  VT_TRY_DONE(prepare_folder(&work, settings, paper->name));
  run->stage = CLI_RUN;
  if (!settings->no_cache && vt_cache_open(run->ctx, settings->cache, &cache) != VT_OK) {
    if (settings->cache) { /* asked for */
      status = vt_ctx_status(run->ctx);
      goto done;
    }
    cli_warn(run, "%s; nothing is cached", vt_ctx_message(run->ctx));
    vt_ctx_clear(run->ctx);
  }
  options.cache = cache;
  VT_TRY_DONE(vt_repro_run(run->ctx, paper, &options, &findings));
  cli_progress_end();
  VT_TRY_DONE(write_result(&work, findings));
  VT_TRY_DONE(write_page(run, settings, findings));
  if (run->common.json) {
    json_t *json = vt_findings_json(run->ctx, findings);
    status = json ? cli_print_json(run, json) : VT_ERROR_OUT_OF_MEMORY;
    json_decref(json);
  } else {
    status = print_findings(run, findings);
    if (status == VT_OK && work.result) printf("Everything measured: %s\n", work.result);
  }
  if (status == VT_OK) status = conclude(run, findings);
done:
  vt_findings_free(findings);
  vt_cache_close(cache);
  vt_free(work.folder);
  vt_free(work.result);
  vt_free(usual);
  return status;
}

/* The argument that names a paper with an experiment: its sizes become options. One behind an option may be
 * that option's value, so it counts only when there is no other. */
static const vt_paper *named_paper(int argc, char **argv)
{
  const vt_paper *behind = NULL;
  for (int i = 0; i < argc; i++) {
    const vt_paper *paper = vt_paper_find(argv[i]);
    if (!paper || !paper->experiment) continue;
    if (i == 0 || argv[i - 1][0] != '-') return paper;
    behind = paper;
  }
  return behind;
}

/* Its sizes, as --profile has them until an option says otherwise. */
static vt_status add_sizes(cli *run, cli_options *options, const vt_experiment *experiment, int argc,
                           char **argv, void **sizes)
{
  const char *profile = cli_options_peek(argc, argv, "profile");
  *sizes = vt_alloc_zero(run->ctx, 1, experiment->settings_size + 1);
  if (!*sizes) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(cli_options_add(run, options, "Sizes of this experiment", experiment->fields,
                         experiment->field_count, *sizes, experiment->settings_size));
  for (int i = 0; profile && i < VT_PROFILES; i++)
    if (strcmp(profile, vt_profile_name(i)) == 0) {
      vt_params_free(experiment->fields, experiment->field_count, *sizes);
      VT_TRY(vt_profile_settings(run->ctx, experiment, i, *sizes));
    }
  return VT_OK;
}

static vt_status repro(cli *run, int argc, char **argv)
{
  repro_settings settings;
  cli_options options = {0};
  void *sizes = NULL;
  vt_status status;
  const vt_paper *named = named_paper(argc, argv), *paper;
  VT_TRY_DONE(
      cli_options_add(run, &options, "Options", fields, VT_COUNT(fields), &settings, sizeof settings));
  if (named) VT_TRY_DONE(add_sizes(run, &options, named->experiment, argc, argv, &sizes));
  VT_TRY_DONE(cli_options_read(run, &options, argc, argv, 0, 1, "NAME"));
  if (run->common.help) goto done;
  if (settings.list) {
    status = list_papers(run, settings.docs);
    goto done;
  }
  if (options.operand_count == 0) {
    status = vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT,
                     "NAME is missing; vitrail repro --list shows all papers");
    goto done;
  }
  VT_TRY_DONE(vt_paper_choose(run->ctx, options.operands[0], &paper));
  status = paper == named ? run_paper(run, &settings, paper, sizes)
                          : vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "put NAME before the options");
done:
  cli_options_free(&options);
  vt_free(sizes);
  return status;
}

const cli_verb cli_repro = {
    .name = "repro",
    .operands = "NAME",
    .summary = "the experiment of a paper: its claims next to what was measured",
    .examples = "  vitrail repro --list                      all papers, and how far they are\n"
                "  vitrail repro lima --profile quick        a first look\n"
                "  vitrail repro lima --seeds 5 --out lima   more seeds, everything in lima/result.json\n"
                "  vitrail repro lima --write-docs           … and on the page docs/papers/01-lima.md\n",
    .description =
        "Prints each claim of the paper in our words with what was measured, paired differences with "
        "intervals, and a verdict: holds; direction holds, margin missed; fails; trivial or unsound when a "
        "control "
        "failed. DIR/result.json holds every measurement and is written after each seed. The same seeds "
        "give the same bytes but for its member \"timing\". --write-docs replaces the part between the two "
        "marks of "
        "the paper's page and leaves the rest. Exit code 1 when the direction of a claim is not shown or a "
        "control failed, 0 when only a margin was missed.",
    .run = repro,
};
