/* SPDX-License-Identifier: Apache-2.0
 *
 * What is measured in a comparison: a metric with its protocol and settings.
 */
#ifndef VT_COMPARISON_CRITERION_H
#define VT_COMPARISON_CRITERION_H

#include "metrics/metric.h"

typedef struct vt_criterion {
  char *label;
  const vt_metric *metric;
  const vt_protocol *protocol; /* of curves; NULL of others */
  void *settings;              /* owned; NULL of metrics without settings */
  char *extra;                 /* the further value of the metric that counts; NULL: its own value */
} vt_criterion;

/* From "insertion", "insertion@rise", "flip=pixel-flipping(features=224)": metric, protocol, settings; or
 * "pointing-game:tolerant", one of its further values by the name it has in JSON.
 * `protocol` is for curves that name none (NULL: "vitrail-50"). Unknown names: VT_ERROR_INVALID_ARGUMENT with
 * the nearest. Free members with vt_criterion_free(). */
vt_status vt_criterion_parse(vt_ctx *ctx, const char *text, const char *protocol, vt_criterion *out);
/* The same from parts; label NULL: the id. A protocol named to a metric that has no curve is not looked
 * at. */
vt_status vt_criterion_make(vt_ctx *ctx, const char *label, const char *id, const char *protocol,
                            const vt_texts *set, vt_criterion *out);
void vt_criterion_free(vt_criterion *criterion);

/* A list of them: "insertion,deletion@lima". Two of one label are VT_ERROR_INVALID_ARGUMENT. */
vt_status vt_criteria_parse(vt_ctx *ctx, const char *list, const char *protocol, vt_criterion **out,
                            size_t *count);
void vt_criteria_free(vt_criterion *criteria, size_t count);

/* Metric, protocol and settings as JSON. New reference. */
json_t *vt_criterion_json(vt_ctx *ctx, const vt_criterion *criterion);

#endif
