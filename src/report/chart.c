/* SPDX-License-Identifier: Apache-2.0
 *
 * Line charts.
 */
#include "report/chart.h"

#include <math.h>

#include "report/canvas.h"
#include "report/scale.h"
#include "report/svg.h"

enum { WIDTH = 760, PANEL = 210, LEFT = 76, RIGHT = 22, TOP = 40, HEAD = 26, BOTTOM = 52 };

/* Blue, vermilion, green, purple of Okabe and Ito: told apart by colour-blind readers. */
static const double colours[VT_CHART_LINES][3] = {
    {0.0, 0.447, 0.698}, {0.835, 0.369, 0.0}, {0.0, 0.62, 0.451}, {0.8, 0.475, 0.655}};

typedef struct frame {
  vt_plot_axis x, y;
  double top; /* of the panel's plot, pixels */
} frame;

static double value_of(const vt_chart_panel *panel, double y)
{
  return panel->logarithmic ? y > 0 ? log10(y) : NAN : y;
}

static void widen(double value, double *low, double *high)
{
  if (!isfinite(value)) return;
  *low = fmin(*low, value);
  *high = fmax(*high, value);
}

static vt_plot_axis axis_of_y(const vt_chart_panel *panel)
{
  double low = INFINITY, high = -INFINITY;
  for (int i = 0; i < panel->line_count; i++)
    for (int k = 0; k < panel->lines[i].count; k++)
      widen(value_of(panel, panel->lines[i].y[k]), &low, &high);
  return low <= high ? vt_nice_axis(low, high) : vt_nice_axis(0, 1);
}

static vt_plot_axis axis_of_x(const vt_chart *chart)
{
  double low = 0, high = 0;
  for (int p = 0; p < chart->panel_count; p++)
    for (int i = 0; i < chart->panels[p].line_count; i++)
      for (int k = 0; k < chart->panels[p].lines[i].count; k++)
        widen(chart->panels[p].lines[i].x[k], &low, &high);
  vt_plot_axis axis = vt_nice_axis(low, high > low ? high : low + 1);
  axis.high = high > low ? high : low + 1; /* curves end at the right edge */
  return axis;
}

static double x_at(const frame *f, double x)
{
  return LEFT + (x - f->x.low) / (f->x.high - f->x.low) * (WIDTH - LEFT - RIGHT);
}

static double y_at(const frame *f, double y)
{
  return f->top + (PANEL - HEAD) * (1 - (y - f->y.low) / (f->y.high - f->y.low));
}

static void draw_grid(cairo_t *canvas, const frame *f, const vt_chart_panel *panel, bool last,
                      const char *x_title)
{
  char text[32];
  cairo_set_line_width(canvas, 0.8);
  int ticks = (int)floor((f->y.high - f->y.low) / f->y.step + 0.5);
  for (int i = 0; i <= ticks; i++) {
    double value = f->y.low + i * f->y.step, y = y_at(f, value);
    if (fabs(value) < 1e-9 * f->y.step) value = 0;
    cairo_set_source_rgb(canvas, 0.88, 0.88, 0.88);
    cairo_move_to(canvas, LEFT, y);
    cairo_line_to(canvas, WIDTH - RIGHT, y);
    cairo_stroke(canvas);
    cairo_set_source_rgb(canvas, 0.2, 0.2, 0.2);
    vt_short_number(panel->logarithmic ? pow(10, value) : value, text);
    vt_canvas_text(canvas, LEFT - 8, y + 4, 12, VT_ALIGN_RIGHT, false, text);
  }
  double bottom = f->top + PANEL - HEAD;
  for (double x = f->x.low; x <= f->x.high + 1e-9 * f->x.step; x += f->x.step) {
    cairo_move_to(canvas, x_at(f, x), bottom);
    cairo_rel_line_to(canvas, 0, 4);
    cairo_stroke(canvas);
    if (last)
      vt_canvas_text(canvas, x_at(f, x), bottom + 18, 12, VT_ALIGN_CENTRE, false, vt_short_number(x, text));
  }
  cairo_move_to(canvas, LEFT, f->top);
  cairo_line_to(canvas, LEFT, bottom);
  cairo_line_to(canvas, WIDTH - RIGHT, bottom);
  cairo_stroke(canvas);
  if (last)
    vt_canvas_text(canvas, 0.5 * (LEFT + WIDTH - RIGHT), bottom + 37, 12, VT_ALIGN_CENTRE, false, x_title);
}

static void draw_line(cairo_t *canvas, const frame *f, const vt_chart_panel *panel, int number)
{
  const vt_chart_line *line = &panel->lines[number];
  const double *colour = colours[number % VT_CHART_LINES];
  bool pen_down = false;
  cairo_set_source_rgb(canvas, colour[0], colour[1], colour[2]);
  cairo_set_line_width(canvas, 1.6);
  cairo_set_line_join(canvas, CAIRO_LINE_JOIN_ROUND);
  for (int i = 0; i < line->count; i++) {
    double y = value_of(panel, line->y[i]);
    if (isfinite(y) && pen_down) cairo_line_to(canvas, x_at(f, line->x[i]), y_at(f, y));
    if (isfinite(y) && !pen_down) cairo_move_to(canvas, x_at(f, line->x[i]), y_at(f, y));
    pen_down = isfinite(y);
  }
  cairo_stroke(canvas);
  for (int i = 0; i < line->count && line->dots; i++) {
    double y = value_of(panel, line->y[i]);
    if (!isfinite(y)) continue;
    cairo_arc(canvas, x_at(f, line->x[i]), y_at(f, y), 2.4, 0, 6.2831853071795862);
    cairo_fill(canvas);
  }
}

/* Title to the left, keys to the right, above the plot. */
static void draw_head(cairo_t *canvas, const frame *f, const vt_chart_panel *panel)
{
  double x = WIDTH - RIGHT, y = f->top - 8;
  cairo_set_source_rgb(canvas, 0.1, 0.1, 0.1);
  vt_canvas_text(canvas, LEFT, y, 13, VT_ALIGN_LEFT, true, panel->title);
  for (int i = panel->line_count - 1; i >= 0; i--) {
    const char *name = panel->lines[i].name;
    if (!name) continue;
    cairo_set_source_rgb(canvas, 0.1, 0.1, 0.1);
    vt_canvas_text(canvas, x, y, 12, VT_ALIGN_RIGHT, false, name);
    x -= vt_canvas_text_width(canvas, 12, false, name) + 30;
    cairo_set_source_rgb(canvas, colours[i][0], colours[i][1], colours[i][2]);
    cairo_set_line_width(canvas, 2.5);
    cairo_move_to(canvas, x, y - 4);
    cairo_rel_line_to(canvas, 24, 0);
    cairo_stroke(canvas);
    x -= 18;
  }
}

static void draw_chart(cairo_t *canvas, const void *user)
{
  const vt_chart *chart = user;
  frame f = {.x = axis_of_x(chart)};
  cairo_set_source_rgb(canvas, 1, 1, 1);
  cairo_paint(canvas);
  cairo_set_source_rgb(canvas, 0.1, 0.1, 0.1);
  vt_canvas_text(canvas, LEFT, 24, 16, VT_ALIGN_LEFT, true, chart->title);
  for (int p = 0; p < chart->panel_count; p++) {
    const vt_chart_panel *panel = &chart->panels[p];
    f.y = axis_of_y(panel);
    f.top = TOP + HEAD + p * (PANEL + HEAD);
    draw_grid(canvas, &f, panel, p + 1 == chart->panel_count, chart->x_title);
    for (int i = 0; i < panel->line_count; i++)
      draw_line(canvas, &f, panel, i);
    draw_head(canvas, &f, panel);
  }
}

static int height_of(const vt_chart *chart)
{
  return TOP + chart->panel_count * (PANEL + HEAD) + BOTTOM;
}

vt_status vt_chart_svg(vt_ctx *ctx, const vt_chart *chart, char **out, size_t *size)
{
  return vt_svg_draw(ctx, WIDTH, height_of(chart), draw_chart, chart, out, size);
}

vt_status vt_chart_image(vt_ctx *ctx, const vt_chart *chart, vt_image **out)
{
  vt_image *blank;
  *out = NULL;
  VT_TRY(vt_image_new(ctx, 2 * WIDTH, 2 * height_of(chart), 3, &blank));
  cairo_t *canvas = vt_canvas_new(ctx, blank);
  vt_image_free(blank);
  if (!canvas) return vt_ctx_status(ctx);
  cairo_scale(canvas, 2, 2);
  draw_chart(canvas, chart);
  vt_status status = vt_canvas_image(ctx, canvas, out);
  cairo_destroy(canvas);
  return status;
}
