/* SPDX-License-Identifier: Apache-2.0
 *
 * Cells are unquoted into one block of text; a table of places says where each begins.
 */
#include "data/csv.h"

#include "data/characters.h"

enum { MAX_COLUMNS = 1 << 16 };

struct vt_csv {
  char *path;    /* for messages; NULL: none */
  char *text;    /* all cells, each ended by a zero */
  size_t *cells; /* where they begin, row after row, header first */
  size_t *lines; /* of each row */
  size_t cell_count, cell_capacity, row_count, line_capacity, columns;
  bool header;
};

typedef struct reader {
  vt_ctx *ctx;
  vt_csv *table;
  const char *at, *end;
  char separator;
  bool quotes;
  size_t line, cell; /* from 1, of the cell being read */
  size_t used;       /* of table->text */
} reader;

static vt_status wrong(const reader *r, const char *what)
{
  return vt_fail(r->ctx, VT_ERROR_INVALID_DATA, "line %zu, column %zu: %s", r->line, r->cell, what);
}

static bool ends_line(const reader *r)
{
  return r->at == r->end || *r->at == '\n' || (*r->at == '\r' && r->at + 1 < r->end && r->at[1] == '\n');
}

static bool ends_cell(const reader *r)
{
  return ends_line(r) || *r->at == r->separator;
}

static void put(reader *r, char character)
{
  r->table->text[r->used++] = character;
}

static vt_status read_quoted(reader *r)
{
  size_t line = r->line;
  for (r->at++;; r->at++) {
    if (r->at == r->end)
      return vt_fail(r->ctx, VT_ERROR_INVALID_DATA,
                     "line %zu, column %zu: the quote that opens here is not closed", line, r->cell);
    if (*r->at == '"') {
      r->at++;
      if (r->at == r->end || *r->at != '"') break;
    }
    r->line += *r->at == '\n';
    put(r, *r->at);
  }
  return ends_cell(r) ? VT_OK : wrong(r, "text behind the closing quote; a quote inside is written twice");
}

static vt_status read_cell(reader *r)
{
  vt_csv *table = r->table;
  VT_TRY(vt_grow(r->ctx, &table->cells, &table->cell_capacity, table->cell_count, sizeof *table->cells));
  table->cells[table->cell_count++] = r->used;
  if (r->quotes && r->at < r->end && *r->at == '"') {
    VT_TRY(read_quoted(r));
  } else {
    for (; !ends_cell(r); r->at++) {
      if (r->quotes && *r->at == '"') return wrong(r, "a quote inside a cell that does not begin with one");
      put(r, *r->at);
    }
  }
  put(r, 0);
  return VT_OK;
}

static vt_status read_row(reader *r)
{
  vt_csv *table = r->table;
  size_t line = r->line, cells = 0;
  VT_TRY(vt_grow(r->ctx, &table->lines, &table->line_capacity, table->row_count, sizeof *table->lines));
  for (bool more = true; more; cells++) {
    r->cell = cells + 1;
    if (cells == MAX_COLUMNS) return wrong(r, "more columns than 65536");
    VT_TRY(read_cell(r));
    more = !ends_line(r);
    if (more) r->at++;
  }
  if (table->row_count == 0) table->columns = cells;
  if (cells != table->columns)
    return vt_fail(r->ctx, VT_ERROR_INVALID_DATA, "line %zu has %zu columns, the first line %zu", line, cells,
                   table->columns);
  table->lines[table->row_count++] = line;
  if (r->at < r->end && *r->at == '\r') r->at++;
  if (r->at < r->end) r->at++;
  r->line++;
  return VT_OK;
}

static vt_status check_text(vt_ctx *ctx, const char *text, size_t size)
{
  size_t broken = vt_utf8_broken(text, size), line = 1;
  if (broken == size) return VT_OK;
  for (size_t i = 0; i < broken; i++)
    line += text[i] == '\n';
  return vt_fail(ctx, VT_ERROR_INVALID_DATA, "line %zu is not UTF-8 text: byte 0x%02x", line,
                 (unsigned)(unsigned char)text[broken]);
}

static vt_status fill(vt_ctx *ctx, const char *text, size_t size, const vt_csv_format *format, vt_csv *table)
{
  reader r = {.ctx = ctx, .table = table, .at = text, .end = text + size, .line = 1};
  r.separator = format->separator ? format->separator : ',';
  r.quotes = !format->raw && r.separator != '\t';
  table->header = !format->no_header;
  if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) r.at += 3;
  VT_TRY(check_text(ctx, text, size));
  table->text = vt_alloc(ctx, size + 1); /* a cell is no longer than its text and what ends it */
  if (!table->text) return VT_ERROR_OUT_OF_MEMORY;
  size_t most = format->max_rows ? format->max_rows + (table->header ? 1 : 0) : SIZE_MAX;
  while (r.at < r.end && table->row_count < most)
    VT_TRY(read_row(&r));
  if (table->header && table->row_count == 0)
    return vt_fail(ctx, VT_ERROR_INVALID_DATA,
                   "an empty table; a line with the names of its columns is expected");
  return VT_OK;
}

vt_status vt_csv_parse(vt_ctx *ctx, const char *text, size_t size, const vt_csv_format *format, vt_csv **out)
{
  *out = vt_alloc_zero(ctx, 1, sizeof **out);
  if (!*out) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = fill(ctx, text, size, format ? format : &(vt_csv_format){0}, *out);
  if (status == VT_OK) return VT_OK;
  vt_csv_free(*out);
  *out = NULL;
  return status;
}

vt_status vt_csv_read(vt_ctx *ctx, const char *path, const vt_csv_format *format, vt_csv **out)
{
  vt_csv_format used = format ? *format : (vt_csv_format){0};
  size_t length = strlen(path), size;
  unsigned char *bytes;
  *out = NULL;
  if (!used.separator && length > 4 && strcmp(path + length - 4, ".tsv") == 0) used.separator = '\t';
  VT_TRY(vt_read_file(ctx, path, SIZE_MAX / 4, &bytes, &size));
  vt_status status = vt_csv_parse(ctx, (const char *)bytes, size, &used, out);
  if (status == VT_OK && !((*out)->path = vt_strdup(ctx, path))) {
    vt_csv_free(*out);
    *out = NULL;
    status = VT_ERROR_OUT_OF_MEMORY;
  }
  if (status != VT_OK) vt_fail_prefix(ctx, "%s", path);
  vt_free(bytes);
  return status;
}

void vt_csv_free(vt_csv *table)
{
  if (!table) return;
  vt_free(table->path);
  vt_free(table->text);
  vt_free(table->cells);
  vt_free(table->lines);
  vt_free(table);
}

/* ---- content ---- */

size_t vt_csv_rows(const vt_csv *table)
{
  return table->row_count - (table->header ? 1 : 0);
}

size_t vt_csv_columns(const vt_csv *table)
{
  return table->columns;
}

const char *vt_csv_name(const vt_csv *table, size_t column)
{
  return table->header ? table->text + table->cells[column] : NULL;
}

vt_status vt_csv_column(vt_ctx *ctx, const vt_csv *table, const char *name, size_t *out)
{
  int64_t number;
  for (size_t i = 0; table->header && i < table->columns; i++)
    if (strcmp(vt_csv_name(table, i), name) == 0) {
      *out = i;
      return VT_OK;
    }
  if (!table->header && vt_parse_integer(name, &number) && number >= 0 && (uint64_t)number < table->columns) {
    *out = (size_t)number;
    return VT_OK;
  }
  vt_text list = {0};
  for (size_t i = 0; table->header && i < table->columns && i < 20; i++)
    vt_text_addf(ctx, &list, i ? ", '%.40s'" : "'%.40s'", vt_csv_name(table, i));
  vt_status status =
      table->header
          ? vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s%sno column '%.64s'; there are %s",
                    table->path ? table->path : "", table->path ? ": " : "", name,
                    list.data ? list.data : "none")
          : vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s%sno column '%.64s'; they are numbered 0 to %zu",
                    table->path ? table->path : "", table->path ? ": " : "", name, table->columns - 1);
  vt_text_free(&list);
  return status;
}

const char *vt_csv_cell(const vt_csv *table, size_t row, size_t column)
{
  return table->text + table->cells[(row + (table->header ? 1 : 0)) * table->columns + column];
}

size_t vt_csv_line(const vt_csv *table, size_t row)
{
  return table->lines[row + (table->header ? 1 : 0)];
}

vt_status vt_csv_number(vt_ctx *ctx, const vt_csv *table, size_t row, size_t column, double *out)
{
  const char *cell = vt_csv_cell(table, row, column);
  if (vt_parse_number(cell, out)) return VT_OK;
  return vt_fail(ctx, VT_ERROR_INVALID_DATA, "%s%sline %zu, column %zu: '%.40s' is not a number",
                 table->path ? table->path : "", table->path ? ": " : "", vt_csv_line(table, row), column + 1,
                 cell);
}
