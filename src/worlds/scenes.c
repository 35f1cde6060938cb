/* SPDX-License-Identifier: Apache-2.0
 *
 * Scenes presets: the parts of `make` they share.
 */
#include "worlds/scenes.h"

#include <math.h>

#define PI 3.14159265358979f

static const vt_scenes_options *options_of(const vt_world *world)
{
  return world->options;
}

vt_status vt_scenes_open(vt_ctx *ctx, vt_world *world)
{
  int64_t px = options_of(world)->px;
  if (px % VT_BLOCK != 0)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "px=%lld: the side must be a multiple of %d",
                   (long long)px, VT_BLOCK);
  return VT_OK;
}

int vt_scenes_px(const vt_world *world)
{
  return (int)options_of(world)->px;
}

/* ---- background ---- */

/* One element over the whole canvas. */
static vt_node *add_backdrop(vt_scene *scene, vt_colour colour, vt_colour second, vt_texture texture)
{
  int number = vt_scene_add(scene, -1, VT_BACKDROP);
  if (number < 0) return NULL;
  vt_node *node = &scene->nodes[number];
  node->x = scene->width / 2;
  node->y = scene->height / 2;
  node->half_width = scene->width / 2 + .05f;
  node->half_height = scene->height / 2 + .05f;
  node->z = -10;
  node->colour = colour;
  node->second = second;
  node->texture = texture;
  return node;
}

void vt_scenes_begin(const vt_world *world, vt_split split, uint64_t key, int label, vt_scenes_item *item)
{
  const vt_scenes_options *options = options_of(world);
  vt_scene *scene = &item->scene;
  vt_draw draw = vt_draw_start(key, "nuisance");
  vt_scene_start(scene, (int)options->px, 1, 1, key);
  scene->label = item->label = label;
  scene->noise = (float)(options->nuisance * vt_draw_uniform(&draw, .01, .035));
  scene->light = (float)(options->nuisance * vt_draw_uniform(&draw, 0, .2));
  scene->light_angle = (float)vt_draw_uniform(&draw, 0, 2 * PI);
  item->split = split;
  item->distractor = -1;
  item->spurious = label >= 0 && split != VT_TEST && vt_draw_chance(&draw, options->spurious);
  vt_draw place = vt_draw_start(key, "background");
  if (item->spurious)
    add_backdrop(scene, (vt_colour)(label % VT_COLOURS), (vt_colour)(label % VT_COLOURS), VT_TEXTURE_PLAIN);
  else if (options->nuisance <= 0)
    add_backdrop(scene, VT_GREY, VT_WHITE, VT_TEXTURE_PLAIN);
  else
    vt_scene_add_background(scene, &place);
}

/* ---- objects ---- */

static float colour_distance(const float *a, const float *b)
{
  float sum = 0;
  for (int c = 0; c < 3; c++)
    sum += (a[c] - b[c]) * (a[c] - b[c]);
  return sqrtf(sum);
}

/* Distance of a colour from the nearest of the background's. */
static float from_background(const vt_scene *scene, vt_colour colour)
{
  float least = 2;
  for (int i = 0; i < scene->count; i++) {
    const vt_node *node = &scene->nodes[i];
    if (node->kind != VT_NODE_BACKGROUND || node->noun == VT_CLUTTER) continue;
    float first = colour_distance(vt_colour_rgb[colour], vt_colour_rgb[node->colour]);
    float other = colour_distance(vt_colour_rgb[colour], vt_colour_rgb[node->second]);
    if (node->texture == VT_TEXTURE_PLAIN) other = first;
    if (first < least) least = first;
    if (other < least) least = other;
  }
  return least;
}

enum { COLOUR_TRIES = 40 };

void vt_scenes_colours(const vt_scene *scene, vt_draw *draw, int first, vt_colour *colour, vt_colour *second)
{
  *colour = first >= 0 ? (vt_colour)first : (vt_colour)vt_draw_below(draw, VT_COLOURS);
  for (int i = 0; first < 0 && i < COLOUR_TRIES && from_background(scene, *colour) < .38f; i++)
    *colour = (vt_colour)vt_draw_below(draw, VT_COLOURS);
  *second = (vt_colour)vt_draw_below(draw, VT_COLOURS);
  for (int i = 0; i < COLOUR_TRIES; i++) {
    bool clear = colour_distance(vt_colour_rgb[*colour], vt_colour_rgb[*second]) > .4f &&
                 from_background(scene, *second) > .35f;
    if (clear) break;
    *second = (vt_colour)vt_draw_below(draw, VT_COLOURS);
  }
}

void vt_scenes_vary(vt_scene *scene, int node, double nuisance, vt_draw *draw)
{
  float tint[3];
  for (int c = 0; c < 3; c++)
    tint[c] = (float)(nuisance * vt_draw_uniform(draw, -.06, .06));
  for (int i = node; i >= 0 && i < scene->count; i++) {
    if (!vt_scene_below(scene, i, node)) continue;
    memcpy(scene->nodes[i].tint, tint, sizeof tint);
    scene->nodes[i].seed = (uint32_t)vt_draw_below(draw, 1 << 30);
    if (scene->nodes[i].kind == VT_NODE_PART)
      scene->nodes[i].angle += (float)(nuisance * vt_draw_uniform(draw, -.07, .07));
  }
}

bool vt_scenes_spread(const vt_scene *scene, vt_draw *draw, int count, const float *radius, float gap,
                      float (*place)[2])
{
  for (int attempt = 0; attempt < 200; attempt++) {
    bool good = true;
    for (int i = 0; i < count; i++) {
      place[i][0] = (float)vt_draw_uniform(draw, radius[i], scene->width - radius[i]);
      place[i][1] = (float)vt_draw_uniform(draw, radius[i], scene->height - radius[i]);
      for (int k = 0; k < i; k++)
        good &= hypotf(place[i][0] - place[k][0], place[i][1] - place[k][1]) >= radius[i] + radius[k] + gap;
    }
    if (good) return true;
  }
  return false;
}

/* Whether a scrap of that radius lies clear of the middle of every object. */
static bool is_clear(const vt_scene *scene, float x, float y, float radius)
{
  for (int i = 0; i < scene->count; i++) {
    if (scene->nodes[i].kind != VT_NODE_OBJECT) continue;
    vt_place place = vt_scene_place(scene, i);
    double dx = place.x / scene->unit - x, dy = place.y / scene->unit - y;
    if (hypot(dx, dy) < .75 * place.radius / scene->unit + radius) return false;
  }
  return true;
}

void vt_scenes_clutter(vt_scene *scene, int most, bool plain, vt_draw *draw)
{
  static const vt_shape_kind shapes[] = {VT_SHAPE_CAPSULE,   VT_SHAPE_ELLIPSE,  VT_SHAPE_LEAF,
                                         VT_SHAPE_RECTANGLE, VT_SHAPE_TRIANGLE, VT_SHAPE_RING};
  int count = vt_draw_below(draw, most + 1);
  for (int i = 0; i < count; i++) {
    float radius = (float)vt_draw_uniform(draw, .035, .085), x = 0, y = 0;
    bool clear = false;
    for (int attempt = 0; attempt < 10 && !clear; attempt++) {
      x = (float)vt_draw_uniform(draw, 0, scene->width);
      y = (float)vt_draw_uniform(draw, 0, scene->height);
      clear = is_clear(scene, x, y, radius);
    }
    int number = clear ? vt_scene_add(scene, -1, VT_CLUTTER) : -1;
    if (number < 0) continue;
    vt_node *node = &scene->nodes[number];
    node->x = x, node->y = y, node->z = -5;
    node->scale = radius;
    node->shape = shapes[vt_draw_below(draw, plain ? 3 : (int)VT_COUNT(shapes))];
    node->half_height = (float)vt_draw_uniform(draw, .35, 1);
    node->angle = (float)vt_draw_uniform(draw, 0, 2 * PI);
    node->colour = (vt_colour)vt_draw_below(draw, VT_COLOURS);
  }
}

/* ---- the end of `make` ---- */

static void shift_background(vt_scene *scene, int level, vt_draw *draw)
{
  static const vt_texture textures[] = {VT_TEXTURE_STRIPED, VT_TEXTURE_DOTTED, VT_TEXTURE_CHECKED};
  for (int i = 0; i < scene->count; i++)
    if (scene->nodes[i].kind == VT_NODE_BACKGROUND && scene->nodes[i].noun != VT_CLUTTER)
      vt_scene_drop(scene, i);
  vt_colour colour = (vt_colour)vt_draw_below(draw, VT_COLOURS),
            second = (vt_colour)vt_draw_below(draw, VT_COLOURS);
  if (second == colour) second = (vt_colour)((int)colour + 1) % VT_COLOURS;
  vt_node *node = add_backdrop(scene, colour, second, textures[vt_draw_below(draw, 3)]);
  if (!node) return;
  node->period = .08f + .04f * (float)level;
  node->angle = (float)vt_draw_uniform(draw, -.3, .3);
  node->half_width = node->half_height = scene->width + scene->height; /* covers when turned */
}

static void shift_texture(vt_scene *scene, int level, vt_draw *draw)
{
  for (int i = 0; i < scene->count; i++) {
    vt_node *node = &scene->nodes[i];
    bool body = node->noun == VT_BODY || node->kind == VT_NODE_OBJECT;
    bool changes = vt_draw_chance(draw, .2 * level) || body;
    if (node->kind == VT_NODE_BACKGROUND || !changes) continue;
    vt_scene_swap_texture(scene, i, VT_TEXTURE_ZIGZAG, (vt_colour)vt_draw_below(draw, VT_COLOURS));
  }
}

void vt_scenes_finish(const vt_world *world, uint64_t key, int classes, vt_scenes_item *item)
{
  const vt_scenes_options *options = options_of(world);
  vt_draw draw = vt_draw_start(key, "label noise"), shift = vt_draw_start(key, "shift");
  if (item->split == VT_TRAIN && classes > 1 && vt_draw_chance(&draw, options->label_noise))
    item->label = (item->scene.label + 1 + vt_draw_below(&draw, classes - 1)) % classes;
  if (options->shift == VT_SHIFT_BACKGROUND) shift_background(&item->scene, (int)options->level, &shift);
  if (options->shift == VT_SHIFT_TEXTURE) shift_texture(&item->scene, (int)options->level, &shift);
}

bool vt_scenes_held_out(const vt_world *world, int class_number, int colour)
{
  if (!options_of(world)->heldout) return false;
  uint64_t pair = (uint64_t)class_number * VT_COLOURS + (uint64_t)colour;
  return vt_random_below(world->seed, vt_stream("held-out combinations", 0), pair, 10) == 0;
}

int vt_scenes_fixed_colour(const vt_world *world, vt_scenes_item *item, vt_draw *draw)
{
  vt_colour colour = VT_RED, second;
  if (!options_of(world)->heldout) return -1;
  for (int i = 0; i < 100; i++) {
    vt_scenes_colours(&item->scene, draw, -1, &colour, &second);
    item->held_out = vt_scenes_held_out(world, item->scene.label, (int)colour);
    if (item->split == VT_TEST || !item->held_out) break;
  }
  return (int)colour;
}
