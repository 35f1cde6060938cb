/* SPDX-License-Identifier: Apache-2.0
 *
 * The experiments there are, each at the foot of its file.
 */
#ifndef VT_PAPERS_EXPERIMENTS_H
#define VT_PAPERS_EXPERIMENTS_H

#include "papers/experiment.h"

extern const vt_experiment vt_experiment_lima_ablations;
extern const vt_experiment vt_experiment_lima_faithfulness;
extern const vt_experiment vt_experiment_lima_mistakes;
extern const vt_experiment vt_experiment_lima_planted;
extern const vt_experiment vt_experiment_lima_search;
extern const vt_experiment vt_experiment_lima_speed;
extern const vt_experiment vt_experiment_lima_theory;
extern const vt_experiment vt_experiment_lima_truth;
extern const vt_experiment vt_experiment_smdl_photographs;
extern const vt_experiment vt_experiment_smdl_refine;
extern const vt_experiment vt_experiment_smdl_scores;
extern const vt_experiment vt_experiment_smdl_uncertainty;

#endif
