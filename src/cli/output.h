/* SPDX-License-Identifier: Apache-2.0
 *
 * What a run leaves: JSON on standard output, a folder that appears whole or not at all.
 */
#ifndef VT_CLI_OUTPUT_H
#define VT_CLI_OUTPUT_H

#include "cli/cli.h"

vt_status cli_print_json(cli *run, const json_t *json);

bool cli_is_folder(const char *path);

/* A folder under construction. */
typedef struct cli_folder {
  char *target; /* where it will be */
  char *work;   /* where it is written */
  bool force;   /* files of an existing target are replaced one by one */
} cli_folder;

/* "cat" for "photos/cat.jpg": where results go when nothing was said. Caller frees. */
char *cli_folder_name(vt_ctx *ctx, const char *image);
/* Before anything is computed: the target must not exist (unless `force`), and
 * its parent must be writable. */
vt_status cli_folder_check(cli *run, const char *target, bool force, cli_folder *out);
/* Makes the working folder. */
vt_status cli_folder_begin(cli *run, cli_folder *folder);
/* Puts it in place: one rename, or with `force` onto an existing folder one rename for each file. */
vt_status cli_folder_finish(cli *run, cli_folder *folder);
/* Removes what is left of the working folder; frees. */
void cli_folder_close(cli_folder *folder);

#endif
