/* SPDX-License-Identifier: Apache-2.0
 *
 * Pieces that the mask readers share.
 */
#ifndef VT_DATA_MASKS_H
#define VT_DATA_MASKS_H

#include "base/base.h"
#include "vitrail/data.h"

enum { VT_MASK_MAX_SIDE = 1 << 16, VT_MASK_MAX_COUNT = 1 << 16 };

/* `count` empty masks; sides and the whole size are checked. Free with vt_masks_free(). */
vt_status vt_masks_new(vt_ctx *ctx, int count, int height, int width, vt_masks **out);

/* Run lengths, column by column, zeros first; they must add up to height·width. `bits`
 * [height, width] is overwritten. */
vt_status vt_rle_fill(vt_ctx *ctx, const int64_t *counts, size_t count, int height, int width, uint8_t *bits);

/* Sets the pixels whose centres lie inside the polygon x0, y0, x1, y1, … by the even-odd rule (pixel (i, j)
 * has its centre at (i + ½, j + ½); a centre on a left or upper edge is inside). Other bits are kept. `work`
 * is lowered by the row crossings and must not run out. */
vt_status vt_polygon_fill(vt_ctx *ctx, const double *points, size_t count, int height, int width,
                          int64_t *work, uint8_t *bits);

/* One number a pixel of a picture file: grey values as they are (8 or 16 bits), colours packed as R·65536 +
 * G·256 + B. The caller frees `values`. */
vt_status vt_image_values(vt_ctx *ctx, const char *path, int32_t **values, int *height, int *width);

#endif
