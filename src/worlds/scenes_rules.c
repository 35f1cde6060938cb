/* SPDX-License-Identifier: Apache-2.0
 *
 * scenes/rules: a thing of body, upper and lower parts; 20 classes are rules over three or four of six groups
 * of spatial concepts (18 in all), five global concepts are true or not beside them. Classes are leaves of a
 * tree of such choices, so no thing fits two.
 */
#include <math.h>

#include "worlds/presets.h"
#include "worlds/scenes.h"

typedef struct rules_options {
  vt_scenes_options common;
  int patch_rule;
} rules_options;

static const vt_field fields[] = {
    VT_SCENES_FIELDS(rules_options, "64"),
    {"patch_rule", VT_FIELD_CHOICE, offsetof(rules_options, patch_rule), "any", .choices = "half|any|centre",
     .help = "when a part counts for a patch: it covers half of it, any pixel, its middle"},
};

enum { GROUPS = 6, VALUES = 3, SPATIAL = GROUPS * VALUES, GLOBALS = 5, CLASSES = 20, GRID = 8 };
enum { BODY, PATTERN, UPPER, UPPER_COLOUR, LOWER, LOWER_COLOUR }; /* groups */
enum { OUTDOORS, LARGE, LEANING, COMPANION, SHINY };              /* global concepts */

static const vt_body bodies[VALUES] = {VT_BODY_BOX, VT_BODY_EGG, VT_BODY_CONE};
static const vt_texture patterns[VALUES] = {VT_TEXTURE_PLAIN, VT_TEXTURE_STRIPED, VT_TEXTURE_DOTTED};
static const vt_noun uppers[VALUES] = {VT_EAR, VT_FLAG, VT_LID}, lowers[VALUES] = {VT_WHEEL, VT_LEG, VT_FIN};
static const vt_colour colours[VALUES] = {VT_RED, VT_BLUE, VT_YELLOW};

/* Value 1 to 3 that a group must have, 0: any. */
typedef struct rule {
  uint8_t value[GROUPS];
} rule;
static const rule rules[CLASSES] = {
    /* box: upper part, colour of the lower one */
    {{1, 0, 1, 0, 0, 1}},
    {{1, 0, 1, 0, 0, 2}},
    {{1, 0, 1, 0, 0, 3}},
    {{1, 0, 2, 0, 0, 1}},
    {{1, 0, 2, 0, 0, 2}},
    {{1, 0, 3, 0, 0, 1}},
    {{1, 0, 3, 0, 0, 3}},
    /* egg: pattern, lower part */
    {{2, 1, 0, 0, 1, 0}},
    {{2, 1, 0, 0, 2, 0}},
    {{2, 1, 0, 0, 3, 0}},
    {{2, 2, 0, 0, 1, 0}},
    {{2, 2, 0, 0, 2, 0}},
    {{2, 3, 0, 0, 1, 0}},
    {{2, 3, 0, 0, 3, 0}},
    /* cone: with wheels by pattern and colour of the upper part, with legs by the upper part */
    {{3, 1, 0, 1, 1, 0}},
    {{3, 1, 0, 2, 1, 0}},
    {{3, 2, 0, 1, 1, 0}},
    {{3, 2, 0, 2, 1, 0}},
    {{3, 0, 1, 0, 2, 0}},
    {{3, 0, 2, 0, 2, 0}},
};
static const char *const classes[CLASSES] = {"box, ears, lower red",
                                             "box, ears, lower blue",
                                             "box, ears, lower yellow",
                                             "box, flag, lower red",
                                             "box, flag, lower blue",
                                             "box, lid, lower red",
                                             "box, lid, lower yellow",
                                             "egg, plain, wheels",
                                             "egg, plain, legs",
                                             "egg, plain, fin",
                                             "egg, striped, wheels",
                                             "egg, striped, legs",
                                             "egg, dotted, wheels",
                                             "egg, dotted, fin",
                                             "cone, plain, wheels, red top",
                                             "cone, plain, wheels, blue top",
                                             "cone, striped, wheels, red top",
                                             "cone, striped, wheels, blue top",
                                             "cone, legs, ears",
                                             "cone, legs, flag"};
static const char *const concept_names[SPATIAL + GLOBALS] = {
    "body box",       "body egg",     "body cone",    "pattern plain", "pattern striped",
    "pattern dotted", "upper ears",   "upper flag",   "upper lid",     "upper red",
    "upper blue",     "upper yellow", "lower wheels", "lower legs",    "lower fin",
    "lower red",      "lower blue",   "lower yellow", "outdoors",      "large",
    "leaning",        "companion",    "shiny"};

typedef struct rules_record {
  vt_scenes_item item;   /* first: shared functions take it */
  uint8_t value[GROUPS]; /* 0 to 2 */
  bool large, leaning, companion, shiny;
} rules_record;

/* ---- record ---- */

static void add_thing(rules_record *record, int colour, double nuisance, vt_draw *draw)
{
  vt_scenes_item *item = &record->item;
  vt_scene *scene = &item->scene;
  const uint8_t *value = record->value;
  vt_colour own, second;
  do /* the three colours of parts are not the body's */
    vt_scenes_colours(scene, draw, colour, &own, &second);
  while (colour < 0 && (own == VT_RED || own == VT_BLUE || own == VT_YELLOW));
  float radius = (float)((record->large ? .44 : .35) + nuisance * vt_draw_uniform(draw, -.02, .02));
  float x = .5f + (float)(nuisance * vt_draw_uniform(draw, -.09, .09));
  float y = .5f + (float)(nuisance * vt_draw_uniform(draw, -.07, .07));
  item->main = vt_scene_add(scene, -1, VT_NOUN_NONE);
  vt_node *node = &scene->nodes[item->main];
  double lean = record->leaning ? vt_draw_uniform(draw, .45, .65) : nuisance * vt_draw_uniform(draw, 0, .12);
  node->x = x, node->y = y, node->scale = radius;
  node->angle = (float)(vt_draw_chance(draw, .5) ? lean : -lean);
  node->colour = own;
  node->size = record->large ? VT_LARGE : VT_MEDIUM;
  node->pose = !record->leaning ? VT_UPRIGHT : node->angle > 0 ? VT_LEANING_RIGHT : VT_LEANING_LEFT;
  vt_body kind = bodies[value[BODY]];
  int body = vt_scene_add_body(scene, item->main, kind, own);
  scene->nodes[body].texture = patterns[value[PATTERN]];
  scene->nodes[body].second = second;
  scene->nodes[body].period = .3f;
  vt_scene_add_parts(scene, item->main, kind, uppers[value[UPPER]], 1.15f, colours[value[UPPER_COLOUR]]);
  vt_scene_add_parts(scene, item->main, kind, lowers[value[LOWER]], 1.15f, colours[value[LOWER_COLOUR]]);
  vt_scenes_vary(scene, item->main, nuisance, draw);
  for (int i = item->main + 1; i < scene->count; i++) {
    scene->nodes[i].material = record->shiny ? VT_SHINY : VT_MATTE;
    if (scene->nodes[i].noun != VT_POLE && scene->nodes[i].noun != VT_HUB) scene->nodes[i].outline = .05f;
  }
}

static void add_companion(vt_scene *scene, vt_draw *draw)
{
  vt_colour own, second;
  vt_scenes_colours(scene, draw, -1, &own, &second);
  float x = vt_draw_chance(draw, .5) ? .11f : .89f, y = (float)vt_draw_uniform(draw, .12, .88);
  int star = vt_scene_add_thing(scene, -1, VT_STAR, x, y, .1f, own, second, draw);
  if (star >= 0) scene->nodes[star].size = VT_SMALL;
}

static vt_status make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                      void *out)
{
  VT_UNUSED(ctx), VT_UNUSED(index);
  const rules_options *options = world->options;
  rules_record *record = out;
  vt_scenes_item *item = &record->item;
  vt_draw draw = vt_draw_start(key, "rules"), clutter = vt_draw_start(key, "clutter");
  int label = vt_draw_below(&draw, CLASSES);
  for (int group = 0; group < GROUPS; group++) {
    int free_value = vt_draw_below(&draw, VALUES), wanted = rules[label].value[group];
    record->value[group] = (uint8_t)(wanted ? wanted - 1 : free_value);
  }
  record->large = vt_draw_chance(&draw, .5);
  record->leaning = vt_draw_chance(&draw, .3);
  record->companion = vt_draw_chance(&draw, .4);
  record->shiny = vt_draw_chance(&draw, .5);
  vt_scenes_begin(world, split, key, label, item);
  int colour = vt_scenes_fixed_colour(world, item, &draw);
  add_thing(record, colour, options->common.nuisance, &draw);
  if (record->companion) add_companion(&item->scene, &draw);
  vt_scenes_clutter(&item->scene, (int)options->common.clutter, true, &clutter);
  vt_scenes_finish(world, key, CLASSES, item);
  return VT_OK;
}

/* ---- truth ---- */

static void concepts_of(const rules_record *record, uint8_t out[SPATIAL + GLOBALS])
{
  memset(out, 0, SPATIAL + GLOBALS);
  for (int group = 0; group < GROUPS; group++)
    out[group * VALUES + record->value[group]] = 1;
  out[SPATIAL + OUTDOORS] = vt_scene_next(&record->item.scene, -1, VT_NODE_BACKGROUND, VT_SKY) >= 0;
  out[SPATIAL + LARGE] = record->large;
  out[SPATIAL + LEANING] = record->leaning;
  out[SPATIAL + COMPANION] = record->companion;
  out[SPATIAL + SHINY] = record->shiny;
}

/* Which groups a node shows: bits. Hubs and poles count with the part they are on. */
static unsigned groups_of(const rules_record *record, int number)
{
  const vt_scene *scene = &record->item.scene;
  if (!vt_scene_below(scene, number, record->item.main)) return 0;
  while (number >= 0 && scene->nodes[number].parent != record->item.main)
    number = scene->nodes[number].parent;
  if (number < 0) return 0;
  vt_noun noun = scene->nodes[number].noun;
  if (noun == VT_BODY) return 1u << BODY | 1u << PATTERN;
  return noun == uppers[record->value[UPPER]] ? 1u << UPPER | 1u << UPPER_COLOUR
                                              : 1u << LOWER | 1u << LOWER_COLOUR;
}

static vt_status fill_patches(vt_ctx *ctx, const vt_world *world, const rules_record *record, float *out)
{
  const rules_options *options = world->options;
  int px = vt_scenes_px(world);
  size_t pixels = (size_t)px * (size_t)px;
  uint16_t *labels = vt_alloc(ctx, pixels * sizeof *labels);
  uint8_t *bits = vt_alloc(ctx, pixels);
  vt_status status =
      labels && bits ? vt_scene_render(ctx, &record->item.scene, NULL, labels) : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    unsigned groups[VT_SCENE_NODES + 1] = {0};
    for (int i = 0; i < record->item.scene.count; i++)
      groups[i + 1] = groups_of(record, i);
    uint8_t shown[GROUPS][GRID * GRID];
    for (int group = 0; group < GROUPS; group++) {
      for (size_t i = 0; i < pixels; i++)
        bits[i] = groups[labels[i]] >> group & 1;
      vt_bits_patches(bits, px, px, GRID, (vt_patch_rule)options->patch_rule, shown[group]);
    }
    for (int patch = 0; patch < GRID * GRID; patch++) {
      bool any = false;
      for (int group = 0; group < GROUPS; group++)
        any |= shown[group][patch];
      for (int c = 0; c < SPATIAL; c++) {
        int group = c / VALUES;
        bool on = shown[group][patch] && record->value[group] == c % VALUES;
        out[patch * SPATIAL + c] = any ? on : NAN;
      }
    }
  }
  vt_free(labels);
  vt_free(bits);
  return status;
}

static vt_status show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *item)
{
  VT_TRY(vt_scenes_show(ctx, world, record, item));
  uint8_t concepts[SPATIAL + GLOBALS];
  concepts_of(record, concepts);
  json_t *names = json_array();
  for (int i = 0; i < SPATIAL + GLOBALS; i++)
    if (concepts[i]) json_array_append_new(names, json_string(concept_names[i]));
  if (json_object_set_new(item->truth, "concepts", names) == 0) return VT_OK;
  return vt_fail(ctx, VT_ERROR_OUT_OF_MEMORY, "no memory for the truth of an item");
}

static const unsigned shared_fields = VT_SCENES_IMAGE | VT_SCENES_LABEL | VT_SCENES_MASK | VT_SCENES_PARTS;

static int describe(const vt_world *world, vt_dataset_field *out)
{
  int count = vt_scenes_describe(world, shared_fields, out);
  out[count++] = (vt_dataset_field){"concepts", VT_F32, 1, {SPATIAL + GLOBALS}};
  out[count++] = (vt_dataset_field){"patch_targets", VT_F32, 3, {GRID, GRID, SPATIAL}};
  return count;
}

static vt_status fill(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass, void *const *out)
{
  float *concepts = out[4];
  VT_TRY(vt_scenes_fill(ctx, world, record, pass, shared_fields, NULL, out));
  if (concepts) {
    uint8_t bits[SPATIAL + GLOBALS];
    concepts_of(record, bits);
    for (int i = 0; i < SPATIAL + GLOBALS; i++)
      concepts[i] = bits[i];
  }
  return out[5] ? fill_patches(ctx, world, record, out[5]) : VT_OK;
}

const vt_preset vt_preset_scenes_rules = {
    .id = "scenes/rules",
    .title = "20 classes, each a rule over three or four of 18 concepts with a place, and 5 without",
    .papers = "15",
    .version = 1,
    .counts = {4000, 1000, 2000},
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .options_size = sizeof(rules_options),
    .record_size = sizeof(rules_record),
    .classes = classes,
    .class_count = CLASSES,
    .open = vt_scenes_open,
    .make = make,
    .show = show,
    .describe = describe,
    .fill = fill,
};
