/* SPDX-License-Identifier: Apache-2.0
 *
 * What methods made of gradients share: weighted sums of gradients at many points.
 */
#ifndef VT_ATTRIBUTION_GRADIENTS_H
#define VT_ATTRIBUTION_GRADIENTS_H

#include "explain/map.h"

/* Gradient of the target at `input` [floats], in f64, the layout of the varying tensor; caller frees. `rules`
 * NULL: the ordinary one. */
vt_status vt_gradient_at(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation, const float *input,
                         const vt_rule_set *rules, double **out);

/* A number for element `element` of the varying tensor in item `item`. From worker threads. */
typedef double (*vt_element_fn)(const void *user, int item, size_t element);

/* Gradients at `count` points, added up. */
typedef struct vt_gradient_sums {
  int count;
  vt_element_fn point;   /* the points; under VT_F64 they are not rounded to f32 */
  vt_element_fn factor;  /* what each element of a gradient is multiplied with; NULL: 1 */
  const double *weights; /* [count]; NULL: 1/count each */
  const void *user;
  /* results [floats]; NULL: not wanted */
  double *sum;     /* Σ weight · factor · gradient */
  double *squares; /* Σ weight · (factor · gradient)² */
} vt_gradient_sums;
vt_status vt_gradient_sum(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation,
                          const vt_gradient_sums *sums);
/* The target's score at `count` points, without gradients. */
vt_status vt_score_points(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation, int count,
                          vt_element_fn point, const void *user, double *scores);

/* Σ values, in index order. */
double vt_sum(const double *values, size_t count);
/* vt_map_set() and the completeness of its sum against `difference`. */
vt_status vt_map_set_complete(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation,
                              const double *values, double difference);

/* Where element `element` of the varying tensor lies in [C, H, W] order: random numbers and files go by
 * that, so that models of either layout get the same. For other inputs: `element` itself. */
size_t vt_plane_index(const vt_task *task, size_t element);

/* A file of numbers (.npy, f32 or f64, any shape) of exactly `count` elements; caller frees. `what` names the
 * setting in messages. */
vt_status vt_numbers_read(vt_ctx *ctx, const char *what, const char *path, size_t count, double **out);

#endif
