/* SPDX-License-Identifier: Apache-2.0
 *
 * The subjects of 02 SMDL: for each world a recogniser and an evidential network of the same architecture,
 * both trained with erased blocks, and pictures with the mask of what decides.
 */
#ifndef VT_PAPERS_SMDL_SUBJECTS_H
#define VT_PAPERS_SMDL_SUBJECTS_H

#include "explain/model.h"
#include "papers/cache.h"
#include "worlds/world.h"

typedef struct vt_smdl_kind {
  const char *id, *title;
  const char *recipe; /* of the evidential network; the recogniser is the same by cross-entropy */
  const char *world;
  const char *damaged[2];             /* settings of the world in which mistakes are looked for */
  const char *unknown, *unknown_with; /* world and setting of pictures of no class it knows */
} vt_smdl_kind;
extern const vt_smdl_kind vt_smdl_kinds[];
extern const size_t vt_smdl_kind_count;

typedef struct vt_smdl_subject {
  const vt_smdl_kind *kind;
  vt_model *recogniser; /* with an embedding: what the head reads */
  vt_model *network;    /* evidential */
  vt_world *plain, *damaged, *unknown;
} vt_smdl_subject;

/* Trains both, or reads them from the cache; `steps` 0: as the recipe says. Close with
 * vt_smdl_subject_close(). */
vt_status vt_smdl_subject_open(vt_ctx *ctx, vt_cache *cache, const vt_smdl_kind *kind, int seed,
                               int64_t steps, vt_smdl_subject *out);
void vt_smdl_subject_close(vt_smdl_subject *subject);

/* An evidential network that saw pictures of noise while it was trained, for which it is to have no
 * evidence. Free with vt_model_free(). */
vt_status vt_smdl_noise_shown_open(vt_ctx *ctx, vt_cache *cache, const vt_smdl_kind *kind, int seed,
                                   int64_t steps, vt_model **out);

typedef struct vt_smdl_item {
  vt_image *picture; /* owned */
  uint8_t *mask; /* owned, [height · width] the thing; of creatures the parts that tell the species from its
                        nearest neighbour */
  int64_t area;  /* of the mask */
  int label, predicted;
} vt_smdl_item;

/* Item `index` of the test split, with the recogniser's answer. Free with vt_smdl_item_free(). */
vt_status vt_smdl_item_make(vt_ctx *ctx, const vt_smdl_subject *subject, const vt_world *world, int64_t index,
                            vt_smdl_item *out);
void vt_smdl_item_free(vt_smdl_item *item);
/* The next item from `*index` on that the recogniser gets right (or wrong), among at most `most`; `*index`
 * is then behind it. `*found` false: none was. */
vt_status vt_smdl_item_next(vt_ctx *ctx, const vt_smdl_subject *subject, const vt_world *world, bool wrong,
                            int64_t most, int64_t *index, vt_smdl_item *out, bool *found);

/* Share of `count` test items from `first` on that the recogniser gets right. */
vt_status vt_smdl_accuracy(vt_ctx *ctx, const vt_smdl_subject *subject, int64_t first, int64_t count,
                           double *out);

/* Class probabilities [classes] of a picture of the model's size. */
vt_status vt_smdl_ask(vt_ctx *ctx, vt_model *model, const vt_image *picture, double *probabilities);

#endif
