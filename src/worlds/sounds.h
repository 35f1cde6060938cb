/* SPDX-License-Identifier: Apache-2.0
 *
 * Sounds: a second of noise with one or two events of eight kinds, as a wave and as a log-mel picture. An
 * event fills a box of the picture (frames × bands) that is drawn before it, so the box is the truth.
 */
#ifndef VT_WORLDS_SOUNDS_H
#define VT_WORLDS_SOUNDS_H

#include "worlds/world.h"

enum {
  VT_SOUND_SIDE = 64, /* frames and mel bands of the picture */
  VT_SOUND_RATE = 8000,
  VT_SOUND_WINDOW = 256,
  VT_SOUND_HOP = 128,
  VT_SOUND_SAMPLES = (VT_SOUND_SIDE - 1) * VT_SOUND_HOP + VT_SOUND_WINDOW,
  VT_SOUND_BLANK = 128 /* byte of the noise floor: 0 after normalisation */
};

typedef enum vt_sound_kind {
  VT_SOUND_RISING,
  VT_SOUND_FALLING,
  VT_SOUND_STACK,  /* steady tones, evenly spaced */
  VT_SOUND_PULSES, /* short bursts over all of the band, evenly spaced in time */
  VT_SOUND_BAND,   /* noise */
  VT_SOUND_TWO_TONE,
  VT_SOUND_CLICK, /* one burst */
  VT_SOUND_WARBLE,
  VT_SOUND_KINDS
} vt_sound_kind;
extern const char *const vt_sound_names[VT_SOUND_KINDS];

/* Frames from the left, bands from the lowest; half-open. */
typedef struct vt_sound_event {
  vt_sound_kind kind;
  int frame, frames, band, bands;
  float loudness; /* dB of a steady tone over the noise of a band of one bin */
  int count;      /* tones of a stack, bursts, changes of a two-tone, turns of a warble */
  float phase;
} vt_sound_event;

typedef struct vt_sound {
  int label; /* kind of the louder event, which is events[0] */
  int count; /* 1 or 2 */
  vt_sound_event events[2];
  float noise; /* dB of the noise floor against the usual one */
  vt_split split;
  uint64_t nuisance; /* key of the noise */
} vt_sound;

/* Tables that all items share. */
typedef struct vt_sound_tables vt_sound_tables;
vt_status vt_sound_tables_new(vt_ctx *ctx, vt_sound_tables **out);
void vt_sound_tables_free(vt_sound_tables *tables); /* accepts NULL */
/* Frequency in Hz of the lower edge of a band; `band` may be a fraction, VT_SOUND_SIDE is the upper end. */
double vt_sound_hertz(double band);

/* The wave [VT_SOUND_SAMPLES]; noise has variance 1 at 0 dB. */
void vt_sound_wave(const vt_sound *sound, float *wave);
/* Bytes [side, side], the highest band first: 127.5 is the power of noise at 0 dB, 40 dB more is 255. */
vt_status vt_sound_picture(vt_ctx *ctx, const vt_sound_tables *tables, const float *wave, uint8_t *grey);
/* 1 where the event's box is, u8 [side, side], the highest band first. */
void vt_sound_mask(const vt_sound_event *event, uint8_t *mask);

#endif
