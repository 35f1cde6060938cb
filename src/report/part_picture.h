/* SPDX-License-Identifier: Apache-2.0
 *
 * One picture beside what its parts are worth and what methods say of it, side by side.
 */
#ifndef VT_REPORT_PART_PICTURE_H
#define VT_REPORT_PART_PICTURE_H

#include "base/base.h"
#include "vitrail/data.h"

/* A part with its worth; masks are [height · width], 0 or 1. Borrowed. */
typedef struct vt_shown_part {
  const char *name;
  const uint8_t *mask;
  double effect;
} vt_shown_part;

/* A map of the picture's size with lines of text below it. Borrowed. */
typedef struct vt_shown_map {
  const char *title;
  const float *map;
  const char *lines[4]; /* NULL: no more */
} vt_shown_map;

/* Tiles of about 200 pixels: the picture with the outline of `mask`, its parts coloured by effect with their
 * names and numbers, then every map on a scale of its own with the same outline. Colours run from blue
 * (speaks against) over white to red (speaks for); a map of one sign from white to red. Free with
 * vt_image_free(). */
vt_status vt_part_picture(vt_ctx *ctx, const vt_image *picture, const char *title, const uint8_t *mask,
                          const vt_shown_part *parts, int part_count, const vt_shown_map *maps, int map_count,
                          vt_image **out);

#endif
