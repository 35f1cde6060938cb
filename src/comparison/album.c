/* SPDX-License-Identifier: Apache-2.0 */
#include "comparison/album.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>

#include "attribution/attribute.h"
#include "data/csv.h"

static bool is_folder(const char *path)
{
  struct stat about;
  return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static bool is_picture(const char *name)
{
  static const char *const endings[] = {".png",  ".jpg", ".jpeg", ".webp", ".bmp", ".gif",
                                        ".tiff", ".tif", ".ppm",  ".pgm",  ".npy"};
  const char *dot = strrchr(name, '.');
  for (size_t i = 0; dot && dot != name && i < VT_COUNT(endings); i++)
    if (strcasecmp(dot, endings[i]) == 0) return true;
  return false;
}

/* Adds a picture with that name, or with the first number behind it that makes it another one. */
static vt_status add(vt_ctx *ctx, vt_album *album, const char *path, int label)
{
  VT_TRY(vt_grow(ctx, &album->pictures, &album->capacity, album->count, sizeof *album->pictures));
  vt_album_picture *picture = &album->pictures[album->count];
  *picture = (vt_album_picture){.path = vt_strdup(ctx, path), .label = label};
  const char *name = vt_path_name(path), *dot = strrchr(name, '.');
  size_t length = dot && dot != name ? (size_t)(dot - name) : strlen(name);
  picture->name = vt_strndup(ctx, name, length);
  album->count++;
  album->labelled += label >= 0;
  for (int number = 2; picture->name; number++) {
    bool taken = false;
    for (size_t i = 0; !taken && i + 1 < album->count; i++)
      taken = strcmp(album->pictures[i].name, picture->name) == 0;
    if (!taken) break;
    vt_free(picture->name);
    picture->name = vt_format(ctx, "%.*s~%d", (int)length, name, number);
  }
  return picture->path && picture->name ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

static int by_text(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static vt_status read_folder(vt_ctx *ctx, const char *path, vt_album *album)
{
  vt_texts names = {0};
  DIR *folder = opendir(path);
  if (!folder) return vt_fail(ctx, VT_ERROR_IO, "%s: cannot be read: %s", path, strerror(errno));
  vt_status status = VT_OK;
  for (struct dirent *entry; status == VT_OK && (entry = readdir(folder));) {
    if (!is_picture(entry->d_name)) continue;
    char *file = vt_path_join(ctx, path, entry->d_name);
    if (!file)
      status = VT_ERROR_OUT_OF_MEMORY;
    else if (!is_folder(file))
      status = vt_texts_add(ctx, &names, file, strlen(file));
    vt_free(file);
  }
  closedir(folder);
  if (names.count) qsort(names.data, names.count, sizeof *names.data, by_text);
  for (size_t i = 0; status == VT_OK && i < names.count; i++)
    status = add(ctx, album, names.data[i], -1);
  vt_texts_free(&names);
  if (status == VT_OK && album->count == 0)
    status = vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: there is no picture in this folder", path);
  return status;
}

/* First of the names that is a heading; −1: none. */
static int column_of(const vt_csv *table, const char *const *names, size_t count)
{
  for (size_t n = 0; n < count; n++)
    for (size_t c = 0; c < vt_csv_columns(table); c++)
      if (strcasecmp(vt_csv_cell(table, 0, c), names[n]) == 0) return (int)c;
  return -1;
}

static vt_status add_row(vt_ctx *ctx, const vt_model *model, const char *list, const char *folder,
                         const vt_csv *table, size_t row, int path_column, int label_column, vt_album *album)
{
  const char *path = vt_csv_cell(table, row, (size_t)path_column);
  const char *label = label_column >= 0 ? vt_csv_cell(table, row, (size_t)label_column) : "";
  int class_index = -1;
  if (!*path) return VT_OK;
  if (model && *label && vt_target_parse(ctx, model, label, &class_index) != VT_OK)
    return vt_fail_prefix(ctx, "%s, line %zu", list, vt_csv_line(table, row));
  char *file = vt_path_join(ctx, folder, path);
  vt_status status = file ? add(ctx, album, file, class_index) : VT_ERROR_OUT_OF_MEMORY;
  vt_free(file);
  return status;
}

static vt_status read_list(vt_ctx *ctx, const vt_model *model, const char *path, vt_album *album)
{
  static const char *const paths[] = {"path", "image", "file"}, *const labels[] = {"label", "class"};
  const char *dot = strrchr(path, '.');
  bool is_table = dot && (strcasecmp(dot, ".csv") == 0 || strcasecmp(dot, ".tsv") == 0);
  /* a line of a plain list is one cell: no character separates */
  vt_csv_format format = {.separator = is_table ? 0 : '\n', .raw = !is_table, .no_header = true};
  vt_csv *table;
  VT_TRY(vt_csv_read(ctx, path, &format, &table));
  char *folder = vt_path_directory(ctx, path);
  vt_status status = folder ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  size_t rows = vt_csv_rows(table), columns = vt_csv_columns(table), first = 0;
  int path_column = is_table && rows ? column_of(table, paths, VT_COUNT(paths)) : -1;
  int label_column = columns > 1 ? 1 : -1;
  if (path_column >= 0) { /* there are headings */
    label_column = column_of(table, labels, VT_COUNT(labels));
    first = 1;
  }
  if (path_column < 0) path_column = 0;
  for (size_t i = first; status == VT_OK && i < rows; i++)
    status = add_row(ctx, model, path, folder, table, i, path_column, label_column, album);
  if (status == VT_OK && album->count == 0)
    status = vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s: the list names no picture", path);
  vt_free(folder);
  vt_csv_free(table);
  return status;
}

static vt_status find_masks(vt_ctx *ctx, const char *masks, vt_album *album)
{
  static const char *const endings[] = {"png", "npy"};
  if (!is_folder(masks))
    return vt_fail(ctx, VT_ERROR_NO_SUCH_FILE, "%s: there is no such folder of masks", masks);
  for (size_t i = 0; i < album->count; i++) {
    vt_album_picture *picture = &album->pictures[i];
    for (size_t e = 0; e < VT_COUNT(endings) && !picture->mask; e++) {
      char *file = vt_format(ctx, "%s/%s.%s", masks, picture->name, endings[e]);
      if (!file) return VT_ERROR_OUT_OF_MEMORY;
      if (vt_file_exists(file))
        picture->mask = file;
      else
        vt_free(file);
    }
    album->masked += picture->mask != NULL;
  }
  if (album->masked == 0)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "%s: there is no mask of any picture; it would be called %s.png or %s.npy", masks,
                   album->pictures[0].name, album->pictures[0].name);
  return VT_OK;
}

vt_status vt_album_read(vt_ctx *ctx, const vt_model *model, const char *path, const char *masks,
                        vt_album *out)
{
  *out = (vt_album){0};
  vt_status status = is_folder(path) ? read_folder(ctx, path, out) : read_list(ctx, model, path, out);
  if (status == VT_OK && masks) status = find_masks(ctx, masks, out);
  if (status != VT_OK) vt_album_free(out);
  return status;
}

void vt_album_free(vt_album *album)
{
  for (size_t i = 0; i < album->count; i++) {
    vt_free(album->pictures[i].path);
    vt_free(album->pictures[i].name);
    vt_free(album->pictures[i].mask);
  }
  vt_free(album->pictures);
  *album = (vt_album){0};
}
