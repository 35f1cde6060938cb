/* SPDX-License-Identifier: Apache-2.0
 *
 * The record as bits: what is true of each node.
 */
#include "worlds/scene.h"

enum {
  FIRST_COLOUR = VT_NOUNS,
  FIRST_TEXTURE = FIRST_COLOUR + VT_COLOURS,
  FIRST_MATERIAL = FIRST_TEXTURE + VT_TEXTURES,
  FIRST_SIZE = FIRST_MATERIAL + VT_MATERIALS
};

void vt_scene_predicates(const vt_scene *scene, uint8_t (*out)[VT_PREDICATES])
{
  memset(out, 0, VT_SCENE_NODES * sizeof *out);
  for (int i = 0; i < scene->count; i++) {
    const vt_node *node = &scene->nodes[i];
    for (int above = i; above >= 0; above = scene->nodes[above].parent)
      out[i][scene->nodes[above].noun] = 1;
    if (node->shape == VT_SHAPE_NONE) continue;
    out[i][FIRST_COLOUR + (int)node->colour] = 1;
    out[i][FIRST_TEXTURE + (int)node->texture] = 1;
    if (node->texture != VT_TEXTURE_PLAIN) out[i][FIRST_COLOUR + (int)node->second] = 1;
    out[i][FIRST_MATERIAL + (int)node->material] = 1;
    int object = vt_scene_ancestor(scene, i, VT_NODE_OBJECT);
    if (object >= 0) out[i][FIRST_SIZE + (int)scene->nodes[object].size] = 1;
  }
}

const char *vt_predicate_name(int predicate, char buffer[64])
{
  if (predicate < FIRST_COLOUR)
    snprintf(buffer, 64, "noun %s", vt_noun_rows[predicate].name);
  else if (predicate < FIRST_TEXTURE)
    snprintf(buffer, 64, "colour %s", vt_colour_names[predicate - FIRST_COLOUR]);
  else if (predicate < FIRST_MATERIAL)
    snprintf(buffer, 64, "texture %s", vt_texture_names[predicate - FIRST_TEXTURE]);
  else if (predicate < FIRST_SIZE)
    snprintf(buffer, 64, "material %s", vt_material_names[predicate - FIRST_MATERIAL]);
  else
    snprintf(buffer, 64, "size %s", vt_size_names[predicate - FIRST_SIZE]);
  return buffer;
}
