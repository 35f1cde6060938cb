/* SPDX-License-Identifier: Apache-2.0 */
#include "comparison/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "data/jsonl.h"

const char *const vt_ledger_kind_names[] = {"picture", "explanation", "measure"};

struct vt_ledger {
  int file;
  char *path;
  vt_ledger_row *rows;
  size_t count, capacity;
  size_t *table; /* [table_size] row + 1 by key, 0: free */
  size_t table_size;
};

/* ---- finding ---- */

static size_t start_of(const vt_ledger *ledger, const char *key)
{
  uint64_t hash = 14695981039346656037u; /* FNV-1a: keys of a damaged file are no digits */
  for (const char *at = key; *at; at++)
    hash = (hash ^ (unsigned char)*at) * 1099511628211u;
  return (size_t)hash & (ledger->table_size - 1);
}

static size_t *slot_of(const vt_ledger *ledger, const char *key)
{
  size_t at = start_of(ledger, key);
  while (ledger->table[at] && strcmp(ledger->rows[ledger->table[at] - 1].key, key) != 0)
    at = (at + 1) & (ledger->table_size - 1);
  return &ledger->table[at];
}

/* Of two rows of one key the later one counts. Rows without a key were forgotten. */
static void index_rows(vt_ledger *ledger)
{
  memset(ledger->table, 0, ledger->table_size * sizeof *ledger->table);
  for (size_t i = 0; i < ledger->count; i++)
    if (ledger->rows[i].key[0]) *slot_of(ledger, ledger->rows[i].key) = i + 1;
}

static vt_status grow_table(vt_ctx *ctx, vt_ledger *ledger)
{
  if (ledger->table_size && ledger->count * 2 < ledger->table_size) return VT_OK;
  size_t size = ledger->table_size ? 2 * ledger->table_size : 1024;
  size_t *table = vt_alloc_zero(ctx, size, sizeof *table);
  if (!table) return VT_ERROR_OUT_OF_MEMORY;
  vt_free(ledger->table);
  ledger->table = table;
  ledger->table_size = size;
  index_rows(ledger);
  return VT_OK;
}

const vt_ledger_row *vt_ledger_find(const vt_ledger *ledger, const char *key)
{
  size_t found = *slot_of(ledger, key);
  return found ? &ledger->rows[found - 1] : NULL;
}

size_t vt_ledger_count(const vt_ledger *ledger)
{
  return ledger->count;
}

/* ---- rows ---- */

static double number_of(const json_t *object, const char *name)
{
  const json_t *value = json_object_get(object, name);
  return json_is_number(value) ? json_number_value(value) : NAN;
}

static int64_t integer_of(const json_t *object, const char *name, int64_t absent)
{
  const json_t *value = json_object_get(object, name);
  return json_is_integer(value) ? (int64_t)json_integer_value(value) : absent;
}

static vt_status text_of(vt_ctx *ctx, const json_t *object, const char *name, char **out)
{
  const char *text = json_string_value(json_object_get(object, name));
  *out = text ? vt_strdup(ctx, text) : NULL;
  return text && !*out ? VT_ERROR_OUT_OF_MEMORY : VT_OK;
}

static void free_row(vt_ledger_row *row)
{
  vt_free(row->error);
  vt_free(row->note);
}

/* False: it is no row. */
static bool read_row(const json_t *object, vt_ledger_row *row)
{
  const char *key = json_string_value(json_object_get(object, "key"));
  const char *kind = json_string_value(json_object_get(object, "kind"));
  const char *signature = json_string_value(json_object_get(object, "signature"));
  if (!key || strlen(key) != VT_LEDGER_KEY - 1 || !kind) return false;
  int which = -1;
  for (int k = 0; k <= VT_LEDGER_MEASURE; k++)
    if (strcmp(kind, vt_ledger_kind_names[k]) == 0) which = k;
  if (which < 0) return false;
  *row = (vt_ledger_row){.kind = (vt_ledger_kind)which,
                         .value = number_of(object, "value"),
                         .seconds = number_of(object, "seconds"),
                         .full = number_of(object, "full"),
                         .blank = number_of(object, "blank"),
                         .calls = integer_of(object, "calls", 0),
                         .forwards = integer_of(object, "forwards", 0),
                         .samples = integer_of(object, "samples", 0),
                         .target = (int)integer_of(object, "target", -1),
                         .predicted = (int)integer_of(object, "predicted", -1)};
  snprintf(row->key, sizeof row->key, "%s", key);
  snprintf(row->signature, sizeof row->signature, "%s", signature ? signature : "");
  return true;
}

/* A row that is in the file: its key now means this one. */
static vt_status keep(vt_ctx *ctx, vt_ledger *ledger, const json_t *object, vt_ledger_row *row)
{
  vt_status status = text_of(ctx, object, "error", &row->error);
  if (status == VT_OK) status = text_of(ctx, object, "note", &row->note);
  if (status == VT_OK)
    status = vt_grow(ctx, &ledger->rows, &ledger->capacity, ledger->count, sizeof *ledger->rows);
  if (status == VT_OK) status = grow_table(ctx, ledger);
  if (status != VT_OK) {
    free_row(row);
    return status;
  }
  size_t *slot = slot_of(ledger, row->key);
  ledger->rows[ledger->count++] = *row;
  *slot = ledger->count;
  return VT_OK;
}

/* ---- opening ---- */

static vt_status fail_errno(vt_ctx *ctx, const vt_ledger *ledger, const char *what)
{
  return vt_fail(ctx, VT_ERROR_IO, "%s: %s: %s", ledger->path, what, strerror(errno));
}

/* Reads the lines; `*whole` receives the bytes that hold whole rows, the rest being one line that was cut
 * off. */
static vt_status read_lines(vt_ctx *ctx, vt_ledger *ledger, const char *text, size_t size, size_t *whole)
{
  size_t line = 0;
  *whole = 0;
  while (*whole < size) {
    const char *start = text + *whole, *end = memchr(start, '\n', size - *whole);
    if (!end) return VT_OK; /* a write that did not get through */
    vt_ledger_row row;
    json_error_t error;
    size_t length = (size_t)(end - start);
    json_t *object = json_loadb(start, length, 0, &error);
    line++;
    if (!object || !read_row(object, &row)) {
      json_decref(object);
      if (*whole + length + 1 == size) return VT_OK; /* the last line: a crash left rubbish */
      return vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s: line %zu is no row of a comparison; remove it to go on",
                     ledger->path, line);
    }
    vt_status status = keep(ctx, ledger, object, &row);
    json_decref(object);
    VT_TRY(status);
    *whole += length + 1;
  }
  return VT_OK;
}

static vt_status open_file(vt_ctx *ctx, vt_ledger *ledger, bool *repaired)
{
  unsigned char *text;
  size_t size, whole;
  ledger->file = open(ledger->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (ledger->file < 0) return fail_errno(ctx, ledger, "cannot be opened for writing");
  if (flock(ledger->file, LOCK_EX | LOCK_NB) != 0)
    return vt_fail(ctx, VT_ERROR_EXISTS, "%s: another run is writing here", ledger->path);
  VT_TRY(grow_table(ctx, ledger));
  VT_TRY(vt_read_file(ctx, ledger->path, SIZE_MAX / 4, &text, &size));
  vt_status status = read_lines(ctx, ledger, (const char *)text, size, &whole);
  vt_free(text);
  if (repaired) *repaired = status == VT_OK && whole < size;
  if (status == VT_OK && whole < size && ftruncate(ledger->file, (off_t)whole) != 0)
    status = fail_errno(ctx, ledger, "the line that was cut off cannot be removed");
  return status;
}

vt_status vt_ledger_open(vt_ctx *ctx, const char *path, bool *repaired, vt_ledger **out)
{
  *out = NULL;
  vt_ledger *ledger = vt_alloc_zero(ctx, 1, sizeof *ledger);
  if (!ledger) return VT_ERROR_OUT_OF_MEMORY;
  ledger->file = -1;
  ledger->path = vt_strdup(ctx, path);
  vt_status status = ledger->path ? open_file(ctx, ledger, repaired) : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK)
    *out = ledger;
  else
    vt_ledger_close(ledger);
  return status;
}

void vt_ledger_close(vt_ledger *ledger)
{
  if (!ledger) return;
  for (size_t i = 0; i < ledger->count; i++)
    free_row(&ledger->rows[i]);
  if (ledger->file >= 0) close(ledger->file); /* and with it the lock */
  vt_free(ledger->rows);
  vt_free(ledger->table);
  vt_free(ledger->path);
  vt_free(ledger);
}

/* ---- adding ---- */

static vt_status write_line(vt_ctx *ctx, vt_ledger *ledger, const char *text, size_t size)
{
  while (size) {
    ssize_t written = write(ledger->file, text, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail_errno(ctx, ledger, "cannot be written");
    text += written;
    size -= (size_t)written;
  }
  return VT_OK;
}

static vt_status add(vt_ctx *ctx, vt_ledger *ledger, const json_t *object)
{
  vt_ledger_row row;
  vt_text line = {0};
  if (!object) return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for a row");
  if (!read_row(object, &row))
    return vt_fail(ctx, VT_ERROR_RUNTIME, "%s: a row without key and kind", ledger->path);
  if (vt_ledger_find(ledger, row.key)) return VT_OK;
  vt_status status = vt_jsonl_add(ctx, &line, object);
  if (status == VT_OK) status = write_line(ctx, ledger, line.data, line.length);
  vt_text_free(&line);
  return status == VT_OK ? keep(ctx, ledger, object, &row) : status;
}

vt_status vt_ledger_add(vt_ctx *ctx, vt_ledger *ledger, json_t *row)
{
  vt_status status = add(ctx, ledger, row);
  json_decref(row);
  return status;
}

void vt_ledger_forget_errors(vt_ledger *ledger)
{
  for (size_t i = 0; i < ledger->count; i++)
    if (ledger->rows[i].error) ledger->rows[i].key[0] = 0;
  index_rows(ledger);
}

vt_status vt_ledger_key(vt_ctx *ctx, char out[VT_LEDGER_KEY], const char *const *texts)
{
  vt_text all = {0};
  char digest[65];
  for (size_t i = 0; texts[i]; i++)
    vt_text_addf(ctx, &all, "%zu:%s", strlen(texts[i]), texts[i]);
  if (all.failed) {
    vt_text_free(&all);
    return VT_ERROR_OUT_OF_MEMORY;
  }
  vt_sha256_hex(all.data, all.length, digest);
  memcpy(out, digest, VT_LEDGER_KEY - 1);
  out[VT_LEDGER_KEY - 1] = 0;
  vt_text_free(&all);
  return VT_OK;
}
