/* SPDX-License-Identifier: Apache-2.0
 *
 * Help made from the option tables: examples first, then every option with its default.
 */
#include <stdlib.h>

#include "cli/options.h"
#include "cli/terminal.h"

enum { INDENT = 30, LINE = 100 };

static const char *value_word(const vt_field *field)
{
  switch (field->kind) {
  case VT_FIELD_INT:
    return "N";
  case VT_FIELD_REAL:
    return "X";
  case VT_FIELD_CHOICE:
    return field->choices;
  case VT_FIELD_INTS:
    return "N,N,…";
  case VT_FIELD_REALS:
    return "X,X,…";
  case VT_FIELD_STRING:
    return "TEXT";
  case VT_FIELD_TEXTS:
    return "TEXT …";
  case VT_FIELD_BOOL:
  case VT_FIELD_TENSOR:
    break;
  }
  return "";
}

/* Characters that take room on the screen, for UTF-8 without combining marks. */
static int width_of(const char *text, size_t length)
{
  int width = 0;
  for (size_t i = 0; i < length; i++)
    width += ((unsigned char)text[i] & 0xc0) != 0x80;
  return width;
}

/* Prints words from column `at` on, broken before LINE, continued at `indent`. */
static void print_words(const char *text, int at, int indent)
{
  bool first = true; /* of its line */
  for (const char *word = text; *word;) {
    size_t length = strcspn(word, " \n");
    int width = width_of(word, length);
    if (!first && at + 1 + width > LINE) {
      printf("\n%*s", indent, "");
      at = indent;
      first = true;
    }
    printf("%s%.*s", first ? "" : " ", (int)length, word);
    at += width + !first;
    first = false;
    word += length;
    word += *word == ' ' || *word == '\n';
  }
}

void cli_help_option(const vt_field *field)
{
  char name[64], left[256], help[512], range[96] = "", fallback[160] = "";
  char letter = cli_option_letter(field->name);
  cli_option_name(field, name);
  const char *word = value_word(field);
  if (letter)
    snprintf(left, sizeof left, "  -%c, --%s%s%s", letter, name, *word ? " " : "", word);
  else
    snprintf(left, sizeof left, "      --%s%s%s", name, *word ? " " : "", word);
  if (field->low != field->high) {
    char low[32], high[32];
    vt_number_text(field->low, low);
    vt_number_text(field->high, high);
    if (field->high >= 1e9)
      snprintf(range, sizeof range, ", from %s", low);
    else
      snprintf(range, sizeof range, ", %s..%s", low, high);
  }
  if (field->required)
    snprintf(fallback, sizeof fallback, " [needed%s]", range);
  else if (field->fallback && *field->fallback && field->kind != VT_FIELD_BOOL)
    snprintf(fallback, sizeof fallback, " [%s%s]", field->fallback, range);
  else if (*range)
    snprintf(fallback, sizeof fallback, " [%s]", range + 2);
  snprintf(help, sizeof help, "%s%s", field->help ? field->help : "", fallback);
  int width = width_of(left, strlen(left));
  printf("%s", left);
  if (width + 2 > INDENT)
    printf("\n%*s", INDENT, "");
  else
    printf("%*s", INDENT - width, "");
  print_words(help, INDENT, INDENT);
  putchar('\n');
}

void cli_help(cli *run, const cli_options *options)
{
  const cli_verb *verb = run->verb;
  const char *bold = run->color ? "\033[1m" : "", *plain = run->color ? "\033[0m" : "";
  printf("vitrail %s: %s\n\n", verb->name, verb->summary);
  printf("%sExamples%s\n%s\n", bold, plain, verb->examples);
  printf("%sUsage%s\n  vitrail %s [options]%s%s\n", bold, plain, verb->name, *verb->operands ? " " : "",
         verb->operands);
  for (size_t i = 0; i < options->group_count; i++) {
    if (options->groups[i].count == 0) continue;
    printf("\n%s%s%s\n", bold, options->groups[i].title, plain);
    for (size_t j = 0; j < options->groups[i].count; j++)
      cli_help_option(&options->groups[i].fields[j]);
  }
  if (verb->description) {
    putchar('\n');
    print_words(verb->description, 0, 0);
    putchar('\n');
  }
}
