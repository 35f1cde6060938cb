/* SPDX-License-Identifier: Apache-2.0
 *
 * A cairo canvas over an RGB picture: drawing of text and shapes, then back to a picture.
 */
#ifndef VT_REPORT_CANVAS_H
#define VT_REPORT_CANVAS_H

#include <cairo.h>

#include "vitrail/data.h"

/* A cairo context that shows `image`. cairo_destroy() frees it. NULL on failure (recorded). */
cairo_t *vt_canvas_new(vt_ctx *ctx, const vt_image *image);
/* The drawn picture as a new image. */
vt_status vt_canvas_image(vt_ctx *ctx, cairo_t *canvas, vt_image **out);

/* Text size and line width in pixels that read well on a picture of this size. */
double vt_canvas_text_size(int width, int height);
double vt_canvas_line_width(int width, int height);

typedef enum vt_align { VT_ALIGN_LEFT, VT_ALIGN_CENTRE, VT_ALIGN_RIGHT } vt_align;
/* Text on the base line `y`. */
void vt_canvas_text(cairo_t *canvas, double x, double y, double size, vt_align align, bool bold,
                    const char *text);
double vt_canvas_text_width(cairo_t *canvas, double size, bool bold, const char *text);
/* A path: a rectangle with round corners. */
void vt_canvas_round_box(cairo_t *canvas, double x, double y, double width, double height, double radius);

#endif
