/* SPDX-License-Identifier: Apache-2.0
 *
 * Slides: stained tissue seen from above. Structures (glands, keratin nests, air spaces) lie in stroma with
 * fibres, vessels, red cells, tears and smudges of stain; every nucleus is an instance with its kind.
 * Picture, masks and text derive from the record.
 */
#ifndef VT_WORLDS_SLIDES_H
#define VT_WORLDS_SLIDES_H

#include "worlds/world.h"

typedef enum vt_tissue {
  VT_TISSUE_GLAND, /* adenocarcinoma: nuclei in a ring around a lumen */
  VT_TISSUE_AIR,   /* benign lung: an air space with a thin wall and flat nuclei */
  VT_TISSUE_NEST,  /* squamous cell carcinoma: a nest with a layered pearl of keratin */
  VT_TISSUES
} vt_tissue;
extern const char *const vt_tissue_names[VT_TISSUES];

typedef enum vt_nucleus_kind {
  VT_NUCLEUS_TUMOUR,
  VT_NUCLEUS_STROMA,
  VT_NUCLEUS_LYMPHOCYTE,
  VT_NUCLEUS_WALL, /* flat, of air spaces */
  VT_NUCLEUS_KINDS
} vt_nucleus_kind;
extern const char *const vt_nucleus_names[VT_NUCLEUS_KINDS];

enum { VT_SLIDE_NUCLEI = 64, VT_SLIDE_STRUCTURES = 2, VT_SLIDE_EXTRAS = 24, VT_SLIDE_TOKENS = 20 };

typedef struct vt_nucleus {
  vt_nucleus_kind kind;
  int structure;                                  /* it belongs to; −1: the stroma */
  float x, y, long_axis, short_axis, angle, dark; /* pixels; half axes */
} vt_nucleus;

typedef struct vt_structure {
  vt_tissue tissue;
  float x, y, half_width, half_height, angle; /* pixels */
  float inner;                                /* share of the lumen or the pearl */
} vt_structure;

/* What lies in any stroma. */
typedef enum vt_extra_kind {
  VT_EXTRA_FIBRE,
  VT_EXTRA_VESSEL,
  VT_EXTRA_RED_CELL,
  VT_EXTRA_TEAR,
  VT_EXTRA_SMUDGE,
  VT_EXTRAS
} vt_extra_kind;
typedef struct vt_extra {
  vt_extra_kind kind;
  float x, y, half_width, half_height, angle;
} vt_extra;

typedef struct vt_slide {
  int label, px;
  vt_split split;
  int structure_count; /* structures[0] has the label's tissue, a second one is the distractor */
  vt_structure structures[VT_SLIDE_STRUCTURES];
  int nucleus_count;
  vt_nucleus nuclei[VT_SLIDE_NUCLEI];
  int extra_count;
  vt_extra extras[VT_SLIDE_EXTRAS];
  int stain; /* 0 pale, 1 usual, 2 dark */
  float hue, noise;
  uint64_t nuisance;
} vt_slide;

/* Bytes [px, px, 3]; structures u16 [px, px]: 0 or structure + 1, its nuclei included; nuclei u16 [px, px]:
 * 0 or nucleus + 1. Each may be NULL. */
vt_status vt_slide_render(vt_ctx *ctx, const vt_slide *slide, uint8_t *rgb, uint16_t *structures,
                          uint16_t *nuclei);

/* ---- words ---- */

/* Spelling of every token (VT_TOKEN_PAD and on stand first). */
const char *const *vt_slide_words(int *count);
/* Text as tokens with bos, eos and padding: i64 [length]. Unknown words become VT_TOKEN_UNK. */
void vt_slide_tokens(const char *text, int length, int64_t *out);
/* What a slide shows, in one sentence that is true; which of several ways to say it is drawn from the key. */
void vt_slide_caption(const vt_slide *slide, uint64_t key, char *text, size_t size);
/* Sentences with %s for the name of a tissue, ended by NULL: for the vectors of classes. */
extern const char *const vt_slide_prompts[];

#endif
