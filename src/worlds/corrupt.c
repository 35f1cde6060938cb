/* SPDX-License-Identifier: Apache-2.0 */
#include "worlds/corrupt.h"

#include <math.h>

#include "worlds/raster.h"
#include "worlds/world.h"

#define PI 3.14159265358979323846

const char *const vt_corruption_names[VT_CORRUPTIONS] = {
    "none",       "noise", "blur", "contrast", "brightness", "colour",  "hue",
    "saturation", "gain",  "bias", "rows",     "columns",    "perturb", "erase"};

double vt_corruption_strength(vt_corruption kind, int level)
{
  static const double strengths[VT_CORRUPTIONS][VT_CORRUPT_LEVELS] = {
      [VT_CORRUPT_NOISE] = {.04, .08, .12, .18, .26},  [VT_CORRUPT_BLUR] = {.5, 1, 1.5, 2.2, 3},
      [VT_CORRUPT_CONTRAST] = {.8, .6, .4, .25, .12},  [VT_CORRUPT_BRIGHTNESS] = {.1, .2, .3, .4, .5},
      [VT_CORRUPT_COLOUR] = {.06, .12, .18, .26, .36}, [VT_CORRUPT_HUE] = {15, 30, 50, 80, 120},
      [VT_CORRUPT_SATURATION] = {.8, .6, .4, .2, 0},   [VT_CORRUPT_GAIN] = {1.2, 1.5, 1.9, 2.4, 3},
      [VT_CORRUPT_BIAS] = {.15, .3, .45, .6, .8},      [VT_CORRUPT_ROWS] = {1, 2, 3, 4.5, 6},
      [VT_CORRUPT_COLUMNS] = {1, 2, 3, 4.5, 6},        [VT_CORRUPT_PERTURB] = {.05, .1, .2, .3, .4},
      [VT_CORRUPT_ERASE] = {.1, .25, .4, .6, .8},
  };
  return level < 1 || level > VT_CORRUPT_LEVELS ? 0 : strengths[kind][level - 1];
}

/* ---- kinds that change each pixel by itself ---- */

static void mix_channels(vt_raster *raster, float matrix[3][3])
{
  for (int i = 0; i < raster->width * raster->height; i++) {
    float *pixel = raster->rgb + 3 * i, out[3];
    for (int c = 0; c < 3; c++)
      out[c] = matrix[c][0] * pixel[0] + matrix[c][1] * pixel[1] + matrix[c][2] * pixel[2];
    memcpy(pixel, out, sizeof out);
  }
}

/* Rotation about (1, 1, 1) (Rodrigues). */
static void rotate_hue(vt_raster *raster, double degrees)
{
  double c = cos(degrees * PI / 180), s = sin(degrees * PI / 180), part = (1 - c) / 3, q = s / sqrt(3);
  float matrix[3][3] = {{(float)(c + part), (float)(part - q), (float)(part + q)},
                        {(float)(part + q), (float)(c + part), (float)(part - q)},
                        {(float)(part - q), (float)(part + q), (float)(c + part)}};
  mix_channels(raster, matrix);
}

static void saturate(vt_raster *raster, double left)
{
  float own = (float)((1 + 2 * left) / 3), others = (float)((1 - left) / 3);
  float matrix[3][3] = {{own, others, others}, {others, own, others}, {others, others, own}};
  mix_channels(raster, matrix);
}

static void reduce_contrast(vt_raster *raster, double left)
{
  int pixels = raster->width * raster->height;
  for (int c = 0; c < 3; c++) {
    double sum = 0;
    for (int i = 0; i < pixels; i++)
      sum += raster->rgb[3 * i + c];
    float mean = (float)(sum / pixels);
    for (int i = 0; i < pixels; i++)
      raster->rgb[3 * i + c] = mean + (float)left * (raster->rgb[3 * i + c] - mean);
  }
}

static void add(vt_raster *raster, const float amount[3])
{
  for (int i = 0; i < raster->width * raster->height; i++)
    for (int c = 0; c < 3; c++)
      raster->rgb[3 * i + c] += amount[c];
}

static void shift_colour(vt_raster *raster, double strength, vt_draw *draw)
{
  double angle = vt_draw_uniform(draw, 0, 2 * PI);
  /* a direction in the plane of zero sum: root mean square 1 whatever the angle */
  float amount[3];
  for (int c = 0; c < 3; c++)
    amount[c] = (float)(strength * sqrt(2) * cos(angle + 2 * PI * c / 3));
  add(raster, amount);
}

static void apply_gain(vt_raster *raster, double power)
{
  for (int i = 0; i < 3 * raster->width * raster->height; i++)
    raster->rgb[i] = powf(raster->rgb[i] < 0 ? 0 : raster->rgb[i], (float)power);
}

static void perturb(vt_raster *raster, double strength, uint64_t seed)
{
  uint64_t stream = vt_stream("perturb", 0);
  for (int i = 0; i < 3 * raster->width * raster->height; i++) {
    double value = strength * vt_random_normal(seed, stream, (uint64_t)i), most = 1.25 * strength;
    value = value < -most ? -most : value > most ? most : value;
    raster->rgb[i] += (float)(value / 2);
  }
}

/* ---- kinds that depend on place ---- */

static void apply_bias(vt_raster *raster, double strength, vt_draw *draw)
{
  double phase[4], turn[2];
  for (int i = 0; i < 4; i++)
    phase[i] = vt_draw_uniform(draw, 0, 2 * PI);
  for (int i = 0; i < 2; i++)
    turn[i] = vt_draw_uniform(draw, 0, 2 * PI);
  for (int y = 0; y < raster->height; y++)
    for (int x = 0; x < raster->width; x++) {
      double u = (double)x / raster->width, v = (double)y / raster->height;
      double field = .5 * (sin(3 * (u * cos(turn[0]) + v * sin(turn[0])) + phase[0]) +
                           sin(4 * (u * cos(turn[1]) + v * sin(turn[1])) + phase[1]));
      for (int c = 0; c < 3; c++)
        raster->rgb[3 * (y * raster->width + x) + c] *= (float)(1 + strength * field);
    }
}

static void warp_line(const float *from, float *to, int count, int step, double offset)
{
  for (int i = 0; i < count; i++) {
    double at = i + offset;
    at = at < 0 ? 0 : at > count - 1 ? count - 1 : at;
    int low = (int)at, high = low + 1 < count ? low + 1 : low;
    float part = (float)(at - low);
    for (int c = 0; c < 3; c++)
      to[i * step + c] = from[low * step + c] + part * (from[high * step + c] - from[low * step + c]);
  }
}

static vt_status warp(vt_ctx *ctx, vt_raster *raster, bool rows, double amplitude, vt_draw *draw)
{
  size_t bytes = 3 * (size_t)raster->width * (size_t)raster->height * sizeof(float);
  float *copy = vt_alloc(ctx, bytes);
  if (!copy) return VT_ERROR_OUT_OF_MEMORY;
  memcpy(copy, raster->rgb, bytes);
  double phase = vt_draw_uniform(draw, 0, 2 * PI);
  int lines = rows ? raster->height : raster->width, count = rows ? raster->width : raster->height;
  for (int line = 0; line < lines; line++) {
    int start = rows ? 3 * line * raster->width : 3 * line;
    warp_line(copy + start, raster->rgb + start, count, rows ? 3 : 3 * raster->width,
              amplitude * sin(4 * PI * line / lines + phase));
  }
  vt_free(copy);
  return VT_OK;
}

void vt_erase_blocks(uint8_t *rgb, int width, int height, double share, uint64_t seed, uint8_t *kept)
{
  int columns = (width + VT_BLOCK - 1) / VT_BLOCK, rows = (height + VT_BLOCK - 1) / VT_BLOCK;
  int blocks = columns * rows, left = (int)lround(share * blocks);
  vt_draw draw = vt_draw_start(seed, "erase");
  if (kept) memset(kept, 1, (size_t)blocks);
  for (int block = 0; block < blocks; block++) { /* selection sampling: each subset of that size alike */
    bool keep = vt_draw_below(&draw, blocks - block) < left;
    left -= keep;
    if (keep) continue;
    if (kept) kept[block] = 0;
    int x = block % columns * VT_BLOCK, y = block / columns * VT_BLOCK;
    int wide = width - x < VT_BLOCK ? width - x : VT_BLOCK;
    for (int row = y; row < y + VT_BLOCK && row < height; row++)
      memset(rgb + 3 * ((size_t)row * (size_t)width + (size_t)x), 0, 3 * (size_t)wide);
  }
}

static vt_status change(vt_ctx *ctx, vt_raster *raster, vt_corruption kind, double strength, uint64_t seed)
{
  vt_draw draw = vt_draw_start(seed, vt_corruption_names[kind]);
  double sign = vt_draw_chance(&draw, .5) ? 1 : -1;
  switch (kind) {
  case VT_CORRUPT_NOISE:
    vt_raster_noise(raster, strength, seed);
    break;
  case VT_CORRUPT_BLUR:
    return vt_raster_blur(ctx, raster, strength);
  case VT_CORRUPT_CONTRAST:
    reduce_contrast(raster, strength);
    break;
  case VT_CORRUPT_BRIGHTNESS:
    add(raster, (float[3]){(float)(sign * strength), (float)(sign * strength), (float)(sign * strength)});
    break;
  case VT_CORRUPT_COLOUR:
    shift_colour(raster, strength, &draw);
    break;
  case VT_CORRUPT_HUE:
    rotate_hue(raster, sign * strength);
    break;
  case VT_CORRUPT_SATURATION:
    saturate(raster, strength);
    break;
  case VT_CORRUPT_GAIN:
    apply_gain(raster, sign > 0 ? strength : 1 / strength);
    break;
  case VT_CORRUPT_BIAS:
    apply_bias(raster, strength, &draw);
    break;
  case VT_CORRUPT_ROWS:
  case VT_CORRUPT_COLUMNS:
    return warp(ctx, raster, kind == VT_CORRUPT_ROWS, strength, &draw);
  case VT_CORRUPT_PERTURB:
    perturb(raster, strength, seed);
    break;
  default:
    break;
  }
  return VT_OK;
}

vt_status vt_corrupt_by(vt_ctx *ctx, uint8_t *rgb, int width, int height, vt_corruption kind, double strength,
                        uint64_t seed)
{
  if (kind <= VT_CORRUPT_NONE || kind >= VT_CORRUPTIONS) return VT_OK;
  if (kind == VT_CORRUPT_ERASE) {
    vt_erase_blocks(rgb, width, height, 1 - strength, seed, NULL);
    return VT_OK;
  }
  vt_raster raster;
  VT_TRY(vt_raster_new(ctx, width, height, VT_PLANE_RGB, &raster));
  for (int i = 0; i < 3 * width * height; i++)
    raster.rgb[i] = (float)rgb[i] / 255;
  vt_status status = change(ctx, &raster, kind, strength, seed);
  if (status == VT_OK) vt_raster_bytes(&raster, rgb);
  vt_raster_free(&raster);
  return status;
}

vt_status vt_corrupt(vt_ctx *ctx, uint8_t *rgb, int width, int height, vt_corruption kind, int level,
                     uint64_t seed)
{
  if (level < 0 || level > VT_CORRUPT_LEVELS)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "corruption level %d: levels go from 1 to %d", level,
                   VT_CORRUPT_LEVELS);
  if (level == 0) return VT_OK;
  return vt_corrupt_by(ctx, rgb, width, height, kind, vt_corruption_strength(kind, level), seed);
}
