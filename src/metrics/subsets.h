/* SPDX-License-Identifier: Apache-2.0
 *
 * What taking pixels away costs, beside what the map gives to them: MuFidelity, faithfulness correlation and
 * sensitivity-n differ in how the subsets are drawn and in how the two lists are compared.
 */
#ifndef VT_METRICS_SUBSETS_H
#define VT_METRICS_SUBSETS_H

#include "metrics/metric.h"
#include "metrics/probe.h"

/* Subsets of pixels, one after the other: those of subset i are pixels[offsets[i]] to pixels[offsets[i+1]−1].
 * Owned. */
typedef struct vt_subsets {
  int count;
  int64_t *offsets; /* [count + 1] */
  int32_t *pixels;
} vt_subsets;
void vt_subsets_free(vt_subsets *subsets);

/* Cells of a side × side grid, row by row: pixel (y, x) lies in cell ⌊(y+½)·side/height⌋·side +
 * ⌊(x+½)·side/width⌋, which is how a mask of cells is enlarged to its nearest pixels. Some cells are empty
 * when the side exceeds the picture's. `labels` has height·width entries. */
void vt_grid_cells(int side, int height, int width, int32_t *labels);
/* From a design [count, cells], 1 where a subset has the cell, and the cell of every pixel. */
vt_status vt_subsets_of_cells(vt_ctx *ctx, const uint8_t *design, int count, int cells, const int32_t *labels,
                              int64_t pixels, vt_subsets *out);
/* From lists of pixels [count, size]. */
vt_status vt_subsets_of_pixels(vt_ctx *ctx, const int32_t *lists, int count, int64_t size, vt_subsets *out);

/* For each subset: f(x) less the score without it, in drops[count], and the sum of the values
 * [pixels] over it, in sums[count]. Takes count + 1 calls. */
vt_status vt_subsets_weigh(vt_ctx *ctx, const vt_probe *probe, const vt_subsets *subsets,
                           const double *values, double *drops, double *sums);

/* A metric of this kind: subsets drawn, weighed, and the two lists compared into out->value. */
typedef struct vt_subsets_metric {
  vt_baseline baseline;
  vt_status (*draw)(vt_ctx *ctx, const vt_task *task, const void *settings, const vt_probe *probe,
                    vt_subsets *out);
  vt_status (*compare)(vt_ctx *ctx, const double *drops, const double *sums, size_t count, double *out);
  const char *undefined; /* what it means that the comparison is NaN */
} vt_subsets_metric;
vt_status vt_subsets_measure(vt_ctx *ctx, const vt_task *task, const vt_judged *judged, const void *settings,
                             const vt_subsets_metric *metric, vt_measure *out);

#endif
