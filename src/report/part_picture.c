/* SPDX-License-Identifier: Apache-2.0
 *
 * Tiles side by side: picture, true effects of parts, maps.
 */
#include "report/part_picture.h"

#include <math.h>

#include "report/canvas.h"
#include "report/colour.h"
#include "report/contour.h"
#include "report/scale.h"

enum { TILE = 200, GAP = 14, HEAD = 44, LINE = 16, MOST_TILES = 64 };
static const double text_size = 12;

typedef struct sheet {
  vt_ctx *ctx;
  cairo_t *canvas;
  const vt_image *picture;
  int zoom;
  vt_contours outline; /* of the mask, in picture pixels */
} sheet;

static double tile_left(const sheet *at, int tile)
{
  return GAP + (double)tile * (at->picture->width * at->zoom + GAP);
}

/* Paints a tile pixel by pixel; rgb is [height, width, 3] of the picture's size. */
static void paint(const sheet *at, int tile, const uint8_t *rgb)
{
  double left = tile_left(at, tile);
  for (int y = 0; y < at->picture->height; y++)
    for (int x = 0; x < at->picture->width; x++) {
      const uint8_t *colour = rgb + 3 * ((size_t)y * (size_t)at->picture->width + (size_t)x);
      cairo_set_source_rgb(at->canvas, colour[0] / 255., colour[1] / 255., colour[2] / 255.);
      cairo_rectangle(at->canvas, left + x * at->zoom, HEAD + y * at->zoom, at->zoom, at->zoom);
      cairo_fill(at->canvas);
    }
}

/* A dark line under a light one shows on every ground. */
static void draw_outline(const sheet *at, int tile)
{
  cairo_t *canvas = at->canvas;
  double left = tile_left(at, tile);
  for (int pass = 0; pass < 2; pass++) {
    cairo_set_line_width(canvas, pass ? 1.2 : 3);
    cairo_set_source_rgba(canvas, pass, pass, pass, pass ? 1 : .6);
    for (size_t c = 0; c < at->outline.count; c++) {
      const vt_contour *line = &at->outline.list[c];
      for (size_t p = 0; p < line->count; p++) {
        double x = left + line->points[p][0] * at->zoom, y = HEAD + line->points[p][1] * at->zoom;
        if (p)
          cairo_line_to(canvas, x, y);
        else
          cairo_move_to(canvas, x, y);
      }
      if (line->closed) cairo_close_path(canvas);
      cairo_stroke(canvas);
    }
  }
}

static void write_line(const sheet *at, int tile, int line, bool bold, const char *text)
{
  double y = line < 0 ? HEAD - 8 : HEAD + at->picture->height * at->zoom + LINE * (line + 1);
  cairo_set_source_rgb(at->canvas, 0, 0, 0);
  vt_canvas_text(at->canvas, tile_left(at, tile), y, text_size, VT_ALIGN_LEFT, bold, text);
}

static uint8_t grey_of(const uint8_t *rgb)
{
  return (uint8_t)(0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2] + .5);
}

/* A value at `position` of the scale over a pale grey picture: 0.5 stays grey. The darkest ends of the
 * colours are left out, where the picture would not show through. */
static void tint(const vt_colour_map *colours, double position, const uint8_t *under, uint8_t *out)
{
  uint8_t over[3];
  vt_colour_at(colours, .5 + .8 * (position - .5), over);
  double grey = 255 - (255 - grey_of(under)) * .35;
  for (int c = 0; c < 3; c++)
    out[c] = (uint8_t)(.25 * grey + .75 * over[c] * grey / 255 + .5);
}

static vt_status draw_map(const sheet *at, int tile, const vt_shown_map *shown, uint8_t *rgb)
{
  size_t pixels = (size_t)at->picture->width * (size_t)at->picture->height;
  const vt_colour_map *colours = vt_colour_map_find("blue-white-red");
  vt_scale scale;
  VT_TRY(vt_scale_measure(at->ctx, shown->map, pixels, 0, &scale));
  double range = scale.most - scale.least;
  for (size_t i = 0; i < pixels; i++) {
    double position = vt_scale_position(&scale, (double)shown->map[i]);
    /* one sign: from white (the least) to red */
    if (!scale.is_signed) position = range > 0 ? .5 + .5 * ((double)shown->map[i] - scale.least) / range : .5;
    tint(colours, position, at->picture->pixels + 3 * i, rgb + 3 * i);
  }
  paint(at, tile, rgb);
  draw_outline(at, tile);
  write_line(at, tile, -1, true, shown->title);
  for (int l = 0; l < 4 && shown->lines[l]; l++)
    write_line(at, tile, l, false, shown->lines[l]);
  return VT_OK;
}

static void draw_parts(const sheet *at, int tile, const vt_shown_part *parts, int count, uint8_t *rgb)
{
  const vt_colour_map *colours = vt_colour_map_find("blue-white-red");
  size_t pixels = (size_t)at->picture->width * (size_t)at->picture->height;
  double most = 0;
  char line[96], number[32];
  for (int p = 0; p < count; p++)
    most = fmax(most, fabs(parts[p].effect));
  for (size_t i = 0; i < pixels; i++) {
    double effect = 0;
    for (int p = 0; p < count; p++)
      if (parts[p].mask[i]) effect = parts[p].effect;
    tint(colours, most > 0 ? .5 + .5 * effect / most : .5, at->picture->pixels + 3 * i, rgb + 3 * i);
  }
  paint(at, tile, rgb);
  draw_outline(at, tile);
  write_line(at, tile, -1, true, "true effect of each part");
  for (int p = 0; p < count; p++) {
    snprintf(line, sizeof line, "%s: %s%s", parts[p].name, parts[p].effect > 0 ? "+" : "",
             vt_short_number(parts[p].effect, number));
    write_line(at, tile, p, false, line);
  }
}

static vt_status draw(sheet *at, const char *title, const vt_shown_part *parts, int part_count,
                      const vt_shown_map *maps, int map_count)
{
  size_t bytes = (size_t)at->picture->width * (size_t)at->picture->height * 3;
  uint8_t *rgb = vt_alloc(at->ctx, bytes);
  if (!rgb) return VT_ERROR_OUT_OF_MEMORY;
  paint(at, 0, at->picture->pixels);
  write_line(at, 0, -1, true, title);
  write_line(at, 0, 0, false, "outline in all tiles:");
  write_line(at, 0, 1, false, "the parts that decide");
  draw_parts(at, 1, parts, part_count, rgb);
  vt_status status = VT_OK;
  for (int m = 0; status == VT_OK && m < map_count; m++)
    status = draw_map(at, m + 2, &maps[m], rgb);
  vt_free(rgb);
  return status;
}

static vt_status trace_mask(sheet *at, const uint8_t *mask)
{
  size_t pixels = (size_t)at->picture->width * (size_t)at->picture->height;
  int32_t *labels = vt_alloc(at->ctx, pixels * sizeof *labels);
  if (!labels) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < pixels; i++)
    labels[i] = mask[i];
  vt_status status =
      vt_contours_trace(at->ctx, labels, at->picture->height, at->picture->width, 1, &at->outline);
  vt_free(labels);
  return status;
}

vt_status vt_part_picture(vt_ctx *ctx, const vt_image *picture, const char *title, const uint8_t *mask,
                          const vt_shown_part *parts, int part_count, const vt_shown_map *maps, int map_count,
                          vt_image **out)
{
  *out = NULL;
  if (map_count > MOST_TILES - 2 || part_count < 0 || picture->channels != 3)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%d maps beside a picture of %d channels", map_count,
                   picture->channels);
  sheet at = {.ctx = ctx, .picture = picture, .zoom = picture->width < TILE ? TILE / picture->width : 1};
  int lines = part_count > 4 ? part_count : 4;
  vt_image *ground = NULL;
  vt_status status;
  VT_TRY_DONE(vt_image_new(ctx, (int)tile_left(&at, map_count + 2),
                           HEAD + picture->height * at.zoom + LINE * (lines + 1), 3, &ground));
  memset(ground->pixels, 255, (size_t)ground->width * (size_t)ground->height * 3);
  VT_TRY_DONE(trace_mask(&at, mask));
  at.canvas = vt_canvas_new(ctx, ground);
  if (!at.canvas) {
    status = vt_ctx_status(ctx);
    goto done;
  }
  VT_TRY_DONE(draw(&at, title, parts, part_count, maps, map_count));
  status = vt_canvas_image(ctx, at.canvas, out);
done:
  if (at.canvas) cairo_destroy(at.canvas);
  vt_contours_free(&at.outline);
  vt_image_free(ground);
  return status;
}
