/* SPDX-License-Identifier: Apache-2.0
 *
 * vitrail world: generated data with exact truth, as files.
 */
#include "cli/options.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "cli/world_files.h"

typedef struct world_settings {
  int64_t count, start, seed;
  int split;
  vt_texts set;
  char *out;
  bool list, force, dry_run;
} world_settings;

static const vt_field fields[] = {
    {"count", VT_FIELD_INT, offsetof(world_settings, count), "48", VT_RANGE(0, 100000000),
     .help = "items to write; 0: as many as the split usually has"},
    {"start", VT_FIELD_INT, offsetof(world_settings, start), "0", VT_RANGE(0, 1e12),
     .help = "number of the first one"},
    {"seed", VT_FIELD_INT, offsetof(world_settings, seed), "0", VT_RANGE(0, 9e15),
     .help = "seed of the world"},
    {"split", VT_FIELD_CHOICE, offsetof(world_settings, split), "train", .choices = "train|validation|test",
     .help = "which of its parts, which share no item"},
    {"set", VT_FIELD_TEXTS, offsetof(world_settings, set),
     .help = "a setting of the world as NAME=VALUE; may be given several times"},
    {"out", VT_FIELD_STRING, offsetof(world_settings, out), .help = "folder to write [the world's name]"},
    {"force", VT_FIELD_BOOL, offsetof(world_settings, force), .help = "write into a folder that exists"},
    {"dry_run", VT_FIELD_BOOL, offsetof(world_settings, dry_run),
     .help = "make the items as training does, write nothing, and say how many a second"},
    {"list", VT_FIELD_BOOL, offsetof(world_settings, list), .help = "list the worlds there are"},
};

/* ---- what there is ---- */

static vt_status list_worlds(cli *run)
{
  if (run->common.json) {
    json_t *list = json_array();
    for (size_t i = 0; i < vt_preset_count; i++) {
      const vt_preset *preset = vt_presets[i];
      json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:i, s:[I,I,I], s:o}", "id", preset->id, "title",
                                            preset->title, "papers", preset->papers, "version",
                                            preset->version, "counts", (json_int_t)preset->counts[VT_TRAIN],
                                            (json_int_t)preset->counts[VT_VALIDATION],
                                            (json_int_t)preset->counts[VT_TEST], "settings",
                                            vt_params_schema(preset->fields, preset->field_count)));
    }
    json_t *json = json_pack("{s:i, s:o}", "schema_version", 1, "worlds", list);
    vt_status status = cli_print_json(run, json);
    json_decref(json);
    return status;
  }
  cli_table table = {0};
  VT_TRY(cli_table_row(run->ctx, &table, "World\tWhat it is\tPapers\t>Train\t>Validation\t>Test"));
  for (size_t i = 0; i < vt_preset_count; i++) {
    const vt_preset *preset = vt_presets[i];
    VT_TRY(cli_table_row(run->ctx, &table, "%s\t%s\t%s\t%lld\t%lld\t%lld", preset->id, preset->title,
                         preset->papers, (long long)preset->counts[VT_TRAIN],
                         (long long)preset->counts[VT_VALIDATION], (long long)preset->counts[VT_TEST]));
  }
  cli_table_print(run, &table);
  printf("\nvitrail world WORLD --help shows the settings of one.\n");
  return VT_OK;
}

/* The first argument that is the name of a world: its settings become options. */
static const vt_preset *named_preset(int argc, char **argv)
{
  for (int i = 0; i < argc; i++) {
    const vt_preset *preset = vt_preset_find(argv[i]);
    if (preset) return preset;
  }
  return NULL;
}

/* ---- opening ---- */

/* "name=value" of all settings in the group, then those of --set. Free with vt_texts_free(). */
static vt_status texts_of(cli *run, const vt_preset *preset, const void *values, const vt_texts *set,
                          vt_texts *out)
{
  for (size_t i = 0; i < preset->field_count + set->count; i++) {
    char *text;
    if (i < preset->field_count) {
      const vt_field *field = &preset->fields[i];
      char *value = vt_params_text(run->ctx, field, values);
      if (!value) return VT_ERROR_OUT_OF_MEMORY;
      bool absent = !*value;
      text = absent ? NULL : vt_format(run->ctx, "%s=%s", field->name, value);
      vt_free(value);
      if (absent) continue;
    } else {
      text = vt_strdup(run->ctx, set->data[i - preset->field_count]);
    }
    if (!text) return VT_ERROR_OUT_OF_MEMORY;
    out->data[out->count++] = text;
  }
  return VT_OK;
}

static vt_status open_world(cli *run, const char *id, const vt_preset *preset, const void *values,
                            const world_settings *settings, vt_world **out)
{
  vt_texts texts = {0};
  size_t most = settings->set.count + (preset ? preset->field_count : 0) + 1;
  texts.data = vt_alloc_zero(run->ctx, most, sizeof *texts.data);
  if (!texts.data) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = preset ? texts_of(run, preset, values, &settings->set, &texts) : VT_OK;
  if (status == VT_OK)
    status = vt_world_open(run->ctx, id, (const char *const *)texts.data, texts.count,
                           (uint64_t)settings->seed, out);
  vt_texts_free(&texts);
  return status;
}

/* ---- writing ---- */

/* "scenes-object" of "scenes/object". */
static char *usual_folder(vt_ctx *ctx, const char *id)
{
  char *name = vt_strdup(ctx, id);
  for (char *at = name; at && *at; at++)
    if (*at == '/') *at = '-';
  return name;
}

static vt_status print_result(cli *run, const vt_world *world, const cli_world_job *job, const char *target,
                              int64_t written)
{
  if (run->common.json) {
    json_t *json = json_pack("{s:i, s:s, s:s, s:s, s:I, s:b}", "schema_version", 1, "world",
                             world->preset->id, "key", world->key, "folder", target, "count",
                             (json_int_t)written, "complete", written == job->count);
    vt_status status = cli_print_json(run, json);
    json_decref(json);
    return status;
  }
  printf("%s: %lld item%s of %s (%s, seed %llu)%s\n", target, (long long)written, written == 1 ? "" : "s",
         world->preset->id, vt_split_name(job->split), (unsigned long long)world->seed,
         written == job->count ? "" : ", not all that were asked for");
  return VT_OK;
}

static vt_status write_world(cli *run, const vt_world *world, const world_settings *settings)
{
  cli_world_job job = {world, (vt_split)settings->split, settings->start, settings->count, NULL};
  cli_folder folder = {0};
  int64_t written = 0;
  if (job.count == 0) job.count = world->preset->counts[job.split];
  char *target =
      settings->out ? vt_strdup(run->ctx, settings->out) : usual_folder(run->ctx, world->preset->id);
  vt_status status = target ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  run->stage = CLI_OUTPUT;
  if (status == VT_OK) status = cli_folder_check(run, target, settings->force, &folder);
  if (status == VT_OK) status = cli_folder_begin(run, &folder);
  if (status == VT_OK) {
    job.folder = folder.work;
    status = cli_world_write(run, &job, &written);
  }
  if (status == VT_OK) status = cli_folder_finish(run, &folder);
  cli_progress_end();
  if (status == VT_OK) status = print_result(run, world, &job, target, written);
  cli_folder_close(&folder);
  vt_free(target);
  return status;
}

/* ---- speed ---- */

enum { BATCH = 256 };

static vt_status make_batches(cli *run, const vt_dataset *set, const world_settings *settings, int64_t count)
{
  int64_t indices[BATCH];
  for (int64_t done = 0; done < count;) {
    VT_TRY(vt_check_cancel(run->ctx));
    vt_batch batch;
    int now = count - done < BATCH ? (int)(count - done) : BATCH;
    for (int i = 0; i < now; i++)
      indices[i] = settings->start + done + i;
    size_t mark = vt_tensor_mark(run->ctx);
    vt_status status = vt_batch_make(run->ctx, set, indices, now, 0, NULL, &batch);
    vt_tensor_release(run->ctx, mark);
    VT_TRY(status);
    done += now;
    vt_progress(run->ctx, "items", (double)done, (double)count);
  }
  return VT_OK;
}

static vt_status time_world(cli *run, const vt_world *world, const world_settings *settings)
{
  vt_dataset *set;
  int64_t count = settings->count ? settings->count : world->preset->counts[settings->split];
  VT_TRY(vt_world_dataset(run->ctx, world, (vt_split)settings->split, settings->start + count, &set));
  double start = vt_clock_seconds();
  vt_status status = make_batches(run, set, settings, count);
  double seconds = vt_clock_seconds() - start;
  vt_dataset_free(set);
  cli_progress_end();
  VT_TRY(status);
  int threads = vt_ctx_threads(run->ctx);
  double rate = seconds > 0 ? (double)count / seconds : 0;
  if (run->common.json) {
    json_t *json =
        json_pack("{s:i, s:s, s:I, s:f, s:i, s:f}", "schema_version", 1, "world", world->preset->id, "count",
                  (json_int_t)count, "seconds", seconds, "threads", threads, "per_second", rate);
    status = cli_print_json(run, json);
    json_decref(json);
    return status;
  }
  printf("%s: %lld items in %.2f s on %d thread%s: %.0f a second\n", world->preset->id, (long long)count,
         seconds, threads, threads == 1 ? "" : "s", rate);
  return VT_OK;
}

static vt_status world(cli *run, int argc, char **argv)
{
  world_settings settings;
  cli_options options = {0};
  vt_world *opened = NULL;
  void *values = NULL;
  vt_status status;
  const vt_preset *preset = named_preset(argc, argv);
  VT_TRY_DONE(
      cli_options_add(run, &options, "Options", fields, VT_COUNT(fields), &settings, sizeof settings));
  if (preset) {
    values = vt_alloc_zero(run->ctx, 1, preset->options_size ? preset->options_size : 1);
    status = values ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
    if (status != VT_OK) goto done;
    VT_TRY_DONE(cli_options_add(run, &options, "Settings of this world", preset->fields, preset->field_count,
                                values, preset->options_size));
  }
  VT_TRY_DONE(cli_options_read(run, &options, argc, argv, 0, 1, "WORLD"));
  if (run->common.help) goto done;
  if (settings.list || options.operand_count == 0) {
    status = settings.list ? list_worlds(run)
                           : vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT,
                                     "WORLD is missing; vitrail world --list shows what there is");
    goto done;
  }
  VT_TRY_DONE(open_world(run, options.operands[0], preset, values, &settings, &opened));
  status = settings.dry_run ? time_world(run, opened, &settings) : write_world(run, opened, &settings);
done:
  vt_world_close(opened);
  cli_options_free(&options);
  vt_free(values);
  return status;
}

const cli_verb cli_world = {
    .name = "world",
    .operands = "WORLD",
    .summary = "generated data whose truth is known to the pixel",
    .examples =
        "  vitrail world --list                                  what there is\n"
        "  vitrail world scenes/object --help                    the settings of one\n"
        "  vitrail world scenes/object --out look                48 items, look/sheet.png shows them\n"
        "  vitrail world scenes/object --count 0 --split test --shift blur --level 2 --out blurred\n",
    .description =
        "Writes DIR/items.jsonl (one line an item: its files, text and truth), DIR/images/NNNNNN.png, "
        "DIR/masks/NNNNNN.npy (u16 [levels, height, width]; the truth says what a label is and names the "
        "levels), a "
        "folder for each array an item has, DIR/meta.json and DIR/sheet.png. The same world, settings, seed "
        "and split "
        "give the same files for any number of threads. A run that is interrupted leaves what is done, and "
        "says so in "
        "meta.json.",
    .run = world,
};
