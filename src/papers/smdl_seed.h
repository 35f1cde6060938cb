/* SPDX-License-Identifier: Apache-2.0
 *
 * One seed of 02 SMDL on generated worlds, as its parts share it: networks trained, pictures that the
 * recogniser gets right and wrong walked through.
 */
#ifndef VT_PAPERS_SMDL_SEED_H
#define VT_PAPERS_SMDL_SEED_H

#include "papers/experiment.h"
#include "papers/smdl_subjects.h"

typedef struct vt_smdl_sizes {
  int64_t right, wrong; /* pictures of each world and seed */
  int64_t samples;      /* model calls of priors that sample */
  int64_t steps;        /* of training; 0: as the recipe says */
  int64_t most;         /* pictures looked at for the next one that fits */
  bool creatures;       /* the second world, too */
} vt_smdl_sizes;

/* "subjects" and "pictures", of experiments whose settings are vt_smdl_sizes. */
extern const vt_stage vt_smdl_stages[2];

/* Measures one picture: rows of the group `subject->kind->id` under the number `item`. */
typedef vt_status (*vt_smdl_measure_fn)(vt_repro *repro, const vt_smdl_subject *subject,
                                        const vt_smdl_item *picture, int64_t item, bool wrong,
                                        int64_t samples);

/* Opens the subjects, gives a row "accuracy" of `arm` for each, and hands every picture to `measure`;
 * items of different seeds never meet. */
vt_status vt_smdl_seed_run(vt_repro *repro, int seed, const vt_smdl_sizes *sizes, const char *arm,
                           vt_smdl_measure_fn measure);

#endif
