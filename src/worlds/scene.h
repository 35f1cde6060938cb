/* SPDX-License-Identifier: Apache-2.0
 *
 * The record of a scene: a tree of nodes (background elements, groups, objects, parts) in one flat struct
 * without pointers. Picture, masks, boxes, key-points and words derive from it; an edit changes a copy and
 * renders it again with the same nuisance, so every pixel that the edited node did not touch keeps its byte.
 *
 * Places: one unit is `unit` pixels; the canvas is width × height units (a usual scene is 1 × 1). A node's
 * place, size and angle are in the frame of its parent: x to the right, y down, in units of the parent's
 * radius (the canvas itself for nodes without a parent), so moving, turning or scaling an object takes its
 * parts along. A node's radius is `scale` times that of its parent.
 *
 * Drawing order: siblings by rising z, ties by number; a node's children with z < 0 are drawn before it, the
 * others after it. Nodes are only ever added behind their parents: parent < child.
 */
#ifndef VT_WORLDS_SCENE_H
#define VT_WORLDS_SCENE_H

#include <jansson.h>

#include "worlds/raster.h"
#include "worlds/scene_words.h"
#include "worlds/world.h"

enum { VT_SCENE_NODES = 128, VT_SCENE_DEPTH = 8, VT_SCENE_SIDE = 512 /* pixels */ };

typedef struct vt_node {
  vt_node_kind kind;
  vt_noun noun;
  int parent;   /* number of a node before it; −1: the scene */
  bool removed; /* neither it nor what is below it is drawn or counted */
  /* what it looks like */
  vt_colour colour, second; /* second: other colour of the texture */
  vt_size size;
  vt_material material;
  vt_texture texture;
  vt_pose pose;
  vt_role role;
  int name;      /* index into a preset's list of proper names; −1: none */
  float tint[3]; /* added to both colours: no two reds are alike */
  /* where it is */
  float x, y, z, scale, angle;
  bool mirror;
  /* its own outline, half sides in units of its radius; VT_SHAPE_NONE: only its children show */
  vt_shape_kind shape;
  float half_width, half_height, ratio;
  int corners;
  float outline; /* line width, share of the radius; 0: none */
  float period;  /* of its texture, share of the radius; 0: usual */
  uint32_t seed; /* of its texture */
} vt_node;

typedef struct vt_scene {
  float width, height; /* units */
  int unit;            /* pixels */
  int label;           /* class of the preset; −1: none */
  int count;
  vt_node nodes[VT_SCENE_NODES];
  /* nuisance, equal for all edits of a scene */
  uint64_t nuisance;        /* key of the noise */
  float noise;              /* standard deviation, 1 is the range of a colour */
  float light, light_angle; /* vt_raster_light() */
} vt_scene;

/* ---- building (never fails: −1 when the scene is full or the tree would be too deep) ---- */
void vt_scene_start(vt_scene *scene, int unit, float width, float height, uint64_t nuisance);
/* A node of that noun with its usual outline below `parent` (−1: the scene); place and looks are set by the
 * caller on scene->nodes[result]. */
int vt_scene_add(vt_scene *scene, int parent, vt_noun noun);
/* A composed thing (body, kit, and zero to two marks that decide nothing) or a plain shape at (x, y) in the
 * parent's frame with that radius. The body takes `colour`, the kit `second`. `draw` varies sizes and marks.
 * Returns the object's number. */
int vt_scene_add_thing(vt_scene *scene, int parent, vt_noun noun, float x, float y, float radius,
                       vt_colour colour, vt_colour second, vt_draw *draw);
/* The pieces of which things are made, for things of other kinds: a body; the one or two parts of a noun
 * (WHEEL, FLAG, LEG, EAR, WING, FIN, HANDLE, LID) where that body has room for them, `grow` times their usual
 * size; up to two marks on the body. */
int vt_scene_add_body(vt_scene *scene, int thing, vt_body body, vt_colour colour);
void vt_scene_add_parts(vt_scene *scene, int thing, vt_body body, vt_noun noun, float grow, vt_colour colour);
void vt_scene_add_marks(vt_scene *scene, int thing, vt_draw *draw);
extern const vt_noun vt_kit_parts[VT_KITS][2];
/* A background of one or two elements with their usual z of −10: a backdrop, a wall with a floor, a sky over
 * grass, water or sand. */
void vt_scene_add_background(vt_scene *scene, vt_draw *draw);

/* ---- the tree ---- */
int vt_scene_pixels_wide(const vt_scene *scene);
int vt_scene_pixels_high(const vt_scene *scene);
bool vt_scene_shown(const vt_scene *scene, int node);               /* neither it nor a parent was removed */
bool vt_scene_below(const vt_scene *scene, int node, int ancestor); /* also true of itself */
int vt_scene_ancestor(const vt_scene *scene, int node, vt_node_kind kind); /* itself or above; −1: none */
int vt_scene_depth(const vt_scene *scene, int node);                       /* 0: below the scene itself */
/* Next shown node after `after` (−1: first) with that kind and noun (VT_NOUN_NONE: any); −1: no more. */
int vt_scene_next(const vt_scene *scene, int after, vt_node_kind kind, vt_noun noun);
int vt_scene_next_part(const vt_scene *scene, int after, int object, vt_noun noun);
/* Centre (pixels), radius (pixels) and angle of a node on the canvas. */
typedef struct vt_place {
  double x, y, radius, angle;
  bool mirror;
} vt_place;
vt_place vt_scene_place(const vt_scene *scene, int node);

/* ---- picture ---- */
/* Clean picture without nuisance, on the planes the raster has. Labels are node + 1. */
void vt_scene_paint(const vt_scene *scene, vt_raster *raster);
/* Only a node and what is below it. */
void vt_scene_paint_node(const vt_scene *scene, int node, vt_raster *raster);
/* Picture as training sees it: paint, light, noise, rounded. Each output may be NULL.
 * rgb u8 [height, width, 3], labels u16 [height, width]: node + 1 of the topmost node, 0: none. */
vt_status vt_scene_render(vt_ctx *ctx, const vt_scene *scene, uint8_t *rgb, uint16_t *labels);

/* ---- truth ---- */
typedef enum vt_mask_kind {
  VT_MASK_VISIBLE, /* pixels where it, or a node below it, is on top with at least half the pixel */
  VT_MASK_FULL,    /* the same as if nothing lay over it */
  VT_MASK_TOUCHED  /* every pixel it has any part in: outside, removing it changes nothing */
} vt_mask_kind;
/* 0 or 1 a pixel; returns the area through `area` (may be NULL). */
vt_status vt_scene_mask(vt_ctx *ctx, const vt_scene *scene, int node, vt_mask_kind kind, uint8_t *bits,
                        int64_t *area);
/* Label map in which every pixel holds its node at that level: for each kind of node the nearest such node at
 * or above the topmost one, + 1; 0: none. `labels` is the map of vt_scene_render(). */
void vt_scene_label_map(const vt_scene *scene, const uint16_t *labels, vt_node_kind level, uint16_t *out);
/* Smallest box around set bits: x, y, beyond x, beyond y. False: no bit is set. */
bool vt_bits_box(const uint8_t *bits, int width, int height, int box[4]);
/* Centre of mass in pixels. False: no bit is set. */
bool vt_bits_centroid(const uint8_t *bits, int width, int height, double centroid[2]);
/* Visible pixels of every node, those of the nodes below it included: pixels[VT_SCENE_NODES]. */
void vt_scene_areas(const vt_scene *scene, const uint16_t *labels, int32_t *pixels);
/* Where the centre of a node is, and whether it is visible there: inside the canvas, and on top with a node
 * below it or by itself. */
typedef struct vt_keypoint {
  double x, y; /* pixels */
  bool visible;
} vt_keypoint;
vt_keypoint vt_scene_keypoint(const vt_scene *scene, const uint16_t *labels, int node);
typedef enum vt_patch_rule { VT_PATCH_HALF, VT_PATCH_ANY, VT_PATCH_CENTRE } vt_patch_rule;
/* Of each patch of a grid × grid division: 1 when bits cover at least half of it, any pixel of it, or its
 * middle. Sides must be multiples of `grid`. */
void vt_bits_patches(const uint8_t *bits, int width, int height, int grid, vt_patch_rule rule, uint8_t *out);
/* Predicates of nodes, one bit each: noun (of the node or of the object it is part of), colour, texture,
 * material, size. Row `node` of out[VT_SCENE_NODES][VT_PREDICATES]; without an outline only nouns. */
enum { VT_PREDICATES = VT_NOUNS + VT_COLOURS + VT_TEXTURES + VT_MATERIALS + VT_SIZES };
void vt_scene_predicates(const vt_scene *scene, uint8_t (*out)[VT_PREDICATES]);
/* "noun wheel", "colour red", … into a buffer of 64 bytes. */
const char *vt_predicate_name(int predicate, char buffer[64]);
/* Object with name, attributes, box and place of every shown node (new reference; NULL: no memory). */
json_t *vt_scene_json(const vt_scene *scene, const uint16_t *labels);

/* ---- edits: change the record, then render again ---- */
void vt_scene_drop(vt_scene *scene, int node); /* part, object, group or background element */
/* It, and everything below it that has the same colour. */
void vt_scene_recolour(vt_scene *scene, int node, vt_colour colour);
void vt_scene_swap_texture(vt_scene *scene, int node, vt_texture texture, vt_colour second);
typedef enum vt_attribute {
  VT_ATTRIBUTE_COLOUR,
  VT_ATTRIBUTE_SECOND,
  VT_ATTRIBUTE_SIZE,
  VT_ATTRIBUTE_MATERIAL,
  VT_ATTRIBUTE_TEXTURE,
  VT_ATTRIBUTE_POSE,
  VT_ATTRIBUTE_SHAPE, /* a plain noun: takes its outline */
  VT_ATTRIBUTES
} vt_attribute;
extern const char *const vt_attribute_names[VT_ATTRIBUTES];
vt_status vt_scene_set(vt_ctx *ctx, vt_scene *scene, int node, vt_attribute attribute, int value);
/* Replaces all background elements by those of another kind of background, drawn from `key`;
 * clutter stays. */
void vt_scene_swap_background(vt_scene *scene, uint64_t key);
void vt_scene_flip(vt_scene *scene,
                   int node); /* left and right exchanged: of a node; −1: of the whole scene */

#endif
