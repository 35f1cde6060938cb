/* SPDX-License-Identifier: Apache-2.0
 *
 * Exact truth about a model and a scene: the scene is drawn again without one of its parts, everything else
 * as it was, and what the model's score of the class loses is what the part was worth to it (in the manner of
 * FunnyBirds: Hesse, Schaub-Meyer, Roth, ICCV 2023). No pixel is filled with anything: what stood behind the
 * part shows.
 */
#ifndef VT_METRICS_PART_TRUTH_H
#define VT_METRICS_PART_TRUTH_H

#include "explain/model.h"
#include "worlds/world.h"

typedef enum vt_part_kind {
  VT_PART_BODY, /* of the thing: with the kit it makes the class */
  VT_PART_KIT,
  VT_PART_SIGN,  /* an object of a group that makes the class together, or a thing without parts */
  VT_PART_MARK,  /* on the thing, drawn at random: decides nothing */
  VT_PART_OTHER, /* another thing of the scene */
  VT_PART_SCRAP, /* lies about, drawn at random */
  VT_PART_KINDS
} vt_part_kind;
extern const char *const vt_part_kind_names[VT_PART_KINDS]; /* "body", "kit", … */
/* Whether the class of the scene is made of such parts. */
bool vt_part_decides(vt_part_kind kind);
/* Whether they belong to the thing that the class is about. */
bool vt_part_of_thing(vt_part_kind kind);

/* What is taken away at once: all parts of one noun of the thing (both wheels), a scrap, another thing. */
typedef struct vt_part {
  char name[40]; /* "wheel", "scrap 2" */
  vt_part_kind kind;
  uint8_t *mask; /* owned, [height · width]: its visible pixels */
  int64_t area;  /* of the mask */
  /* what the score of the true class loses without it: of its logit, of its probability */
  double logit, probability;
  int answer; /* the model's answer without it */
} vt_part;

typedef struct vt_part_truth {
  vt_image *picture;
  int label, answer;         /* true class, the model's answer to the whole picture */
  double logit, probability; /* of the true class, whole picture */
  vt_part *parts;            /* the thing's first, then other things, then scraps */
  int count, hidden;         /* parts; those that were left out because no pixel of them shows */
  uint8_t *thing;            /* [height · width] visible pixels of the thing */
  uint8_t *deciding;         /* of its parts that decide */
} vt_part_truth;

/* Item `index` of a world of scenes. The model must take pictures of the world's size and know its classes
 * (VT_ERROR_INVALID_ARGUMENT). A model that gives probabilities is asked for their logarithm as logit. Works
 * on any model: outputs are all it looks at. On failure nothing is left in `out`. */
vt_status vt_part_truth_make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index,
                             vt_model *model, vt_part_truth *out);
void vt_part_truth_free(vt_part_truth *truth);
/* Whether vt_part_truth_make() can be asked about this world and model at all. */
vt_status vt_part_truth_check(vt_ctx *ctx, const vt_world *world, const vt_model *model);

/* Labels [height, width] in which part p is p and everything else one more, for vt_regions_from_labels(). */
void vt_part_truth_labels(const vt_part_truth *truth, int32_t *labels);

#endif
