/* SPDX-License-Identifier: Apache-2.0
 *
 * Quality against model calls: the chart of the LiMA experiment's part "search".
 */
#include <math.h>

#include "papers/lima_search.h"
#include "report/chart.h"

enum { POINTS = 4, LINES = VT_CHART_LINES, HALVES = 2 };

/* Arms of a line, by rising calls. Two panels share a yardstick, so that lines can be told apart. */
typedef struct line {
  const char *name, *arms[POINTS];
} line;

static const line panels[HALVES][LINES] = {
    {{"LiMA, greedy", {"lima-third", "lima", "greedy"}},
     {"backward", {"backward-small", "backward", "backward-large"}},
     {"prior", {"prior-100", "prior-200", "prior-400"}},
     {"lazy", {"lazy-3", "lazy-6", "lazy-12"}}},
    {{"LiMA, greedy", {"lima-third", "lima", "greedy"}},
     {"stochastic", {"stochastic-0.1", "stochastic-0.25", "stochastic-0.5"}},
     {"coarse", {"coarse-3", "coarse-6"}},
     {"one-shot, V1", {"one-shot", "efficient-v1"}}}};

static double mean_of(const vt_findings *findings, size_t group, const char *yardstick, const char *arm)
{
  const vt_experiment *experiment = findings->experiment;
  for (size_t y = 0; y < experiment->yardstick_count; y++)
    for (size_t a = 0; a < experiment->arm_count; a++)
      if (strcmp(experiment->yardsticks[y].id, yardstick) == 0 && strcmp(experiment->arms[a].id, arm) == 0)
        return vt_findings_cell(findings, group, y, a)->mean;
  return NAN;
}

static vt_status draw(vt_ctx *ctx, const vt_findings *findings, size_t group, const char *path)
{
  static const char *const yardsticks[] = {"insertion", "deletion"}, *const titles[] = {"Insertion",
                                                                                        "Deletion"};
  double calls[HALVES][LINES][POINTS], values[VT_CHART_PANELS][LINES][POINTS];
  vt_chart chart = {.title = findings->experiment->groups[group].title,
                    .x_title = "model calls",
                    .panel_count = 2 * HALVES};
  for (int p = 0; p < chart.panel_count; p++) {
    vt_chart_panel *panel = &chart.panels[p];
    panel->title = titles[p / HALVES];
    panel->line_count = LINES;
    for (int l = 0; l < LINES; l++) {
      const line *of = &panels[p % HALVES][l];
      int count = 0;
      for (; count < POINTS && of->arms[count]; count++) {
        calls[p % HALVES][l][count] = mean_of(findings, group, "calls", of->arms[count]);
        values[p][l][count] = mean_of(findings, group, yardsticks[p / HALVES], of->arms[count]);
      }
      panel->lines[l] = (vt_chart_line){of->name, calls[p % HALVES][l], values[p][l], count, true};
    }
  }
  char *svg;
  size_t size;
  VT_TRY(vt_chart_svg(ctx, &chart, &svg, &size));
  vt_status status = vt_write_file(ctx, path, svg, size);
  vt_free(svg);
  return status;
}

vt_status vt_lima_search_chart(vt_ctx *ctx, const vt_findings *findings, const char *directory, vt_text *out)
{
  for (size_t group = 0; group < findings->experiment->group_count; group++) {
    char path[1024];
    const char *id = findings->experiment->groups[group].id;
    if (!vt_findings_measured(findings, (int)group, -1, -1)) continue;
    snprintf(path, sizeof path, "%s/01-lima-search-%s.svg", directory, id);
    VT_TRY(draw(ctx, findings, group, path));
    vt_text_addf(ctx, out, "\n![Quality against model calls: %s](01-lima-search-%s.svg)\n", id, id);
  }
  return VT_OK;
}
