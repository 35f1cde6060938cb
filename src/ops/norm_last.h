/* SPDX-License-Identifier: Apache-2.0
 *
 * What normalisations of channels-last f32 tensors are made of: moments of each channel, forward and
 * backward, and one linear combination that writes the result.
 */
#ifndef VT_OPS_NORM_LAST_H
#define VT_OPS_NORM_LAST_H

#include "tensor/tensor.h"

/* Memory as [items, rows, channels]. */
typedef struct vt_last {
  int64_t items, rows, channels;
} vt_last;
/* One item of all rows, or an item for each of the batch. */
vt_last vt_last_of(const vt_tensor *x, bool by_item);

/* [items, channels] each, in one allocation that begins with `mean`; freed with vt_free(mean). */
typedef struct vt_last_moments {
  double *mean, *spread; /* of x: mean, Σ (x − mean)² */
  double *sum, *dot;     /* Σ g, Σ g · (x − mean); zeros where g is NULL */
} vt_last_moments;

/* In one sweep over x and g. Cuts follow from sizes alone, so bytes do not depend on threads. */
vt_status vt_last_find_moments(vt_ctx *ctx, vt_last shape, const float *x, const float *g,
                               vt_last_moments *out);

/* out = of_g · g + of_x · (x − centre) + rest, with numbers [items, channels]; g or x may be NULL. */
typedef struct vt_last_line {
  double *centre, *of_x, *of_g, *rest; /* in one allocation that begins with `centre` */
} vt_last_line;
vt_status vt_last_new_line(vt_ctx *ctx, vt_last shape, vt_last_line *out); /* zeros; vt_free(centre) */
vt_status vt_last_write(vt_ctx *ctx, vt_last shape, const float *g, const float *x, const vt_last_line *line,
                        float *out);

#endif
