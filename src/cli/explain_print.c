/* SPDX-License-Identifier: Apache-2.0
 *
 * An explanation for people on a terminal.
 */
#include <math.h>

#include "cli/bundled.h"
#include "cli/explain.h"
#include "cli/terminal.h"

enum { MOST_ROWS = 100 };

static const char *number(double value, char buffer[32])
{
  return isfinite(value) ? vt_short_number(value, buffer) : strcpy(buffer, "-");
}

/* A score of the table: probabilities with four decimals, so that columns line up. */
static const char *cell(const vt_explanation *explanation, double value, bool with_sign, char buffer[32])
{
  if (!isfinite(value)) return strcpy(buffer, "-");
  if (explanation->score == VT_SCORE_LOGIT)
    snprintf(buffer, 32, with_sign ? "%+.3f" : "%.3f", value);
  else
    snprintf(buffer, 32, with_sign ? "%+.4f" : "%.4f", value);
  return buffer;
}

static const char *class_text(const vt_explanation *explanation, int index, char buffer[160])
{
  const char *name = vt_model_class_name(explanation->model, index);
  if (name)
    snprintf(buffer, 160, "%.120s (class %d)", name, index);
  else
    snprintf(buffer, 160, "class %d", index);
  return buffer;
}

static vt_status print_regions(cli *run, const vt_explanation *explanation)
{
  int count = vt_regions_count(explanation->regions), shown = count < MOST_ROWS ? count : MOST_ROWS;
  cli_table table = {0};
  vt_status status =
      cli_table_row(run->ctx, &table, ">Rank\t>Region\t>Area\tWhere\t>Score\t>Change\t>Without");
  for (int place = 0; place < shown && status == VT_OK; place++) {
    char score[32], change[32], without[32];
    int region = explanation->order[place];
    double rise = explanation->insertion[place + 1] - explanation->insertion[place];
    status = cli_table_row(run->ctx, &table, "%d\t%d\t%.1f %%\t%s\t%s\t%s\t%s", place + 1, region,
                           100 * (explanation->areas[place + 1] - explanation->areas[place]),
                           vt_region_where(explanation, region),
                           cell(explanation, explanation->insertion[place + 1], false, score),
                           cell(explanation, rise, true, change),
                           cell(explanation, explanation->deletion[place + 1], false, without));
  }
  if (status != VT_OK) {
    cli_table_free(&table);
    return status;
  }
  cli_table_print(run, &table);
  if (shown < count) printf("… and %d more regions\n", count - shown);
  printf("Score: with the regions down to this row; Without: with the same regions removed.\n\n");
  return VT_OK;
}

static void print_subset(const char *what, const vt_subset_size *size, const char *how)
{
  char score[32];
  if (size->regions < 0)
    printf("  %-52s none\n", what);
  else
    printf("  %-52s %d region%s, %.1f %% of the picture, %s %s\n", what, size->regions,
           size->regions == 1 ? "" : "s", 100 * size->area, how, number(size->score, score));
}

static void print_mistake(const vt_explanation *explanation)
{
  const vt_mistake *mistake = &explanation->mistake;
  char name[160], value[4][32], area[32];
  if (!mistake->present) return;
  for (int i = 0; i < 4; i++)
    number(mistake->highest[i], value[i]);
  printf("The model answers %s instead.\n", class_text(explanation, mistake->predicted, name));
  printf("  highest score within 25, 50, 75, 100 %% of the picture: %s, %s, %s, %s; its peak at %s %%\n",
         value[0], value[1], value[2], value[3], number(100 * mistake->peak_area, area));
  printf("  the %d regions after rank %d take it down again: they speak for the other answer\n\n",
         vt_regions_count(explanation->regions) - mistake->peak_step, mistake->peak_step);
}

/* What a method that makes maps says beside the ranking. */
static void print_map(const vt_explanation *explanation)
{
  const vt_completeness *completeness = &explanation->completeness;
  char sum[32], difference[32], error[32];
  if (explanation->native)
    printf("Layer %s, map of %lld × %lld\n", explanation->native_name, (long long)explanation->native_dims[0],
           (long long)explanation->native_dims[1]);
  if (completeness->present)
    printf("The map sums to %s where the score changes by %s: completeness error %s\n",
           number(completeness->sum, sum), number(completeness->difference, difference),
           number(completeness->error, error));
  if (explanation->native || completeness->present) printf("\n");
}

/* Of a detector: what the whole picture shows, so that another detection can be asked about. */
static void print_found(const vt_explanation *explanation)
{
  const json_t *found = json_object_get(explanation->target_details, "found"), *one;
  size_t index;
  json_array_foreach(found, index, one)
  {
    char number_text[32];
    const char *name = json_string_value(json_object_get(one, "name"));
    const json_t *box = json_object_get(one, "box");
    printf("  detection %zu: ", index);
    if (name)
      printf("%.120s", name);
    else
      printf("class %lld", (long long)json_integer_value(json_object_get(one, "label")));
    printf(" %s at %.0f,%.0f,%.0f,%.0f\n",
           number(json_number_value(json_object_get(one, "confidence")), number_text),
           json_number_value(json_array_get(box, 0)), json_number_value(json_array_get(box, 1)),
           json_number_value(json_array_get(box, 2)), json_number_value(json_array_get(box, 3)));
  }
}

vt_status cli_explanation_print(cli *run, const vt_report *report, const char *folder)
{
  const vt_explanation *explanation = report->explanation;
  const char *bold = run->color ? "\033[1m" : "", *plain = run->color ? "\033[0m" : "";
  const char *kind = vt_score_name(explanation->score);
  char name[160], full[32], blank[32], insertion[32], deletion[32];
  if (vt_model_notice(explanation->model)) printf("%s\n", CLI_BUNDLED_LINE);
  printf("%s%s%s: %s %s of the whole picture, %s of nothing\n", bold,
         explanation->target_text ? explanation->target_text
                                  : class_text(explanation, explanation->target, name),
         plain, kind, number(explanation->full, full), number(explanation->blank, blank));
  for (int i = 0; i < report->top_count && explanation->predicted != explanation->target && i < 1; i++)
    printf("The model's answer is %s, probability %s\n", class_text(explanation, report->top[i].index, name),
           number(report->top[i].probability, full));
  print_found(explanation);
  printf("\n");
  VT_TRY(print_regions(run, explanation));
  printf("%sInsertion AUC %s%s (higher is better)   %sDeletion AUC %s%s (lower is better)\n\n", bold,
         number(explanation->insertion_auc, insertion), plain, bold,
         number(explanation->deletion_auc, deletion), plain);
  printf("Smallest sets\n");
  print_subset("fewest that keep 90 % of the score", &explanation->keep, kind);
  print_subset("highest score", &explanation->best, kind);
  if (!explanation->mistake.present && vt_score_has_class(explanation->score))
    print_subset("fewest whose removal changes the answer", &explanation->flip, kind);
  printf("\n");
  print_mistake(explanation);
  print_map(explanation);
  printf(
      "%s, seed %lld, %lld model calls (%lld distinct forwards, %lld diagnostic), %.1f s on %d thread%s%s\n",
      explanation->method ? explanation->method->id : "", (long long)explanation->seed,
      (long long)explanation->model_calls, (long long)explanation->model_forwards,
      (long long)explanation->diagnostic_calls, explanation->seconds, explanation->threads,
      explanation->threads == 1 ? "" : "s", explanation->partial ? ", cut short" : "");
  const char *assumption;
  for (int i = 0; (assumption = vt_model_assumption(explanation->model, i)); i++)
    printf("assumed: %s\n", assumption);
  if (folder) printf("Report: %s/report.html\n", folder);
  return VT_OK;
}
