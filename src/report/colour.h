/* SPDX-License-Identifier: Apache-2.0
 *
 * Colour maps. Sequential ones run from 0 to 1; diverging ones have their neutral colour, pure white, exactly
 * at 0.5.
 */
#ifndef VT_REPORT_COLOUR_H
#define VT_REPORT_COLOUR_H

#include "base/base.h"

/* To add a colour map: one row in colour.c, by anchors or by formula. */
typedef struct vt_colour_map {
  const char *id, *summary;
  bool diverging;
  int anchor_count;
  const uint32_t *anchors;                         /* 0xRRGGBB at equal distances */
  void (*formula)(double position, double rgb[3]); /* instead of anchors; 0..1 */
} vt_colour_map;

extern const vt_colour_map vt_colour_maps[];
extern const size_t vt_colour_map_count;
const vt_colour_map *vt_colour_map_find(const char *id); /* NULL: unknown */

/* Colour at `position`, held to [0, 1]; NaN gives the middle grey. */
void vt_colour_at(const vt_colour_map *map, double position, uint8_t rgb[3]);

/* The map at VT_COLOUR_STEPS equal steps, for pictures. An odd count, so that 0.5 is an entry of its own. */
enum { VT_COLOUR_STEPS = 1025 };
void vt_colour_table(const vt_colour_map *map, uint8_t table[VT_COLOUR_STEPS][3]);
/* Entry for a position. */
static inline int vt_colour_index(double position)
{
  if (!(position > 0)) return 0;
  return position >= 1 ? VT_COLOUR_STEPS - 1 : (int)(position * (VT_COLOUR_STEPS - 1) + 0.5);
}

#endif
