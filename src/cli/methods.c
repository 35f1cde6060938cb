/* SPDX-License-Identifier: Apache-2.0
 *
 * vitrail methods: everything that declares itself, as a table, a page, JSON or Markdown.
 */
#include <stdlib.h>

#include "attribution/attribute.h"
#include "cli/catalogue.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "metrics/metric.h"

typedef struct methods_settings {
  bool markdown;
} methods_settings;

static const vt_field fields[] = {
    {"markdown", VT_FIELD_BOOL, offsetof(methods_settings, markdown), .help = "print docs/methods.md"},
};

static vt_status print_list(cli *run)
{
  cli_table table = {0};
  VT_TRY(cli_table_row(run->ctx, &table, "Method\tWhat it is\tModel calls"));
  for (size_t i = 0; i < vt_methods.count; i++)
    VT_TRY(cli_table_row(run->ctx, &table, "%s\t%s\t%s", vt_methods.methods[i]->id,
                         vt_methods.methods[i]->title,
                         vt_methods.methods[i]->cost ? vt_methods.methods[i]->cost : ""));
  cli_table_print(run, &table);
  printf("\n");
  VT_TRY(cli_table_row(run->ctx, &table, "Regions\tHow the picture is divided (--regions)"));
  for (size_t i = 0; i < vt_divider_count; i++)
    VT_TRY(cli_table_row(run->ctx, &table, "%s\t%s", vt_dividers[i].form, vt_dividers[i].summary));
  cli_table_print(run, &table);
  printf("\nvitrail methods ID shows one of them with all parameters; vitrail metrics lists what judges "
         "them.\n");
  return VT_OK;
}

static void print_line(const char *name, const char *text)
{
  if (text && *text) printf("  %-12s%s\n", name, text);
}

static void print_parameters(const vt_field *list, size_t count)
{
  if (count == 0) return;
  printf("\nParameters\n");
  for (size_t i = 0; i < count; i++)
    cli_help_option(&list[i]);
}

static void print_method(const vt_method *method)
{
  char needs[160];
  printf("%s: %s\n\n%s\n\n", method->id, method->title, method->summary);
  print_line("aliases", method->aliases);
  print_line("needs", cli_needs_text(method->needs, needs));
  print_line("cost", method->cost);
  print_line("place", method->place);
  print_line("source", method->citation);
  print_parameters(method->fields, method->field_count);
  if (method->preset_count) printf("\nPresets (--preset)\n");
  for (size_t i = 0; i < method->preset_count; i++)
    print_line(method->presets[i].id, method->presets[i].settings);
}

static vt_status print_one(cli *run, const char *id)
{
  const vt_method *method = vt_method_find(&vt_methods, id);
  const vt_metric *metric = method ? NULL : vt_metric_find(id);
  const vt_protocol *protocol = method || metric ? NULL : vt_protocol_find(id);
  const vt_divider *divider = cli_divider_find(id);
  if (run->common.json && (method || metric)) {
    json_t *json = method ? cli_method_json(method) : cli_metric_json(metric);
    vt_status status = cli_print_json(run, json);
    json_decref(json);
    return status;
  }
  if (method)
    print_method(method);
  else if (metric)
    cli_metric_print(metric);
  else if (protocol)
    printf("%s: %s\n", protocol->id, protocol->summary);
  else if (divider)
    printf("%s: %s\n", divider->form, divider->summary);
  else
    return cli_unknown_id(run->ctx, id);
  return VT_OK;
}

static vt_status methods(cli *run, int argc, char **argv)
{
  methods_settings settings;
  cli_options options = {0};
  vt_status status;
  VT_TRY_DONE(
      cli_options_add(run, &options, "Options", fields, VT_COUNT(fields), &settings, sizeof settings));
  VT_TRY_DONE(cli_options_read(run, &options, argc, argv, 0, 1, "ID"));
  if (run->common.help) goto done;
  if (settings.markdown) {
    cli_catalogue_markdown();
  } else if (options.operand_count == 1) {
    status = print_one(run, options.operands[0]);
  } else if (run->common.json) {
    json_t *json = cli_catalogue_json();
    status = cli_print_json(run, json);
    json_decref(json);
  } else {
    status = print_list(run);
  }
done:
  cli_options_free(&options);
  return status;
}

const cli_verb cli_methods = {
    .name = "methods",
    .operands = "[ID]",
    .summary = "methods there are, and divisions of a picture",
    .examples = "  vitrail methods\n"
                "  vitrail methods lima           what it does, when not to use it, all parameters\n"
                "  vitrail methods --json         the same for machines, parameters as a schema\n",
    .run = methods,
};
