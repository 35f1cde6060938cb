/* SPDX-License-Identifier: Apache-2.0
 *
 * vitrail metrics: everything that judges an explanation, as a table, a page, JSON or Markdown.
 */
#include <math.h>

#include "cli/catalogue.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/terminal.h"

typedef struct metrics_settings {
  bool markdown;
} metrics_settings;

static const vt_field fields[] = {
    {"markdown", VT_FIELD_BOOL, offsetof(metrics_settings, markdown), .help = "print docs/metrics.md"},
};

static const char *arrow(const vt_metric *metric)
{
  return metric->higher_is_better ? "↑" : "↓";
}

/* "0 to 1", "from 0", "to 1", "any number". */
static const char *range_text(const vt_metric *metric, char buffer[80])
{
  char low[32], high[32];
  bool below = isfinite(metric->low), above = isfinite(metric->high);
  vt_number_text(metric->low, low);
  vt_number_text(metric->high, high);
  if (below && above)
    snprintf(buffer, 80, "%s to %s", low, high);
  else if (below || above)
    snprintf(buffer, 80, below ? "from %s" : "to %s", below ? low : high);
  else
    snprintf(buffer, 80, "any number");
  return buffer;
}

static void print_line(const char *name, const char *text)
{
  if (text && *text) printf("  %-12s%s\n", name, text);
}

void cli_metric_print(const vt_metric *metric)
{
  char range[80], needs[160];
  printf("%s: %s\n\n%s\n\n", metric->id, metric->title, metric->summary);
  print_line("category", metric->category);
  print_line("better", metric->higher_is_better ? "↑ higher" : "↓ lower");
  print_line("range", range_text(metric, range));
  print_line("needs", cli_needs_text(metric->needs, needs));
  print_line("protocol", metric->curve ? "any (--protocol)" : "its settings (--set)");
  print_line("source", metric->citation);
  if (metric->field_count) printf("\nSettings (--set NAME=VALUE)\n");
  for (size_t i = 0; i < metric->field_count; i++)
    cli_help_option(&metric->fields[i]);
}

static vt_status print_list(cli *run)
{
  cli_table table = {0};
  char range[80];
  VT_TRY(cli_table_row(run->ctx, &table, "Metric\tWhat it is\tCategory\tBetter\tRange"));
  for (size_t i = 0; i < vt_metric_count; i++)
    VT_TRY(cli_table_row(run->ctx, &table, "%s\t%s\t%s\t%s\t%s", vt_metrics[i]->id, vt_metrics[i]->title,
                         vt_metrics[i]->category, arrow(vt_metrics[i]), range_text(vt_metrics[i], range)));
  cli_table_print(run, &table);
  printf("\n");
  VT_TRY(cli_table_row(run->ctx, &table, "Protocol\tHow a curve is made (vitrail evaluate --protocol)"));
  for (size_t i = 0; i < vt_protocol_count; i++)
    VT_TRY(cli_table_row(run->ctx, &table, "%s\t%s", vt_protocols[i].id, vt_protocols[i].summary));
  cli_table_print(run, &table);
  printf("\nvitrail metrics ID shows one of them with all settings.\n");
  return VT_OK;
}

/* ---- docs/metrics.md ---- */

static void markdown_metric(const vt_metric *metric)
{
  char needs[160], range[80];
  printf("### `%s`: %s %s\n\n%s\n\n", metric->id, metric->title, arrow(metric), metric->summary);
  printf("- better: %s\n- range: %s\n", metric->higher_is_better ? "↑ higher" : "↓ lower",
         range_text(metric, range));
  if (metric->needs) printf("- needs: %s\n", cli_needs_text(metric->needs, needs));
  if (metric->curve) printf("- made under a protocol (below)\n");
  if (metric->citation) printf("- source: %s\n", metric->citation);
  printf("\n");
  cli_markdown_parameters(metric->fields, metric->field_count, "");
}

static void print_markdown(void)
{
  printf(
      "# Metrics\n\nThis page is printed by `vitrail metrics --markdown` from what the metrics declare; a "
      "test "
      "compares the two. `vitrail evaluate IMAGE --metric ID --set NAME=VALUE` measures one. A figure "
      "travels "
      "with its protocol and settings; figures of different ones must not be compared. A value that is not "
      "defined for a picture (an empty mask, a constant map under a correlation) is NaN with a note, never "
      "0. "
      "Maps with NaN or infinity are refused. Of equal pixels the one of lower index comes first. Ranges are "
      "those for probabilities.\n\n"
      "| metric | better | range | category |\n|---|---|---|---|\n");
  for (size_t i = 0; i < vt_metric_count; i++) {
    char range[80];
    printf("| [`%s`](#%s) %s | %s | %s | %s |\n", vt_metrics[i]->id, vt_metrics[i]->id, vt_metrics[i]->title,
           arrow(vt_metrics[i]), range_text(vt_metrics[i], range), vt_metrics[i]->category);
  }
  const char *category = "";
  for (size_t i = 0; i < vt_metric_count; i++) {
    if (strcmp(category, vt_metrics[i]->category) != 0) printf("\n## %s\n\n", vt_metrics[i]->category);
    category = vt_metrics[i]->category;
    printf("<a id=\"%s\"></a>\n\n", vt_metrics[i]->id);
    markdown_metric(vt_metrics[i]);
  }
  printf("## protocols of curves\n\n| protocol | steps, baseline, area |\n|---|---|\n");
  for (size_t i = 0; i < vt_protocol_count; i++)
    printf("| `%s` | %s |\n", vt_protocols[i].id, vt_protocols[i].summary);
}

static vt_status print_json(cli *run, const char *id)
{
  json_t *json = NULL;
  const vt_metric *metric = id ? vt_metric_find(id) : NULL;
  if (metric) {
    json = cli_metric_json(metric);
  } else {
    json_t *metrics = json_array();
    for (size_t i = 0; i < vt_metric_count; i++)
      json_array_append_new(metrics, cli_metric_json(vt_metrics[i]));
    json = json_pack("{s:i, s:o}", "schema_version", 1, "metrics", metrics);
  }
  vt_status status = cli_print_json(run, json);
  json_decref(json);
  return status;
}

static vt_status metrics(cli *run, int argc, char **argv)
{
  metrics_settings settings;
  cli_options options = {0};
  vt_status status;
  VT_TRY_DONE(
      cli_options_add(run, &options, "Options", fields, VT_COUNT(fields), &settings, sizeof settings));
  VT_TRY_DONE(cli_options_read(run, &options, argc, argv, 0, 1, "ID"));
  if (run->common.help) goto done;
  const char *id = options.operand_count ? options.operands[0] : NULL;
  if (id && !vt_metric_find(id))
    status = cli_unknown_id(run->ctx, id);
  else if (settings.markdown)
    print_markdown();
  else if (run->common.json)
    status = print_json(run, id);
  else if (id)
    cli_metric_print(vt_metric_find(id));
  else
    status = print_list(run);
done:
  cli_options_free(&options);
  return status;
}

const cli_verb cli_metrics = {
    .name = "metrics",
    .operands = "[ID]",
    .summary = "what judges an explanation, which way is better, protocols",
    .examples = "  vitrail metrics\n"
                "  vitrail metrics mufidelity     what it measures, and its settings\n"
                "  vitrail metrics --json         the same for machines, settings as a schema\n",
    .run = metrics,
};
