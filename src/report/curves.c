/* SPDX-License-Identifier: Apache-2.0
 *
 * curves.svg: what the score does while regions are shown, and while they are removed, in the order found.
 */
#include <math.h>

#include "report/canvas.h"
#include "report/picture.h"
#include "report/svg.h"

enum { WIDTH = 760, HEIGHT = 430, LEFT = 66, RIGHT = 22, TOP = 58, BOTTOM = 92 };

/* Blue and vermilion of Okabe and Ito: told apart by colour-blind readers; dash
 * patterns tell them apart in grey. */
static const double insertion_colour[3] = {0.0, 0.447, 0.698};
static const double deletion_colour[3] = {0.835, 0.369, 0.0};
static const double second_colour[3] = {0.35, 0.35, 0.35};

static void include(const double *values, int count, double *low, double *high)
{
  for (int i = 0; values && i < count; i++)
    if (isfinite(values[i])) {
      *low = fmin(*low, values[i]);
      *high = fmax(*high, values[i]);
    }
}

static vt_plot_axis score_axis(const vt_explanation *explanation, int points)
{
  double low = fmin(explanation->full, explanation->blank),
         high = fmax(explanation->full, explanation->blank);
  include(explanation->insertion, points, &low, &high);
  include(explanation->deletion, points, &low, &high);
  include(explanation->insertion_second, points, &low, &high);
  if (explanation->score == VT_SCORE_PROBABILITY) low = 0;
  return vt_nice_axis(low, high);
}

static double x_of(double area)
{
  return LEFT + area * (WIDTH - LEFT - RIGHT);
}

static double y_of(const vt_plot_axis *scores, double score)
{
  return HEIGHT - BOTTOM - (score - scores->low) / (scores->high - scores->low) * (HEIGHT - TOP - BOTTOM);
}

static void set_colour(cairo_t *canvas, const double colour[3])
{
  cairo_set_source_rgb(canvas, colour[0], colour[1], colour[2]);
}

static void draw_axes(cairo_t *canvas, const vt_explanation *explanation, const vt_plot_axis *scores)
{
  static const double ink[3] = {0.2, 0.2, 0.2};
  char text[64];
  cairo_set_line_width(canvas, 0.8);
  int ticks = (int)floor((scores->high - scores->low) / scores->step + 0.5);
  for (int i = 0; i <= ticks; i++) {
    double value = scores->low + i * scores->step, y = y_of(scores, value);
    if (fabs(value) < 1e-9 * scores->step) value = 0;
    cairo_set_source_rgb(canvas, 0.88, 0.88, 0.88);
    cairo_move_to(canvas, LEFT, y);
    cairo_line_to(canvas, WIDTH - RIGHT, y);
    cairo_stroke(canvas);
    set_colour(canvas, ink);
    vt_canvas_text(canvas, LEFT - 8, y + 4, 12, VT_ALIGN_RIGHT, false, vt_short_number(value, text));
  }
  for (int percent = 0; percent <= 100; percent += 20) {
    cairo_move_to(canvas, x_of(percent / 100.0), HEIGHT - BOTTOM);
    cairo_rel_line_to(canvas, 0, 4);
    cairo_stroke(canvas);
    snprintf(text, sizeof text, "%d %%", percent);
    vt_canvas_text(canvas, x_of(percent / 100.0), HEIGHT - BOTTOM + 18, 12, VT_ALIGN_CENTRE, false, text);
  }
  cairo_move_to(canvas, LEFT, TOP);
  cairo_line_to(canvas, LEFT, HEIGHT - BOTTOM);
  cairo_line_to(canvas, WIDTH - RIGHT, HEIGHT - BOTTOM);
  cairo_stroke(canvas);
  vt_canvas_text(canvas, x_of(0.5), HEIGHT - BOTTOM + 37, 12, VT_ALIGN_CENTRE, false,
                 "share of the picture shown (insertion) or removed (deletion), best regions first");
  cairo_save(canvas);
  cairo_translate(canvas, 18, 0.5 * (TOP + HEIGHT - BOTTOM));
  cairo_rotate(canvas, -1.5707963267948966);
  vt_canvas_text(canvas, 0, 0, 12, VT_ALIGN_CENTRE, false, vt_score_name(explanation->score));
  cairo_restore(canvas);
}

static void draw_level(cairo_t *canvas, const vt_plot_axis *scores, double score)
{
  static const double dots[2] = {2, 4};
  cairo_set_source_rgb(canvas, 0.45, 0.45, 0.45);
  cairo_set_line_width(canvas, 1);
  cairo_set_dash(canvas, dots, 2, 0);
  cairo_move_to(canvas, LEFT, y_of(scores, score));
  cairo_line_to(canvas, WIDTH - RIGHT, y_of(scores, score));
  cairo_stroke(canvas);
  cairo_set_dash(canvas, NULL, 0, 0);
}

/* On a white ground, over the curves. */
static void name_level(cairo_t *canvas, const vt_plot_axis *scores, double score, const char *name)
{
  char number[32], text[80];
  snprintf(text, sizeof text, "%s %s", name, vt_short_number(score, number));
  double wide = vt_canvas_text_width(canvas, 11, false, text), y = y_of(scores, score);
  cairo_set_source_rgba(canvas, 1, 1, 1, 0.85);
  cairo_rectangle(canvas, WIDTH - RIGHT - wide - 8, y - 16, wide + 8, 14);
  cairo_fill(canvas);
  cairo_set_source_rgb(canvas, 0.3, 0.3, 0.3);
  vt_canvas_text(canvas, WIDTH - RIGHT - 4, y - 5, 11, VT_ALIGN_RIGHT, false, text);
}

static void draw_curve(cairo_t *canvas, const vt_plot_axis *scores, const double *areas, const double *values,
                       int points, const double colour[3], double dash)
{
  double pattern[2] = {dash, 0.6 * dash};
  set_colour(canvas, colour);
  cairo_set_line_width(canvas, 2);
  cairo_set_line_join(canvas, CAIRO_LINE_JOIN_ROUND);
  cairo_set_dash(canvas, pattern, dash > 0 ? 2 : 0, 0);
  bool pen_down = false;
  for (int i = 0; i < points; i++) {
    if (!isfinite(values[i])) {
      pen_down = false;
      continue;
    }
    if (pen_down)
      cairo_line_to(canvas, x_of(areas[i]), y_of(scores, values[i]));
    else
      cairo_move_to(canvas, x_of(areas[i]), y_of(scores, values[i]));
    pen_down = true;
  }
  cairo_stroke(canvas);
  cairo_set_dash(canvas, NULL, 0, 0);
  for (int i = 0; i < points && dash == 0; i++)
    if (isfinite(values[i])) {
      cairo_arc(canvas, x_of(areas[i]), y_of(scores, values[i]), 2.2, 0, 6.2831853071795862);
      cairo_fill(canvas);
    }
}

static double draw_key(cairo_t *canvas, double x, const double colour[3], double dash, const char *text)
{
  double y = HEIGHT - 24, pattern[2] = {dash, 0.6 * dash};
  set_colour(canvas, colour);
  cairo_set_line_width(canvas, 2.5);
  cairo_set_dash(canvas, pattern, dash > 0 ? 2 : 0, 0);
  cairo_move_to(canvas, x, y - 4);
  cairo_rel_line_to(canvas, 26, 0);
  cairo_stroke(canvas);
  cairo_set_dash(canvas, NULL, 0, 0);
  cairo_set_source_rgb(canvas, 0.1, 0.1, 0.1);
  vt_canvas_text(canvas, x + 32, y, 12.5, VT_ALIGN_LEFT, false, text);
  return x + 32 + vt_canvas_text_width(canvas, 12.5, false, text) + 24;
}

/* "cat" or "class 281", cut to what fits. */
static const char *class_text(const char *name, int index, char buffer[64])
{
  if (!name) {
    snprintf(buffer, 64, "class %d", index);
    return buffer;
  }
  size_t length = strlen(name) < 40 ? strlen(name) : 40;
  while (name[length] && length > 0 && ((unsigned char)name[length] & 0xc0) == 0x80)
    length--; /* not inside a UTF-8 character */
  snprintf(buffer, 64, "%.*s%s", (int)length, name, name[length] ? "…" : "");
  return buffer;
}

static void draw(cairo_t *canvas, const void *user)
{
  const vt_explanation *explanation = user;
  int points = vt_regions_count(explanation->regions) + 1;
  vt_plot_axis scores = score_axis(explanation, points);
  char text[160], number[32], name[64];
  cairo_set_source_rgb(canvas, 1, 1, 1);
  cairo_paint(canvas);
  cairo_set_source_rgb(canvas, 0.1, 0.1, 0.1);
  vt_canvas_text(canvas, LEFT, 26, 16, VT_ALIGN_LEFT, true,
                 class_text(explanation->target_name, explanation->target, name));
  snprintf(text, sizeof text, "%s of this class%s", vt_score_name(explanation->score),
           explanation->partial ? ", search cut short" : "");
  cairo_set_source_rgb(canvas, 0.35, 0.35, 0.35);
  vt_canvas_text(canvas, LEFT, 44, 12, VT_ALIGN_LEFT, false, text);
  draw_axes(canvas, explanation, &scores);
  draw_level(canvas, &scores, explanation->full);
  draw_level(canvas, &scores, explanation->blank);
  if (explanation->insertion_second)
    draw_curve(canvas, &scores, explanation->areas, explanation->insertion_second, points, second_colour, 3);
  draw_curve(canvas, &scores, explanation->areas, explanation->deletion, points, deletion_colour, 7);
  draw_curve(canvas, &scores, explanation->areas, explanation->insertion, points, insertion_colour, 0);
  name_level(canvas, &scores, explanation->full, "whole picture");
  name_level(canvas, &scores, explanation->blank, "nothing shown");
  snprintf(text, sizeof text, "insertion, area below %s",
           vt_short_number(explanation->insertion_auc, number));
  double x = draw_key(canvas, LEFT, insertion_colour, 0, text);
  snprintf(text, sizeof text, "deletion, area below %s", vt_short_number(explanation->deletion_auc, number));
  x = draw_key(canvas, x, deletion_colour, 7, text);
  if (explanation->insertion_second) {
    const char *predicted = vt_model_class_name(explanation->model, explanation->mistake.predicted);
    draw_key(canvas, x, second_colour, 3, class_text(predicted, explanation->mistake.predicted, name));
  }
}

vt_status vt_curves_svg(vt_ctx *ctx, const vt_explanation *explanation, char **out, size_t *size)
{
  return vt_svg_draw(ctx, WIDTH, HEIGHT, draw, explanation, out, size);
}
