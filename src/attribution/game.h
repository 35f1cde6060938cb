/* SPDX-License-Identifier: Apache-2.0
 *
 * What perturbation methods play: parts of an input that are there or hidden, and the score that follows.
 * Parts are the regions of a picture (hidden by the fill, asked of the scorer), or the tokens or columns
 * of arrays (hidden by zeros).
 */
#ifndef VT_ATTRIBUTION_GAME_H
#define VT_ATTRIBUTION_GAME_H

#include "attribution/ask.h"
#include "explain/scorer_cache.h"

typedef struct vt_game {
  const vt_task *task;
  vt_explanation *explanation;
  const char *method;    /* its id, for messages */
  int players;           /* parts */
  int words;             /* 64-bit words of a subset */
  int places;            /* arrays: length of the first axis */
  size_t each;           /* arrays: elements of a place */
  vt_subset_cache known; /* arrays: what subsets scored; of pictures the scorer knows */
} vt_game;

/* Close with vt_game_close(), also on failure. */
vt_status vt_game_open(vt_ctx *ctx, const vt_task *task, vt_explanation *explanation, const char *method,
                       vt_game *out);
void vt_game_close(vt_game *game);

/* Values of subsets of parts shown, subset i at bits[i·words]. As many as budgets allow, see vt_ask_inputs();
 * duplicates are run once. */
vt_status vt_game_subsets(vt_ctx *ctx, vt_game *game, const uint64_t *bits, int64_t count, double *values,
                          int64_t *done);
/* Values of parts shown by a share each, in [0, 1]: share · input + (1 − share) · what hides it. `shares`
 * [count, players]. */
vt_status vt_game_shares(vt_ctx *ctx, vt_game *game, const double *shares, int64_t count, double *values,
                         int64_t *done);
/* Value of everything and of nothing shown; two calls. Fails when not even those may be asked. */
vt_status vt_game_ends(vt_ctx *ctx, vt_game *game, double *full, double *blank);

/* The parts' numbers as the explanation's map. */
vt_status vt_game_finish(vt_ctx *ctx, vt_game *game, const double *values);
/* The same for numbers that should add up to full − blank. */
vt_status vt_game_finish_sum(vt_ctx *ctx, vt_game *game, const double *values, double difference);

#endif
