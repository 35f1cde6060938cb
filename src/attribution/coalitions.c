/* SPDX-License-Identifier: Apache-2.0
 *
 * Coalitions for KernelSHAP.
 */
#include "attribution/coalitions.h"

enum { MOST_ENUMERATED = 40 }; /* players: 2^n stays a number that can be compared with */

static double mass_of(int players, int size)
{
  return (players - 1) / ((double)size * (players - size));
}

static double choose(int n, int k)
{
  double ways = 1;
  for (int i = 0; i < k; i++)
    ways = ways * (n - i) / (i + 1);
  return ways;
}

int64_t vt_coalitions_count(int players, int64_t count)
{
  if (players < 2) return 0;
  int64_t all = players <= MOST_ENUMERATED ? ((int64_t)1 << players) - 2 : INT64_MAX;
  return all <= count ? all : count;
}

typedef struct making {
  vt_coalitions *out;
  uint64_t seed;
  int64_t next;
  int *order; /* [players] */
} making;

static uint64_t *row_of(const making *m, int64_t row)
{
  return m->out->bits + row * m->out->words;
}

static void emit(making *m, const int *chosen, int size, double weight)
{
  for (int i = 0; i < size; i++)
    vt_subset_add(row_of(m, m->next), chosen[i]);
  m->out->weights[m->next++] = weight;
}

static void emit_complement(making *m, double weight)
{
  const uint64_t *of = row_of(m, m->next - 1);
  for (int i = 0; i < m->out->players; i++)
    if (!vt_subset_has(of, i)) vt_subset_add(row_of(m, m->next), i);
  m->out->weights[m->next++] = weight;
}

/* Every coalition of `size`, in lexicographic order, each followed by its complement where that has
 * another size. */
static void emit_layer(making *m, int size)
{
  int players = m->out->players, *chosen = m->order;
  double weight = mass_of(players, size) / choose(players, size);
  for (int i = 0; i < size; i++)
    chosen[i] = i;
  for (;;) {
    emit(m, chosen, size, weight);
    if (2 * size != players) emit_complement(m, weight);
    int last = size - 1;
    while (last >= 0 && chosen[last] == players - size + last)
      last--;
    if (last < 0) return;
    chosen[last]++;
    for (int i = last + 1; i < size; i++)
      chosen[i] = chosen[i - 1] + 1;
  }
}

/* Size of row `number`, by the masses of first … players − first. */
static int draw_size(const making *m, int64_t number, int first, double mass)
{
  int players = m->out->players, size = first;
  double at = mass * vt_random_uniform(m->seed, vt_stream("coalition-size", (uint64_t)number), 0);
  while (size < players - first && at >= mass_of(players, size))
    at -= mass_of(players, size++);
  return size;
}

static void emit_drawn(making *m, int first, double mass, double weight, bool pairs)
{
  vt_random_permutation(m->seed, vt_stream("coalition", (uint64_t)m->next), m->order, m->out->players);
  emit(m, m->order, draw_size(m, m->next, first, mass), weight);
  if (pairs && m->next < m->out->count) emit_complement(m, weight);
}

static double mass_between(int players, int first)
{
  double mass = 0;
  for (int size = first; size <= players - first; size++)
    mass += mass_of(players, size);
  return mass;
}

static void make_rows(making *m, bool layers)
{
  int players = m->out->players, first = 1;
  int64_t count = m->out->count;
  bool all = players <= MOST_ENUMERATED && count == ((int64_t)1 << players) - 2;
  for (; (layers || all) && 2 * first <= players; first++) {
    bool twice = 2 * first != players;
    double ways = choose(players, first) * (twice ? 2 : 1), mass = mass_of(players, first) * (twice ? 2 : 1);
    double share = (double)(count - m->next) * mass / mass_between(players, first);
    if (!all && ways > share) break;
    emit_layer(m, first);
  }
  if (m->next == count) return;
  double mass = mass_between(players, first), weight = mass / (double)(count - m->next);
  while (m->next < count)
    emit_drawn(m, first, mass, layers ? weight : 1, layers);
}

vt_status vt_coalitions_make(vt_ctx *ctx, int players, int64_t count, bool layers, uint64_t seed,
                             vt_coalitions *out)
{
  *out = (vt_coalitions){.players = players, .words = (players + 63) / 64};
  out->count = vt_coalitions_count(players, count);
  out->bits = vt_alloc_zero(ctx, (size_t)out->count * (size_t)out->words, sizeof *out->bits);
  out->weights = vt_alloc_zero(ctx, (size_t)out->count, sizeof *out->weights);
  making m = {.out = out, .seed = seed};
  m.order = vt_alloc_zero(ctx, (size_t)players, sizeof *m.order);
  vt_status status = out->bits && out->weights && m.order ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK && out->count > 0) make_rows(&m, layers);
  vt_free(m.order);
  return status;
}

void vt_coalitions_free(vt_coalitions *coalitions)
{
  vt_free(coalitions->bits);
  vt_free(coalitions->weights);
  *coalitions = (vt_coalitions){0};
}
