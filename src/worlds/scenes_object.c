/* SPDX-License-Identifier: Apache-2.0
 *
 * scenes/object: one thing of 12 classes among scraps; also with a second thing that tempts, as three
 * separate marks of which each is needed, and as two or three things with boxes.
 */
#include <math.h>

#include "worlds/presets.h"
#include "worlds/scenes.h"
#include "worlds/world_words.h"

typedef struct object_options {
  vt_scenes_options common;
  int form;
  double occlude;
} object_options;

enum { FORM_ONE, FORM_TWO, FORM_MARKS, FORM_SEVERAL };

static const vt_field fields[] = {
    VT_SCENES_FIELDS(object_options, "64"),
    {"form", VT_FIELD_CHOICE, offsetof(object_options, form), "one", .choices = "one|two|marks|several",
     .help = "one thing; the same with a smaller one of another class; three marks that decide together; two "
             "or three things with boxes"},
    {"occlude", VT_FIELD_REAL, offsetof(object_options, occlude), "0", VT_RANGE(0, 1),
     .help = "share of pictures in which a bar lies over the thing"},
};

/* Class = kit · 4 + body: the body alone leaves three classes, the kit alone four. */
enum { BODIES = 4, KITS = 3, CLASSES = BODIES * KITS };
static const char *const thing_classes[CLASSES] = {"cart",   "tanker", "buggy", "racer", "robot", "sheep",
                                                   "turtle", "goat",   "kite",  "fish",  "bat",   "rocket"};

/* Class = first · 4 + second · 2 + third: every mark changed alone gives another class. */
static const vt_noun first_marks[3] = {VT_HEART, VT_STAR, VT_CRESCENT},
                     second_marks[2] = {VT_TRIANGLE, VT_CROSS}, third_marks[2] = {VT_RING, VT_SQUARE};
static const char *const mark_classes[CLASSES] = {
    "heart, triangle, ring",      "heart, triangle, square", "heart, cross, ring",
    "heart, cross, square",       "star, triangle, ring",    "star, triangle, square",
    "star, cross, ring",          "star, cross, square",     "crescent, triangle, ring",
    "crescent, triangle, square", "crescent, cross, ring",   "crescent, cross, square"};

static vt_noun noun_of(int label)
{
  return vt_thing_noun((vt_body)(label % BODIES), (vt_kit)(label / BODIES));
}

static int class_of(const vt_scenes_item *item, int object)
{
  vt_noun noun = item->scene.nodes[object].noun;
  return vt_noun_body(noun) < 0 ? -1 : vt_noun_kit(noun) * BODIES + vt_noun_body(noun);
}

static vt_status open_object(vt_ctx *ctx, vt_world *world)
{
  const object_options *options = world->options;
  world->classes = options->form == FORM_MARKS ? mark_classes : thing_classes;
  world->class_count = CLASSES;
  return vt_scenes_open(ctx, world);
}

/* A thing with its own pose and tint. */
static int add_thing(vt_scenes_item *item, vt_noun noun, float x, float y, float radius, int colour,
                     double nuisance, vt_draw *draw)
{
  vt_scene *scene = &item->scene;
  vt_colour own, second;
  vt_scenes_colours(scene, draw, colour, &own, &second);
  int thing = vt_scene_add_thing(scene, -1, noun, x, y, radius, own, second, draw);
  if (thing < 0) return -1;
  vt_node *node = &scene->nodes[thing];
  node->angle = (float)(nuisance * vt_draw_uniform(draw, -.25, .25));
  node->mirror = vt_draw_chance(draw, .5);
  node->size = radius < .3f ? VT_SMALL : radius > .36f ? VT_LARGE : VT_MEDIUM;
  vt_scenes_vary(scene, thing, nuisance, draw);
  return thing;
}

static float radius_of(double nuisance, vt_draw *draw, double middle, double spread)
{
  return (float)(middle + nuisance * vt_draw_uniform(draw, -spread, spread));
}

static void make_things(vt_scenes_item *item, int form, int colour, double nuisance, vt_draw *draw)
{
  int count = form == FORM_ONE   ? 1
              : form == FORM_TWO ? 2
                                 : 2 + vt_draw_below(draw, 2),
      label = item->scene.label;
  float radius[3], place[3][2];
  for (int i = 0; i < count; i++)
    radius[i] = form == FORM_ONE   ? radius_of(nuisance, draw, .37, .06)
                : form == FORM_TWO ? radius_of(nuisance, draw, i ? .21 : .31, .02)
                                   : radius_of(nuisance, draw, .22, .03);
  if (form == FORM_ONE) { /* the middle, moved; parts may leave the canvas a little */
    place[0][0] = .5f + (float)(nuisance * vt_draw_uniform(draw, -.14, .14));
    place[0][1] = .5f + (float)(nuisance * vt_draw_uniform(draw, -.12, .12));
  } else {
    vt_scenes_spread(&item->scene, draw, count, radius, form == FORM_TWO ? -.06f : -.03f, place);
  }
  for (int i = 0; i < count; i++) {
    int of = i == 0 ? label : (label + 1 + vt_draw_below(draw, CLASSES - 1)) % CLASSES;
    int thing =
        add_thing(item, noun_of(of), place[i][0], place[i][1], radius[i], i ? -1 : colour, nuisance, draw);
    if (i == 0) item->main = thing;
    if (i == 1 && form == FORM_TWO) item->distractor = thing;
  }
}

static void make_marks(vt_scenes_item *item, int colour, double nuisance, vt_draw *draw)
{
  vt_scene *scene = &item->scene;
  int label = scene->label, group = vt_scene_add(scene, -1, VT_GROUP);
  const vt_noun nouns[3] = {first_marks[label / 4], second_marks[label / 2 % 2], third_marks[label % 2]};
  float radius[3], place[3][2];
  for (int i = 0; i < 3; i++)
    radius[i] = radius_of(nuisance, draw, .13, .025);
  vt_scenes_spread(scene, draw, 3, radius, .06f, place);
  for (int i = 0; i < 3; i++) {
    vt_colour own, second;
    vt_scenes_colours(scene, draw, i ? -1 : colour, &own, &second);
    int mark =
        vt_scene_add_thing(scene, group, nouns[i], place[i][0], place[i][1], radius[i], own, second, draw);
    if (mark < 0) continue;
    scene->nodes[mark].angle = (float)(nuisance * vt_draw_uniform(draw, -.3, .3));
    vt_scenes_vary(scene, mark, nuisance, draw);
  }
  item->main = group;
}

/* A bar across the thing that leaves most of it visible. */
static void add_bar(vt_scenes_item *item, vt_draw *draw)
{
  vt_scene *scene = &item->scene;
  int bar = vt_scene_add(scene, -1, VT_CLUTTER);
  if (bar < 0) return;
  vt_place place = vt_scene_place(scene, item->main);
  vt_node *node = &scene->nodes[bar];
  double turn = vt_draw_uniform(draw, 0, 6.283),
         away = vt_draw_uniform(draw, .2, .6) * place.radius / scene->unit;
  node->x = (float)(place.x / scene->unit + away * cos(turn));
  node->y = (float)(place.y / scene->unit + away * sin(turn));
  node->z = 5;
  node->scale = .7f;
  node->half_height = (float)vt_draw_uniform(draw, .05, .12);
  node->angle = (float)(turn + 1.5708);
  node->shape = VT_SHAPE_RECTANGLE;
  node->colour = (vt_colour)vt_draw_below(draw, VT_COLOURS);
}

static vt_status make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                      void *record)
{
  VT_UNUSED(ctx), VT_UNUSED(index);
  const object_options *options = world->options;
  vt_scenes_item *item = record;
  double nuisance = options->common.nuisance;
  vt_draw draw = vt_draw_start(key, "object"), clutter = vt_draw_start(key, "clutter");
  vt_draw bar = vt_draw_start(key, "occlusion");
  int label = vt_draw_below(&draw, CLASSES), colour;
  vt_scenes_begin(world, split, key, label, item);
  colour = vt_scenes_fixed_colour(world, item, &draw);
  if (options->form == FORM_MARKS)
    make_marks(item, colour, nuisance, &draw);
  else
    make_things(item, options->form, colour, nuisance, &draw);
  vt_scenes_clutter(&item->scene, (int)options->common.clutter, options->form == FORM_MARKS, &clutter);
  if (vt_draw_chance(&bar, options->occlude)) add_bar(item, &bar);
  vt_scenes_finish(world, key, CLASSES, item);
  return VT_OK;
}

static const unsigned all_fields = VT_SCENES_IMAGE | VT_SCENES_LABEL | VT_SCENES_MASK | VT_SCENES_DISTRACTOR |
                                   VT_SCENES_PARTS | VT_SCENES_BOXES;

enum { TOKENS = 16 };

static int describe(const vt_world *world, vt_dataset_field *out)
{
  int count = vt_scenes_describe(world, all_fields, out);
  out[count] = (vt_dataset_field){"tokens", VT_I64, 1, {TOKENS}};
  return count + 1;
}

/* What the thing is, said anew in every pass; marks have no name. */
static void fill_tokens(const vt_world *world, const vt_scenes_item *item, uint64_t pass, int64_t *out)
{
  vt_world_words words;
  char text[160] = "";
  int node = item->main;
  vt_world_words_of(world, &words);
  if (node >= 0 && class_of(item, node) >= 0)
    vt_scene_prompt_say(&item->scene, node, world->classes[item->label],
                        vt_stream("prompt", pass) ^ item->scene.nuisance, text, sizeof text);
  words.tokens(text, TOKENS, out);
}

static vt_status fill(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass, void *const *out)
{
  enum { TOKENS_FIELD = 7 };
  if (out[TOKENS_FIELD]) fill_tokens(world, record, pass, out[TOKENS_FIELD]);
  return vt_scenes_fill(ctx, world, record, pass, all_fields, class_of, out);
}

const vt_preset vt_preset_scenes_object = {
    .id = "scenes/object",
    .title = "one thing of 12 classes among scraps, with all its parts",
    .papers = "01 02 03 07 11 29",
    .version = 1,
    .counts = {10000, 1000, 2000},
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .options_size = sizeof(object_options),
    .record_size = sizeof(vt_scenes_item),
    .open = open_object,
    .make = make,
    .show = vt_scenes_show,
    .describe = describe,
    .fill = fill,
};
