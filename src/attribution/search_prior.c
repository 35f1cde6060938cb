/* SPDX-License-Identifier: Apache-2.0
 *
 * The search from both ends inside a window of a linear prior: what each region adds to the score of random
 * halves of the picture, by ridge regression, says which regions are worth asking.
 */
#include "attribution/search_steps.h"
#include "math/regression.h"

static void draw_halves(const vt_search_state *s, int masks, uint64_t *bits, double *design)
{
  for (int row = 0; row < masks; row++) {
    uint64_t *subset = bits + (size_t)row * (size_t)s->words;
    vt_steps_half(s, row, subset);
    for (int i = 0; i < s->count; i++)
      design[(size_t)row * (size_t)s->count + (size_t)i] = vt_subset_has(subset, i);
  }
}

static vt_status fit(vt_ctx *ctx, vt_search_state *s, uint64_t *bits, vt_scored *scored, double *design,
                     double *values, double *prior)
{
  int masks = s->options->masks;
  draw_halves(s, masks, bits, design);
  VT_TRY(vt_steps_next(ctx, s));
  VT_TRY(vt_scorer_subsets(ctx, s->task->scorer, bits, masks, scored));
  for (int row = 0; row < masks; row++)
    values[row] = scored[row].target;
  vt_regression problem = {design, values, NULL, (size_t)masks, (size_t)s->count};
  return vt_regression_ridge(ctx, &problem, 1, prior, NULL);
}

static vt_status run(vt_ctx *ctx, vt_search_state *s)
{
  size_t masks = (size_t)s->options->masks, count = (size_t)s->count;
  uint64_t *bits = vt_alloc_zero(ctx, masks * (size_t)s->words, sizeof *bits);
  vt_scored *scored = vt_alloc_zero(ctx, masks, sizeof *scored);
  double *design = vt_alloc_zero(ctx, masks * count, sizeof *design),
         *values = vt_alloc_zero(ctx, masks, sizeof *values),
         *prior = vt_alloc_zero(ctx, count, sizeof *prior);
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  if (bits && scored && design && values && prior) status = fit(ctx, s, bits, scored, design, values, prior);
  if (status == VT_OK) status = vt_search_windowed(ctx, s, prior);
  vt_free(bits);
  vt_free(scored);
  vt_free(design);
  vt_free(values);
  vt_free(prior);
  return status;
}

static int64_t calls(const vt_search_options *options, int regions)
{
  return options->masks + vt_search_windowed_calls(options->window, regions);
}

const vt_search_strategy vt_search_prior = {"prior", run, calls, NULL};
