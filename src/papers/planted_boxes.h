/* SPDX-License-Identifier: Apache-2.0
 *
 * Black boxes on a picture of equal cells whose every answer is known: what an order of regions can be judged
 * on without a trained model.
 */
#ifndef VT_PAPERS_PLANTED_BOXES_H
#define VT_PAPERS_PLANTED_BOXES_H

#include "vitrail/explain.h"
#include "worlds/planted.h"

typedef enum vt_box_kind {
  VT_BOX_COVERAGE, /* weight of the elements that the visible cells cover together: submodular */
  VT_BOX_OBJECT,   /* parts that count more together, distractors that speak against them */
  VT_BOX_GAME,     /* planted/game of 12 cells, all subsets tabled */
  VT_BOX_BLIND     /* the same answer whatever is shown */
} vt_box_kind;

enum { VT_BOX_CELLS_MOST = 144, VT_BOX_ELEMENTS = 40, VT_BOX_PARTS = 6, VT_BOX_CELL_PIXELS = 4 };

typedef struct vt_box {
  vt_box_kind kind;
  int rows, columns; /* cells */
  double weights[VT_BOX_CELLS_MOST];
  int parts[VT_BOX_PARTS]; /* object: its cells */
  double elements[VT_BOX_ELEMENTS];
  int covering[VT_BOX_ELEMENTS][3]; /* coverage: cells that cover an element; may repeat */
  vt_world *world;                  /* game */
  vt_game_record game;
  double constant; /* blind */
} vt_box;

/* Plants a box with side × side cells (a game has 3 × 4). */
vt_status vt_box_plant(vt_ctx *ctx, vt_box_kind kind, int side, uint64_t seed, vt_box *out);
void vt_box_close(vt_box *box);
/* Score of the target when cell i is visible to the degree visible[i] in [0, 1]; in (0, 1). Coverage and
 * object interpolate smoothly, a game rounds. */
double vt_box_score(const vt_box *box, const double *visible);
/* The box as a model of two classes (target 0, and the rest), and the picture that shows every cell.
 * The box must outlive the model. */
vt_status vt_box_model(vt_ctx *ctx, vt_box *box, vt_model **model, vt_image **picture);
/* Of a game: area under the curve of the best subsets of each size, which no order can exceed. */
double vt_box_best_insertion(const vt_box *box);

#endif
