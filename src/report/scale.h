/* SPDX-License-Identifier: Apache-2.0
 *
 * From raw values to positions on a colour map. For pictures only: stored values are never touched. What was
 * done to draw them is text that goes into every picture and caption.
 */
#ifndef VT_REPORT_SCALE_H
#define VT_REPORT_SCALE_H

#include "base/base.h"

/* Share of the pixels that may lie beyond each end of the colour bar (signed maps: beyond ±high together). */
#define VT_SCALE_CLIP 0.001

typedef struct vt_scale {
  double low, high;   /* values at the two ends of the colour bar; signed: low = −high */
  double least, most; /* smallest and largest finite value of the map */
  double clip;        /* as asked */
  bool is_signed;     /* both signs occur: zero lies at the neutral colour */
  bool constant;      /* nothing to tell apart: everything is drawn neutral */
  int64_t not_finite; /* values that are NaN or infinite; drawn neutral */
} vt_scale;

/* Looks at `count` values. A map with both signs gets a symmetric range, others
 * smallest to largest after `clip`. */
vt_status vt_scale_measure(vt_ctx *ctx, const float *map, size_t count, double clip, vt_scale *out);
/* 0..1, 0.5 at zero of a signed map; NaN (neutral) for constant maps and values that are not finite. */
double vt_scale_position(const vt_scale *scale, double value);
/* Three significant digits for legends and captions, '.' in every locale. */
const char *vt_short_number(double value, char buffer[32]);
/* One line: range, sign, clip. */
const char *vt_scale_text(const vt_scale *scale, char buffer[192]);

#endif
