/* SPDX-License-Identifier: Apache-2.0
 *
 * The chart of docs/search.md: quality against model calls, from the result.json of
 * `vitrail repro lima --part search`.
 *
 *   search_curve RESULT.json GROUP "chart title" OUT.svg
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "report/chart.h"

enum { LINE_POINTS = 4, LINES = 4 };

/* Arms of a line by rising calls. */
typedef struct line {
  const char *name, *arms[LINE_POINTS];
} line;

static const line panels[2][LINES] = {
    {{"LiMA, greedy", {"lima-third", "lima", "greedy"}},
     {"backward", {"backward-small", "backward", "backward-large"}},
     {"prior", {"prior-100", "prior-200", "prior-400"}},
     {"lazy", {"lazy-3", "lazy-6", "lazy-12"}}},
    {{"LiMA, greedy", {"lima-third", "lima", "greedy"}},
     {"stochastic", {"stochastic-0.1", "stochastic-0.25", "stochastic-0.5"}},
     {"coarse", {"coarse-3", "coarse-6"}},
     {"one-shot, V1", {"one-shot", "efficient-v1"}}}};

/* Mean of a cell; NaN: not there. */
static double mean_of(const json_t *table, const char *group, const char *yardstick, const char *arm)
{
  size_t i;
  const json_t *cell;
  json_array_foreach(table, i, cell)
  {
    if (strcmp(json_string_value(json_object_get(cell, "group")), group) == 0 &&
        strcmp(json_string_value(json_object_get(cell, "yardstick")), yardstick) == 0 &&
        strcmp(json_string_value(json_object_get(cell, "arm")), arm) == 0) {
      const json_t *mean = json_object_get(cell, "mean");
      return json_is_number(mean) ? json_number_value(mean) : NAN;
    }
  }
  return NAN;
}

int main(int argc, char **argv)
{
  static double calls[4][LINES][LINE_POINTS], values[4][LINES][LINE_POINTS];
  static const char *const titles[4] = {"Insertion", "Insertion", "Deletion", "Deletion"},
                           *const yardsticks[4] = {"insertion", "insertion", "deletion", "deletion"};
  json_error_t error;
  json_t *result = argc == 5 ? json_load_file(argv[1], 0, &error) : NULL;
  if (!result) {
    fprintf(stderr, "usage: search_curve RESULT.json GROUP TITLE OUT.svg (%s)\n",
            argc == 5 ? error.text : "four arguments");
    return 2;
  }
  const json_t *table = json_object_get(result, "table");
  vt_chart chart = {.title = argv[3], .x_title = "model calls", .panel_count = 4};
  for (int p = 0; p < 4; p++) {
    vt_chart_panel *panel = &chart.panels[p];
    panel->title = titles[p];
    panel->line_count = LINES;
    for (int l = 0; l < LINES; l++) {
      const line *one = &panels[p % 2][l];
      int count = 0;
      for (int i = 0; i < LINE_POINTS && one->arms[i]; i++, count++) {
        calls[p][l][i] = mean_of(table, argv[2], "calls", one->arms[i]);
        values[p][l][i] = mean_of(table, argv[2], yardsticks[p], one->arms[i]);
      }
      panel->lines[l] = (vt_chart_line){one->name, calls[p][l], values[p][l], count, true};
    }
  }
  char *svg = NULL;
  size_t size;
  vt_ctx *ctx = vt_ctx_new();
  vt_status status = vt_chart_svg(ctx, &chart, &svg, &size);
  if (status == VT_OK) status = vt_write_file(ctx, argv[4], svg, size);
  if (status != VT_OK) fprintf(stderr, "search_curve: %s\n", vt_ctx_message(ctx));
  vt_free(svg);
  vt_ctx_free(ctx);
  json_decref(result);
  return status == VT_OK ? 0 : 1;
}
