/* SPDX-License-Identifier: Apache-2.0
 *
 * scenes/seg: one to three things of six classes to be segmented, in sizes that differ threefold or (fixed)
 * hardly at all; void where no class owns nearly all of a pixel.
 */
#include <math.h>

#include "worlds/presets.h"
#include "worlds/scenes.h"

typedef struct seg_options {
  vt_scenes_options common;
  int scale;
  bool keep_edges;
} seg_options;

enum { SCALE_VARIED, SCALE_FIXED };

static const vt_field fields[] = {
    VT_SCENES_FIELDS(seg_options, "96"),
    {"scale", VT_FIELD_CHOICE, offsetof(seg_options, scale), "varied", .choices = "varied|fixed",
     .help = "sizes from 0.5 to 1.5 of the middle one, or from 0.95 to 1.05"},
    {"keep_edges", VT_FIELD_BOOL, offsetof(seg_options, keep_edges), "false",
     .help = "mixed pixels get the class that covers most of them, not void"},
};

/* Pairs that share a body or a kit, so that single parts do not tell. */
enum {
  THINGS = 6,
  VOID = 0,
  BACKGROUND = 1,
  FIRST = 2,
  CLASSES = FIRST + THINGS,
  MOST_OBJECTS = 3,
  CENTROIDS = 32
};
static const vt_noun things[THINGS] = {VT_CART, VT_ROBOT, VT_FISH, VT_SHEEP, VT_ROCKET, VT_RACER};
static const char *const classes[CLASSES] = {"void", "background", "cart",   "robot",
                                             "fish", "sheep",      "rocket", "racer"};

static int class_of(const vt_scenes_item *item, int object)
{
  for (int i = 0; i < THINGS; i++)
    if (object >= 0 && item->scene.nodes[object].noun == things[i]) return FIRST + i;
  return BACKGROUND;
}

static vt_status make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                      void *record)
{
  VT_UNUSED(ctx), VT_UNUSED(index);
  const seg_options *options = world->options;
  vt_scenes_item *item = record;
  double nuisance = options->common.nuisance;
  vt_draw draw = vt_draw_start(key, "seg"), clutter = vt_draw_start(key, "clutter");
  int count = 1 + vt_draw_below(&draw, MOST_OBJECTS);
  vt_scenes_begin(world, split, key, -1, item);
  item->main = -1;
  float radius[MOST_OBJECTS], place[MOST_OBJECTS][2];
  for (int i = 0; i < count; i++) {
    double low = options->scale == SCALE_VARIED ? .5 : .95,
           high = options->scale == SCALE_VARIED ? 1.5 : 1.05;
    radius[i] = (float)(.2 * vt_draw_uniform(&draw, low, high));
  }
  vt_scenes_spread(&item->scene, &draw, count, radius, -.04f, place);
  for (int i = 0; i < count; i++) {
    vt_colour own, second;
    vt_noun noun = things[vt_draw_below(&draw, THINGS)];
    vt_scenes_colours(&item->scene, &draw, -1, &own, &second);
    int thing =
        vt_scene_add_thing(&item->scene, -1, noun, place[i][0], place[i][1], radius[i], own, second, &draw);
    if (thing < 0) continue;
    vt_node *node = &item->scene.nodes[thing];
    node->angle = (float)(nuisance * vt_draw_uniform(&draw, -.25, .25));
    node->mirror = vt_draw_chance(&draw, .5);
    node->size = radius[i] < .16f ? VT_SMALL : radius[i] > .24f ? VT_LARGE : VT_MEDIUM;
    vt_scenes_vary(&item->scene, thing, nuisance, &draw);
  }
  vt_scenes_clutter(&item->scene, (int)options->common.clutter, false, &clutter);
  vt_scenes_finish(world, key, 0, item);
  return VT_OK;
}

/* ---- fields ---- */

/* Void: pixels of an object that it covers by less than .9, and pixels below an object that covers more than
 * a tenth of them. */
static vt_status mark_void(vt_ctx *ctx, const vt_scenes_item *item, const uint16_t *objects, int px,
                           int64_t *mask)
{
  vt_raster raster;
  VT_TRY(vt_raster_new(ctx, px, px, VT_PLANE_COVERAGE, &raster));
  for (int i = -1; (i = vt_scene_next(&item->scene, i, VT_NODE_OBJECT, VT_NOUN_NONE)) >= 0;) {
    vt_raster_clear(&raster);
    vt_scene_paint_node(&item->scene, i, &raster);
    for (int k = 0; k < px * px; k++) {
      bool own = objects[k] == i + 1; /* objects with higher numbers lie above */
      if (own ? raster.coverage[k] < .9f : objects[k] < i + 1 && raster.coverage[k] > .1f) mask[k] = VOID;
    }
  }
  vt_raster_free(&raster);
  return VT_OK;
}

static vt_status fill_mask(vt_ctx *ctx, const vt_world *world, const vt_scenes_item *item,
                           const uint16_t *labels, int64_t *mask)
{
  const seg_options *options = world->options;
  int px = vt_scenes_px(world);
  uint16_t *objects = vt_alloc(ctx, (size_t)px * (size_t)px * sizeof *objects);
  if (!objects) return VT_ERROR_OUT_OF_MEMORY;
  vt_scene_label_map(&item->scene, labels, VT_NODE_OBJECT, objects);
  for (int i = 0; i < px * px; i++)
    mask[i] = class_of(item, objects[i] - 1);
  vt_status status = options->keep_edges ? VT_OK : mark_void(ctx, item, objects, px, mask);
  vt_free(objects);
  return status;
}

/* Of each part with at least 4 visible pixels: x, y, part (noun − VT_BODY + 1), class; then rows of −1. */
static void fill_centroids(const vt_scenes_item *item, const uint16_t *labels, int px, float *out)
{
  double sums[VT_SCENE_NODES][3] = {{0}};
  for (int i = 0; i < px * px; i++) {
    if (!labels[i]) continue;
    double *sum = sums[labels[i] - 1];
    sum[0] += i % px + .5;
    sum[1] += i / px + .5;
    sum[2]++;
  }
  int count = 0;
  for (int i = 0; i < item->scene.count && count < CENTROIDS; i++) {
    const vt_node *node = &item->scene.nodes[i];
    if (node->kind != VT_NODE_PART || sums[i][2] < 4) continue;
    float *row = out + 4 * count++;
    row[0] = (float)(sums[i][0] / sums[i][2]);
    row[1] = (float)(sums[i][1] / sums[i][2]);
    row[2] = (float)((int)node->noun - (int)VT_BODY + 1);
    row[3] = (float)class_of(item, vt_scene_ancestor(&item->scene, i, VT_NODE_OBJECT));
  }
  for (int i = 4 * count; i < 4 * CENTROIDS; i++)
    out[i] = -1;
}

static const unsigned shared_fields = VT_SCENES_IMAGE | VT_SCENES_PARTS;

static int describe(const vt_world *world, vt_dataset_field *out)
{
  int px = vt_scenes_px(world), count = vt_scenes_describe(world, shared_fields, out);
  out[count++] = (vt_dataset_field){"mask", VT_I64, 2, {px, px}};
  out[count++] = (vt_dataset_field){"centroids", VT_F32, 2, {CENTROIDS, 4}};
  return count;
}

static vt_status fill(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass, void *const *out)
{
  const vt_scenes_item *item = record;
  int px = vt_scenes_px(world);
  VT_TRY(vt_scenes_fill(ctx, world, item, pass, shared_fields, NULL, out));
  if (!out[2] && !out[3]) return VT_OK;
  uint16_t *labels = vt_alloc(ctx, (size_t)px * (size_t)px * sizeof *labels);
  if (!labels) return VT_ERROR_OUT_OF_MEMORY;
  vt_status status = vt_scene_render(ctx, &item->scene, NULL, labels);
  if (status == VT_OK && out[2]) status = fill_mask(ctx, world, item, labels, out[2]);
  if (status == VT_OK && out[3]) fill_centroids(item, labels, px, out[3]);
  vt_free(labels);
  return status;
}

/* The class map beside the label maps, as an array "classes" i64 [px, px]. */
static vt_status show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  int px = vt_scenes_px(world);
  VT_TRY(vt_scenes_show(ctx, world, record, item));
  vt_tensor *map;
  VT_TRY(vt_item_add_array(ctx, item, "classes", VT_I64, 2, (int64_t[]){px, px}, &map));
  return fill_mask(ctx, world, record, item->labels, map->data);
}

const vt_preset vt_preset_scenes_seg = {
    .id = "scenes/seg",
    .title = "things of six classes to segment, in many sizes or one",
    .papers = "18",
    .version = 1,
    .counts = {1500, 300, 300},
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .options_size = sizeof(seg_options),
    .record_size = sizeof(vt_scenes_item),
    .classes = classes,
    .class_count = CLASSES,
    .open = vt_scenes_open,
    .make = make,
    .show = show,
    .describe = describe,
    .fill = fill,
};
