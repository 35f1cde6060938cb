/* SPDX-License-Identifier: Apache-2.0
 *
 * The files a run leaves: explanation.json, labels.npy, saliency.npy, overlay.png, regions.png, subset.png,
 * curves.svg, report.html.
 */
#ifndef VT_REPORT_REPORT_H
#define VT_REPORT_REPORT_H

#include "report/picture.h"

typedef struct vt_class_score {
  int index;
  double probability;
} vt_class_score;

/* What a report is made from. Everything is borrowed; warnings about pictures are
 * added to the explanation. */
typedef struct vt_report {
  vt_explanation *explanation;
  const vt_image *photo;
  vt_placement placement;
  const char *photo_name, *model_name; /* as shown; file names without folders */
  const char *colour_map;              /* NULL: viridis */
  const vt_class_score *top;           /* most probable classes of the whole picture, best first */
  int top_count;
} vt_report;

/* Names of the files of every run, in the order written, NULL at the end. Maps add attribution.npy and, where
 * they came from a layer, native.npy. */
extern const char *const vt_report_files[];

/* Checks the request and adds warnings about the map (constant, values that are not finite) to the
 * explanation. Call once before vt_report_write() or before printing the explanation. */
vt_status vt_report_check(vt_ctx *ctx, const vt_report *report);
/* Writes all files into a folder that exists. */
vt_status vt_report_write(vt_ctx *ctx, const vt_report *report, const char *folder);
/* What the pictures are drawn from. */
vt_status vt_report_scene(vt_ctx *ctx, const vt_report *report, vt_view *out);

#endif
