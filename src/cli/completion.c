/* SPDX-License-Identifier: Apache-2.0
 *
 * vitrail completion: completion of the shell, made by asking the command's own help.
 */
#include "cli/options.h"

static const char bash_script[] =
    "# bash completion of vitrail; use: source <(vitrail completion bash)\n"
    "_vitrail()\n"
    "{\n"
    "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]}\n"
    "  COMPREPLY=()\n"
    "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
    "    COMPREPLY=($(compgen -W \"%s\" -- \"$current\"))\n"
    "    return\n"
    "  fi\n"
    "  case $previous in\n"
    "  --method|-M) COMPREPLY=($(compgen -W \"$(vitrail methods --json 2>/dev/null | "
    "sed -n '/\"methods\"/,/\"request\"/s/.*\"id\": *\"\\([^\"]*\\)\".*/\\1/p')\" -- \"$current\")); return "
    ";;\n"
    "  esac\n"
    "  case $current in\n"
    "  -*) COMPREPLY=($(compgen -W \"$(vitrail \"$verb\" --help 2>/dev/null | grep -oE -- "
    "'--[a-z][a-z0-9-]*' | sort -u)\" -- "
    "\"$current\")) ;;\n"
    "  *) COMPREPLY=($(compgen -f -- \"$current\")) ;;\n"
    "  esac\n"
    "}\n"
    "complete -o filenames -F _vitrail vitrail\n";

static vt_status completion(cli *run, int argc, char **argv)
{
  cli_options options = {0};
  vt_status status;
  VT_TRY_DONE(cli_options_read(run, &options, argc, argv, 1, 1, "SHELL"));
  if (run->common.help) goto done;
  if (strcmp(options.operands[0], "bash") != 0) {
    status = vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "there is completion for bash only, not for '%s'",
                     options.operands[0]);
    goto done;
  }
  vt_text verbs = {0};
  for (size_t i = 0; i < cli_verb_count; i++) {
    vt_text_add(run->ctx, &verbs, cli_verbs[i]->name);
    vt_text_add(run->ctx, &verbs, " ");
  }
  vt_text_add(run->ctx, &verbs, "help version");
  const char *hole = strstr(bash_script, "%s");
  if (verbs.failed)
    status = VT_ERROR_OUT_OF_MEMORY;
  else
    printf("%.*s%s%s", (int)(hole - bash_script), bash_script, verbs.data, hole + 2);
  vt_text_free(&verbs);
done:
  cli_options_free(&options);
  return status;
}

const cli_verb cli_completion = {
    .name = "completion",
    .operands = "bash",
    .summary = "completion for the shell",
    .examples = "  source <(vitrail completion bash)\n"
                "  vitrail completion bash > ~/.local/share/bash-completion/completions/vitrail\n",
    .run = completion,
};
