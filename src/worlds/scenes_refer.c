/* SPDX-License-Identifier: Apache-2.0
 *
 * scenes/refer: three to eight plain objects and an expression that means one, several or none of them.
 */
#include <math.h>

#include "worlds/presets.h"
#include "worlds/scene_refer.h"
#include "worlds/scenes.h"

typedef struct refer_options {
  vt_scenes_options common;
  int64_t length;
  double overlap;
  int expressions;
} refer_options;

enum { EXPRESSIONS_ALL, EXPRESSIONS_SINGLE };

static const vt_field fields[] = {
    VT_SCENES_FIELDS(refer_options, "64"),
    {"length", VT_FIELD_INT, offsetof(refer_options, length), "24", VT_RANGE(8, 64),
     .help = "tokens of an expression with bos, eos and padding; none needs more than 24"},
    {"overlap", VT_FIELD_REAL, offsetof(refer_options, overlap), "0.5", VT_RANGE(0, 1),
     .help = "share of pictures in which one object lies over another for certain"},
    {"expressions", VT_FIELD_CHOICE, offsetof(refer_options, expressions), "all", .choices = "all|single",
     .help = "one, several or no targets (59, 29, 12 %); always one, as in the older task"},
};

enum { SHAPES = 5, COLOURS = 6, LEAST = 3, MOST = 8 };
static const vt_noun shapes[SHAPES] = {VT_CIRCLE, VT_SQUARE, VT_TRIANGLE, VT_STAR, VT_CROSS};
static const vt_colour colours[COLOURS] = {VT_RED, VT_GREEN, VT_BLUE, VT_YELLOW, VT_PURPLE, VT_CYAN};
static const vt_colour neutral[] = {VT_GREY, VT_WHITE, VT_BLACK, VT_BROWN};

typedef struct refer_item {
  vt_scenes_item item; /* its label is the kind of expression */
  vt_reference reference;
  bool meant[VT_SCENE_NODES];
  int targets;
} refer_item;

static vt_expression draw_kind(const refer_options *options, vt_draw *draw)
{
  static const double weights[VT_EXPRESSIONS] = {.295, .295, .0725, .0725, .0725, .0725, .06, .06};
  return (vt_expression)vt_draw_weighted(draw, weights,
                                         options->expressions == EXPRESSIONS_SINGLE ? 2 : VT_EXPRESSIONS);
}

/* Background and scraps in colours that no object has. */
static void make_neutral(vt_scene *scene, vt_draw *draw)
{
  for (int i = 0; i < scene->count; i++) {
    vt_node *node = &scene->nodes[i];
    if (node->kind != VT_NODE_BACKGROUND) continue;
    node->colour = neutral[vt_draw_below(draw, 4)];
    node->second = neutral[vt_draw_below(draw, 4)];
    if (node->noun == VT_CLUTTER) node->shape = VT_SHAPE_CAPSULE; /* nothing that could be a circle */
  }
}

typedef struct look {
  int shape, colour, size;
} look;

/* Looks often share shape or colour with one before, so that one attribute seldom tells. */
static look draw_look(const vt_world *world, vt_scenes_item *item, const look *before, int count,
                      vt_draw *draw)
{
  look out = {0};
  for (int attempt = 0; attempt < 50; attempt++) {
    out = (look){vt_draw_below(draw, SHAPES), vt_draw_below(draw, COLOURS), vt_draw_below(draw, 2)};
    int like = count ? vt_draw_below(draw, count) : 0, shared = vt_draw_below(draw, 4);
    if (count && (shared == 0 || shared == 2)) out.shape = before[like].shape;
    if (count && shared == 1) out.colour = before[like].colour;
    bool held = vt_scenes_held_out(world, out.shape, (int)colours[out.colour]);
    item->held_out |= held && item->split == VT_TEST;
    if (!held || item->split == VT_TEST) break;
  }
  return out;
}

/* Distance of centres as a share of the sum of radii; the least of all others. */
static float nearest(const float (*place)[2], const float *radius, int count, int number)
{
  float least = 10;
  for (int i = 0; i < count; i++) {
    if (i == number) continue;
    float away = hypotf(place[i][0] - place[number][0], place[i][1] - place[number][1]);
    least = fminf(least, away / (radius[i] + radius[number]));
  }
  return least;
}

/* Places that leave every object mostly visible: neighbours no nearer than .8 of their radii together, with
 * `over` the second one at that distance or a little more from the first. Returns how many found one. */
static int spread(int count, const float *radius, bool over, float (*place)[2], vt_draw *draw)
{
  int placed = 0;
  for (int attempt = 0; attempt < 400 && placed < count; attempt++) {
    float own = radius[placed];
    float *at = place[placed];
    if (over && placed == 1) {
      double turn = vt_draw_uniform(draw, 0, 6.2832), away = vt_draw_uniform(draw, .8, .92);
      at[0] = place[0][0] + (float)(away * cos(turn)) * (radius[0] + own);
      at[1] = place[0][1] + (float)(away * sin(turn)) * (radius[0] + own);
    } else {
      at[0] = (float)vt_draw_uniform(draw, own, 1 - own);
      at[1] = (float)vt_draw_uniform(draw, own, 1 - own);
    }
    bool inside = at[0] >= own && at[0] <= 1 - own && at[1] >= own && at[1] <= 1 - own;
    float least = over && placed == 1 ? .79f : .95f;
    if (inside && nearest((const float(*)[2])place, radius, placed + 1, placed) >= least) placed++;
  }
  return placed;
}

static void add_objects(const vt_world *world, vt_scenes_item *item, bool over, vt_draw *draw)
{
  static const float radii[2] = {.08f, .135f};
  const refer_options *options = world->options;
  double nuisance = options->common.nuisance;
  int count = LEAST + vt_draw_below(draw, MOST - LEAST + 1);
  look looks[MOST];
  float radius[MOST], place[MOST][2];
  for (int i = 0; i < count; i++) {
    looks[i] = draw_look(world, item, looks, i, draw);
    radius[i] = radii[looks[i].size] * (float)(1 + .06 * nuisance * vt_draw_uniform(draw, -1, 1));
  }
  count = spread(count, radius, over, place, draw);
  for (int i = 0; i < count; i++) {
    vt_colour colour = colours[looks[i].colour];
    int number = vt_scene_add_thing(&item->scene, -1, shapes[looks[i].shape], place[i][0], place[i][1],
                                    radius[i], colour, colour, draw);
    if (number < 0) continue;
    vt_node *node = &item->scene.nodes[number];
    node->size = looks[i].size ? VT_LARGE : VT_SMALL;
    node->angle = (float)(nuisance * vt_draw_uniform(draw, -.2, .2));
    node->outline = .1f;
    vt_scenes_vary(&item->scene, number, nuisance, draw);
  }
}

/* Scenes are drawn until one has an expression of the kind, so that kinds keep their shares. */
enum { SCENES = 60 };

static vt_status make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                      void *record)
{
  VT_UNUSED(ctx), VT_UNUSED(index);
  const refer_options *options = world->options;
  refer_item *refer = record;
  vt_scenes_item *item = &refer->item;
  vt_draw draw = vt_draw_start(key, "expression"), clutter = vt_draw_start(key, "clutter");
  vt_draw paint = vt_draw_start(key, "neutral");
  vt_expression kind = draw_kind(options, &draw);
  bool over = vt_draw_chance(&draw, options->overlap), found = false;
  vt_scenes_begin(world, split, key, (int)kind, item);
  int background = item->scene.count;
  for (int i = 0; i < SCENES && !found; i++) {
    item->scene.count = background;
    item->held_out = false;
    add_objects(world, item, over, &draw);
    found = vt_refer(&item->scene, kind, &draw, &refer->reference, refer->meant);
  }
  if (!found)
    return vt_fail(ctx, VT_ERROR_RUNTIME, "scenes/refer: no expression of kind '%s' in %d scenes",
                   vt_expression_names[kind], SCENES);
  refer->targets = 0;
  item->main = -1;
  for (int i = 0; i < item->scene.count; i++) {
    refer->targets += refer->meant[i];
    if (refer->meant[i] && item->main < 0) item->main = i;
  }
  vt_scenes_clutter(&item->scene, (int)options->common.clutter, true, &clutter);
  if (!item->spurious) make_neutral(&item->scene, &paint);
  vt_scenes_finish(world, key, VT_EXPRESSIONS, item);
  return VT_OK;
}

/* ---- from the record ---- */

static vt_status show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *out)
{
  const refer_item *refer = record;
  uint16_t tokens[VT_REFER_WORDS];
  VT_TRY(vt_scenes_show(ctx, world, &refer->item, out));
  int count = vt_reference_say(&refer->reference, tokens);
  size_t size = vt_scene_spell(tokens, count, NULL, 0) + 1;
  out->text = vt_alloc(ctx, size);
  if (!out->text) return VT_ERROR_OUT_OF_MEMORY;
  vt_scene_spell(tokens, count, out->text, size);
  json_t *targets = json_array();
  for (int i = 0; i < refer->item.scene.count; i++)
    if (refer->meant[i]) json_array_append_new(targets, json_integer(i + 1));
  json_object_set_new(out->truth, "targets", targets);
  json_object_set_new(out->truth, "no_target", json_boolean(refer->targets == 0));
  json_object_del(out->truth, "main");
  return VT_OK;
}

enum { MAPS = 4 }; /* mask, shape, colour, size */

static int describe(const vt_world *world, vt_dataset_field *out)
{
  const refer_options *options = world->options;
  static const char *const maps[MAPS] = {"mask", "shape", "colour", "size"};
  int px = vt_scenes_px(world), count = vt_scenes_describe(world, VT_SCENES_IMAGE | VT_SCENES_LABEL, out);
  out[count++] = (vt_dataset_field){"tokens", VT_I64, 1, {options->length}};
  out[count++] = (vt_dataset_field){"length", VT_I64, 0, {0}};
  out[count++] = (vt_dataset_field){"targets", VT_I64, 0, {0}};
  for (int i = 0; i < MAPS; i++)
    out[count++] = (vt_dataset_field){maps[i], VT_I64, 2, {px, px}};
  return count;
}

static int place_in(const int *list, int count, int value)
{
  for (int i = 0; i < count; i++)
    if (list[i] == value) return i + 1;
  return 0;
}

/* Values of each map by node + 1; 0 where there is no object. */
static void map_values(const refer_item *refer, int64_t values[MAPS][VT_SCENE_NODES + 1])
{
  int nouns[SHAPES], hues[COLOURS];
  for (int i = 0; i < SHAPES; i++)
    nouns[i] = (int)shapes[i];
  for (int i = 0; i < COLOURS; i++)
    hues[i] = (int)colours[i];
  memset(values, 0, MAPS * sizeof *values);
  for (int i = 0; i < refer->item.scene.count; i++) {
    const vt_node *node = &refer->item.scene.nodes[i];
    if (node->kind != VT_NODE_OBJECT) continue;
    values[0][i + 1] = refer->meant[i];
    values[1][i + 1] = place_in(nouns, SHAPES, (int)node->noun);
    values[2][i + 1] = place_in(hues, COLOURS, (int)node->colour);
    values[3][i + 1] = node->size == VT_LARGE ? 2 : 1;
  }
}

static vt_status fill_maps(vt_ctx *ctx, const refer_item *refer, int px, void *const *out)
{
  int64_t values[MAPS][VT_SCENE_NODES + 1];
  size_t pixels = (size_t)px * (size_t)px;
  uint16_t *labels = vt_alloc(ctx, pixels * sizeof *labels);
  vt_status status = labels ? vt_scene_render(ctx, &refer->item.scene, NULL, labels) : VT_ERROR_OUT_OF_MEMORY;
  map_values(refer, values);
  for (int map = 0; map < MAPS && status == VT_OK; map++) {
    int64_t *to = out[map];
    for (size_t i = 0; to && i < pixels; i++)
      to[i] = values[map][labels[i]];
  }
  vt_free(labels);
  return status;
}

static vt_status fill(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass, void *const *out)
{
  const refer_options *options = world->options;
  const refer_item *refer = record;
  uint16_t tokens[VT_REFER_WORDS];
  VT_TRY(vt_scenes_fill(ctx, world, &refer->item, pass, VT_SCENES_IMAGE | VT_SCENES_LABEL, NULL, out));
  int count = vt_reference_say(&refer->reference, tokens);
  int used = vt_scene_frame(tokens, count, (int)options->length, out[2]);
  if (out[3]) *(int64_t *)out[3] = used;
  if (out[4]) *(int64_t *)out[4] = refer->targets;
  if (!out[5] && !out[6] && !out[7] && !out[8]) return VT_OK;
  return fill_maps(ctx, refer, vt_scenes_px(world), out + 5);
}

const vt_preset vt_preset_scenes_refer = {
    .id = "scenes/refer",
    .title = "plain objects and an expression that means one, several or none of them",
    .papers = "24 30",
    .version = 1,
    .counts = {20000, 2000, 2000},
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .options_size = sizeof(refer_options),
    .record_size = sizeof(refer_item),
    .classes = vt_expression_names,
    .class_count = VT_EXPRESSIONS,
    .open = vt_scenes_open,
    .make = make,
    .show = show,
    .describe = describe,
    .fill = fill,
};
