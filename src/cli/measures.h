/* SPDX-License-Identifier: Apache-2.0
 *
 * Measures of trained models, printed.
 */
#ifndef VT_CLI_MEASURES_H
#define VT_CLI_MEASURES_H

#include "cli/terminal.h"
#include "nn/task.h"

/* Object {name: value}, NaN as null (new reference). */
json_t *cli_measures_json(const vt_measures *measures);
/* A row for each of them; the headings when the table is empty. */
vt_status cli_measures_rows(cli *run, cli_table *table, const char *set, const vt_measures *measures);

#endif
