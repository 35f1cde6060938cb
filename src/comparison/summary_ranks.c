/* SPDX-License-Identifier: Apache-2.0
 *
 * Mean ranks, drawn.
 */
#include <math.h>

#include "comparison/summary.h"
#include "report/canvas.h"
#include "report/svg.h"

enum { WIDTH = 760, ROW = 22, LEFT = 210, RIGHT = 24, TOP = 40, BOTTOM = 34, KEY = 18 };

/* Told apart by colour-blind readers (Okabe and Ito). */
static const double colours[][3] = {{0.0, 0.447, 0.698}, {0.835, 0.369, 0.0},  {0.0, 0.62, 0.451},
                                    {0.8, 0.475, 0.655}, {0.902, 0.624, 0.0},  {0.337, 0.706, 0.914},
                                    {0.35, 0.35, 0.35},  {0.941, 0.894, 0.259}};

typedef struct rank_plot {
  const vt_summary *summary;
  vt_granularity granularity;
  const size_t *order;
  size_t rows;
} rank_plot;

static double x_at(const rank_plot *plot, double rank)
{
  double last = plot->rows > 1 ? (double)plot->rows : 2;
  return LEFT + (rank - 1) / (last - 1) * (WIDTH - LEFT - RIGHT);
}

static double y_at(size_t row)
{
  return TOP + ((double)row + .5) * ROW;
}

static void set_colour(cairo_t *canvas, size_t criterion)
{
  const double *rgb = colours[criterion % VT_COUNT(colours)];
  cairo_set_source_rgb(canvas, rgb[0], rgb[1], rgb[2]);
}

static void draw_grid(cairo_t *canvas, const rank_plot *plot)
{
  char text[32];
  size_t step = plot->rows > 20 ? 5 : plot->rows > 10 ? 2 : 1;
  double bottom = TOP + (double)plot->rows * ROW;
  cairo_set_line_width(canvas, .8);
  for (size_t rank = 1; rank <= plot->rows; rank += step) {
    cairo_set_source_rgb(canvas, .88, .88, .88);
    cairo_move_to(canvas, x_at(plot, (double)rank), TOP);
    cairo_line_to(canvas, x_at(plot, (double)rank), bottom);
    cairo_stroke(canvas);
    cairo_set_source_rgb(canvas, .3, .3, .3);
    snprintf(text, sizeof text, "%zu", rank);
    vt_canvas_text(canvas, x_at(plot, (double)rank), bottom + 16, 12, VT_ALIGN_CENTRE, false, text);
  }
}

static void draw_row(cairo_t *canvas, const rank_plot *plot, size_t row)
{
  const vt_summary *summary = plot->summary;
  size_t contender = plot->order[row];
  double y = y_at(row), mean = summary->contender[contender].rank[plot->granularity];
  char label[64];
  snprintf(label, sizeof label, "%.30s", summary->compare->contest.contenders[contender].label);
  cairo_set_source_rgb(canvas, .1, .1, .1);
  vt_canvas_text(canvas, LEFT - 12, y + 4, 12.5, VT_ALIGN_RIGHT, false, label);
  cairo_set_line_width(canvas, 3);
  cairo_move_to(canvas, x_at(plot, mean), y - 8);
  cairo_line_to(canvas, x_at(plot, mean), y + 8);
  cairo_stroke(canvas);
  for (size_t m = 0; m < summary->criteria; m++) {
    double rank = vt_summary_cell_of(summary, contender, m, plot->granularity)->rank;
    if (isnan(rank)) continue;
    set_colour(canvas, m);
    cairo_arc(canvas, x_at(plot, rank), y, 4, 0, 2 * 3.14159265358979);
    cairo_fill(canvas);
  }
}

static void draw_key(cairo_t *canvas, const rank_plot *plot)
{
  double y = TOP + (double)plot->rows * ROW + BOTTOM + 10, x = LEFT - 10;
  const vt_contest *contest = &plot->summary->compare->contest;
  for (size_t m = 0; m < plot->summary->criteria; m++) {
    char text[80];
    snprintf(text, sizeof text, "%.60s %s", contest->criteria[m].label,
             contest->criteria[m].metric->higher_is_better ? "↑" : "↓");
    double width = vt_canvas_text_width(canvas, 12, false, text);
    if (x + 14 + width > WIDTH - 6) {
      x = LEFT - 10;
      y += KEY;
    }
    set_colour(canvas, m);
    cairo_arc(canvas, x, y - 4, 4, 0, 2 * 3.14159265358979);
    cairo_fill(canvas);
    cairo_set_source_rgb(canvas, .2, .2, .2);
    vt_canvas_text(canvas, x + 10, y, 12, VT_ALIGN_LEFT, false, text);
    x += width + 30;
  }
}

static void draw(cairo_t *canvas, const void *user)
{
  const rank_plot *plot = user;
  char title[160];
  snprintf(
      title, sizeof title, "Mean rank over %zu pictures, %s: 1 is best; the bar is the mean of the metrics",
      plot->summary->pictures, plot->granularity == VT_EQUAL_GRANULARITY ? "equal granularity" : "as it is");
  cairo_set_source_rgb(canvas, 1, 1, 1);
  cairo_paint(canvas);
  cairo_set_source_rgb(canvas, .1, .1, .1);
  vt_canvas_text(canvas, 12, 22, 13.5, VT_ALIGN_LEFT, true, title);
  draw_grid(canvas, plot);
  for (size_t row = 0; row < plot->rows; row++)
    draw_row(canvas, plot, row);
  draw_key(canvas, plot);
}

vt_status vt_summary_ranks_svg(vt_ctx *ctx, const vt_summary *summary, vt_granularity granularity, char **out,
                               size_t *size)
{
  size_t *order = vt_alloc_zero(ctx, summary->contenders, sizeof *order);
  *out = NULL;
  if (!order) return VT_ERROR_OUT_OF_MEMORY;
  vt_summary_order(summary, granularity, order);
  rank_plot plot = {summary, granularity, order, 0};
  while (plot.rows < summary->contenders && !isnan(summary->contender[order[plot.rows]].rank[granularity]))
    plot.rows++;
  int height = TOP + (int)plot.rows * ROW + BOTTOM + KEY * (2 + (int)summary->criteria / 3);
  vt_status status = vt_svg_draw(ctx, WIDTH, height, draw, &plot, out, size);
  vt_free(order);
  return status;
}
