/* SPDX-License-Identifier: Apache-2.0
 *
 * sequences: the hidden side of the item histories (paper 12). Recommenders see item numbers alone.
 */
#ifndef VT_WORLDS_SEQUENCES_H
#define VT_WORLDS_SEQUENCES_H

#include "worlds/world.h"

enum { VT_SEQUENCE_GENRES = 16, VT_SEQUENCE_PRICES = 4, VT_SEQUENCE_BRANDS = 8 };
enum { VT_SEQUENCE_LONGEST = 30, VT_SEQUENCE_WINDOW = 20, VT_SEQUENCE_TASTES = 4 };

typedef struct vt_sequence_item {
  int genre, price, brand;
  double appeal; /* weight within its genre before tastes */
} vt_sequence_item;

typedef struct vt_sequence_record { /* one user, and how much of the history a split may see */
  int32_t user, length, taste_count;
  int32_t visible; /* items that come before the target: length − 2 (validation), − 1 (test), − 3 (train) */
  int32_t tastes[VT_SEQUENCE_TASTES];      /* genres */
  float taste_weights[VT_SEQUENCE_TASTES]; /* sum to 1 */
  int32_t price, brands[2];                /* what the user leans to */
  int32_t items[VT_SEQUENCE_LONGEST];      /* 1 … item count, all different, oldest first */
} vt_sequence_record;

int vt_sequence_item_count(const vt_world *world);  /* numbers run from 1; 0 is padding */
int vt_sequence_genre_count(const vt_world *world); /* 16, or 10 in the second set */
/* Metadata of item 1 … count; borrowed. */
const vt_sequence_item *vt_sequence_item_of(const vt_world *world, int item);
/* Weight of each genre (unnormalised) for the step after one in `genre` (−1: the first), for a user. */
void vt_sequence_next_genre(const vt_world *world, const vt_sequence_record *user, int genre,
                            double *weights);
/* Weight of an item within its genre for a user. */
double vt_sequence_item_weight(const vt_world *world, const vt_sequence_record *user, int item);

#endif
