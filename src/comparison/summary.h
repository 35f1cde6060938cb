/* SPDX-License-Identifier: Apache-2.0
 *
 * What a comparison comes to: means, ranks, paired differences.
 */
#ifndef VT_COMPARISON_SUMMARY_H
#define VT_COMPARISON_SUMMARY_H

#include "comparison/compare.h"
#include "math/statistics.h"

enum { VT_SUMMARY_RESAMPLES = 2000 };

/* A contender by a criterion at a granularity, over the pictures that were judged. */
typedef struct vt_summary_cell {
  size_t count, undefined, failed; /* pictures with a value, without, with an error */
  double mean, spread;             /* spread: standard deviation over pictures */
  vt_interval interval;            /* of the mean: 95 % of bootstrap draws of pictures */
  double rank;                     /* mean rank, 1 the best, over `ranked` pictures where all that have any
                                    * value have one; ties get their mean rank */
  size_t ranked;
} vt_summary_cell;

/* Two contenders over the pictures where both have a value. */
typedef struct vt_summary_pair {
  size_t count;
  double difference;    /* mean; above 0: the first is better, whatever the metric's direction */
  vt_interval interval; /* 95 % of paired bootstrap draws */
  double wins;          /* share of the pictures on which the first is better, ties half */
} vt_summary_pair;

typedef struct vt_summary_contender {
  size_t explained, failed;
  double calls, forwards, seconds; /* means of the explanations; NaN: there are none */
  double samples;                  /* mean, that the budget gave; 0: its own settings */
  double rank[2];                  /* mean of its ranks by granularity; NaN: not measured */
  double consistency;              /* metrics/consistency.h: pictures explained alike are answered alike */
  int64_t alike;                   /* pairs of pictures that are explained alike */
  const char *error;               /* borrowed: the first one; NULL: none */
} vt_summary_contender;

typedef struct vt_summary {
  const vt_compare *compare; /* borrowed, like the next */
  const vt_compared *compared;
  size_t contenders, criteria, pictures; /* pictures: those judged */
  vt_summary_contender *contender;
  vt_summary_cell *cells; /* [contenders · criteria · 2] */
  vt_summary_pair *pairs; /* [contenders · contenders · criteria · 2] first, second, criterion, granularity */
} vt_summary;

/* A granularity that was not measured has cells of count 0. Pure in the rows: the same numbers every time.
 * Free with vt_summary_free(). */
vt_status vt_summary_make(vt_ctx *ctx, const vt_compare *compare, const vt_compared *compared,
                          vt_summary *out);
void vt_summary_free(vt_summary *summary);
const vt_summary_cell *vt_summary_cell_of(const vt_summary *summary, size_t contender, size_t criterion,
                                          vt_granularity granularity);
const vt_summary_pair *vt_summary_pair_of(const vt_summary *summary, size_t first, size_t second,
                                          size_t criterion, vt_granularity granularity);

/* Everything; seconds in a member "timing" of their own, so that the rest is the same bytes every time. New
 * reference. */
vt_status vt_summary_json(vt_ctx *ctx, const vt_summary *summary, json_t **out);
/* Mean ranks as an SVG document: a row for each contender, best first, a dot for each criterion and a bar at
 * the mean. Caller frees. */
vt_status vt_summary_ranks_svg(vt_ctx *ctx, const vt_summary *summary, vt_granularity granularity, char **out,
                               size_t *size);
/* Contenders by rising mean rank at a granularity, those without a rank last. `order` has room for all. */
void vt_summary_order(const vt_summary *summary, vt_granularity granularity, size_t *order);

#endif
