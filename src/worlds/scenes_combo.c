/* SPDX-License-Identifier: Apache-2.0
 *
 * scenes/combo: 24 classes, one for each pair of a plain shape and a texture, beside smaller shapes of other
 * kinds; every predicate of picture and patches is known.
 */
#include "worlds/presets.h"
#include "worlds/scenes.h"

typedef struct combo_options {
  vt_scenes_options common;
  int64_t others;
} combo_options;

static const vt_field fields[] = {
    VT_SCENES_FIELDS(combo_options, "64"),
    {"others", VT_FIELD_INT, offsetof(combo_options, others), "2", VT_RANGE(0, 4),
     .help = "most smaller shapes beside the one that decides"},
};

/* Class = shape · 4 + texture. */
enum { SHAPES = 6, PATTERNS = 4, CLASSES = SHAPES * PATTERNS, GRID = 8 };
static const vt_noun shapes[SHAPES] = {VT_CIRCLE, VT_SQUARE, VT_TRIANGLE, VT_STAR, VT_CROSS, VT_HEART};
static const vt_texture patterns[PATTERNS] = {VT_TEXTURE_PLAIN, VT_TEXTURE_STRIPED, VT_TEXTURE_DOTTED,
                                              VT_TEXTURE_CHECKED};
static const char *const classes[CLASSES] = {
    "plain circle",    "striped circle",   "dotted circle",  "checked circle", "plain square",
    "striped square",  "dotted square",    "checked square", "plain triangle", "striped triangle",
    "dotted triangle", "checked triangle", "plain star",     "striped star",   "dotted star",
    "checked star",    "plain cross",      "striped cross",  "dotted cross",   "checked cross",
    "plain heart",     "striped heart",    "dotted heart",   "checked heart"};

static int add_shape(vt_scenes_item *item, int label, const float *place, float radius, int colour,
                     double nuisance, vt_draw *draw)
{
  vt_scene *scene = &item->scene;
  vt_colour own, second;
  vt_scenes_colours(scene, draw, colour, &own, &second);
  int number =
      vt_scene_add_thing(scene, -1, shapes[label / PATTERNS], place[0], place[1], radius, own, second, draw);
  if (number < 0) return -1;
  vt_node *node = &scene->nodes[number];
  node->texture = patterns[label % PATTERNS];
  node->period =
      4.6f / (radius * (float)scene->unit) * (float)scene->unit / 64; /* as coarse on small shapes */
  node->angle = (float)(nuisance * vt_draw_uniform(draw, -.35, .35));
  node->outline = .06f;
  node->size = radius < .2f ? VT_SMALL : radius < .29f ? VT_MEDIUM : VT_LARGE;
  vt_scenes_vary(scene, number, nuisance, draw);
  return number;
}

static vt_status make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                      void *record)
{
  VT_UNUSED(ctx), VT_UNUSED(index);
  const combo_options *options = world->options;
  vt_scenes_item *item = record;
  double nuisance = options->common.nuisance;
  vt_draw draw = vt_draw_start(key, "combo"), clutter = vt_draw_start(key, "clutter");
  int label = vt_draw_below(&draw, CLASSES), others = vt_draw_below(&draw, (int)options->others + 1),
      colour = -1;
  vt_scenes_begin(world, split, key, label, item);
  colour = vt_scenes_fixed_colour(world, item, &draw);
  float radius[5], place[5][2];
  radius[0] = (float)(.27 + nuisance * vt_draw_uniform(&draw, -.04, .05));
  for (int i = 1; i <= others; i++)
    radius[i] = (float)(.125 + nuisance * vt_draw_uniform(&draw, -.02, .025));
  vt_scenes_spread(&item->scene, &draw, 1 + others, radius, 0, place);
  for (int i = 0; i <= others; i++) {
    int of = i == 0 ? label : (label + 1 + vt_draw_below(&draw, CLASSES - 1)) % CLASSES;
    int number = add_shape(item, of, place[i], radius[i], i ? -1 : colour, nuisance, &draw);
    if (i == 0) item->main = number;
    if (i == 1) item->distractor = number;
  }
  vt_scenes_clutter(&item->scene, (int)options->common.clutter, true, &clutter);
  vt_scenes_finish(world, key, CLASSES, item);
  return VT_OK;
}

/* ---- fields ---- */

static const unsigned shared_fields = VT_SCENES_IMAGE | VT_SCENES_LABEL | VT_SCENES_MASK;

static int describe(const vt_world *world, vt_dataset_field *out)
{
  int count = vt_scenes_describe(world, shared_fields, out);
  out[count++] = (vt_dataset_field){"predicates", VT_U8, 1, {VT_PREDICATES}};
  out[count++] = (vt_dataset_field){"patch_predicates", VT_U8, 3, {GRID, GRID, VT_PREDICATES}};
  return count;
}

/* True of the picture: of the object that decides, or of a background element that shows. Of a patch: of
 * nodes that cover at least half of it together. */
static vt_status fill_predicates(vt_ctx *ctx, const vt_scenes_item *item, int px, uint8_t *picture,
                                 uint8_t (*patches)[VT_PREDICATES])
{
  const vt_scene *scene = &item->scene;
  uint16_t *labels = vt_alloc(ctx, (size_t)px * (size_t)px * sizeof *labels);
  uint8_t(*of)[VT_PREDICATES] = vt_alloc(ctx, VT_SCENE_NODES * sizeof *of);
  vt_status status = labels && of ? vt_scene_render(ctx, scene, NULL, labels) : VT_ERROR_OUT_OF_MEMORY;
  if (status == VT_OK) {
    int32_t areas[VT_SCENE_NODES];
    vt_scene_predicates(scene, of);
    vt_scene_areas(scene, labels, areas);
    if (picture) memset(picture, 0, VT_PREDICATES);
    for (int i = 0; picture && i < scene->count; i++) {
      bool place =
          scene->nodes[i].kind == VT_NODE_BACKGROUND && scene->nodes[i].noun != VT_CLUTTER && areas[i] > 0;
      for (int p = 0; p < VT_PREDICATES && (vt_scene_below(scene, i, item->main) || (place && p < VT_NOUNS));
           p++)
        picture[p] |= of[i][p];
    }
    int side = px / GRID;
    for (int patch = 0; patches && patch < GRID * GRID; patch++) {
      int pixels[VT_PREDICATES] = {0};
      for (int i = 0; i < side * side; i++) {
        int y = patch / GRID * side + i / side, x = patch % GRID * side + i % side;
        const uint8_t *bits = of[labels[y * px + x] - 1];
        for (int p = 0; p < VT_PREDICATES; p++)
          pixels[p] += bits[p];
      }
      for (int p = 0; p < VT_PREDICATES; p++)
        patches[patch][p] = 2 * pixels[p] >= side * side;
    }
  }
  vt_free(labels);
  vt_free(of);
  return status;
}

static vt_status fill(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass, void *const *out)
{
  VT_TRY(vt_scenes_fill(ctx, world, record, pass, shared_fields, NULL, out));
  if (!out[3] && !out[4]) return VT_OK;
  return fill_predicates(ctx, record, vt_scenes_px(world), out[3], out[4]);
}

const vt_preset vt_preset_scenes_combo = {
    .id = "scenes/combo",
    .title = "24 classes of shape and texture, with all predicates of picture and patches",
    .papers = "17 11 14",
    .version = 1,
    .counts = {20000, 2000, 2000},
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .options_size = sizeof(combo_options),
    .record_size = sizeof(vt_scenes_item),
    .classes = classes,
    .class_count = CLASSES,
    .open = vt_scenes_open,
    .make = make,
    .show = vt_scenes_show,
    .describe = describe,
    .fill = fill,
};
