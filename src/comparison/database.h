/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows of a comparison as an SQLite database, for questions that no table answers.
 */
#ifndef VT_COMPARISON_DATABASE_H
#define VT_COMPARISON_DATABASE_H

#include "base/base.h"

/* Writes FILE from the rows of rows.jsonl, whole or not at all: tables pictures, explanations and measures
 * with the members of the rows as columns, view scores (measures with calls and seconds of their
 * explanation). Of rows with one key the last one counts. */
vt_status vt_database_write(vt_ctx *ctx, const char *rows, const char *file);

#endif
