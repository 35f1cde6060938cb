/* SPDX-License-Identifier: Apache-2.0
 *
 * What referring expressions mean.
 */
#include "worlds/scene_refer.h"

const vt_term vt_term_nothing = {.noun = -1,
                                 .family = -1,
                                 .colour = -1,
                                 .size = -1,
                                 .texture = -1,
                                 .material = -1,
                                 .pose = -1,
                                 .relation = -1,
                                 .anchor = -1};

static bool asks(int said, int is)
{
  return said < 0 || said == is;
}

/* Whether a node is what the phrase says. Groups have no looks, only objects have a size and a pose. */
static bool is_such(const vt_scene *scene, int number, const vt_term *term)
{
  const vt_node *node = &scene->nodes[number];
  bool object = node->kind == VT_NODE_OBJECT, looks = node->shape != VT_SHAPE_NONE || object;
  if (term->noun < 0 && term->family < 0 && !object) return false;
  if (!asks(term->noun, (int)node->noun)) return false;
  if (term->family >= 0 &&
      (!object || strcmp(vt_noun_rows[term->family].family, vt_noun_rows[node->noun].family)))
    return false;
  if ((term->colour >= 0 || term->texture >= 0) && !looks) return false;
  if (term->material >= 0 && (!looks || node->kind == VT_NODE_BACKGROUND)) return false;
  if ((term->size >= 0 || term->pose >= 0) && !object) return false;
  return asks(term->colour, (int)node->colour) && asks(term->texture, (int)node->texture) &&
         asks(term->material, (int)node->material) && asks(term->size, (int)node->size) &&
         asks(term->pose, (int)node->pose);
}

/* Whether it lies so to one of the nodes. */
static bool lies_so(const vt_scene *scene, int node, int relation, const bool *anchors)
{
  for (int i = 0; i < scene->count; i++) {
    if (!anchors[i] || i == node) continue;
    if (relation == VT_PART_OF ? vt_scene_below(scene, node, i)
                               : vt_relation_holds(scene, node, i, (vt_relation)relation))
      return true;
  }
  return false;
}

/* How far from that side; ties are broken by number. */
static double from_side(const vt_scene *scene, int node, int side)
{
  vt_place place = vt_scene_place(scene, node);
  switch (side) {
  case VT_SIDE_LEFT:
    return place.x;
  case VT_SIDE_RIGHT:
    return -place.x;
  case VT_SIDE_TOP:
    return place.y;
  default:
    return -place.y;
  }
}

/* Keeps the nodes of ranks first..last from the side. */
static int keep_ranks(const vt_scene *scene, bool *meant, int side, int first, int last)
{
  int nodes[VT_SCENE_NODES], count = 0, kept = 0;
  double away[VT_SCENE_NODES];
  for (int i = 0; i < scene->count; i++) {
    if (!meant[i]) continue;
    double distance = from_side(scene, i, side);
    int at = count++;
    for (; at > 0 && away[at - 1] > distance; at--)
      away[at] = away[at - 1], nodes[at] = nodes[at - 1];
    away[at] = distance;
    nodes[at] = i;
    meant[i] = false;
  }
  if (count < last) return 0;
  for (int rank = first; rank <= last; rank++, kept++)
    meant[nodes[rank - 1]] = true;
  return kept;
}

/* Terms are few and inner ones have higher numbers, so the depth is bounded. */
static int term_meaning(const vt_scene *scene, const vt_reference *reference, int number, bool *meant)
{
  const vt_term *term = &reference->terms[number];
  bool anchors[VT_SCENE_NODES];
  int count = 0;
  memset(meant, 0, VT_SCENE_NODES * sizeof *meant);
  bool relates = term->relation >= 0 && term->anchor > number && term->anchor < reference->count;
  if (relates && term_meaning(scene, reference, term->anchor, anchors) == 0) return 0;
  for (int i = 0; i < scene->count; i++) {
    meant[i] = vt_scene_shown(scene, i) && is_such(scene, i, term) &&
               (!relates || lies_so(scene, i, term->relation, anchors));
    count += meant[i];
  }
  if (term->number > 0) {
    if (term->side) return keep_ranks(scene, meant, term->side, 1, term->number);
    if (count != term->number) memset(meant, 0, VT_SCENE_NODES * sizeof *meant);
    return count == term->number ? count : 0;
  }
  return term->rank > 0 ? keep_ranks(scene, meant, term->side, term->rank, term->rank) : count;
}

int vt_reference_meaning(const vt_scene *scene, const vt_reference *reference, bool meant[VT_SCENE_NODES])
{
  bool other[VT_SCENE_NODES];
  int count = 0;
  memset(meant, 0, VT_SCENE_NODES * sizeof *meant);
  for (int root = 0; root < reference->root_count; root++) {
    term_meaning(scene, reference, reference->roots[root], other);
    for (int i = 0; i < scene->count; i++)
      meant[i] = root && reference->except ? meant[i] && !other[i] : meant[i] || other[i];
  }
  for (int i = 0; i < scene->count; i++)
    count += meant[i];
  return count;
}

int vt_denote(const vt_scene *scene, const char *text, bool meant[VT_SCENE_NODES])
{
  uint16_t tokens[VT_REFER_WORDS];
  vt_reference reference;
  int count = vt_scene_tokens(text, tokens, VT_REFER_WORDS);
  memset(meant, 0, VT_SCENE_NODES * sizeof *meant);
  if (count > VT_REFER_WORDS || !vt_reference_read(tokens, count, &reference)) return -1;
  return vt_reference_meaning(scene, &reference, meant);
}

/* ---- slots ---- */

const char *const vt_slot_names[VT_SLOT_KINDS] = {"noun",     "family", "colour", "size", "texture",
                                                  "material", "pose",   "number", "rank", "relation"};

int vt_slots(const char *text, vt_slot slots[VT_SLOTS])
{
  uint16_t tokens[VT_REFER_WORDS];
  vt_reference reference;
  int words = vt_scene_tokens(text, tokens, VT_REFER_WORDS), count = 0, depth[VT_REFER_TERMS] = {0};
  if (words > VT_REFER_WORDS || !vt_reference_read(tokens, words, &reference)) return -1;
  for (int i = 0; i < reference.count; i++) {
    const vt_term *term = &reference.terms[i];
    const int values[VT_SLOT_KINDS] = {term->noun,
                                       term->family,
                                       term->colour,
                                       term->size,
                                       term->texture,
                                       term->material,
                                       term->pose,
                                       term->number > 0 ? term->number : -1,
                                       term->side ? term->side * 16 + term->rank : -1,
                                       term->relation};
    if (term->anchor > i) depth[term->anchor] = depth[i] + 1;
    for (int kind = 0; kind < VT_SLOT_KINDS; kind++)
      if (values[kind] >= 0) slots[count++] = (vt_slot){(vt_slot_kind)kind, values[kind], depth[i]};
  }
  return count;
}
