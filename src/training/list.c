/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of learners. To add one: its file, its line here, in learners.h and in meson.build.
 */
#include "training/learners.h"

/* one a line, so that additions meet without touching each other */
/* clang-format off */
const vt_learner_kind *const vt_learner_kinds[] = {
    &vt_learner_gpt,
    &vt_learner_mixer,
    &vt_learner_resnet,
    &vt_learner_sasrec,
    &vt_learner_towers,
    &vt_learner_unet,
    &vt_learner_vit,
};
/* clang-format on */
const size_t vt_learner_kind_count = VT_COUNT(vt_learner_kinds);
