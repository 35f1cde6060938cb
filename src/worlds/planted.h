/* SPDX-License-Identifier: Apache-2.0
 *
 * planted: small tables and models whose answers are known in closed form, for tests of methods and metrics.
 */
#ifndef VT_WORLDS_PLANTED_H
#define VT_WORLDS_PLANTED_H

#include "worlds/world.h"

/* ---- planted/game: a value for every subset of k regions ---- */
enum { VT_GAME_PLAYERS = 12, VT_GAME_ELEMENTS = 24 };
typedef struct vt_game_record {
  int32_t players;
  float weights[VT_GAME_PLAYERS];
  float pairs[VT_GAME_PLAYERS][VT_GAME_PLAYERS]; /* symmetric, zero diagonal; kind pairs */
  float elements[VT_GAME_ELEMENTS];              /* weights, sum 1; kind coverage */
  uint32_t covers[VT_GAME_PLAYERS];              /* which elements a region covers; kind coverage */
  float shapley[VT_GAME_PLAYERS];                /* closed form */
} vt_game_record;
/* Value of the regions in `subset` (bit i: region i); 0 for none. */
double vt_game_value(const vt_world *world, const vt_game_record *game, uint32_t subset);

/* ---- planted/linear: f(x) = w·x + b ---- */
enum { VT_LINEAR_WIDTH = 64 };
typedef struct vt_linear_record {
  float weights[VT_LINEAR_WIDTH], x[VT_LINEAR_WIDTH], baseline[VT_LINEAR_WIDTH], bias;
} vt_linear_record;

/* ---- planted/groups: activations of sparse groups of neurons ---- */
enum { VT_GROUP_NEURONS = 2048, VT_GROUPS_MOST = 64 };
typedef struct vt_neuron_groups {
  int neurons, groups, size;
  float *loadings; /* [groups, neurons], `size` of each row are not 0 */
} vt_neuron_groups;
const vt_neuron_groups *vt_planted_groups(const vt_world *world); /* borrowed */

/* ---- planted/peaks: maps with one peak, and key-points ---- */
enum { VT_PEAK_GRID = 16, VT_PEAK_PIXELS = 64, VT_PEAK_PARTS = 6, VT_PEAK_IMAGES = 100 };
/* Of every hundred images (items 100·n … 100·n + 99): how many show the part, have the peak on it, and
 * keep it there under noise. */
typedef struct vt_peak_plan {
  int visible, on_part, stable;
} vt_peak_plan;
vt_peak_plan vt_planted_peak_plan(const vt_world *world);

/* ---- planted/masks: predicted and true masks, flags and instances ---- */
enum { VT_MASK_SIDE = 24 };
typedef enum vt_mask_case {
  VT_MASK_OVERLAP,    /* two boxes */
  VT_MASK_PERFECT,    /* the same box */
  VT_MASK_MISSED,     /* truth without prediction */
  VT_MASK_INVENTED,   /* prediction without truth, flag down */
  VT_MASK_FLAGGED,    /* no truth, flag up: right */
  VT_MASK_WRONG_FLAG, /* truth and a mask, but the flag says there is none */
  VT_MASK_SILENT,     /* no truth, empty prediction, flag down: wrong by the flag */
  VT_MASK_CASES
} vt_mask_case;

/* ---- planted/heads: random classification-by-components heads ---- */
enum { VT_HEAD_WIDTH = 8, VT_HEAD_COMPONENTS = 12, VT_HEAD_CONCEPTS = 6, VT_HEAD_CLASSES = 3 };
typedef struct vt_head_record {
  float x[VT_HEAD_WIDTH], components[VT_HEAD_COMPONENTS][VT_HEAD_WIDTH], sigma[VT_HEAD_COMPONENTS];
  float positive[VT_HEAD_COMPONENTS][VT_HEAD_CONCEPTS], negative[VT_HEAD_COMPONENTS][VT_HEAD_CONCEPTS];
  float detection[VT_HEAD_COMPONENTS]; /* exp(−‖x − p_k‖ / σ_k); of a matched item: the requiredness */
  float score[VT_HEAD_CONCEPTS];       /* p; concept l is of class l mod 3 */
  int32_t winner, label, matched;      /* classes; matched: the concept whose score is 1, −1: none */
  float radius;                        /* certified, for `label`; NaN: matched */
} vt_head_record;

#endif
