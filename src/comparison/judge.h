/* SPDX-License-Identifier: Apache-2.0
 *
 * Every contender explains a picture once, and every criterion measures what it said: as it is and at equal
 * granularity. What one contender or metric cannot do is a row with a reason; the others go on.
 */
#ifndef VT_COMPARISON_JUDGE_H
#define VT_COMPARISON_JUDGE_H

#include "comparison/bench.h"

/* Who is compared by what. Everything is borrowed. */
typedef struct vt_contest {
  const vt_contender *contenders;
  size_t contender_count;
  const vt_criterion *criteria;
  size_t criterion_count;
  vt_terms terms;
  bool as_it_is, equal; /* granularities that are measured */
  /* Contender whose model calls on a picture every sampling method gets there (the most samples that need no
   * more calls); −1: each has its own settings. */
  int budget_of;
} vt_contest;

/* VT_ERROR_INVALID_ARGUMENT when a metric or a contender needs a truth that no picture has. */
vt_status vt_contest_check(vt_ctx *ctx, const vt_contest *contest, bool masks, bool parts);

/* One measurement. */
typedef struct vt_outcome {
  int contender, criterion;
  vt_granularity granularity;
  vt_measure measure; /* value, normalised value, curve, calls; NaN: its note says why */
  const char *error;  /* borrowed: what failed, the explanation or the metric; NULL: nothing */
  double seconds;     /* of measuring; the explanation's stand with it */
} vt_outcome;

/* Where the results of a picture go, as they come. Failures of these functions end the judging. */
typedef struct vt_judge_sink {
  void *user;
  /* Whether this is to be measured; NULL: everything is. A contender of whom nothing is wanted does not
   * explain. */
  bool (*wanted)(void *user, int contender, int criterion, vt_granularity granularity);
  /* Model calls that the contender of the budget is known to have taken on this picture, 0: not known, it has
   * to explain. NULL: never known. */
  int64_t (*known_budget)(void *user);
  /* An explanation was made (`made` is gone after its outcomes), or `made` is NULL and `error` says why not.
   * NULL: nobody cares. */
  vt_status (*explained)(vt_ctx *ctx, void *user, int contender, const vt_made *made, const char *error);
  /* The outcome may be emptied: what is left of its measure is freed afterwards. */
  vt_status (*measured)(vt_ctx *ctx, void *user, vt_outcome *outcome);
} vt_judge_sink;

/* Judges one picture, whose bench is open. Contenders come in their order, that of the budget first. */
vt_status vt_judge(vt_ctx *ctx, const vt_contest *contest, const vt_bench *bench, const vt_judge_sink *sink);

/* ---- all of a picture at once ---- */

typedef struct vt_round_contender {
  char *error; /* owned: why there is no explanation; NULL: there is one */
  bool partial;
  int64_t calls, forwards, samples;
  double seconds;
} vt_round_contender;

typedef struct vt_round {
  int target, predicted;
  double full, blank;
  vt_round_contender *contenders; /* [contender_count] */
  size_t contender_count;
  vt_outcome *outcomes; /* contender by contender, criterion by criterion, as it is before equal */
  char **errors;        /* [outcome_count] what outcomes borrow */
  size_t outcome_count;
} vt_round;

/* Opens the bench, judges, keeps everything. Bytes are the same for any number of threads, seconds apart. On
 * failure nothing is left in `out`. */
vt_status vt_judge_picture(vt_ctx *ctx, const vt_contest *contest, const vt_exhibit *exhibit, vt_round *out);
void vt_round_free(vt_round *round);
/* The outcome of a contender by a criterion; NULL: was not measured. */
const vt_outcome *vt_round_find(const vt_round *round, int contender, int criterion,
                                vt_granularity granularity);

#endif
