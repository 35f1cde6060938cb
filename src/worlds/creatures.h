/* SPDX-License-Identifier: Apache-2.0
 *
 * Creatures: animals of six parts seen from the side. A part's look is a trait (shape, colour, texture); a
 * species is six looks. Picture, masks, key-points and attributes derive from the record; an edit changes a
 * trait and renders again with the same pose, background and noise.
 *
 * To add a shape of a part: its case in creatures_body.c and its name in vt_creature_shape_names.
 */
#ifndef VT_WORLDS_CREATURES_H
#define VT_WORLDS_CREATURES_H

#include "worlds/corrupt.h"
#include "worlds/scene.h"

typedef enum vt_creature_part {
  VT_CREATURE_HEAD,
  VT_CREATURE_BEAK,
  VT_CREATURE_WING,
  VT_CREATURE_BODY,
  VT_CREATURE_TAIL,
  VT_CREATURE_LEG,
  VT_CREATURE_PARTS
} vt_creature_part;

enum {
  VT_CREATURE_SHAPES = 4,   /* of each part */
  VT_CREATURE_TEXTURES = 4, /* plain, striped, dotted, checked: the first of vt_texture */
  VT_CREATURE_SPECIES = 20, /* most of a preset */
  VT_CREATURE_SCRAPS = 4,   /* most scraps of a background */
  VT_CREATURE_OCCLUDER = 7  /* label of what lies over the creature; parts are part + 1, background 0 */
};

typedef enum vt_creature_attribute {
  VT_CREATURE_SHAPE,   /* 0 to 3, vt_creature_shape_names[part] */
  VT_CREATURE_COLOUR,  /* vt_colour */
  VT_CREATURE_TEXTURE, /* vt_texture below VT_CREATURE_TEXTURES */
  VT_CREATURE_ATTRIBUTES
} vt_creature_attribute;

typedef struct vt_trait {
  int value[VT_CREATURE_ATTRIBUTES];
} vt_trait;

/* How it stands and where it is seen: nuisance. Creature units: the body is about one unit long. */
typedef struct vt_creature_view {
  float x, y, unit; /* body centre and length of a unit, pixels */
  float angle;
  bool mirror; /* looks to the left */
  float head_angle, head_x, head_y, wing_angle, tail_angle, stride[2];
  float size[VT_CREATURE_PARTS];    /* about 1 */
  float tint[VT_CREATURE_PARTS][3]; /* added to the part's colour */
  float light, light_angle, noise;
} vt_creature_view;

typedef struct vt_scrap {
  vt_shape_kind shape;
  float x, y, half_width, half_height, angle; /* shares of the picture */
  float colour[3];
} vt_scrap;

typedef struct vt_creature {
  int species; /* −1: none, a creature of drawn traits */
  vt_split split;
  vt_trait traits[VT_CREATURE_PARTS];
  bool dropped[VT_CREATURE_PARTS];
  int px;
  vt_creature_view view;
  /* what is behind it: two fields that meet at `horizon` (share of the height; 1: one field) */
  float horizon, ground[2][3];
  vt_texture ground_texture;
  int scraps;
  vt_scrap scrap[VT_CREATURE_SCRAPS], occluder; /* occluder.shape NONE: nothing lies over it */
  uint64_t nuisance;                            /* key of the noise and of what is drawn anew in every pass */
} vt_creature;

extern const char *const vt_creature_part_names[VT_CREATURE_PARTS];
extern const char *const vt_creature_attribute_names[VT_CREATURE_ATTRIBUTES];
extern const char *const vt_creature_shape_names[VT_CREATURE_PARTS][VT_CREATURE_SHAPES];
/* Word of an attribute's value: "hooked", "red", "striped". */
const char *vt_creature_value_name(vt_creature_part part, vt_creature_attribute attribute, int value);

/* ---- species ---- */
typedef struct vt_creature_table {
  const char *const *names;
  int count;
  /* looks[part][look]; a species is a look of each part: species[number][part] */
  const vt_trait (*looks)[4];
  const uint8_t (*species)[VT_CREATURE_PARTS];
} vt_creature_table;
extern const vt_creature_table vt_creatures_odd_table, vt_creatures_fine_table;

vt_trait vt_creature_look(const vt_creature_table *table, int species, vt_creature_part part);
/* Parts in which two species differ, a bit each. */
unsigned vt_creature_difference(const vt_creature_table *table, int one, int other);
/* The species that differs from it in the fewest parts; ties: the first. */
int vt_creature_neighbour(const vt_creature_table *table, int species);
/* Species with exactly these traits, whatever is dropped; −1: none. After an edit: what it is now. */
int vt_creature_species_of(const vt_creature_table *table, const vt_creature *creature);

/* ---- the body ---- */
/* Shapes of a part in creature units, in the order of painting; `behind` those that the body lies over.
 * Returns the count. Marks (eye, toes) are shapes of their part with a fixed colour. */
enum { VT_CREATURE_PART_SHAPES = 6 };
typedef enum vt_creature_layer {
  VT_CREATURE_BEHIND,
  VT_CREATURE_MIDDLE,
  VT_CREATURE_FRONT
} vt_creature_layer;
typedef struct vt_creature_piece {
  vt_shape shape;
  vt_creature_layer layer;
  int mark; /* 0: takes the trait's colour and texture; 1 white, 2 black */
} vt_creature_piece;
int vt_creature_pieces(const vt_creature *creature, vt_creature_part part,
                       vt_creature_piece pieces[VT_CREATURE_PART_SHAPES]);
/* A point of each part that nothing of the creature itself usually hides, creature units. */
void vt_creature_anchor(const vt_creature *creature, vt_creature_part part, double anchor[2]);
/* Box around all parts at unit 1 with the body at (0, 0), turned and mirrored as the view says. */
void vt_creature_extent(const vt_creature *creature, double box[4]);
/* From creature units to pixels. */
void vt_creature_to_pixels(const vt_creature_view *view, const double point[2], double out[2]);

/* ---- picture ---- */
/* rgb u8 [px, px, 3]; labels u16 [px, px]: part + 1 of the topmost part, VT_CREATURE_OCCLUDER, or 0. Each
 * may be NULL. */
vt_status vt_creature_render(vt_ctx *ctx, const vt_creature *creature, uint8_t *rgb, uint16_t *labels);

/* ---- truth ---- */
/* 0 or 1 a pixel, kinds as for scenes; the area through `area` (may be NULL). A dropped part has none. */
vt_status vt_creature_mask(vt_ctx *ctx, const vt_creature *creature, vt_creature_part part, vt_mask_kind kind,
                           uint8_t *bits, int64_t *area);
/* Visible: inside the picture and the topmost thing there is the part itself. */
vt_keypoint vt_creature_keypoint(const vt_creature *creature, const uint16_t *labels, vt_creature_part part);
/* Parts, key-points, box, background (new reference; NULL: no memory). */
json_t *vt_creature_json(const vt_creature *creature, const uint16_t *labels);

/* ---- edits ---- */
void vt_creature_drop(vt_creature *creature, vt_creature_part part);
void vt_creature_recolour(vt_creature *creature, vt_creature_part part, vt_colour colour);
vt_status vt_creature_set(vt_ctx *ctx, vt_creature *creature, vt_creature_part part,
                          vt_creature_attribute attribute, int value);

/* ---- presets ---- */
typedef struct vt_creatures_options {
  int64_t px, level;
  double nuisance, occlude, block_erase;
  int shift;
  bool pretrain, crop, augment;
} vt_creatures_options;

/* Table of an opened world: world->shared. */
const vt_creature_table *vt_creatures_table(const vt_world *world);
/* The creature as pass `pass` shows it: itself, or seen anew where `augment` is on. */
void vt_creatures_view(const vt_world *world, const vt_creature *creature, uint64_t pass, vt_creature *out);

#endif
