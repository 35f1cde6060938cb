/* SPDX-License-Identifier: Apache-2.0
 *
 * Changes of a record.
 */
#include "worlds/scene.h"

#define PI 3.14159265358979f

const char *const vt_attribute_names[VT_ATTRIBUTES] = {"colour",  "second colour", "size", "material",
                                                       "texture", "pose",          "shape"};

void vt_scene_drop(vt_scene *scene, int node)
{
  scene->nodes[node].removed = true;
}

void vt_scene_recolour(vt_scene *scene, int node, vt_colour colour)
{
  vt_colour old = scene->nodes[node].colour;
  for (int i = node; i < scene->count; i++)
    if (vt_scene_below(scene, i, node) && scene->nodes[i].colour == old) scene->nodes[i].colour = colour;
}

void vt_scene_swap_texture(vt_scene *scene, int node, vt_texture texture, vt_colour second)
{
  scene->nodes[node].texture = texture;
  scene->nodes[node].second = second;
}

static const float pose_angles[VT_POSES] = {0, -.7f, .7f, PI};

static void set_shape(vt_node *node, vt_noun noun)
{
  const vt_noun_row *row = &vt_noun_rows[noun];
  node->noun = noun;
  node->shape = row->shape;
  node->corners = row->corners;
  node->ratio = (float)row->ratio;
}

vt_status vt_scene_set(vt_ctx *ctx, vt_scene *scene, int number, vt_attribute attribute, int value)
{
  static const int bounds[VT_ATTRIBUTES] = {VT_COLOURS,  VT_COLOURS, VT_SIZES, VT_MATERIALS,
                                            VT_TEXTURES, VT_POSES,   VT_NOUNS};
  if (number < 0 || number >= scene->count)
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "node %d of a scene with %d nodes", number, scene->count);
  if (attribute < 0 || attribute >= VT_ATTRIBUTES || value < 0 || value >= bounds[attribute])
    return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT, "attribute %d of a node has no value %d", (int)attribute,
                   value);
  vt_node *node = &scene->nodes[number];
  switch (attribute) {
  case VT_ATTRIBUTE_COLOUR:
    vt_scene_recolour(scene, number, (vt_colour)value);
    break;
  case VT_ATTRIBUTE_SECOND:
    node->second = (vt_colour)value;
    break;
  case VT_ATTRIBUTE_SIZE:
    node->scale *= vt_size_scales[value] / vt_size_scales[node->size];
    node->size = (vt_size)value;
    break;
  case VT_ATTRIBUTE_MATERIAL:
    for (int i = number; i < scene->count; i++)
      if (vt_scene_below(scene, i, number)) scene->nodes[i].material = (vt_material)value;
    break;
  case VT_ATTRIBUTE_TEXTURE:
    node->texture = (vt_texture)value;
    break;
  case VT_ATTRIBUTE_POSE:
    node->angle += pose_angles[value] - pose_angles[node->pose];
    node->pose = (vt_pose)value;
    break;
  case VT_ATTRIBUTE_SHAPE:
    if (vt_noun_rows[value].shape == VT_SHAPE_NONE || vt_noun_rows[value].kind != VT_NODE_OBJECT ||
        node->shape == VT_SHAPE_NONE)
      return vt_fail(ctx, VT_ERROR_INVALID_ARGUMENT,
                     "the shape of a '%s' cannot become '%s'; only plain shapes are exchanged",
                     vt_noun_rows[node->noun].name, vt_noun_rows[value].name);
    set_shape(node, (vt_noun)value);
    break;
  default:
    break;
  }
  return VT_OK;
}

void vt_scene_swap_background(vt_scene *scene, uint64_t key)
{
  for (int i = 0; i < scene->count; i++)
    if (scene->nodes[i].kind == VT_NODE_BACKGROUND && scene->nodes[i].noun != VT_CLUTTER)
      scene->nodes[i].removed = true;
  vt_draw draw = vt_draw_start(key, "background");
  vt_scene_add_background(scene, &draw);
}

static void flip_node(vt_node *node)
{
  node->mirror = !node->mirror;
  if (node->pose == VT_LEANING_LEFT || node->pose == VT_LEANING_RIGHT)
    node->pose = node->pose == VT_LEANING_LEFT ? VT_LEANING_RIGHT : VT_LEANING_LEFT;
  node->angle = -node->angle;
}

void vt_scene_flip(vt_scene *scene, int number)
{
  if (number >= 0) {
    flip_node(&scene->nodes[number]);
    return;
  }
  for (int i = 0; i < scene->count; i++)
    if (scene->nodes[i].parent < 0) {
      flip_node(&scene->nodes[i]);
      scene->nodes[i].x = scene->width - scene->nodes[i].x;
    }
}
