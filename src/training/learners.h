/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows that list.c lists. For use inside the room.
 */
#ifndef VT_TRAINING_LEARNERS_H
#define VT_TRAINING_LEARNERS_H

#include "training/learner.h"

extern const vt_learner_kind vt_learner_gpt;
extern const vt_learner_kind vt_learner_mixer;
extern const vt_learner_kind vt_learner_resnet;
extern const vt_learner_kind vt_learner_sasrec;
extern const vt_learner_kind vt_learner_towers;
extern const vt_learner_kind vt_learner_unet;
extern const vt_learner_kind vt_learner_vit;

#endif
