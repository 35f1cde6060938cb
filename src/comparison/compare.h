/* SPDX-License-Identifier: Apache-2.0
 *
 * A comparison over many pictures that can be stopped at any time and goes on where it was: rows.jsonl in a
 * folder (ledger.h), maps for the page, and what holds for all of it in run.json.
 */
#ifndef VT_COMPARISON_COMPARE_H
#define VT_COMPARISON_COMPARE_H

#include "comparison/album.h"
#include "comparison/judge.h"
#include "comparison/ledger.h"

typedef enum vt_which { VT_WHICH_ALL, VT_WHICH_RIGHT, VT_WHICH_WRONG } vt_which;

/* Everything is borrowed. */
typedef struct vt_compare {
  vt_model *model;
  const char *model_name; /* as shown */
  const vt_album *album;
  vt_contest contest;
  const char *folder; /* made when it is not there */
  vt_which which;    /* pictures by whether the model gets them right; those without a label count as right */
  bool to_predicted; /* the target is what the model answers, even where the true class is known */
  int64_t begin, end; /* pictures of the album, end not included */
  int64_t shown;      /* the first so many that take part leave their maps for the page */
  bool curves;        /* rows of curve metrics hold every point */
  bool retry;         /* what failed is tried again */
} vt_compare;

typedef enum vt_entry_state {
  VT_ENTRY_OPEN,     /* not reached */
  VT_ENTRY_JUDGED,   /* everything is in the ledger */
  VT_ENTRY_LEFT_OUT, /* by `which` */
  VT_ENTRY_BAD       /* it cannot be read */
} vt_entry_state;

/* A picture of the run, by its place in the album. */
typedef struct vt_entry {
  int64_t picture;
  vt_entry_state state;
  bool shown;
  char picture_key[VT_LEDGER_KEY];
  char (*explanations)[VT_LEDGER_KEY]; /* [contenders] keys; NULL until it was reached */
  char (*measures)[VT_LEDGER_KEY];     /* [contenders · criteria · 2] */
} vt_entry;

typedef struct vt_compared {
  vt_ledger *ledger;
  vt_entry *entries; /* of the pictures from begin to end */
  size_t count;
  size_t judged, left_out, bad;
  int64_t new_rows; /* that this run added */
  bool partial;     /* the cancel flag went up before the last picture was done */
  bool repaired;    /* the last line of an earlier run had been cut off */
} vt_compared;

/* Runs what is missing. The cancel flag ends it after the row that was being measured, whose work is lost
 * and no other: VT_OK, `partial` is set. VT_ERROR_EXISTS when the folder holds a comparison on other terms
 * (model, division, fill, score, seed, budget); methods, metrics and pictures may differ, their rows stand
 * beside each other. Pictures, methods and metrics that fail are rows with an error. On failure `out` is
 * empty. */
vt_status vt_compare_run(vt_ctx *ctx, const vt_compare *compare, vt_compared *out);
void vt_compared_free(vt_compared *compared);

/* Row of an explanation, or of a measure; NULL: there is none. */
const vt_ledger_row *vt_compared_explanation(const vt_compared *compared, size_t entry, int contender);
const vt_ledger_row *vt_compared_measure(const vt_compared *compared, const vt_contest *contest, size_t entry,
                                         int contender, int criterion, vt_granularity granularity);

/* File of a contender's map of a shown picture, or of the picture as the model sees it (contender −1), in the
 * folder of the run: "maps/NAME/LABEL-0123abcd.npy", "maps/NAME.png". Caller frees. */
char *vt_compare_map_path(vt_ctx *ctx, const vt_compare *compare, int64_t picture, int contender);

#endif
