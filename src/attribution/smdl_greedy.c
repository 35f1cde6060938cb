/* SPDX-License-Identifier: Apache-2.0
 *
 * A chain is a greedy search on some of the regions; plain greedy is one chain on all of them.
 */
#include "attribution/smdl_greedy.h"

#include <math.h>

static const double slack = 1e-6; /* of the violation measures: f32 outputs near 1 */

const char *const vt_smdl_value_names[VT_SMDL_VALUES] = {"consistency", "collaboration", "confidence",
                                                         "effectiveness", "objective"};

void vt_smdl_findings_free(vt_smdl_findings *findings)
{
  vt_free(findings->steps);
  *findings = (vt_smdl_findings){0};
}

/* ---- the scores of subsets ---- */

typedef struct scores {
  double values[VT_SMDL_VALUES];
} scores;

/* What a search shares between its chains. */
typedef struct search {
  const vt_smdl_judge *judge;
  vt_explanation *out;
  vt_smdl_findings *findings;
  int count, words;
  uint64_t *all_bits, *bits; /* [words]; [2·count, words] of one round: shown, then removed */
  vt_scored *scored;         /* [2·count] */
  float *embeddings;         /* [2·count, floats]; NULL: not needed */
  double *uncertain;         /* [count] */
  scores *round, *earlier;   /* [count] by region: in the last round it took part in, and the one before */
  scores nothing;            /* of the empty set */
  int done;                  /* regions ranked, for progress */
} search;

static void free_search(search *s)
{
  vt_free(s->all_bits);
  vt_free(s->bits);
  vt_free(s->scored);
  vt_free(s->embeddings);
  vt_free(s->uncertain);
  vt_free(s->round);
  vt_free(s->earlier);
}

static vt_status init_search(vt_ctx *ctx, search *s)
{
  size_t count = (size_t)s->count, words = (size_t)s->words, floats = 0;
  if (s->judge->direction &&
      !vt_size_mul(2 * count, vt_model_embedding_floats(s->judge->task->model), &floats))
    return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "embeddings of a round are too large");
  s->all_bits = vt_alloc_zero(ctx, words, sizeof *s->all_bits);
  s->bits = vt_alloc_zero(ctx, 2 * count * words, sizeof *s->bits);
  s->scored = vt_alloc_zero(ctx, 2 * count, sizeof *s->scored);
  s->uncertain = vt_alloc_zero(ctx, count, sizeof *s->uncertain);
  s->round = vt_alloc_zero(ctx, count, sizeof *s->round);
  s->earlier = vt_alloc_zero(ctx, count, sizeof *s->earlier);
  if (floats) s->embeddings = vt_alloc_zero(ctx, floats, sizeof *s->embeddings);
  s->findings->steps = vt_alloc_zero(ctx, count * VT_SMDL_VALUES, sizeof *s->findings->steps);
  bool ready = s->all_bits && s->bits && s->scored && s->uncertain && s->round && s->earlier &&
               (!floats || s->embeddings) && s->findings->steps;
  if (!ready) return VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; i < s->count; i++) {
    vt_subset_add(s->all_bits, i);
    for (int v = 0; v < VT_SMDL_VALUES; v++) {
      s->findings->steps[i * VT_SMDL_VALUES + v] = NAN;
      s->round[i].values[v] = NAN;
    }
  }
  return VT_OK;
}

/* Cosine with the direction of the embedding of entry `index` of the round. */
static double cosine(const search *s, int index)
{
  size_t floats = vt_model_embedding_floats(s->judge->task->model);
  const float *embedding = s->embeddings + (size_t)index * floats;
  double dot = 0;
  for (size_t i = 0; i < floats; i++)
    dot += (double)embedding[i] * (double)s->judge->direction[i];
  return dot;
}

/* Scores the first `count` subsets of s->bits as shown, the `count` behind them as removed, all but
 * effectiveness and F. Curves go by the target's score whatever the scores go by. */
static vt_status score(vt_ctx *ctx, search *s, int count, scores *out)
{
  const vt_smdl_judge *judge = s->judge;
  vt_scorer *scorer = judge->task->scorer;
  if (judge->direction) {
    /* of two regions, one alone is what is left without the other: shown and removed in calls of their own */
    size_t floats = vt_model_embedding_floats(judge->task->model), words = (size_t)s->words;
    VT_TRY(vt_scorer_embeddings(ctx, scorer, s->bits, count, s->embeddings));
    VT_TRY(vt_scorer_embeddings(ctx, scorer, s->bits + (size_t)count * words, count,
                                s->embeddings + (size_t)count * floats));
    for (int i = 0; i < 2 * count; i++)
      if (!vt_scorer_peek(scorer, s->bits + (size_t)i * (size_t)s->words, &s->scored[i]))
        return vt_fail(ctx, VT_ERROR_RUNTIME, "a subset that was run is not known");
  } else {
    VT_TRY(vt_scorer_subsets(ctx, scorer, s->bits, 2 * count, s->scored));
  }
  if (judge->uncertainty)
    VT_TRY(vt_uncertainty_subsets(ctx, judge->uncertainty, s->bits, s->words, count, s->uncertain));
  for (int i = 0; i < count; i++) {
    double *values = out[i].values;
    values[VT_SMDL_CONSISTENCY] = judge->direction ? cosine(s, i) : s->scored[i].target;
    values[VT_SMDL_COLLABORATION] =
        1 - (judge->direction ? cosine(s, count + i) : s->scored[count + i].target);
    values[VT_SMDL_CONFIDENCE] = judge->uncertainty ? 1 - s->uncertain[i] : s->scored[i].confidence;
    values[VT_SMDL_EFFECTIVENESS] = 0;
  }
  return VT_OK;
}

static void weigh(const vt_objective_weights *weights, double effectiveness, scores *out)
{
  double *values = out->values;
  values[VT_SMDL_EFFECTIVENESS] = effectiveness;
  values[VT_SMDL_F] = weights->consistency * values[VT_SMDL_CONSISTENCY] +
                      weights->collaboration * values[VT_SMDL_COLLABORATION] +
                      weights->confidence * values[VT_SMDL_CONFIDENCE] +
                      weights->effectiveness * effectiveness;
}

static void fill_bits(search *s, const uint64_t *set, int added, int index, int count)
{
  size_t words = (size_t)s->words;
  uint64_t *shown = s->bits + (size_t)index * words, *removed = s->bits + (size_t)(count + index) * words;
  memcpy(shown, set, words * sizeof *shown);
  if (added >= 0) vt_subset_add(shown, added);
  for (size_t w = 0; w < words; w++)
    removed[w] = s->all_bits[w] & ~shown[w];
}

/* ---- a chain ---- */

typedef struct chain {
  search *s;
  const char *what; /* for progress; the curve points of the chain are those of the order when `logs` */
  bool logs;
  int *open; /* candidates, rising */
  int open_count, size;
  int *picks; /* [most picks] */
  uint64_t *bits;
  vt_diversity diversity;
  scores before, now; /* before the last pick, and after it */
} chain;

static void count_violations(chain *c, int region)
{
  vt_smdl_findings *findings = c->s->findings;
  const scores *with = &c->s->round[region], *earlier = &c->s->earlier[region];
  findings->pairs++;
  for (int v = 0; v < VT_SMDL_VALUES; v++)
    findings->not_monotone[v] += with->values[v] < c->now.values[v] - slack;
  if (c->size == 0) return;
  findings->triples++;
  for (int v = 0; v < VT_SMDL_VALUES; v++)
    findings->not_submodular[v] +=
        with->values[v] - c->now.values[v] > earlier->values[v] - c->before.values[v] + slack;
}

static void log_step(const chain *c, const vt_scored *shown, const vt_scored *removed)
{
  vt_explanation *out = c->s->out;
  out->insertion[c->size] = shown->target;
  out->deletion[c->size] = removed->target;
  if (out->insertion_second) out->insertion_second[c->size] = shown->second;
  out->objective[c->size - 1] = c->now.values[VT_SMDL_F];
  memcpy(c->s->findings->steps + (size_t)(c->size - 1) * VT_SMDL_VALUES, c->now.values, sizeof c->now.values);
}

static void take(chain *c, int place)
{
  int region = c->open[place];
  vt_diversity_add(&c->diversity, region);
  vt_subset_add(c->bits, region);
  c->picks[c->size++] = region;
  memmove(c->open + place, c->open + place + 1, (size_t)(c->open_count - place - 1) * sizeof *c->open);
  c->open_count--;
  c->s->done++;
}

static vt_status round_of(vt_ctx *ctx, chain *c)
{
  search *s = c->s;
  int count = c->open_count, best = 0;
  scores *found = vt_alloc_zero(ctx, (size_t)count, sizeof *found);
  if (!found) return VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; i < count; i++)
    fill_bits(s, c->bits, c->open[i], i, count);
  vt_status status = score(ctx, s, count, found);
  for (int i = 0; i < count && status == VT_OK; i++) {
    int region = c->open[i];
    s->earlier[region] = s->round[region];
    weigh(&s->judge->weights, vt_diversity_with(&c->diversity, region), &found[i]);
    s->round[region] = found[i];
    count_violations(c, region);
    if (found[i].values[VT_SMDL_F] > found[best].values[VT_SMDL_F]) best = i;
  }
  if (status == VT_OK) {
    c->before = c->now;
    c->now = found[best];
    take(c, best);
    if (c->logs) log_step(c, &s->scored[best], &s->scored[count + best]);
  }
  vt_free(found);
  return status;
}

/* Picks `most` of the open regions; the last of all regions is implied. */
static vt_status run_chain(vt_ctx *ctx, chain *c, int most, int total)
{
  search *s = c->s;
  c->now = s->nothing;
  while (c->size < most) {
    if (c->logs && c->open_count == 1 && c->size == s->count - 1) {
      take(c, 0);
      break;
    }
    vt_progress(ctx, c->what, s->done, total);
    VT_TRY(vt_check_cancel(ctx));
    VT_TRY(round_of(ctx, c));
  }
  return VT_OK;
}

static vt_status open_chain(vt_ctx *ctx, search *s, const int *regions, int count, chain *c)
{
  *c = (chain){.s = s, .what = "searching"};
  c->open = vt_alloc_zero(ctx, (size_t)count, sizeof *c->open);
  c->picks = vt_alloc_zero(ctx, (size_t)count, sizeof *c->picks);
  c->bits = vt_alloc_zero(ctx, (size_t)s->words, sizeof *c->bits);
  if (!c->open || !c->picks || !c->bits) return VT_ERROR_OUT_OF_MEMORY;
  memcpy(c->open, regions, (size_t)count * sizeof *c->open);
  c->open_count = count;
  return vt_diversity_init(ctx, &c->diversity, s->judge->distances, s->count);
}

static void close_chain(chain *c)
{
  vt_free(c->open);
  vt_free(c->picks);
  vt_free(c->bits);
  vt_diversity_free(&c->diversity);
}

/* ---- parts and union ---- */

static int compare_ints(const void *a, const void *b)
{
  return *(const int *)a - *(const int *)b;
}

/* Deals the regions out: `dealt` in order of the deal, part p from p · k / splits on, rising inside. */
static void deal(const search *s, int splits, int *dealt)
{
  uint64_t seed = s->judge->task->seed, stream = vt_stream("smdl splits", 0);
  for (int i = 0; i < s->count; i++)
    dealt[i] = i;
  for (int i = s->count - 1; i > 0; i--) {
    int j = (int)vt_random_below(seed, stream, (uint64_t)i, (uint32_t)(i + 1)), kept = dealt[i];
    dealt[i] = dealt[j];
    dealt[j] = kept;
  }
  for (int p = 0; p < splits; p++) {
    int first = p * s->count / splits, end = (p + 1) * s->count / splits;
    qsort(dealt + first, (size_t)(end - first), sizeof *dealt, compare_ints);
  }
}

/* Each part nominates half of its regions, rounded up; they come back rising in `nominated`. */
static vt_status nominate(vt_ctx *ctx, search *s, int splits, const int *dealt, int *nominated, int *count)
{
  *count = 0;
  for (int p = 0; p < splits; p++) {
    int first = p * s->count / splits, size = (p + 1) * s->count / splits - first, half = (size + 1) / 2;
    chain c;
    vt_status status = open_chain(ctx, s, dealt + first, size, &c);
    c.what = "searching parts";
    if (status == VT_OK) status = run_chain(ctx, &c, half, s->count / 2 + splits + s->count);
    for (int i = 0; i < c.size && status == VT_OK; i++)
      nominated[(*count)++] = c.picks[i];
    close_chain(&c);
    VT_TRY(status);
  }
  qsort(nominated, (size_t)*count, sizeof *nominated, compare_ints);
  return VT_OK;
}

/* Regions that are not in the first `ranked` of the order, by falling last F; index order where there is
 * none. */
static void append_rest(search *s, int ranked)
{
  int *order = s->out->order, end = ranked;
  for (int region = 0; region < s->count; region++) {
    bool there = false;
    for (int i = 0; i < ranked && !there; i++)
      there = order[i] == region;
    if (there) continue;
    int place = end++;
    double own = s->round[region].values[VT_SMDL_F];
    while (place > ranked && own > s->round[order[place - 1]].values[VT_SMDL_F]) {
      order[place] = order[place - 1];
      place--;
    }
    order[place] = region;
  }
}

static vt_status rank(vt_ctx *ctx, search *s, int splits, int *dealt)
{
  int *nominated = dealt + s->count, count = s->count;
  chain c;
  for (int i = 0; i < s->count; i++)
    nominated[i] = i;
  if (splits > 1) {
    deal(s, splits, dealt);
    VT_TRY(nominate(ctx, s, splits, dealt, nominated, &count));
  }
  vt_status status = open_chain(ctx, s, nominated, count, &c);
  c.logs = true;
  if (status == VT_OK) status = run_chain(ctx, &c, count, s->done + count);
  if (c.picks) memcpy(s->out->order, c.picks, (size_t)c.size * sizeof *c.picks);
  s->out->known = c.size;
  close_chain(&c);
  return status;
}

/* ---- the search ---- */

/* Everything and nothing, which every chain starts from. */
static vt_status score_ends(vt_ctx *ctx, search *s)
{
  uint64_t *nothing = vt_alloc_zero(ctx, (size_t)s->words, sizeof *nothing);
  if (!nothing) return VT_ERROR_OUT_OF_MEMORY;
  fill_bits(s, nothing, -1, 0, 1);
  vt_free(nothing);
  VT_TRY(score(ctx, s, 1, &s->nothing));
  weigh(&s->judge->weights, 0, &s->nothing);
  const vt_scored *blank = &s->scored[0], *full = &s->scored[1];
  vt_explanation *out = s->out;
  out->full = out->insertion[s->count] = out->deletion[0] = full->target;
  out->blank = out->insertion[0] = out->deletion[s->count] = blank->target;
  if (out->insertion_second) {
    out->insertion_second[0] = blank->second;
    out->insertion_second[s->count] = full->second;
  }
  return VT_OK;
}

static vt_status keep_what_is_found(vt_ctx *ctx, search *s, vt_status status)
{
  const char *reason = vt_scorer_partial_reason(s->judge->task->scorer, status);
  if (!reason) return status;
  s->out->partial = true;
  vt_ctx_clear(ctx);
  s->out->partial_reason = vt_strdup(ctx, reason);
  return s->out->partial_reason ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

vt_status vt_smdl_search(vt_ctx *ctx, const vt_smdl_judge *judge, int splits, vt_explanation *explanation,
                         vt_smdl_findings *findings)
{
  search s = {.judge = judge, .out = explanation, .findings = findings};
  *findings = (vt_smdl_findings){0};
  s.count = vt_regions_count(judge->task->regions);
  s.words = vt_scorer_words(judge->task->scorer);
  if (splits > s.count) splits = s.count;
  int *dealt = vt_alloc_zero(ctx, 2 * (size_t)s.count, sizeof *dealt);
  vt_status status = dealt ? init_search(ctx, &s) : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = score_ends(ctx, &s);
  if (status == VT_OK) {
    status = keep_what_is_found(ctx, &s, rank(ctx, &s, splits, dealt));
    append_rest(&s, explanation->known);
    if (!explanation->partial) explanation->known = s.count;
    explanation->violation_triples = findings->triples;
    explanation->violation_rate =
        findings->triples ? (double)findings->not_submodular[VT_SMDL_F] / (double)findings->triples : NAN;
  }
  free_search(&s);
  vt_free(dealt);
  return status;
}

int vt_smdl_nominated(int regions, int splits)
{
  int sum = 0;
  if (splits > regions) splits = regions;
  for (int p = 0; p < splits; p++)
    sum += ((p + 1) * regions / splits - p * regions / splits + 1) / 2;
  return splits > 1 ? sum : regions;
}

int64_t vt_smdl_search_calls(int regions, int splits)
{
  int64_t calls = 0, nominated = vt_smdl_nominated(regions, splits);
  if (splits > regions) splits = regions;
  for (int p = 0; p < splits && splits > 1; p++) {
    int64_t size = (p + 1) * regions / splits - p * regions / splits;
    for (int64_t i = 0; i < (size + 1) / 2; i++)
      calls += 2 * (size - i);
  }
  calls += nominated * (nominated + 1);
  return nominated == regions ? calls - 2 : calls;
}
