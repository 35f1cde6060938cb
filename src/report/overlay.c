/* SPDX-License-Identifier: Apache-2.0
 *
 * overlay.png: the saliency map, half transparent, over the photograph, with a legend of its range.
 */
#include <math.h>

#include "data/picture.h"
#include "report/canvas.h"
#include "report/picture.h"

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

/* `values`: the map at photo size. */
static void blend(const vt_view *scene, const float *values, const vt_colour_map *colours, vt_image *image)
{
  static const uint8_t neutral[3] = {128, 128, 128};
  uint8_t table[VT_COLOUR_STEPS][3];
  vt_colour_table(colours, table);
  int height, width;
  vt_regions_labels(scene->explanation->regions, &height, &width);
  for (int py = 0; py < image->height; py++)
    for (int px = 0; px < image->width; px++) {
      size_t at = 3 * ((size_t)py * (size_t)image->width + (size_t)px);
      double x, y;
      vt_view_input_at(scene, px + 0.5, py + 0.5, &x, &y);
      if (x < 0 || y < 0 || x >= width || y >= height) {
        fade(scene->photo->pixels + at, image->pixels + at);
        continue;
      }
      double position = vt_scale_position(&scene->scale, values[at / 3]);
      const uint8_t *colour = isnan(position) ? neutral : table[vt_colour_index(position)];
      for (int c = 0; c < 3; c++)
        image->pixels[at + (size_t)c] =
            mix(VT_OVERLAY_ALPHA, colour[c], scene->photo->pixels[at + (size_t)c]);
    }
}

/* A colour bar with its two end values in the lower left corner; left out where it would cover too much. */
static void draw_legend(const vt_view *scene, const vt_colour_map *colours, cairo_t *canvas, int width,
                        int height)
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
  cairo_pattern_t *gradient =
      cairo_pattern_create_linear(x + 2 * pad + low_width, 0, x + 2 * pad + low_width + bar, 0);
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

/* The box that is explained: white on black, seen on any picture. */
static void draw_box(const vt_view *scene, cairo_t *canvas)
{
  const double *box = scene->explanation->target_box;
  const vt_placement *place = &scene->placement;
  double x = box[0] * place->scale_x + place->offset_x, y = box[1] * place->scale_y + place->offset_y;
  double line = vt_canvas_line_width(scene->photo->width, scene->photo->height);
  for (int pass = 0; pass < 2; pass++) {
    cairo_rectangle(canvas, x, y, (box[2] - box[0]) * place->scale_x, (box[3] - box[1]) * place->scale_y);
    cairo_set_line_width(canvas, pass ? line : 2.5 * line);
    cairo_set_source_rgb(canvas, pass, pass, pass);
    cairo_stroke(canvas);
  }
}

vt_status vt_overlay_picture(vt_ctx *ctx, const vt_view *scene, vt_image **out)
{
  *out = NULL;
  const vt_colour_map *colours = scene->scale.is_signed ? scene->diverging : scene->sequential;
  int height, width;
  vt_regions_labels(scene->explanation->regions, &height, &width);
  vt_placement place = scene->placement;
  place.photo_width = scene->photo->width;
  place.photo_height = scene->photo->height;
  float *values = vt_alloc_zero(ctx, (size_t)place.photo_width * (size_t)place.photo_height, sizeof *values);
  vt_image *blended = NULL;
  if (!values) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_image_new(ctx, place.photo_width, place.photo_height, 3, &blended);
  if (status == VT_OK) {
    vt_map_to_photo(scene->explanation->saliency, height, width, &place, 0, values);
    blend(scene, values, colours, blended);
  }
  vt_free(values);
  VT_TRY(status);
  cairo_t *canvas = vt_canvas_new(ctx, blended);
  vt_image_free(blended);
  if (!canvas) return vt_ctx_status(ctx);
  if (scene->explanation->boxed) draw_box(scene, canvas);
  draw_legend(scene, colours, canvas, scene->photo->width, scene->photo->height);
  status = vt_canvas_image(ctx, canvas, out);
  cairo_destroy(canvas);
  return status;
}
