/* SPDX-License-Identifier: Apache-2.0
 *
 * All that a scorer of the sum model needs: a white picture of four quadrants on black.
 */
#ifndef VT_TESTS_EXPLAIN_BENCH_H
#define VT_TESTS_EXPLAIN_BENCH_H

#include "test.h"

#include "explain/explanation.h"
#include "sum_model.h"

/* Of the quadrants, for classes 0 and 1. */
static const double first_weights[4] = {1.0, -0.5, 2.0, 0.25}, second_weights[4] = {0.5, 0.5, -1.0, 0.75};

/* `state`, `options` and `probabilities` may be changed before bench_parts(). */
typedef struct bench {
  vt_ctx *ctx;
  sum_model state;
  vt_model *model;
  vt_image *picture, *blank;
  vt_regions *regions;
  vt_scorer_options options;
  vt_scorer *scorer;
  bool probabilities;          /* the model's answers are taken for these */
  vt_explanation *explanation; /* NULL, or made by the test */
} bench;

static inline bench bench_new(int classes)
{
  bench b = {.ctx = vt_ctx_new(), .state = {.classes = classes, .poison_pixel = -1}};
  b.options = (vt_scorer_options){.target = 0, .second = VT_CLASS_NONE, .batch = 16};
  set_weights(&b.state, 0, first_weights);
  if (classes > 1) set_weights(&b.state, 1, second_weights);
  return b;
}

static inline vt_status bench_parts(bench *b)
{
  VT_TRY(vt_model_from_function(b->ctx, sum_predict, &b->state, 3, SIDE, SIDE, b->state.classes,
                                !b->probabilities, &b->model));
  b->picture = plain_picture(b->ctx, 255);
  b->blank = plain_picture(b->ctx, 0);
  if (!b->picture || !b->blank) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(quadrant_regions(b->ctx, &b->regions));
  return vt_scorer_new(b->ctx, b->model, b->picture, b->blank, b->regions, &b->options, &b->scorer);
}

/* Frees the parts, so that they can be made again. */
static inline void bench_free(bench *b)
{
  vt_explanation_free(b->explanation);
  vt_scorer_free(b->scorer);
  vt_regions_free(b->regions);
  vt_image_free(b->picture);
  vt_image_free(b->blank);
  vt_model_free(b->model);
  b->explanation = NULL;
  b->scorer = NULL;
  b->regions = NULL;
  b->picture = b->blank = NULL;
  b->model = NULL;
}

/* The end of the bench, which must leave no memory in use. */
static inline void bench_end(bench *b)
{
  bench_free(b);
  assert_int_equal(vt_ctx_memory_in_use(b->ctx), 0);
  vt_ctx_free(b->ctx);
}

/* Sum of the weights of the quadrants whose bits are set. */
static inline double weight_of(const double w[4], uint64_t bits)
{
  double sum = 0;
  for (int q = 0; q < 4; q++)
    if (bits >> q & 1) sum += w[q];
  return sum;
}

#endif
