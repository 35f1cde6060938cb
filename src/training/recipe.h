/* SPDX-License-Identifier: Apache-2.0
 *
 * Recipes: what is trained, on what and how, as key=value text in blocks.
 *
 *   [recipe]
 *   title=Kinds of things, by a small residual network
 *   [model]
 *   kind=resnet                  a learner (learner.h); the other keys are its settings
 *   widths=16,32,64
 *   [data]
 *   world=scenes/object          a world (worlds/world.h); count, seed, split, and its settings
 *   count=8000
 *   [validation]                 as [data], but for what it says; its split is "validation" unless said
 *   [test]                       the same with split "test", and a seed of its own: read once, at the end
 *   [stage main]                 one or more, in order; settings of trainer, optimiser, schedule
 *   epochs=5
 *   lr=0.003
 *
 * Lines that begin with # are comments. Where a world stands, a mixture may (mixture.h); a stage may train on
 * another one ("data"), and adapters in place of weights ("lora", adapters.h).
 */
#ifndef VT_TRAINING_RECIPE_H
#define VT_TRAINING_RECIPE_H

#include "nn/lora.h"
#include "nn/trainer.h"
#include "worlds/world.h"

enum { VT_RECIPE_STAGES = 16, VT_RECIPE_SETTINGS = 64 };

/* One set of items. */
typedef struct vt_recipe_data {
  char *world;   /* or a mixture of several (training/mixture.h) */
  int64_t count; /* 0: as many as the split usually has */
  int64_t seed;
  vt_split split;
  vt_texts settings; /* "name=value" of the world */
} vt_recipe_data;

/* Keys of a stage that the trainer knows nothing of. */
typedef struct vt_stage_more {
  char *data; /* a world or a mixture that is trained on in place of that of [data]; NULL: that */
  char *lora; /* "TARGETS/RANK/ALPHA/DROPOUT" of adapters (nn/lora.h); NULL: none */
} vt_stage_more;

typedef struct vt_recipe_stage {
  char *name;
  vt_stage_more more;
  vt_adapter adapter;           /* what more.lora says; its name is the stage's */
  char *targets;                /* of the adapter */
  vt_trainer_settings training; /* its seed is the recipe's */
  vt_optimiser_settings optimiser;
  vt_schedule_settings schedule;
} vt_recipe_stage;

typedef struct vt_recipe {
  char *source; /* as messages call it: path, or name of one that comes with vitrail */
  char *name;   /* of the file, without folder and extension */
  char *title;  /* the name when it has none */
  char *text;   /* with all overrides; reading it gives this recipe */
  int64_t seed;
  char *model; /* learner */
  vt_texts model_settings;
  vt_recipe_data train, validation, test;
  vt_recipe_stage stages[VT_RECIPE_STAGES];
  int stage_count;
} vt_recipe;

/* Reads a recipe's text. `overrides`: "block.key=value" texts that take the place of what it says; "stage"
 * means every stage. An unknown block, key or value is VT_ERROR_INVALID_DATA that names file, block, key and
 * the nearest there is. Free with vt_recipe_free(). */
vt_status vt_recipe_parse(vt_ctx *ctx, const char *name, const char *text, size_t size,
                          const char *const *overrides, size_t count, vt_recipe **out);
/* The same from a file, or from the recipes that come with vitrail when `source` is the name of one. */
vt_status vt_recipe_read(vt_ctx *ctx, const char *source, const char *const *overrides, size_t count,
                         vt_recipe **out);
void vt_recipe_free(vt_recipe *recipe); /* accepts NULL */

/* Keys that blocks may have beside settings of learner and world, from the tables that read them. */
typedef struct vt_recipe_keys {
  const char *block; /* "recipe", "data", "stage NAME" */
  const vt_field *fields;
  size_t count;
  const char *without; /* a field that is no key; NULL: none */
} vt_recipe_keys;
enum { VT_RECIPE_TABLES = 6 };
vt_recipe_keys vt_recipe_table(int index);

/* Recipes that come with vitrail (share/recipes). */
typedef struct vt_bundled_recipe {
  const char *name, *text;
  size_t size;
} vt_bundled_recipe;
extern const vt_bundled_recipe vt_bundled_recipes[];
extern const size_t vt_bundled_recipe_count;

#endif
