/* SPDX-License-Identifier: Apache-2.0
 *
 * Small graphs by hand, and one run of rules on them in f64.
 */
#ifndef VT_TESTS_RULE_WORLD_H
#define VT_TESTS_RULE_WORLD_H

#include <math.h>

#include "attribution/rule_composite.h"
#include "attribution/rule_difference.h"
#include "attribution/rule_guided.h"
#include "graph/builder.h"

enum { WORLD_MOST = 1024 };

/* The graph's input is "x", its output "y"; what is explained is the mean of y. */
typedef struct world {
  vt_ctx *ctx;
  builder b;
  vt_subject subject;
  float input[WORLD_MOST], reference[WORLD_MOST];
  double map[WORLD_MOST], score, output[WORLD_MOST];
  int floats, outputs;
} world;

static inline void world_open(world *w, int rank, const int64_t *dims)
{
  memset(w, 0, sizeof *w);
  w->ctx = vt_ctx_new();
  vt_ctx_set_threads(w->ctx, 1);
  builder_init(&w->b, w->ctx);
  builder_input(&w->b, "x", VT_F32, rank, dims);
  w->subject = (vt_subject){
      .graph = &w->b.graph, .varying = "x", .type = VT_F32, .rank = rank, .output = "y", .logits = true};
  w->floats = 1;
  for (int i = 0; i < rank; i++) {
    w->subject.dims[i] = dims[i];
    w->floats *= (int)dims[i];
  }
  assert_true(w->floats <= WORLD_MOST);
  for (int i = 0; i < w->floats; i++) {
    w->input[i] = (float)vt_random_normal(3, vt_stream("input", 0), (uint64_t)i);
    w->reference[i] = (float)vt_random_normal(3, vt_stream("reference", 0), (uint64_t)i);
  }
}

static inline void world_close(world *w)
{
  builder_free(&w->b);
  vt_tensor_release(w->ctx, 0);
  vt_ctx_free(w->ctx);
}

static inline void world_compose(void *user, int item, float *input)
{
  (void)item;
  const world *w = user;
  memcpy(input, w->input, sizeof *input * (size_t)w->floats);
}

static inline vt_status world_see(vt_ctx *ctx, void *user, const vt_sight *sight)
{
  world *w = user;
  (void)ctx;
  w->outputs = (int)vt_count(sight->output);
  assert_true(w->outputs <= WORLD_MOST);
  for (int i = 0; i < w->outputs; i++)
    w->output[i] = vt_get_f64(sight->output, i);
  for (int i = 0; i < w->floats && sight->gradient; i++)
    w->map[i] = vt_get_f64(sight->gradient, i);
  w->score = sight->score;
  return VT_OK;
}

static inline void world_run(world *w, const vt_rule_set *rules, int start)
{
  vt_target target = {.score = VT_SCORE_MEAN};
  vt_look look = {.target = &target, .gradient = true, .rules = rules, .precision = VT_F64};
  look.start = start;
  if (start == VT_START_DIFFERENCE) look.reference = w->reference;
  if (w->b.graph.output_count == 0) builder_output(&w->b, "y");
  assert_ok(w->ctx, vt_subject_look(w->ctx, &w->subject, 1, &look, world_compose, world_see, w));
}

/* Relevance under a composite. */
static inline void world_relevance(world *w, const vt_composite_settings *settings)
{
  vt_composite *composite;
  if (w->b.graph.output_count == 0) builder_output(&w->b, "y");
  assert_ok(w->ctx, vt_composite_new(w->ctx, &w->subject, settings, &composite));
  world_run(w, vt_composite_rules(composite), VT_START_RELEVANCE);
  vt_composite_free(composite);
}

static inline double world_sum(const world *w)
{
  double sum = 0;
  for (int i = 0; i < w->floats; i++)
    sum += w->map[i];
  return sum;
}

/* Σ m · (x − x₀) less the difference of the scores. */
static inline double world_incompleteness(world *w)
{
  world_run(w, &vt_rules_difference, VT_START_DIFFERENCE);
  double here = w->score, sum = 0, kept[WORLD_MOST];
  float swap[WORLD_MOST];
  memcpy(kept, w->map, sizeof kept);
  for (int i = 0; i < w->floats; i++)
    sum += w->map[i] * ((double)w->input[i] - (double)w->reference[i]);
  memcpy(swap, w->input, sizeof swap);
  memcpy(w->input, w->reference, sizeof swap);
  world_run(w, NULL, VT_START_GRADIENT);
  double there = w->score;
  memcpy(w->input, swap, sizeof swap);
  memcpy(w->map, kept, sizeof kept);
  return sum - (here - there);
}

#endif
