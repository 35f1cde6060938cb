/* SPDX-License-Identifier: Apache-2.0
 *
 * What is true of a scene: masks, boxes, key-points, patches, and the record in words.
 */
#include <math.h>

#include "worlds/scene.h"

vt_status vt_scene_mask(vt_ctx *ctx, const vt_scene *scene, int node, vt_mask_kind kind, uint8_t *bits,
                        int64_t *area)
{
  vt_raster raster;
  int width = vt_scene_pixels_wide(scene), height = vt_scene_pixels_high(scene);
  bool visible = kind == VT_MASK_VISIBLE;
  VT_TRY(vt_raster_new(ctx, width, height, visible ? VT_PLANE_LABELS : VT_PLANE_COVERAGE, &raster));
  if (visible)
    vt_scene_paint(scene, &raster);
  else
    vt_scene_paint_node(scene, node, &raster);
  float least = kind == VT_MASK_FULL ? .5f : 1e-6f;
  int64_t count = 0;
  for (int i = 0; i < width * height; i++) {
    bits[i] = visible ? raster.labels[i] && vt_scene_below(scene, raster.labels[i] - 1, node)
                      : raster.coverage[i] >= least;
    count += bits[i];
  }
  if (area) *area = count;
  vt_raster_free(&raster);
  return VT_OK;
}

void vt_scene_label_map(const vt_scene *scene, const uint16_t *labels, vt_node_kind level, uint16_t *out)
{
  uint16_t of[VT_SCENE_NODES + 1] = {0};
  for (int i = 0; i < scene->count; i++)
    of[i + 1] = (uint16_t)(vt_scene_ancestor(scene, i, level) + 1);
  int pixels = vt_scene_pixels_wide(scene) * vt_scene_pixels_high(scene);
  for (int i = 0; i < pixels; i++)
    out[i] = of[labels[i]];
}

bool vt_bits_box(const uint8_t *bits, int width, int height, int box[4])
{
  int left = width, top = height, right = 0, bottom = 0;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      if (bits[y * width + x]) {
        if (x < left) left = x;
        if (x >= right) right = x + 1;
        if (y < top) top = y;
        bottom = y + 1;
      }
  box[0] = left, box[1] = top, box[2] = right, box[3] = bottom;
  return right > 0;
}

bool vt_bits_centroid(const uint8_t *bits, int width, int height, double centroid[2])
{
  double x_sum = 0, y_sum = 0;
  int64_t count = 0;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      if (bits[y * width + x]) x_sum += x + .5, y_sum += y + .5, count++;
  if (count == 0) return false;
  centroid[0] = x_sum / (double)count;
  centroid[1] = y_sum / (double)count;
  return true;
}

void vt_scene_areas(const vt_scene *scene, const uint16_t *labels, int32_t *pixels)
{
  memset(pixels, 0, VT_SCENE_NODES * sizeof *pixels);
  int count = vt_scene_pixels_wide(scene) * vt_scene_pixels_high(scene);
  for (int i = 0; i < count; i++)
    if (labels[i]) pixels[labels[i] - 1]++;
  for (int i = scene->count - 1; i >= 0; i--) /* parents stand before their children */
    if (scene->nodes[i].parent >= 0) pixels[scene->nodes[i].parent] += pixels[i];
}

vt_keypoint vt_scene_keypoint(const vt_scene *scene, const uint16_t *labels, int node)
{
  vt_place place = vt_scene_place(scene, node);
  vt_keypoint point = {.x = place.x, .y = place.y};
  int x = (int)floor(place.x), y = (int)floor(place.y), width = vt_scene_pixels_wide(scene);
  if (x < 0 || y < 0 || x >= width || y >= vt_scene_pixels_high(scene)) return point;
  int top = labels[y * width + x] - 1;
  point.visible = top >= 0 && vt_scene_below(scene, top, node);
  return point;
}

void vt_bits_patches(const uint8_t *bits, int width, int height, int grid, vt_patch_rule rule, uint8_t *out)
{
  int wide = width / grid, high = height / grid;
  for (int row = 0; row < grid; row++)
    for (int column = 0; column < grid; column++) {
      int count = 0;
      for (int y = row * high; y < (row + 1) * high; y++)
        for (int x = column * wide; x < (column + 1) * wide; x++)
          count += bits[y * width + x];
      int middle = bits[(row * high + high / 2) * width + column * wide + wide / 2];
      out[row * grid + column] = (uint8_t)(rule == VT_PATCH_HALF  ? 2 * count >= wide * high
                                           : rule == VT_PATCH_ANY ? count > 0
                                                                  : middle);
    }
}

/* ---- words ---- */

/* Box of a node and what is below it on the label map. */
static json_t *box_of(const vt_scene *scene, const uint16_t *labels, int node)
{
  int width = vt_scene_pixels_wide(scene), height = vt_scene_pixels_high(scene);
  int left = width, top = height, right = 0, bottom = 0;
  bool below[VT_SCENE_NODES + 1] = {false};
  for (int i = node; i < scene->count; i++)
    below[i + 1] = vt_scene_below(scene, i, node);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      if (below[labels[y * width + x]]) {
        if (x < left) left = x;
        if (x >= right) right = x + 1;
        if (y < top) top = y;
        bottom = y + 1;
      }
  return right ? json_pack("[i,i,i,i]", left, top, right, bottom) : json_null();
}

static json_t *node_json(const vt_scene *scene, const uint16_t *labels, const int32_t *areas, int number)
{
  const vt_node *node = &scene->nodes[number];
  vt_place place = vt_scene_place(scene, number);
  json_t *json = json_pack("{s:i, s:i, s:s, s:s, s:i, s:o, s:[f,f], s:f}", "label", number + 1, "parent",
                           node->parent + 1, "kind", vt_node_kind_names[node->kind], "noun",
                           vt_noun_rows[node->noun].name, "area", (int)areas[number], "box",
                           box_of(scene, labels, number), "centre", round(place.x * 100) / 100,
                           round(place.y * 100) / 100, "angle", round(place.angle * 1000) / 1000);
  if (!json || (node->shape == VT_SHAPE_NONE && node->kind == VT_NODE_GROUP)) return json;
  json_object_set_new(json, "colour", json_string(vt_colour_names[node->colour]));
  json_object_set_new(json, "texture", json_string(vt_texture_names[node->texture]));
  if (node->texture != VT_TEXTURE_PLAIN)
    json_object_set_new(json, "second", json_string(vt_colour_names[node->second]));
  if (node->kind == VT_NODE_BACKGROUND) return json;
  json_object_set_new(json, "material", json_string(vt_material_names[node->material]));
  json_object_set_new(json, "size", json_string(vt_size_names[node->size]));
  if (node->kind != VT_NODE_OBJECT) return json;
  json_object_set_new(json, "pose", json_string(vt_pose_names[node->pose]));
  json_object_set_new(json, "role", json_string(vt_role_names[node->role]));
  return json;
}

json_t *vt_scene_json(const vt_scene *scene, const uint16_t *labels)
{
  int32_t areas[VT_SCENE_NODES];
  vt_scene_areas(scene, labels, areas);
  json_t *nodes = json_array();
  for (int i = 0; i < scene->count; i++)
    if (vt_scene_shown(scene, i)) json_array_append_new(nodes, node_json(scene, labels, areas, i));
  return json_pack("{s:i, s:i, s:o}", "width", vt_scene_pixels_wide(scene), "height",
                   vt_scene_pixels_high(scene), "nodes", nodes);
}
