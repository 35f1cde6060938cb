/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables for people.
 */
#include <stdlib.h>

#include "cli/terminal.h"

enum { COLUMNS = 16 };

vt_status cli_table_row(vt_ctx *ctx, cli_table *table, const char *format, ...)
{
  VT_TRY(vt_grow(ctx, &table->rows, &table->capacity, table->count, sizeof *table->rows));
  va_list arguments;
  va_start(arguments, format);
  char buffer[2048];
  vsnprintf(buffer, sizeof buffer, format, arguments);
  va_end(arguments);
  for (char *at = buffer; *at; at++) /* names of a model's parts go to a terminal */
    if (((unsigned char)*at < 0x20 && *at != '\t') || *at == 0x7f) *at = ' ';
  char *row = vt_strdup(ctx, buffer);
  if (!row) return VT_ERROR_OUT_OF_MEMORY;
  table->rows[table->count++] = row;
  return VT_OK;
}

/* Next cell of a row; moves `at` behind it. */
static size_t next_cell(const char **at, const char **cell)
{
  *cell = *at;
  size_t length = strcspn(*at, "\t");
  *at += length + ((*at)[length] == '\t');
  return length;
}

static int width_of(const char *text, size_t length)
{
  int width = 0;
  for (size_t i = 0; i < length; i++)
    width += ((unsigned char)text[i] & 0xc0) != 0x80;
  return width;
}

void cli_table_print(const cli *run, cli_table *table)
{
  int widths[COLUMNS] = {0};
  bool to_right[COLUMNS] = {0};
  for (size_t i = 0; i < table->count; i++) {
    const char *at = table->rows[i], *cell;
    for (int column = 0; column < COLUMNS && *at; column++) {
      size_t length = next_cell(&at, &cell);
      if (i == 0 && *cell == '>') to_right[column] = true;
      int width = width_of(cell, length) - (i == 0 && *cell == '>');
      if (width > widths[column]) widths[column] = width;
    }
  }
  for (size_t i = 0; i < table->count; i++) {
    const char *at = table->rows[i], *cell;
    if (i == 0 && run->color) printf("\033[1m");
    for (int column = 0; column < COLUMNS && *at; column++) {
      size_t length = next_cell(&at, &cell);
      if (i == 0 && *cell == '>') {
        cell++;
        length--;
      }
      int space = widths[column] - width_of(cell, length);
      bool last = !*at;
      printf("%*s%.*s%*s", to_right[column] ? space : 0, "", (int)length, cell,
             to_right[column] || last ? 0 : space, "");
      if (!last) printf("  ");
    }
    printf(i == 0 && run->color ? "\033[0m\n" : "\n");
  }
  cli_table_free(table);
}

void cli_table_free(cli_table *table)
{
  for (size_t i = 0; i < table->count; i++)
    vt_free(table->rows[i]);
  vt_free(table->rows);
  *table = (cli_table){0};
}
