/* SPDX-License-Identifier: Apache-2.0
 *
 * The vitrail command: a table of verbs.
 */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/terminal.h"

const cli_verb *const cli_verbs[] = {&cli_explain,  &cli_attribute, &cli_evaluate, &cli_inspect, &cli_trace,
                                     &cli_gradient, &cli_methods,   &cli_metrics,  &cli_profile, &cli_world,
                                     &cli_train,    &cli_validate,  &cli_repro,    &cli_truth,   &cli_compare,
                                     &cli_exhibits, &cli_completion};
const size_t cli_verb_count = VT_COUNT(cli_verbs);

static void print_help(void)
{
  printf("vitrail: why a model decided, from any ONNX image classifier\n\n"
         "Examples\n"
         "  vitrail explain cat.jpg                    which regions make the model say what it says\n"
         "  vitrail explain cat.jpg --target \"lynx\"    … or would make it say something else\n"
         "  vitrail methods lima                       what a method does and all its parameters\n"
         "  vitrail inspect model.onnx                 inputs, outputs, operators, layers\n"
         "  vitrail gradient model.onnx --input cat.jpg --of logits:281    … of any number, to any tensor\n\n"
         "Usage\n"
         "  vitrail COMMAND [options] …\n"
         "  vitrail COMMAND --help\n\n"
         "Commands\n");
  for (size_t i = 0; i < cli_verb_count; i++)
    printf("  %-12s%s\n", cli_verbs[i]->name, cli_verbs[i]->summary);
  printf("  %-12s%s\n  %-12s%s\n\n", "help", "this text, or the help of a command", "version", "the version");
  printf("Exit codes\n"
         "  0 done   1 run failed   2 wrong usage   3 model cannot be loaded   4 bad input data\n"
         "  5 remote model failed   6 budget or time used up, partial result written   130 interrupted, the "
         "same\n");
}

static const cli_verb *find_verb(const char *name)
{
  for (size_t i = 0; i < cli_verb_count; i++)
    if (strcmp(cli_verbs[i]->name, name) == 0) return cli_verbs[i];
  return NULL;
}

static vt_status unknown_verb(vt_ctx *ctx, const char *name)
{
  const char *names[64];
  for (size_t i = 0; i < cli_verb_count; i++)
    names[i] = cli_verbs[i]->name;
  const char *near = vt_nearest(name, names, cli_verb_count);
  char suggestion[VT_SUGGESTION];
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "unknown %s '%s'%s", name[0] == '-' ? "option" : "command",
                 name, vt_suggestion(near, suggestion));
}

/* The verb with its arguments, or what stands in for one. */
static vt_status dispatch(cli *run, int argc, char **argv)
{
  const char *first = argc > 1 ? argv[1] : NULL;
  if (!first) {
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "a command is missing");
  }
  if (strcmp(first, "version") == 0 || strcmp(first, "--version") == 0) {
    printf("vitrail %s\n", vt_version());
    return VT_OK;
  }
  bool help = strcmp(first, "help") == 0;
  if (strcmp(first, "-h") == 0 || strcmp(first, "--help") == 0 || (help && argc == 2)) {
    print_help();
    return VT_OK;
  }
  const char *name = help ? argv[2] : first;
  run->verb = find_verb(name);
  if (!run->verb) return unknown_verb(run->ctx, name);
  if (!help) return run->verb->run(run, argc - 2, argv + 2);
  char asked[] = "--help", *arguments[] = {asked};
  return run->verb->run(run, 1, arguments);
}

int main(int argc, char **argv)
{
  cli_hold_streams();
  cli run = {.ctx = vt_ctx_new(), .stage = CLI_USAGE};
  if (!run.ctx) {
    fputs("vitrail: out of memory\n", stderr);
    return CLI_EXIT_FAILED;
  }
  cli_signals(run.ctx);
  vt_status status = dispatch(&run, argc, argv);
  cli_progress_end();
  if (status == VT_OK) {
    run.stage = CLI_OUTPUT;
    status = cli_flush(run.ctx);
  }
  /* "limit" promises a partial result; there is none when the limit ended everything */
  if (status == VT_ERROR_LIMIT) status = VT_ERROR_RUNTIME;
  int code = cli_exit_code(status == VT_OK ? run.ended : status, run.stage);
  if (status != VT_OK) {
    fflush(stdout);
    fprintf(stderr, "vitrail: %s\n", vt_ctx_message(run.ctx));
    if (code == CLI_EXIT_USAGE && run.stage == CLI_USAGE)
      fprintf(stderr, "Try 'vitrail %s%s--help'.\n", run.verb ? run.verb->name : "", run.verb ? " " : "");
  }
  vt_log_set(NULL, NULL);
  vt_ctx_free(run.ctx);
  return code;
}
