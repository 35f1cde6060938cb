/* SPDX-License-Identifier: Apache-2.0
 *
 * regions.png: borders of all regions with their ranks, the minimal set outlined. subset.png: the minimal set
 * alone.
 */
#include <math.h>

#include "report/canvas.h"
#include "report/contour.h"
#include "report/picture.h"

static void to_photo(const vt_view *scene, double x, double y, double *photo_x, double *photo_y)
{
  *photo_x = x * scene->placement.scale_x + scene->placement.offset_x;
  *photo_y = y * scene->placement.scale_y + scene->placement.offset_y;
}

/* Adds the borders to the path: all, or those between the first `set` regions of the order and the rest. */
static void add_borders(cairo_t *canvas, const vt_view *scene, const vt_contours *borders, const int *ranks,
                        int set)
{
  for (size_t i = 0; i < borders->count; i++) {
    const vt_contour *line = &borders->list[i];
    if (set >= 0 && (ranks[line->labels[0]] < set) == (ranks[line->labels[1]] < set)) continue;
    for (size_t j = 0; j < line->count; j++) {
      double x, y;
      to_photo(scene, line->points[j][0], line->points[j][1], &x, &y);
      if (j == 0)
        cairo_move_to(canvas, x, y);
      else
        cairo_line_to(canvas, x, y);
    }
    if (line->closed) cairo_close_path(canvas);
  }
}

/* A line that stands out on dark and on bright ground. */
static void stroke_with_halo(cairo_t *canvas, double width, double red, double green, double blue,
                             double alpha)
{
  cairo_set_line_join(canvas, CAIRO_LINE_JOIN_ROUND);
  cairo_set_line_cap(canvas, CAIRO_LINE_CAP_ROUND);
  cairo_set_source_rgba(canvas, 0, 0, 0, 0.55 * alpha);
  cairo_set_line_width(canvas, 2.4 * width);
  cairo_stroke_preserve(canvas);
  cairo_set_source_rgba(canvas, red, green, blue, alpha);
  cairo_set_line_width(canvas, width);
  cairo_stroke(canvas);
}

static void draw_rank(cairo_t *canvas, const vt_view *scene, const vt_anchor *place, int rank, int count)
{
  double x, y, text = vt_canvas_text_size(scene->photo->width, scene->photo->height);
  to_photo(scene, place->x, place->y, &x, &y);
  double room = 1.5 * place->radius * fmin(fabs(scene->placement.scale_x), fabs(scene->placement.scale_y));
  if (rank >= 10) text *= 0.9;
  text = fmax(fmin(text, room), 7);
  char number[16];
  snprintf(number, sizeof number, "%d", rank + 1);
  double wide = fmax(vt_canvas_text_width(canvas, text, true, number), 0.75 * text);
  uint8_t rgb[3];
  vt_colour_at(scene->sequential, count > 1 ? 1 - (double)rank / (count - 1) : 1, rgb);
  vt_canvas_round_box(canvas, x - 0.5 * wide - 0.28 * text, y - 0.62 * text, wide + 0.56 * text, 1.24 * text,
                      0.45 * text);
  cairo_set_source_rgba(canvas, rgb[0] / 255.0, rgb[1] / 255.0, rgb[2] / 255.0, 0.92);
  cairo_fill_preserve(canvas);
  cairo_set_source_rgba(canvas, 0, 0, 0, 0.6);
  cairo_set_line_width(canvas, fmax(0.06 * text, 0.6));
  cairo_stroke(canvas);
  bool bright = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2] > 128;
  cairo_set_source_rgb(canvas, !bright, !bright, !bright);
  vt_canvas_text(canvas, x, y + 0.365 * text, text, VT_ALIGN_CENTRE, true, number);
}

/* The photograph with light and colour taken from what is outside the set (set < 0: from what the model did
 * not see). */
static vt_status dimmed_photo(vt_ctx *ctx, const vt_view *scene, const int *ranks, int set, vt_image **out)
{
  int32_t *labels = NULL;
  VT_TRY(vt_view_labels(ctx, scene, &labels));
  vt_status status = vt_image_new(ctx, scene->photo->width, scene->photo->height, 3, out);
  size_t pixels = (size_t)scene->photo->width * (size_t)scene->photo->height;
  for (size_t i = 0; i < pixels && status == VT_OK; i++) {
    const uint8_t *from = scene->photo->pixels + 3 * i;
    uint8_t *to = (*out)->pixels + 3 * i;
    double grey = 0.299 * from[0] + 0.587 * from[1] + 0.114 * from[2];
    for (int c = 0; c < 3; c++)
      if (labels[i] < 0)
        to[c] = (uint8_t)floor(VT_DIMMED * grey + 0.5);
      else if (set >= 0 && ranks[labels[i]] >= set)
        to[c] = (uint8_t)floor(VT_DIMMED * from[c] + 0.5);
      else
        to[c] = from[c];
  }
  vt_free(labels);
  return status;
}

/* What both pictures need; `canvas` shows the dimmed photo. */
typedef struct sheet {
  cairo_t *canvas;
  int *ranks;
  vt_contours borders;
} sheet;

static vt_status begin(vt_ctx *ctx, const vt_view *scene, int set, sheet *out)
{
  int height, width;
  const int32_t *labels = vt_regions_labels(scene->explanation->regions, &height, &width);
  vt_image *ground = NULL;
  VT_TRY(vt_view_ranks(ctx, scene, &out->ranks));
  VT_TRY(vt_contours_trace(ctx, labels, height, width, 2, &out->borders));
  VT_TRY(dimmed_photo(ctx, scene, out->ranks, set, &ground));
  out->canvas = vt_canvas_new(ctx, ground);
  vt_image_free(ground);
  return out->canvas ? VT_OK : vt_ctx_status(ctx);
}

static void end(sheet *drawn)
{
  if (drawn->canvas) cairo_destroy(drawn->canvas);
  vt_contours_free(&drawn->borders);
  vt_free(drawn->ranks);
}

vt_status vt_regions_picture(vt_ctx *ctx, const vt_view *scene, vt_image **out)
{
  *out = NULL;
  vt_status status;
  sheet drawn = {0};
  vt_anchor *anchors = NULL;
  double line = vt_canvas_line_width(scene->photo->width, scene->photo->height);
  int count = vt_regions_count(scene->explanation->regions),
      set = vt_view_minimal_set(scene->explanation, NULL);
  VT_TRY_DONE(begin(ctx, scene, -1, &drawn));
  VT_TRY_DONE(vt_view_anchors(ctx, scene, &anchors));
  add_borders(drawn.canvas, scene, &drawn.borders, drawn.ranks, -1);
  stroke_with_halo(drawn.canvas, line, 1, 1, 1, 0.8);
  add_borders(drawn.canvas, scene, &drawn.borders, drawn.ranks, set);
  stroke_with_halo(drawn.canvas, 1.8 * line, 1, 0.69, 0, 1);
  for (int place = count - 1; place >= 0; place--) /* better ranks over worse ones */
    draw_rank(drawn.canvas, scene, &anchors[scene->explanation->order[place]], place, count);
  VT_TRY_DONE(vt_canvas_image(ctx, drawn.canvas, out));
done:
  vt_free(anchors);
  end(&drawn);
  return status;
}

vt_status vt_subset_picture(vt_ctx *ctx, const vt_view *scene, vt_image **out)
{
  *out = NULL;
  vt_status status;
  sheet drawn = {0};
  int set = vt_view_minimal_set(scene->explanation, NULL);
  VT_TRY_DONE(begin(ctx, scene, set, &drawn));
  add_borders(drawn.canvas, scene, &drawn.borders, drawn.ranks, set);
  stroke_with_halo(drawn.canvas, vt_canvas_line_width(scene->photo->width, scene->photo->height), 1, 1, 1,
                   0.9);
  VT_TRY_DONE(vt_canvas_image(ctx, drawn.canvas, out));
done:
  end(&drawn);
  return status;
}
