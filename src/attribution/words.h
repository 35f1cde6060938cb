/* SPDX-License-Identifier: Apache-2.0
 *
 * Searches over words: what ranks regions of a picture (LiMA, SMDL, …) ranks the words of a text, or any
 * groups of places of an array. The places that may be hidden become a picture of one row, a region a word;
 * what hides them is zero, as in game.h.
 */
#ifndef VT_ATTRIBUTION_WORDS_H
#define VT_ATTRIBUTION_WORDS_H

#include "explain/map.h"

typedef struct vt_words {
  vt_model *model;     /* owned: answers rows of places */
  vt_regions *regions; /* owned: a word each, over the places that may be hidden */
  vt_scorer *scorer;
} vt_words;

/* `task` of arrays, with subject, input, target and groups; `classes`: numbers of the output that targets
 * read. The task gets model, regions and scorer, the explanation its ranking. vt_words_close() in any
 * case. */
vt_status vt_words_open(vt_ctx *ctx, vt_task *task, size_t classes, vt_explanation *explanation,
                        vt_words *out);
/* Curves, subsets and the map of the places, from an order that a method found; the map is that of a ranking
 * (01-lima §7), shifted so that the least word has 0, as the places that stay. The explanation owns the
 * regions from here on. */
vt_status vt_words_finish(vt_ctx *ctx, vt_words *words, vt_task *task, vt_explanation *explanation);
void vt_words_close(vt_words *words, vt_task *task);

#endif
