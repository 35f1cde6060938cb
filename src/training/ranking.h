/* SPDX-License-Identifier: Apache-2.0
 *
 * How well what is wanted is ranked. For use inside the room.
 */
#ifndef VT_TRAINING_RANKING_H
#define VT_TRAINING_RANKING_H

#include "base/base.h"

/* Place of item `target`, from 0, among the items 1 … `items` that are not in the history [length]; scores
 * [items + 1], entry 0 is no item. Of equal scores the lower number comes first. */
int vt_unseen_rank(const float *scores, int64_t items, int64_t target, const int64_t *history,
                   int64_t length);
/* NDCG@cut where one item is relevant: 1 / log2(rank + 2), 0 from `cut` on. */
double vt_gain_at(int rank, int cut);
/* 1 when scores[at · step] is the one highest of `count`, a share of 1 when others are equal, else 0. NaN
 * hits nothing. */
double vt_hit_share(const float *scores, int64_t count, int64_t step, int64_t at);

#endif
