/* SPDX-License-Identifier: Apache-2.0
 *
 * Borders of a label map as smooth lines.
 */
#ifndef VT_REPORT_CONTOUR_H
#define VT_REPORT_CONTOUR_H

#include "base/base.h"

/* One border between two labels, from junction to junction, or closed. Points in
 * pixels from the map's corner. */
typedef struct vt_contour {
  int32_t labels[2];
  bool closed;
  size_t count;
  double (*points)[2]; /* owned */
} vt_contour;

typedef struct vt_contours {
  vt_contour *list;
  size_t count, capacity;
} vt_contours;

/* All borders inside the map (its frame is none). Stairs of the pixel grid become straight: the line runs
 * through the middles of the pixel edges, then corners are cut `rounds` times (Chaikin 1974). Junctions stay
 * where they are. */
vt_status vt_contours_trace(vt_ctx *ctx, const int32_t *labels, int height, int width, int rounds,
                            vt_contours *out);
void vt_contours_free(vt_contours *contours); /* members only */

#endif
