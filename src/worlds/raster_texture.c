/* SPDX-License-Identifier: Apache-2.0
 *
 * Textures in a shape's own frame, and what happens to a whole canvas: noise, blur, light.
 */
#include <math.h>

#include "worlds/raster.h"

/* Steele, Lea, Flood (2014), the finaliser of SplitMix64: a good hash of a counter. */
static inline uint64_t hash(uint64_t value)
{
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

static inline float lattice(uint32_t seed, int x, int y)
{
  uint64_t bits = hash((uint64_t)seed << 32 ^ (uint64_t)((uint32_t)x * 0x8da6b343u + (uint32_t)y));
  return (float)(bits >> 40) * (1.f / 16777216);
}

static float smooth_noise(uint32_t seed, float x, float y)
{
  float fx = floorf(x), fy = floorf(y), tx = x - fx, ty = y - fy;
  int ix = (int)fx, iy = (int)fy;
  tx = tx * tx * (3 - 2 * tx);
  ty = ty * ty * (3 - 2 * ty);
  float a = lattice(seed, ix, iy), b = lattice(seed, ix + 1, iy);
  float c = lattice(seed, ix, iy + 1), d = lattice(seed, ix + 1, iy + 1);
  float top = a + tx * (b - a), bottom = c + tx * (d - c);
  return top + ty * (bottom - top);
}

static inline float clamp01(float value)
{
  return value < 0 ? 0 : value > 1 ? 1 : value;
}

/* Distance of `value` from the nearest whole number, 0 to ½. */
static inline float fold(float value)
{
  float rest = value - floorf(value);
  return rest < .5f ? rest : 1 - rest;
}

/* A band with a one-pixel edge: 1 where fold(value) > ¼. */
static inline float band(float value, float period)
{
  return clamp01(.5f + (fold(value) - .25f) * period);
}

static float usual_period(const vt_paint *paint, double half_width, double half_height)
{
  if (paint->period > 0) return (float)paint->period;
  double side = half_width > half_height ? half_width : half_height, period = side * .4;
  return (float)(period < 4 ? 4 : period);
}

void vt_texture_mix(const vt_paint *paint, double half_width, double half_height, const float *u,
                    const float *v, int count, float *out)
{
  float period = usual_period(paint, half_width, half_height), per = 1 / period;
  float c = (float)cos(paint->angle), s = (float)sin(paint->angle);
  for (int i = 0; i < count; i++) {
    float x = c * u[i] + s * v[i], y = c * v[i] - s * u[i], mix = 0;
    switch (paint->texture) {
    case VT_TEXTURE_STRIPED:
      mix = band(x * per, period);
      break;
    case VT_TEXTURE_DOTTED: {
      float du = .5f - fold(x * per), dv = .5f - fold(y * per);
      mix = clamp01(.5f + (.32f - sqrtf(du * du + dv * dv)) * period);
      break;
    }
    case VT_TEXTURE_CHECKED: {
      float a = band(x * per * .7f, period / .7f), b = band(y * per * .7f, period / .7f);
      mix = a + b - 2 * a * b;
      break;
    }
    case VT_TEXTURE_ZIGZAG:
      mix = band(y * per + fold(x * per), period);
      break;
    case VT_TEXTURE_SPECKLED: {
      uint64_t bits =
          hash((uint64_t)paint->seed << 32 ^ (uint32_t)((int)floorf(x + 512) * 4096 + (int)floorf(y + 512)));
      mix = (float)(bits >> 40) * (1.f / 16777216);
      break;
    }
    case VT_TEXTURE_CLOUDED:
      mix = .68f * smooth_noise(paint->seed, x * per, y * per) +
            .32f * smooth_noise(paint->seed ^ 0x5bd1e995u, 2.1f * x * per, 2.1f * y * per);
      break;
    case VT_TEXTURE_GRADIENT:
      mix = clamp01(.5f + v[i] / (2 * (float)half_height));
      break;
    default:
      break;
    }
    out[i] = mix;
  }
}

/* ---- whole canvas ---- */

void vt_raster_noise(vt_raster *canvas, double sigma, uint64_t seed)
{
  size_t count = 3 * (size_t)canvas->width * (size_t)canvas->height;
  if (sigma <= 0) return;
  /* four 16-bit numbers: variance of their sum is 4/12 of (65536)² */
  float scale = (float)(sigma * sqrt(3) / 65536), middle = 2 * 65535;
  uint64_t start = hash(seed);
  for (size_t i = 0; i < count; i++) {
    uint64_t bits = hash(start + i);
    float sum = (float)((bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48));
    canvas->rgb[i] += scale * (sum - middle);
  }
}

void vt_raster_light(vt_raster *canvas, double strength, double angle)
{
  double c = cos(angle), s = sin(angle), reach = hypot(canvas->width, canvas->height) / 2;
  if (strength == 0) return;
  for (int y = 0; y < canvas->height; y++) {
    float *row = canvas->rgb + 3 * (size_t)y * (size_t)canvas->width;
    for (int x = 0; x < canvas->width; x++) {
      double along = ((x + .5 - canvas->width / 2.) * c + (y + .5 - canvas->height / 2.) * s) / reach;
      float factor = (float)(1 + strength * along);
      for (int k = 0; k < 3; k++)
        row[3 * x + k] *= factor;
    }
  }
}

enum { BLUR_REACH = 96 };

/* One line of `count` pixels `step` floats apart. */
static void blur_line(float *line, size_t step, int count, const float *weight, int reach, float (*copy)[3])
{
  for (int i = 0; i < count; i++)
    memcpy(copy[i], line + (size_t)i * step, sizeof *copy);
  for (int i = 0; i < count; i++) {
    float sum[3] = {0};
    for (int k = -reach; k <= reach; k++) {
      int from = i + k < 0 ? 0 : i + k >= count ? count - 1 : i + k;
      for (int c = 0; c < 3; c++)
        sum[c] += weight[k + reach] * copy[from][c];
    }
    memcpy(line + (size_t)i * step, sum, sizeof sum);
  }
}

vt_status vt_raster_blur(vt_ctx *ctx, vt_raster *canvas, double sigma)
{
  if (sigma <= 0) return VT_OK;
  if (sigma > BLUR_REACH / 3.)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "blur of %g pixels: at most %d", sigma, BLUR_REACH / 3);
  float weight[2 * BLUR_REACH + 1];
  int reach = (int)ceil(3 * sigma);
  double total = 0;
  for (int k = -reach; k <= reach; k++)
    total += exp(-k * k / (2 * sigma * sigma));
  for (int k = -reach; k <= reach; k++)
    weight[k + reach] = (float)(exp(-k * k / (2 * sigma * sigma)) / total);
  float(*copy)[3] = vt_alloc(ctx, VT_RASTER_SIDE * sizeof *copy);
  if (!copy) return VT_ERROR_OUT_OF_MEMORY;
  size_t row = 3 * (size_t)canvas->width;
  for (int y = 0; y < canvas->height; y++)
    blur_line(canvas->rgb + (size_t)y * row, 3, canvas->width, weight, reach, copy);
  for (int x = 0; x < canvas->width; x++)
    blur_line(canvas->rgb + 3 * (size_t)x, row, canvas->height, weight, reach, copy);
  vt_free(copy);
  return VT_OK;
}
