/* SPDX-License-Identifier: Apache-2.0
 *
 * The bidirectional greedy search of LiMA and the plain one it grew from. One round of the front scores every
 * candidate added to the front set, as picture and as complement; one round of the back scores the few least
 * promising candidates added to the back set. Complements make every prefix of the final order an evaluated
 * composite.
 */
#include "attribution/search.h"

#include <math.h>

typedef struct search {
  const vt_task *task;
  const vt_search_options *options;
  vt_explanation *out;
  int count;       /* k */
  int words;       /* of a subset */
  int *candidates; /* regions in neither set, rising */
  int candidate_count;
  int *back; /* regions of the back, in order of arrival: the last of the order first */
  int front_count, back_count;
  int front_scored; /* how many of the front were chosen by a round (the last may be implied) */
  uint64_t *front_bits, *back_bits, *all_bits; /* [words] each */
  uint64_t *subsets;                           /* [2·count, words] of one round */
  vt_scored *scored;                           /* [2·count] */
  double *gain;    /* [count] by region: F(front + region) in the last round it was a candidate */
  double *earlier; /* [count] the same one round before, for the violation rate */
  double *proxy;   /* [count] by candidate: G of 01-lima §4 step 3 */
  int *pending;    /* [count] candidates of the back round, rising */
  vt_diversity front_diversity, back_diversity;
  int64_t triples, violations;      /* of diminishing returns */
  double front_value, before_value; /* F(front), F(front before its last pick) */
} search;

static void free_search(search *s)
{
  vt_free(s->candidates);
  vt_free(s->back);
  vt_free(s->front_bits);
  vt_free(s->back_bits);
  vt_free(s->all_bits);
  vt_free(s->subsets);
  vt_free(s->scored);
  vt_free(s->gain);
  vt_free(s->earlier);
  vt_free(s->proxy);
  vt_free(s->pending);
  vt_diversity_free(&s->front_diversity);
  vt_diversity_free(&s->back_diversity);
}

static vt_status init_search(vt_ctx *ctx, search *s, const double *distances)
{
  size_t count = (size_t)s->count, words = (size_t)s->words;
  s->candidates = vt_alloc_zero(ctx, count, sizeof *s->candidates);
  s->back = vt_alloc_zero(ctx, count, sizeof *s->back);
  s->front_bits = vt_alloc_zero(ctx, words, sizeof(uint64_t));
  s->back_bits = vt_alloc_zero(ctx, words, sizeof(uint64_t));
  s->all_bits = vt_alloc_zero(ctx, words, sizeof(uint64_t));
  s->subsets = vt_alloc_zero(ctx, 2 * count * words, sizeof(uint64_t));
  s->scored = vt_alloc_zero(ctx, 2 * count, sizeof *s->scored);
  s->gain = vt_alloc_zero(ctx, count, sizeof *s->gain);
  s->earlier = vt_alloc_zero(ctx, count, sizeof *s->earlier);
  s->proxy = vt_alloc_zero(ctx, count, sizeof *s->proxy);
  s->pending = vt_alloc_zero(ctx, count, sizeof *s->pending);
  if (!s->candidates || !s->back || !s->front_bits || !s->back_bits || !s->all_bits || !s->subsets ||
      !s->scored || !s->gain || !s->earlier || !s->proxy || !s->pending)
    return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(vt_diversity_init(ctx, &s->front_diversity, distances, s->count));
  VT_TRY(vt_diversity_init(ctx, &s->back_diversity, distances, s->count));
  for (int i = 0; i < s->count; i++) {
    s->candidates[s->candidate_count++] = i;
    vt_subset_add(s->all_bits, i);
    s->gain[i] = s->earlier[i] = NAN;
  }
  return VT_OK;
}

/* Scores `set` + c and its complement for each of `count` regions:
 * entries [0, count) and [count, 2·count). */
static vt_status score_additions(vt_ctx *ctx, search *s, const uint64_t *set, const int *regions, int count)
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

static void drop_candidate(search *s, int region)
{
  int kept = 0;
  for (int i = 0; i < s->candidate_count; i++)
    if (s->candidates[i] != region) s->candidates[kept++] = s->candidates[i];
  s->candidate_count = kept;
}

/* Curve points of the prefix of `size` regions: `shown` is that prefix alone, `removed` its complement. */
static void log_prefix(search *s, int size, const vt_scored *shown, const vt_scored *removed,
                       double effectiveness)
{
  vt_explanation *out = s->out;
  out->insertion[size] = shown->target;
  out->deletion[size] = removed->target;
  if (out->insertion_second) out->insertion_second[size] = shown->second;
  if (size > 0) out->objective[size - 1] = vt_objective(&s->options->weights, shown, removed, effectiveness);
}

/* Triples (A, B = A + last pick, v) with F(B+v) − F(B) > F(A+v) − F(A): no diminishing returns. */
static void count_violations(search *s)
{
  if (s->front_count == 0) return;
  for (int i = 0; i < s->candidate_count; i++) {
    int region = s->candidates[i];
    s->triples++;
    if (s->gain[region] - s->front_value > s->earlier[region] - s->before_value + 1e-6) s->violations++;
  }
}

/* One round of the front: the candidate with the highest F joins it; its place in the scored batch comes back
 * in `best`. */
static vt_status front_round(vt_ctx *ctx, search *s, int *best)
{
  int count = s->candidate_count;
  VT_TRY(score_additions(ctx, s, s->front_bits, s->candidates, count));
  *best = 0;
  for (int i = 0; i < count; i++) {
    int region = s->candidates[i];
    double effectiveness = vt_diversity_with(&s->front_diversity, region);
    s->earlier[region] = s->gain[region];
    s->gain[region] = vt_objective(&s->options->weights, &s->scored[i], &s->scored[count + i], effectiveness);
    if (s->gain[region] > s->gain[s->candidates[*best]]) *best = i;
    s->proxy[i] = vt_objective(&s->options->weights, &s->scored[i], &s->scored[count + i],
                               vt_diversity_with(&s->back_diversity, region));
  }
  count_violations(s);
  int chosen = s->candidates[*best];
  s->before_value = s->front_value;
  s->front_value = s->gain[chosen];
  vt_diversity_add(&s->front_diversity, chosen);
  vt_subset_add(s->front_bits, chosen);
  s->out->order[s->front_count++] = chosen;
  s->front_scored++;
  log_prefix(s, s->front_count, &s->scored[*best], &s->scored[count + *best], s->front_diversity.value);
  return VT_OK;
}

/* The n_p candidates of the last front round with the lowest proxy, without the
 * chosen one; rising by region. */
static int choose_pending(search *s, int best)
{
  int count = s->candidate_count, wanted = s->options->pending, found = 0;
  /* `pending` first holds places in the batch; a place is taken when fewer than n_p others come before it */
  for (int i = 0; i < count; i++) {
    int before = 0;
    for (int j = 0; j < count; j++)
      before += s->proxy[j] < s->proxy[i] || (s->proxy[j] == s->proxy[i] && j < i);
    if (before >= wanted) continue;
    if (i != best) s->pending[found++] = s->candidates[i];
  }
  return found;
}

/* One round of the back: of the pending, the one whose F with the back set is lowest joins the back. */
static vt_status back_round(vt_ctx *ctx, search *s, int pending_count)
{
  VT_TRY(score_additions(ctx, s, s->back_bits, s->pending, pending_count));
  int worst = 0;
  double worst_value = INFINITY;
  for (int i = 0; i < pending_count; i++) {
    double value = vt_objective(&s->options->weights, &s->scored[i], &s->scored[pending_count + i],
                                vt_diversity_with(&s->back_diversity, s->pending[i]));
    if (value < worst_value) {
      worst_value = value;
      worst = i;
    }
  }
  int region = s->pending[worst];
  vt_diversity_add(&s->back_diversity, region);
  vt_subset_add(s->back_bits, region);
  s->back[s->back_count++] = region;
  /* everything but the back is a prefix of the final order; its eff is filled in at the end */
  log_prefix(s, s->count - s->back_count, &s->scored[pending_count + worst], &s->scored[worst], 0);
  drop_candidate(s, region);
  return VT_OK;
}

static vt_status run_rounds(vt_ctx *ctx, search *s)
{
  bool skip_last = s->options->pending > 0 || s->options->imply_last;
  double total = s->count;
  while (s->candidate_count > 0) {
    if (s->candidate_count == 1 && skip_last) {
      int last = s->candidates[0];
      s->out->order[s->front_count++] = last;
      vt_diversity_add(&s->front_diversity, last);
      vt_subset_add(s->front_bits, last);
      s->candidate_count = 0;
      break;
    }
    vt_progress(ctx, "searching", s->front_count + s->back_count, total);
    VT_TRY(vt_check_cancel(ctx));
    int best, two_sided = s->options->pending > 0 && s->candidate_count > s->options->pending;
    VT_TRY(front_round(ctx, s, &best));
    int pending_count = two_sided ? choose_pending(s, best) : 0;
    drop_candidate(s, s->out->order[s->front_count - 1]);
    if (pending_count > 0) VT_TRY(back_round(ctx, s, pending_count));
  }
  vt_progress(ctx, "searching", total, total);
  return VT_OK;
}

/* Open candidates by their last F, high first (index order where there is none), then the
 * back from its last arrival. */
static void finish_order(search *s)
{
  int *order = s->out->order;
  s->out->known = s->front_count + s->back_count;
  int from = s->front_count;
  for (int i = 0; i < s->candidate_count; i++) {
    int region = s->candidates[i], place = from + i;
    while (place > from && s->gain[region] > s->gain[order[place - 1]]) {
      order[place] = order[place - 1];
      place--;
    }
    order[place] = region;
  }
  for (int i = 0; i < s->back_count; i++)
    order[s->count - 1 - i] = s->back[i];
}

/* Adds the effectiveness term to the prefixes whose objective was logged from the back. */
static vt_status finish_objective(vt_ctx *ctx, search *s)
{
  if (!s->front_diversity.distances) return VT_OK;
  vt_diversity set = {0};
  vt_status status = vt_diversity_init(ctx, &set, s->front_diversity.distances, s->count);
  for (int j = 0; j < s->count && status == VT_OK; j++) {
    vt_diversity_add(&set, s->out->order[j]);
    if (j >= s->front_scored) s->out->objective[j] += s->options->weights.effectiveness * set.value;
  }
  vt_diversity_free(&set);
  return status;
}

vt_status vt_search(vt_ctx *ctx, const vt_task *task, const vt_search_options *options,
                    vt_explanation *explanation)
{
  search s = {.task = task, .options = options, .out = explanation};
  s.count = vt_regions_count(task->regions);
  s.words = vt_scorer_words(task->scorer);
  double *distances = NULL;
  vt_status status = VT_OK;
  if (options->weights.effectiveness > 0 && vt_model_embedding_floats(task->model) > 0)
    VT_TRY_DONE(vt_region_distances(ctx, task->scorer, task->model, s.count, &distances));
  VT_TRY_DONE(init_search(ctx, &s, distances));

  vt_scored ends[2];
  memcpy(s.subsets, s.all_bits, (size_t)s.words * sizeof(uint64_t)); /* the whole picture, then nothing */
  memset(s.subsets + s.words, 0, (size_t)s.words * sizeof(uint64_t));
  VT_TRY_DONE(vt_scorer_subsets(ctx, task->scorer, s.subsets, 2, ends));
  const vt_scored *full = &ends[0], *blank = &ends[1];
  explanation->full = full->target;
  explanation->blank = blank->target;
  log_prefix(&s, 0, blank, full, 0);
  log_prefix(&s, s.count, full, blank, 0);
  s.front_value = vt_objective(&options->weights, blank, full, 0);

  status = run_rounds(ctx, &s);
  const char *reason = vt_scorer_partial_reason(task->scorer, status);
  if (reason) {
    explanation->partial = true;
    vt_ctx_clear(ctx);
    explanation->partial_reason = vt_strdup(ctx, reason);
    status = explanation->partial_reason ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  }
  if (status != VT_OK) goto done;
  finish_order(&s);
  VT_TRY_DONE(finish_objective(ctx, &s));
  explanation->violation_triples = s.triples;
  explanation->violation_rate = s.triples ? (double)s.violations / (double)s.triples : NAN;
done:
  free_search(&s);
  vt_free(distances);
  return status;
}

int64_t vt_search_calls(int regions, int pending, bool imply_last)
{
  int64_t k = regions, p = pending;
  if (pending == 0) return k * (k + 1) - (imply_last ? 2 : 0);
  int64_t rounds = k > p ? (k - p + 1) / 2 : 0, rest = k - 2 * rounds;
  int64_t calls = 2 * rounds * (k - rounds + 1) + 2 * p * rounds + rest * (rest + 1) - 2;
  return calls > 0 ? calls : 0;
}
