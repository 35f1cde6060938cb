/* SPDX-License-Identifier: Apache-2.0
 *
 * Standard error and standard output: progress, messages, signals, tables.
 */
#ifndef VT_CLI_TERMINAL_H
#define VT_CLI_TERMINAL_H

#include "cli/cli.h"

/* Sets colour, progress and log as the common options say. */
void cli_terminal_begin(cli *run);
/* Takes an unfinished progress line off the screen. */
void cli_progress_end(void);
/* "vitrail: warning: …" on standard error unless --quiet. */
void cli_warn(const cli *run, const char *format, ...) VT_PRINTF(2, 3);
/* The same without "warning", only with --verbose. */
void cli_note(const cli *run, const char *format, ...) VT_PRINTF(2, 3);

/* Takes the numbers of standard streams that were closed, so that no file of ours gets one and with it our
 * messages. */
void cli_hold_streams(void);

/* SIGINT and SIGTERM raise the context's cancel flag once; the second one kills. SIGPIPE is ignored: a closed
 * standard output shows as a failed write. */
void cli_signals(vt_ctx *ctx);
/* Whether a signal that came cancels what the context does: off while a finished result is written. */
void cli_heed_signals(vt_ctx *ctx, bool on);

/* Standard output must have taken everything; otherwise VT_ERROR_IO. */
vt_status cli_flush(vt_ctx *ctx);

/* A table with aligned columns. Cells are "left\tright\t…"; a column whose heading starts with '>' is set to
 * the right. */
typedef struct cli_table {
  char **rows; /* owned */
  size_t count, capacity;
} cli_table;
vt_status cli_table_row(vt_ctx *ctx, cli_table *table, const char *format, ...) VT_PRINTF(3, 4);
/* Prints with the first row as headings, and frees the rows. */
void cli_table_print(const cli *run, cli_table *table);
void cli_table_free(cli_table *table);

#endif
