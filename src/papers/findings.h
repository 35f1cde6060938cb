/* SPDX-License-Identifier: Apache-2.0
 *
 * What an experiment found: every measurement, the judgement of each claim, and how all of it was made. Page,
 * JSON and table are made from this.
 */
#ifndef VT_PAPERS_FINDINGS_H
#define VT_PAPERS_FINDINGS_H

#include "math/statistics.h"
#include "papers/experiment.h"

typedef struct vt_row {
  int seed, group, yardstick, arm; /* indices, but for the seed */
  int64_t item;
  double value;
} vt_row;

typedef enum vt_verdict {
  VT_NOT_MEASURED,  /* no unit has both sides: a run that ended early */
  VT_HOLDS,         /* direction and margin */
  VT_MARGIN_MISSED, /* direction only */
  VT_FAILS,         /* the direction is not shown */
  VT_UNSOUND        /* a control failed: whatever was measured may be trivial */
} vt_verdict;
const char *vt_verdict_name(vt_verdict verdict); /* "holds", "direction holds, margin missed", … */

/* A claim or a control against the measurements. */
typedef struct vt_judgement {
  vt_verdict verdict;       /* controls: VT_HOLDS, VT_FAILS or VT_NOT_MEASURED */
  vt_verdict alone;         /* claims: what it would be if controls were not looked at */
  double estimate, extreme; /* extreme: of single units, the one furthest outside a control's bounds */
  vt_interval interval;     /* 95 %, bootstrap over units; NaN with one unit */
  double permutation;       /* p of the paired permutation test; NaN for LEVEL */
  size_t units, left_out;   /* left out: a side undefined */
} vt_judgement;

/* A place of the table. */
typedef struct vt_cell {
  double mean, deviation; /* over seeds of the mean over items; deviation NaN with one seed */
  size_t values, undefined;
} vt_cell;

struct vt_findings {
  const vt_paper *paper;
  const vt_paper_piece *part;
  const vt_experiment *experiment; /* of the part */
  int profile;
  bool resized;   /* sizes differ from those of the profile */
  void *settings; /* borrowed: must outlive the findings */
  int seeds_asked, seeds_done;
  const char *ended; /* NULL: complete; "interrupted" */
  vt_row *rows;
  size_t row_count, row_capacity;
  vt_judgement *claims, *controls; /* [claim_count], [control_count] */
  vt_cell *cells;                  /* [groups][yardsticks][arms] */
  vt_verdict overall;              /* the worst of the claims */
  double *stage_seconds;           /* [seeds_asked][stages] */
  int threads;
};

vt_status vt_findings_new(vt_ctx *ctx, const vt_paper *paper, const vt_paper_piece *part, vt_findings **out);
void vt_findings_free(vt_findings *findings); /* accepts NULL */
/* Sorts the rows, fills table and judgements. A place measured twice is an error. May be called again after
 * rows were added. */
vt_status vt_findings_judge(vt_ctx *ctx, vt_findings *findings);
const vt_cell *vt_findings_cell(const vt_findings *findings, size_t group, size_t yardstick, size_t arm);
/* Whether anything was measured there; −1: any group, yardstick, arm. */
bool vt_findings_measured(const vt_findings *findings, int group, int yardstick, int arm);
/* How many claims have that verdict. */
size_t vt_findings_count(const vt_findings *findings, vt_verdict verdict);

/* What a claim needs, in words: "above 0, margin +36.3 %". Caller frees. */
char *vt_claim_need_text(vt_ctx *ctx, const vt_experiment *experiment, const vt_claim *claim);
char *vt_control_need_text(vt_ctx *ctx, const vt_control *control);
/* An estimate as the comparison writes it: "+0.123", "+36.3 %", "1.52 ×"; "–" for NaN. Returns buffer. */
const char *vt_estimate_text(vt_comparison comparison, double value, char buffer[48]);
/* "0.734 ± 0.012", "0.734", "–". Returns buffer. */
const char *vt_cell_text(const vt_cell *cell, char buffer[80]);

/* result.json. The same run gives the same bytes but for the member "timing". New reference. */
json_t *vt_findings_json(vt_ctx *ctx, const vt_findings *findings);

/* What stands of a part in docs/papers/NN-name.md between its two marker lines, as Markdown; pictures go into
 * `directory` (NULL: no pictures, and nothing of what the experiment adds). Caller frees with
 * vt_text_free(). */
vt_status vt_page_text(vt_ctx *ctx, const vt_findings *findings, const char *directory, vt_text *out);
/* Puts it into DIRECTORY/NN-name.md: replaces what stands between the part's markers, leaves other parts and
 * what people wrote around them. A part that was not there comes behind the earlier ones of the paper. */
vt_status vt_page_write(vt_ctx *ctx, const vt_findings *findings, const char *directory);
/* The worst verdict on a page, "" when there is no page or no verdict on it. Caller frees. */
vt_status vt_page_verdict(vt_ctx *ctx, const vt_paper *paper, const char *directory, char **out);

/* ---- running ---- */

typedef struct vt_repro_options {
  int profile, seeds;
  bool resized;
  void *settings;
  vt_cache *cache;                                                 /* NULL: off */
  const char *folder;                                              /* of vt_repro_folder() */
  void (*note)(void *user, const char *text);                      /* forecasts; NULL: dropped */
  vt_status (*seed_done)(void *user, const vt_findings *findings); /* judged so far; NULL: nothing */
  void *user;
} vt_repro_options;

/* Runs the seeds 0..seeds−1. When the user interrupts, finished seeds stay, the open one is dropped,
 * `ended` says so, and VT_OK is returned. */
vt_status vt_repro_run(vt_ctx *ctx, const vt_paper *paper, const vt_paper_piece *part,
                       const vt_repro_options *options, vt_findings **out);
/* Fills `settings` with the sizes of a profile; strings inside must be freed with vt_params_free(). */
vt_status vt_profile_settings(vt_ctx *ctx, const vt_experiment *experiment, int profile, void *settings);

#endif
