/* SPDX-License-Identifier: Apache-2.0
 *
 * What all searches do alike. One round of the front scores candidates added to the front set, as picture and
 * as complement; one round of the back scores candidates added to the back set. Complements make the prefixes
 * of the final order evaluated composites.
 */
#include "attribution/search_steps.h"

#include <math.h>

void vt_steps_free(vt_search_state *s)
{
  vt_free(s->open);
  vt_free(s->back);
  vt_free(s->front_bits);
  vt_free(s->back_bits);
  vt_free(s->all_bits);
  vt_free(s->subsets);
  vt_free(s->scored);
  vt_free(s->promise);
  vt_free(s->promised_at);
  vt_free(s->earlier);
  vt_free(s->earlier_at);
  vt_free(s->proxy);
  vt_free(s->candidates);
  vt_diversity_free(&s->front_diversity);
  vt_diversity_free(&s->back_diversity);
}

vt_status vt_steps_init(vt_ctx *ctx, vt_search_state *s, const double *distances)
{
  size_t count = (size_t)s->count, words = (size_t)s->words;
  s->open = vt_alloc_zero(ctx, count, sizeof *s->open);
  s->back = vt_alloc_zero(ctx, count, sizeof *s->back);
  s->front_bits = vt_alloc_zero(ctx, words, sizeof(uint64_t));
  s->back_bits = vt_alloc_zero(ctx, words, sizeof(uint64_t));
  s->all_bits = vt_alloc_zero(ctx, words, sizeof(uint64_t));
  s->subsets = vt_alloc_zero(ctx, 2 * count * words, sizeof(uint64_t));
  s->scored = vt_alloc_zero(ctx, 2 * count, sizeof *s->scored);
  s->promise = vt_alloc_zero(ctx, count, sizeof *s->promise);
  s->promised_at = vt_alloc_zero(ctx, count, sizeof *s->promised_at);
  s->earlier = vt_alloc_zero(ctx, count, sizeof *s->earlier);
  s->earlier_at = vt_alloc_zero(ctx, count, sizeof *s->earlier_at);
  s->proxy = vt_alloc_zero(ctx, count, sizeof *s->proxy);
  s->candidates = vt_alloc_zero(ctx, count, sizeof *s->candidates);
  if (!s->open || !s->back || !s->front_bits || !s->back_bits || !s->all_bits || !s->subsets || !s->scored ||
      !s->promise || !s->promised_at || !s->earlier || !s->earlier_at || !s->proxy || !s->candidates)
    return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_diversity_init(ctx, &s->front_diversity, distances, s->count));
  VT_TRY(vt_diversity_init(ctx, &s->back_diversity, distances, s->count));
  for (int i = 0; i < s->count; i++) {
    s->open[s->open_count++] = i;
    vt_subset_add(s->all_bits, i);
    s->promise[i] = s->earlier[i] = NAN;
    s->promised_at[i] = s->earlier_at[i] = -1;
  }
  return VT_OK;
}

vt_status vt_steps_next(vt_ctx *ctx, const vt_search_state *s)
{
  vt_progress(ctx, "searching", s->front_count + s->back_count, s->count);
  return vt_check_cancel(ctx);
}

void vt_steps_half(const vt_search_state *s, int row, uint64_t *bits)
{
  uint64_t stream = vt_stream("prior", (uint64_t)(row / 2));
  for (int i = 0; i < s->count; i++)
    if ((vt_random_uniform(s->task->seed, stream, (uint64_t)i) < .5) != (row % 2 == 1))
      vt_subset_add(bits, i);
}

vt_status vt_steps_score(vt_ctx *ctx, vt_search_state *s, const uint64_t *set, const int *regions, int count)
{
  size_t words = (size_t)s->words;
  for (int i = 0; i < count; i++) {
    uint64_t *shown = s->subsets + (size_t)i * words, *removed = s->subsets + (size_t)(count + i) * words;
    memcpy(shown, set, words * sizeof *shown);
    vt_subset_add(shown, regions[i]);
    for (size_t w = 0; w < words; w++)
      removed[w] = s->all_bits[w] & ~shown[w];
  }
  return vt_scorer_subsets(ctx, s->task->scorer, s->subsets, 2 * count, s->scored);
}

double vt_steps_value(const vt_search_state *s, int region, int i, int count)
{
  return vt_objective(&s->options->weights, &s->scored[i], &s->scored[count + i],
                      vt_diversity_with(&s->front_diversity, region));
}

static void close_region(vt_search_state *s, int region)
{
  int kept = 0;
  for (int i = 0; i < s->open_count; i++)
    if (s->open[i] != region) s->open[kept++] = s->open[i];
  s->open_count = kept;
}

/* Curve points of the prefix of `size` regions: `shown` is that prefix alone, `removed` its complement. What
 * effectiveness adds to its objective is filled in at the end. */
static void take_points(vt_search_state *s, int size, const vt_scored *shown, const vt_scored *removed)
{
  vt_explanation *out = s->out;
  out->insertion[size] = shown->target;
  out->deletion[size] = removed->target;
  if (out->insertion_second) out->insertion_second[size] = shown->second;
  if (size > 0) out->objective[size - 1] = vt_objective(&s->options->weights, shown, removed, 0);
}

void vt_steps_to_front(vt_search_state *s, int region, const vt_scored *shown, const vt_scored *removed)
{
  vt_diversity_add(&s->front_diversity, region);
  vt_subset_add(s->front_bits, region);
  s->out->order[s->front_count++] = region;
  if (shown) take_points(s, s->front_count, shown, removed);
  close_region(s, region);
}

void vt_steps_to_back(vt_search_state *s, int region, const vt_scored *shown, const vt_scored *removed)
{
  vt_diversity_add(&s->back_diversity, region);
  vt_subset_add(s->back_bits, region);
  s->back[s->back_count++] = region;
  /* everything but the back is a prefix of the final order */
  if (shown) take_points(s, s->count - s->back_count, removed, shown);
  close_region(s, region);
}

void vt_steps_imply_last(vt_search_state *s)
{
  if (s->open_count == 1) vt_steps_to_front(s, s->open[0], NULL, NULL);
}

/* Triples (A, B = A + last pick, v) with F(B+v) − F(B) > F(A+v) − F(A): no diminishing returns. Only of
 * regions that were candidates in both rounds. */
static void count_violations(vt_search_state *s, const int *candidates, int count)
{
  for (int i = 0; i < count; i++) {
    int region = candidates[i];
    if (s->front_count == 0 || s->earlier_at[region] != s->front_count - 1) continue;
    s->triples++;
    if (s->promise[region] - s->front_value > s->earlier[region] - s->before_value + 1e-6) s->violations++;
  }
}

vt_status vt_steps_front_round(vt_ctx *ctx, vt_search_state *s, const int *candidates, int count, int *best)
{
  VT_TRY(vt_steps_score(ctx, s, s->front_bits, candidates, count));
  *best = 0;
  for (int i = 0; i < count; i++) {
    int region = candidates[i];
    s->earlier[region] = s->promise[region];
    s->earlier_at[region] = s->promised_at[region];
    s->promise[region] = vt_steps_value(s, region, i, count);
    s->promised_at[region] = s->front_count;
    if (s->promise[region] > s->promise[candidates[*best]]) *best = i;
    s->proxy[region] = vt_objective(&s->options->weights, &s->scored[i], &s->scored[count + i],
                                    vt_diversity_with(&s->back_diversity, region));
  }
  count_violations(s, candidates, count);
  int chosen = candidates[*best];
  s->before_value = s->front_value;
  s->front_value = s->promise[chosen];
  vt_steps_to_front(s, chosen, &s->scored[*best], &s->scored[count + *best]);
  return VT_OK;
}

vt_status vt_steps_back_round(vt_ctx *ctx, vt_search_state *s, const int *candidates, int count)
{
  VT_TRY(vt_steps_score(ctx, s, s->back_bits, candidates, count));
  int worst = 0;
  double worst_value = INFINITY;
  for (int i = 0; i < count; i++) {
    double value = vt_objective(&s->options->weights, &s->scored[i], &s->scored[count + i],
                                vt_diversity_with(&s->back_diversity, candidates[i]));
    if (value < worst_value) {
      worst_value = value;
      worst = i;
    }
  }
  vt_steps_to_back(s, candidates[worst], &s->scored[worst], &s->scored[count + worst]);
  return VT_OK;
}

int vt_steps_pick(const vt_search_state *s, const double *value, bool highest, int wanted, int *out)
{
  int found = 0;
  for (int i = 0; i < s->open_count; i++) {
    double own = highest ? -value[s->open[i]] : value[s->open[i]];
    int before = 0; /* others that come first */
    for (int j = 0; j < s->open_count && before < wanted; j++) {
      double other = highest ? -value[s->open[j]] : value[s->open[j]];
      before += other < own || (other == own && j < i);
    }
    if (before < wanted) out[found++] = s->open[i];
  }
  return found;
}

/* Open candidates by their promise, high first, those without one last (index order), then the back from its
 * last arrival. */
static void finish_order(vt_search_state *s)
{
  int *order = s->out->order, from = s->front_count;
  s->out->known = s->front_count + s->back_count;
  for (int i = 0; i < s->open_count; i++) {
    int region = s->open[i], place = from + i;
    while (place > from && (s->promise[region] > s->promise[order[place - 1]] ||
                            (isnan(s->promise[order[place - 1]]) && !isnan(s->promise[region])))) {
      order[place] = order[place - 1];
      place--;
    }
    order[place] = region;
  }
  for (int i = 0; i < s->back_count; i++)
    order[s->count - 1 - i] = s->back[i];
}

/* Adds the effectiveness term to the prefixes whose objective is known. */
static vt_status finish_objective(vt_ctx *ctx, vt_search_state *s)
{
  if (!s->front_diversity.distances) return VT_OK;
  vt_diversity set = {0};
  vt_status status = vt_diversity_init(ctx, &set, s->front_diversity.distances, s->count);
  for (int j = 0; j < s->count && status == VT_OK; j++) {
    vt_diversity_add(&set, s->out->order[j]);
    s->out->objective[j] += s->options->weights.effectiveness * set.value;
  }
  vt_diversity_free(&set);
  return status;
}

vt_status vt_steps_finish(vt_ctx *ctx, vt_search_state *s)
{
  finish_order(s);
  VT_TRY(finish_objective(ctx, s));
  s->out->violation_triples = s->triples;
  s->out->violation_rate = s->triples ? (double)s->violations / (double)s->triples : NAN;
  return VT_OK;
}
