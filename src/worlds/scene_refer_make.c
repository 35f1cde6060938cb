/* SPDX-License-Identifier: Apache-2.0
 *
 * Expressions of a wanted kind about a scene: drawn, understood, and kept when they are what was wanted.
 */
#include <math.h>

#include "worlds/scene_refer.h"

const char *const vt_expression_names[VT_EXPRESSIONS] = {"attribute",   "relation",  "all",       "counting",
                                                         "conjunction", "exception", "deceptive", "false"};

enum { TRIES = 60, MOST_NUMBER = 8 };

typedef struct maker {
  const vt_scene *scene;
  vt_draw *draw;
  int objects[VT_SCENE_NODES], count;
  vt_reference *out;
  bool *meant;
} maker;

static int draw_object(maker *m)
{
  return m->objects[vt_draw_below(m->draw, m->count)];
}

enum { SAYS_NOUN = 1, SAYS_COLOUR = 2, SAYS_SIZE = 4, SAYS_ALL = 7 };

static vt_term term_of(const maker *m, int object, unsigned says)
{
  const vt_node *node = &m->scene->nodes[object];
  vt_term term = vt_term_nothing;
  if (says & SAYS_NOUN) term.noun = (int8_t)node->noun;
  if (says & SAYS_COLOUR) term.colour = (int8_t)node->colour;
  if (says & SAYS_SIZE) term.size = (int8_t)node->size;
  return term;
}

static int meaning_of(const maker *m, const vt_term *term, bool *meant)
{
  vt_reference reference = {.count = 1, .root_count = 1};
  reference.terms[0] = *term;
  return vt_reference_meaning(m->scene, &reference, meant);
}

/* What is said of things: with the noun more often than without. */
static unsigned draw_says(maker *m)
{
  static const unsigned sets[] = {SAYS_NOUN,   SAYS_NOUN | SAYS_COLOUR, SAYS_NOUN | SAYS_SIZE, SAYS_ALL,
                                  SAYS_COLOUR, SAYS_COLOUR | SAYS_SIZE};
  static const double weights[] = {.2, .35, .15, .15, .1, .05};
  return sets[vt_draw_weighted(m->draw, weights, (int)VT_COUNT(sets))];
}

static void set_single(maker *m, vt_term term)
{
  *m->out = (vt_reference){.count = 1, .root_count = 1};
  m->out->terms[0] = term;
}

static int understand(maker *m)
{
  return vt_reference_meaning(m->scene, m->out, m->meant);
}

/* ---- one target ---- */

/* A term that means this object only; false: not by this draw. */
static bool draw_telling(maker *m, int object, vt_term *out)
{
  bool meant[VT_SCENE_NODES];
  *out = term_of(m, object, draw_says(m));
  return meaning_of(m, out, meant) == 1;
}

static bool make_attribute(maker *m)
{
  vt_term term;
  if (!draw_telling(m, draw_object(m), &term)) return false;
  set_single(m, term);
  return understand(m) == 1;
}

/* Whether every object that is so and the anchor lie clearly one way or the other. */
static bool is_clear(const maker *m, const vt_term *term, int anchor, vt_relation relation)
{
  bool such[VT_SCENE_NODES];
  meaning_of(m, term, such);
  for (int i = 0; i < m->scene->count; i++)
    if (such[i] && i != anchor && !vt_relation_clear(m->scene, i, anchor, relation)) return false;
  return true;
}

/* "the circle left of the red square": attributes alone mean several (one is enough where none is meant). */
static bool make_relation(maker *m, int wanted)
{
  bool meant[VT_SCENE_NODES];
  int target = draw_object(m), anchor = draw_object(m);
  vt_term term = term_of(m, target, draw_says(m)), other;
  vt_relation relation = (vt_relation)vt_draw_below(m->draw, VT_RELATIONS);
  if (target == anchor || meaning_of(m, &term, meant) < 2 || !draw_telling(m, anchor, &other)) return false;
  if (!is_clear(m, &term, anchor, relation)) return false;
  set_single(m, term);
  m->out->count = 2;
  m->out->terms[0].relation = (int8_t)relation;
  m->out->terms[0].anchor = 1;
  m->out->terms[1] = other;
  return understand(m) == wanted;
}

/* ---- several ---- */

static void say_all(maker *m, vt_term *term)
{
  bool all = vt_draw_chance(m->draw, .5);
  term->quantifier = all ? VT_ALL : VT_EVERY;
  term->plural = all;
}

static bool make_all(maker *m)
{
  vt_term term = term_of(m, draw_object(m), draw_says(m));
  say_all(m, &term);
  set_single(m, term);
  int count = understand(m);
  return count >= 2 && count < m->count;
}

static double along(const maker *m, int node, int side)
{
  vt_place place = vt_scene_place(m->scene, node);
  double value = side == VT_SIDE_LEFT || side == VT_SIDE_RIGHT ? place.x : place.y;
  return value / m->scene->unit;
}

/* Whether a gap lies between what was meant and the others that are so. */
static bool is_apart(const maker *m, const bool *such, int side)
{
  for (int i = 0; i < m->scene->count; i++)
    for (int k = 0; k < m->scene->count; k++)
      if (m->meant[i] && such[k] && !m->meant[k] &&
          fabs(along(m, i, side) - along(m, k, side)) < VT_RELATION_LEAST)
        return false;
  return true;
}

static bool make_counting(maker *m)
{
  bool such[VT_SCENE_NODES], aside = vt_draw_chance(m->draw, .6);
  vt_term term = term_of(m, draw_object(m), draw_says(m));
  int count = meaning_of(m, &term, such), side = 1 + vt_draw_below(m->draw, VT_SIDES - 1);
  int number = count > 2 && aside ? 2 + vt_draw_below(m->draw, count - 2) : count;
  if (number < 2 || number > MOST_NUMBER || (aside && number == count)) return false;
  term.plural = true;
  term.number = (int8_t)number;
  if (aside) term.side = (int8_t)side;
  set_single(m, term);
  return understand(m) == number && (!aside || is_apart(m, such, side));
}

static void set_pair(maker *m, vt_term first, vt_term second, bool except)
{
  set_single(m, first);
  m->out->count = m->out->root_count = 2;
  m->out->roots[1] = 1;
  m->out->except = except;
  m->out->terms[1] = second;
}

static bool make_conjunction(maker *m)
{
  vt_term first, second;
  int a = draw_object(m), b = draw_object(m);
  if (a == b || !draw_telling(m, a, &first) || !draw_telling(m, b, &second)) return false;
  set_pair(m, first, second, false);
  return understand(m) == 2;
}

/* "every circle except the red one" */
static bool make_exception(maker *m)
{
  bool such[VT_SCENE_NODES];
  int without = draw_object(m);
  vt_term all = term_of(m, without, SAYS_NOUN), one;
  unsigned says = vt_draw_chance(m->draw, .5) ? SAYS_COLOUR : SAYS_SIZE;
  int count = meaning_of(m, &all, such);
  say_all(m, &all);
  one = term_of(m, without, says | SAYS_NOUN);
  one.one = true;
  if (count < 3 || meaning_of(m, &one, such) != 1) return false;
  set_pair(m, all, one, true);
  return understand(m) == count - 1;
}

/* ---- none ---- */

/* Attributes of two or three objects put together, so that each is there and nothing has all. */
static bool draw_absent(maker *m, vt_term *out)
{
  bool meant[VT_SCENE_NODES];
  unsigned says = draw_says(m);
  *out = term_of(m, draw_object(m), says & SAYS_NOUN);
  if (says & SAYS_COLOUR) out->colour = (int8_t)m->scene->nodes[draw_object(m)].colour;
  if (says & SAYS_SIZE) out->size = (int8_t)m->scene->nodes[draw_object(m)].size;
  return meaning_of(m, out, meant) == 0;
}

/* In all the forms that expressions with targets have, so that the form tells nothing. */
static bool make_deceptive(maker *m)
{
  static const double forms[] = {.66, .12, .12, .1};
  vt_term term, other;
  if (!draw_absent(m, &term)) return false;
  int form = vt_draw_weighted(m->draw, forms, 4), side = 1 + vt_draw_below(m->draw, VT_SIDES - 1);
  if (form == 1) say_all(m, &term);
  if (form == 2) {
    term.plural = true;
    term.number = (int8_t)(2 + vt_draw_below(m->draw, 2));
    if (vt_draw_chance(m->draw, .5)) term.side = (int8_t)side;
  }
  set_single(m, term);
  if (form == 3) {
    if (!draw_absent(m, &other) || memcmp(&other, &term, sizeof term) == 0) return false;
    set_pair(m, term, other, false);
  }
  return understand(m) == 0;
}

static bool make(maker *m, vt_expression kind)
{
  switch (kind) {
  case VT_EXPRESSION_ATTRIBUTE:
    return make_attribute(m);
  case VT_EXPRESSION_RELATION:
    return make_relation(m, 1);
  case VT_EXPRESSION_ALL:
    return make_all(m);
  case VT_EXPRESSION_COUNTING:
    return make_counting(m);
  case VT_EXPRESSION_CONJUNCTION:
    return make_conjunction(m);
  case VT_EXPRESSION_EXCEPTION:
    return make_exception(m);
  case VT_EXPRESSION_DECEPTIVE:
    return make_deceptive(m);
  default:
    return make_relation(m, 0);
  }
}

bool vt_refer(const vt_scene *scene, vt_expression kind, vt_draw *draw, vt_reference *out,
              bool meant[VT_SCENE_NODES])
{
  maker m = {.scene = scene, .draw = draw, .out = out, .meant = meant};
  for (int i = -1; (i = vt_scene_next(scene, i, VT_NODE_OBJECT, VT_NOUN_NONE)) >= 0;)
    m.objects[m.count++] = i;
  for (int i = 0; m.count && i < TRIES; i++)
    if (make(&m, kind)) return true;
  *out = (vt_reference){0};
  memset(meant, 0, VT_SCENE_NODES * sizeof *meant);
  return false;
}
