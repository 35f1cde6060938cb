/* SPDX-License-Identifier: Apache-2.0
 *
 * Sounds as waves, and waves as log-mel pictures: Hann window, Fourier transform, triangles on the mel scale.
 */
#include <math.h>

#include "worlds/sounds.h"

#define PI 3.14159265358979

enum { BITS = 8, BINS = VT_SOUND_WINDOW / 2 + 1, PARTIALS = 48 };
static const double lowest = 200, highest = 3800; /* Hz */

struct vt_sound_tables {
  float window[VT_SOUND_WINDOW];
  float twiddle[VT_SOUND_WINDOW / 2][2];
  int reversed[VT_SOUND_WINDOW];
  float weight[VT_SOUND_SIDE][BINS]; /* of a band, sum 1; band 0 is the lowest */
  int first[VT_SOUND_SIDE], beyond[VT_SOUND_SIDE];
  float floor; /* power of noise of variance 1 in a bin */
};

static double mel(double hertz)
{
  return 2595 * log10(1 + hertz / 700);
}

double vt_sound_hertz(double band)
{
  double low = mel(lowest), high = mel(highest), at = low + (high - low) * band / VT_SOUND_SIDE;
  return 700 * (pow(10, at / 2595) - 1);
}

/* Triangles from the middle of the band below to that of the band above; bands narrower than a bin take
 * what lies nearest. */
static void make_bands(vt_sound_tables *tables)
{
  const double step = (double)VT_SOUND_RATE / VT_SOUND_WINDOW;
  for (int b = 0; b < VT_SOUND_SIDE; b++) {
    double left = vt_sound_hertz(b - .5), middle = vt_sound_hertz(b + .5), right = vt_sound_hertz(b + 1.5),
           sum = 0;
    left = fmin(left, middle - step), right = fmax(right, middle + step);
    for (int i = 0; i < BINS; i++) {
      double hertz = i * step;
      double weight = hertz < middle ? (hertz - left) / (middle - left) : (right - hertz) / (right - middle);
      tables->weight[b][i] = weight > 0 ? (float)weight : 0;
      sum += tables->weight[b][i];
    }
    tables->first[b] = BINS;
    for (int i = 0; i < BINS; i++) {
      tables->weight[b][i] = (float)(tables->weight[b][i] / sum);
      if (tables->weight[b][i] <= 0) continue;
      if (tables->first[b] == BINS) tables->first[b] = i;
      tables->beyond[b] = i + 1;
    }
  }
}

vt_status vt_sound_tables_new(vt_ctx *ctx, vt_sound_tables **out)
{
  vt_sound_tables *tables = vt_alloc_zero(ctx, 1, sizeof *tables);
  *out = tables;
  if (!tables) return VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; i < VT_SOUND_WINDOW; i++) {
    tables->window[i] = (float)(.5 - .5 * cos(2 * PI * i / VT_SOUND_WINDOW));
    tables->floor += tables->window[i] * tables->window[i];
    for (int bit = 0; bit < BITS; bit++)
      tables->reversed[i] |= (i >> bit & 1) << (BITS - 1 - bit);
  }
  for (int i = 0; i < VT_SOUND_WINDOW / 2; i++) {
    tables->twiddle[i][0] = (float)cos(2 * PI * i / VT_SOUND_WINDOW);
    tables->twiddle[i][1] = (float)-sin(2 * PI * i / VT_SOUND_WINDOW);
  }
  make_bands(tables);
  return VT_OK;
}

void vt_sound_tables_free(vt_sound_tables *tables)
{
  vt_free(tables);
}

/* ---- waves ---- */

/* Rises and falls over a hop, so that borders make no clicks. */
static float envelope(int at, int length)
{
  int edge = at < length - 1 - at ? at : length - 1 - at;
  return edge >= VT_SOUND_HOP ? 1 : (float)(.5 - .5 * cos(PI * edge / VT_SOUND_HOP));
}

/* Between the lower and the upper edge of the event's band, on the mel scale. */
static double pitch(const vt_sound_event *event, double share)
{
  return vt_sound_hertz(event->band + 1 + share * (event->bands - 2));
}

static double pitch_at(const vt_sound_event *event, double time)
{
  switch (event->kind) {
  case VT_SOUND_RISING:
    return pitch(event, time);
  case VT_SOUND_FALLING:
    return pitch(event, 1 - time);
  case VT_SOUND_TWO_TONE:
    return pitch(event, (int)(time * (event->count + 1)) % 2 ? .85 : .15);
  default:
    return pitch(event, .5 - .5 * cos(2 * PI * event->count * time));
  }
}

static void add_glide(const vt_sound_event *event, double amplitude, int length, float *wave)
{
  double phase = event->phase, step = 0;
  for (int i = 0; i < length; i++) {
    if (i % 16 == 0) step = 2 * PI * pitch_at(event, (double)i / length) / VT_SOUND_RATE;
    phase += step;
    wave[i] += (float)amplitude * envelope(i, length) * sinf((float)fmod(phase, 2 * PI));
  }
}

static void add_tone(double hertz, double phase, double amplitude, int length, float *wave)
{
  double turn = 2 * PI * hertz / VT_SOUND_RATE, c = cos(phase), s = sin(phase), tc = cos(turn),
         ts = sin(turn);
  for (int i = 0; i < length; i++) {
    wave[i] += (float)(amplitude * s) * envelope(i, length);
    double next = c * tc - s * ts;
    s = s * tc + c * ts, c = next;
  }
}

/* A burst with a Gaussian spectrum whose ± 2 deviations are the band. */
static void add_burst(const vt_sound_event *event, double amplitude, int middle, int length, float *wave)
{
  double low = pitch(event, 0), high = pitch(event, 1), spread = VT_SOUND_RATE / (2 * PI * (high - low) / 4),
         turn = PI * (low + high) / VT_SOUND_RATE;
  int reach = (int)(4 * spread);
  for (int i = middle - reach; i <= middle + reach; i++) {
    double t = (i - middle) / spread;
    if (i >= 0 && i < length)
      wave[i] += (float)(amplitude / spread * exp(-t * t / 2) * cos(turn * (i - middle)));
  }
}

static void add_event(const vt_sound *sound, const vt_sound_event *event, float *wave)
{
  int start = event->frame * VT_SOUND_HOP + VT_SOUND_HOP / 2, length = event->frames * VT_SOUND_HOP;
  double amplitude = pow(10, event->loudness / 20) * .153; /* a tone of 1 stands 16.3 dB over the noise */
  wave += start;
  switch (event->kind) {
  case VT_SOUND_STACK:
    for (int i = 0; i < event->count; i++)
      add_tone(pitch(event, 0) + (pitch(event, 1) - pitch(event, 0)) * i / (event->count - 1),
               event->phase * (i + 1), amplitude * .8, length, wave);
    break;
  case VT_SOUND_PULSES:
    for (int i = 0; i < event->count; i++)
      add_burst(event, amplitude * 60, (int)(length * (i + .5) / event->count), length, wave);
    break;
  case VT_SOUND_CLICK:
    add_burst(event, amplitude * 80, length / 2, length, wave);
    break;
  case VT_SOUND_BAND: {
    double low = pitch(event, 0), high = pitch(event, 1);
    uint64_t stream = vt_stream("sound band", (uint64_t)(event - sound->events));
    for (int i = 0; i < PARTIALS; i++) {
      double share = (i + vt_random_uniform(sound->nuisance, stream, (uint64_t)(2 * i))) / PARTIALS,
             phase = 2 * PI * vt_random_uniform(sound->nuisance, stream, (uint64_t)(2 * i + 1));
      add_tone(low + share * (high - low), phase, .6 * amplitude * sqrt((high - low) / 2248), length, wave);
    }
    break;
  }
  default:
    add_glide(event, amplitude, length, wave);
  }
}

void vt_sound_wave(const vt_sound *sound, float *wave)
{
  uint64_t stream = vt_stream("sound noise", 0);
  /* four bytes have mean 510 and variance 4 · (256² − 1) / 12 */
  const float scale = (float)(pow(10, sound->noise / 20) / sqrt(65535. / 3));
  for (int i = 0; i < VT_SOUND_SAMPLES; i += 4) {
    uint32_t bits[4];
    vt_random_bits(sound->nuisance, stream, (uint64_t)(i / 4), bits);
    for (int k = 0; k < 4 && i + k < VT_SOUND_SAMPLES; k++) {
      int sum = (int)((bits[k] & 255) + (bits[k] >> 8 & 255) + (bits[k] >> 16 & 255) + (bits[k] >> 24));
      wave[i + k] = (float)(sum - 510) * scale;
    }
  }
  for (int i = 0; i < sound->count; i++)
    add_event(sound, &sound->events[i], wave);
}

/* ---- pictures ---- */

static void transform(const vt_sound_tables *tables, float (*x)[2])
{
  for (int half = 1; half < VT_SOUND_WINDOW; half *= 2)
    for (int from = 0; from < VT_SOUND_WINDOW; from += 2 * half)
      for (int i = 0; i < half; i++) {
        const float *w = tables->twiddle[i * (VT_SOUND_WINDOW / 2 / half)];
        float *a = x[from + i], *b = x[from + i + half];
        float re = b[0] * w[0] - b[1] * w[1], im = b[0] * w[1] + b[1] * w[0];
        b[0] = a[0] - re, b[1] = a[1] - im;
        a[0] += re, a[1] += im;
      }
}

/* Powers of two real frames at once: the second one rides on the imaginary part. */
static void powers(const vt_sound_tables *tables, const float *wave, float (*x)[2], float power[2][BINS])
{
  for (int i = 0; i < VT_SOUND_WINDOW; i++) {
    int to = tables->reversed[i];
    x[to][0] = wave[i] * tables->window[i];
    x[to][1] = wave[i + VT_SOUND_HOP] * tables->window[i];
  }
  transform(tables, x);
  for (int i = 0; i < BINS; i++) {
    const float *p = x[i], *q = x[(VT_SOUND_WINDOW - i) % VT_SOUND_WINDOW];
    float a = (p[0] + q[0]) / 2, b = (p[1] - q[1]) / 2, c = (p[1] + q[1]) / 2, d = (q[0] - p[0]) / 2;
    power[0][i] = a * a + b * b;
    power[1][i] = c * c + d * d;
  }
}

vt_status vt_sound_picture(vt_ctx *ctx, const vt_sound_tables *tables, const float *wave, uint8_t *grey)
{
  float(*x)[2] = vt_alloc(ctx, VT_SOUND_WINDOW * sizeof *x);
  float(*power)[BINS] = vt_alloc(ctx, 2 * sizeof *power);
  vt_status status = x && power ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (int frame = 0; status == VT_OK && frame < VT_SOUND_SIDE; frame += 2) {
    powers(tables, wave + (ptrdiff_t)frame * VT_SOUND_HOP, x, power);
    for (int k = 0; k < 2; k++)
      for (int b = 0; b < VT_SOUND_SIDE; b++) {
        float sum = 0;
        for (int i = tables->first[b]; i < tables->beyond[b]; i++)
          sum += tables->weight[b][i] * power[k][i];
        float value = 127.5f + 127.5f / 40 * 10 * log10f(sum / tables->floor + 1e-6f);
        grey[(VT_SOUND_SIDE - 1 - b) * VT_SOUND_SIDE + frame + k] = (uint8_t)((value < 0     ? 0
                                                                               : value > 255 ? 255
                                                                                             : value) +
                                                                              .5f);
      }
  }
  vt_free(x);
  vt_free(power);
  return status;
}

void vt_sound_mask(const vt_sound_event *event, uint8_t *mask)
{
  memset(mask, 0, (size_t)VT_SOUND_SIDE * VT_SOUND_SIDE);
  for (int b = event->band; b < event->band + event->bands; b++)
    memset(mask + (VT_SOUND_SIDE - 1 - b) * VT_SOUND_SIDE + event->frame, 1, (size_t)event->frames);
}
