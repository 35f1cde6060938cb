/* SPDX-License-Identifier: Apache-2.0
 *
 * How a node is told apart from all others.
 */
#include "worlds/scene_refer.h"

enum { ATTRIBUTES = 5, SUBSETS = 1 << ATTRIBUTES, RANKS = 3 };
/* Two centres nearer than this along a side, in units, have no order to the eye. */
static const double order_gap = .02;

/* Attributes in the order in which they are tried, one bit each. */
enum { BIT_COLOUR = 1, BIT_SIZE = 2, BIT_TEXTURE = 4, BIT_MATERIAL = 8, BIT_POSE = 16 };

/* Which a node has. */
static unsigned attributes_of(const vt_scene *scene, int number)
{
  const vt_node *node = &scene->nodes[number];
  bool object = node->kind == VT_NODE_OBJECT, looks = node->shape != VT_SHAPE_NONE || object;
  return (looks ? BIT_COLOUR | BIT_TEXTURE : 0u) |
         (looks && node->kind != VT_NODE_BACKGROUND ? BIT_MATERIAL : 0u) |
         (object ? BIT_SIZE | BIT_POSE : 0u);
}

static vt_term term_of(const vt_scene *scene, int number, unsigned attributes)
{
  const vt_node *node = &scene->nodes[number];
  vt_term term = vt_term_nothing;
  term.noun = (int8_t)node->noun;
  if (attributes & BIT_COLOUR) term.colour = (int8_t)node->colour;
  if (attributes & BIT_SIZE) term.size = (int8_t)node->size;
  if (attributes & BIT_TEXTURE) term.texture = (int8_t)node->texture;
  if (attributes & BIT_MATERIAL) term.material = (int8_t)node->material;
  if (attributes & BIT_POSE) term.pose = (int8_t)node->pose;
  return term;
}

static vt_reference single(vt_term term)
{
  vt_reference reference = {.count = 1, .root_count = 1};
  reference.terms[0] = term;
  return reference;
}

static bool means_only(const vt_scene *scene, const vt_reference *reference, int node)
{
  bool meant[VT_SCENE_NODES];
  return vt_reference_meaning(scene, reference, meant) == 1 && meant[node];
}

static int bits(unsigned set)
{
  int count = 0;
  for (; set; set &= set - 1)
    count++;
  return count;
}

/* The smallest set of attributes that tells the node apart; −1: none does. */
static int telling_attributes(const vt_scene *scene, int node)
{
  unsigned has = attributes_of(scene, node);
  for (int size = 0; size <= ATTRIBUTES; size++)
    for (unsigned set = 0; set < SUBSETS; set++) {
      if (bits(set) != size || (set & ~has)) continue;
      vt_reference reference = single(term_of(scene, node, set));
      if (means_only(scene, &reference, node)) return (int)set;
    }
  return -1;
}

static double along(const vt_scene *scene, int node, int side)
{
  vt_place place = vt_scene_place(scene, node);
  double value = side == VT_SIDE_LEFT || side == VT_SIDE_RIGHT ? place.x : place.y;
  return (side == VT_SIDE_RIGHT || side == VT_SIDE_BOTTOM ? -value : value) / scene->unit;
}

/* Rank of a node among the meant ones from a side, when its neighbours are clearly before and after it;
 * otherwise 0. */
static int clear_rank(const vt_scene *scene, const bool *meant, int node, int side)
{
  double own = along(scene, node, side);
  int rank = 1;
  for (int i = 0; i < scene->count; i++) {
    if (!meant[i] || i == node) continue;
    double other = along(scene, i, side);
    if (other > own - order_gap && other < own + order_gap) return 0;
    rank += other < own;
  }
  return rank;
}

/* Adds the shortest rank that makes the description mean the node only; terms[0] is the node's. */
static bool add_rank(const vt_scene *scene, vt_reference *reference, int node)
{
  bool meant[VT_SCENE_NODES];
  int best = RANKS + 1;
  vt_reference plain = *reference;
  vt_reference_meaning(scene, &plain, meant);
  if (!meant[node]) return false;
  for (int side = VT_SIDE_LEFT; side < VT_SIDES; side++) {
    int rank = clear_rank(scene, meant, node, side);
    vt_reference ranked = plain;
    ranked.terms[0].side = (int8_t)side;
    ranked.terms[0].rank = (int8_t)rank;
    if (rank == 0 || rank >= best || !means_only(scene, &ranked, node)) continue;
    best = rank;
    *reference = ranked;
  }
  return best <= RANKS;
}

/* Words of a description without those of what it lies to. */
static int cost(const vt_reference *reference)
{
  const vt_term *term = &reference->terms[0];
  return (term->colour >= 0) + (term->size >= 0) + (term->texture >= 0) + (term->material >= 0) +
         2 * (term->pose >= 0) + (term->rank > 1 ? 4 : term->rank);
}

/* The shortest description by attributes and a rank, of terms that lie so to the anchor in terms[1] if there
 * is one. */
static bool rank_description(const vt_scene *scene, int node, const vt_reference *frame, vt_reference *out)
{
  unsigned has = attributes_of(scene, node);
  int least = 1000;
  for (unsigned set = 0; set < SUBSETS; set++) {
    if (set & ~has) continue;
    vt_reference reference = *frame;
    reference.terms[0] = term_of(scene, node, set);
    reference.terms[0].relation = frame->terms[0].relation;
    reference.terms[0].anchor = frame->terms[0].anchor;
    bool tells = frame->count > 1 && means_only(scene, &reference, node);
    if ((!tells && !add_rank(scene, &reference, node)) || cost(&reference) >= least) continue;
    least = cost(&reference);
    *out = reference;
  }
  return least < 1000;
}

/* `inner` becomes what terms[0] lies to. */
static bool attach(vt_reference *outer, int relation, const vt_reference *inner)
{
  if (inner->root_count != 1 || inner->count + 1 > VT_REFER_TERMS) return false;
  outer->count = (int8_t)(inner->count + 1);
  outer->root_count = 1;
  outer->terms[0].relation = (int8_t)relation;
  outer->terms[0].anchor = 1;
  for (int i = 0; i < inner->count; i++) {
    outer->terms[i + 1] = inner->terms[i];
    if (outer->terms[i + 1].anchor >= 0) outer->terms[i + 1].anchor++;
  }
  return true;
}

/* Parts and members by what they are of, others by what they lie to. `depth` bounds the descriptions inside
 * descriptions. */
static bool describe_within(const vt_scene *scene, int node, int depth, vt_reference *out)
{
  int set = telling_attributes(scene, node);
  vt_reference frame = {.count = 1, .root_count = 1}, inner;
  frame.terms[0] = vt_term_nothing;
  if (set >= 0) {
    *out = single(term_of(scene, node, (unsigned)set));
    return true;
  }
  if (rank_description(scene, node, &frame, out)) return true;
  if (depth == 0) return false;
  int parent = scene->nodes[node].parent;
  if (parent >= 0 && describe_within(scene, parent, depth - 1, &inner) &&
      attach(&frame, VT_PART_OF, &inner) && rank_description(scene, node, &frame, out))
    return true;
  for (int i = 0; i < scene->count; i++) {
    bool other = scene->nodes[i].kind == VT_NODE_OBJECT && i != node && vt_scene_shown(scene, i);
    int telling = other ? telling_attributes(scene, i) : -1;
    if (telling < 0) continue;
    inner = single(term_of(scene, i, (unsigned)telling));
    for (int relation = 0; relation < VT_RELATIONS; relation++)
      if (vt_relation_holds(scene, node, i, (vt_relation)relation) && attach(&frame, relation, &inner) &&
          rank_description(scene, node, &frame, out))
        return true;
  }
  return false;
}

bool vt_mdd(const vt_scene *scene, int node, vt_reference *out)
{
  return node >= 0 && node < scene->count && vt_scene_shown(scene, node) &&
         describe_within(scene, node, 2, out);
}

/* ---- other descriptions ---- */

/* The nearest other object; −1: there is none. */
static int neighbour_of(const vt_scene *scene, int node)
{
  vt_place own = vt_scene_place(scene, node);
  double least = 1e9;
  int found = -1;
  for (int i = -1; (i = vt_scene_next(scene, i, VT_NODE_OBJECT, VT_NOUN_NONE)) >= 0;) {
    vt_place place = vt_scene_place(scene, i);
    double distance = (place.x - own.x) * (place.x - own.x) + (place.y - own.y) * (place.y - own.y);
    if (i == node || vt_scene_below(scene, node, i) || vt_scene_below(scene, i, node) || distance >= least)
      continue;
    least = distance;
    found = i;
  }
  return found;
}

static vt_reference long_description(const vt_scene *scene, int node)
{
  const vt_node *is = &scene->nodes[node];
  unsigned set = attributes_of(scene, node);
  if (is->pose == VT_UPRIGHT) set &= ~(unsigned)BIT_POSE; /* goes without saying */
  vt_reference out = single(term_of(scene, node, set)), inner;
  bool part = is->parent >= 0;
  int other = part ? is->parent : is->kind == VT_NODE_OBJECT ? neighbour_of(scene, node) : -1;
  if (other < 0) return out;
  int relation = part ? VT_PART_OF : (int)vt_relation_main(scene, node, other);
  if (!part && !vt_relation_holds(scene, node, other, (vt_relation)relation)) return out;
  inner = single(term_of(scene, other, attributes_of(scene, other) & (BIT_COLOUR | BIT_SIZE)));
  attach(&out, relation, &inner);
  return out;
}

bool vt_describe(const vt_scene *scene, int node, vt_description kind, vt_reference *out)
{
  if (node < 0 || node >= scene->count || !vt_scene_shown(scene, node)) return false;
  if (kind == VT_DESCRIBE_MDD) return vt_mdd(scene, node, out);
  *out = kind == VT_DESCRIBE_LONG ? long_description(scene, node)
                                  : single(term_of(scene, node, attributes_of(scene, node) & BIT_COLOUR));
  return true;
}
