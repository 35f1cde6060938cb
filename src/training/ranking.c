/* SPDX-License-Identifier: Apache-2.0 */
#include "training/ranking.h"

#include <math.h>

int vt_unseen_rank(const float *scores, int64_t items, int64_t target, const int64_t *history, int64_t length)
{
  int rank = 0;
  for (int64_t item = 1; item <= items; item++) {
    if (item == target || scores[item] < scores[target]) continue;
    if (scores[item] == scores[target] && item > target) continue;
    bool seen = false;
    for (int64_t i = 0; i < length && !seen; i++)
      seen = history[i] == item;
    rank += !seen;
  }
  return rank;
}

double vt_gain_at(int rank, int cut)
{
  return rank < cut ? 1 / log2(rank + 2.0) : 0;
}

double vt_hit_share(const float *scores, int64_t count, int64_t step, int64_t at)
{
  int equal = 0;
  for (int64_t i = 0; i < count; i++) {
    if (scores[i * step] > scores[at * step]) return 0;
    equal += scores[i * step] == scores[at * step];
  }
  return equal ? 1.0 / equal : 0; /* NaN hits nothing */
}
