/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading the command line.
 */
#include "cli/options.h"

#include <stdlib.h>
#include <unistd.h>

#include "cli/terminal.h"

const vt_field cli_common_fields[] = {
    {"json", VT_FIELD_BOOL, offsetof(cli_common, json), .help = "print the result as JSON"},
    {"threads", VT_FIELD_INT, offsetof(cli_common, threads), "0", VT_RANGE(0, 4096),
     .help = "threads; 0: all processors; the result is the same for any number"},
    {"progress", VT_FIELD_CHOICE, offsetof(cli_common, progress), "auto", .choices = "auto|none|json",
     .help = "progress on standard error; auto: only on a terminal; json: one object a line"},
    {"color", VT_FIELD_CHOICE, offsetof(cli_common, color), "auto", .choices = "auto|always|never",
     .help = "colours on standard output; auto: only on a terminal and without NO_COLOR",
     .aliases = "colour"},
    {"quiet", VT_FIELD_BOOL, offsetof(cli_common, quiet),
     .help = "no progress and no warnings on standard error"},
    {"verbose", VT_FIELD_BOOL, offsetof(cli_common, verbose),
     .help = "more about what is done on standard error"},
    {"help", VT_FIELD_BOOL, offsetof(cli_common, help), .help = "show this help"},
};
const size_t cli_common_field_count = VT_COUNT(cli_common_fields);

static const struct {
  char letter;
  const char *name;
} letters[] = {
    {'h', "help"},    {'q', "quiet"}, {'v', "verbose"}, {'m', "model"}, {'o', "out"},    {'t', "target"},
    {'r', "regions"}, {'f', "force"}, {'n', "dry_run"}, {'j', "json"},  {'M', "method"},
};

char cli_option_letter(const char *name)
{
  for (size_t i = 0; i < VT_COUNT(letters); i++)
    if (strcmp(letters[i].name, name) == 0) return letters[i].letter;
  return 0;
}

const char *cli_option_name(const vt_field *field, char buffer[64])
{
  size_t i = 0;
  for (; field->name[i] && i < 63; i++)
    buffer[i] = field->name[i] == '_' ? '-' : field->name[i];
  buffer[i] = 0;
  return buffer;
}

vt_status cli_options_add(cli *run, cli_options *options, const char *title, const vt_field *fields,
                          size_t count, void *settings, size_t settings_size)
{
  if (options->group_count == CLI_GROUPS)
    return vt_fail(run->ctx, VT_ERROR_RUNTIME, "too many option tables");
  VT_TRY(vt_params_defaults(run->ctx, fields, count, settings, settings_size));
  options->groups[options->group_count++] = (cli_group){title, fields, count, settings, settings_size};
  return VT_OK;
}

static const vt_field *find(const cli_options *options, const char *name, cli_group *group)
{
  for (size_t i = 0; i < options->group_count; i++) {
    const vt_field *field = vt_params_find(options->groups[i].fields, options->groups[i].count, name);
    if (field) {
      *group = options->groups[i];
      return field;
    }
  }
  return NULL;
}

static vt_status unknown(vt_ctx *ctx, const cli_options *options, const char *name)
{
  const char *names[256];
  char spelt[256][64];
  size_t known = 0;
  for (size_t i = 0; i < options->group_count; i++)
    for (size_t j = 0; j < options->groups[i].count && known < VT_COUNT(names); j++, known++)
      names[known] = cli_option_name(&options->groups[i].fields[j], spelt[known]);
  const char *near = vt_nearest(name, names, known);
  return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "unknown option --%s%s%s%s", name,
                 near ? "; did you mean --" : "", near ? near : "", near ? "?" : "");
}

static vt_status set(vt_ctx *ctx, const cli_group *group, const vt_field *field, const char *value)
{
  char name[64];
  if (vt_params_set(ctx, group->fields, group->count, group->settings, field->name, value) == VT_OK)
    return VT_OK;
  return vt_fail_prefix(ctx, "--%s", cli_option_name(field, name));
}

/* Takes the value behind `at` when the option needs one. */
static vt_status set_next(vt_ctx *ctx, const cli_group *group, const vt_field *field, const char *given,
                          int argc, char **argv, int *at)
{
  if (field->kind == VT_FIELD_BOOL) return set(ctx, group, field, "true");
  if (*at + 1 >= argc) return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%s needs a value", given);
  return set(ctx, group, field, argv[++*at]);
}

static vt_status long_option(vt_ctx *ctx, const cli_options *options, int argc, char **argv, int *at)
{
  const char *given = argv[*at] + 2, *equals = strchr(given, '=');
  char *name = vt_strndup(ctx, given, equals ? (size_t)(equals - given) : strlen(given));
  if (!name) return VT_ERROR_OUT_OF_MEMORY;
  cli_group group = {0};
  const vt_field *field = find(options, name, &group);
  vt_status status;
  if (field && equals)
    status = set(ctx, &group, field, equals + 1);
  else if (field)
    status = set_next(ctx, &group, field, argv[*at], argc, argv, at);
  else if (!equals && strncmp(name, "no-", 3) == 0 && (field = find(options, name + 3, &group)) &&
           field->kind == VT_FIELD_BOOL)
    status = set(ctx, &group, field, "false");
  else
    status = unknown(ctx, options, name);
  vt_free(name);
  return status;
}

/* -q, -qv, -m FILE, -mFILE */
static vt_status short_options(vt_ctx *ctx, const cli_options *options, int argc, char **argv, int *at)
{
  for (const char *letter = argv[*at] + 1; *letter; letter++) {
    const vt_field *field = NULL;
    cli_group group = {0};
    for (size_t i = 0; i < VT_COUNT(letters) && !field; i++)
      if (letters[i].letter == *letter) field = find(options, letters[i].name, &group);
    if (!field) return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "unknown option -%c", *letter);
    if (field->kind == VT_FIELD_BOOL) {
      VT_TRY(set(ctx, &group, field, "true"));
      continue;
    }
    char given[3] = {'-', *letter, 0};
    return letter[1] ? set(ctx, &group, field, letter + 1)
                     : set_next(ctx, &group, field, given, argc, argv, at);
  }
  return VT_OK;
}

static vt_status check_required(vt_ctx *ctx, const cli_options *options)
{
  for (size_t i = 0; i < options->group_count; i++)
    for (size_t j = 0; j < options->groups[i].count; j++) {
      const vt_field *field = &options->groups[i].fields[j];
      if (!field->required || field->kind != VT_FIELD_STRING) continue;
      char name[64];
      if (!*(char **)(void *)((char *)options->groups[i].settings + field->offset))
        return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "--%s is needed: %s", cli_option_name(field, name),
                       field->help);
    }
  return VT_OK;
}

static vt_status parse(cli *run, cli_options *options, int argc, char **argv)
{
  VT_TRY(cli_options_add(run, options, "Common options", cli_common_fields, cli_common_field_count,
                         &run->common, sizeof run->common));
  options->operands = vt_alloc_zero(run->ctx, (size_t)argc + 1, sizeof *options->operands);
  if (!options->operands) return VT_ERROR_OUT_OF_MEMORY;
  bool ended = false;
  for (int at = 0; at < argc; at++) {
    const char *argument = argv[at];
    if (ended || argument[0] != '-' || !argument[1])
      options->operands[options->operand_count++] = argv[at];
    else if (strcmp(argument, "--") == 0)
      ended = true;
    else if (argument[1] == '-')
      VT_TRY(long_option(run->ctx, options, argc, argv, &at));
    else
      VT_TRY(short_options(run->ctx, options, argc, argv, &at));
  }
  cli_terminal_begin(run);
  vt_ctx_set_threads(run->ctx, (int)run->common.threads);
  return run->common.help ? VT_OK : check_required(run->ctx, options);
}

vt_status cli_options_read(cli *run, cli_options *options, int argc, char **argv, size_t least, size_t most,
                           const char *what)
{
  VT_TRY(parse(run, options, argc, argv));
  if (run->common.help) {
    cli_help(run, options);
    return VT_OK;
  }
  if (options->operand_count < least)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "%s is missing", what);
  if (options->operand_count > most)
    return vt_fail(run->ctx, VT_ERROR_INVALID_ARGUMENT, "'%s' is one argument too many",
                   options->operands[most]);
  return VT_OK;
}

void cli_options_free(cli_options *options)
{
  for (size_t i = 0; i < options->group_count; i++)
    vt_params_free(options->groups[i].fields, options->groups[i].count, options->groups[i].settings);
  vt_free(options->operands);
  *options = (cli_options){0};
}

const char *cli_options_peek(int argc, char **argv, const char *name)
{
  const char *found = NULL;
  size_t length = strlen(name);
  char letter = cli_option_letter(name);
  for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
    const char *argument = argv[i];
    if (letter && argument[0] == '-' && argument[1] == letter)
      found = argument[2] ? argument + 2 : i + 1 < argc ? argv[i + 1] : found;
    if (strncmp(argument, "--", 2) != 0 || strncmp(argument + 2, name, length) != 0) continue;
    if (argument[2 + length] == '=')
      found = argument + 3 + length;
    else if (!argument[2 + length] && i + 1 < argc)
      found = argv[i + 1];
  }
  return found;
}

vt_status cli_parse_bytes(vt_ctx *ctx, const char *name, const char *text, uint64_t *out)
{
  *out = 0;
  if (!text || !*text) return VT_OK;
  size_t digits = strspn(text, "0123456789.");
  char number[32];
  double value = 0, unit = 1;
  bool good = digits > 0 && digits < sizeof number;
  if (good) {
    memcpy(number, text, digits);
    number[digits] = 0;
    good = vt_parse_number(number, &value);
  }
  const char *suffix = text + digits + strspn(text + digits, " ");
  static const char units[] = "KMGT";
  if (good && *suffix && *suffix != 'B') {
    const char *found = strchr(units, *suffix >= 'a' ? *suffix - 32 : *suffix);
    good = found != NULL;
    for (long i = 0; good && i <= found - units; i++)
      unit *= 1024;
    if (good) suffix++;
    if (good && suffix[0] == 'i') suffix++;
  }
  if (*suffix == 'B') suffix++;
  if (!good || *suffix || value * unit > 9e18)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "--%s: '%s' is no size; examples: 800M, 2G, 123456", name,
                   text);
  *out = (uint64_t)(value * unit);
  return VT_OK;
}
