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
#include "cli/repro.h"
#include "cli/terminal.h"
#include "explain/explanation.h"
#include "papers/findings.h"

typedef struct repro_settings {
  int profile;
  int64_t seeds;
  char *part, *out, *docs, *cache;
  bool list, force, write_docs, no_cache;
} repro_settings;

static const vt_field fields[] = {
    {"profile", VT_FIELD_CHOICE, offsetof(repro_settings, profile), "std", .choices = VT_PROFILE_CHOICES,
     .help = "how large: minutes, up to 40 minutes, as long as it takes"},
    {"seeds", VT_FIELD_INT, offsetof(repro_settings, seeds), NULL, VT_RANGE(1, 1000),
     .help = "seeds 0 to N-1 [as many as the profile has]"},
    {"part", VT_FIELD_STRING, offsetof(repro_settings, part),
     .help = "parts of the paper, \"a,b\" [those of the profile]"},
    {"out", VT_FIELD_STRING, offsetof(repro_settings, out),
     .help = "folder for PART/result.json [repro-NAME; none with --json]"},
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

/* "planted, speed": the parts of a paper that is not complete. */
static const char *parts_text(vt_ctx *ctx, const vt_paper *paper, vt_text *out)
{
  for (size_t i = 0; paper->state == VT_PAPER_PARTLY && i < paper->part_count; i++)
    vt_text_addf(ctx, out, "%s%s", i ? ", " : "", paper->parts[i].id);
  return out->data ? out->data : "";
}

static json_t *parts_json(const vt_paper *paper)
{
  json_t *list = json_array();
  for (size_t i = 0; i < paper->part_count; i++)
    json_array_append_new(list,
                          json_pack("{s:s, s:s, s:s}", "id", paper->parts[i].id, "title",
                                    paper->parts[i].title, "covered", paper->parts[i].experiment->coverage));
  return list;
}

static vt_status list_papers(cli *run, const char *docs)
{
  vt_ctx *ctx = run->ctx;
  cli_table table = {0};
  json_t *list = json_array();
  vt_status status = cli_table_row(ctx, &table, ">Paper\tName\tState\tLast verdict\t>Minutes\tTitle");
  for (size_t i = 0; status == VT_OK && i < vt_paper_count; i++) {
    const vt_paper *paper = &vt_papers[i];
    const char *state = vt_paper_state_name(paper->state);
    vt_text parts = {0};
    const char *part = parts_text(ctx, paper, &parts);
    char *verdict = NULL;
    status = vt_page_verdict(ctx, paper, docs, &verdict);
    if (status == VT_OK)
      status = cli_table_row(ctx, &table, "%d\t%s\t%s%s%s\t%s\t%d\t%s", paper->number, paper->name, state,
                             *part ? ": " : "", part, *verdict ? verdict : "-", paper->minutes, paper->title);
    if (status == VT_OK)
      json_array_append_new(
          list, json_pack("{s:i, s:s, s:s, s:s, s:s, s:o, s:o, s:i}", "number", paper->number, "name",
                          paper->name, "title", paper->title, "citation", paper->citation, "state", state,
                          "parts", parts_json(paper), "verdict",
                          *verdict ? vt_json_outside(verdict) : json_null(), "minutes", paper->minutes));
    vt_free(verdict);
    vt_text_free(&parts);
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

/* ---- running ---- */

/* A run of some parts of a paper. */
typedef struct repro_work {
  cli *run;
  const repro_settings *settings;
  const vt_paper *paper;
  const vt_paper_piece *parts[32]; /* chosen */
  size_t part_count;
  void *sizes; /* of the only part, as the options have them; NULL with several */
  vt_cache *cache;
  json_t *all; /* of --json with several parts */
  size_t fails, unsound, claims, ended;
  /* of the part that runs */
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

static bool writes_files(const repro_work *work)
{
  return !work->run->common.json || work->settings->out;
}

static void close_place(repro_work *work)
{
  vt_free(work->folder);
  vt_free(work->result);
  work->folder = work->result = NULL;
}

/* Folder and result of a part. */
static vt_status open_place(repro_work *work, const vt_paper_piece *part)
{
  vt_ctx *ctx = work->run->ctx;
  const char *out = work->settings->out;
  char *whole = out ? vt_strdup(ctx, out) : vt_format(ctx, "repro-%s", work->paper->name);
  close_place(work);
  work->folder = whole ? vt_path_join(ctx, whole, part->id) : NULL;
  work->result = work->folder ? vt_path_join(ctx, work->folder, "result.json") : NULL;
  vt_free(whole);
  return work->result ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

/* Before anything is measured: the folders must take the results. */
static vt_status prepare_folders(repro_work *work)
{
  vt_ctx *ctx = work->run->ctx;
  if (!writes_files(work)) return VT_OK;
  if (work->settings->out && !*work->settings->out)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "--out: the name of the folder is empty");
  work->run->stage = CLI_OUTPUT;
  for (size_t i = 0; i < work->part_count; i++) {
    VT_TRY(open_place(work, work->parts[i]));
    if (vt_file_exists(work->result) && !work->settings->force)
      return vt_fail(ctx, VT_ERROR_EXISTS,
                     "%s exists; choose another place with --out DIR%s, or overwrite with --force",
                     work->result, work->paper->part_count > 1 ? " or other parts with --part" : "");
    VT_TRY(vt_make_directory(ctx, work->folder));
    if (access(work->folder, W_OK | X_OK) != 0)
      return vt_fail(ctx, VT_ERROR_IO, "%s: cannot write into it: %s", work->folder, strerror(errno));
  }
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
  cli_note(run, "%s of %s written into its page in %s", findings->part->id, findings->paper->name,
           settings->docs);
  return VT_OK;
}

static vt_status show_findings(repro_work *work, const vt_findings *findings)
{
  cli *run = work->run;
  if (run->common.json) {
    json_t *json = vt_findings_json(run->ctx, findings);
    if (!json) return VT_ERROR_OUT_OF_MEMORY;
    if (work->all) return json_array_append_new(work->all, json) == 0 ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
    vt_status status = cli_print_json(run, json);
    json_decref(json);
    return status;
  }
  VT_TRY(cli_print_findings(run, findings));
  if (work->result) printf("Everything measured: %s\n", work->result);
  return VT_OK;
}

/* `sizes`: what is run; `usual`: those of the profile. */
static vt_status run_part(repro_work *work, const vt_paper_piece *part, void *sizes, const void *usual)
{
  cli *run = work->run;
  const vt_experiment *experiment = part->experiment;
  const repro_settings *settings = work->settings;
  vt_findings *findings = NULL;
  if (writes_files(work)) VT_TRY(open_place(work, part));
  vt_repro_options options = {.profile = settings->profile,
                              .seeds = settings->seeds ? (int)settings->seeds
                                                       : experiment->seeds[settings->profile],
                              .resized = !same_settings(run->ctx, experiment, sizes, usual),
                              .settings = sizes,
                              .cache = work->cache,
                              .folder = work->folder,
                              .note = show_note,
                              .seed_done = write_result,
                              .user = work};
  run->stage = CLI_RUN;
  VT_TRY(vt_repro_run(run->ctx, work->paper, part, &options, &findings));
  cli_progress_end();
  vt_status status = write_result(work, findings);
  if (status == VT_OK) status = write_page(run, settings, findings);
  if (status == VT_OK) status = show_findings(work, findings);
  work->claims += experiment->claim_count;
  work->fails += vt_findings_count(findings, VT_FAILS);
  work->unsound += vt_findings_count(findings, VT_UNSOUND);
  if (findings->ended) {
    work->ended++;
    cli_warn(run, "interrupted after %d of %d seeds; what was measured stands in the result",
             findings->seeds_done, findings->seeds_asked);
  }
  vt_findings_free(findings);
  return status;
}

static vt_status run_part_sized(repro_work *work, const vt_paper_piece *part)
{
  const vt_experiment *experiment = part->experiment;
  vt_ctx *ctx = work->run->ctx;
  int profile = work->settings->profile;
  void *usual = vt_alloc_zero(ctx, 1, experiment->settings_size + 1);
  vt_status status = usual ? vt_profile_settings(ctx, experiment, profile, usual) : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = run_part(work, part, work->sizes ? work->sizes : usual, usual);
  if (usual) vt_params_free(experiment->fields, experiment->field_count, usual);
  vt_free(usual);
  return status;
}

static vt_status conclude(const repro_work *work)
{
  cli *run = work->run;
  if (work->ended) {
    run->ended = VT_ERROR_INTERRUPTED;
    return VT_OK;
  }
  run->stage = CLI_RUN;
  if (work->unsound)
    return vt_fail(run->ctx, VT_ERROR_RUNTIME,
                   "%s: a control failed, so the result may be trivial or unsound; it supports no claim",
                   work->paper->name);
  if (work->fails)
    return vt_fail(run->ctx, VT_ERROR_RUNTIME, "%s: the direction of %zu of %zu claims is not shown",
                   work->paper->name, work->fails, work->claims);
  return VT_OK;
}

static vt_status run_paper(repro_work *work)
{
  cli *run = work->run;
  const repro_settings *settings = work->settings;
  vt_status status;
  VT_TRY_DONE(prepare_folders(work));
  run->stage = CLI_RUN;
  if (!settings->no_cache && vt_cache_open(run->ctx, settings->cache, &work->cache) != VT_OK) {
    if (settings->cache) { /* asked for */
      status = vt_ctx_status(run->ctx);
      goto done;
    }
    cli_warn(run, "%s; nothing is cached", vt_ctx_message(run->ctx));
    vt_ctx_clear(run->ctx);
  }
  if (run->common.json && work->part_count > 1 && !(work->all = json_array())) {
    status = VT_ERROR_OUT_OF_MEMORY;
    goto done;
  }
  for (size_t i = 0; i < work->part_count && !work->ended; i++) {
    if (i && !run->common.json) printf("\n");
    VT_TRY_DONE(run_part_sized(work, work->parts[i]));
  }
  if (work->all) VT_TRY_DONE(cli_print_json(run, work->all));
  status = conclude(work);
done:
  json_decref(work->all);
  vt_cache_close(work->cache);
  close_place(work);
  return status;
}

/* ---- reading ---- */

/* The argument that names a paper with an experiment: its sizes become options. One behind an option may be
 * that option's value, so it counts only when there is no other. */
static const vt_paper *named_paper(int argc, char **argv)
{
  const vt_paper *behind = NULL;
  for (int i = 0; i < argc; i++) {
    const vt_paper *paper = vt_paper_find(argv[i]);
    if (!paper || !paper->part_count) continue;
    if (i == 0 || argv[i - 1][0] != '-') return paper;
    behind = paper;
  }
  return behind;
}

/* The parts that `names` ("a,b"; NULL: those of the profile) means, in the order of the paper. */
static vt_status choose_parts(repro_work *work, const vt_paper *paper, const char *names, int profile)
{
  vt_ctx *ctx = work->run->ctx;
  bool chosen[VT_COUNT(work->parts)] = {false};
  work->paper = paper;
  for (const char *at = names; at && *at;) {
    char id[64];
    size_t length = strcspn(at, ",");
    snprintf(id, sizeof id, "%.*s", (int)(length < sizeof id ? length : sizeof id - 1), at);
    at += length + (at[length] == ',');
    const vt_paper_piece *part = vt_paper_part(paper, id);
    if (!part) {
      const char *ids[VT_COUNT(work->parts)];
      char suggestion[VT_SUGGESTION];
      vt_text there = {0};
      for (size_t i = 0; i < paper->part_count; i++) {
        ids[i] = paper->parts[i].id;
        vt_text_addf(ctx, &there, "%s%s", i ? ", " : "", ids[i]);
      }
      (void)vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "--part: %s has no part '%s'%s (parts: %s)", paper->name,
                    id, vt_suggestion(vt_nearest(id, ids, paper->part_count), suggestion),
                    there.data ? there.data : "");
      vt_text_free(&there);
      return VT_ERROR_INVALID_ARGUMENT;
    }
    chosen[part - paper->parts] = true;
  }
  for (size_t i = 0; i < paper->part_count && i < VT_COUNT(work->parts); i++)
    if (names ? chosen[i] : paper->parts[i].profiles >> profile & 1)
      work->parts[work->part_count++] = &paper->parts[i];
  return work->part_count
             ? VT_OK
             : vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s has no part in profile %s; name one with --part",
                       paper->name, vt_profile_name(profile));
}

static int peek_profile(int argc, char **argv)
{
  const char *name = cli_options_peek(argc, argv, "profile");
  for (int i = 0; name && i < VT_PROFILES; i++)
    if (strcmp(name, vt_profile_name(i)) == 0) return i;
  return VT_PROFILE_STD;
}

/* The sizes of the only part become options, as the profile has them until an option says otherwise. */
static vt_status add_sizes(repro_work *work, cli_options *options, int profile)
{
  const vt_experiment *experiment = work->parts[0]->experiment;
  vt_ctx *ctx = work->run->ctx;
  work->sizes = vt_alloc_zero(ctx, 1, experiment->settings_size + 1);
  if (!work->sizes) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(cli_options_add(work->run, options, "Sizes of this experiment", experiment->fields,
                         experiment->field_count, work->sizes, experiment->settings_size));
  vt_params_free(experiment->fields, experiment->field_count, work->sizes);
  return vt_profile_settings(ctx, experiment, profile, work->sizes);
}

/* Under the help of a paper. */
static void print_parts(const repro_work *work, int profile)
{
  printf("\nParts of %s (* in profile %s)\n", work->paper->name, vt_profile_name(profile));
  for (size_t i = 0; i < work->paper->part_count; i++) {
    const vt_paper_piece *part = &work->paper->parts[i];
    printf("  %s %-16s %s\n", part->profiles >> profile & 1 ? "*" : " ", part->id, part->title);
  }
  if (work->part_count > 1) printf("With --part and one of them, its sizes become options.\n");
}

static vt_status repro(cli *run, int argc, char **argv)
{
  repro_settings settings;
  cli_options options = {0};
  repro_work work = {.run = run, .settings = &settings};
  vt_status status;
  const vt_paper *named = named_paper(argc, argv), *paper;
  VT_TRY_DONE(
      cli_options_add(run, &options, "Options", fields, VT_COUNT(fields), &settings, sizeof settings));
  if (named) {
    int profile = peek_profile(argc, argv);
    VT_TRY_DONE(choose_parts(&work, named, cli_options_peek(argc, argv, "part"), profile));
    if (work.part_count == 1) VT_TRY_DONE(add_sizes(&work, &options, profile));
  }
  VT_TRY_DONE(cli_options_read(run, &options, argc, argv, 0, 1, "NAME"));
  if (run->common.help) {
    if (named) print_parts(&work, peek_profile(argc, argv));
    goto done;
  }
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
  status = paper == named ? run_paper(&work)
                          : vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "put NAME before the options");
done:
  cli_options_free(&options);
  vt_free(work.sizes);
  return status;
}

const cli_verb cli_repro = {
    .name = "repro",
    .operands = "NAME",
    .summary = "the experiment of a paper: its claims next to what was measured",
    .examples =
        "  vitrail repro --list                      all papers, and how far they are\n"
        "  vitrail repro lima --profile quick        a first look\n"
        "  vitrail repro lima --part planted         one part of it, whose sizes are options then\n"
        "  vitrail repro lima --seeds 5 --out lima   more seeds, everything in lima/PART/result.json\n"
        "  vitrail repro lima --write-docs           … and on the page docs/papers/01-lima.md\n",
    .description =
        "Prints each claim of the paper in our words with what was measured, paired differences with "
        "intervals, and a verdict: holds; direction holds, margin missed; fails; trivial or unsound when a "
        "control "
        "failed. A paper may have several parts, which are run, judged and stored apart. "
        "DIR/PART/result.json holds every measurement and is written after each seed. The same seeds "
        "give the same bytes but for its member \"timing\". --write-docs replaces what stands between the "
        "two "
        "marks of each part on the paper's page and leaves the rest. Exit code 1 when the direction of a "
        "claim is not shown or a "
        "control failed, 0 when only a margin was missed.",
    .run = repro,
};
