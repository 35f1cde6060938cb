/* SPDX-License-Identifier: Apache-2.0 */
#include "comparison/database.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "data/jsonl.h"

enum { COLUMNS = 14 };

/* A table with the members of a kind of row. To add a column: its name here. */
typedef struct row_table {
  const char *kind, *name, *columns[COLUMNS];
} row_table;

static const row_table tables[] = {
    {"picture",
     "pictures",
     {"key", "picture", "path", "label", "target", "target_name", "predicted", "full", "blank", "error"}},
    {"explanation",
     "explanations",
     {"key", "picture", "target", "method", "calls", "forwards", "samples", "partial", "signature", "seconds",
      "error"}},
    {"measure",
     "measures",
     {"key", "picture", "target", "method", "metric", "protocol", "granularity", "value", "normalised",
      "note", "calls", "seconds", "error"}},
};

static const char view[] =
    "CREATE VIEW scores AS SELECT m.picture, m.target, m.method, m.metric, m.protocol, m.granularity, "
    "m.value,"
    " m.normalised, m.note, m.error, e.calls, e.forwards, e.seconds FROM measures m LEFT JOIN explanations e"
    " ON e.picture = m.picture AND e.method = m.method AND e.target = m.target";

static vt_status fail(vt_ctx *ctx, sqlite3 *database, const char *file)
{
  return vt_fail(ctx, VT_ERROR_IO, "%s: %s", file,
                 database ? sqlite3_errmsg(database) : "no memory for a database");
}

static vt_status execute(vt_ctx *ctx, sqlite3 *database, const char *file, const char *text)
{
  return sqlite3_exec(database, text, NULL, NULL, NULL) == SQLITE_OK ? VT_OK : fail(ctx, database, file);
}

static vt_status create(vt_ctx *ctx, sqlite3 *database, const char *file, const row_table *table)
{
  vt_text text = {0};
  vt_text_addf(ctx, &text, "CREATE TABLE %s (key TEXT PRIMARY KEY", table->name);
  for (int i = 1; i < COLUMNS && table->columns[i]; i++)
    vt_text_addf(ctx, &text, ", %s", table->columns[i]);
  vt_text_add(ctx, &text, ")");
  vt_status status = text.failed ? VT_ERROR_OUT_OF_MEMORY : execute(ctx, database, file, text.data);
  vt_text_free(&text);
  return status;
}

static vt_status prepare(vt_ctx *ctx, sqlite3 *database, const char *file, const row_table *table,
                         sqlite3_stmt **out)
{
  vt_text text = {0};
  vt_text_addf(ctx, &text, "INSERT OR REPLACE INTO %s VALUES (?", table->name);
  for (int i = 1; i < COLUMNS && table->columns[i]; i++)
    vt_text_add(ctx, &text, ", ?");
  vt_text_add(ctx, &text, ")");
  vt_status status = text.failed ? VT_ERROR_OUT_OF_MEMORY : VT_OK;
  if (status == VT_OK && sqlite3_prepare_v2(database, text.data, -1, out, NULL) != SQLITE_OK)
    status = fail(ctx, database, file);
  vt_text_free(&text);
  return status;
}

static int bind(sqlite3_stmt *insert, int place, const json_t *value)
{
  if (json_is_string(value))
    return sqlite3_bind_text(insert, place, json_string_value(value), -1, SQLITE_TRANSIENT);
  if (json_is_integer(value)) return sqlite3_bind_int64(insert, place, json_integer_value(value));
  if (json_is_boolean(value)) return sqlite3_bind_int64(insert, place, json_boolean_value(value));
  if (json_is_real(value)) return sqlite3_bind_double(insert, place, json_real_value(value));
  return sqlite3_bind_null(insert, place);
}

static vt_status add(vt_ctx *ctx, sqlite3 *database, const char *file, sqlite3_stmt *const *inserts,
                     const json_t *row)
{
  const char *kind = json_string_value(json_object_get(row, "kind"));
  for (size_t t = 0; kind && t < VT_COUNT(tables); t++) {
    if (strcmp(kind, tables[t].kind) != 0) continue;
    for (int i = 0; i < COLUMNS && tables[t].columns[i]; i++)
      if (bind(inserts[t], i + 1, json_object_get(row, tables[t].columns[i])) != SQLITE_OK)
        return fail(ctx, database, file);
    if (sqlite3_step(inserts[t]) != SQLITE_DONE) return fail(ctx, database, file);
    sqlite3_reset(inserts[t]);
  }
  return VT_OK;
}

static vt_status fill(vt_ctx *ctx, sqlite3 *database, const char *file, const char *rows)
{
  sqlite3_stmt *inserts[VT_COUNT(tables)] = {0};
  vt_jsonl lines;
  vt_status status = vt_jsonl_open(ctx, rows, &lines);
  VT_TRY(status);
  VT_TRY_DONE(execute(ctx, database, file, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN"));
  for (size_t t = 0; t < VT_COUNT(tables); t++) {
    VT_TRY_DONE(create(ctx, database, file, &tables[t]));
    VT_TRY_DONE(prepare(ctx, database, file, &tables[t], &inserts[t]));
  }
  for (;;) {
    json_t *row;
    VT_TRY_DONE(vt_jsonl_next(ctx, &lines, &row));
    if (!row) break;
    status = add(ctx, database, file, inserts, row);
    json_decref(row);
    if (status != VT_OK) goto done;
  }
  VT_TRY_DONE(execute(ctx, database, file, view));
  VT_TRY_DONE(execute(ctx, database, file, "COMMIT"));
done:
  for (size_t t = 0; t < VT_COUNT(tables); t++)
    sqlite3_finalize(inserts[t]);
  vt_jsonl_close(&lines);
  return status;
}

vt_status vt_database_write(vt_ctx *ctx, const char *rows, const char *file)
{
  sqlite3 *database = NULL;
  char *work = vt_format(ctx, "%s.part-%ld", file, (long)getpid());
  if (!work) return VT_ERROR_OUT_OF_MEMORY;
  unlink(work); /* what a crash of a process of this number left */
  vt_status status =
      sqlite3_open_v2(work, &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) == SQLITE_OK
          ? fill(ctx, database, file, rows)
          : fail(ctx, database, file);
  if (sqlite3_close(database) != SQLITE_OK && status == VT_OK) status = fail(ctx, database, file);
  if (status == VT_OK && rename(work, file) != 0)
    status = vt_fail(ctx, VT_ERROR_IO, "%s: %s", file, strerror(errno));
  if (status != VT_OK) unlink(work);
  vt_free(work);
  return status;
}
