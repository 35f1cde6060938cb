/* SPDX-License-Identifier: Apache-2.0
 *
 * Glyphs: ten shapes drawn as strokes, bright on dark, with affine, width and elastic jitter.
 */
#ifndef VT_WORLDS_GLYPHS_H
#define VT_WORLDS_GLYPHS_H

#include "worlds/world.h"

enum { VT_GLYPHS = 10, VT_GLYPH_WAVES = 3 };

extern const char *const vt_glyph_names[VT_GLYPHS];

typedef struct vt_glyph {
  int label; /* may be changed: another shape under the same jitter */
  int px;
  /* glyph coordinates (−1 to 1, y down) to pixels: scale, shear, turn, shift */
  float scale[2], shear, angle, x, y;
  float width; /* of the stroke, pixels */
  struct {
    float along[2], phase, push[2];
  } wave[VT_GLYPH_WAVES]; /* elastic: a point moves by Σ push · sin(along · point + phase) */
  float ink, noise;
  uint64_t nuisance; /* key of the noise */
} vt_glyph;

/* Bytes [px, px] with noise; stroke u8 [px, px]: number of the stroke + 1 where it covers at least half the
 * pixel, else 0. Each may be NULL. */
vt_status vt_glyph_render(vt_ctx *ctx, const vt_glyph *glyph, uint8_t *grey, uint8_t *stroke);

#endif
