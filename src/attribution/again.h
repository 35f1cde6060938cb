/* SPDX-License-Identifier: Apache-2.0
 *
 * A method that a metric can ask again: about a changed input, another class, a changed model.
 */
#ifndef VT_ATTRIBUTION_AGAIN_H
#define VT_ATTRIBUTION_AGAIN_H

#include "attribution/attribute.h"
#include "metrics/metric.h"

/* What was asked the first time. Everything is borrowed. */
typedef struct vt_asked {
  vt_model *model;
  const vt_image *picture; /* of the model's size */
  const vt_method *method;
  const void *settings;
  const vt_request *request; /* its target is not looked at */
  int target;                /* class explained */
  const vt_regions *regions;
  int64_t calls; /* model calls that the answers took so far */
} vt_asked;

/* An explainer that answers with the reduced map [height, width], of methods that rank regions with their map
 * of the ranking. Methods that look inside get the changed input as it is; those that compose pictures get it
 * rounded to 8 bits. `asked` must outlive it. */
vt_explainer vt_asked_explainer(vt_asked *asked);

/* The 8-bit picture of the model's size that normalised floats in its layout come from, rounded and cut to 0
 * to 255. */
vt_status vt_picture_from_floats(vt_ctx *ctx, const vt_preprocess *preprocess, const float *input,
                                 vt_image **out);

#endif
