/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables of text: CSV as RFC 4180 has it, and TSV.
 */
#ifndef VT_DATA_CSV_H
#define VT_DATA_CSV_H

#include "base/base.h"

typedef struct vt_csv_format {
  char separator;  /* 0: tab for files named .tsv, comma otherwise */
  bool raw;        /* quotes are characters like others; always so when the separator is a tab */
  bool no_header;  /* the first line is a row; columns have no names */
  size_t max_rows; /* rows behind it are not looked at; 0: no limit */
} vt_csv_format;

typedef struct vt_csv vt_csv;

/* Reads a table of UTF-8 text (a byte order mark is skipped; lines end in LF or CRLF). Every row must have as
 * many cells as the first; errors name line and column. `format` NULL: by the file's name, with a header.
 * Free with vt_csv_free(). */
vt_status vt_csv_read(vt_ctx *ctx, const char *path, const vt_csv_format *format, vt_csv **out);
vt_status vt_csv_parse(vt_ctx *ctx, const char *text, size_t size, const vt_csv_format *format, vt_csv **out);
void vt_csv_free(vt_csv *table); /* accepts NULL */

size_t vt_csv_rows(const vt_csv *table); /* without the header */
size_t vt_csv_columns(const vt_csv *table);
const char *vt_csv_name(const vt_csv *table, size_t column); /* borrowed; NULL: no header */
/* Column by name, or by number from 0 where there is no header. VT_ERROR_INVALID_ARGUMENT lists what there
 * is. */
vt_status vt_csv_column(vt_ctx *ctx, const vt_csv *table, const char *name, size_t *out);
const char *vt_csv_cell(const vt_csv *table, size_t row, size_t column); /* borrowed */
size_t vt_csv_line(const vt_csv *table, size_t row); /* of the file, from 1; for messages */
/* The cell as a number, or an error that names line and column. */
vt_status vt_csv_number(vt_ctx *ctx, const vt_csv *table, size_t row, size_t column, double *out);

#endif
