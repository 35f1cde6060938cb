/* SPDX-License-Identifier: Apache-2.0
 *
 * The subjects of 01 LiMA: small models trained here on worlds whose truth is known, each with and without
 * erased blocks in training, and the pictures that they get right and wrong.
 */
#ifndef VT_PAPERS_LIMA_SUBJECTS_H
#define VT_PAPERS_LIMA_SUBJECTS_H

#include "explain/model.h"
#include "papers/cache.h"
#include "worlds/world.h"

typedef enum vt_lima_variant {
  VT_LIMA_MASKED, /* half of the training pictures lack blocks */
  VT_LIMA_PLAIN   /* whole pictures only: composites are nothing it has seen */
} vt_lima_variant;

/* What an item is drawn for. */
typedef enum vt_lima_form {
  VT_LIMA_ONE,      /* as in training */
  VT_LIMA_TWO,      /* a second thing of another class beside it */
  VT_LIMA_CORRUPTED /* hard to see */
} vt_lima_form;

typedef struct vt_lima_kind {
  const char *id, *title;
  const char *recipe; /* of those that come with vitrail */
  const char *fill;   /* of its pictures: what stands for nothing */
  const char *regions;
  bool towers;                       /* a pair of towers asked for its class names */
  const char *embedding;             /* tensor read as the picture's vector; NULL: none */
  const char *extra;                 /* methods beside those of all subjects: "attention-rollout"; "" */
  const char *two[2], *corrupted[2]; /* settings of its world; NULL: none */
} vt_lima_kind;
extern const vt_lima_kind vt_lima_kinds[];
extern const size_t vt_lima_kind_count;
const vt_lima_kind *vt_lima_kind_find(const char *id); /* NULL: unknown */

/* How a subject is trained. */
typedef struct vt_lima_training {
  vt_lima_variant variant;
  int seed;
  int64_t steps; /* 0: as the recipe says */
  int64_t count; /* training items; 0: as the recipe says */
} vt_lima_training;

typedef struct vt_lima_subject {
  const vt_lima_kind *kind;
  vt_lima_training training;
  char world[64];
  vt_model *model;
  double accuracy;    /* on up to 256 of the recipe's test items, answered as the model is asked here */
  int64_t parameters; /* numbers that were trained */
  bool trained;       /* here and now; false: it was in the cache */
} vt_lima_subject;

/* Trains the subject, or reads it from the cache (NULL: trains in a folder that goes away). Close with
 * vt_lima_subject_close(). */
vt_status vt_lima_subject_open(vt_ctx *ctx, vt_cache *cache, const vt_lima_kind *kind,
                               const vt_lima_training *training, vt_lima_subject *out);
void vt_lima_subject_close(vt_lima_subject *subject);
/* Sets `accuracy`: share of up to 256 of these items that the model answers right. */
vt_status vt_lima_subject_measure(vt_ctx *ctx, const vt_dataset *set, vt_lima_subject *subject);

/* A picture with its truth. */
typedef struct vt_lima_item {
  int64_t index; /* in its world */
  vt_image *picture;
  int label, predicted;
  double probability;  /* of the label */
  uint8_t *mask;       /* [height · width] 1 on what makes the class */
  uint8_t *distractor; /* on the second thing; all 0: there is none */
  int64_t area, distractor_area;
} vt_lima_item;

/* The first `count` items of the world that the model answers right (or, `wrong`, does not) among at most
 * `most` of them from `first` on; `*found` may be fewer. Items are drawn with a seed of their own: no
 * training, validation or test has seen them. `next` (may be NULL): index behind the last one looked at.
 * Free each with vt_lima_item_free(). */
vt_status vt_lima_items(vt_ctx *ctx, const vt_lima_subject *subject, vt_lima_form form, bool wrong,
                        int64_t first, int64_t most, int64_t count, vt_lima_item *items, int64_t *found,
                        int64_t *next);
void vt_lima_item_free(vt_lima_item *item);

/* Class probabilities [classes] of a picture of the model's size. */
vt_status vt_lima_item_ask(vt_ctx *ctx, vt_model *model, const vt_image *picture, double *probabilities);

#endif
