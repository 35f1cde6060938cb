/* SPDX-License-Identifier: Apache-2.0
 *
 * Chest pictures: a schematic body with eight organs, findings and devices, its report in two languages, and
 * for form 13 the picture before it.
 *
 * Body frame: x from −1 to 1 towards the right of the picture (the patient's left), y from −1 to 1 downward,
 * the origin in the middle of the chest. Sides are the patient's.
 */
#ifndef VT_WORLDS_CHEST_H
#define VT_WORLDS_CHEST_H

#include "worlds/raster.h"
#include "worlds/report_grammar.h"
#include "worlds/world.h"

typedef enum vt_organ {
  VT_LEFT_LUNG,
  VT_RIGHT_LUNG,
  VT_HEART_ORGAN,
  VT_AORTA,
  VT_SPINE,
  VT_TRACHEA,
  VT_LEFT_ANGLE, /* costophrenic */
  VT_RIGHT_ANGLE,
  VT_ORGANS
} vt_organ;
extern const char *const vt_organ_names[VT_ORGANS];

/* Form 37 cuts lungs into zones: 0–2 left upper to lower, 3–5 right, then the organs from the heart on. */
enum { VT_CHEST_REGIONS = 12 };
extern const char *const vt_chest_region_names[VT_CHEST_REGIONS];

typedef enum vt_chest_form {
  VT_CHEST_BILINGUAL,
  VT_CHEST_PRIOR,
  VT_CHEST_ANATOMY
} vt_chest_form; /* 36, 13, 37 */

typedef enum vt_modality {
  VT_XRAY,
  VT_CT,
  VT_MR,
  VT_ULTRASOUND,
  VT_DERMOSCOPY,
  VT_FUNDUS,
  VT_ENDOSCOPY,
  VT_PATHOLOGY,
  VT_MODALITIES
} vt_modality;
extern const char *const vt_modality_names[VT_MODALITIES];

typedef enum vt_chest_view { VT_VIEW_PA, VT_VIEW_AP, VT_VIEW_OBLIQUE, VT_CHEST_VIEWS } vt_chest_view;
extern const char *const vt_chest_view_names[VT_CHEST_VIEWS];

typedef struct vt_chest_body {
  float x, y, scale, aspect, angle;    /* the frame: centre and half height in pixels, width over height */
  float lung_width[2], lung_height[2]; /* by vt_side − 1; about 1 */
  float heart_x, heart_size, heart_angle, aorta_x, spine_bend, trachea_x, turn;
} vt_chest_body;

/* Where a finding is and how it is drawn; beside facts.finding of the same number. */
typedef struct vt_lesion {
  float x, y;   /* body frame */
  float amount; /* 0 to 1, by extent */
  float grow;   /* factor on its size */
  float angle;
  uint32_t seed;
  vt_extent was; /* of a resolved one: its extent in the prior picture */
} vt_lesion;

typedef struct vt_study {
  vt_split split;
  vt_chest_form form;
  int px;
  vt_modality modality;
  vt_chest_view view;
  vt_language language; /* of its own report */
  vt_chest_style style;
  bool has_prior;
  vt_chest_facts facts;
  vt_lesion lesion[VT_CHEST_FINDINGS];
  vt_chest_body body, before; /* before: as the prior picture sees it */
  float contrast;             /* of findings; below 1: subtle */
  float gain, noise;
  uint64_t nuisance;
} vt_study;

/* ---- shapes on a plane of coverage ---- */
/* A shape given in the body frame, on the canvas. */
vt_shape vt_chest_place(const vt_chest_body *body, vt_shape shape);
void vt_chest_point(const vt_chest_body *body, double x, double y, double out[2]);
void vt_chest_unplace(const vt_chest_body *body, double px, double py, double out[2]); /* the inverse */
/* Adds an organ's coverage to the plane. `enlarged` is the heart's factor. */
void vt_chest_cover_organ(const vt_chest_body *body, vt_organ organ, double enlarged, vt_raster *plane);
/* A lung drawn towards its hilum by a factor (1: as it is). */
void vt_chest_cover_lung(const vt_chest_body *body, vt_side side, double factor, vt_raster *plane);
void vt_chest_cover_ribs(const vt_chest_body *body, vt_raster *plane);
void vt_chest_cover_vertebrae(const vt_chest_body *body, vt_raster *plane);

/* Planes that drawing needs, one coverage each. */
typedef struct vt_chest_planes {
  vt_raster shape, lung, inner;
} vt_chest_planes;
vt_status vt_chest_planes_new(vt_ctx *ctx, int px, vt_chest_planes *out);
void vt_chest_planes_free(vt_chest_planes *planes);
/* Coverage of a finding in planes->shape, empty where it is not in that picture. */
void vt_chest_cover_finding(const vt_study *study, int finding, bool prior, vt_chest_planes *planes);
void vt_chest_cover_device(const vt_study *study, int device, vt_chest_planes *planes);
double vt_chest_enlarged(const vt_study *study, bool prior); /* the heart's factor */
bool vt_chest_in_prior(const vt_finding *finding);
bool vt_chest_in_current(const vt_finding *finding);

/* ---- picture and truth ---- */
vt_status vt_chest_picture(vt_ctx *ctx, const vt_study *study, bool prior, uint8_t *rgb);
/* 0 or 1 a pixel, only what the field of view shows; area may be NULL. */
vt_status vt_chest_organ_mask(vt_ctx *ctx, const vt_study *study, vt_organ organ, uint8_t *bits,
                              int64_t *area);
vt_status vt_chest_region_mask(vt_ctx *ctx, const vt_study *study, int region, uint8_t *bits, int64_t *area);
vt_status vt_chest_finding_mask(vt_ctx *ctx, const vt_study *study, int finding, uint8_t *bits,
                                int64_t *area);
vt_status vt_chest_device_mask(vt_ctx *ctx, const vt_study *study, int device, uint8_t *bits, int64_t *area);
bool vt_chest_in_field(const vt_study *study, int x, int y);
/* Regions of form 37 that a finding may be in, a bit each; and the one it is in. */
unsigned vt_chest_regions_of(vt_finding_kind kind);
int vt_chest_region_of(const vt_finding *finding);

/* ---- studies ---- */
typedef struct vt_chest_options {
  int form, language, shift;
  int64_t px, styles, level;
  bool novel;
} vt_chest_options;
typedef enum vt_chest_shift {
  VT_CHEST_UNSHIFTED,
  VT_CHEST_GAIN,
  VT_CHEST_NOISE,
  VT_CHEST_VIEW
} vt_chest_shift;

vt_status vt_chest_make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                        void *record);
int vt_chest_px(const vt_world *world);
/* The report in any style and language; caller frees. */
vt_status vt_chest_report(vt_ctx *ctx, const vt_study *study, vt_chest_style style, vt_language language,
                          char **out);
/* Kinds of findings of a form, in the order of its labels. */
int vt_chest_kinds(vt_chest_form form, const vt_finding_kind **kinds);
/* Labels of form 13: 0, 1 effusion left, right; 2 enlarged heart; 3 to 5 nodule small, medium, large; 6, 7
 * consolidation; 8, 9 pneumothorax; 10, 11 collapse, left and right. */
enum { VT_CHEST_LABELS = 12 };
extern const char *const vt_chest_label_names[VT_CHEST_LABELS];
int vt_chest_label_of(const vt_finding *finding);

/* ---- edits; the body and the noise stay ---- */
void vt_chest_drop_finding(vt_study *study, int finding);
/* Findings and devices that have a side change it. */
void vt_chest_flip(vt_study *study);

#endif
