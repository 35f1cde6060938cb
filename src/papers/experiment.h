/* SPDX-License-Identifier: Apache-2.0
 *
 * An experiment declares itself: what the paper claims, what is compared with what, how it is measured, what
 * would expose a trivial result, and how large it is. The harness runs, judges and prints all of them alike.
 */
#ifndef VT_PAPERS_EXPERIMENT_H
#define VT_PAPERS_EXPERIMENT_H

#include "base/params.h"
#include "papers/cache.h"
#include "papers/paper.h"

#define VT_PROFILE_CHOICES "quick|std|full"
const char *vt_profile_name(int profile);

/* The method, or something that stands for it. */
typedef struct vt_arm {
  const char *id, *title;
} vt_arm;

typedef struct vt_yardstick {
  const char *id, *title, *unit; /* unit "": a share or a score */
  bool higher_is_better;
  double low, high; /* what a value can be; others are an error of the experiment */
} vt_yardstick;

/* Items of one kind: a data set, a kind of model. */
typedef struct vt_item_group {
  const char *id, *title;
  bool control; /* measured for controls only; left out where a claim names no group */
} vt_item_group;

/* How two arms (or one and a number) become one number over the units. */
typedef enum vt_comparison {
  VT_COMPARE_DIFFERENCE, /* mean of the paired differences, turned so that more is better for `arm` */
  VT_COMPARE_RELATIVE,   /* that over the mean of `against` */
  VT_COMPARE_RATIO,      /* mean over mean, turned so that above 1 is better for `arm` */
  VT_COMPARE_LEVEL       /* mean of `arm` itself, not turned */
} vt_comparison;

typedef struct vt_claim {
  const char *id;
  const char *text;    /* in our words */
  const char *section; /* where the paper says it */
  const char *yardstick, *arm, *against,
      *group; /* ids; against NULL with LEVEL; group NULL: all but controls */
  vt_comparison comparison;
  /* The direction holds when the whole interval lies on the good side of this: 0 for DIFFERENCE and RELATIVE
   * (below 0: "not worse by more than"), 1 for RATIO, chance for LEVEL. */
  double neutral;
  double margin; /* what the paper reports or the comparison needs; judged on the estimate */
} vt_claim;

/* What must be so if the result is to mean anything. */
typedef struct vt_control {
  const char *id, *text;
  const char *yardstick, *arm, *against, *group;
  vt_comparison comparison;
  double at_least, at_most; /* bounds of the estimate */
  bool each;                /* of every unit, not of their mean */
} vt_control;

typedef struct vt_stage {
  const char *id, *title;
  int64_t (*steps)(const void *settings); /* of one seed */
} vt_stage;

typedef struct vt_repro vt_repro;
typedef struct vt_findings vt_findings;

struct vt_experiment {
  int version;              /* goes up when any figure changes */
  const char *coverage;     /* what of the paper this covers, for lists: "planted models only" */
  const char *protocol;     /* what is done, one paragraph */
  const char *reading;      /* what to keep in mind, one paragraph; NULL: nothing */
  const char *not_measured; /* lines */
  const vt_arm *arms;
  const vt_yardstick *yardsticks;
  const vt_item_group *groups;
  const vt_claim *claims;
  const vt_control *controls;
  const vt_stage *stages;
  size_t arm_count, yardstick_count, group_count, claim_count, control_count, stage_count;
  bool items_independent; /* units of the interval: items; else seeds (items share a trained model) */
  const vt_field *fields; /* sizes; the defaults are those of std */
  size_t field_count, settings_size;
  const char *profiles[VT_PROFILES]; /* "items=4 steps=100": what differs from std; NULL: nothing */
  int seeds[VT_PROFILES];
  /* Measures everything of one seed, all arms on the same items, data order and initial values. */
  vt_status (*run)(vt_repro *repro, int seed, const void *settings);
  /* More for the page: tables that claims and arms do not say, pictures written into `directory` (of the
   * pages) with names that begin with the paper's number. Markdown, added behind the tables. NULL:
   * nothing. */
  vt_status (*more)(vt_ctx *ctx, const vt_findings *findings, const char *directory, vt_text *out);
};

/* ---- what run() uses ---- */

vt_ctx *vt_repro_ctx(vt_repro *repro);
vt_cache *vt_repro_cache(vt_repro *repro); /* NULL: caching is off */
/* Folder of the result, for files of the experiment's own: pictures, rows of a long run that is taken up
 * again. NULL: nothing is to be written. */
const char *vt_repro_folder(const vt_repro *repro);
/* A seed for one purpose and item. It knows nothing of arms, so arms are paired by construction. */
uint64_t vt_repro_seed(const vt_repro *repro, const char *purpose, int64_t item);
/* Begins a stage of the declared ones. */
vt_status vt_repro_stage(vt_repro *repro, const char *stage);
/* One step of it is done: progress, forecast after the first steps, VT_ERROR_INTERRUPTED when asked. */
vt_status vt_repro_step(vt_repro *repro);
/* A measurement. NaN: undefined for this item, which is then left out and counted. Infinite values and values
 * outside the yardstick's range are errors. */
vt_status vt_repro_row(vt_repro *repro, const char *arm, const char *yardstick, const char *group,
                       int64_t item, double value);

#endif
