/* SPDX-License-Identifier: Apache-2.0
 *
 * Metrics declare themselves like methods. Every metric takes a pixel map or an order of regions.
 */
#ifndef VT_METRICS_METRIC_H
#define VT_METRICS_METRIC_H

#include "explain/divide.h"
#include "explain/method.h"

/* What is true of the picture, for metrics that compare with it. Borrowed. */
typedef struct vt_truth {
  const uint8_t *mask;         /* [height · width] 1 where what decides lies, 0 elsewhere */
  const uint8_t *const *parts; /* [part_count] masks like it, one for each part; NULL: no parts are known */
  const double *effects;       /* [part_count] what the target's score loses without the part */
  int part_count;
} vt_truth;

/* What is judged. Exactly one of `map` and `order` is set. */
typedef struct vt_judged {
  const float *map;          /* [height, width] at model resolution */
  const vt_regions *regions; /* with order */
  const int *order;          /* [k] region indices, most important first */
  const vt_truth *truth;     /* for metrics that need masks or parts; NULL: nothing is known */
} vt_judged;

/* What stands where the picture does not. */
typedef enum vt_baseline {
  VT_BASELINE_BLACK,     /* 0 in 8 bit, before normalisation */
  VT_BASELINE_ZERO,      /* 0 after normalisation */
  VT_BASELINE_RISE_BLUR, /* the picture blurred in normalised space: RISE's 11×11 kernel, zero padding 5 */
  VT_BASELINE_FILL       /* the fill of the task, as the search used it */
} vt_baseline;

/* How a curve is made; one row of a table of named protocols. */
typedef struct vt_protocol {
  const char *id, *summary;
  int steps; /* equal steps; 0: by pixels_per_step, or one for each region when that is 0 too */
  int pixels_per_step;
  vt_baseline insertion, deletion;
  bool area_axis; /* AUC over the true area share instead of equal steps */
} vt_protocol;
extern const vt_protocol vt_protocols[];
extern const size_t vt_protocol_count;
const vt_protocol *vt_protocol_find(const char *id);

/* A measured value with all that made it. */
typedef struct vt_measure {
  const struct vt_metric *metric;
  const vt_protocol *protocol; /* of curve metrics; others have none of their own */
  double value;                /* NaN: undefined for this input (reason in `note`) */
  double normalised; /* curve metrics: of (s − blank)/(full − blank), NaN when full − blank ≤ 0.05 */
  double *scores, *areas; /* curve metrics: every step, NULL otherwise */
  int points;
  double tied_share; /* share of pixels whose map value is not unique; 0 for orders */
  int extra_count;   /* further values, each with its name for JSON and for people */
  double extra[8];
  const char *extra_names[8], *extra_titles[8]; /* borrowed */
  int64_t calls;
  char *note; /* owned, NULL */
} vt_measure;
void vt_measure_free(vt_measure *measure);

typedef struct vt_metric {
  const char *id, *title, *summary, *citation, *category;
  bool higher_is_better;
  double low, high; /* range */
  unsigned needs;   /* vt_needs */
  vt_status (*run)(vt_ctx *ctx, const vt_task *task, const vt_judged *judged, const vt_protocol *protocol,
                   vt_measure *out);
} vt_metric;
extern const vt_metric *const vt_metrics[]; /* list.c */
extern const size_t vt_metric_count;
const vt_metric *vt_metric_find(const char *id);

#endif
