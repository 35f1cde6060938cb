/* SPDX-License-Identifier: Apache-2.0
 *
 * The 42 papers vitrail is about, as data.
 */
#ifndef VT_PAPERS_PAPER_H
#define VT_PAPERS_PAPER_H

#include "base/base.h"

typedef struct vt_experiment vt_experiment;

typedef enum vt_paper_state { VT_PAPER_NOT_YET, VT_PAPER_PARTLY, VT_PAPER_BUILT } vt_paper_state;

enum { VT_PROFILE_QUICK, VT_PROFILE_STD, VT_PROFILE_FULL, VT_PROFILES };
enum {
  VT_IN_QUICK = 1 << VT_PROFILE_QUICK,
  VT_IN_STD = 1 << VT_PROFILE_STD,
  VT_IN_FULL = 1 << VT_PROFILE_FULL,
  VT_IN_ALL = VT_IN_QUICK | VT_IN_STD | VT_IN_FULL
};

/* One experiment of a paper; a paper has one or several, which are run, judged and stored apart. */
typedef struct vt_paper_piece {
  const char *id;    /* what --part calls it */
  const char *title; /* heading on the page */
  const vt_experiment *experiment;
  unsigned profiles; /* VT_IN_…: those that run it without --part; --part runs it in any */
} vt_paper_piece;

typedef struct vt_paper {
  int number;        /* 1..42 */
  const char *name;  /* what `vitrail repro` calls it */
  const char *title; /* of the paper */
  const char *citation;
  int minutes; /* expected at profile std, three seeds, two cores; training shared with other papers apart */
  vt_paper_state state;
  const vt_paper_piece *parts; /* in the order of the page; NULL: not built yet */
  size_t part_count;
} vt_paper;

/* To give a paper an experiment: a file NN_name_part.c ending in a vt_experiment, and its line in list.c. */
extern const vt_paper vt_papers[];
extern const size_t vt_paper_count;

/* By name ("lima") or number ("1", "01"). NULL: unknown. */
const vt_paper *vt_paper_find(const char *name);
/* The same, but unknown names (with the nearest) and papers without an experiment are
 * VT_ERROR_INVALID_ARGUMENT. */
vt_status vt_paper_choose(vt_ctx *ctx, const char *name, const vt_paper **out);
/* A part by its id. NULL: the paper has none of this name. */
const vt_paper_piece *vt_paper_part(const vt_paper *paper, const char *id);
const char *vt_paper_state_name(vt_paper_state state); /* "not yet" "partly" "built" */

#endif
