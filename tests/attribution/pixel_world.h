/* SPDX-License-Identifier: Apache-2.0
 *
 * A picture of k pixels in one row, each a region, and models that see which of them are shown. Their answers
 * can be computed by hand.
 */
#ifndef VT_TESTS_PIXEL_WORLD_H
#define VT_TESTS_PIXEL_WORLD_H

#include "test.h"

#include "attribution/attribute.h"
#include "attribution/search.h"

typedef struct pixel_world pixel_world;
/* Probability of class 0 for the shown pixels, shown[i] in {0, 1}. */
typedef double (*pixel_rule)(const pixel_world *world, const bool *shown);

struct pixel_world {
  vt_ctx *ctx;
  int count;
  pixel_rule rule;
  double weights[512];     /* for rules that add up */
  long calls_until_cancel; /* > 0: the cancel flag goes up at that item */
  volatile int cancel;
  vt_model *model;
  vt_image *picture, *blank;
  vt_regions *regions;
  vt_scorer *scorer;
  vt_task task;
  vt_explanation *explanation;
};

static inline double pixel_sum(const pixel_world *world, const bool *shown)
{
  double sum = 0;
  for (int i = 0; i < world->count; i++)
    if (shown[i]) sum += world->weights[i];
  return sum;
}

/* A fixed but lawless number for every subset. */
static inline double pixel_hash(const pixel_world *world, const bool *shown)
{
  uint64_t bits = 0;
  for (int i = 0; i < world->count; i++)
    bits = bits * 3 + shown[i];
  return vt_random_uniform(7, vt_stream("subset", bits), 0);
}

static inline vt_status pixel_predict(vt_ctx *ctx, void *user, int count, const float *inputs, float *outputs)
{
  pixel_world *world = user;
  (void)ctx;
  for (int n = 0; n < count; n++) {
    bool shown[512];
    /* channels first: the first plane tells which pixels are there */
    for (int i = 0; i < world->count; i++)
      shown[i] = inputs[(size_t)n * 3 * (size_t)world->count + (size_t)i] > 0;
    double p = world->rule(world, shown);
    outputs[2 * n] = (float)p;
    outputs[2 * n + 1] = (float)(1 - p);
    if (world->calls_until_cancel > 0 && --world->calls_until_cancel == 0) world->cancel = 1;
  }
  return VT_OK;
}

static inline void world_open(pixel_world *world, int count, pixel_rule rule, int64_t max_calls)
{
  vt_ctx *ctx = world->ctx = vt_ctx_new();
  world->count = count;
  world->rule = rule;
  vt_ctx_set_cancel(ctx, &world->cancel);
  assert_ok(ctx, vt_model_from_function(ctx, pixel_predict, world, 3, 1, count, 2, false, &world->model));
  assert_ok(ctx, vt_image_new(ctx, count, 1, 3, &world->picture));
  assert_ok(ctx, vt_image_new(ctx, count, 1, 3, &world->blank));
  memset(world->picture->pixels, 255, (size_t)count * 3);
  int32_t labels[512];
  for (int i = 0; i < count; i++)
    labels[i] = i;
  assert_ok(ctx, vt_regions_from_labels(ctx, labels, 1, count, &world->regions));
  vt_scorer_options options = {.target = 0, .second = -1, .batch = 7, .max_calls = max_calls};
  assert_ok(ctx, vt_scorer_new(ctx, world->model, world->picture, world->blank, world->regions, &options,
                               &world->scorer));
  world->task = (vt_task){world->model, world->picture, world->blank, world->regions, world->scorer, 0};
  assert_ok(ctx, vt_explanation_new(ctx, &world->explanation));
  world->explanation->model = world->model;
  assert_ok(ctx, vt_explanation_ranking(ctx, world->explanation, world->regions, false));
}

static inline void world_close(pixel_world *world)
{
  vt_explanation_free(world->explanation);
  vt_scorer_free(world->scorer);
  vt_regions_free(world->regions);
  vt_image_free(world->blank);
  vt_image_free(world->picture);
  vt_model_free(world->model);
  assert_int_equal(vt_ctx_memory_in_use(world->ctx), 0);
  vt_ctx_free(world->ctx);
}

/* Every region exactly once. */
static inline void assert_permutation(const int *order, int count)
{
  bool seen[512] = {false};
  for (int i = 0; i < count; i++) {
    assert_in_range(order[i], 0, count - 1);
    assert_false(seen[order[i]]);
    seen[order[i]] = true;
  }
}

#endif
