/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of presets. To add one: its file, its line here and in meson.build.
 */
#include "worlds/presets.h"

/* one a line, so that additions meet without touching each other */
/* clang-format off */
const vt_preset *const vt_presets[] = {
    &vt_preset_corpora_blocks,
    &vt_preset_corpora_concepts,
    &vt_preset_corpora_contrast,
    &vt_preset_corpora_grade,
    &vt_preset_corpora_ioi,
    &vt_preset_corpora_skills,
    &vt_preset_corpora_topics,
    &vt_preset_creatures_fine,
    &vt_preset_creatures_odd,
    &vt_preset_glyphs,
    &vt_preset_places,
    &vt_preset_planted_game,
    &vt_preset_planted_groups,
    &vt_preset_planted_heads,
    &vt_preset_planted_linear,
    &vt_preset_planted_masks,
    &vt_preset_planted_peaks,
    &vt_preset_scenes_caption,
    &vt_preset_scans2d_chest,
    &vt_preset_scenes_combo,
    &vt_preset_scenes_object,
    &vt_preset_scenes_refer,
    &vt_preset_scenes_rules,
    &vt_preset_scenes_seg,
    &vt_preset_scenes_super,
    &vt_preset_sequences,
    &vt_preset_slides_tissue,
    &vt_preset_sounds,
    &vt_preset_tree,
    &vt_preset_tree_subspaces,
};
/* clang-format on */
const size_t vt_preset_count = VT_COUNT(vt_presets);
