/* SPDX-License-Identifier: Apache-2.0
 *
 * Owen values on nested halves. Owen: "Values of games with a priori unions", 1977. Parts that lie
 * together are one player until the walk splits them, along the longer side of the box of their centres,
 * the largest difference first.
 */
#include <math.h>
#include <stdlib.h>

#include "attribution/game.h"
#include "attribution/methods.h"
#include "explain/divide.h"

typedef struct settings {
  int64_t max_evaluations;
} settings;

static const vt_field fields[] = {
    {"max_evaluations", VT_FIELD_INT, offsetof(settings, max_evaluations), "500", VT_RANGE(2, 10000000),
     .help = "model calls at most; groups not split by then share their value evenly",
     .aliases = "max_evals"},
};

/* A group of parts, order[from … to − 1], whose value is wanted in one context: a set of other
 * parts shown. */
typedef struct split {
  int from, to;
  double weight, without, with; /* score of the context, and with the group */
  int64_t number;               /* of creation: also its context's place */
} split;

typedef struct walk {
  vt_game *game;
  int *order; /* [players]: every group is a run of it */
  double (*centres)[2];
  split *open;        /* a heap, the most urgent first */
  uint64_t *contexts; /* [capacity, words] */
  size_t count, capacity;
  int64_t made;
  double *values; /* [players] */
} walk;

/* ---- the tree ---- */

typedef struct sorted_part {
  double at;
  int part;
} sorted_part;

static int by_place(const void *a, const void *b)
{
  const sorted_part *x = a, *y = b;
  if (x->at != y->at) return x->at < y->at ? -1 : 1;
  return x->part - y->part;
}

static int middle(int from, int to)
{
  return from + (to - from + 1) / 2;
}

/* Sorts a run so that its two halves lie side by side, and theirs. At most log₂ players deep. */
static void arrange(walk *w, sorted_part *work, int from, int to)
{
  if (to - from < 2) return;
  double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
  for (int i = from; i < to; i++)
    for (int axis = 0; axis < 2; axis++) {
      low[axis] = fmin(low[axis], w->centres[w->order[i]][axis]);
      high[axis] = fmax(high[axis], w->centres[w->order[i]][axis]);
    }
  int axis = high[1] - low[1] > high[0] - low[0];
  for (int i = from; i < to; i++)
    work[i - from] = (sorted_part){w->centres[w->order[i]][axis], w->order[i]};
  qsort(work, (size_t)(to - from), sizeof *work, by_place);
  for (int i = from; i < to; i++)
    w->order[i] = work[i - from].part;
  arrange(w, work, from, middle(from, to));
  arrange(w, work, middle(from, to), to);
}

static void find_centres(walk *w)
{
  const vt_task *task = w->game->task;
  for (int i = 0; i < w->game->players; i++) {
    int box[4];
    if (task->model)
      vt_regions_box(task->regions, i, box, w->centres[i]);
    else
      w->centres[i][0] = i;
    w->order[i] = i;
  }
}

/* ---- the heap ---- */

static double urgency(const split *s)
{
  return s->weight * fabs(s->with - s->without);
}

static bool before(const split *a, const split *b)
{
  double x = urgency(a), y = urgency(b);
  return x != y ? x > y : a->number < b->number;
}

static void sift_up(split *heap, size_t at)
{
  while (at > 0 && before(&heap[at], &heap[(at - 1) / 2])) {
    split kept = heap[at];
    heap[at] = heap[(at - 1) / 2];
    heap[at = (at - 1) / 2] = kept;
  }
}

static split take(walk *w)
{
  split first = w->open[0];
  w->open[0] = w->open[--w->count];
  for (size_t at = 0;;) {
    size_t next = 2 * at + 1;
    if (next + 1 < w->count && before(&w->open[next + 1], &w->open[next])) next++;
    if (next >= w->count || !before(&w->open[next], &w->open[at])) return first;
    split kept = w->open[at];
    w->open[at] = w->open[next];
    w->open[at = next] = kept;
  }
}

static void put(walk *w, split s, const uint64_t *context)
{
  if (s.to - s.from == 1) {
    w->values[w->order[s.from]] += s.weight * (s.with - s.without);
    return;
  }
  size_t words = (size_t)w->game->words;
  s.number = w->made++;
  memcpy(w->contexts + (size_t)s.number * words, context, words * sizeof *context);
  w->open[w->count++] = s;
  sift_up(w->open, w->count - 1);
}

/* ---- the walk ---- */

enum { AT_ONCE = 16 }; /* splits */

static void add_run(const walk *w, int from, int to, uint64_t *bits)
{
  for (int i = from; i < to; i++)
    vt_subset_add(bits, w->order[i]);
}

/* The halves of a split one, each with the other hidden and shown. */
static void divide(walk *w, const split *s, const uint64_t *pair, const double *worth)
{
  size_t words = (size_t)w->game->words;
  const uint64_t *context = w->contexts + (size_t)s->number * words, *with_first = pair,
                 *with_second = pair + words;
  int half = middle(s->from, s->to);
  double weight = s->weight / 2;
  put(w, (split){s->from, half, weight, s->without, worth[0], 0}, context);
  put(w, (split){s->from, half, weight, worth[1], s->with, 0}, with_second);
  put(w, (split){half, s->to, weight, s->without, worth[1], 0}, context);
  put(w, (split){half, s->to, weight, worth[0], s->with, 0}, with_first);
}

static vt_status step(vt_ctx *ctx, walk *w, int64_t splits, uint64_t *pairs)
{
  split taken[AT_ONCE];
  double worth[2 * AT_ONCE];
  int64_t done;
  size_t words = (size_t)w->game->words;
  for (int64_t i = 0; i < splits; i++) {
    split *s = &taken[i];
    *s = take(w);
    for (int side = 0; side < 2; side++) {
      uint64_t *bits = pairs + (size_t)(2 * i + side) * words;
      int half = middle(s->from, s->to);
      memcpy(bits, w->contexts + (size_t)s->number * words, words * sizeof *bits);
      add_run(w, side ? half : s->from, side ? s->to : half, bits);
    }
  }
  VT_TRY(vt_game_subsets(ctx, w->game, pairs, 2 * splits, worth, &done));
  for (int64_t i = 0; i < splits; i++) {
    if (2 * i + 1 < done)
      divide(w, &taken[i], pairs + (size_t)(2 * i) * words, worth + 2 * i);
    else
      w->open[w->count++] = taken[i]; /* the work ends here: what is open is shared out */
  }
  return VT_OK;
}

static void share_open(walk *w)
{
  for (size_t i = 0; i < w->count; i++) {
    const split *s = &w->open[i];
    double each = s->weight * (s->with - s->without) / (s->to - s->from);
    for (int j = s->from; j < s->to; j++)
      w->values[w->order[j]] += each;
  }
}

static vt_status run_walk(vt_ctx *ctx, walk *w, int64_t most, uint64_t *pairs)
{
  double full, blank;
  VT_TRY(vt_game_ends(ctx, w->game, &full, &blank));
  memset(pairs, 0, (size_t)w->game->words * sizeof *pairs);
  put(w, (split){0, w->game->players, 1, blank, full, 0}, pairs);
  for (int64_t asked = 2; w->count > 0 && asked + 2 <= most && !w->game->explanation->partial;) {
    int64_t splits = (most - asked) / 2;
    if (splits > (int64_t)w->count) splits = (int64_t)w->count;
    if (splits > AT_ONCE) splits = AT_ONCE;
    VT_TRY(step(ctx, w, splits, pairs));
    asked += 2 * splits;
  }
  share_open(w);
  return vt_game_finish_sum(ctx, w->game, w->values, full - blank);
}

/* Splits of a tree of n parts walked to its end: each half twice. */
static int64_t all_splits(int64_t players, int64_t most)
{
  if (players < 2 || most <= 0) return 0;
  int64_t first = all_splits((players + 1) / 2, most), second = all_splits(players / 2, most);
  int64_t total = 1 + 2 * (first + second);
  return total < most ? total : most;
}

static vt_status run(vt_ctx *ctx, const vt_task *task, const void *given, vt_explanation *explanation)
{
  const settings *set = given;
  vt_game game;
  VT_TRY(vt_game_open(ctx, task, explanation, "owen", &game));
  walk w = {.game = &game};
  size_t players = (size_t)game.players, words = (size_t)game.words;
  int64_t splits = all_splits(game.players, (set->max_evaluations - 2) / 2);
  w.capacity = 4 * (size_t)splits + 2; /* all that are ever made */
  w.order = vt_alloc_zero(ctx, players, sizeof *w.order);
  w.centres = vt_alloc_zero(ctx, players, sizeof *w.centres);
  w.values = vt_alloc_zero(ctx, players, sizeof *w.values);
  w.open = vt_alloc_zero(ctx, w.capacity, sizeof *w.open);
  w.contexts = vt_alloc_zero(ctx, w.capacity * words, sizeof *w.contexts);
  sorted_part *work = vt_alloc_zero(ctx, players, sizeof *work);
  uint64_t *pairs = vt_alloc_zero(ctx, 2 * AT_ONCE * words, sizeof *pairs);
  vt_status status = VT_ERROR_OUT_OF_MEMORY;
  if (w.order && w.centres && w.values && w.open && w.contexts && work && pairs) {
    find_centres(&w);
    arrange(&w, work, 0, game.players);
    status = run_walk(ctx, &w, set->max_evaluations, pairs);
  }
  vt_free(w.order);
  vt_free(w.centres);
  vt_free(w.values);
  vt_free(w.open);
  vt_free(w.contexts);
  vt_free(work);
  vt_free(pairs);
  vt_game_close(&game);
  return status;
}

static int64_t calls(const void *given, int regions, bool embedding)
{
  const settings *set = given;
  VT_UNUSED(embedding);
  return 2 + 2 * all_splits(regions, (set->max_evaluations - 2) / 2);
}

const vt_method vt_method_owen = {
    .id = "owen",
    .aliases = "partition|PartitionExplainer|partition-shap",
    .title = "Owen values: Shapley values on nested halves of the picture",
    .summary =
        "Splits the picture (or the text) into halves, quarters and so on, and shares the score between "
        "halves, the "
        "largest share first. Few calls find where the score is; values always add up. Parts of one half are "
        "treated as a union, so values differ from Shapley's where parts of different halves work together.",
    .citation = "Owen, G. (1977). Values of games with a priori unions. Lundberg, S. M. et al., SHAP "
                "PartitionExplainer (2020).",
    .cost = "at most max_evaluations model calls, about k² for all of k regions",
    .place = "data · token",
    .needs = VT_NEEDS_PLAYERS,
    .settings_size = sizeof(settings),
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .run = run,
    .calls = calls,
    .samples = "max_evaluations",
};
