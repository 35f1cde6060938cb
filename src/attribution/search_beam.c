/* SPDX-License-Identifier: Apache-2.0
 *
 * Beam search: several fronts grow side by side, and those stay whose prefixes so far have the highest sum of
 * F (what an area under a curve of F would be), of equal sets the better way to them. For when quality
 * matters more than calls.
 */
#include "attribution/search_steps.h"

typedef struct front {
  double sum;                 /* of F over its prefixes */
  int *order;                 /* [count] */
  uint64_t *bits;             /* [words] */
  vt_scored *shown, *removed; /* [count] of each prefix */
} front;

typedef struct child {
  double sum;
  int front, region, place; /* place: in the scored batch */
} child;

typedef struct beam {
  front *fronts, *next; /* [width] each */
  int count;            /* fronts in use */
  uint64_t *subsets;    /* [2 · width · count, words] of one round */
  vt_scored *scored;
  child *children; /* [width · count] */
  int child_count;
} beam;

static void free_fronts(front *fronts, int width)
{
  for (int i = 0; fronts && i < width; i++) {
    vt_free(fronts[i].order);
    vt_free(fronts[i].bits);
    vt_free(fronts[i].shown);
    vt_free(fronts[i].removed);
  }
  vt_free(fronts);
}

static front *new_fronts(vt_ctx *ctx, const vt_search_state *s, int width)
{
  front *fronts = vt_alloc_zero(ctx, (size_t)width, sizeof *fronts);
  for (int i = 0; fronts && i < width; i++) {
    front *f = &fronts[i];
    f->order = vt_alloc_zero(ctx, (size_t)s->count, sizeof *f->order);
    f->bits = vt_alloc_zero(ctx, (size_t)s->words, sizeof *f->bits);
    f->shown = vt_alloc_zero(ctx, (size_t)s->count, sizeof *f->shown);
    f->removed = vt_alloc_zero(ctx, (size_t)s->count, sizeof *f->removed);
    if (f->order && f->bits && f->shown && f->removed) continue;
    free_fronts(fronts, width);
    return NULL;
  }
  return fronts;
}

static vt_status init_beam(vt_ctx *ctx, const vt_search_state *s, beam *b)
{
  size_t width = (size_t)s->options->width, most;
  *b = (beam){.count = 1};
  if (!vt_size_mul(2 * width, (size_t)s->count, &most))
    return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "a beam of %d fronts is too large", s->options->width);
  b->fronts = new_fronts(ctx, s, s->options->width);
  b->next = new_fronts(ctx, s, s->options->width);
  b->subsets = vt_alloc_zero(ctx, most * (size_t)s->words, sizeof *b->subsets);
  b->scored = vt_alloc_zero(ctx, most, sizeof *b->scored);
  b->children = vt_alloc_zero(ctx, most / 2, sizeof *b->children);
  return b->fronts && b->next && b->subsets && b->scored && b->children ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
}

static void free_beam(const vt_search_state *s, beam *b)
{
  free_fronts(b->fronts, s->options->width);
  free_fronts(b->next, s->options->width);
  vt_free(b->subsets);
  vt_free(b->scored);
  vt_free(b->children);
}

/* All fronts with one more region each, and their complements. */
static vt_status score_children(vt_ctx *ctx, vt_search_state *s, beam *b, int size)
{
  size_t words = (size_t)s->words;
  int count = b->count * (s->count - size), place = 0;
  for (int f = 0; f < b->count; f++)
    for (int region = 0; region < s->count; region++) {
      if (vt_subset_has(b->fronts[f].bits, region)) continue;
      uint64_t *shown = b->subsets + (size_t)place * words, *removed = shown + (size_t)count * words;
      memcpy(shown, b->fronts[f].bits, words * sizeof *shown);
      vt_subset_add(shown, region);
      for (size_t w = 0; w < words; w++)
        removed[w] = s->all_bits[w] & ~shown[w];
      b->children[place] = (child){.front = f, .region = region, .place = place};
      place++;
    }
  b->child_count = count;
  return vt_scorer_subsets(ctx, s->task->scorer, b->subsets, 2 * count, b->scored);
}

/* eff of front + region. */
static double effectiveness(vt_search_state *s, const front *f, int size, int region)
{
  vt_diversity *set = &s->back_diversity; /* no back here: room for a set */
  if (!set->distances) return 0;
  set->size = 0;
  set->value = 0;
  for (int i = 0; i < size; i++)
    vt_diversity_add(set, f->order[i]);
  double value = vt_diversity_with(set, region);
  set->size = 0;
  return value;
}

static bool same_set(const vt_search_state *s, const beam *b, int one, int other)
{
  size_t words = (size_t)s->words;
  return memcmp(b->subsets + (size_t)one * words, b->subsets + (size_t)other * words,
                words * sizeof(uint64_t)) == 0;
}

/* The next fronts: children by sum, high first, sets that are there already left out. */
static int choose_children(const vt_search_state *s, beam *b, child *chosen)
{
  int count = 0;
  while (count < s->options->width) {
    const child *best = NULL;
    for (int i = 0; i < b->child_count; i++) {
      const child *c = &b->children[i];
      bool taken = best && c->sum <= best->sum;
      for (int j = 0; j < count && !taken; j++)
        taken = same_set(s, b, c->place, chosen[j].place);
      if (!taken) best = c;
    }
    if (!best) break;
    chosen[count++] = *best;
  }
  return count;
}

static void grow(const vt_search_state *s, beam *b, const child *chosen, int count, int size)
{
  for (int i = 0; i < count; i++) {
    const front *from = &b->fronts[chosen[i].front];
    front *to = &b->next[i];
    memcpy(to->order, from->order, (size_t)size * sizeof *to->order);
    memcpy(to->shown, from->shown, (size_t)size * sizeof *to->shown);
    memcpy(to->removed, from->removed, (size_t)size * sizeof *to->removed);
    memcpy(to->bits, from->bits, (size_t)s->words * sizeof *to->bits);
    to->order[size] = chosen[i].region;
    to->shown[size] = b->scored[chosen[i].place];
    to->removed[size] = b->scored[b->child_count + chosen[i].place];
    to->sum = chosen[i].sum;
    vt_subset_add(to->bits, chosen[i].region);
  }
  front *swap = b->fronts;
  b->fronts = b->next;
  b->next = swap;
  b->count = count;
}

static vt_status round_of(vt_ctx *ctx, vt_search_state *s, beam *b, int size, child *chosen)
{
  vt_progress(ctx, "searching", size, s->count);
  VT_TRY(vt_check_cancel(ctx));
  VT_TRY(score_children(ctx, s, b, size));
  for (int i = 0; i < b->child_count; i++) {
    child *c = &b->children[i];
    const front *f = &b->fronts[c->front];
    double value = vt_objective(&s->options->weights, &b->scored[i], &b->scored[b->child_count + i],
                                effectiveness(s, f, size, c->region));
    c->sum = f->sum + value;
    if (c->front == 0) s->promise[c->region] = value;
  }
  grow(s, b, chosen, choose_children(s, b, chosen), size);
  return VT_OK;
}

static vt_status run(vt_ctx *ctx, vt_search_state *s)
{
  beam b;
  int size = 0;
  child *chosen = vt_alloc_zero(ctx, (size_t)s->options->width, sizeof *chosen);
  vt_status status = init_beam(ctx, s, &b);
  if (!chosen) status = VT_ERROR_OUT_OF_MEMORY;
  while (status == VT_OK && size < s->count - 1) {
    status = round_of(ctx, s, &b, size, chosen);
    size += status == VT_OK;
  }
  /* the best front so far is the first, also when the search ended early */
  for (int i = 0; i < size; i++)
    vt_steps_to_front(s, b.fronts[0].order[i], &b.fronts[0].shown[i], &b.fronts[0].removed[i]);
  if (status == VT_OK) vt_steps_imply_last(s);
  free_beam(s, &b);
  vt_free(chosen);
  return status;
}

static int64_t calls(const vt_search_options *options, int regions)
{
  int64_t calls = regions > 1 ? 2 * (int64_t)regions : 0;
  int64_t fronts = options->width < regions ? options->width : regions;
  for (int64_t open = regions - 1; open > 1; open--)
    calls += 2 * open * fronts;
  return calls;
}

const vt_search_strategy vt_search_beam = {"beam", run, calls, NULL};
