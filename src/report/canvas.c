/* SPDX-License-Identifier: Apache-2.0
 *
 * The cairo side of pictures. Glyphs are placed without hinting, so that the same font gives the same pixels
 * on any screen setting.
 */
#include "report/canvas.h"

#include <math.h>

#include "base/base.h"

cairo_t *vt_canvas_new(vt_ctx *ctx, const vt_image *image)
{
  cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, image->width, image->height);
  if (cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS) {
    vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "a canvas of %d×%d pixels: %s", image->width, image->height,
            cairo_status_to_string(cairo_surface_status(surface)));
    cairo_surface_destroy(surface);
    return NULL;
  }
  unsigned char *rows = cairo_image_surface_get_data(surface);
  int stride = cairo_image_surface_get_stride(surface);
  cairo_surface_flush(surface);
  for (int y = 0; y < image->height; y++) {
    const uint8_t *from = image->pixels + (size_t)y * (size_t)image->width * 3;
    unsigned char *row = rows + (size_t)y * (size_t)stride;
    for (int x = 0; x < image->width; x++) {
      uint32_t pixel = (uint32_t)from[3 * x] << 16 | (uint32_t)from[3 * x + 1] << 8 | from[3 * x + 2];
      memcpy(row + 4 * (size_t)x, &pixel, sizeof pixel);
    }
  }
  cairo_surface_mark_dirty(surface);
  cairo_t *canvas = cairo_create(surface);
  cairo_surface_destroy(surface);
  cairo_font_options_t *options = cairo_font_options_create();
  cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
  cairo_set_font_options(canvas, options);
  cairo_font_options_destroy(options);
  return canvas;
}

vt_status vt_canvas_image(vt_ctx *ctx, cairo_t *canvas, vt_image **out)
{
  *out = NULL;
  cairo_surface_t *surface = cairo_get_target(canvas);
  cairo_surface_flush(surface);
  if (cairo_status(canvas) != CAIRO_STATUS_SUCCESS)
    return vt_fail(ctx, VT_ERROR_RUNTIME, "drawing failed: %s", cairo_status_to_string(cairo_status(canvas)));
  int width = cairo_image_surface_get_width(surface), height = cairo_image_surface_get_height(surface);
  VT_TRY(vt_image_new(ctx, width, height, 3, out));
  const unsigned char *rows = cairo_image_surface_get_data(surface);
  int stride = cairo_image_surface_get_stride(surface);
  for (int y = 0; y < height; y++) {
    const unsigned char *row = rows + (size_t)y * (size_t)stride;
    uint8_t *to = (*out)->pixels + (size_t)y * (size_t)width * 3;
    for (int x = 0; x < width; x++) {
      uint32_t pixel;
      memcpy(&pixel, row + 4 * (size_t)x, sizeof pixel);
      to[3 * x] = (uint8_t)(pixel >> 16);
      to[3 * x + 1] = (uint8_t)(pixel >> 8);
      to[3 * x + 2] = (uint8_t)pixel;
    }
  }
  return VT_OK;
}

double vt_canvas_text_size(int width, int height)
{
  double size = 0.028 * sqrt((double)width * height);
  return size < 8 ? 8 : size;
}

double vt_canvas_line_width(int width, int height)
{
  double size = sqrt((double)width * height) / 350;
  return size < 1 ? 1 : size;
}

static void choose_font(cairo_t *canvas, double size, bool bold)
{
  cairo_select_font_face(canvas, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                         bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(canvas, size);
}

double vt_canvas_text_width(cairo_t *canvas, double size, bool bold, const char *text)
{
  cairo_text_extents_t extents;
  choose_font(canvas, size, bold);
  cairo_text_extents(canvas, text, &extents);
  return extents.x_advance;
}

void vt_canvas_text(cairo_t *canvas, double x, double y, double size, vt_align align, bool bold,
                    const char *text)
{
  double width = vt_canvas_text_width(canvas, size, bold, text);
  cairo_move_to(canvas, align == VT_ALIGN_LEFT ? x : align == VT_ALIGN_RIGHT ? x - width : x - width / 2, y);
  cairo_show_text(canvas, text);
}

void vt_canvas_round_box(cairo_t *canvas, double x, double y, double width, double height, double radius)
{
  const double quarter = 1.5707963267948966;
  cairo_new_sub_path(canvas);
  cairo_arc(canvas, x + width - radius, y + radius, radius, -quarter, 0);
  cairo_arc(canvas, x + width - radius, y + height - radius, radius, 0, quarter);
  cairo_arc(canvas, x + radius, y + height - radius, radius, quarter, 2 * quarter);
  cairo_arc(canvas, x + radius, y + radius, radius, 2 * quarter, 3 * quarter);
  cairo_close_path(canvas);
}
