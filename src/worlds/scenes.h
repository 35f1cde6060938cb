/* SPDX-License-Identifier: Apache-2.0
 *
 * What the scenes/… presets share: options of nuisance and shift, the record of an item, and the way from it
 * to picture, truth and training fields. A preset's options begin with `vt_scenes_options common`, its field
 * table with VT_SCENES_FIELDS, its record is a vt_scenes_item or begins with one.
 */
#ifndef VT_WORLDS_SCENES_H
#define VT_WORLDS_SCENES_H

#include "worlds/corrupt.h"
#include "worlds/scene.h"

typedef struct vt_scenes_options {
  int64_t px, clutter, level;
  double nuisance, block_erase, label_noise, spurious;
  int shift;
  bool heldout;
} vt_scenes_options;

/* Changes of a whole set against what was trained on; the item's records are those of the unshifted set. */
typedef enum vt_shift {
  VT_SHIFT_NONE,
  VT_SHIFT_BACKGROUND, /* backgrounds with patterns that no unshifted item has */
  VT_SHIFT_TEXTURE,    /* objects with a texture that no unshifted item has */
  VT_SHIFT_CORRUPT     /* this and more: vt_corruption − 1 */
} vt_shift;
#define VT_SHIFT_NAMES                                                                                       \
  "none|background|texture|noise|blur|contrast|brightness|colour|hue|saturation|gain|bias|rows|columns|"     \
  "perturb|erase"

/* clang-format off */
#define VT_SCENES_AT(type, name) offsetof(type, common.name)
#define VT_SCENES_FIELDS(type, pixels)                                                                      \
  {"px", VT_FIELD_INT, VT_SCENES_AT(type, px), pixels, VT_RANGE(32, 256),                                   \
   .help = "side in pixels, a multiple of 8"},                                                              \
  {"clutter", VT_FIELD_INT, VT_SCENES_AT(type, clutter), "4", VT_RANGE(0, 12),                              \
   .help = "most scraps lying about"},                                                                      \
  {"nuisance", VT_FIELD_REAL, VT_SCENES_AT(type, nuisance), "1", VT_RANGE(0, 2),                            \
   .help = "how much pose, place, size, light and noise vary; 0: not at all"},                              \
  {"block_erase", VT_FIELD_REAL, VT_SCENES_AT(type, block_erase), "0", VT_RANGE(0, 1),                      \
   .help = "share of training pictures that keep only 15 to 100 % of their 8 x 8 blocks, others black"},    \
  {"label_noise", VT_FIELD_REAL, VT_SCENES_AT(type, label_noise), "0", VT_RANGE(0, 1),                      \
   .help = "share of training labels that are replaced by another class"},                                  \
  {"spurious", VT_FIELD_REAL, VT_SCENES_AT(type, spurious), "0", VT_RANGE(0, 1),                            \
   .help = "share of training and validation pictures whose background colour tells the class"},            \
  {"heldout_combos", VT_FIELD_BOOL, VT_SCENES_AT(type, heldout), "false",                                   \
   .help = "leave a tenth of the class and colour pairs to the test split"},                                \
  {"shift", VT_FIELD_CHOICE, VT_SCENES_AT(type, shift), "none", .choices = VT_SHIFT_NAMES,                  \
   .help = "a change of the whole set, the same items otherwise"},                                          \
  {"level", VT_FIELD_INT, VT_SCENES_AT(type, level), "3", VT_RANGE(1, 5),                                   \
   .help = "its strength"}
/* clang-format on */

typedef struct vt_scenes_item {
  vt_scene scene; /* scene.label: the true class */
  vt_split split;
  int label;      /* what the data set says; another one with label_noise */
  int main;       /* the object or group the label is about; −1: there is no label */
  int distractor; /* another object that tempts; −1: none */
  bool held_out;  /* a combination the other splits never show */
  bool spurious;  /* the background tells the class */
} vt_scenes_item;

/* Refuses sides that are no multiple of 8. For vt_preset.open. */
vt_status vt_scenes_open(vt_ctx *ctx, vt_world *world);

/* ---- parts of `make` ---- */
/* Starts the record: class, light, noise and background (which tells the class where `spurious` says so). The
 * canvas is one unit wide and high. */
void vt_scenes_begin(const vt_world *world, vt_split split, uint64_t key, int label, vt_scenes_item *item);
/* Colours of an object that stand out from the background and from each other; `first` may be fixed by the
 * caller to a colour ≥ 0. */
void vt_scenes_colours(const vt_scene *scene, vt_draw *draw, int first, vt_colour *colour, vt_colour *second);
/* With heldout_combos the colour of the object, ≥ 0, which with the class is none of the held-out pairs
 * outside the test split; otherwise −1. Sets item->held_out. */
int vt_scenes_fixed_colour(const vt_world *world, vt_scenes_item *item, vt_draw *draw);
/* Small differences of colour, angle and texture seed on a node and all below it. */
void vt_scenes_vary(vt_scene *scene, int node, double nuisance, vt_draw *draw);
/* Places for `count` objects of that radius (units) that keep `gap` units apart, inside the canvas; false:
 * none was found in 200 tries (then what was found last is returned). */
bool vt_scenes_spread(const vt_scene *scene, vt_draw *draw, int count, const float *radius, float gap,
                      float (*place)[2]);
/* Scraps behind the objects, away from the middle of those that are there; `plain`: none that looks like a
 * plain shape of the vocabulary. */
void vt_scenes_clutter(vt_scene *scene, int most, bool plain, vt_draw *draw);
/* Label noise and shifts of the record. Last call of `make`. */
void vt_scenes_finish(const vt_world *world, uint64_t key, int classes, vt_scenes_item *item);
/* Whether class and colour belong to the tenth that only the test split shows; false without the option. */
bool vt_scenes_held_out(const vt_world *world, int class_number, int colour);

/* ---- from the record ---- */
/* The picture with corruption and erased blocks, and the label map (node + 1); each may be NULL. */
vt_status vt_scenes_picture(vt_ctx *ctx, const vt_world *world, const vt_scenes_item *item, uint64_t pass,
                            uint8_t *rgb, uint16_t *labels);
/* Fills image, label maps ("node", "object") and truth. */
vt_status vt_scenes_show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item);

/* Training fields by bit. Boxes: of up to 3 objects, x, y, beyond x, beyond y in pixels; −1 where there is
 * none. */
enum {
  VT_SCENES_IMAGE = 1,      /* image f32 [3, px, px] */
  VT_SCENES_LABEL = 2,      /* label i64 */
  VT_SCENES_MASK = 4,       /* mask u8 [px, px]: visible pixels of the main object */
  VT_SCENES_DISTRACTOR = 8, /* distractor u8 [px, px] */
  VT_SCENES_PARTS = 16,     /* parts u8 [px, px]: 0, or noun of the part − VT_BODY + 1 */
  VT_SCENES_BOXES = 32      /* boxes f32 [3, 4], box_labels i64 [3] */
};
int vt_scenes_describe(const vt_world *world, unsigned which, vt_dataset_field *fields);
/* The fields of that list from out[0] on. */
vt_status vt_scenes_fill(vt_ctx *ctx, const vt_world *world, const vt_scenes_item *item, uint64_t pass,
                         unsigned which, int (*class_of)(const vt_scenes_item *item, int object),
                         void *const *out);
int vt_scenes_px(const vt_world *world);

/* One of the prompts, drawn from the key, about a node of a scene that is called `name`; a quarter of the
 * time its colour is said. */
void vt_scene_prompt_say(const vt_scene *scene, int node, const char *name, uint64_t key, char *text,
                         size_t size);

#endif
