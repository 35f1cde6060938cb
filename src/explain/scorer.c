/* SPDX-License-Identifier: Apache-2.0
 *
 * The scorer: budgets, counting, and running what is not known yet. Known subsets are answered from the map;
 * the rest of a call goes to the model in one job, so that workers and micro-batches are full.
 */
#include "explain/scorer_inside.h"

#include <math.h>

enum { SLICE = 256 }; /* items between two looks at the clock when there is a time limit */

/* ---- budgets ---- */

static vt_status check_time(vt_ctx *ctx, vt_scorer *scorer)
{
  double limit = scorer->options.time_limit;
  if (scorer->diagnostic || limit <= 0 || vt_clock_seconds() - scorer->started < limit) return VT_OK;
  scorer->stopped_by = "time-limit";
  return vt_fail(ctx, VT_ERROR_LIMIT, "time limit of %g seconds reached after %lld model calls", limit,
                 (long long)scorer->calls);
}

static vt_status check_budget(vt_ctx *ctx, vt_scorer *scorer, int count)
{
  if (count < 0) return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "%d subsets cannot be scored", count);
  int64_t most = scorer->options.max_calls;
  if (!scorer->diagnostic && most > 0 && scorer->calls + count > most) {
    scorer->stopped_by = "max-calls";
    return vt_fail(ctx, VT_ERROR_LIMIT, "%d more model calls would exceed the budget of %lld (%lld used)",
                   count, (long long)most, (long long)scorer->calls);
  }
  /* the first request begins however late it is, so that even the shortest run can
   * say what the model answers */
  return scorer->calls == 0 ? VT_OK : check_time(ctx, scorer);
}

const char *vt_scorer_partial_reason(const vt_scorer *scorer, vt_status status)
{
  switch (status) {
  case VT_ERROR_LIMIT:
    return scorer->stopped_by;
  case VT_ERROR_INTERRUPTED:
    return "interrupted";
  case VT_ERROR_OUT_OF_MEMORY:
    return "max-memory";
  default:
    return NULL;
  }
}

static void count_calls(vt_scorer *scorer, int count)
{
  if (scorer->diagnostic)
    scorer->diagnostic_calls += count;
  else
    scorer->calls += count;
}

/* ---- running subsets ---- */

typedef struct subset_run {
  vt_scorer *scorer;
  const size_t *entries; /* [items] numbers in the map */
  float *embeddings;     /* [items, embedding_floats], NULL: not wanted */
  double *probabilities; /* of a single item, NULL: not wanted */
} subset_run;

static const uint64_t *item_bits(const subset_run *run, int item)
{
  return run->scorer->cache.keys + run->entries[item] * (size_t)run->scorer->words;
}

static void compose_item(void *user, int item, float *input)
{
  const subset_run *run = user;
  vt_compose_subset(&run->scorer->composer, item_bits(run, item), input);
}

/* L2-normalised; a zero vector stays zero. */
static void keep_embedding(float *to, const float *from, size_t count)
{
  double square = 0;
  for (size_t i = 0; i < count; i++)
    square += (double)from[i] * from[i];
  double factor = square > 0 ? 1 / sqrt(square) : 0;
  for (size_t i = 0; i < count; i++)
    to[i] = (float)(from[i] * factor);
}

static void consume_item(void *user, int item, const float *output, const float *embedding)
{
  const subset_run *run = user;
  vt_scorer *scorer = run->scorer;
  vt_cached *cached = &scorer->cache.values[run->entries[item]];
  vt_scored scored = vt_scored_from(scorer->model, &scorer->options, output, embedding, run->probabilities);
  if (!cached->ready) cached->scored = scored;
  cached->ready = true;
  size_t floats = scorer->model->embedding_floats;
  if (run->embeddings) keep_embedding(run->embeddings + (size_t)item * floats, embedding, floats);
}

/* Says which subset an item was. */
static vt_status name_subset(vt_ctx *ctx, const subset_run *run, int item)
{
  enum { NAMED = 8 };
  char text[256] = "";
  size_t length = 0;
  int inside = 0;
  for (int r = 0; r < run->scorer->region_count; r++) {
    if (!vt_subset_has(item_bits(run, item), r)) continue;
    if (inside++ < NAMED)
      length += (size_t)snprintf(text + length, sizeof text - length, inside > 1 ? ", %d" : "%d", r);
  }
  if (inside > NAMED) snprintf(text + length, sizeof text - length, ", …");
  return vt_fail_prefix(ctx, "subset of %d of %d regions {%s}", inside, run->scorer->region_count, text);
}

static vt_status run_entries(vt_ctx *ctx, subset_run *run, int count)
{
  vt_scorer *scorer = run->scorer;
  int slice = scorer->options.time_limit > 0 && !run->embeddings ? SLICE : count;
  vt_status status = VT_OK;
  const size_t *entries = run->entries;
  for (int first = 0; status == VT_OK && first < count; first += slice) {
    if (first) VT_TRY(check_time(ctx, scorer));
    run->entries = entries + first;
    vt_model_job job = {.count = count - first < slice ? count - first : slice,
                        .batch = scorer->options.batch,
                        .compose = compose_item,
                        .consume = consume_item,
                        .user = run};
    int64_t known = 0, known_after = 0;
    for (int i = 0; i < job.count; i++)
      known += scorer->cache.values[run->entries[i]].ready;
    double before = vt_clock_seconds();
    status = vt_model_run_job(ctx, scorer->model, &job);
    scorer->run_seconds += vt_clock_seconds() - before;
    for (int i = 0; i < job.count; i++)
      known_after += scorer->cache.values[run->entries[i]].ready;
    scorer->forwards += known_after - known;
    if (status != VT_OK && job.failed_item >= 0) name_subset(ctx, run, job.failed_item);
  }
  return status;
}

/* The subset without bits beyond the last region. */
static void copy_bits(const vt_scorer *scorer, const uint64_t *from, uint64_t *to)
{
  memcpy(to, from, (size_t)scorer->words * sizeof *to);
  int rest = scorer->region_count & 63;
  if (rest) to[scorer->words - 1] &= ((uint64_t)1 << rest) - 1;
}

static vt_status need_regions(vt_ctx *ctx, const vt_scorer *scorer)
{
  return scorer->words
             ? VT_OK
             : vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "this scorer has no regions, so no subsets of them");
}

vt_status vt_scorer_subsets(vt_ctx *ctx, vt_scorer *scorer, const uint64_t *bits, int count, vt_scored *out)
{
  VT_TRY(need_regions(ctx, scorer));
  VT_TRY(check_budget(ctx, scorer, count));
  size_t words = (size_t)scorer->words;
  size_t *entries = vt_alloc_zero(ctx, 2 * (size_t)count, sizeof *entries); /* of the call, then of the run */
  uint64_t *key = vt_alloc_zero(ctx, words, sizeof *key);
  vt_status status = entries && key ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  size_t *missing = entries + count;
  int missing_count = 0;
  uint32_t call = ++scorer->call_number;
  for (int i = 0; status == VT_OK && i < count; i++) {
    copy_bits(scorer, bits + (size_t)i * words, key);
    status = vt_subset_cache_enter(ctx, &scorer->cache, key, &entries[i]);
    if (status != VT_OK) break;
    vt_cached *cached = &scorer->cache.values[entries[i]];
    if (!cached->ready && cached->wanted_by != call) missing[missing_count++] = entries[i];
    cached->wanted_by = call;
  }
  if (status == VT_OK) {
    subset_run run = {.scorer = scorer, .entries = missing};
    status = run_entries(ctx, &run, missing_count);
  }
  if (status == VT_OK) {
    for (int i = 0; i < count; i++)
      out[i] = scorer->cache.values[entries[i]].scored;
    count_calls(scorer, count);
  }
  vt_free(key);
  vt_free(entries);
  return status;
}

bool vt_scorer_peek(const vt_scorer *scorer, const uint64_t *bits, vt_scored *out)
{
  const vt_cached *cached = scorer->words ? vt_subset_cache_find(&scorer->cache, bits) : NULL;
  if (!cached || !cached->ready) return false;
  *out = cached->scored;
  return true;
}

vt_status vt_scorer_probabilities(vt_ctx *ctx, vt_scorer *scorer, const uint64_t *bits, double *probabilities)
{
  if (bits) VT_TRY(need_regions(ctx, scorer));
  VT_TRY(check_budget(ctx, scorer, 1));
  size_t bytes = (size_t)scorer->model->classes * sizeof *probabilities;
  if (bits) {
    uint64_t *key = vt_alloc_zero(ctx, (size_t)scorer->words, sizeof *key);
    if (!key) return VT_ERROR_OUT_OF_MEMORY;
    copy_bits(scorer, bits, key);
    size_t entry = 0;
    vt_status status = vt_subset_cache_enter(ctx, &scorer->cache, key, &entry);
    vt_free(key);
    if (status != VT_OK) return status;
    vt_cached *cached = &scorer->cache.values[entry];
    if (!cached->probabilities) {
      double *kept = vt_alloc(ctx, bytes);
      if (!kept) return VT_ERROR_OUT_OF_MEMORY;
      subset_run run = {.scorer = scorer, .entries = &entry, .probabilities = kept};
      status = run_entries(ctx, &run, 1);
      if (status != VT_OK) {
        vt_free(kept);
        return status;
      }
      cached->probabilities = kept;
    }
    memcpy(probabilities, cached->probabilities, bytes);
  } else {
    memcpy(probabilities, scorer->full.probabilities, bytes);
  }
  count_calls(scorer, 1);
  return VT_OK;
}

vt_status vt_scorer_embeddings(vt_ctx *ctx, vt_scorer *scorer, const uint64_t *bits, int count,
                               float *embeddings)
{
  VT_TRY(need_regions(ctx, scorer));
  if (!scorer->model->embedding_floats)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                   "the model has no embedding: name the inner tensor to use as one (--embedding TENSOR)");
  VT_TRY(check_budget(ctx, scorer, count));
  size_t words = (size_t)scorer->words;
  size_t *entries = vt_alloc_zero(ctx, (size_t)count, sizeof *entries);
  uint64_t *key = vt_alloc_zero(ctx, words, sizeof *key);
  vt_status status = entries && key ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  for (int i = 0; status == VT_OK && i < count; i++) {
    copy_bits(scorer, bits + (size_t)i * words, key);
    status = vt_subset_cache_enter(ctx, &scorer->cache, key, &entries[i]);
  }
  if (status == VT_OK) {
    subset_run run = {.scorer = scorer, .entries = entries, .embeddings = embeddings};
    status = run_entries(ctx, &run, count);
  }
  if (status == VT_OK) count_calls(scorer, count);
  vt_free(key);
  vt_free(entries);
  return status;
}

vt_status vt_scorer_region_embeddings(vt_ctx *ctx, vt_scorer *scorer, float *embeddings)
{
  VT_TRY(need_regions(ctx, scorer));
  size_t count = (size_t)scorer->region_count, words = (size_t)scorer->words;
  uint64_t *bits = vt_alloc_zero(ctx, count * words, sizeof *bits);
  if (!bits) return VT_ERROR_OUT_OF_MEMORY;
  for (size_t r = 0; r < count; r++)
    vt_subset_add(bits + r * words, (int)r);
  vt_status status = vt_scorer_embeddings(ctx, scorer, bits, (int)count, embeddings);
  vt_free(bits);
  return status;
}

/* ---- running what callers compose ---- */

typedef struct input_run {
  vt_scorer *scorer;
  vt_compose_fn compose;
  void *user;
  int first; /* input that is item 0 */
  vt_scored *out;
} input_run;

static void compose_input(void *user, int item, float *input)
{
  const input_run *run = user;
  run->compose(run->user, run->first + item, input);
}

static void consume_input(void *user, int item, const float *output, const float *embedding)
{
  const input_run *run = user;
  run->out[run->first + item] =
      vt_scored_from(run->scorer->model, &run->scorer->options, output, embedding, NULL);
}

vt_status vt_scorer_inputs(vt_ctx *ctx, vt_scorer *scorer, int count, vt_compose_fn compose, void *user,
                           vt_scored *out)
{
  VT_TRY(check_budget(ctx, scorer, count));
  int slice = scorer->options.time_limit > 0 ? SLICE : count;
  for (int first = 0; first < count; first += slice) {
    if (first) VT_TRY(check_time(ctx, scorer));
    input_run run = {.scorer = scorer, .compose = compose, .user = user, .first = first, .out = out};
    vt_model_job job = {.count = count - first < slice ? count - first : slice,
                        .batch = scorer->options.batch,
                        .compose = compose_input,
                        .consume = consume_input,
                        .user = &run};
    double before = vt_clock_seconds();
    vt_status status = vt_model_run_job(ctx, scorer->model, &job);
    scorer->run_seconds += vt_clock_seconds() - before;
    if (status != VT_OK)
      return job.failed_item >= 0 ? vt_fail_prefix(ctx, "composite %d of %d", first + job.failed_item, count)
                                  : status;
    scorer->forwards += job.count;
  }
  count_calls(scorer, count);
  return VT_OK;
}

typedef struct pixel_run {
  const vt_composer *composer;
  const uint8_t *const *shown;
} pixel_run;

static void compose_pixel_item(void *user, int item, float *input)
{
  const pixel_run *run = user;
  vt_compose_pixels(run->composer, run->shown[item], input);
}

vt_status vt_scorer_pixels(vt_ctx *ctx, vt_scorer *scorer, const uint8_t *const *shown, int count,
                           vt_scored *out)
{
  return vt_scorer_inputs(ctx, scorer, count, compose_pixel_item, &(pixel_run){&scorer->composer, shown},
                          out);
}

/* ---- counters ---- */

void vt_scorer_set_diagnostic(vt_scorer *scorer, bool on)
{
  scorer->diagnostic = on;
}

int64_t vt_scorer_calls(const vt_scorer *scorer)
{
  return scorer->calls;
}

int64_t vt_scorer_forwards(const vt_scorer *scorer)
{
  return scorer->forwards;
}

int64_t vt_scorer_diagnostic_calls(const vt_scorer *scorer)
{
  return scorer->diagnostic_calls;
}

double vt_scorer_seconds_each(const vt_scorer *scorer)
{
  return scorer->forwards > 0 ? scorer->run_seconds / (double)scorer->forwards : 0;
}

double vt_scorer_invariance(const vt_scorer *scorer)
{
  return scorer->invariance;
}

const vt_scorer_options *vt_scorer_options_of(const vt_scorer *scorer)
{
  return &scorer->options;
}

const double *vt_scorer_full_probabilities(const vt_scorer *scorer)
{
  return scorer->full.probabilities;
}

const float *vt_scorer_shown(const vt_scorer *scorer)
{
  return scorer->composer.shown;
}

const float *vt_scorer_hidden(const vt_scorer *scorer)
{
  return scorer->composer.hidden;
}

int64_t vt_scorer_left(const vt_scorer *scorer)
{
  int64_t most = scorer->options.max_calls;
  return most > 0 && !scorer->diagnostic ? most - scorer->calls : INT64_MAX;
}

int vt_scorer_words(const vt_scorer *scorer)
{
  return scorer->words;
}
