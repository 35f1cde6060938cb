/* SPDX-License-Identifier: Apache-2.0
 *
 * What the verbs of the command share.
 */
#ifndef VT_CLI_CLI_H
#define VT_CLI_CLI_H

#include "base/params.h"

/* What a run is busy with; a missing file means another exit code for a model than for a picture. */
typedef enum cli_stage { CLI_USAGE, CLI_MODEL, CLI_INPUT, CLI_RUN, CLI_OUTPUT } cli_stage;

/* Exit codes, part of the interface. */
enum {
  CLI_EXIT_OK = 0,
  CLI_EXIT_FAILED = 1,
  CLI_EXIT_USAGE = 2,
  CLI_EXIT_MODEL = 3,        /* model cannot be loaded, operator unsupported */
  CLI_EXIT_DATA = 4,         /* bad picture, array, mask, sidecar */
  CLI_EXIT_REMOTE = 5,       /* a model outside this process failed */
  CLI_EXIT_LIMIT = 6,        /* budget or time used up; the partial result is written */
  CLI_EXIT_INTERRUPTED = 130 /* by a signal; the partial result is written */
};

/* Options of every verb. */
typedef struct cli_common {
  int64_t threads;
  bool quiet, verbose, json, help;
  int progress, color;
} cli_common;
extern const vt_field cli_common_fields[];
extern const size_t cli_common_field_count;
enum { CLI_PROGRESS_AUTO, CLI_PROGRESS_NONE, CLI_PROGRESS_JSON };
enum { CLI_COLOR_AUTO, CLI_COLOR_ALWAYS, CLI_COLOR_NEVER };

/* One run of the command. */
typedef struct cli {
  vt_ctx *ctx;
  cli_stage stage;
  const struct cli_verb *verb;
  cli_common common;
  bool color;      /* standard output shows colours */
  vt_status ended; /* VT_ERROR_LIMIT, VT_ERROR_INTERRUPTED: a valid partial result was written */
} cli;

/* To add a verb: its file with one of these, and a line in main.c. */
typedef struct cli_verb {
  const char *name, *operands, *summary;
  const char *examples;                              /* lines, shown first in the help */
  const char *description;                           /* paragraphs, shown below the options; NULL: none */
  vt_status (*run)(cli *run, int argc, char **argv); /* arguments behind the verb */
} cli_verb;

extern const cli_verb cli_attribute, cli_explain, cli_evaluate, cli_inspect, cli_methods, cli_metrics,
    cli_trace, cli_gradient, cli_profile, cli_world, cli_train, cli_validate, cli_repro, cli_truth,
    cli_exhibits, cli_compare, cli_completion;
extern const cli_verb *const cli_verbs[];
extern const size_t cli_verb_count;

/* The one place where a status becomes an exit code. */
int cli_exit_code(vt_status status, cli_stage stage);

#endif
