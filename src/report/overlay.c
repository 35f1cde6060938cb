/* SPDX-License-Identifier: Apache-2.0
 *
 * overlay.png: the saliency map, half transparent, over the photograph, with a legend of its range.
 */
#include <math.h>

#include "report/canvas.h"
#include "report/picture.h"

/* Value of the map at a place of the input, bilinear, edges repeated. */
static double map_at(const float *map, int height, int width, double x, double y)
{
  double left = floor(x - 0.5), top = floor(y - 0.5), fx = x - 0.5 - left, fy = y - 0.5 - top;
  int x0 = (int)left, y0 = (int)top, x1 = x0 + 1, y1 = y0 + 1;
  x0 = x0 < 0 ? 0 : x0;
  y0 = y0 < 0 ? 0 : y0;
  x1 = x1 >= width ? width - 1 : x1;
  y1 = y1 >= height ? height - 1 : y1;
  double above = (1 - fx) * map[y0 * width + x0] + fx * map[y0 * width + x1];
  double below = (1 - fx) * map[y1 * width + x0] + fx * map[y1 * width + x1];
  return (1 - fy) * above + fy * below;
}

static uint8_t mix(double alpha, uint8_t over, uint8_t under)
{
  return (uint8_t)floor(alpha * over + (1 - alpha) * under + 0.5);
}

/* What the model did not see loses its colour and half of its light. */
static void fade(const uint8_t *from, uint8_t *to)
{
  double grey = 0.299 * from[0] + 0.587 * from[1] + 0.114 * from[2];
  to[0] = to[1] = to[2] = (uint8_t)floor(0.5 * grey + 0.5);
}

static void blend(const vt_scene *scene, const vt_colour_map *colours, vt_image *image)
{
  static const uint8_t neutral[3] = {128, 128, 128};
  uint8_t table[VT_COLOURS][3];
  vt_colour_table(colours, table);
  const float *map = scene->explanation->saliency;
  int height, width;
  vt_regions_labels(scene->explanation->regions, &height, &width);
  for (int py = 0; py < image->height; py++)
    for (int px = 0; px < image->width; px++) {
      size_t at = 3 * ((size_t)py * (size_t)image->width + (size_t)px);
      double x, y;
      vt_scene_input_at(scene, px + 0.5, py + 0.5, &x, &y);
      if (x < 0 || y < 0 || x >= width || y >= height) {
        fade(scene->photo->pixels + at, image->pixels + at);
        continue;
      }
      double position = vt_scale_position(&scene->scale, map_at(map, height, width, x, y));
      const uint8_t *colour = isnan(position) ? neutral : table[vt_colour_index(position)];
      for (int c = 0; c < 3; c++)
        image->pixels[at + (size_t)c] = mix(VT_OVERLAY_ALPHA, colour[c], scene->photo->pixels[at + (size_t)c]);
    }
}

/* A colour bar with its two end values in the lower left corner; left out where it would cover too much. */
static void draw_legend(const vt_scene *scene, const vt_colour_map *colours, cairo_t *canvas, int width, int height)
{
  double text = vt_canvas_text_size(width, height) * 0.9;
  char low[32], high[32], constant[64];
  vt_short_number(scene->scale.low, low);
  vt_short_number(scene->scale.high, high);
  snprintf(constant, sizeof constant, "constant map: %s", vt_short_number(scene->scale.least, low));
  vt_short_number(scene->scale.low, low);
  double bar = 0.22 * width, pad = 0.6 * text;
  double low_width = vt_canvas_text_width(canvas, text, false, low);
  double high_width = vt_canvas_text_width(canvas, text, false, high);
  double panel = scene->scale.constant ? vt_canvas_text_width(canvas, text, false, constant) + 2 * pad
                                       : low_width + bar + high_width + 4 * pad;
  double tall = text + 1.2 * pad, x = pad, y = height - tall - pad;
  if (panel + 2 * pad > 0.8 * width || tall > 0.15 * height) return;
  vt_canvas_round_box(canvas, x, y, panel, tall, 0.3 * text);
  cairo_set_source_rgba(canvas, 0.06, 0.06, 0.08, 0.78);
  cairo_fill(canvas);
  cairo_set_source_rgb(canvas, 1, 1, 1);
  double base = y + 0.5 * tall + 0.36 * text;
  if (scene->scale.constant) {
    vt_canvas_text(canvas, x + pad, base, text, VT_ALIGN_LEFT, false, constant);
    return;
  }
  vt_canvas_text(canvas, x + pad, base, text, VT_ALIGN_LEFT, false, low);
  vt_canvas_text(canvas, x + 3 * pad + low_width + bar, base, text, VT_ALIGN_LEFT, false, high);
  cairo_pattern_t *gradient = cairo_pattern_create_linear(x + 2 * pad + low_width, 0, x + 2 * pad + low_width + bar, 0);
  for (int i = 0; i <= 32; i++) {
    uint8_t rgb[3];
    vt_colour_at(colours, i / 32.0, rgb);
    cairo_pattern_add_color_stop_rgb(gradient, i / 32.0, rgb[0] / 255.0, rgb[1] / 255.0, rgb[2] / 255.0);
  }
  cairo_rectangle(canvas, x + 2 * pad + low_width, y + 0.5 * (tall - 0.8 * text), bar, 0.8 * text);
  cairo_set_source(canvas, gradient);
  cairo_fill_preserve(canvas);
  cairo_pattern_destroy(gradient);
  cairo_set_source_rgba(canvas, 1, 1, 1, 0.6);
  cairo_set_line_width(canvas, 0.5 * vt_canvas_line_width(width, height));
  cairo_stroke(canvas);
}

vt_status vt_overlay_picture(vt_ctx *ctx, const vt_scene *scene, vt_image **out)
{
  *out = NULL;
  const vt_colour_map *colours = scene->scale.is_signed ? scene->diverging : scene->sequential;
  vt_image *blended = NULL;
  VT_TRY(vt_image_new(ctx, scene->photo->width, scene->photo->height, 3, &blended));
  blend(scene, colours, blended);
  cairo_t *canvas = vt_canvas_new(ctx, blended);
  vt_image_free(blended);
  if (!canvas) return vt_ctx_status(ctx);
  draw_legend(scene, colours, canvas, scene->photo->width, scene->photo->height);
  vt_status status = vt_canvas_image(ctx, canvas, out);
  cairo_destroy(canvas);
  return status;
}
