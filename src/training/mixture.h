/* SPDX-License-Identifier: Apache-2.0
 *
 * Mixtures: the items of several worlds as one data set.
 *
 *   scenes/object*3+scenes/object(form=two,clutter=6)*1
 *
 * Parts stand between plus signs: a world, settings of its own in parentheses, and a weight, 1 unless said.
 * Of n items a part has its share by weight, to the nearest whole (largest remainder). Which part item i is
 * of, and which item of that part, is a function of (seed, split, n, i): a permutation, so that every item of
 * a part comes once. Parts of the same world show different items of it.
 *
 * Parts must fit each other: the fields that the learner reads have one type and shape, labels and words
 * mean the same.
 */
#ifndef VT_TRAINING_MIXTURE_H
#define VT_TRAINING_MIXTURE_H

#include "training/learner.h"
#include "training/recipe.h"

enum { VT_MIXTURE_PARTS = 8 };

/* One part of such a text. */
typedef struct vt_mixture_part {
  char *world;
  double weight;
  vt_texts settings; /* "name=value" in its parentheses */
} vt_mixture_part;
/* Reads the text. VT_ERROR_INVALID_ARGUMENT says what is wrong with it. Free with
 * vt_mixture_parts_free(). */
vt_status vt_mixture_parse(vt_ctx *ctx, const char *text, vt_mixture_part parts[VT_MIXTURE_PARTS],
                           int *count);
void vt_mixture_parts_free(vt_mixture_part parts[VT_MIXTURE_PARTS]);

/* The opened data of a block of a recipe: one world, or a mixture. */
typedef struct vt_mixture {
  int count;                         /* parts; 0: not opened */
  char labels[VT_MIXTURE_PARTS][48]; /* what measures call them: the world, numbered if it is there twice */
  vt_world *worlds[VT_MIXTURE_PARTS];
  vt_dataset *sources[VT_MIXTURE_PARTS]; /* items of the world from 0 on */
  vt_dataset *parts[VT_MIXTURE_PARTS];   /* those of them that the mixture shows */
  vt_dataset *set;                       /* all; the only part itself when there is one */
} vt_mixture;

/* Opens it. Settings of the block hold for every part that knows them; one that none knows is an error that
 * gives the nearest. Free with vt_mixture_close(). */
vt_status vt_mixture_open(vt_ctx *ctx, const vt_recipe_data *data, vt_mixture *out);
void vt_mixture_close(vt_mixture *mixture); /* accepts one that is all zero */
/* Whether each of its parts agrees with the first part of `base` (which may be the mixture itself) in the
 * types and shapes of fields (NULL: all), in words and catalogues, and in the classes if they matter:
 * VT_ERROR_INVALID_ARGUMENT names both worlds and what differs. */
vt_status vt_mixture_agrees(vt_ctx *ctx, const vt_mixture *mixture, const vt_mixture *base,
                            const char *const *fields, bool classes);
/* The same for what a learner reads that was opened on the first part of `base`. */
vt_status vt_mixture_fits(vt_ctx *ctx, const vt_mixture *mixture, const vt_mixture *base,
                          const vt_learner *learner);

/* Measures a task on all items and then, when there are several parts, on those of each: "accuracy
 * (scenes/object)". Where not all find room, parts have the first measure alone. */
vt_status vt_mixture_measure(vt_run *run, const vt_mixture *mixture, const vt_learning_task *task,
                             int64_t batch, vt_measures *out);
/* A task with the same loss that measures this mixture so; everything is borrowed. */
typedef struct vt_mixture_task {
  const vt_learning_task *task;
  const vt_mixture *mixture;
} vt_mixture_task;
vt_learning_task vt_mixture_as_task(const vt_mixture_task *both);

#endif
