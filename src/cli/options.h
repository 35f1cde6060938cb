/* SPDX-License-Identifier: Apache-2.0
 *
 * One parser for the options of all verbs. Options are the fields of tables: --name VALUE, --name=VALUE,
 * --flag, --no-flag, short letters for common ones; "--" ends the options.
 */
#ifndef VT_CLI_OPTIONS_H
#define VT_CLI_OPTIONS_H

#include "cli/cli.h"

/* One table of options with the struct it fills. */
typedef struct cli_group {
  const char *title; /* over its options in the help */
  const vt_field *fields;
  size_t count;
  void *settings;
  size_t settings_size;
} cli_group;

#define CLI_GROUPS 8

typedef struct cli_options {
  cli_group groups[CLI_GROUPS];
  size_t group_count;
  char **operands; /* owned list of borrowed texts */
  size_t operand_count;
} cli_options;

/* Adds a table; its settings get their defaults. The common options are added by cli_options_read(). */
vt_status cli_options_add(cli *run, cli_options *options, const char *title, const vt_field *fields,
                          size_t count, void *settings, size_t settings_size);
/* Reads the arguments, and sets run->common and what follows from it. Between `least` and `most` of them must
 * be operands, called `what` in messages. With --help (run->common.help) nothing is required: the help is
 * printed, and the verb has nothing left to do. */
vt_status cli_options_read(cli *run, cli_options *options, int argc, char **argv, size_t least, size_t most,
                           const char *what);
void cli_options_free(cli_options *options);

/* Value of option `name` in the arguments before they are parsed (the last one given), NULL when it is not
 * there. For options that decide which others there are. */
const char *cli_options_peek(int argc, char **argv, const char *name);
/* Short letter of an option, 0: none. */
char cli_option_letter(const char *name);
/* "max-calls" of "max_calls", into a buffer of 64 bytes. */
const char *cli_option_name(const vt_field *field, char buffer[64]);

/* Bytes from "800M", "2G", "1.5 GiB", "123456"; "" or "0": 0. */
vt_status cli_parse_bytes(vt_ctx *ctx, const char *name, const char *text, uint64_t *out);
/* Sets the memory limit: `text` of --max-memory, or what the machine has. */
vt_status cli_limit_memory(cli *run, const char *text);

/* Prints the help of a verb with these options to standard output. */
void cli_help(cli *run, const cli_options *options);
/* One option of it. */
void cli_help_option(const vt_field *field);

#endif
