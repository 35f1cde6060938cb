/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows that list.c names, one file each.
 */
#ifndef VT_WORLDS_PRESETS_H
#define VT_WORLDS_PRESETS_H

#include "worlds/world.h"

extern const vt_preset vt_preset_corpora_blocks;
extern const vt_preset vt_preset_corpora_concepts;
extern const vt_preset vt_preset_corpora_contrast;
extern const vt_preset vt_preset_corpora_grade;
extern const vt_preset vt_preset_corpora_ioi;
extern const vt_preset vt_preset_corpora_skills;
extern const vt_preset vt_preset_corpora_topics;
extern const vt_preset vt_preset_creatures_fine;
extern const vt_preset vt_preset_creatures_odd;
extern const vt_preset vt_preset_glyphs;
extern const vt_preset vt_preset_places;
extern const vt_preset vt_preset_planted_game;
extern const vt_preset vt_preset_planted_groups;
extern const vt_preset vt_preset_planted_heads;
extern const vt_preset vt_preset_planted_linear;
extern const vt_preset vt_preset_planted_masks;
extern const vt_preset vt_preset_planted_peaks;
extern const vt_preset vt_preset_scenes_caption;
extern const vt_preset vt_preset_scans2d_chest;
extern const vt_preset vt_preset_scenes_combo;
extern const vt_preset vt_preset_scenes_object;
extern const vt_preset vt_preset_scenes_refer;
extern const vt_preset vt_preset_scenes_rules;
extern const vt_preset vt_preset_scenes_seg;
extern const vt_preset vt_preset_scenes_super;
extern const vt_preset vt_preset_sequences;
extern const vt_preset vt_preset_slides_tissue;
extern const vt_preset vt_preset_sounds;
extern const vt_preset vt_preset_tree;
extern const vt_preset vt_preset_tree_subspaces;

#endif
