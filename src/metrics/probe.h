/* SPDX-License-Identifier: Apache-2.0
 *
 * The model asked about composites of one picture: what the metrics that look at scores stand on.
 */
#ifndef VT_METRICS_PROBE_H
#define VT_METRICS_PROBE_H

#include "metrics/metric.h"

typedef struct vt_probe {
  vt_model *model;
  const vt_scorer_options *options; /* target and score */
  float *picture, *baseline;        /* [floats] normalised, in the model's layout; owned */
  size_t floats, pixels;            /* of an input, of a channel */
  int channels, height, width;
  bool channels_last;
} vt_probe;

/* Everything is borrowed from the task but the two inputs. Close it also after a failure. */
vt_status vt_probe_open(vt_ctx *ctx, const vt_task *task, vt_baseline baseline, vt_probe *out);
void vt_probe_close(vt_probe *probe);

/* Place of a pixel's channel in an input. */
static inline size_t vt_probe_at(const vt_probe *probe, size_t pixel, int channel)
{
  return probe->channels_last ? pixel * (size_t)probe->channels + (size_t)channel
                              : (size_t)channel * probe->pixels + pixel;
}

/* Copies all channels of `pixels` from one input to another. */
void vt_probe_paste(const vt_probe *probe, const float *from, const int32_t *pixels, int64_t count,
                    float *input);

/* The target's score of `count` inputs that `compose` writes, and the most probable class of each in `tops`
 * (NULL: not wanted; −1 for scores without class). */
vt_status vt_probe_score(vt_ctx *ctx, const vt_probe *probe, int count, vt_compose_fn compose, void *user,
                         double *scores, int *tops);
/* f(x) and f(baseline). */
vt_status vt_probe_ends(vt_ctx *ctx, const vt_probe *probe, double *full, double *blank);

#endif
