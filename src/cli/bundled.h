/* SPDX-License-Identifier: Apache-2.0
 *
 * The model inside the program, wherever the command takes a model by name.
 */
#ifndef VT_CLI_BUNDLED_H
#define VT_CLI_BUNDLED_H

#include "cli/cli.h"
#include "explain/bundled.h"

/* Heads results for people; the whole notice was said when the model was opened. */
#define CLI_BUNDLED_LINE "Model: the bundled drawing classifier, no judge of photographs"

/* Whether a model's name means the bundled one: VT_BUNDLED_NAME. A file of that name is "./bundled". */
bool cli_is_bundled(const char *name);
/* Warns on standard error; `named`: somebody asked for it. */
void cli_bundled_say(const cli *run, bool named, const char *notice);
/* The graph of a model: a path, or VT_BUNDLED_NAME, of which is said what it is. Free with
 * vt_graph_free(). */
vt_status cli_graph_read(cli *run, const char *name, vt_graph **out);

#endif
