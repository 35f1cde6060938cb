/* SPDX-License-Identifier: Apache-2.0
 *
 * A split of a world as files: items.jsonl, images/, masks/, arrays, meta.json and sheet.png.
 */
#ifndef VT_CLI_WORLD_FILES_H
#define VT_CLI_WORLD_FILES_H

#include "cli/cli.h"
#include "worlds/world.h"

typedef struct cli_world_job {
  const vt_world *world;
  vt_split split;
  int64_t start, count; /* item numbers start … start + count − 1 */
  const char *folder;   /* an empty folder */
} cli_world_job;

/* Writes the items; stops early with `run->ended` set when a signal came, what was written so far being
 * whole. `written`: how many items there are. */
vt_status cli_world_write(cli *run, const cli_world_job *job, int64_t *written);

#endif
