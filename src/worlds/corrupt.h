/* SPDX-License-Identifier: Apache-2.0
 *
 * Damage done to finished pictures, each kind at five levels. Level 3 is the strength the papers name where
 * they name one (00-needs §1.3). Works on bytes; what a picture shows stays where it is (warps apart).
 */
#ifndef VT_WORLDS_CORRUPT_H
#define VT_WORLDS_CORRUPT_H

#include "base/base.h"

typedef enum vt_corruption {
  VT_CORRUPT_NONE,
  VT_CORRUPT_NOISE,      /* normal noise; strength: standard deviation, 1 is the range of a colour */
  VT_CORRUPT_BLUR,       /* Gaussian; strength: sigma in pixels */
  VT_CORRUPT_CONTRAST,   /* towards the mean colour; strength: contrast left */
  VT_CORRUPT_BRIGHTNESS, /* up or down, by the seed; strength: amount */
  VT_CORRUPT_COLOUR,     /* a constant added to each channel, sum zero; strength: its root mean square */
  VT_CORRUPT_HUE,        /* rotation about the grey axis, either way; strength: degrees */
  VT_CORRUPT_SATURATION, /* towards grey; strength: saturation left */
  VT_CORRUPT_GAIN,       /* value to the power of strength, or of its inverse */
  VT_CORRUPT_BIAS,       /* smooth field that multiplies; strength: its largest deviation from 1 */
  VT_CORRUPT_ROWS,       /* rows shifted along a sine; strength: amplitude in pixels */
  VT_CORRUPT_COLUMNS,    /* columns likewise */
  VT_CORRUPT_PERTURB,    /* noise of the prototype papers: N(0, strength²) in normalised units (the range is
                          * 2), cut at 1.25 strengths */
  VT_CORRUPT_ERASE,      /* 8 × 8 blocks made black; strength: share of the blocks */
  VT_CORRUPTIONS
} vt_corruption;

enum { VT_CORRUPT_LEVELS = 5, VT_BLOCK = 8 };

extern const char *const vt_corruption_names[VT_CORRUPTIONS];
/* Strength of a level 1 to 5; 0 at level 0. */
double vt_corruption_strength(vt_corruption kind, int level);
/* In place on rgb [height, width, 3]; level 0 changes nothing. A function of (picture, kind, level, seed). */
vt_status vt_corrupt(vt_ctx *ctx, uint8_t *rgb, int width, int height, vt_corruption kind, int level,
                     uint64_t seed);
vt_status vt_corrupt_by(vt_ctx *ctx, uint8_t *rgb, int width, int height, vt_corruption kind, double strength,
                        uint64_t seed);

/* Keeps round(share · blocks) of the 8 × 8 blocks and makes the others black. `kept` (may be NULL) gets a 1
 * for each block that stays, rows × columns of blocks (cut ones at the right and lower edge count). */
void vt_erase_blocks(uint8_t *rgb, int width, int height, double share, uint64_t seed, uint8_t *kept);

#endif
