/* SPDX-License-Identifier: Apache-2.0
 *
 * vitrail exhibits: pictures whose truth is known, for vitrail compare --truth.
 */
#include "comparison/exhibits.h"
#include "cli/explain.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/terminal.h"

typedef struct exhibits_settings {
  char *images, *textures, *out;
  int64_t count, side, tries, seed;
  int split;
  vt_texts set;
  bool force;
} exhibits_settings;

static const vt_field fields[] = {
    {"count", VT_FIELD_INT, offsetof(exhibits_settings, count), "100", VT_RANGE(1, 1000000),
     .help = "pictures to keep"},
    {"images", VT_FIELD_STRING, offsetof(exhibits_settings, images),
     .help =
         "composites: photographs, a folder or a list (see 'vitrail compare'); with labels only those that "
         "the model gets right"},
    {"textures", VT_FIELD_STRING, offsetof(exhibits_settings, textures),
     .help = "composites: what they are put on, a folder or a list"},
    {"side", VT_FIELD_INT, offsetof(exhibits_settings, side), "96", VT_RANGE(8, 100000),
     .help = "composites: side of the shrunken photograph, in pixels of what the model sees"},
    {"tries", VT_FIELD_INT, offsetof(exhibits_settings, tries), "10", VT_RANGE(1, 10000),
     .help = "composites: times that each photograph is tried, on another texture and place"},
    {"seed", VT_FIELD_INT, offsetof(exhibits_settings, seed), "0", VT_RANGE(0, 9e15),
     .help = "seed of places and textures, or of the world"},
    {"split", VT_FIELD_CHOICE, offsetof(exhibits_settings, split), "test", .choices = "train|validation|test",
     .help = "scenes: which part of the world"},
    {"set", VT_FIELD_TEXTS, offsetof(exhibits_settings, set),
     .help = "scenes: a setting of the world as NAME=VALUE; may be given several times"},
    {"out", VT_FIELD_STRING, offsetof(exhibits_settings, out), "exhibits", .help = "folder to write"},
    {"force", VT_FIELD_BOOL, offsetof(exhibits_settings, force), .help = "write into a folder that exists"},
};

typedef struct exhibits_work {
  cli *run;
  exhibits_settings settings;
  cli_folder folder;
  vt_model *model;
  vt_text list; /* labels.csv */
  int64_t written;
} exhibits_work;

static vt_status write_picture(vt_ctx *ctx, const exhibits_work *work, const char *kind,
                               const vt_image *picture)
{
  char *path = vt_format(ctx, "%s/%s/%06lld.png", work->folder.work, kind, (long long)work->written);
  vt_status status = path ? vt_image_write_png(ctx, picture, path, NULL) : VT_ERROR_OUT_OF_MEMORY;
  vt_free(path);
  return status;
}

static vt_status take(vt_ctx *ctx, void *user, const vt_known_picture *known)
{
  exhibits_work *work = user;
  vt_image *mask;
  VT_TRY(vt_image_new(ctx, known->picture->width, known->picture->height, 1, &mask));
  for (int64_t i = 0; i < (int64_t)mask->width * mask->height; i++)
    mask->pixels[i] = known->mask[i] ? 255 : 0;
  vt_status status = write_picture(ctx, work, "images", known->picture);
  if (status == VT_OK) status = write_picture(ctx, work, "masks", mask);
  vt_image_free(mask);
  VT_TRY(status);
  vt_text_addf(ctx, &work->list, "images/%06lld.png,%d,%.4f,\"", (long long)work->written++, known->label,
               known->probability);
  for (const char *at = known->source; *at; at++) { /* a quote in a file's name is doubled */
    if (*at == '"') vt_text_add(ctx, &work->list, "\"");
    vt_text_add_bytes(ctx, &work->list, at, 1);
  }
  vt_text_add(ctx, &work->list, "\"\n");
  return work->list.failed ? VT_ERROR_OUT_OF_MEMORY : VT_OK;
}

static vt_status make_composites(exhibits_work *work, int64_t *tried)
{
  vt_ctx *ctx = work->run->ctx;
  const exhibits_settings *settings = &work->settings;
  vt_album photographs = {0}, textures = {0};
  int64_t kept = 0;
  vt_status status = vt_album_read(ctx, work->model, settings->images, NULL, &photographs);
  if (status == VT_OK) status = vt_album_read(ctx, NULL, settings->textures, NULL, &textures);
  work->run->stage = CLI_RUN;
  vt_composites how = {.photographs = &photographs,
                       .textures = &textures,
                       .side = (int)settings->side,
                       .count = settings->count,
                       .tries = (int)settings->tries,
                       .seed = (uint64_t)settings->seed};
  if (status == VT_OK) status = vt_composites_make(ctx, work->model, &how, take, work, &kept, tried);
  vt_album_free(&photographs);
  vt_album_free(&textures);
  return status;
}

static vt_status make_scenes(exhibits_work *work, const char *id, int64_t *tried)
{
  vt_ctx *ctx = work->run->ctx;
  const exhibits_settings *settings = &work->settings;
  vt_world *world;
  int64_t kept;
  VT_TRY(vt_world_open(ctx, id, (const char *const *)settings->set.data, settings->set.count,
                       (uint64_t)settings->seed, &world));
  work->run->stage = CLI_RUN;
  vt_status status = vt_scenes_make(ctx, work->model, world, (vt_split)settings->split, settings->count, take,
                                    work, &kept, tried);
  vt_world_close(world);
  return status;
}

static vt_status make_folders(exhibits_work *work)
{
  static const char *const names[] = {"images", "masks"};
  vt_ctx *ctx = work->run->ctx;
  VT_TRY(cli_folder_begin(work->run, &work->folder));
  for (size_t i = 0; i < VT_COUNT(names); i++) {
    char *path = vt_path_join(ctx, work->folder.work, names[i]);
    vt_status status = path ? vt_make_directory(ctx, path) : VT_ERROR_OUT_OF_MEMORY;
    vt_free(path);
    VT_TRY(status);
  }
  vt_text_add(ctx, &work->list, "path,label,probability,source\n");
  return VT_OK;
}

static vt_status finish(exhibits_work *work, const char *kind, int64_t tried)
{
  cli *run = work->run;
  run->stage = CLI_OUTPUT;
  cli_heed_signals(run->ctx, false);
  char *path = vt_path_join(run->ctx, work->folder.work, "labels.csv");
  vt_status status =
      path ? vt_write_file(run->ctx, path, work->list.data, work->list.length) : VT_ERROR_OUT_OF_MEMORY;
  vt_free(path);
  if (status == VT_OK) status = cli_folder_finish(run, &work->folder);
  VT_TRY(status);
  if (work->written < work->settings.count)
    cli_warn(run, "%lld of %lld %s: more tries, photographs or textures would find more",
             (long long)work->written, (long long)work->settings.count, kind);
  if (run->common.json) {
    json_t *json = json_pack("{s:i, s:s, s:I, s:I, s:o}", "schema_version", 1, "kind", kind, "kept",
                             (json_int_t)work->written, "tried", (json_int_t)tried, "folder",
                             vt_json_outside(work->folder.target));
    status = json ? cli_print_json(run, json) : VT_ERROR_OUT_OF_MEMORY;
    json_decref(json);
    return status;
  }
  printf("%s: %lld pictures of %lld tried, with masks and labels.csv\n", work->folder.target,
         (long long)work->written, (long long)tried);
  return VT_OK;
}

static vt_status exhibits(cli *run, int argc, char **argv)
{
  exhibits_work work = {.run = run};
  cli_model_settings model_settings;
  cli_options options = {0};
  char *path = NULL;
  int64_t tried = 0;
  vt_status status;
  VT_TRY_DONE(cli_options_add(run, &options, "Options", fields, VT_COUNT(fields), &work.settings,
                              sizeof work.settings));
  VT_TRY_DONE(cli_options_add(run, &options, "Model", cli_model_fields, cli_model_field_count,
                              &model_settings, sizeof model_settings));
  VT_TRY_DONE(cli_options_read(run, &options, argc, argv, 1, 1, "KIND"));
  if (run->common.help) goto done;
  const char *kind = options.operands[0];
  bool composites = strcmp(kind, "composites") == 0;
  if (composites && (!work.settings.images || !work.settings.textures)) {
    status = vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT,
                     "composites need photographs and what they are put on: --images DIR --textures DIR");
    goto done;
  }
  VT_TRY_DONE(cli_folder_check(run, work.settings.out, work.settings.force, &work.folder));
  VT_TRY_DONE(cli_model_open(run, &model_settings, NULL, &path, &work.model));
  VT_TRY_DONE(make_folders(&work));
  status = composites ? make_composites(&work, &tried) : make_scenes(&work, kind, &tried);
  cli_progress_end();
  if (status == VT_OK) status = finish(&work, kind, tried);
done:
  cli_folder_close(&work.folder);
  vt_text_free(&work.list);
  vt_model_free(work.model);
  vt_free(path);
  cli_options_free(&options);
  return status;
}

const cli_verb cli_exhibits = {
    .name = "exhibits",
    .operands = "KIND",
    .summary = "pictures whose truth is known and that a model gets right",
    .examples =
        "  vitrail exhibits composites --images photos/labels.csv --textures textures --out composites\n"
        "  vitrail exhibits scenes/object --model scenes.onnx --out scenes\n"
        "  vitrail compare --images composites/labels.csv --truth composites/masks --methods "
        "lima,rise,grad-cam "
        "--metrics pointing-game,mass-accuracy,region-purity --out compared\n",
    .description = "KIND composites: photographs that the model gets right, shrunk and put at a random place "
                   "of a random "
                   "cut of a texture, kept while the model still gives the same answer; the truth is their "
                   "rectangle. KIND "
                   "a world of scenes (vitrail world --list): scenes that the model gets right; the truth is "
                   "the visible "
                   "pixels of the parts that decide. Writes images/, masks/ and labels.csv.",
    .run = exhibits,
};
