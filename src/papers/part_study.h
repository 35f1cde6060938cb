/* SPDX-License-Identifier: Apache-2.0
 *
 * Methods against the exact truth of a world: every method explains the scenes that the model gets right, and
 * what it points at is compared with the parts that decide and with what the model's score loses without each
 * part. Any method and any model of a scenes world; references that know nothing (random, centre), only the
 * place (thing) and everything (truth) stand beside them.
 */
#ifndef VT_PAPERS_PART_STUDY_H
#define VT_PAPERS_PART_STUDY_H

#include "comparison/contender.h"
#include "math/statistics.h"
#include "metrics/part_truth.h"

typedef enum vt_study_kind {
  VT_STUDY_METHOD,
  VT_STUDY_RANDOM, /* an order of the regions drawn at random */
  VT_STUDY_CENTRE, /* a Gaussian around the middle of the picture, a quarter of its side wide */
  VT_STUDY_THING,  /* 1 on the thing, 0 elsewhere: knows where, not what of it */
  VT_STUDY_TRUTH   /* every part's effect, spread evenly over its visible pixels */
} vt_study_kind;

/* A row of the table. */
typedef struct vt_study_arm {
  vt_study_kind kind;
  char title[64];
  vt_contender contender; /* of METHOD: it with its own defaults, owned */
  bool true_parts;        /* the regions are the scene's parts and the rest, instead of the division */
  vt_score_kind score;    /* explained */
} vt_study_arm;

/* What is measured of each arm and scene. */
enum {
  VT_STUDY_POINTING,    /* pointing game, mask: the parts that decide */
  VT_STUDY_TOP_PART,    /* pointing game, mask: the part with the highest effect */
  VT_STUDY_MASS,        /* mass accuracy, mask: the parts that decide */
  VT_STUDY_MASS_LEAST,  /* the same above the map's least value */
  VT_STUDY_RANK,        /* rank accuracy */
  VT_STUDY_AUC,         /* localisation AUC */
  VT_STUDY_PURITY_ONE,  /* purity of the first region */
  VT_STUDY_PURITY,      /* of the first regions of the mask's area */
  VT_STUDY_PURITY_KEEP, /* of the smallest prefix that alone keeps 0.9 of the probability; NaN: none does */
  VT_STUDY_CORRELATION, /* Spearman over all parts: excess of the map, effect on the logit */
  VT_STUDY_BY_SUM,      /* the same with the plain sum of the map */
  VT_STUDY_BY_MEAN,     /* with its mean */
  VT_STUDY_KENDALL,     /* the excess, Kendall's τ */
  VT_STUDY_PROBABILITY, /* the excess, effect on the probability */
  VT_STUDY_WITHIN,      /* the excess, only parts of the thing */
  VT_STUDY_PER_PIXEL,   /* mean of the map, effect over area, only parts of the thing */
  VT_STUDY_FIRST,       /* the part with the highest effect has the highest excess */
  VT_STUDY_TOLERANT,    /* pointing game with the usual tolerance */
  VT_STUDY_CALLS,       /* model calls of the method */
  VT_STUDY_SECONDS,     /* of the method alone */
  VT_STUDY_VALUES
};
typedef struct vt_study_value {
  const char *id, *title;
  bool higher_is_better;
} vt_study_value;
extern const vt_study_value vt_study_values[VT_STUDY_VALUES];

typedef struct vt_study_row {
  uint64_t seed;
  int64_t item;
  int arm;
  double values[VT_STUDY_VALUES]; /* NaN: undefined for this scene */
} vt_study_row;

/* A part of a scene that was used. */
typedef struct vt_study_part {
  uint64_t seed;
  int64_t item, area;
  char name[40];
  vt_part_kind kind;
  double logit, probability; /* true effects */
  bool flips;                /* the answer changes without it */
} vt_study_part;

struct vt_study;

typedef struct vt_study_options {
  const char *world;           /* id of a preset */
  const char *const *settings; /* "name=value" of it */
  size_t setting_count;
  uint64_t seed; /* of the first world; `seeds` follow each other */
  int seeds;
  vt_split split;
  int64_t count;       /* scenes a seed, right ones */
  const char *methods; /* "lima,rise": ids or aliases */
  const char *regions; /* division for methods that need one, and for purity */
  bool true_parts;     /* a second row with the true parts for methods that rank regions */
  int score; /* 0: probability for methods that only ask the model, logit for those that look inside; else
                1 + vt_score_kind */
  /* Called for every scene with its maps [arm_count] of the picture's size, which are gone afterwards; NULL:
   * nobody is. */
  vt_status (*show)(vt_ctx *ctx, void *user, const struct vt_study *study, const vt_part_truth *truth,
                    const vt_study_row *rows, float *const *maps);
  void *user;
} vt_study_options;

typedef struct vt_study {
  const vt_study_options *options; /* borrowed */
  vt_study_arm *arms;              /* methods, then the references */
  int arm_count;
  vt_study_row *rows; /* scene by scene, an arm each */
  size_t row_count, row_capacity;
  vt_study_part *parts;
  size_t part_count, part_capacity;
  int64_t scenes, wrong, hidden; /* used; left out because the model errs; parts that do not show */
  bool partial;                  /* the cancel flag went up before all scenes were done */
  double area;                   /* mean share of the parts that decide in the picture: chance */
} vt_study;

/* Runs it. Every row is a function of world, seed, item, model and settings (but for the seconds). When the
 * cancel flag goes up after the first scene, what was measured is kept: VT_OK, `partial` is set. */
vt_status vt_study_run(vt_ctx *ctx, vt_model *model, const vt_study_options *options, vt_study *out);
void vt_study_free(vt_study *study);

/* Mean over all scenes, spread (standard deviation) of the means of single seeds, interval of the mean that
 * holds 95 % of bootstrap draws over scenes; `count` scenes had a value. */
typedef struct vt_study_summary {
  double mean, spread;
  vt_interval interval;
  size_t count;
} vt_study_summary;
vt_status vt_study_summarise(vt_ctx *ctx, const vt_study *study, int arm, int value, vt_study_summary *out);
/* The same of the paired differences of two arms over scenes where both have a value. */
vt_status vt_study_compare(vt_ctx *ctx, const vt_study *study, int arm, int against, int value,
                           vt_study_summary *out);

/* What parts of one kind are worth: means over parts. NaN where there are none. */
typedef struct vt_study_effect {
  size_t count;
  double logit, logit_size;             /* mean effect, mean of its absolute value */
  double probability, probability_size; /* the same on the probability */
  double logit_high;                    /* 95 % of the absolute values lie below */
  double flips;                         /* share without which the answer changes */
} vt_study_effect;
vt_status vt_study_effect_of(vt_ctx *ctx, const vt_study *study, vt_part_kind kind, vt_study_effect *out);

/* Everything, seconds in a member of their own. New reference. */
vt_status vt_study_json(vt_ctx *ctx, const vt_study *study, const vt_model *model, json_t **out);

#endif
