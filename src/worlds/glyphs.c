/* SPDX-License-Identifier: Apache-2.0
 *
 * glyphs: ten stroke shapes of 28 × 28 pixels.
 *
 * A shape is a few polylines. Points are moved by smooth waves, then by an affine map; a pixel's coverage
 * comes from its distance to the nearest piece of a stroke. To add a shape: its strokes, its name.
 */
#include "worlds/glyphs.h"

#include <math.h>

#include "worlds/presets.h"

#define PI 3.14159265358979

enum { STROKES = 3, POINTS = 20 };

typedef struct polyline {
  int count;
  float point[POINTS][2];
} polyline;

/* Round strokes (0 points here) are made in stroke_of(). */
static const polyline shapes[VT_GLYPHS][STROKES] = {
    {{0}},                                                                     /* ring */
    {{4, {{0, -.9f}, {.9f, .75f}, {-.9f, .75f}, {0, -.9f}}}},                  /* triangle */
    {{5, {{-.8f, -.8f}, {.8f, -.8f}, {.8f, .8f}, {-.8f, .8f}, {-.8f, -.8f}}}}, /* square */
    {{2, {{0, -.95f}, {0, .95f}}}, {2, {{-.95f, 0}, {.95f, 0}}}},              /* cross */
    {{4, {{-.75f, -.8f}, {.75f, -.8f}, {-.75f, .8f}, {.75f, .8f}}}},           /* zigzag */
    {{0}},                                                                     /* hook */
    {{0}},                                                                     /* arch */
    {{2, {{-.9f, -.8f}, {.9f, -.8f}}}, {2, {{0, -.8f}, {0, .95f}}}},           /* tee */
    {{3, {{-.8f, -.9f}, {0, 0}, {.8f, -.9f}}}, {2, {{0, 0}, {0, .95f}}}},      /* fork */
    {{0}},                                                                     /* wave */
};
enum { RING, TRIANGLE, SQUARE, CROSS, ZIGZAG, HOOK, ARCH, TEE, FORK, WAVE };
const char *const vt_glyph_names[VT_GLYPHS] = {"ring", "triangle", "square", "cross", "zigzag",
                                               "hook", "arch",     "tee",    "fork",  "wave"};

static void add_point(polyline *line, double x, double y)
{
  if (line->count == POINTS) return;
  line->point[line->count][0] = (float)x;
  line->point[line->count++][1] = (float)y;
}

static polyline stroke_of(int label, int number)
{
  polyline line = shapes[label][number];
  if (line.count || number > 0) return line;
  switch (label) {
  case RING:
    for (int i = 0; i <= 16; i++)
      add_point(&line, .85 * cos(2 * PI * i / 16), .85 * sin(2 * PI * i / 16));
    break;
  case HOOK: /* down, then round to the left */
    add_point(&line, .45, -.95);
    for (int i = 0; i <= 8; i++)
      add_point(&line, -.1 + .55 * cos(PI * i / 8), .3 + .6 * sin(PI * i / 8));
    break;
  case ARCH: /* open below */
    add_point(&line, -.75, .9);
    for (int i = 0; i <= 8; i++)
      add_point(&line, -.75 * cos(PI * i / 8), -.15 - .75 * sin(PI * i / 8));
    add_point(&line, .75, .9);
    break;
  default: /* wave: one period lying down */
    for (int i = 0; i <= 14; i++)
      add_point(&line, -.95 + 1.9 * i / 14, -.55 * sin(2 * PI * i / 14));
  }
  return line;
}

/* ---- drawing ---- */

static void place(const vt_glyph *glyph, const float point[2], float out[2])
{
  float x = point[0], y = point[1];
  for (int i = 0; i < VT_GLYPH_WAVES; i++) {
    float s =
        sinf(glyph->wave[i].along[0] * point[0] + glyph->wave[i].along[1] * point[1] + glyph->wave[i].phase);
    x += glyph->wave[i].push[0] * s;
    y += glyph->wave[i].push[1] * s;
  }
  x = glyph->scale[0] * (x + glyph->shear * y);
  y = glyph->scale[1] * y;
  float c = cosf(glyph->angle), s = sinf(glyph->angle);
  out[0] = glyph->x + c * x - s * y;
  out[1] = glyph->y + s * x + c * y;
}

/* Squared distance of the pixel centres to a piece, where that is the least so far. */
static void draw_piece(const vt_glyph *glyph, const float a[2], const float b[2], uint8_t number,
                       float *least, uint8_t *nearest)
{
  float reach = glyph->width / 2 + 1.5f, ex = b[0] - a[0], ey = b[1] - a[1], square = ex * ex + ey * ey;
  int px = glyph->px, x0 = (int)floorf(fminf(a[0], b[0]) - reach), x1 = (int)ceilf(fmaxf(a[0], b[0]) + reach),
      y0 = (int)floorf(fminf(a[1], b[1]) - reach), y1 = (int)ceilf(fmaxf(a[1], b[1]) + reach);
  x0 = x0 < 0 ? 0 : x0, y0 = y0 < 0 ? 0 : y0;
  x1 = x1 > px ? px : x1, y1 = y1 > px ? px : y1;
  for (int y = y0; y < y1; y++)
    for (int x = x0; x < x1; x++) {
      float wx = (float)x + .5f - a[0], wy = (float)y + .5f - a[1];
      float t = square > 0 ? (wx * ex + wy * ey) / square : 0;
      t = t < 0 ? 0 : t > 1 ? 1 : t;
      float dx = wx - t * ex, dy = wy - t * ey, distance = dx * dx + dy * dy;
      if (distance >= least[y * px + x]) continue;
      least[y * px + x] = distance;
      nearest[y * px + x] = number;
    }
}

static void draw_stroke(const vt_glyph *glyph, const polyline *line, uint8_t number, float *least,
                        uint8_t *nearest)
{
  for (int i = 0; i + 1 < line->count; i++) {
    const float *a = line->point[i], *b = line->point[i + 1];
    float from[2], to[2];
    int pieces = (int)ceilf(hypotf(b[0] - a[0], b[1] - a[1]) / .2f);
    place(glyph, a, from);
    for (int k = 1; k <= pieces; k++) { /* short pieces bend with the waves */
      float t = (float)k / (float)pieces;
      place(glyph, (const float[2]){a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])}, to);
      draw_piece(glyph, from, to, number, least, nearest);
      memcpy(from, to, sizeof from);
    }
  }
}

vt_status vt_glyph_render(vt_ctx *ctx, const vt_glyph *glyph, uint8_t *grey, uint8_t *stroke)
{
  int pixels = glyph->px * glyph->px;
  float *least = vt_alloc(ctx, (size_t)pixels * sizeof *least);
  uint8_t *nearest = vt_alloc_zero(ctx, (size_t)pixels, 1);
  vt_status status = least && nearest ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    for (int i = 0; i < pixels; i++)
      least[i] = 1e9f;
    for (int number = 0; number < STROKES; number++) {
      polyline line = stroke_of(glyph->label, number);
      draw_stroke(glyph, &line, (uint8_t)(number + 1), least, nearest);
    }
    uint64_t stream = vt_stream("glyph noise", 0);
    for (int i = 0; i < pixels; i++) {
      float coverage = .5f - (sqrtf(least[i]) - glyph->width / 2);
      coverage = coverage < 0 ? 0 : coverage > 1 ? 1 : coverage;
      if (stroke) stroke[i] = coverage >= .5f ? nearest[i] : 0;
      if (!grey) continue;
      float value = .04f + (glyph->ink - .04f) * coverage;
      if (glyph->noise > 0)
        value += glyph->noise * (float)vt_random_normal(glyph->nuisance, stream, (uint64_t)i);
      grey[i] = (uint8_t)((value < 0 ? 0 : value > 1 ? 1 : value) * 255 + .5f);
    }
  }
  vt_free(least);
  vt_free(nearest);
  return status;
}

/* ---- preset ---- */

typedef struct glyphs_options {
  int64_t px;
  double jitter, noise;
} glyphs_options;

static const vt_field fields[] = {
    {"px", VT_FIELD_INT, offsetof(glyphs_options, px), "28", VT_RANGE(16, 128), .help = "side in pixels"},
    {"jitter", VT_FIELD_REAL, offsetof(glyphs_options, jitter), "1", VT_RANGE(0, 2),
     .help = "how much place, size, turn, width and bending vary; 0: not at all"},
    {"noise", VT_FIELD_REAL, offsetof(glyphs_options, noise), "0.03", VT_RANGE(0, 0.5),
     .help = "standard deviation of the pixels' noise, 1 is the range of grey"},
};

static vt_status make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                      void *record)
{
  VT_UNUSED(ctx), VT_UNUSED(split);
  const glyphs_options *options = world->options;
  vt_glyph *glyph = record;
  vt_draw draw = vt_draw_start(key, "affine"), elastic = vt_draw_start(key, "elastic");
  double jitter = options->jitter, px = (double)options->px;
  glyph->label = (int)(index % VT_GLYPHS);
  glyph->px = (int)options->px;
  double scale = .33 * px * (1 + jitter * vt_draw_uniform(&draw, -.18, .12));
  double aspect = jitter * vt_draw_uniform(&draw, -.18, .18);
  glyph->scale[0] = (float)(scale * exp(aspect));
  glyph->scale[1] = (float)(scale * exp(-aspect));
  glyph->shear = (float)(jitter * vt_draw_uniform(&draw, -.25, .25));
  glyph->angle = (float)(jitter * vt_draw_uniform(&draw, -.3, .3));
  glyph->x = (float)(px / 2 + px * jitter * vt_draw_uniform(&draw, -.07, .07));
  glyph->y = (float)(px / 2 + px * jitter * vt_draw_uniform(&draw, -.07, .07));
  glyph->width = (float)(px / 28 * (2.3 + jitter * vt_draw_uniform(&draw, -.9, 1.1)));
  glyph->ink = (float)(.95 - jitter * vt_draw_uniform(&draw, 0, .15));
  for (int i = 0; i < VT_GLYPH_WAVES; i++) {
    double turn = vt_draw_uniform(&elastic, 0, 2 * PI), length = vt_draw_uniform(&elastic, 2, 4.5);
    glyph->wave[i].along[0] = (float)(length * cos(turn));
    glyph->wave[i].along[1] = (float)(length * sin(turn));
    glyph->wave[i].phase = (float)vt_draw_uniform(&elastic, 0, 2 * PI);
    for (int axis = 0; axis < 2; axis++)
      glyph->wave[i].push[axis] = (float)(jitter * vt_draw_uniform(&elastic, -.1, .1));
  }
  glyph->noise = (float)options->noise;
  glyph->nuisance = key;
  return VT_OK;
}

static vt_status show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  const vt_glyph *glyph = record;
  int pixels = glyph->px * glyph->px, area = 0;
  item->width = item->height = glyph->px;
  item->levels = 1;
  item->image = vt_alloc(ctx, 3 * (size_t)pixels);
  item->labels = vt_alloc(ctx, (size_t)pixels * sizeof *item->labels);
  uint8_t *grey = vt_alloc(ctx, 2 * (size_t)pixels);
  vt_status status = item->image && item->labels && grey ? vt_glyph_render(ctx, glyph, grey, grey + pixels)
                                                         : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    for (int i = 0; i < pixels; i++) {
      memset(item->image + 3 * i, grey[i], 3);
      item->labels[i] = grey[pixels + i];
      area += grey[pixels + i] > 0;
    }
    item->truth =
        json_pack("{s:s, s:i, s:i, s:f, s:f, s:[f,f], s:[s]}", "class", world->classes[glyph->label], "label",
                  glyph->label, "area", area, "width", glyph->width, "angle", glyph->angle, "centre",
                  glyph->x, glyph->y, "levels", "stroke");
    if (!item->truth) status = vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the truth of an item");
  }
  vt_free(grey);
  return status;
}

static int describe(const vt_world *world, vt_dataset_field *out)
{
  int64_t px = ((const glyphs_options *)world->options)->px;
  out[0] = (vt_dataset_field){"image", VT_F32, 3, {1, px, px}};
  out[1] = (vt_dataset_field){"label", VT_I64, 0, {0}};
  out[2] = (vt_dataset_field){"stroke", VT_U8, 2, {px, px}};
  return 3;
}

static vt_status fill(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass, void *const *out)
{
  VT_UNUSED(world), VT_UNUSED(pass);
  const vt_glyph *glyph = record;
  if (out[1]) *(int64_t *)out[1] = glyph->label;
  if (!out[0] && !out[2]) return VT_OK;
  size_t pixels = (size_t)glyph->px * (size_t)glyph->px;
  uint8_t *grey = out[0] ? vt_alloc(ctx, pixels) : NULL;
  if (out[0] && !grey) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_glyph_render(ctx, glyph, grey, out[2]);
  if (status == VT_OK && grey)
    for (size_t i = 0; i < pixels; i++)
      ((float *)out[0])[i] = ((float)grey[i] / 255 - .5f) / .5f;
  vt_free(grey);
  return status;
}

const vt_preset vt_preset_glyphs = {
    .id = "glyphs",
    .title = "ten shapes of strokes, moved, bent and of many widths",
    .papers = "20",
    .version = 1,
    .counts = {20000, 2000, 4000},
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .options_size = sizeof(glyphs_options),
    .record_size = sizeof(vt_glyph),
    .classes = vt_glyph_names,
    .class_count = VT_GLYPHS,
    .make = make,
    .show = show,
    .describe = describe,
    .fill = fill,
};
