/* SPDX-License-Identifier: Apache-2.0
 *
 * What 'trace', 'gradient' and 'attribute' share: inputs from pictures and arrays, hooks, and tensors as
 * results.
 */
#ifndef VT_CLI_INSIDE_H
#define VT_CLI_INSIDE_H

#include "cli/options.h"
#include "graph/trace.h"

typedef struct cli_inside_settings {
  vt_texts input;
  char *preprocess, *max_memory, *allow_loader, *out;
  int precision;
  bool force;
} cli_inside_settings;

typedef struct cli_inside_changes {
  vt_texts replace, zero, scale, add;
} cli_inside_changes;

typedef struct cli_inside {
  cli_inside_settings settings;
  cli_inside_changes changes;
  bool finite;       /* inputs with NaN or infinity are refused */
  const char *model; /* path, borrowed */
  vt_graph *graph;
  vt_trace *trace;
  vt_tensor **inputs; /* in the order of the graph's; NULL until one is given */
} cli_inside;

/* Adds the options; `changes`: also those that change tensors on the way. */
vt_status cli_inside_options(cli *run, cli_inside *inside, bool changes, cli_options *options);
/* Reads the model and makes the trace; checks that --out can be written. */
vt_status cli_inside_open(cli *run, cli_inside *inside, const char *model);
/* Reads the inputs that are not there yet and sets the hooks. */
vt_status cli_inside_prepare(cli *run, cli_inside *inside);
void cli_inside_close(cli_inside *inside);

/* Writes the tensors to --out, or prints what they are: a table, or JSON with the given object (borrowed)
 * extended by "tensors". */
vt_status cli_inside_results(cli *run, const cli_inside *inside, const char *const *names,
                             vt_tensor *const *tensors, int count, json_t *json);

/* "f32[1,3,224,224]" of a declared value, '?' or its name for open sizes. */
const char *cli_value_text(const vt_value *value, char buffer[160]);

#endif
