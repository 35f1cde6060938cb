/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of the sidecar that are objects of their own: the text encoder whose space a model's embedding lies
 * in, and how the outputs of a detector are read.
 */
#ifndef VT_DATA_SIDECAR_H
#define VT_DATA_SIDECAR_H

#include <jansson.h>

#include "data/picture.h"

/* The embedding of text is factor · (unit vector of the encoder − mean); paths are whole. */
typedef struct vt_text_space {
  char *encoder; /* folder of a sentence encoder (nn/sentence.h) */
  char *mean;    /* .npy that is taken off; NULL: nothing */
  double scale;  /* factor of cosines; 1 when not given */
} vt_text_space;

typedef enum vt_detector_kind {
  VT_DETECTOR_CENTRE_MAP, /* a score for each cell of a grid, its box around it (Zhou et al. 2019) */
  VT_DETECTOR_BOXES       /* a list of boxes with scores */
} vt_detector_kind;
typedef enum vt_size_form { VT_SIZE_LOG_CELLS, VT_SIZE_CELLS, VT_SIZE_PIXELS } vt_size_form;
typedef enum vt_box_form {
  VT_BOX_CORNERS,    /* x0 y0 x1 y1 */
  VT_BOX_CENTRE,     /* centre x, centre y, width, height */
  VT_BOX_CORNER_SIZE /* x0 y0 width height */
} vt_box_form;

/* What each output is called, and what its numbers mean. */
typedef struct vt_detector_settings {
  vt_detector_kind kind;
  char *scores;     /* [classes, rows, columns], or of boxes [proposals, classes] */
  char *objectness; /* NULL: the highest score of a proposal is its objectness */
  char *sizes;      /* centre map: [2, rows, columns] */
  char *offsets;    /* centre map: [2, rows, columns]; NULL: none */
  char *boxes;      /* boxes: [proposals, 4] */
  double stride;    /* centre map: input pixels along a cell */
  double centre;    /* centre map: where in its cell a box is centred when the offset is 0, in cells */
  vt_size_form size_form;
  bool vertical_first; /* centre map: of two channels the first is that of the vertical */
  vt_box_form box_form;
  bool relative; /* boxes: as shares of the input's sides, not in its pixels */
  bool columns;  /* boxes: outputs are [numbers, proposals] */
  int64_t boxes_from, scores_from, objectness_from; /* boxes: first number of a proposal in that output */
  int64_t classes;                                  /* boxes: 0: all that follow */
  bool sigmoid;                                     /* of scores and objectness */
  double threshold; /* what is listed as a detection has at least this confidence; 0.5 when not given */
  double overlap;   /* of two of a class that overlap (IoU) by more than this the weaker goes; 0.3 */
} vt_detector_settings;

void vt_text_space_free(vt_text_space *space);
void vt_detector_settings_free(vt_detector_settings *settings);

/* `folder`: where files are looked for, NULL: the sidecar is no file. VT_ERROR_INVALID_DATA names the key. */
vt_status vt_text_space_read(vt_ctx *ctx, const json_t *value, const char *folder, vt_text_space **out);
vt_status vt_detector_settings_read(vt_ctx *ctx, const json_t *value, vt_detector_settings **out);

/* A path that stays in the sidecar's folder: a model from outside must not make us print other files. */
bool vt_sidecar_stays_inside(const char *path);

#endif
