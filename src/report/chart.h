/* SPDX-License-Identifier: Apache-2.0
 *
 * Line charts: panels above each other over one x axis.
 */
#ifndef VT_REPORT_CHART_H
#define VT_REPORT_CHART_H

#include "vitrail/data.h"

enum { VT_CHART_PANELS = 4, VT_CHART_LINES = 4 };

typedef struct vt_chart_line {
  const char *name;    /* NULL: no key */
  const double *x, *y; /* y that is not finite leaves a gap */
  int count;
  bool dots;
} vt_chart_line;

typedef struct vt_chart_panel {
  const char *title;
  bool logarithmic; /* of y; values of 0 and below are left out */
  vt_chart_line lines[VT_CHART_LINES];
  int line_count;
} vt_chart_panel;

typedef struct vt_chart {
  const char *title, *x_title;
  vt_chart_panel panels[VT_CHART_PANELS];
  int panel_count;
} vt_chart;

/* As an SVG document, caller frees. */
vt_status vt_chart_svg(vt_ctx *ctx, const vt_chart *chart, char **out, size_t *size);
/* As a picture, two pixels for each unit of the SVG document; caller frees. */
vt_status vt_chart_image(vt_ctx *ctx, const vt_chart *chart, vt_image **out);

#endif
