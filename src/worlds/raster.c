/* SPDX-License-Identifier: Apache-2.0
 *
 * Canvases, and painting a shape: coverage from distance, colour from texture, outline and shading.
 */
#include "worlds/raster.h"

#include <math.h>

/* ---- canvas ---- */

vt_status vt_raster_new(vt_ctx *ctx, int width, int height, unsigned planes, vt_raster *out)
{
  *out = (vt_raster){.width = width, .height = height};
  if (width < 1 || height < 1 || width > VT_RASTER_SIDE || height > VT_RASTER_SIDE)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "a canvas of %d × %d pixels: sides go from 1 to %d", width,
                   height, VT_RASTER_SIDE);
  size_t pixels = (size_t)width * (size_t)height;
  if (planes & VT_PLANE_RGB) out->rgb = vt_alloc_zero(ctx, 3 * pixels, sizeof *out->rgb);
  if (planes & VT_PLANE_LABELS) out->labels = vt_alloc_zero(ctx, pixels, sizeof *out->labels);
  if (planes & VT_PLANE_COVERAGE) out->coverage = vt_alloc_zero(ctx, pixels, sizeof *out->coverage);
  if ((!(planes & VT_PLANE_RGB) || out->rgb) && (!(planes & VT_PLANE_LABELS) || out->labels) &&
      (!(planes & VT_PLANE_COVERAGE) || out->coverage))
    return VT_OK;
  vt_raster_free(out);
  return VT_ERROR_OUT_OF_MEMORY;
}

void vt_raster_free(vt_raster *canvas)
{
  vt_free(canvas->rgb);
  vt_free(canvas->labels);
  vt_free(canvas->coverage);
  *canvas = (vt_raster){0};
}

void vt_raster_clear(vt_raster *canvas)
{
  size_t pixels = (size_t)canvas->width * (size_t)canvas->height;
  if (canvas->rgb) memset(canvas->rgb, 0, 3 * pixels * sizeof *canvas->rgb);
  if (canvas->labels) memset(canvas->labels, 0, pixels * sizeof *canvas->labels);
  if (canvas->coverage) memset(canvas->coverage, 0, pixels * sizeof *canvas->coverage);
}

/* ---- one row of a shape ---- */

static float clamp01(float value)
{
  return value < 0 ? 0 : value > 1 ? 1 : value;
}

/* Colour of one pixel before it is laid over the canvas. `nu`, `nv`: place on the canvas relative to the
 * centre in units of the shape's reach, for the light from the upper left. */
static void lit_colour(const vt_paint *paint, float mix, float depth, float nu, float nv, float out[3])
{
  float line = paint->outline > 0 ? clamp01(.5f + (depth + (float)paint->outline)) : 0;
  float light = 1 - (float)paint->shade * (nu + nv) * .7f;
  float spot = 0;
  if (paint->gloss > 0) {
    float du = nu + .38f, dv = nv + .38f;
    spot = (float)paint->gloss * clamp01(1.2f - 7 * sqrtf(du * du + dv * dv) * .7f);
  }
  for (int c = 0; c < 3; c++) {
    float colour = paint->colour[c] + mix * (paint->second[c] - paint->colour[c]);
    colour = colour * light;
    colour = colour + spot * (1 - colour);
    out[c] = clamp01(colour + line * (paint->line[c] - colour));
  }
}

typedef struct brush {
  const vt_shape_plan *plan;
  const vt_paint *paint;
  float opacity, soft, reach;
  uint16_t label;
  bool plain; /* one colour everywhere */
} brush;

static void paint_colours(const vt_raster *canvas, const brush *b, int x, int y, int count,
                          const float *distance, const float *coverage)
{
  float u[VT_RASTER_SIDE], v[VT_RASTER_SIDE], mix[VT_RASTER_SIDE];
  const vt_paint *paint = b->paint;
  const vt_shape *shape = b->plan->shape;
  bool textured = paint->texture != VT_TEXTURE_PLAIN;
  if (textured) {
    vt_shape_frame(b->plan, x, y, count, u, v);
    vt_texture_mix(paint, shape->half_width, shape->half_height, u, v, count, mix);
  }
  float *row = canvas->rgb + 3 * ((size_t)y * (size_t)canvas->width + (size_t)x);
  for (int i = 0; i < count; i++) {
    float alpha = coverage[i] * b->opacity, colour[3];
    if (alpha <= 0) continue;
    if (b->plain) {
      memcpy(colour, paint->colour, sizeof colour);
    } else {
      float nu = ((float)(x + i) + .5f - (float)shape->x) * b->reach;
      float nv = ((float)y + .5f - (float)shape->y) * b->reach;
      lit_colour(paint, textured ? mix[i] : 0, distance[i], nu, nv, colour);
    }
    for (int c = 0; c < 3; c++)
      row[3 * i + c] += alpha * (colour[c] - row[3 * i + c]);
  }
}

static void paint_row(const vt_raster *canvas, const brush *b, int x, int y, int count)
{
  float distance[VT_RASTER_SIDE], coverage[VT_RASTER_SIDE];
  vt_shape_distances(b->plan, x, y, count, distance);
  for (int i = 0; i < count; i++)
    coverage[i] = clamp01(.5f - distance[i] * b->soft);
  size_t at = (size_t)y * (size_t)canvas->width + (size_t)x;
  if (canvas->rgb) paint_colours(canvas, b, x, y, count, distance, coverage);
  if (canvas->labels && b->label != VT_LABEL_KEEP)
    for (int i = 0; i < count; i++)
      if (coverage[i] * b->opacity >= .5f) canvas->labels[at + (size_t)i] = b->label;
  if (canvas->coverage)
    for (int i = 0; i < count; i++)
      if (coverage[i] > canvas->coverage[at + (size_t)i]) canvas->coverage[at + (size_t)i] = coverage[i];
}

static bool is_plain(const vt_paint *paint)
{
  return paint->texture == VT_TEXTURE_PLAIN && paint->outline <= 0 && paint->shade <= 0 && paint->gloss <= 0;
}

void vt_raster_paint(vt_raster *canvas, const vt_shape *shape, const vt_paint *paint, uint16_t label)
{
  int box[4];
  double soft = paint->soft > 0 ? paint->soft : 1;
  if (!vt_shape_bounds(shape, soft, canvas->width, canvas->height, box)) return;
  vt_shape_plan plan;
  vt_shape_prepare(shape, &plan);
  double reach = shape->half_width > shape->half_height ? shape->half_width : shape->half_height;
  brush b = {&plan,
             paint,
             (float)(paint->opacity > 0 ? paint->opacity : 1),
             (float)(1 / soft),
             (float)(1 / reach),
             label,
             is_plain(paint)};
  for (int y = box[1]; y < box[3]; y++)
    paint_row(canvas, &b, box[0], y, box[2] - box[0]);
}

void vt_raster_fill(vt_raster *canvas, const vt_paint *paint, uint16_t label)
{
  /* two pixels beyond the edges, so that the border pixels are covered whole */
  vt_shape whole = {.kind = VT_SHAPE_RECTANGLE,
                    .x = canvas->width / 2.,
                    .y = canvas->height / 2.,
                    .half_width = canvas->width / 2. + 2,
                    .half_height = canvas->height / 2. + 2};
  vt_raster_paint(canvas, &whole, paint, label);
}

/* ---- bytes ---- */

void vt_raster_bytes(const vt_raster *canvas, uint8_t *out)
{
  size_t count = 3 * (size_t)canvas->width * (size_t)canvas->height;
  for (size_t i = 0; i < count; i++)
    out[i] = (uint8_t)(clamp01(canvas->rgb[i]) * 255 + .5f);
}

void vt_picture_floats(const uint8_t *rgb, int width, int height, float *out)
{
  size_t pixels = (size_t)width * (size_t)height;
  for (size_t c = 0; c < 3; c++)
    for (size_t i = 0; i < pixels; i++)
      out[c * pixels + i] = ((float)rgb[3 * i + c] / 255 - .5f) / .5f;
}

void vt_picture_bytes(const float *floats, int width, int height, uint8_t *rgb)
{
  size_t pixels = (size_t)width * (size_t)height;
  for (size_t c = 0; c < 3; c++)
    for (size_t i = 0; i < pixels; i++)
      rgb[3 * i + c] = (uint8_t)(clamp01(floats[c * pixels + i] * .5f + .5f) * 255 + .5f);
}
