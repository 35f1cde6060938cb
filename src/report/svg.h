/* SPDX-License-Identifier: Apache-2.0
 *
 * Drawings as SVG documents, the same bytes each time; axes with round numbers.
 */
#ifndef VT_REPORT_SVG_H
#define VT_REPORT_SVG_H

#include <cairo.h>

#include "base/base.h"

/* What `draw` draws on a canvas of width × height pixels, as a document; caller frees. */
vt_status vt_svg_draw(vt_ctx *ctx, int width, int height, void (*draw)(cairo_t *canvas, const void *user),
                      const void *user, char **out, size_t *size);

typedef struct vt_plot_axis {
  double low, high, step;
} vt_plot_axis;
/* A range with 1, 2 or 5 ·10ⁿ between its ticks that holds both values. */
vt_plot_axis vt_nice_axis(double low, double high);

#endif
