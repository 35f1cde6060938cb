/* SPDX-License-Identifier: Apache-2.0
 *
 * creatures/odd and creatures/fine: drawing records, what an item shows, training fields.
 */
#include <math.h>

#include "worlds/creatures.h"
#include "worlds/presets.h"

/* clang-format off */
#define AT(name) offsetof(vt_creatures_options, name)
#define CREATURE_FIELDS(occlude_usual, crop_usual)                                                          \
  {"px", VT_FIELD_INT, AT(px), "64", VT_RANGE(32, 256), .help = "side in pixels"},                          \
  {"pretrain", VT_FIELD_BOOL, AT(pretrain), "false",                                                        \
   .help = "creatures of drawn traits that belong to no species: attributes only, no label"},               \
  {"nuisance", VT_FIELD_REAL, AT(nuisance), "1", VT_RANGE(0, 2),                                            \
   .help = "how much pose, place, size, light and noise vary; 0: not at all"},                              \
  {"occlude", VT_FIELD_REAL, AT(occlude), occlude_usual, VT_RANGE(0, 1),                                    \
   .help = "share of pictures in which something lies over a part"},                                        \
  {"crop", VT_FIELD_BOOL, AT(crop), crop_usual,                                                             \
   .help = "the picture is the creature's box with margins of -4 to 14 %, not a place in a scene"},         \
  {"augment", VT_FIELD_BOOL, AT(augment), crop_usual,                                                       \
   .help = "after the first pass training items are seen anew: box, turn, side, light and noise"},          \
  {"block_erase", VT_FIELD_REAL, AT(block_erase), "0", VT_RANGE(0, 1),                                      \
   .help = "share of training pictures that keep only 15 to 100 % of their 8 x 8 blocks, others black"},    \
  {"shift", VT_FIELD_CHOICE, AT(shift), "none",                                                             \
   .choices = "none|noise|blur|contrast|brightness|colour|hue|saturation|gain|bias|rows|columns|perturb|erase", \
   .help = "damage done to every picture"},                                                                 \
  {"level", VT_FIELD_INT, AT(level), "3", VT_RANGE(1, 5), .help = "strength of the shift"}
/* clang-format on */

static const vt_field odd_fields[] = {CREATURE_FIELDS("0", "false")};
static const vt_field fine_fields[] = {CREATURE_FIELDS("0.15", "true")};

#define PI 3.14159265358979

const vt_creature_table *vt_creatures_table(const vt_world *world)
{
  return world->shared;
}

static vt_status open_table(vt_world *world, const vt_creature_table *table)
{
  const vt_creatures_options *options = world->options;
  world->shared = (void *)(uintptr_t)table; /* a constant table: nobody writes to it */
  world->classes = options->pretrain ? NULL : table->names;
  world->class_count = options->pretrain ? 0 : table->count;
  return VT_OK;
}

static vt_status open_odd(vt_ctx *ctx, vt_world *world)
{
  VT_UNUSED(ctx);
  return open_table(world, &vt_creatures_odd_table);
}

static vt_status open_fine(vt_ctx *ctx, vt_world *world)
{
  VT_UNUSED(ctx);
  return open_table(world, &vt_creatures_fine_table);
}

/* ---- record ---- */

/* Colours that looks use; black and grey are left to outlines and stones. */
static const vt_colour trait_colours[] = {VT_RED,    VT_GREEN, VT_BLUE, VT_YELLOW, VT_PURPLE,
                                          VT_ORANGE, VT_CYAN,  VT_PINK, VT_BROWN,  VT_WHITE};

/* Species take turns, so that every one has the same number of items. */
static void draw_traits(const vt_world *world, int64_t index, vt_draw *draw, vt_creature *creature)
{
  const vt_creatures_options *options = world->options;
  const vt_creature_table *table = world->shared;
  creature->species = options->pretrain ? -1 : (int)(index % table->count);
  for (int part = 0; part < VT_CREATURE_PARTS; part++) {
    vt_trait *trait = &creature->traits[part];
    if (creature->species >= 0) {
      *trait = vt_creature_look(table, creature->species, (vt_creature_part)part);
      continue;
    }
    trait->value[VT_CREATURE_SHAPE] = vt_draw_below(draw, VT_CREATURE_SHAPES);
    trait->value[VT_CREATURE_COLOUR] = (int)trait_colours[vt_draw_below(draw, VT_COUNT(trait_colours))];
    /* beak and legs are too thin for a pattern */
    bool plain = part == VT_CREATURE_BEAK || part == VT_CREATURE_LEG || vt_draw_chance(draw, .4);
    trait->value[VT_CREATURE_TEXTURE] = plain ? 0 : vt_draw_below(draw, VT_CREATURE_TEXTURES);
  }
}

static void draw_pose(double nuisance, vt_draw *draw, vt_creature_view *view)
{
  view->head_angle = (float)(nuisance * vt_draw_uniform(draw, -.35, .3));
  view->head_x = (float)(nuisance * vt_draw_uniform(draw, -.07, .09));
  view->head_y = (float)(nuisance * vt_draw_uniform(draw, -.10, .10));
  view->wing_angle = (float)(-.12 + nuisance * vt_draw_uniform(draw, -.25, .55));
  view->tail_angle = (float)(.15 + nuisance * vt_draw_uniform(draw, -.5, .5));
  for (int i = 0; i < 2; i++)
    view->stride[i] = (float)((i ? .18 : -.12) + nuisance * vt_draw_uniform(draw, -.3, .3));
  for (int part = 0; part < VT_CREATURE_PARTS; part++) {
    view->size[part] = (float)(1 + nuisance * vt_draw_uniform(draw, -.1, .1));
    double all = nuisance * vt_draw_uniform(draw, -.05, .05);
    for (int c = 0; c < 3; c++)
      view->tint[part][c] = (float)(all + nuisance * vt_draw_uniform(draw, -.03, .03));
  }
}

/* Where it is seen: a place in the scene, or the box with margins. */
static void draw_camera(const vt_creatures_options *options, vt_draw *draw, vt_creature *creature)
{
  vt_creature_view *view = &creature->view;
  double px = (double)options->px, nuisance = options->nuisance, box[4], wide, high;
  view->mirror = nuisance > 0 && vt_draw_chance(draw, .5);
  view->angle = (float)(nuisance * vt_draw_uniform(draw, -.22, .22));
  vt_creature_extent(creature, box);
  if (options->crop) {
    double margin[4];
    wide = box[2] - box[0];
    high = box[3] - box[1];
    for (int i = 0; i < 4; i++)
      margin[i] = (.05 + nuisance * vt_draw_uniform(draw, -.09, .09)) * (i % 2 ? high : wide);
    for (int i = 0; i < 4; i++)
      box[i] += i < 2 ? -margin[i] : margin[i];
  }
  wide = box[2] - box[0];
  high = box[3] - box[1];
  double fit = px / fmax(wide, high), slack;
  view->unit = (float)(options->crop ? fit : fit * (.88 + nuisance * vt_draw_uniform(draw, -.1, .1)));
  slack = options->crop ? 0 : nuisance > 0 ? 1 : 0;
  double free_x = px - wide * view->unit, free_y = px - high * view->unit;
  view->x = (float)(-box[0] * view->unit + free_x * (.5 + slack * vt_draw_uniform(draw, -.5, .5)));
  view->y = (float)(-box[1] * view->unit + free_y * (.5 + slack * vt_draw_uniform(draw, -.5, .5)));
  view->light = (float)(nuisance * vt_draw_uniform(draw, 0, .2));
  view->light_angle = (float)vt_draw_uniform(draw, 0, 2 * PI);
  view->noise = (float)(nuisance * vt_draw_uniform(draw, .01, .03));
}

static void draw_background(double nuisance, vt_draw *draw, vt_creature *creature)
{
  static const vt_shape_kind kinds[] = {VT_SHAPE_ELLIPSE, VT_SHAPE_CAPSULE, VT_SHAPE_TRIANGLE,
                                        VT_SHAPE_ROUNDED};
  creature->horizon = nuisance > 0 && vt_draw_chance(draw, .7) ? (float)vt_draw_uniform(draw, .35, .9) : 1;
  creature->ground_texture = nuisance > 0 && vt_draw_chance(draw, .7) ? VT_TEXTURE_CLOUDED : VT_TEXTURE_PLAIN;
  for (int field = 0; field < 2; field++) {
    double grey = vt_draw_uniform(draw, .35, .85);
    for (int c = 0; c < 3; c++)
      creature->ground[field][c] =
          nuisance > 0 ? (float)(grey + vt_draw_uniform(draw, -.22, .22)) * .92f : .72f;
  }
  creature->scraps = nuisance > 0 ? vt_draw_below(draw, VT_CREATURE_SCRAPS + 1) : 0;
  for (int i = 0; i < creature->scraps; i++) {
    vt_scrap *scrap = &creature->scrap[i];
    int kind = vt_draw_below(draw, VT_COUNT(kinds));
    scrap->shape = kinds[kind];
    scrap->x = (float)vt_draw_uniform(draw, 0, 1);
    scrap->y = (float)vt_draw_uniform(draw, 0, 1);
    scrap->half_width = (float)vt_draw_uniform(draw, .06, .16);
    scrap->half_height = (float)vt_draw_uniform(draw, .05, .14);
    scrap->angle = (float)vt_draw_uniform(draw, -.6, .6);
    const float *colour = vt_colour_rgb[vt_draw_below(draw, VT_COLOURS)];
    for (int c = 0; c < 3; c++)
      scrap->colour[c] = .7f * colour[c] + .3f * creature->ground[0][c];
  }
}

/* A leaf or a stick over one part, about as large as the part. */
static void draw_occluder(const vt_creatures_options *options, vt_draw *draw, vt_creature *creature)
{
  if (!vt_draw_chance(draw, options->occlude)) return;
  double anchor[2], at[2], px = (double)options->px;
  bool stick = vt_draw_chance(draw, .4);
  vt_creature_anchor(creature, (vt_creature_part)vt_draw_below(draw, VT_CREATURE_PARTS), anchor);
  vt_creature_to_pixels(&creature->view, anchor, at);
  vt_scrap *over = &creature->occluder;
  double unit = creature->view.unit / px;
  over->shape = stick ? VT_SHAPE_CAPSULE : VT_SHAPE_LEAF;
  over->x = (float)(at[0] / px + vt_draw_uniform(draw, -.06, .06));
  over->y = (float)(at[1] / px + vt_draw_uniform(draw, -.06, .06));
  over->half_width = (float)(unit * (stick ? vt_draw_uniform(draw, .6, .9) : vt_draw_uniform(draw, .36, .5)));
  over->half_height =
      (float)(unit * (stick ? vt_draw_uniform(draw, .09, .13) : vt_draw_uniform(draw, .24, .3)));
  over->angle = (float)vt_draw_uniform(draw, -1.4, 1.4);
  for (int c = 0; c < 3; c++)
    over->colour[c] = (stick ? vt_colour_rgb[VT_GREY][c] * .7f : vt_colour_rgb[VT_GREY][c]) +
                      (float)vt_draw_uniform(draw, -.08, .08);
}

static vt_status make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                      void *record)
{
  VT_UNUSED(ctx);
  const vt_creatures_options *options = world->options;
  vt_creature *creature = record;
  if (options->pretrain) key = vt_stream("pretrain", key); /* other backgrounds than the species have */
  vt_draw traits = vt_draw_start(key, "traits"), pose = vt_draw_start(key, "pose"),
          camera = vt_draw_start(key, "camera"), ground = vt_draw_start(key, "background"),
          over = vt_draw_start(key, "occlusion");
  creature->split = split;
  creature->px = (int)options->px;
  creature->nuisance = key;
  draw_traits(world, index, &traits, creature);
  draw_pose(options->nuisance, &pose, &creature->view);
  draw_camera(options, &camera, creature);
  draw_background(options->nuisance, &ground, creature);
  draw_occluder(options, &over, creature);
  return VT_OK;
}

void vt_creatures_view(const vt_world *world, const vt_creature *creature, uint64_t pass, vt_creature *out)
{
  const vt_creatures_options *options = world->options;
  *out = *creature;
  if (pass == 0 || !options->augment || creature->split != VT_TRAIN) return;
  uint64_t key = vt_stream("pass", pass) ^ creature->nuisance;
  vt_draw camera = vt_draw_start(key, "camera");
  double before[2] = {creature->occluder.x * out->px - creature->view.x,
                      creature->occluder.y * out->px - creature->view.y};
  bool mirrored = creature->view.mirror;
  float unit = creature->view.unit;
  draw_camera(options, &camera, out);
  out->nuisance = key;
  /* what lies over the creature stays where it lies */
  double grow = out->view.unit / unit, turn = out->view.mirror == mirrored ? 1 : -1;
  out->occluder.x = (float)((out->view.x + turn * grow * before[0]) / out->px);
  out->occluder.y = (float)((out->view.y + grow * before[1]) / out->px);
  out->occluder.half_width *= (float)grow;
  out->occluder.half_height *= (float)grow;
  out->occluder.angle *= (float)turn;
}

/* ---- picture ---- */

static vt_status picture(vt_ctx *ctx, const vt_world *world, const vt_creature *creature, uint8_t *rgb,
                         uint16_t *labels)
{
  const vt_creatures_options *options = world->options;
  VT_TRY(vt_creature_render(ctx, creature, rgb, labels));
  if (!rgb || !options->shift) return VT_OK;
  return vt_corrupt(ctx, rgb, creature->px, creature->px, (vt_corruption)options->shift, (int)options->level,
                    vt_stream("corruption", creature->nuisance));
}

static json_t *species_json(const vt_creature_table *table, const vt_creature *creature)
{
  json_t *json = json_object(), *parts = json_array();
  int now = vt_creature_species_of(table, creature), other = vt_creature_neighbour(table, creature->species);
  unsigned apart = vt_creature_difference(table, creature->species, other);
  for (int part = 0; part < VT_CREATURE_PARTS; part++)
    if (apart >> part & 1) json_array_append_new(parts, json_string(vt_creature_part_names[part]));
  json_object_set_new(json, "class", json_string(table->names[creature->species]));
  json_object_set_new(json, "label", json_integer(creature->species));
  if (now != creature->species) json_object_set_new(json, "edited_to", json_integer(now));
  json_object_set_new(json, "neighbour", json_string(table->names[other]));
  json_object_set_new(json, "distinguishing_parts", parts);
  return json;
}

static vt_status show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  const vt_creature *creature = record;
  size_t pixels = (size_t)creature->px * (size_t)creature->px;
  item->width = item->height = creature->px;
  item->levels = 1;
  item->image = vt_alloc(ctx, 3 * pixels);
  item->labels = vt_alloc(ctx, pixels * sizeof *item->labels);
  if (!item->image || !item->labels) return VT_ERROR_OUT_OF_MEMORY;
  VT_TRY(picture(ctx, world, creature, item->image, item->labels));
  item->truth = creature->species >= 0 ? species_json(world->shared, creature) : json_object();
  json_t *json = vt_creature_json(creature, item->labels);
  json_object_update(item->truth, json);
  json_object_set_new(item->truth, "levels", json_pack("[s]", "part"));
  json_decref(json);
  return item->truth && json ? VT_OK
                             : vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the truth of an item");
}

/* ---- training fields ---- */

enum { IMAGE, PARTS, KEYPOINTS, ATTRIBUTES, BOX, LABEL, FIELDS };

static int describe(const vt_world *world, vt_dataset_field *out)
{
  const vt_creatures_options *options = world->options;
  int64_t px = options->px;
  out[IMAGE] = (vt_dataset_field){"image", VT_F32, 3, {3, px, px}};
  out[PARTS] = (vt_dataset_field){"parts", VT_U8, 2, {px, px}};
  out[KEYPOINTS] = (vt_dataset_field){"keypoints", VT_F32, 2, {VT_CREATURE_PARTS, 3}};
  out[ATTRIBUTES] = (vt_dataset_field){"attributes", VT_I64, 2, {VT_CREATURE_PARTS, VT_CREATURE_ATTRIBUTES}};
  out[BOX] = (vt_dataset_field){"box", VT_F32, 1, {4}};
  out[LABEL] = (vt_dataset_field){"label", VT_I64, 0, {0}};
  return options->pretrain ? LABEL : FIELDS;
}

static void fill_truth(const vt_creature *creature, const uint16_t *labels, uint8_t *parts, float *keypoints,
                       float *box)
{
  int px = creature->px, edge[4] = {px, px, 0, 0};
  for (int i = 0; i < px * px; i++) {
    bool part = labels[i] > 0 && labels[i] <= VT_CREATURE_PARTS;
    int x = i % px, y = i / px;
    if (parts) parts[i] = (uint8_t)labels[i];
    if (!part) continue;
    edge[0] = x < edge[0] ? x : edge[0];
    edge[1] = y < edge[1] ? y : edge[1];
    edge[2] = x >= edge[2] ? x + 1 : edge[2];
    edge[3] = y >= edge[3] ? y + 1 : edge[3];
  }
  for (int i = 0; box && i < 4; i++)
    box[i] = edge[2] > edge[0] ? (float)edge[i] : -1;
  for (int part = 0; keypoints && part < VT_CREATURE_PARTS; part++) {
    vt_keypoint point = vt_creature_keypoint(creature, labels, (vt_creature_part)part);
    keypoints[3 * part] = (float)point.x;
    keypoints[3 * part + 1] = (float)point.y;
    keypoints[3 * part + 2] = point.visible;
  }
}

/* Other blocks in every pass, whether the rest is seen anew or not. */
static void erase(const vt_creatures_options *options, const vt_creature *creature, uint64_t pass,
                  uint8_t *rgb)
{
  uint64_t key = creature->nuisance, stream = vt_stream("block erase", pass);
  if (creature->split != VT_TRAIN || vt_random_uniform(key, stream, 0) >= options->block_erase) return;
  double share = .15 + .85 * vt_random_uniform(key, stream, 1);
  vt_erase_blocks(rgb, creature->px, creature->px, share, stream ^ key, NULL);
}

static vt_status fill(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass, void *const *out)
{
  const vt_creatures_options *options = world->options;
  vt_creature seen;
  vt_creatures_view(world, record, pass, &seen);
  if (!options->pretrain && out[LABEL]) *(int64_t *)out[LABEL] = seen.species;
  if (out[ATTRIBUTES])
    for (int i = 0; i < VT_CREATURE_PARTS * VT_CREATURE_ATTRIBUTES; i++)
      ((int64_t *)out[ATTRIBUTES])[i] =
          seen.traits[i / VT_CREATURE_ATTRIBUTES].value[i % VT_CREATURE_ATTRIBUTES];
  bool maps = out[PARTS] || out[KEYPOINTS] || out[BOX];
  if (!out[IMAGE] && !maps) return VT_OK;
  size_t pixels = (size_t)seen.px * (size_t)seen.px;
  uint8_t *rgb = out[IMAGE] ? vt_alloc(ctx, 3 * pixels) : NULL;
  uint16_t *labels = maps ? vt_alloc(ctx, pixels * sizeof *labels) : NULL;
  vt_status status = (!out[IMAGE] || rgb) && (!maps || labels) ? VT_OK : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) status = picture(ctx, world, &seen, rgb, labels);
  if (status == VT_OK) {
    if (rgb) erase(options, record, pass, rgb);
    if (rgb) vt_picture_floats(rgb, seen.px, seen.px, out[IMAGE]);
    if (maps) fill_truth(&seen, labels, out[PARTS], out[KEYPOINTS], out[BOX]);
  }
  vt_free(rgb);
  vt_free(labels);
  return status;
}

const vt_preset vt_preset_creatures_odd = {
    .id = "creatures/odd",
    .title = "twelve species in pairs of twins that one attribute of one part tells apart",
    .papers = "07",
    .version = 1,
    .counts = {3000, 600, 1200},
    .fields = odd_fields,
    .field_count = VT_COUNT(odd_fields),
    .options_size = sizeof(vt_creatures_options),
    .record_size = sizeof(vt_creature),
    .open = open_odd,
    .make = make,
    .show = show,
    .describe = describe,
    .fill = fill,
};

const vt_preset vt_preset_creatures_fine = {
    .id = "creatures/fine",
    .title = "twenty look-alike species of six parts with key-points, cut out by jittered boxes",
    .papers = "02 07 19 20",
    .version = 1,
    .counts = {1200, 300, 600},
    .fields = fine_fields,
    .field_count = VT_COUNT(fine_fields),
    .options_size = sizeof(vt_creatures_options),
    .record_size = sizeof(vt_creature),
    .open = open_fine,
    .make = make,
    .show = show,
    .describe = describe,
    .fill = fill,
};
