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

/* A question to an explainer that was asked once already; what is left out stays as it was. */
typedef struct vt_again {
  const float *input; /* [vt_model_input_floats()] normalised, in the model's layout; NULL: the same */
  int target;         /* class; negative: the same */
  vt_model *model;    /* NULL: the same */
  bool redraw;        /* with other random numbers than the first time */
} vt_again;

/* What made the map, for metrics that ask it again. */
typedef struct vt_explainer {
  /* Writes a map of `size` numbers, made as the one judged was: same method, settings and seed. A failure of
   * the method is the caller's failure. From one thread at a time. */
  vt_status (*explain)(vt_ctx *ctx, void *user, const vt_again *again, double *map);
  void *user;
  size_t size; /* height · width, or channels times that where maps are not reduced */
} vt_explainer;

/* What is judged. Exactly one of `map` and `order` is set, unless the metric asks the explainer only. */
typedef struct vt_judged {
  const float *map;          /* [height, width] at model resolution */
  const vt_regions *regions; /* with order */
  const int *order;          /* [k] region indices, most important first */
  const vt_truth *truth;     /* for metrics that need masks or parts; NULL: nothing is known */
  const float *attribution;  /* [channels, height, width] the map before it was reduced; NULL: not known */
  const vt_explainer *explainer; /* for metrics that need one; NULL: the map came from elsewhere */
} vt_judged;

/* What stands where the picture does not. */
typedef enum vt_baseline {
  VT_BASELINE_BLACK,     /* 0 in 8 bit, before normalisation */
  VT_BASELINE_ZERO,      /* 0 after normalisation */
  VT_BASELINE_RISE_BLUR, /* the picture blurred in normalised space: RISE's 11×11 kernel, zero padding 5 */
  VT_BASELINE_FILL,      /* the fill of the task, as the search used it */
  VT_BASELINE_MEAN       /* mean of each channel of the picture */
} vt_baseline;
/* Choices of a setting, in this order. */
#define VT_BASELINE_CHOICES "black|zero|rise-blur|fill|mean"
#define VT_BASELINE_MEANING                                                                                  \
  "what stands where the picture is taken away: black in 8 bit, zero after normalisation, RISE's blur, the " \
  "fill, or the picture's mean colour"

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
  double extra[12];
  const char *extra_names[12], *extra_titles[12]; /* borrowed */
  int64_t calls;
  char *note; /* owned, NULL */
} vt_measure;
void vt_measure_free(vt_measure *measure);
/* Records why the measure is NaN. */
vt_status vt_measure_undefined(vt_ctx *ctx, vt_measure *measure, const char *why);
/* One more value beside the main one. Name and title are borrowed; more than the measure has room for are
 * dropped. */
void vt_measure_add(vt_measure *measure, const char *name, const char *title, double value);

typedef struct vt_metric {
  const char *id, *title, *summary, *citation, *category;
  bool higher_is_better;
  double low, high; /* range; infinite: no bound */
  unsigned needs;   /* vt_needs */
  bool curve;       /* made under a protocol */
  size_t settings_size;
  const vt_field *fields; /* its settings, which travel with the figure */
  size_t field_count;
  vt_status (*run)(vt_ctx *ctx, const vt_task *task, const vt_judged *judged, const vt_protocol *protocol,
                   const void *settings, vt_measure *out);
} vt_metric;
extern const vt_metric *const vt_metrics[]; /* list.c */
extern const size_t vt_metric_count;
const vt_metric *vt_metric_find(const char *id);
/* Runs a metric. `settings` NULL: its defaults. `protocol` is for curves alone, others ignore it. What the
 * metric needs and is not there is VT_ERROR_INVALID_ARGUMENT. On failure `out` is empty. */
vt_status vt_metric_run(vt_ctx *ctx, const vt_metric *metric, const vt_task *task, const vt_judged *judged,
                        const vt_protocol *protocol, const void *settings, vt_measure *out);

#endif
