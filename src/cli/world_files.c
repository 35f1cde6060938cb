/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing the items of a world. Items are made and encoded side by side in chunks; the lines of items.jsonl
 * follow the order of the items, so that the files are the same for any number of threads.
 */
#include "cli/world_files.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/terminal.h"
#include "data/dataset.h"
#include "explain/explanation.h"
#include "ops/op.h"
#include "vitrail/data.h"

enum {
  CHUNK = 64,
  SHEET_COLUMNS = 8,
  SHEET_ROWS = 6,
  SHEET_ITEMS = SHEET_COLUMNS * SHEET_ROWS,
  SHEET_GAP = 2,
  SHEET_SIDE = 128
};

typedef struct made_item {
  char *line;     /* of items.jsonl */
  vt_image *tile; /* of the sheet, NULL: none */
  vt_ctx *failed; /* holds the failure, NULL: none */
  bool done;
} made_item;

typedef struct chunk_job {
  const cli_world_job *job;
  vt_ctx *parent;
  int64_t first; /* item number of made[0] */
  made_item *made;
} chunk_job;

/* ---- one item ---- */

/* Path in the folder, which is made when an item first needs it, and the same relative to it in the JSON
 * under `key`. */
static vt_status file_of(vt_ctx *ctx, const cli_world_job *job, json_t *json, const char *key,
                         const char *folder, int64_t index, const char *extension, char **path)
{
  char name[96];
  snprintf(name, sizeof name, "%s/%06lld.%s", folder, (long long)index, extension);
  json_object_set_new(json, key, json_string(name));
  char *place = vt_path_join(ctx, job->folder, folder);
  if (!place) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_make_directory(ctx, place);
  vt_free(place);
  VT_TRY(status);
  *path = vt_path_join(ctx, job->folder, name);
  return *path ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

static vt_status write_image(vt_ctx *ctx, const cli_world_job *job, json_t *json, int64_t index,
                             const vt_item *item)
{
  char *path;
  VT_TRY(file_of(ctx, job, json, "image", "images", index, "png", &path));
  vt_image image = {item->width, item->height, 3, item->image};
  vt_status status = vt_image_write_png(ctx, &image, path, NULL);
  vt_free(path);
  return status;
}

static vt_status write_array(vt_ctx *ctx, const cli_world_job *job, json_t *json, const char *key,
                             const char *folder, int64_t index, const vt_tensor *tensor)
{
  char *path;
  VT_TRY(file_of(ctx, job, json, key, folder, index, "npy", &path));
  vt_status status = vt_npy_write(ctx, path, tensor);
  vt_free(path);
  return status;
}

static vt_status write_labels(vt_ctx *ctx, const cli_world_job *job, json_t *json, int64_t index,
                              const vt_item *item)
{
  vt_tensor *map =
      vt_tensor_borrow(ctx, VT_U16, 3, (int64_t[]){item->levels, item->height, item->width}, item->labels);
  return map ? write_array(ctx, job, json, "masks", "masks", index, map) : vt_ctx_status(ctx);
}

/* Smaller copy for the sheet. */
static vt_status make_tile(vt_ctx *ctx, const vt_item *item, vt_image **out)
{
  vt_image image = {item->width, item->height, 3, item->image};
  int side = item->width > item->height ? item->width : item->height;
  double shrink = side > SHEET_SIDE ? (double)SHEET_SIDE / side : 1;
  int width = (int)(item->width * shrink), height = (int)(item->height * shrink);
  return vt_image_resize(ctx, &image, width > 0 ? width : 1, height > 0 ? height : 1, VT_BICUBIC, out);
}

static vt_status write_item(vt_ctx *ctx, const cli_world_job *job, int64_t index, const vt_item *item,
                            made_item *out)
{
  json_t *json = json_pack("{s:I, s:s}", "index", (json_int_t)index, "split", vt_split_name(job->split));
  vt_status status = VT_OK;
  if (item->image) VT_TRY_DONE(write_image(ctx, job, json, index, item));
  if (item->labels) VT_TRY_DONE(write_labels(ctx, job, json, index, item));
  if (item->text) json_object_set_new(json, "text", vt_json_outside(item->text));
  for (int i = 0; i < item->array_count; i++)
    VT_TRY_DONE(write_array(ctx, job, json, item->arrays[i].name, item->arrays[i].name, index,
                            item->arrays[i].tensor));
  if (item->truth) json_object_set(json, "truth", item->truth);
  char *line = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
  out->line = line ? vt_format(ctx, "%s\n", line) : NULL;
  free(line);
  if (!out->line) status = vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the line of an item");
  if (status == VT_OK && item->image && index - job->start < SHEET_ITEMS)
    status = make_tile(ctx, item, &out->tile);
done:
  json_decref(json);
  return status;
}

static vt_status make_item(vt_ctx *ctx, const cli_world_job *job, int64_t index, made_item *out)
{
  const vt_world *world = job->world;
  vt_item item = {0};
  void *record = vt_alloc(ctx, world->preset->record_size);
  if (!record) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_world_record(ctx, world, job->split, index, record);
  if (status == VT_OK) status = vt_world_show(ctx, world, record, &item);
  if (status == VT_OK) status = write_item(ctx, job, index, &item, out);
  vt_item_free(&item);
  vt_free(record);
  return status;
}

static void make_range(void *user, int64_t first, int64_t last)
{
  chunk_job *chunk = user;
  for (int64_t i = first; i < last; i++) {
    made_item *made = &chunk->made[i];
    vt_ctx *ctx = vt_ctx_child(chunk->parent);
    if (ctx && make_item(ctx, chunk->job, chunk->first + i, made) == VT_OK) {
      made->done = true;
      vt_ctx_free(ctx);
    } else {
      made->failed = ctx;
    }
  }
}

/* ---- sheet and meta ---- */

static void place_tile(vt_image *sheet, const vt_image *tile, int x, int y)
{
  for (int row = 0; row < tile->height && y + row < sheet->height; row++) {
    int wide = tile->width < sheet->width - x ? tile->width : sheet->width - x;
    memcpy(sheet->pixels + 3 * ((size_t)(y + row) * (size_t)sheet->width + (size_t)x),
           tile->pixels + 3 * (size_t)row * (size_t)tile->width, 3 * (size_t)wide);
  }
}

static vt_status write_sheet(cli *run, const cli_world_job *job, vt_image **tiles)
{
  int count = 0, wide = 0, high = 0;
  for (; count < SHEET_ITEMS && tiles[count]; count++) {
    if (tiles[count]->width > wide) wide = tiles[count]->width;
    if (tiles[count]->height > high) high = tiles[count]->height;
  }
  if (count == 0) return VT_OK;
  int columns = count < SHEET_COLUMNS ? count : SHEET_COLUMNS,
      rows = (count + SHEET_COLUMNS - 1) / SHEET_COLUMNS;
  vt_image *sheet;
  VT_TRY(vt_image_new(run->ctx, columns * (wide + SHEET_GAP) + SHEET_GAP,
                      rows * (high + SHEET_GAP) + SHEET_GAP, 3, &sheet));
  memset(sheet->pixels, 255, 3 * (size_t)sheet->width * (size_t)sheet->height);
  for (int i = 0; i < count; i++)
    place_tile(sheet, tiles[i], SHEET_GAP + i % SHEET_COLUMNS * (wide + SHEET_GAP),
               SHEET_GAP + i / SHEET_COLUMNS * (high + SHEET_GAP));
  char *path = vt_path_join(run->ctx, job->folder, "sheet.png");
  vt_status status = path ? vt_image_write_png(run->ctx, sheet, path, NULL) : VT_ERROR_OUT_OF_MEMORY;
  vt_free(path);
  vt_image_free(sheet);
  return status;
}

static json_t *class_names(const vt_world *world)
{
  json_t *names = json_array();
  for (int i = 0; i < world->class_count; i++)
    json_array_append_new(names, json_string(world->classes[i]));
  return names;
}

static vt_status write_meta(cli *run, const cli_world_job *job, int64_t written)
{
  const vt_preset *preset = job->world->preset;
  json_t *options = vt_params_json(run->ctx, preset->fields, preset->field_count, job->world->options);
  json_t *meta =
      json_pack("{s:i, s:s, s:s, s:s, s:i, s:s, s:I, s:s, s:I, s:I, s:b, s:o, s:o}", "schema_version", 1,
                "vitrail", vt_version(), "world", preset->id, "title", preset->title, "version",
                preset->version, "key", job->world->key, "seed", (json_int_t)job->world->seed, "split",
                vt_split_name(job->split), "start", (json_int_t)job->start, "count", (json_int_t)written,
                "complete", written == job->count, "classes", class_names(job->world), "options", options);
  char *text = NULL, *path = NULL;
  vt_status status = vt_json_text(run->ctx, meta, &text);
  if (status == VT_OK) {
    path = vt_path_join(run->ctx, job->folder, "meta.json");
    status = path ? vt_write_file(run->ctx, path, text, strlen(text)) : VT_ERROR_OUT_OF_MEMORY;
  }
  vt_free(text);
  vt_free(path);
  json_decref(meta);
  return status;
}

/* ---- all items ---- */

/* Appends the lines of a chunk up to the first item that failed; the failure of that one is adopted. */
static vt_status take_chunk(cli *run, chunk_job *chunk, int count, FILE *lines, vt_image **tiles,
                            int64_t *written)
{
  vt_status status = VT_OK;
  for (int i = 0; i < count; i++) {
    made_item *made = &chunk->made[i];
    int64_t number = chunk->first + i - chunk->job->start;
    if (status == VT_OK && made->failed) {
      status = vt_fail_adopt(run->ctx, made->failed);
      if (status != VT_OK)
        (void)vt_fail_prefix(run->ctx, "%s, item %lld", chunk->job->world->preset->id,
                             (long long)(chunk->first + i));
    } else if (status == VT_OK && !made->done) {
      status =
          vt_fail(run->ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for item %lld", (long long)(chunk->first + i));
    }
    if (status == VT_OK && fputs(made->line, lines) == EOF)
      status = vt_fail(run->ctx, VT_ERROR_IO, "%s/items.jsonl: %s", chunk->job->folder, strerror(errno));
    if (status == VT_OK) ++*written;
    if (status == VT_OK && number < SHEET_ITEMS) {
      tiles[number] = made->tile;
      made->tile = NULL;
    }
    vt_image_free(made->tile);
    vt_free(made->line);
    vt_ctx_free(made->failed);
    *made = (made_item){0};
  }
  return status;
}

static vt_status make_items(cli *run, const cli_world_job *job, FILE *lines, vt_image **tiles,
                            int64_t *written)
{
  made_item made[CHUNK] = {{0}};
  vt_status status = VT_OK;
  while (status == VT_OK && *written < job->count) {
    if (vt_ctx_cancelled(run->ctx)) {
      run->ended = VT_ERROR_INTERRUPTED;
      return VT_OK;
    }
    int64_t left = job->count - *written;
    int count = left < CHUNK ? (int)left : CHUNK;
    chunk_job chunk = {job, run->ctx, job->start + *written, made};
    vt_parallel(run->ctx, count, 1, make_range, &chunk);
    status = take_chunk(run, &chunk, count, lines, tiles, written);
    vt_progress(run->ctx, "items", (double)*written, (double)job->count);
  }
  if (status == VT_ERROR_INTERRUPTED) { /* inside an item: those before it are whole */
    vt_ctx_clear(run->ctx);
    run->ended = status;
    return VT_OK;
  }
  return status;
}

vt_status cli_world_write(cli *run, const cli_world_job *job, int64_t *written)
{
  vt_image *tiles[SHEET_ITEMS + 1] = {NULL};
  *written = 0;
  VT_TRY(vt_init(run->ctx));
  char *path = vt_path_join(run->ctx, job->folder, "items.jsonl");
  if (!path) return VT_ERROR_OUT_OF_MEMORY;
  FILE *lines = fopen(path, "wb");
  vt_status status = lines ? make_items(run, job, lines, tiles, written)
                           : vt_fail(run->ctx, VT_ERROR_IO, "%s: %s", path, strerror(errno));
  if (lines && fclose(lines) != 0 && status == VT_OK)
    status = vt_fail(run->ctx, VT_ERROR_IO, "%s: %s", path, strerror(errno));
  vt_free(path);
  cli_heed_signals(run->ctx, false);
  if (status == VT_OK) status = write_sheet(run, job, tiles);
  if (status == VT_OK) status = write_meta(run, job, *written);
  cli_heed_signals(run->ctx, true);
  for (int i = 0; i < SHEET_ITEMS; i++)
    vt_image_free(tiles[i]);
  return status;
}
