/* SPDX-License-Identifier: Apache-2.0
 *
 * Beam search over one prompt.
 */
#include <math.h>
#include <stdlib.h>

#include "nn/generate.h"

typedef struct beam {
  double log_p;
  int64_t length;
  int64_t *ids; /* room for new_tokens */
} beam;

typedef struct candidate {
  double log_p;
  int64_t parent, id;
} candidate;

typedef struct beam_search {
  vt_scope s;
  const vt_generate_settings *settings;
  vt_cache *cache;
  int64_t width;
  beam *live, *next;
  int64_t live_count;
  beam best; /* finished; length 0: none yet */
  candidate *candidates;
  int64_t *parents;
} beam_search;

static double worth(const beam_search *search, double log_p, int64_t length)
{
  return log_p / pow((double)length, search->settings->length_power);
}

static void finish(beam_search *search, const beam *ended)
{
  beam *best = &search->best;
  if (best->length && worth(search, ended->log_p, ended->length) <= worth(search, best->log_p, best->length))
    return;
  best->log_p = ended->log_p;
  best->length = ended->length;
  memcpy(best->ids, ended->ids, (size_t)ended->length * sizeof *ended->ids);
}

/* Larger probability first; equal ones by beam, then by id. */
static bool better(const candidate *a, const candidate *b)
{
  if (a->log_p != b->log_p) return a->log_p > b->log_p;
  return a->parent != b->parent ? a->parent < b->parent : a->id < b->id;
}

/* Keeps the best `room` in order. */
static void insert(candidate *list, int64_t *count, int64_t room, candidate fresh)
{
  int64_t at = *count;
  if (at == room) {
    if (!better(&fresh, &list[room - 1])) return;
    at--;
  } else
    (*count)++;
  for (; at > 0 && better(&fresh, &list[at - 1]); at--)
    list[at] = list[at - 1];
  list[at] = fresh;
}

/* Twice as many continuations as there are beams: when all beams end, as many go on. */
static int64_t find_candidates(beam_search *search, const vt_tensor *logits)
{
  int64_t words = vt_dim(logits, 1), count = 0;
  for (int64_t b = 0; b < search->live_count; b++) {
    const float *row = (const float *)logits->data + b * words;
    double total = vt_log_total(row, words);
    for (int64_t id = 0; id < words; id++)
      insert(search->candidates, &count, 2 * search->width,
             (candidate){search->live[b].log_p + row[id] - total, b, id});
  }
  return count;
}

static void grow(const beam *from, beam *to, const candidate *step)
{
  memcpy(to->ids, from->ids, (size_t)from->length * sizeof *from->ids);
  to->ids[from->length] = step->id;
  to->length = from->length + 1;
  to->log_p = step->log_p;
}

/* The beams of the next step, best first; what ends is put aside. */
static void advance(beam_search *search, int64_t count)
{
  int64_t live = 0;
  for (int64_t i = 0; i < count && live < search->width; i++) {
    const candidate *step = &search->candidates[i];
    beam *fresh = &search->next[live];
    grow(&search->live[step->parent], fresh, step);
    if (step->id == search->settings->eos) {
      /* an ending counts when it is among the best `width`, as a living beam would */
      if (i < search->width) finish(search, fresh);
      continue;
    }
    search->parents[live++] = step->parent;
  }
  beam *swap = search->live;
  search->live = search->next;
  search->next = swap;
  search->live_count = live;
}

/* Whether no living beam can become worth more than the best finished one: log p only falls, and at best the
 * text grows to its limit. */
static bool settled(const beam_search *search)
{
  if (!search->best.length || !search->live_count) return search->live_count == 0;
  int64_t length =
      search->settings->length_power > 0 ? search->settings->new_tokens : search->live[0].length + 1;
  return worth(search, search->live[0].log_p, length) <=
         worth(search, search->best.log_p, search->best.length);
}

/* What the model has not read, as for the greedy search. */
static vt_tensor *unread(const beam_search *search, const vt_tensor *prompt)
{
  vt_ctx *ctx = search->s.run->ctx;
  int64_t given = prompt->dims[1], made = search->live[0].length;
  int64_t first = search->cache && made ? given + made - 1 : 0, count = given + made - first;
  vt_tensor *ids = vt_tensor_new(ctx, VT_I64, 2, (int64_t[]){search->live_count, count});
  if (!ids) return vt_void();
  for (int64_t b = 0; b < search->live_count; b++)
    for (int64_t i = 0; i < count; i++) {
      int64_t at = first + i;
      ((int64_t *)ids->data)[b * count + i] =
          at < given ? ((const int64_t *)prompt->data)[at] : search->live[b].ids[at - given];
    }
  return ids;
}

static vt_status take_step(beam_search *search, vt_step_logits_fn step, const void *model,
                           const vt_tensor *prompt)
{
  vt_ctx *ctx = search->s.run->ctx;
  char shape[160];
  vt_tensor *logits = step(search->s, model, unread(search, prompt), search->cache);
  VT_TRY(vt_ctx_status(ctx));
  if (logits->type != VT_F32 || logits->rank != 2 || logits->dims[0] != search->live_count)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "logits of a step are f32 [%lld, vocabulary], not %s",
                   (long long)search->live_count, vt_shape_text(logits, shape));
  VT_TRY(vt_check_finite(ctx, logits, "logits"));
  advance(search, find_candidates(search, logits));
  if (search->cache && search->live_count)
    return vt_cache_take(ctx, search->cache, search->parents, search->live_count);
  return VT_OK;
}

static vt_status run(beam_search *search, vt_step_logits_fn step, const void *model, const vt_tensor *prompt)
{
  vt_ctx *ctx = search->s.run->ctx;
  search->live_count = 1;
  for (int64_t made = 0; made < search->settings->new_tokens && !settled(search); made++) {
    VT_TRY(vt_check_cancel(ctx));
    size_t mark = vt_tensor_mark(ctx);
    vt_status status = take_step(search, step, model, prompt);
    vt_tensor_release(ctx, mark);
    VT_TRY(status);
  }
  /* texts at the limit compete as they are */
  for (int64_t b = 0; b < search->live_count; b++)
    if (search->live[b].length == search->settings->new_tokens) finish(search, &search->live[b]);
  return VT_OK;
}

static vt_status make_beams(vt_ctx *ctx, int64_t count, int64_t room, beam **out)
{
  *out = vt_alloc_zero(ctx, (size_t)count, sizeof **out);
  for (int64_t i = 0; *out && i < count; i++)
    if (!((*out)[i].ids = vt_alloc_zero(ctx, (size_t)room, sizeof(int64_t)))) return VT_ERROR_OUT_OF_MEMORY;
  return *out ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

static void free_beams(beam *beams, int64_t count)
{
  for (int64_t i = 0; beams && i < count; i++)
    vt_free(beams[i].ids);
  vt_free(beams);
}

static vt_status prepare(beam_search *search, const vt_tensor *prompt)
{
  vt_ctx *ctx = search->s.run->ctx;
  int64_t room = search->settings->new_tokens, width = search->width;
  VT_TRY(make_beams(ctx, width, room, &search->live));
  VT_TRY(make_beams(ctx, width, room, &search->next));
  search->best.ids = vt_alloc_zero(ctx, (size_t)room, sizeof(int64_t));
  search->candidates = vt_alloc_zero(ctx, 2 * (size_t)width, sizeof *search->candidates);
  search->parents = vt_alloc_zero(ctx, (size_t)width, sizeof *search->parents);
  if (!search->best.ids || !search->candidates || !search->parents) return VT_ERROR_OUT_OF_MEMORY;
  if (search->settings->no_cache) return VT_OK;
  return vt_cache_new(ctx, search->settings->layers, prompt->dims[1] + room, &search->cache);
}

vt_status vt_beam_search(vt_scope s, vt_step_logits_fn step, const void *model, vt_tensor *prompt,
                         const vt_generate_settings *settings, int64_t *ids, int64_t *length, double *log_p)
{
  beam_search search = {.s = s, .settings = settings, .width = settings->beams};
  vt_status status = prepare(&search, prompt);
  if (status == VT_OK) status = run(&search, step, model, prompt);
  if (status == VT_OK) {
    memcpy(ids, search.best.ids, (size_t)search.best.length * sizeof *ids);
    *length = search.best.length;
    *log_p = search.best.log_p;
  }
  free_beams(search.live, search.width);
  free_beams(search.next, search.width);
  vt_free(search.best.ids);
  vt_free(search.candidates);
  vt_free(search.parents);
  vt_cache_free(search.cache);
  return status;
}
