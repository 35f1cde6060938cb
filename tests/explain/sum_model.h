/* SPDX-License-Identifier: Apache-2.0
 *
 * A model with known answers: logit of class c = Σ over pixels of weight_c(pixel) · red(pixel), so that a
 * subset of regions scores the sum of its regions' weights.
 */
#ifndef VT_TESTS_SUM_MODEL_H
#define VT_TESTS_SUM_MODEL_H

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "explain/scorer.h"

enum { SIDE = 8, PIXELS = SIDE * SIDE, MOST_CLASSES = 3 };

typedef struct sum_model {
  int classes;
  double weights[MOST_CLASSES][PIXELS];  /* of a white pixel */
  int items, predictions, largest_batch; /* what was asked */
  unsigned nap_microseconds;             /* pause before each answer */
  int poison_pixel;                      /* answers NaN when this pixel is shown, −1: never */
  bool random;                           /* answers depend on how often it was asked */
  volatile int *cancel_after_first; /* raised when the first batch after the scorer's own has been answered */
} sum_model;

static inline vt_status sum_predict(vt_ctx *ctx, void *user, int count, const float *inputs, float *outputs)
{
  (void)ctx;
  sum_model *model = user;
  model->predictions++;
  if (model->nap_microseconds) usleep(model->nap_microseconds);
  if (count > model->largest_batch) model->largest_batch = count;
  for (int i = 0; i < count; i++) {
    const float *input = inputs + (size_t)i * 3 * PIXELS; // [3, SIDE, SIDE]
    for (int c = 0; c < model->classes; c++) {
      double sum = model->random ? 0.1 * model->items : 0;
      for (int p = 0; p < PIXELS; p++)
        sum += model->weights[c][p] * input[p];
      if (model->random && c) sum = 0;
      outputs[i * model->classes + c] = (float)sum;
    }
    if (model->poison_pixel >= 0 && input[model->poison_pixel] > 0) outputs[i * model->classes] = NAN;
    model->items++;
  }
  if (model->cancel_after_first && model->predictions > 1) *model->cancel_after_first = 1;
  return VT_OK;
}

/* Four quadrants, numbered along the rows. */
static inline int quadrant(int pixel)
{
  return (pixel / SIDE >= SIDE / 2) * 2 + (pixel % SIDE >= SIDE / 2);
}

/* Gives class `c` the weight w[q] on quadrant q, spread over its pixels. */
static inline void set_weights(sum_model *model, int c, const double w[4])
{
  for (int p = 0; p < PIXELS; p++)
    model->weights[c][p] = w[quadrant(p)] / (PIXELS / 4);
}

static inline vt_image *plain_picture(vt_ctx *ctx, int value)
{
  vt_image *picture = NULL;
  if (vt_image_new(ctx, SIDE, SIDE, 3, &picture) != VT_OK) return NULL;
  memset(picture->pixels, value, (size_t)PIXELS * 3);
  return picture;
}

static inline vt_status quadrant_regions(vt_ctx *ctx, vt_regions **out)
{
  int32_t labels[PIXELS];
  for (int p = 0; p < PIXELS; p++)
    labels[p] = quadrant(p);
  return vt_regions_from_labels(ctx, labels, SIDE, SIDE, out);
}

#endif
