/* SPDX-License-Identifier: Apache-2.0
 *
 * scenes/caption: two to four things with attributes and a caption of one to three sentences.
 */
#include "worlds/presets.h"
#include "worlds/scene_caption.h"
#include "worlds/scenes.h"

typedef struct caption_options {
  vt_scenes_options common;
  int64_t sentences, length;
  int text;
  double synonyms, omit, error, name, attribute, partners, outside, facts;
} caption_options;

enum { TEXT_CAPTION, TEXT_CORPUS };

#define CHANCE(name, value, text)                                                                            \
  {                                                                                                          \
#name, VT_FIELD_REAL, offsetof(caption_options, name), value, VT_RANGE(0, 1), .help = text               \
  }
static const vt_field fields[] = {
    VT_SCENES_FIELDS(caption_options, "96"),
    {"sentences", VT_FIELD_INT, offsetof(caption_options, sentences), "0", VT_RANGE(0, 3),
     .help = "of a caption; 0: drawn, one to three"},
    {"length", VT_FIELD_INT, offsetof(caption_options, length), "64", VT_RANGE(8, 128),
     .help = "tokens of a caption with bos, eos and padding; no caption needs more than 64"},
    {"text", VT_FIELD_CHOICE, offsetof(caption_options, text), "caption", .choices = "caption|corpus",
     .help = "captions of the picture; lines for learning the language, some of them of no picture"},
    CHANCE(synonyms, "0.25", "chance of the other word"),
    CHANCE(omit, "0.1", "chance that an attribute, a third or fourth thing or the place is left out"),
    CHANCE(error, "0", "chance that a noun, attribute or relation is said wrong"),
    CHANCE(name, "0.9", "chance that a thing is called by its noun and not by its family"),
    CHANCE(attribute, "0.8", "chance that an attribute is said"),
    CHANCE(partners, "0.4",
           "chance that the second thing is the partner of the first, and of its texture or "
           "material the one that goes with its noun"),
    CHANCE(outside, "0.2", "text=corpus: share of lines about things that no scene shows"),
    CHANCE(facts, "0.1", "text=corpus: share of lines that say what a noun is or is for"),
};

enum { KINDS = VT_LANTERN - VT_CIRCLE + 1, MOST = 4 };
static const char *const classes[KINDS] = {
    "circle",   "square", "triangle", "star",   "cross",  "ring",   "diamond", "hexagon", "heart",
    "crescent", "cart",   "tanker",   "buggy",  "racer",  "barrow", "tractor", "robot",   "sheep",
    "turtle",   "goat",   "crab",     "beetle", "kite",   "fish",   "bat",     "rocket",  "gull",
    "drone",    "pot",    "urn",      "bell",   "funnel", "tub",    "lantern"};

typedef struct caption_item {
  vt_scenes_item item;
  uint64_t key; /* of the text */
} caption_item;

/* Nouns that begin alike and are often together, so that pieces of words meet in pictures too. */
static const vt_noun partners[][2] = {
    {VT_ROBOT, VT_ROCKET},  {VT_BELL, VT_BEETLE},   {VT_TURTLE, VT_TUB},      {VT_BAT, VT_BARROW},
    {VT_CRAB, VT_CRESCENT}, {VT_HEART, VT_HEXAGON}, {VT_TRACTOR, VT_TRIANGLE}};
/* Attributes that begin as the noun does. */
static const struct {
  vt_noun noun;
  int texture, material; /* −1: none */
} habits[] = {{VT_STAR, VT_TEXTURE_STRIPED, -1}, {VT_DRONE, VT_TEXTURE_DOTTED, -1},
              {VT_SHEEP, -1, VT_SHINY},          {VT_ROCKET, -1, VT_ROUGH},
              {VT_ROBOT, -1, VT_ROUGH},          {VT_CIRCLE, VT_TEXTURE_CHECKED, -1}};

static vt_noun partner_of(vt_noun noun)
{
  for (size_t i = 0; i < VT_COUNT(partners); i++)
    for (int side = 0; side < 2; side++)
      if (partners[i][side] == noun) return partners[i][1 - side];
  return VT_NOUN_NONE;
}

static void draw_looks(vt_node *node, double chance, vt_draw *draw)
{
  static const double textures[] = {.55, .15, .15, .15}, materials[] = {.6, .2, .2};
  node->texture = (vt_texture)vt_draw_weighted(draw, textures, 4);
  node->material = (vt_material)vt_draw_weighted(draw, materials, VT_MATERIALS);
  bool habit = vt_draw_chance(draw, chance);
  for (size_t i = 0; habit && i < VT_COUNT(habits); i++) {
    if (habits[i].noun != node->noun) continue;
    if (habits[i].texture >= 0) node->texture = (vt_texture)habits[i].texture;
    if (habits[i].material >= 0) node->material = (vt_material)habits[i].material;
    if (node->material == VT_ROUGH) node->texture = VT_TEXTURE_PLAIN;
  }
  /* grain shows on plain things only */
  if (node->texture != VT_TEXTURE_PLAIN && node->material == VT_ROUGH) node->material = VT_MATTE;
}

/* A colour of which noun and colour are no held-out pair outside the test split. */
static void draw_colours(const vt_world *world, vt_scenes_item *item, vt_noun noun, vt_draw *draw,
                         vt_colour *colour, vt_colour *second)
{
  bool held;
  for (int i = 0; i < 100; i++) {
    vt_scenes_colours(&item->scene, draw, -1, colour, second);
    held = vt_scenes_held_out(world, (int)noun - (int)VT_CIRCLE, (int)*colour);
    if (item->split == VT_TEST || !held) break;
  }
  if (held) item->held_out = true;
}

static int add_object(const vt_world *world, vt_scenes_item *item, vt_noun noun, vt_size size, float radius,
                      const float place[2], vt_draw *draw)
{
  const caption_options *options = world->options;
  vt_scene *scene = &item->scene;
  double nuisance = options->common.nuisance;
  vt_colour colour, second;
  draw_colours(world, item, noun, draw, &colour, &second);
  int thing = vt_scene_add_thing(scene, -1, noun, place[0], place[1], radius, colour, second, draw);
  if (thing < 0) return -1;
  vt_node *node = &scene->nodes[thing];
  node->size = size;
  node->angle = (float)(nuisance * vt_draw_uniform(draw, -.2, .2));
  node->mirror = vt_draw_chance(draw, .5);
  node->period = .34f;
  draw_looks(node, options->partners, draw);
  if (node->shape != VT_SHAPE_NONE) node->outline = .06f;
  for (int i = thing + 1; i < scene->count; i++) {
    scene->nodes[i].material = node->material;
    if (scene->nodes[i].noun == VT_BODY) {
      vt_scene_swap_texture(scene, i, node->texture, second);
      scene->nodes[i].period = node->period;
    }
  }
  vt_scenes_vary(scene, thing, nuisance, draw);
  return thing;
}

/* Places without overlap; objects are left out from the end until the others fit. Returns how many do. */
static int place_objects(const vt_scene *scene, vt_draw *draw, int count, const float *radius,
                         float (*place)[2])
{
  while (count > 2 && !vt_scenes_spread(scene, draw, count, radius, 0, place))
    count--;
  if (count == 2) vt_scenes_spread(scene, draw, 2, radius, 0, place);
  return count;
}

static vt_status make(vt_ctx *ctx, const vt_world *world, vt_split split, int64_t index, uint64_t key,
                      void *record)
{
  VT_UNUSED(ctx), VT_UNUSED(index);
  static const double sizes[VT_SIZES] = {.35, .4, .25};
  static const float radii[VT_SIZES] = {.12f, .17f, .23f};
  const caption_options *options = world->options;
  caption_item *caption = record;
  vt_scenes_item *item = &caption->item;
  vt_draw draw = vt_draw_start(key, "things"), clutter = vt_draw_start(key, "clutter");
  int count = 2 + vt_draw_below(&draw, MOST - 1);
  vt_noun nouns[MOST];
  vt_size size[MOST];
  float radius[MOST], place[MOST][2];
  bool together = vt_draw_chance(&draw, options->partners);
  for (int i = 0; i < count; i++) {
    nouns[i] = (vt_noun)((int)VT_CIRCLE + vt_draw_below(&draw, KINDS));
    if (i == 1 && together && partner_of(nouns[0]) != VT_NOUN_NONE) nouns[i] = partner_of(nouns[0]);
    size[i] = (vt_size)vt_draw_weighted(&draw, sizes, VT_SIZES);
    radius[i] = radii[size[i]] * (float)(1 + .08 * options->common.nuisance * vt_draw_uniform(&draw, -1, 1));
  }
  vt_scenes_begin(world, split, key, (int)nouns[0] - (int)VT_CIRCLE, item);
  count = place_objects(&item->scene, &draw, count, radius, place);
  for (int i = 0; i < count; i++) {
    int number = add_object(world, item, nouns[i], size[i], radius[i], place[i], &draw);
    if (i == 0) item->main = number;
  }
  caption->key = key;
  vt_scenes_clutter(&item->scene, (int)options->common.clutter, true, &clutter);
  vt_scenes_finish(world, key, KINDS, item);
  return VT_OK;
}

static void say(const vt_world *world, const caption_item *item, vt_caption *out)
{
  const caption_options *options = world->options;
  const vt_caption_style style = {.sentences = (int)options->sentences,
                                  .synonyms = options->synonyms,
                                  .omit = options->omit,
                                  .error = options->error,
                                  .name = options->name,
                                  .attribute = options->attribute};
  if (options->text == TEXT_CORPUS)
    vt_caption_corpus(&item->item.scene, &style, options->outside, options->facts, item->key, out);
  else
    vt_caption_say(&item->item.scene, &style, item->key, out);
}

static vt_status show(vt_ctx *ctx, const vt_world *world, const void *record, vt_item *out)
{
  const caption_item *item = record;
  vt_caption caption;
  uint16_t tokens[VT_CAPTION_WORDS];
  char predicate[64];
  VT_TRY(vt_scenes_show(ctx, world, &item->item, out));
  say(world, item, &caption);
  vt_caption_tokens(&caption, tokens);
  size_t size = vt_scene_spell(tokens, caption.count, NULL, 0) + 1;
  out->text = vt_alloc(ctx, size);
  if (!out->text) return VT_ERROR_OUT_OF_MEMORY;
  vt_scene_spell(tokens, caption.count, out->text, size);
  json_t *words = json_array();
  const char *const *spelling = vt_scene_words(NULL);
  for (int i = 0; i < caption.count; i++) {
    const vt_caption_word *word = &caption.words[i];
    json_t *json = json_pack("{s:s, s:s, s:i}", "word", spelling[word->token], "speech",
                             vt_speech_names[word->speech], "sentence", word->sentence);
    if (word->predicate >= 0)
      json_object_set_new(json, "states", json_string(vt_predicate_name(word->predicate, predicate)));
    if (word->node >= 0) json_object_set_new(json, "of", json_integer(word->node + 1));
    if (word->wrong) json_object_set_new(json, "wrong", json_true());
    json_array_append_new(words, json);
  }
  json_object_set_new(out->truth, "words", words);
  return VT_OK;
}

static int describe(const vt_world *world, vt_dataset_field *out)
{
  const caption_options *options = world->options;
  int count = vt_scenes_describe(world, VT_SCENES_IMAGE | VT_SCENES_LABEL, out);
  out[count++] = (vt_dataset_field){"tokens", VT_I64, 1, {options->length}};
  out[count++] = (vt_dataset_field){"length", VT_I64, 0, {0}};
  return count;
}

static vt_status fill(vt_ctx *ctx, const vt_world *world, const void *record, uint64_t pass, void *const *out)
{
  const caption_options *options = world->options;
  const caption_item *item = record;
  VT_TRY(vt_scenes_fill(ctx, world, &item->item, pass, VT_SCENES_IMAGE | VT_SCENES_LABEL, NULL, out));
  if (!out[2] && !out[3]) return VT_OK;
  vt_caption caption;
  uint16_t tokens[VT_CAPTION_WORDS];
  say(world, item, &caption);
  vt_caption_tokens(&caption, tokens);
  int used = vt_scene_frame(tokens, caption.count, (int)options->length, out[2]);
  if (out[3]) *(int64_t *)out[3] = used;
  return VT_OK;
}

const vt_preset vt_preset_scenes_caption = {
    .id = "scenes/caption",
    .title = "two to four things with attributes, and a caption whose every word is known",
    .papers = "04 09 11 39 41",
    .version = 1,
    .counts = {20000, 300, 300},
    .fields = fields,
    .field_count = VT_COUNT(fields),
    .options_size = sizeof(caption_options),
    .record_size = sizeof(caption_item),
    .classes = classes,
    .class_count = KINDS,
    .open = vt_scenes_open,
    .make = make,
    .show = show,
    .describe = describe,
    .fill = fill,
};
