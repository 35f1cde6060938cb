/* SPDX-License-Identifier: Apache-2.0
 *
 * One picture of 02 SMDL: maps of other methods, their patches, the greedy order of those patches, and what
 * all of them are worth under one protocol.
 */
#ifndef VT_PAPERS_SMDL_CASE_H
#define VT_PAPERS_SMDL_CASE_H

#include "comparison/bench.h"
#include "papers/experiment.h"

typedef struct vt_smdl_case {
  vt_model *recogniser, *network; /* network NULL: confidence by entropy. Borrowed, like picture and mask */
  const vt_image *picture;
  const uint8_t *mask; /* of what decides; NULL: not known */
  int64_t area;        /* of the mask */
  int target, grid, patches;
  vt_bench bench;
} vt_smdl_case;

/* Explains class `target`; maps are cut into grid × grid patches, `patches` a region. Black hides, in
 * search and curves alike. `out` must not move while in use; close with vt_smdl_case_close(). */
vt_status vt_smdl_case_open(vt_ctx *ctx, const vt_smdl_case *wanted, int64_t seed, vt_smdl_case *out);
void vt_smdl_case_close(vt_smdl_case *of);

/* The map of a contender ("rise(n_samples=500)", comparison/contender.h) and the regions of its patches:
 * region r holds the patches of rank r · patches and so on. */
vt_status vt_smdl_case_prior(vt_ctx *ctx, const vt_smdl_case *of, const char *contender, vt_made **map,
                             vt_regions **regions);

/* What a refinement is made with. */
typedef struct vt_smdl_variant {
  const char *weights; /* "1,1,1,1": consistency, collaboration, confidence, effectiveness */
  bool entropy;        /* confidence by entropy although there is a network */
} vt_smdl_variant;
/* Orders the regions by SMDL, `order` [vt_regions_count()]. `details` (may be NULL): data.details of the
 * explanation, new reference. */
vt_status vt_smdl_case_refine(vt_ctx *ctx, const vt_smdl_case *of, const vt_regions *regions,
                              const vt_smdl_variant *variant, int *order, json_t **details);

typedef struct vt_smdl_figures {
  double insertion, deletion; /* vitrail-50 */
  double highest[4];          /* score within 25, 50, 75, 100 % of the area, of the same insertion curve */
  double shown[2], purity[2]; /* at 5 and 10 % of the area: score, share of the shown that lies in the mask */
} vt_smdl_figures;
vt_status vt_smdl_case_measure(vt_ctx *ctx, const vt_smdl_case *of, vt_made *made, vt_smdl_figures *out);
vt_status vt_smdl_case_measure_order(vt_ctx *ctx, const vt_smdl_case *of, const vt_regions *regions,
                                     const int *order, vt_smdl_figures *out);

/* Rows of a picture that is right: insertion, deletion, shown-5, shown-10, purity-5, purity-10; or wrong:
 * highest-25 … highest-100, wrong-insertion. */
vt_status vt_smdl_rows(vt_repro *repro, const char *arm, const char *group, int64_t item, bool wrong,
                       const vt_smdl_figures *figures);
/* Mean of `count` of them. */
vt_smdl_figures vt_smdl_figures_mean(const vt_smdl_figures *figures, size_t count);

#endif
