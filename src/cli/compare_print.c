/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables of a comparison, and the files it leaves.
 */
#include <math.h>

#include "cli/compare.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "comparison/compare_page.h"
#include "comparison/database.h"
#include "comparison/summary.h"

typedef struct giving {
  cli *run;
  const vt_summary *summary;
  const vt_contest *contest;
  vt_text markdown; /* the same tables for pages */
} giving;

static const char *const granularity_titles[] = {"as it is", "equal granularity"};

/* ---- tables ---- */

static void cells_to_markdown(giving *work, const char *row, bool first)
{
  vt_ctx *ctx = work->run->ctx;
  int columns = 0;
  for (const char *at = row; *at; columns++) {
    size_t length = strcspn(at, "\t");
    bool right = first && *at == '>';
    vt_text_addf(ctx, &work->markdown, "| %.*s ", (int)(length - right), at + right);
    at += length + (at[length] == '\t');
  }
  vt_text_add(ctx, &work->markdown, "|\n");
  for (int i = 0; first && i < columns; i++)
    vt_text_add(ctx, &work->markdown, i ? "|---:" : "|---");
  if (first) vt_text_add(ctx, &work->markdown, "|\n");
}

static void give_table(giving *work, const char *title, cli_table *table)
{
  vt_text_addf(work->run->ctx, &work->markdown, "%s\n\n", title);
  for (size_t i = 0; i < table->count; i++)
    cells_to_markdown(work, table->rows[i], i == 0);
  vt_text_add(work->run->ctx, &work->markdown, "\n");
  if (work->run->common.json) {
    cli_table_free(table);
    return;
  }
  printf("%s\n\n", title);
  cli_table_print(work->run, table);
  printf("\n");
}

static void add_number(vt_ctx *ctx, vt_text *row, double value, int digits)
{
  if (isnan(value))
    vt_text_add(ctx, row, "\t–");
  else
    vt_text_addf(ctx, row, "\t%.*f", digits, value);
}

static vt_status row_done(vt_ctx *ctx, cli_table *table, vt_text *row)
{
  vt_status status = row->failed ? VT_ERROR_OUT_OF_MEMORY : cli_table_row(ctx, table, "%s", row->data);
  vt_text_free(row);
  *row = (vt_text){0};
  return status;
}

static void add_headings(giving *work, vt_text *row, size_t first, size_t last)
{
  for (size_t m = first; m < last; m++)
    vt_text_addf(work->run->ctx, row, "\t>%.40s %s", work->contest->criteria[m].label,
                 work->contest->criteria[m].metric->higher_is_better ? "↑" : "↓");
}

/* Means of the criteria first … last − 1, with rank, calls and seconds beside the first ones. */
static vt_status level_table(giving *work, vt_granularity granularity, const size_t *order, size_t first,
                             size_t last)
{
  vt_ctx *ctx = work->run->ctx;
  const vt_summary *summary = work->summary;
  cli_table table = {0};
  vt_text row = {0};
  char title[200];
  vt_text_add(ctx, &row, "Method");
  add_headings(work, &row, first, last);
  if (first == 0) vt_text_add(ctx, &row, "\t>Mean rank\t>Calls\t>Seconds");
  vt_status status = row_done(ctx, &table, &row);
  for (size_t i = 0; status == VT_OK && i < summary->contenders; i++) {
    size_t c = order[i];
    const vt_summary_contender *of = &summary->contender[c];
    vt_text_addf(ctx, &row, "%.40s%s", work->contest->contenders[c].label, of->failed ? " *" : "");
    for (size_t m = first; m < last; m++) {
      const vt_summary_cell *cell = vt_summary_cell_of(summary, c, m, granularity);
      if (!cell->count)
        vt_text_add(ctx, &row, "\t–");
      else if (isnan(cell->spread))
        vt_text_addf(ctx, &row, "\t%.3f", cell->mean);
      else
        vt_text_addf(ctx, &row, "\t%.3f ± %.3f", cell->mean, cell->spread);
      if (cell->count && cell->undefined) vt_text_addf(ctx, &row, " (%zu)", cell->count);
    }
    if (first == 0) {
      add_number(ctx, &row, of->rank[granularity], 2);
      add_number(ctx, &row, of->calls, 0);
      add_number(ctx, &row, of->seconds, 3);
    }
    status = row_done(ctx, &table, &row);
  }
  snprintf(title, sizeof title,
           "%s: mean ± standard deviation over %zu pictures (in brackets over how many, where some have no "
           "value), mean rank, model calls and seconds a picture:",
           granularity == VT_EQUAL_GRANULARITY ? "Equal granularity" : "As it is", summary->pictures);
  if (status == VT_OK)
    give_table(work, title, &table);
  else
    cli_table_free(&table);
  return status;
}

/* Paired differences to one contender. */
static vt_status pair_table(giving *work, vt_granularity granularity, const size_t *order, size_t against,
                            size_t first, size_t last)
{
  vt_ctx *ctx = work->run->ctx;
  const vt_summary *summary = work->summary;
  cli_table table = {0};
  vt_text row = {0};
  char title[300];
  vt_text_add(ctx, &row, "Method");
  add_headings(work, &row, first, last);
  vt_status status = row_done(ctx, &table, &row);
  for (size_t i = 0; status == VT_OK && i < summary->contenders; i++) {
    size_t c = order[i];
    if (c == against) continue;
    vt_text_addf(ctx, &row, "%.40s", work->contest->contenders[c].label);
    for (size_t m = first; m < last; m++) {
      const vt_summary_pair *pair = vt_summary_pair_of(summary, against, c, m, granularity);
      if (!pair->count)
        vt_text_add(ctx, &row, "\t–");
      else
        vt_text_addf(ctx, &row, "\t%+.3f [%+.3f, %+.3f] %.0f %%", pair->difference, pair->interval.low,
                     pair->interval.high, 100 * pair->wins);
    }
    status = row_done(ctx, &table, &row);
  }
  snprintf(title, sizeof title,
           "How much better %.60s is (%s): mean paired difference, above 0 where it is better whatever the "
           "metric's direction, 95 %% bootstrap interval, share of the pictures it wins:",
           work->contest->contenders[against].label, granularity_titles[granularity]);
  if (status == VT_OK)
    give_table(work, title, &table);
  else
    cli_table_free(&table);
  return status;
}

static vt_status consistency_table(giving *work)
{
  vt_ctx *ctx = work->run->ctx;
  const vt_summary *summary = work->summary;
  cli_table table = {0};
  bool any = false;
  vt_status status = cli_table_row(ctx, &table, "Method\t>Consistency ↑\t>Pairs explained alike");
  for (size_t c = 0; status == VT_OK && c < summary->contenders; c++) {
    const vt_summary_contender *of = &summary->contender[c];
    if (!of->explained || !of->alike) continue;
    any = true;
    status = cli_table_row(ctx, &table, "%.40s\t%.3f\t%lld", work->contest->contenders[c].label,
                           of->consistency, (long long)of->alike);
  }
  if (status == VT_OK && any)
    give_table(work,
               "Consistency: of pictures with the same three highest cells of a 4×4 grid, the share of pairs "
               "that the model answers alike:",
               &table);
  else
    cli_table_free(&table);
  return status;
}

static vt_status give_failures(giving *work)
{
  for (size_t c = 0; c < work->summary->contenders; c++) {
    const vt_summary_contender *of = &work->summary->contender[c];
    if (!of->failed) continue;
    vt_text_addf(work->run->ctx, &work->markdown, "\\* %s failed on %zu pictures: %s\n\n",
                 work->contest->contenders[c].label, of->failed, of->error);
    if (!work->run->common.json)
      printf("* %s failed on %zu pictures: %s\n", work->contest->contenders[c].label, of->failed, of->error);
  }
  return work->markdown.failed ? VT_ERROR_OUT_OF_MEMORY : VT_OK;
}

enum { METRICS_A_TABLE = 6 };

static vt_status give_tables(giving *work)
{
  const vt_summary *summary = work->summary;
  size_t *order = vt_alloc_zero(work->run->ctx, summary->contenders, sizeof *order);
  vt_status status = order ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (int g = 0; status == VT_OK && g < 2; g++) {
    if (g == VT_AS_IT_IS ? !work->contest->as_it_is : !work->contest->equal) continue;
    vt_summary_order(summary, (vt_granularity)g, order);
    for (size_t m = 0; status == VT_OK && m < summary->criteria; m += METRICS_A_TABLE) {
      size_t last = m + METRICS_A_TABLE < summary->criteria ? m + METRICS_A_TABLE : summary->criteria;
      status = level_table(work, (vt_granularity)g, order, m, last);
      if (status == VT_OK && summary->contenders > 1)
        status = pair_table(work, (vt_granularity)g, order, 0, m, last);
    }
  }
  vt_free(order);
  if (status == VT_OK) status = consistency_table(work);
  return status == VT_OK ? give_failures(work) : status;
}

/* ---- files ---- */

static vt_status write_file(giving *work, const char *name, const char *text, size_t size)
{
  vt_ctx *ctx = work->run->ctx;
  char *path = vt_path_join(ctx, work->summary->compare->folder, name);
  vt_status status = path ? vt_write_file(ctx, path, text, size) : VT_ERROR_OUT_OF_MEMORY;
  vt_free(path);
  return status;
}

static vt_status write_ranks(giving *work)
{
  static const char *const names[] = {"ranks.svg", "ranks-equal.svg"};
  for (int g = 0; g < 2; g++) {
    char *svg;
    size_t size;
    if (g == VT_AS_IT_IS ? !work->contest->as_it_is : !work->contest->equal) continue;
    VT_TRY(vt_summary_ranks_svg(work->run->ctx, work->summary, (vt_granularity)g, &svg, &size));
    vt_status status = write_file(work, names[g], svg, size);
    vt_free(svg);
    VT_TRY(status);
  }
  return VT_OK;
}

static vt_status write_database(giving *work)
{
  vt_ctx *ctx = work->run->ctx;
  const char *folder = work->summary->compare->folder;
  char *rows = vt_path_join(ctx, folder, "rows.jsonl"), *file = vt_path_join(ctx, folder, "rows.sqlite");
  vt_status status = rows && file ? vt_database_write(ctx, rows, file) : VT_ERROR_OUT_OF_MEMORY;
  vt_free(rows);
  vt_free(file);
  return status;
}

static vt_status write_page(giving *work)
{
  vt_text page;
  VT_TRY(vt_compare_page_html(work->run->ctx, work->summary, &page));
  vt_status status = write_file(work, "report.html", page.data, page.length);
  vt_text_free(&page);
  return status;
}

static vt_status write_files(giving *work, const json_t *json)
{
  char *text;
  VT_TRY(vt_json_text(work->run->ctx, json, &text));
  vt_status status = write_file(work, "summary.json", text, strlen(text));
  vt_free(text);
  if (status == VT_OK) status = write_file(work, "tables.md", work->markdown.data, work->markdown.length);
  if (status == VT_OK) status = write_ranks(work);
  if (status == VT_OK) status = write_database(work);
  return status == VT_OK ? write_page(work) : status;
}

static void print_head(const giving *work)
{
  const vt_compared *compared = work->summary->compared;
  printf("%s: %zu of %zu pictures", work->summary->compare->folder, compared->judged, compared->count);
  if (compared->left_out) printf(", %zu left out", compared->left_out);
  if (compared->bad) printf(", %zu that cannot be read", compared->bad);
  printf(", %lld new rows\n\n", (long long)compared->new_rows);
}

vt_status cli_compare_give(cli *run, const vt_compare *compare, const vt_compared *compared)
{
  vt_summary summary;
  json_t *json = NULL;
  VT_TRY(vt_summary_make(run->ctx, compare, compared, &summary));
  giving work = {.run = run, .summary = &summary, .contest = &compare->contest};
  if (!run->common.json) print_head(&work);
  vt_status status = give_tables(&work);
  if (status == VT_OK) status = vt_summary_json(run->ctx, &summary, &json);
  if (status == VT_OK) status = write_files(&work, json);
  if (status == VT_OK && run->common.json) status = cli_print_json(run, json);
  if (status == VT_OK && !run->common.json)
    printf(
        "%s/report.html shows all maps; summary.json, tables.md, ranks.svg and rows.sqlite have the rest\n",
        compare->folder);
  json_decref(json);
  vt_text_free(&work.markdown);
  vt_summary_free(&summary);
  return status;
}
