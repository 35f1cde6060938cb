/* SPDX-License-Identifier: Apache-2.0
 *
 * What there is in scenes: the closed lists behind every attribute of a node. The order of values decides
 * draws, so new words go to the end of their list (and raise the version of presets that draw from the whole
 * list).
 */
#ifndef VT_WORLDS_SCENE_WORDS_H
#define VT_WORLDS_SCENE_WORDS_H

#include "worlds/raster.h"

typedef enum vt_colour {
  VT_RED,
  VT_GREEN,
  VT_BLUE,
  VT_YELLOW,
  VT_PURPLE,
  VT_ORANGE,
  VT_CYAN,
  VT_PINK,
  VT_BROWN,
  VT_WHITE,
  VT_GREY,
  VT_BLACK,
  VT_COLOURS
} vt_colour;

typedef enum vt_size { VT_SMALL, VT_MEDIUM, VT_LARGE, VT_SIZES } vt_size;
typedef enum vt_material { VT_MATTE, VT_SHINY, VT_ROUGH, VT_MATERIALS } vt_material;
/* Direction of an object's upper side: within 15 degrees of upright; 25 to 60 to a side; on its head. */
typedef enum vt_pose { VT_UPRIGHT, VT_LEANING_LEFT, VT_LEANING_RIGHT, VT_UPSIDE_DOWN, VT_POSES } vt_pose;
/* What of the world an object is: itself, or an image of one. */
typedef enum vt_role { VT_REAL, VT_PICTURED, VT_REFLECTION, VT_SHADOW, VT_ROLES } vt_role;

typedef enum vt_node_kind {
  VT_NODE_BACKGROUND,
  VT_NODE_GROUP,
  VT_NODE_OBJECT,
  VT_NODE_PART,
  VT_NODE_KINDS
} vt_node_kind;

/* Bodies and kits: a composed thing is one of each (scene_things.c). */
typedef enum vt_body {
  VT_BODY_BOX,
  VT_BODY_EGG,
  VT_BODY_DOME,
  VT_BODY_CONE,
  VT_BODY_BOWL,
  VT_BODY_HEXAGON,
  VT_BODIES
} vt_body;
typedef enum vt_kit { VT_KIT_WHEELS, VT_KIT_LEGS, VT_KIT_WINGS, VT_KIT_HANDLES, VT_KITS } vt_kit;

typedef enum vt_noun {
  VT_NOUN_NONE,
  /* plain shapes: one outline without parts */
  VT_CIRCLE,
  VT_SQUARE,
  VT_TRIANGLE,
  VT_STAR,
  VT_CROSS,
  VT_RING,
  VT_DIAMOND,
  VT_HEXAGON,
  VT_HEART,
  VT_CRESCENT,
  /* composed things, in the order kit · 6 + body */
  VT_CART,
  VT_TANKER,
  VT_BUGGY,
  VT_RACER,
  VT_BARROW,
  VT_TRACTOR,
  VT_ROBOT,
  VT_SHEEP,
  VT_TURTLE,
  VT_GOAT,
  VT_CRAB,
  VT_BEETLE,
  VT_KITE,
  VT_FISH,
  VT_BAT,
  VT_ROCKET,
  VT_GULL,
  VT_DRONE,
  VT_POT,
  VT_URN,
  VT_BELL,
  VT_FUNNEL,
  VT_TUB,
  VT_LANTERN,
  /* parts */
  VT_BODY,
  VT_WHEEL,
  VT_FLAG,
  VT_LEG,
  VT_EAR,
  VT_WING,
  VT_FIN,
  VT_HANDLE,
  VT_LID,
  VT_WINDOW,
  VT_EYE,
  VT_PATCH,
  VT_HUB,
  VT_POLE,
  /* background elements */
  VT_SKY,
  VT_WALL,
  VT_FLOOR,
  VT_WATER,
  VT_GRASS,
  VT_SAND,
  VT_BACKDROP, /* the whole canvas of a scene without places */
  /* others */
  VT_GROUP,
  VT_CLUTTER, /* a scrap of no kind: bar, blob, corner */
  VT_NOUNS
} vt_noun;

typedef struct vt_noun_row {
  const char *name, *plural;
  vt_node_kind kind;
  const char *family;  /* hypernym: "shape", "vehicle", "animal", "flyer", "vessel", "part", "place" */
  vt_shape_kind shape; /* of plain shapes and parts */
  int corners;
  double ratio;
} vt_noun_row;
extern const vt_noun_row vt_noun_rows[VT_NOUNS];

extern const char *const vt_colour_names[VT_COLOURS];
extern const char *const vt_size_names[VT_SIZES];
extern const char *const vt_material_names[VT_MATERIALS];
extern const char *const vt_pose_names[VT_POSES];
extern const char *const vt_role_names[VT_ROLES];
extern const char *const vt_texture_names[VT_TEXTURES];
extern const char *const vt_node_kind_names[VT_NODE_KINDS];
extern const char *const vt_body_names[VT_BODIES];
extern const char *const vt_kit_names[VT_KITS];
extern const float vt_colour_rgb[VT_COLOURS][3];
extern const float vt_size_scales[VT_SIZES]; /* radius relative to medium */

/* Composed thing of a body and a kit, and back; −1: not a composed thing. */
vt_noun vt_thing_noun(vt_body body, vt_kit kit);
int vt_noun_body(vt_noun noun);
int vt_noun_kit(vt_noun noun);

#endif
