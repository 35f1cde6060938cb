/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of 01 LiMA on trained subjects have in common: groups, sizes, and one seed of them. A part
 * says who takes part, which pictures, what is measured, and what else it makes of each.
 */
#ifndef VT_PAPERS_LIMA_SEED_H
#define VT_PAPERS_LIMA_SEED_H

#include "papers/lima_study.h"

/* Groups: masked subjects in the order of vt_lima_kinds, then plain ones. */
enum { VT_LIMA_SUBJECTS = 6, VT_LIMA_SCENE_SUBJECTS = 4, VT_LIMA_GROUP_COUNT = 10, VT_LIMA_ARMS = 32 };
#define VT_LIMA_GROUPS                                                                                       \
  {"cnn", "1 Residual network, scenes", false}, {"vit", "2 Vision transformer, scenes", false},              \
      {"towers", "3 Picture and text towers, scenes", false},                                                \
      {"mixer", "4 State-space network, scenes", false}, {"sounds", "5 Classifier of sounds", false},        \
      {"slides", "6 Picture and text towers, tissue", false},                                                \
      {"plain-cnn", "1 without erased blocks in training", true},                                            \
      {"plain-vit", "2 without erased blocks in training", true},                                            \
      {"plain-towers", "3 without erased blocks in training", true},                                         \
  {                                                                                                          \
    "plain-mixer", "4 without erased blocks in training", true                                               \
  }

/* Sizes; a part's settings are these. */
typedef struct vt_lima_sizes {
  int64_t items, plain, steps, count;
  int subjects, methods;
} vt_lima_sizes;
/* clang-format off */
#define VT_LIMA_SIZE_FIELDS(what, items_, plain_)                                                           \
  {"items", VT_FIELD_INT, offsetof(vt_lima_sizes, items), items_, VT_RANGE(1, 100000),                      \
   .help = what " pictures of each subject and seed"},                                                      \
  {"plain", VT_FIELD_INT, offsetof(vt_lima_sizes, plain), plain_, VT_RANGE(0, 100000),                      \
   .help = "the same of subjects that never saw erased blocks, first seed only"},                           \
  {"subjects", VT_FIELD_CHOICE, offsetof(vt_lima_sizes, subjects), "all", .choices = "all|pair|one",        \
   .help = "all six; network and transformer; the network"},                                                \
  {"methods", VT_FIELD_CHOICE, offsetof(vt_lima_sizes, methods), "all", .choices = "all|core",              \
   .help = "all; without second budgets, ensembles and relatives"},                                         \
  {"steps", VT_FIELD_INT, offsetof(vt_lima_sizes, steps), "0", VT_RANGE(0, 1000000),                        \
   .help = "training steps of each subject; 0: as its recipe says"},                                        \
  {"count", VT_FIELD_INT, offsetof(vt_lima_sizes, count), "0", VT_RANGE(0, 100000000),                      \
   .help = "training items; 0: as the recipe says"}
/* clang-format on */

typedef enum vt_lima_role {
  VT_LIMA_OURS,
  VT_LIMA_REFERENCE,
  VT_LIMA_BASELINE,
  VT_LIMA_SECOND_BUDGET,
  VT_LIMA_VIRTUAL /* stands for others: the mean of the baselines, then the best, at the end of the list */
} vt_lima_role;
typedef struct vt_lima_arm {
  const char *text; /* of the contender; NULL: virtual */
  vt_lima_role role;
  bool core;
  const char *only; /* for subjects that name it among their extra methods; NULL: for all */
} vt_lima_arm;

typedef struct vt_lima_seed vt_lima_seed;
struct vt_lima_seed {
  /* the part */
  const vt_experiment
      *experiment;        /* its groups are VT_LIMA_GROUPS, its yardsticks begin as VT_LIMA_YARDSTICKS */
  const vt_lima_arm *how; /* [arm_count] */
  unsigned ask;
  int accuracy; /* yardstick of it, measured of arm 0 */
  /* Pictures of a group: as vt_lima_items(). NULL: those that it gets right. */
  vt_status (*items)(vt_ctx *ctx, const vt_lima_subject *subject, int64_t count, vt_lima_item *items,
                     int64_t *found);
  /* More rows of a contender's answer, with vt_lima_table_add(). NULL: none. */
  vt_status (*more)(vt_ctx *ctx, vt_lima_seed *seed, int group, int arm, const vt_lima_item *item,
                    const vt_lima_study *study, const vt_lima_said *said);
  /* the run */
  vt_repro *repro;
  const vt_lima_sizes *sizes;
  int seed;
  /* inside */
  vt_lima_table table;
  vt_lima_subject subjects[VT_LIMA_GROUP_COUNT];
  bool there[VT_LIMA_GROUP_COUNT];
};

/* Trains the subjects (stage "subjects") and explains their pictures (stage "pictures"). */
vt_status vt_lima_seed_run(vt_ctx *ctx, vt_lima_seed *seed);
/* Writes the table, virtual arms included. */
vt_status vt_lima_seed_write(const vt_lima_seed *seed);
void vt_lima_seed_close(vt_lima_seed *seed);

/* Steps of the two stages, of vt_lima_sizes. */
int64_t vt_lima_subject_steps(const void *settings);
int64_t vt_lima_picture_steps(const void *settings);
#define VT_LIMA_STAGES                                                                                       \
  {"subjects", "subjects trained", vt_lima_subject_steps},                                                   \
  {                                                                                                          \
    "pictures", "pictures explained", vt_lima_picture_steps                                                  \
  }

#endif
