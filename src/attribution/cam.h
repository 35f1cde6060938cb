/* SPDX-License-Identifier: Apache-2.0
 *
 * Class-activation maps: one engine, and a formula for each method. The engine chooses the layer, looks at it
 * once, and hands activations and gradients to the formula, which fills a map of the layer's size.
 *
 * Formulas are those of pytorch-grad-cam 1.5.7, constants included.
 */
#ifndef VT_ATTRIBUTION_CAM_H
#define VT_ATTRIBUTION_CAM_H

#include "attribution/layer.h"
#include "explain/map.h"

typedef struct vt_cam_settings {
  char *layer; /* NULL: chosen from the graph */
  bool relu;
} vt_cam_settings;

enum { VT_CAM_FIELD_COUNT = 2 };
extern const vt_field vt_cam_fields[VT_CAM_FIELD_COUNT];
/* What descriptors of the family say alike. */
#define VT_CAM_SETTINGS                                                                                      \
  .settings_size = sizeof(vt_cam_settings), .fields = vt_cam_fields, .field_count = VT_CAM_FIELD_COUNT,      \
  .place = "model · layer"

/* What a formula is given. Arrays are [channels, places], places row by row. */
typedef struct vt_cam {
  const vt_task *task;
  vt_explanation *explanation;
  vt_layer layer;
  size_t places;
  double score;      /* the target's */
  float *tensor;     /* the layer as it is, [vt_layer_floats()] in its own layout */
  double *values;    /* activations */
  double *gradients; /* of the target with respect to them; NULL: not asked for */
} vt_cam;

/* Fills `map` [places], which holds zeros. */
typedef vt_status (*vt_cam_formula)(vt_ctx *ctx, const vt_cam *cam, double *map);

/* A method of the family: looks at the layer, calls the formula, stores the map. `settings` is a
 * vt_cam_settings. */
vt_status vt_cam_run(vt_ctx *ctx, const vt_task *task, const void *settings, vt_explanation *explanation,
                     bool gradients, vt_cam_formula formula);
/* The parts of it, for methods that go on with the map. Free with vt_cam_close(), also on failure. */
vt_status vt_cam_open(vt_ctx *ctx, const vt_task *task, const char *layer, vt_explanation *explanation,
                      bool gradients, vt_cam *out);
void vt_cam_close(vt_cam *cam);

/* map[i] += Σ_k weights[k] · A[k, i]. */
void vt_cam_weigh(const vt_cam *cam, const double *weights, double *map);
/* Weights of Grad-CAM, [channels]: the mean gradient of each channel. */
void vt_cam_mean_gradients(const vt_cam *cam, double *weights);

/* `calls` of methods that look once. */
int64_t vt_cam_one_call(const void *settings, int regions, bool embedding);
/* Refuses a method that runs the model `calls` times when the budget allows fewer. */
vt_status vt_cam_check_budget(vt_ctx *ctx, const vt_cam *cam, const char *id, int64_t calls);

#endif
