/* SPDX-License-Identifier: Apache-2.0
 *
 * vitrail truth: methods against the exact truth of a world.
 */
#include <math.h>

#include "cli/explain.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "papers/part_study.h"
#include "report/part_picture.h"

typedef struct truth_settings {
  char *methods, *regions, *out;
  int64_t count, seeds, seed, pictures;
  int split, class_score;
  vt_texts set;
  bool true_parts, force;
} truth_settings;

static const vt_field fields[] = {
    {"methods", VT_FIELD_STRING, offsetof(truth_settings, methods), "lima,grad-cam,integrated-gradients,rise",
     .help = "methods to compare, with their own defaults; see 'vitrail methods'"},
    {"count", VT_FIELD_INT, offsetof(truth_settings, count), "100", VT_RANGE(1, 1000000),
     .help = "scenes of each seed; those the model gets wrong are left out and not counted"},
    {"seeds", VT_FIELD_INT, offsetof(truth_settings, seeds), "3", VT_RANGE(1, 1000),
     .help = "worlds with seeds that follow each other"},
    {"seed", VT_FIELD_INT, offsetof(truth_settings, seed), "1", VT_RANGE(0, 9e15),
     .help = "the first of them"},
    {"split", VT_FIELD_CHOICE, offsetof(truth_settings, split), "test", .choices = "train|validation|test",
     .help = "which part of a world, none of which share a scene"},
    {"set", VT_FIELD_TEXTS, offsetof(truth_settings, set),
     .help = "a setting of the world as NAME=VALUE; may be given several times"},
    {"class_score", VT_FIELD_CHOICE, offsetof(truth_settings, class_score), "auto",
     .choices = "auto|probability|logit|log-probability|margin",
     .help = "the number explained; auto: the logit for methods that look inside, else the probability",
     .aliases = "score"},
    {"regions", VT_FIELD_STRING, offsetof(truth_settings, regions), "slico",
     .help = "division for methods that rank regions, and for the purity of maps"},
    {"true_parts", VT_FIELD_BOOL, offsetof(truth_settings, true_parts), "true",
     .help = "methods that rank regions once more with the scene's parts as regions"},
    {"pictures", VT_FIELD_INT, offsetof(truth_settings, pictures), "1", VT_RANGE(0, 100000),
     .help = "how many scenes are drawn with their maps into the folder of --out"},
    {"out", VT_FIELD_STRING, offsetof(truth_settings, out),
     .help = "folder for result.json, tables.md and the pictures; it must not exist [nowhere]"},
    {"force", VT_FIELD_BOOL, offsetof(truth_settings, force), .help = "write into a folder that exists"},
};

typedef struct truth_work {
  cli *run;
  truth_settings settings;
  cli_folder folder;
  vt_text markdown;
  int64_t drawn;
} truth_work;

/* ---- pictures ---- */

static vt_status describe(const truth_work *work, const vt_study *study, int arm, const vt_study_row *row,
                          const float *map, char lines[3][64], vt_shown_map *out)
{
  VT_UNUSED(work);
  char number[32];
  const double *values = row->values;
  snprintf(lines[0], 64, "pointing game %s",
           vt_number_text(round(100 * values[VT_STUDY_POINTING]) / 100, number));
  snprintf(lines[1], 64, "mass inside %s",
           vt_number_text(round(100 * values[VT_STUDY_MASS_LEAST]) / 100, number));
  snprintf(lines[2], 64, "rank correlation %s",
           vt_number_text(round(100 * values[VT_STUDY_CORRELATION]) / 100, number));
  *out = (vt_shown_map){.title = study->arms[arm].title, .map = map, .lines = {lines[0], lines[1], lines[2]}};
  return VT_OK;
}

static vt_status draw(vt_ctx *ctx, const truth_work *work, const vt_study *study, const vt_part_truth *truth,
                      const vt_study_row *rows, float *const *maps, vt_image **out)
{
  int count = 0;
  vt_shown_part *parts = vt_alloc_zero(ctx, (size_t)truth->count + 1, sizeof *parts);
  vt_shown_map *shown = vt_alloc_zero(ctx, (size_t)study->arm_count, sizeof *shown);
  char(*lines)[3][64] = vt_alloc_zero(ctx, (size_t)study->arm_count, sizeof *lines);
  vt_status status = parts && shown && lines ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (int p = 0; status == VT_OK && p < truth->count; p++)
    parts[p] = (vt_shown_part){truth->parts[p].name, truth->parts[p].mask, truth->parts[p].logit};
  for (int a = 0; status == VT_OK && a < study->arm_count; a++)
    if (study->arms[a].kind == VT_STUDY_METHOD) {
      status = describe(work, study, a, &rows[a], maps[a], lines[count], &shown[count]);
      count++;
    }
  char title[96];
  snprintf(title, sizeof title, "seed %llu, scene %lld", (unsigned long long)rows->seed,
           (long long)rows->item);
  if (status == VT_OK)
    status =
        vt_part_picture(ctx, truth->picture, title, truth->deciding, parts, truth->count, shown, count, out);
  vt_free(parts);
  vt_free(shown);
  vt_free(lines);
  return status;
}

static vt_status show(vt_ctx *ctx, void *user, const vt_study *study, const vt_part_truth *truth,
                      const vt_study_row *rows, float *const *maps)
{
  truth_work *work = user;
  if (!work->folder.work || work->drawn >= work->settings.pictures) return VT_OK;
  vt_image *image = NULL;
  char *path = vt_format(ctx, "%s/scene-%llu-%lld.png", work->folder.work, (unsigned long long)rows->seed,
                         (long long)rows->item);
  vt_status status = path ? draw(ctx, work, study, truth, rows, maps, &image) : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = vt_image_write_png(ctx, image, path, NULL);
  vt_image_free(image);
  vt_free(path);
  work->drawn++;
  return status;
}

/* ---- tables ---- */

/* The rows as a table of Markdown; a column whose heading starts with '>' is set to the right. */
static void add_markdown(truth_work *work, const cli_table *table)
{
  vt_ctx *ctx = work->run->ctx;
  for (size_t i = 0; i < table->count; i++) {
    vt_text_add(ctx, &work->markdown, "| ");
    for (const char *at = table->rows[i]; *at; at++)
      if (*at == '\t')
        vt_text_add(ctx, &work->markdown, " | ");
      else if (i > 0 || *at != '>')
        vt_text_add_bytes(ctx, &work->markdown, at, 1);
    vt_text_add(ctx, &work->markdown, " |\n");
    if (i > 0) continue;
    vt_text_add(ctx, &work->markdown, *table->rows[0] == '>' ? "|---:" : "|---");
    for (const char *at = table->rows[0]; *at; at++)
      if (*at == '\t') vt_text_add(ctx, &work->markdown, at[1] == '>' ? "|---:" : "|---");
    vt_text_add(ctx, &work->markdown, "|\n");
  }
  vt_text_add(ctx, &work->markdown, "\n");
}

/* Prints it (unless JSON is wanted), keeps it for tables.md, and frees it. */
static void give_table(truth_work *work, const char *title, cli_table *table)
{
  vt_text_addf(work->run->ctx, &work->markdown, "%s\n\n", title);
  add_markdown(work, table);
  if (work->run->common.json) {
    cli_table_free(table);
    return;
  }
  printf("%s\n\n", title);
  cli_table_print(work->run, table);
  printf("\n");
}

/* A cell "0.83 ± 0.02" of mean and spread over seeds; "–" where nothing is defined. */
static const char *cell(const vt_study_summary *summary, char buffer[48])
{
  if (!summary->count || isnan(summary->mean))
    snprintf(buffer, 48, "–");
  else if (isnan(summary->spread))
    snprintf(buffer, 48, "%.3f", summary->mean);
  else
    snprintf(buffer, 48, "%.3f ± %.3f", summary->mean, summary->spread);
  return buffer;
}

static vt_status table_of(truth_work *work, const vt_study *study, const char *title, const char *heading,
                          const int *values, int count)
{
  vt_ctx *ctx = work->run->ctx;
  cli_table table = {0};
  vt_status status = cli_table_row(ctx, &table, "%s", heading);
  for (int a = 0; status == VT_OK && a < study->arm_count; a++) {
    vt_text row = {0};
    vt_text_add(ctx, &row, study->arms[a].title);
    for (int v = 0; status == VT_OK && v < count; v++) {
      vt_study_summary summary;
      char buffer[48];
      status = vt_study_summarise(ctx, study, a, values[v], &summary);
      if (status != VT_OK) break;
      if (values[v] == VT_STUDY_CALLS || values[v] == VT_STUDY_SECONDS)
        snprintf(buffer, sizeof buffer, summary.count ? "%.*f" : "–", values[v] == VT_STUDY_CALLS ? 0 : 3,
                 summary.mean);
      else
        cell(&summary, buffer);
      vt_text_addf(ctx, &row, "\t%s", buffer);
    }
    if (status == VT_OK) status = cli_table_row(ctx, &table, "%s", row.data ? row.data : "");
    vt_text_free(&row);
  }
  if (status == VT_OK)
    give_table(work, title, &table);
  else
    cli_table_free(&table);
  return status;
}

/* Levels of two values and their paired differences to the first method. */
static vt_status interval_table(truth_work *work, const vt_study *study, const char *title,
                                const char *heading, const int values[2])
{
  vt_ctx *ctx = work->run->ctx;
  cli_table table = {0};
  vt_status status = cli_table_row(ctx, &table, "%s", heading);
  for (int a = 0; status == VT_OK && a < study->arm_count; a++) {
    vt_text row = {0};
    vt_text_add(ctx, &row, study->arms[a].title);
    for (int v = 0; status == VT_OK && v < 2; v++) {
      vt_study_summary level, difference;
      status = vt_study_summarise(ctx, study, a, values[v], &level);
      if (status == VT_OK) status = vt_study_compare(ctx, study, a, 0, values[v], &difference);
      if (status != VT_OK) break;
      if (level.count)
        vt_text_addf(ctx, &row, "\t%.3f [%.3f, %.3f]", level.mean, level.interval.low, level.interval.high);
      else
        vt_text_add(ctx, &row, "\t–");
      if (a > 0 && difference.count)
        vt_text_addf(ctx, &row, "\t%+.3f [%+.3f, %+.3f]", difference.mean, difference.interval.low,
                     difference.interval.high);
      else
        vt_text_add(ctx, &row, "\t");
      vt_text_addf(ctx, &row, "\t%lld", (long long)study->scenes - (long long)level.count);
    }
    if (status == VT_OK) status = cli_table_row(ctx, &table, "%s", row.data ? row.data : "");
    vt_text_free(&row);
  }
  if (status == VT_OK)
    give_table(work, title, &table);
  else
    cli_table_free(&table);
  return status;
}

static vt_status effect_table(truth_work *work, const vt_study *study)
{
  vt_ctx *ctx = work->run->ctx;
  cli_table table = {0};
  vt_status status = cli_table_row(ctx, &table,
                                   "Parts\tDecide\t>Count\t>Effect on the logit\t>Its size\t>95 %% "
                                   "below\t>Effect on the probability\t>Its size\t>Answer changes");
  for (int k = 0; status == VT_OK && k < VT_PART_KINDS; k++) {
    vt_study_effect effect;
    status = vt_study_effect_of(ctx, study, (vt_part_kind)k, &effect);
    if (status == VT_OK && effect.count)
      status = cli_table_row(ctx, &table, "%s\t%s\t%zu\t%.3f\t%.3f\t%.3f\t%.4f\t%.4f\t%.1f %%",
                             vt_part_kind_names[k], vt_part_decides((vt_part_kind)k) ? "yes" : "no",
                             effect.count, effect.logit, effect.logit_size, effect.logit_high,
                             effect.probability, effect.probability_size, 100 * effect.flips);
  }
  if (status == VT_OK)
    give_table(work, "What the model loses without a part (mean, mean size):", &table);
  else
    cli_table_free(&table);
  return status;
}

static vt_status give_tables(truth_work *work, const vt_study *study)
{
  static const int where[] = {VT_STUDY_POINTING,   VT_STUDY_TOLERANT,   VT_STUDY_TOP_PART,
                              VT_STUDY_MASS,       VT_STUDY_MASS_LEAST, VT_STUDY_RANK,
                              VT_STUDY_PURITY_ONE, VT_STUDY_PURITY,     VT_STUDY_PURITY_KEEP};
  static const int worth[] = {VT_STUDY_CORRELATION, VT_STUDY_BY_SUM, VT_STUDY_BY_MEAN,
                              VT_STUDY_PROBABILITY, VT_STUDY_WITHIN, VT_STUDY_PER_PIXEL,
                              VT_STUDY_FIRST,       VT_STUDY_CALLS,  VT_STUDY_SECONDS};
  static const int places[2] = {VT_STUDY_POINTING, VT_STUDY_PURITY},
                   effects[2] = {VT_STUDY_CORRELATION, VT_STUDY_PER_PIXEL};
  char title[256];
  snprintf(
      title, sizeof title,
      "%lld scenes of %s (%s, %d seed%s from %llu), %lld more that the model gets wrong. Mean ± spread over "
      "seeds; the parts that decide cover %.1f %% of a picture.",
      (long long)study->scenes, study->options->world, vt_split_name(study->options->split),
      study->options->seeds, study->options->seeds == 1 ? "" : "s", (unsigned long long)study->options->seed,
      (long long)study->wrong, 100 * study->area);
  vt_text_addf(work->run->ctx, &work->markdown, "%s\n\n", title);
  if (!work->run->common.json) printf("%s\n\n", title);
  VT_TRY(table_of(work, study, "Does it point at the parts that decide:",
                  "Method\t>Pointing game\t>… 15 px of 224 off\t>… at the part worth most\t>Mass "
                  "inside\t>… above the least\t>Rank accuracy\t>Purity: first region\t>… at the area\t>… of "
                  "what keeps 0.9",
                  where, VT_COUNT(where)));
  VT_TRY(table_of(work, study, "Does it rank parts as the model does:",
                  "Method\t>Rank correlation\t>… by sum\t>… by mean\t>… with the probability\t>… in the "
                  "thing\t>… there, per pixel\t>Part worth most is first\t>Calls\t>Seconds",
                  worth, VT_COUNT(worth)));
  VT_TRY(interval_table(work, study,
                        "Means with 95 % bootstrap intervals over scenes, paired differences to the first "
                        "method, and how many scenes have no value:",
                        "Method\tPointing game\tless the first's\t>Undefined\tPurity at the area\tless the "
                        "first's\t>Undefined",
                        places));
  VT_TRY(interval_table(work, study, "The same of the ranking:",
                        "Method\tRank correlation\tless the first's\t>Undefined\t… in the thing, per "
                        "pixel\tless the first's\t>Undefined",
                        effects));
  return effect_table(work, study);
}

/* ---- the run ---- */

static vt_status write_text(truth_work *work, const char *name, const char *text)
{
  vt_ctx *ctx = work->run->ctx;
  char *path = vt_path_join(ctx, work->folder.work, name);
  vt_status status = path ? vt_write_file(ctx, path, text, strlen(text)) : VT_ERROR_OUT_OF_MEMORY;
  vt_free(path);
  return status;
}

static vt_status give(truth_work *work, const vt_study *study, const vt_model *model)
{
  vt_ctx *ctx = work->run->ctx;
  json_t *json;
  char *text = NULL;
  VT_TRY(give_tables(work, study));
  VT_TRY(vt_ctx_status(ctx));
  VT_TRY(vt_study_json(ctx, study, model, &json));
  vt_status status = work->run->common.json ? cli_print_json(work->run, json) : VT_OK;
  if (status == VT_OK && work->folder.work) {
    work->run->stage = CLI_OUTPUT;
    cli_heed_signals(ctx, false);
    status = vt_json_text(ctx, json, &text);
    if (status == VT_OK) status = write_text(work, "result.json", text);
    if (status == VT_OK) status = write_text(work, "tables.md", work->markdown.data);
    if (status == VT_OK) status = cli_folder_finish(work->run, &work->folder);
  }
  vt_free(text);
  json_decref(json);
  return status;
}

static vt_status run_study(truth_work *work, const char *world, vt_model *model)
{
  const truth_settings *settings = &work->settings;
  vt_study_options options = {.world = world,
                              .settings = (const char *const *)settings->set.data,
                              .setting_count = settings->set.count,
                              .seed = (uint64_t)settings->seed,
                              .seeds = (int)settings->seeds,
                              .split = (vt_split)settings->split,
                              .count = settings->count,
                              .methods = settings->methods,
                              .regions = settings->regions,
                              .true_parts = settings->true_parts,
                              .score = settings->class_score,
                              .show = show,
                              .user = work};
  vt_study study;
  VT_TRY(vt_study_run(work->run->ctx, model, &options, &study));
  cli_progress_end();
  if (study.partial) cli_heed_signals(work->run->ctx, false);
  vt_status status = give(work, &study, model);
  if (study.partial) {
    cli_warn(work->run, "interrupted: %lld of %lld scenes", (long long)study.scenes,
             (long long)(settings->count * settings->seeds));
    work->run->ended = VT_ERROR_INTERRUPTED;
  }
  vt_study_free(&study);
  return status;
}

static vt_status truth(cli *run, int argc, char **argv)
{
  truth_work work = {.run = run};
  cli_model_settings model_settings;
  cli_options options = {0};
  vt_model *model = NULL;
  char *path = NULL;
  vt_status status;
  VT_TRY_DONE(cli_options_add(run, &options, "Options", fields, VT_COUNT(fields), &work.settings,
                              sizeof work.settings));
  VT_TRY_DONE(cli_options_add(run, &options, "Model", cli_model_fields, cli_model_field_count,
                              &model_settings, sizeof model_settings));
  VT_TRY_DONE(cli_options_read(run, &options, argc, argv, 1, 1, "WORLD"));
  if (run->common.help) goto done;
  if (work.settings.out)
    VT_TRY_DONE(cli_folder_check(run, work.settings.out, work.settings.force, &work.folder));
  VT_TRY_DONE(cli_model_open(run, &model_settings, NULL, &path, &model));
  if (work.settings.out) VT_TRY_DONE(cli_folder_begin(run, &work.folder));
  run->stage = CLI_RUN;
  status = run_study(&work, options.operands[0], model);
done:
  cli_folder_close(&work.folder);
  vt_text_free(&work.markdown);
  vt_model_free(model);
  vt_free(path);
  cli_options_free(&options);
  return status;
}

const cli_verb cli_truth = {
    .name = "truth",
    .operands = "WORLD",
    .summary = "methods against the exact truth of a world's parts",
    .examples =
        "  vitrail truth scenes/object --model scenes.onnx              the four usual methods, 3 × 100 "
        "scenes\n"
        "  vitrail truth scenes/object --methods saliency,rise --count 20 --seeds 1\n"
        "  vitrail truth scenes/object --out truth --pictures 4         … tables, result.json and pictures\n",
    .description =
        "A scene is drawn again without one of its parts, everything else as it was; what the model's score "
        "of "
        "the class loses is what the part is worth. Every method explains the scenes that the model gets "
        "right "
        "(target: that class). Measured is whether it points at the parts that decide, and whether it ranks "
        "the parts as the model does. A random order of the regions, a bump in the middle and the truth "
        "itself "
        "stand beside the methods. result.json holds every scene and part; the same bytes every time but for "
        "its member \"timing\".",
    .run = truth,
};
