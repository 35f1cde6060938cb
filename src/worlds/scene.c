/* SPDX-License-Identifier: Apache-2.0
 *
 * The tree of a scene: adding nodes, walking, placing, painting.
 */
#include "worlds/scene.h"

#include <math.h>

/* ---- building ---- */

void vt_scene_start(vt_scene *scene, int unit, float width, float height, uint64_t nuisance)
{
  memset(scene, 0, sizeof *scene);
  scene->unit = unit;
  scene->width = width;
  scene->height = height;
  scene->label = -1;
  scene->nuisance = nuisance;
}

int vt_scene_add(vt_scene *scene, int parent, vt_noun noun)
{
  if (scene->count >= VT_SCENE_NODES || parent >= scene->count) return -1;
  if (parent >= 0 && vt_scene_depth(scene, parent) + 1 >= VT_SCENE_DEPTH) return -1;
  const vt_noun_row *row = &vt_noun_rows[noun];
  scene->nodes[scene->count] = (vt_node){.kind = row->kind,
                                         .noun = noun,
                                         .parent = parent < 0 ? -1 : parent,
                                         .size = VT_MEDIUM,
                                         .name = -1,
                                         .scale = 1,
                                         .shape = row->shape,
                                         .half_width = 1,
                                         .half_height = 1,
                                         .ratio = (float)row->ratio,
                                         .corners = row->corners,
                                         .seed = (uint32_t)scene->count * 2654435761u};
  return scene->count++;
}

/* ---- the tree ---- */

int vt_scene_pixels_wide(const vt_scene *scene)
{
  return (int)lroundf(scene->width * (float)scene->unit);
}

int vt_scene_pixels_high(const vt_scene *scene)
{
  return (int)lroundf(scene->height * (float)scene->unit);
}

bool vt_scene_shown(const vt_scene *scene, int node)
{
  for (; node >= 0; node = scene->nodes[node].parent)
    if (scene->nodes[node].removed) return false;
  return true;
}

bool vt_scene_below(const vt_scene *scene, int node, int ancestor)
{
  while (node > ancestor)
    node = scene->nodes[node].parent;
  return node == ancestor;
}

int vt_scene_ancestor(const vt_scene *scene, int node, vt_node_kind kind)
{
  while (node >= 0 && scene->nodes[node].kind != kind)
    node = scene->nodes[node].parent;
  return node;
}

int vt_scene_depth(const vt_scene *scene, int node)
{
  int depth = -1;
  for (; node >= 0; node = scene->nodes[node].parent)
    depth++;
  return depth;
}

int vt_scene_next(const vt_scene *scene, int after, vt_node_kind kind, vt_noun noun)
{
  for (int i = after + 1; i < scene->count; i++) {
    const vt_node *node = &scene->nodes[i];
    if (node->kind == kind && (noun == VT_NOUN_NONE || node->noun == noun) && vt_scene_shown(scene, i))
      return i;
  }
  return -1;
}

int vt_scene_next_part(const vt_scene *scene, int after, int object, vt_noun noun)
{
  int i = after;
  do
    i = vt_scene_next(scene, i, VT_NODE_PART, noun);
  while (i >= 0 && !vt_scene_below(scene, i, object));
  return i;
}

vt_place vt_scene_place(const vt_scene *scene, int node)
{
  int path[VT_SCENE_DEPTH], depth = 0;
  for (; node >= 0 && depth < VT_SCENE_DEPTH; node = scene->nodes[node].parent)
    path[depth++] = node;
  vt_place place = {.radius = scene->unit};
  while (depth-- > 0) {
    const vt_node *at = &scene->nodes[path[depth]];
    double c = cos(place.angle), s = sin(place.angle), flip = place.mirror ? -1 : 1;
    double x = place.radius * flip * at->x, y = place.radius * at->y;
    place.x += c * x - s * y;
    place.y += s * x + c * y;
    place.angle += flip * at->angle;
    place.radius *= at->scale;
    place.mirror ^= at->mirror;
  }
  return place;
}

/* ---- painting ---- */

static void colour_of(vt_colour colour, const float tint[3], float factor, float out[3])
{
  for (int c = 0; c < 3; c++) {
    float value = (vt_colour_rgb[colour][c] + tint[c]) * factor;
    out[c] = value < 0 ? 0 : value > 1 ? 1 : value;
  }
}

/* How a node is painted; false: nothing of it shows. */
static bool look_of(const vt_scene *scene, int number, vt_shape *shape, vt_paint *paint)
{
  const vt_node *node = &scene->nodes[number];
  if (node->shape == VT_SHAPE_NONE) return false;
  vt_place place = vt_scene_place(scene, number);
  *shape = (vt_shape){.kind = node->shape,
                      .x = place.x,
                      .y = place.y,
                      .half_width = node->half_width * place.radius,
                      .half_height = node->half_height * place.radius,
                      .angle = place.angle,
                      .mirror = place.mirror,
                      .ratio = node->ratio,
                      .corners = node->corners};
  *paint = (vt_paint){.texture = node->texture,
                      .seed = node->seed,
                      .period = node->period * place.radius,
                      .outline = node->outline * place.radius};
  colour_of(node->colour, node->tint, 1, paint->colour);
  colour_of(node->second, node->tint, 1, paint->second);
  colour_of(node->colour, node->tint, .4f, paint->line);
  if (node->kind != VT_NODE_BACKGROUND) {
    paint->shade = node->material == VT_SHINY ? .3 : .18;
    paint->gloss = node->material == VT_SHINY ? .85 : 0;
  }
  if (node->material == VT_ROUGH && node->texture == VT_TEXTURE_PLAIN) {
    paint->texture = VT_TEXTURE_SPECKLED;
    colour_of(node->colour, node->tint, .72f, paint->second);
  }
  if (node->role == VT_REFLECTION) paint->opacity = .6;
  if (node->role == VT_SHADOW) {
    *paint = (vt_paint){.opacity = .55};
  }
  return true;
}

/* Shown children of `parent` by rising z. */
static int children_of(const vt_scene *scene, int parent, uint8_t *out)
{
  int count = 0;
  for (int i = parent + 1; i < scene->count; i++) {
    const vt_node *node = &scene->nodes[i];
    if (node->parent != parent || node->removed) continue;
    int at = count++;
    for (; at > 0 && scene->nodes[out[at - 1]].z > node->z; at--)
      out[at] = out[at - 1];
    out[at] = (uint8_t)i;
  }
  return count;
}

static void paint_own(const vt_scene *scene, int node, vt_raster *raster)
{
  vt_shape shape;
  vt_paint paint;
  if (look_of(scene, node, &shape, &paint)) vt_raster_paint(raster, &shape, &paint, (uint16_t)(node + 1));
}

/* At most VT_SCENE_DEPTH calls deep: vt_scene_add() refuses deeper trees. */
static void paint_below(const vt_scene *scene, int node, vt_raster *raster)
{
  uint8_t children[VT_SCENE_NODES];
  int count = children_of(scene, node, children), i = 0;
  for (; i < count && scene->nodes[children[i]].z < 0; i++)
    paint_below(scene, children[i], raster);
  if (node >= 0) paint_own(scene, node, raster);
  for (; i < count; i++)
    paint_below(scene, children[i], raster);
}

void vt_scene_paint(const vt_scene *scene, vt_raster *raster)
{
  paint_below(scene, -1, raster);
}

void vt_scene_paint_node(const vt_scene *scene, int node, vt_raster *raster)
{
  if (vt_scene_shown(scene, node)) paint_below(scene, node, raster);
}

vt_status vt_scene_render(vt_ctx *ctx, const vt_scene *scene, uint8_t *rgb, uint16_t *labels)
{
  vt_raster raster;
  int width = vt_scene_pixels_wide(scene), height = vt_scene_pixels_high(scene);
  VT_TRY(
      vt_raster_new(ctx, width, height, (rgb ? VT_PLANE_RGB : 0) | (labels ? VT_PLANE_LABELS : 0), &raster));
  vt_scene_paint(scene, &raster);
  if (rgb) {
    vt_raster_light(&raster, scene->light, scene->light_angle);
    vt_raster_noise(&raster, scene->noise, scene->nuisance);
    vt_raster_bytes(&raster, rgb);
  }
  if (labels) memcpy(labels, raster.labels, (size_t)width * (size_t)height * sizeof *labels);
  vt_raster_free(&raster);
  return VT_OK;
}
