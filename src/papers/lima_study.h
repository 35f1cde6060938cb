/* SPDX-License-Identifier: Apache-2.0
 *
 * One picture of 01 LiMA: all contenders explain it once, and what they say is measured as its experiments
 * need it, at pixel and at equal granularity.
 */
#ifndef VT_PAPERS_LIMA_STUDY_H
#define VT_PAPERS_LIMA_STUDY_H

#include "comparison/judge.h"
#include "papers/experiment.h"
#include "papers/lima_subjects.h"

/* What is measured of each contender. NaN: undefined for this picture. "Equal": maps averaged over the shared
 * regions, which they rank; one step a region, area over true area. */
enum {
  VT_LIMA_PIXEL_INSERTION, /* 50 steps of pixels on the map as it is */
  VT_LIMA_PIXEL_DELETION,
  VT_LIMA_INSERTION, /* equal */
  VT_LIMA_DELETION,
  VT_LIMA_INSERTION_NORMALISED, /* of (s − blank) / (full − blank) */
  VT_LIMA_DELETION_NORMALISED,
  VT_LIMA_KEEP_AREA,    /* of the smallest prefix that alone keeps .9 of the whole picture's score; equal */
  VT_LIMA_KEEP_REGIONS, /* how many regions that is */
  VT_LIMA_POINTING,     /* as it is */
  VT_LIMA_RANK,
  VT_LIMA_PURITY_FIRST, /* of the first region; equal */
  VT_LIMA_PURITY_KEEP,  /* of that smallest prefix */
  VT_LIMA_PURITY_AREA,  /* of the first regions that make up the mask's area */
  VT_LIMA_CHANCE,       /* share of the mask in the picture */
  VT_LIMA_HIGHEST_25,   /* highest score within a quarter of the area; equal */
  VT_LIMA_HIGHEST_50,
  VT_LIMA_HIGHEST_75,
  VT_LIMA_HIGHEST_100,
  VT_LIMA_DISTRACTOR_LAST,   /* as many pixels from the end of the order: share in the distractor */
  VT_LIMA_DISTRACTOR_CHANCE, /* share of the distractor in the picture; NaN: there is none */
  VT_LIMA_CALLS,
  VT_LIMA_SECONDS,
  VT_LIMA_VALUES
};
/* A yardstick for each, in this order. */
/* clang-format off */
#define VT_LIMA_YARDSTICKS                                                                                  \
  {"pixel-insertion", "Insertion, 50 steps of pixels", "", true, 0, 1}, \
  {"pixel-deletion", "Deletion, 50 steps of pixels", "", false, 0, 1}, \
  {"insertion", "Insertion, equal granularity", "", true, 0, 1}, \
  {"deletion", "Deletion, equal granularity", "", false, 0, 1}, \
  {"insertion-normalised", "… from the blank's score to the picture's", "", true, -100, 100}, \
  {"deletion-normalised", "… from the blank's score to the picture's", "", false, -100, 100}, \
  {"keep-area", "Area of the smallest prefix at .9 of the score", "", false, 0, 1}, \
  {"keep-regions", "Regions of that prefix", "regions", false, 0, 4096}, \
  {"pointing", "Pointing game", "", true, 0, 1}, \
  {"rank", "Rank accuracy", "", true, 0, 1}, \
  {"purity-first", "Purity of the first region", "", true, 0, 1}, \
  {"purity-keep", "Purity of the smallest prefix at .9", "", true, 0, 1}, \
  {"purity-area", "Purity at the object's area", "", true, 0, 1}, \
  {"chance", "Share of the object in the picture", "", true, 0, 1}, \
  {"highest-25", "Highest score within 25 % of the area", "", true, 0, 1}, \
  {"highest-50", "… within 50 %", "", true, 0, 1}, \
  {"highest-75", "… within 75 %", "", true, 0, 1}, \
  {"highest-100", "… at all", "", true, 0, 1}, \
  {"distractor-last", "Rank accuracy of the reversed order on the distractor", "", true, 0, 1}, \
  {"distractor-chance", "Share of the distractor in the picture", "", true, 0, 1}, \
  {"calls", "Model calls", "calls", false, 0, 1e12}, \
  {"seconds", "Seconds", "s", false, 0, 1e9}
/* clang-format on */

/* What is measured at all; the others stay NaN. */
enum { VT_LIMA_ASK_CURVES = 1, VT_LIMA_ASK_PIXELS = 2, VT_LIMA_ASK_PLACES = 4, VT_LIMA_ASK_HIGHEST = 8 };

typedef struct vt_lima_said {
  bool made;     /* false: the contender cannot explain this model */
  char why[160]; /* then */
  double values[VT_LIMA_VALUES];
  int *order;                         /* [regions] of the shared division, most important first */
  int keep;                           /* regions of the smallest prefix that keeps .9; 0: none does */
  double keep_score, first_scores[2]; /* of that prefix; of no and of one region */
} vt_lima_said;

typedef struct vt_lima_study {
  /* asked */
  const vt_contender *contenders;
  size_t contender_count;
  unsigned ask;
  const char *regions, *fill;
  int64_t seed;
  /* answered */
  vt_lima_said *said; /* [contender_count] */
  vt_regions *division;
  vt_image *blank;
  double full, blank_score;
} vt_lima_study;

/* Explains one item with its label as target. Contenders that cannot are marked; failures of the model and
 * interruptions are failures. Free with vt_lima_study_free(). */
vt_status vt_lima_study_run(vt_ctx *ctx, vt_model *model, const vt_lima_item *item, vt_lima_study *study);
void vt_lima_study_free(vt_lima_study *study); /* what was answered */

/* Probability of the class when only regions order[0 … count − 1] are seen and `fill` is elsewhere. `jitter`
 * > 0: borders of what is seen are moved by up to so many pixels, smoothly, in both directions. */
vt_status vt_lima_prefix_score(vt_ctx *ctx, vt_model *model, const vt_lima_item *item,
                               const vt_regions *division, const int *order, int count, const char *fill,
                               double jitter, uint64_t seed, double *out);

/* ---- rows of an experiment ---- */

typedef struct vt_lima_row {
  int arm, yardstick, group;
  int64_t item;
  double value;
} vt_lima_row;

/* Measurements of one seed, kept until the arms that stand for several others can be worked out. */
typedef struct vt_lima_table {
  vt_lima_row *rows;
  size_t count, capacity;
} vt_lima_table;
vt_status vt_lima_table_add(vt_ctx *ctx, vt_lima_table *table, int arm, int yardstick, int group,
                            int64_t item, double value);
void vt_lima_table_free(vt_lima_table *table);

/* Writes all rows, and those of two arms more. `mean`: of each item the mean over the baselines that have a
 * value. `best`: the values of the one baseline whose mean over the groups that are no controls is the best,
 * chosen for each yardstick with all items at hand. Baselines: baseline[arm]. An arm of −1 is left out. */
vt_status vt_lima_table_write(vt_repro *repro, const vt_experiment *experiment, const vt_lima_table *table,
                              const bool *baseline, int mean, int best);
/* Mean of an arm's rows in a group; NaN: none. */
double vt_lima_table_mean(const vt_lima_table *table, int arm, int yardstick, int group);

#endif
